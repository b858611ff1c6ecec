"""All hostile folders of one table, each in a process of its own: `python hostile_run.py TABLE`.

A process that is forked once all is imported has its own seconds and its own peak of memory.
Prints JSON: by case exit code, stdout, stderr, seconds of the processor, bytes.
"""

import json
import os
import random
import shutil
import signal
import sys
import tempfile
from dataclasses import astuple
from pathlib import Path

import torch
from PIL import Image

from brique import files
from brique.cli import main
from brique.game import Turn
from brique.run.stage import Stage
from forked import forked
from hostile import LOADED, REPORTED, RESUMED, record
from hostile_stopped import STOPPED

PATIENCE = 30.0  # seconds on the clock: what takes longer hangs


def ended(base: Path) -> None:
    """Train `live/run`, of digits, and keep answers as `train` keeps them."""
    run = base / "live" / "run"
    assert main(["run", "lenet5", "--turns", "20", "--out", str(run)]) == 0
    files.write_tensors(run / "arrays" / "predictions.safetensors", {"ids": torch.arange(3)})
    told = json.loads((run / "run.json").read_text())
    told["files"] = files.manifest_entries(run, ["log.jsonl", "arrays/predictions.safetensors"])
    files.write_sealed(run / "run.json", told)
    Image.new("L", (28, 28)).save(base / "live" / "some.png")


def stopped(base: Path) -> None:
    """Train `live/run`, of pictures in `live/data`, until it is stopped in its turns."""
    draw = random.Random(0)
    for label, light in ("dark", 0), ("light", 120):
        folder = base / "live" / "data" / label
        folder.mkdir(parents=True)
        for number in range(24):
            pixels = bytes(draw.randrange(light, light + 100) for _ in range(64))
            Image.frombytes("L", (8, 8), pixels).save(folder / f"{number}.png")
    add = Stage.add

    def added(self: Stage, turn: Turn) -> None:
        add(self, turn)
        if self.turns == 5:
            os.kill(os.getpid(), signal.SIGINT)

    Stage.add = added
    words = ["train", str(base / "live" / "data"), "--quick", "--out", str(base / "live" / "run")]
    assert main(words) == 130
    Stage.add = add


TABLES = {
    "loaded": (ended, LOADED, ["predict", "run", "some.png"]),
    "resumed": (ended, RESUMED, ["resume", "run"]),
    "reported": (ended, REPORTED, ["report", "run"]),
    "stopped": (stopped, STOPPED, ["resume", "run"]),
}


def tried(base: Path, name: str) -> dict[str, tuple[int, str, str, float, int]]:
    """Return how the command of a table ended for each of its cases."""
    make, cases, words = TABLES[name]
    make(base)
    live, found = base / "live", {}
    if name == "resumed":
        record(state="stopped")(live / "run")
    shutil.copytree(live, base / "kept", symlinks=True)
    main([words[0], str(live / "run"), *(str(live / word) for word in words[2:])])  # imports
    for case, change in cases.items():
        shutil.rmtree(live)
        shutil.copytree(base / "kept", live, symlinks=True)
        change(live / "run")
        found[case] = astuple(forked(words, live, patience=PATIENCE))
    return found


if __name__ == "__main__":
    torch.set_num_threads(1)
    out = os.dup(1)
    os.dup2(2, 1)
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        result = tried(Path(folder).resolve(), sys.argv[1])
    with os.fdopen(out, "w") as stream:
        json.dump(result, stream)
