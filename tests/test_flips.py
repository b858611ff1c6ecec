"""A flipped bit, or a file that is cut short: named, or without any effect."""

import datetime
import importlib.util
import json
import random
import shutil
from pathlib import Path
from typing import Any

import pytest

from brique.cli import main
from brique.run.stage import Stage


def test_a_sample_of_the_day_of_flips_and_cuts_is_named_or_without_effect(tmp_path: Path):
    path = Path(__file__).parents[1] / "benchmarks" / "flips.py"
    spec = importlib.util.spec_from_file_location("flips", path)
    assert spec is not None
    assert spec.loader is not None
    flips = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(flips)
    seed = datetime.datetime.now(datetime.UTC).date().toordinal()
    found, silent = flips.tried(tmp_path, 30, 10, seed)
    assert silent == [], seed
    assert found["finished: named"] + found["stopped: named"] > 8


def test_lines_of_a_log_after_the_last_checkpoint_have_no_effect(monkeypatch: pytest.MonkeyPatch):
    add, draw = Stage.add, random.Random(0)

    def added(stage: Stage, turn: Any) -> None:
        add(stage, turn)
        if stage.turns == 18:
            shutil.copytree("whole", "killed")  # what a kill would leave

    with monkeypatch.context() as patch:
        patch.setattr(Stage, "add", added)
        assert main(["run", "lenet5", "--turns", "24", "--out", "whole"]) == 0
    whole, killed = Path("whole/log.jsonl").read_bytes(), Path("killed/log.jsonl").read_bytes()
    state = json.loads(next(Path("killed/checkpoints").glob("turn-*/state.json")).read_text())
    size = dict(dict(state["state"]["dict"])["log"]["dict"])["size"]
    assert 0 < size < len(killed)
    assert len(list(Path("killed/checkpoints").iterdir())) == 1
    for number in range(4):
        shutil.copytree("killed", f"run-{number}")
        damaged = bytearray(killed)
        damaged[draw.randrange(size, len(killed))] ^= 1 << draw.randrange(8)
        cut = draw.randrange(size, len(killed)) if number == 3 else None
        Path(f"run-{number}/log.jsonl").write_bytes(damaged[:cut])
        assert main(["resume", f"run-{number}"]) == 0
        assert Path(f"run-{number}/log.jsonl").read_bytes() == whole
