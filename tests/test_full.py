"""Too little room, or none any more: one sentence, and nothing is lost."""

import datetime
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from brique.cli import main
from brique.errors import StoreError
from brique.run import read_run
from brique.run.stage import Stage
from brique.workbench.study_storage import storage_errors

FULL = Path(__file__).parents[1] / "benchmarks" / "full.py"
TRAIN = ["run", "lenet5", "--turns", "12", "--out", "r"]


def may_mount(tmp_path: Path):
    command = ["mount", "-t", "tmpfs", "tmpfs", str(tmp_path)]
    for words in (["unshare", "-rm", *command], ["unshare", "-m", *command]):
        if shutil.which("unshare") and not subprocess.run(words, capture_output=True).returncode:
            return True
    return False


def test_a_sample_of_the_day_of_full_disks_limits_and_outputs(tmp_path: Path):
    if not may_mount(tmp_path):
        pytest.skip("a tmpfs may not be mounted here")
    seed = datetime.datetime.now(datetime.UTC).date().toordinal()
    words = [sys.executable, str(FULL), "--sample", str(seed)]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 0, f"{seed}: {done.stdout}{done.stderr[-2000:]}"
    rows = done.stdout.splitlines()
    assert len(rows) == 4
    assert "make it writable or choose another folder with --out" in rows[0]


def at_turn(number: int, work: Any, monkeypatch: pytest.MonkeyPatch):
    """Let something happen in a turn of a training."""
    add = Stage.add

    def added(stage: Any, turn: Any):
        if turn.index == number:
            work()
        add(stage, turn)

    monkeypatch.setattr(Stage, "add", added)


def test_a_log_that_is_removed_in_training_is_said_and_whole(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    assert main([*TRAIN[:-1], "whole"]) == 0
    at_turn(7, Path("r/log.jsonl").unlink, monkeypatch)
    capsys.readouterr()
    assert main(TRAIN) == 0
    said = "brique: r/log.jsonl was removed while the run wrote it; it is written again."
    assert capsys.readouterr().err.splitlines().count(said) == 1
    assert Path("r/log.jsonl").read_bytes() == Path("whole/log.jsonl").read_bytes()
    assert read_run("r").file_problem("log.jsonl") is None


def test_a_folder_that_is_removed_in_training_is_one_sentence(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    at_turn(7, lambda: shutil.rmtree("r"), monkeypatch)
    assert main(TRAIN) == 2
    said = [line for line in capsys.readouterr().err.splitlines() if line.startswith("brique: ")]
    assert said == [
        "brique: r: was removed, or moved, while the run wrote it; start a new run, or move it"
        " back, then go on with: brique resume r"
    ]
    assert not Path("r").exists()


def test_a_folder_that_is_moved_in_training_and_moved_back_goes_on(monkeypatch: pytest.MonkeyPatch):
    assert main([*TRAIN[:-1], "whole"]) == 0
    with monkeypatch.context() as patch:
        at_turn(7, lambda: Path("r").rename("elsewhere"), patch)
        assert main(TRAIN) == 2
    Path("elsewhere").rename("r")
    assert main(["resume", "r"]) == 0
    assert Path("r/log.jsonl").read_bytes() == Path("whole/log.jsonl").read_bytes()


def test_a_path_below_a_file_is_one_sentence(capsys: pytest.CaptureFixture[str]):
    Path("file").touch()
    assert main([*TRAIN[:-1], "file/a/r"]) == 2
    assert capsys.readouterr().err == (
        "brique: cannot make file/a/r: file is a file and no folder; move it away or choose another"
        " folder with --out\n"
    )


def test_a_folder_that_was_there_empty_stays(monkeypatch: pytest.MonkeyPatch):
    from brique import files

    Path("r").mkdir()
    with files.faults({4: "fail"}):
        assert main([*TRAIN[:-1], "r"]) == 2
        assert main([*TRAIN[:-1], "a/b/r"]) == 0
    assert list(Path("r").iterdir()) == []


@pytest.mark.parametrize("number", range(1, 10))
def test_a_start_without_room_leaves_no_folder_above(number: int):
    from brique import files

    with files.faults({number: "fail"}):
        assert main([*TRAIN[:-1], "a/b/r"]) == 2
    assert not Path("a").exists()


def test_a_search_whose_database_refuses_is_one_sentence(tmp_path: Path):
    engine = create_engine(f"sqlite:///{tmp_path / 'tune.db'}")
    said = r"^cannot write \S+/tune\.db: No space left on device; free some space or choose another"
    with (
        engine.connect() as there,
        pytest.raises(StoreError, match=said),
        storage_errors(tmp_path, None),
    ):
        there.execute(text("PRAGMA max_page_count=1"))
        there.execute(text("CREATE TABLE a (b)"))
    with pytest.raises(ZeroDivisionError), storage_errors(tmp_path, None):
        raise ZeroDivisionError
    said = r"tune\.db: the database of the search cannot be used \(no such table: none\)"
    with (
        engine.connect() as there,
        pytest.raises(StoreError, match=said),
        storage_errors(tmp_path, None),
    ):
        there.execute(text("SELECT * FROM none"))
    engine.dispose()
    assert sqlite3.connect(tmp_path / "tune.db").execute("PRAGMA integrity_check").fetchone()


def test_a_report_without_room_says_how_to_write_it(capsys: pytest.CaptureFixture[str]):
    from brique import files

    assert main(TRAIN) == 0
    capsys.readouterr()
    with files.faults({1: "fail"}):
        assert main(["report", "r"]) == 2
    assert capsys.readouterr().err == (
        "brique: cannot write r/report.html: No space left on device; free some space, then go on"
        " with: brique report r\n"
    )
