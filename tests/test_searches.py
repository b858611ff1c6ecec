"""Searches and folds go on from their own folder; what a folder says opens data and nothing else.

A database, an address or a file outside is opened where a person names it, never for a folder.
"""

import json
import os
import shutil
import signal
import socket
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import brique
from brique import data, files
from brique.cli import main
from brique.data import Data
from brique.errors import BriqueError, DataError, Interrupted, RunError, StoreError, UsageError
from brique.game.play import Play, Turn
from brique.planning import Request
from brique.run import read_run
from brique.tasks.table import TASKS
from brique.workbench import study_storage


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch):
    task = TASKS["classify"]

    def small(opened: Data, request: Request) -> Any:
        return task.plan(opened, request) | {"turns": 12, "width": 8, "average": 0.8}

    monkeypatch.setitem(TASKS, "classify", replace(task, plan=small))


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return what is connected to in the test: databases of SQLite, addresses."""
    found: list[str] = []
    connect = sqlite3.connect

    def noted(name: str, *rest: Any, **more: Any) -> sqlite3.Connection:
        found.append(str(name))
        return connect(name, *rest, **more)

    monkeypatch.setattr("sqlite3.dbapi2.connect", noted)
    monkeypatch.setattr(sqlite3, "connect", noted)
    monkeypatch.setattr(socket.socket, "connect", lambda _, place: found.append(str(place)))
    return found


def table(folder: Path):
    draw = np.random.default_rng(0)
    rows = [f"{a:.3f},{b:.3f},{'yn'[int(a * b > 0)]}" for a, b in draw.normal(size=(80, 2))]
    (folder / "t.csv").write_text("\n".join(["a,b,y", *rows]) + "\n")
    return "t.csv"


def photos(folder: Path):
    draw = np.random.default_rng(0)
    for kind in ("disc", "square"):
        (folder / "photos" / kind).mkdir(parents=True)
        for number in range(20):
            pixels = draw.integers(0, 256, (8, 8, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / "photos" / kind / f"{number}.png")
    return "photos"


def stopped(
    verb: Callable[..., object],
    source: str,
    monkeypatch: pytest.MonkeyPatch,
    at: str = "",
    **more: Any,
):
    """Stop a verb in the first turn of the training at that folder; return what was said."""
    play_next = Play.__next__
    record = Path(more["out"], at, "run.json")

    def next_and_stop(play: Play) -> Turn:
        turn = play_next(play)
        if record.is_file():
            os.kill(os.getpid(), signal.SIGINT)
        return turn

    with monkeypatch.context() as patch, pytest.raises(Interrupted) as said:
        patch.setattr(Play, "__next__", next_and_stop)
        verb(source, **more)
    return str(said.value)


@pytest.fixture
def search(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Return a search of two trials that was stopped in the first."""
    ask = {"trials": 2, "minutes": 0.5, "out": tmp_path / "s"}
    stopped(brique.tune, table(tmp_path), monkeypatch, "trial-000", **ask)
    return tmp_path / "s"


def told(folder: Path, **values: Any):
    """Change the request in tune.json, as an attacker would: its checksum fits."""
    value = json.loads((folder / "tune.json").read_text())
    value["request"] |= values
    files.write_sealed(folder / "tune.json", value)


def test_a_search_goes_on_in_its_own_folder_wherever_it_lies(
    search: Path, tmp_path: Path, opened: list[str], capsys: pytest.CaptureFixture[str]
):
    search.rename(tmp_path / "a b?c=d%20#")  # what means something in a URL
    moved = tmp_path / "a b?c=d%20#"
    assert main(["resume", str(moved)]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines()[-1] == str(moved / "final")
    assert f"the data are read from {tmp_path / 't.csv'}." in err
    assert set(opened) == {str(moved / "tune.db")}
    assert main(["resume", str(moved)]) == 0
    out, err = capsys.readouterr()
    assert f"{moved} has finished already; nothing to do." in err
    assert main(["resume", str(moved / "final")]) == 0
    assert "has finished already; nothing to do." in capsys.readouterr().err


def test_a_search_that_is_kept_elsewhere_needs_that_a_person_says_so(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    opened: list[str],
    capsys: pytest.CaptureFixture[str],
):
    given = "sqlite:///kept.db"
    said = stopped(
        brique.tune,
        table(tmp_path),
        monkeypatch,
        "trial-000",
        trials=2,
        minutes=0.5,
        out="s",
        storage=given,
    )
    whole = f"sqlite:///{tmp_path}/kept.db"
    assert said.endswith(f"go on with: brique resume s --storage {whole}")
    del opened[:]
    assert main(["resume", "s"]) == 2
    err = capsys.readouterr().err
    assert "which is not opened because a folder says so" in err
    assert f"'brique resume s --storage {whole}' goes on" in err
    with pytest.raises(RunError, match="s: keeps its search in another database"):
        brique.resume("s", storage="sqlite:///other.db")
    assert opened == []
    assert not (tmp_path / "other.db").exists()
    assert main(["resume", "s", "--storage", given]) == 0
    assert set(opened) == {str(tmp_path / "kept.db")}
    assert not Path("s/tune.db").exists()


def test_its_own_is_not_changed_for_another(search: Path, opened: list[str]):
    with pytest.raises(RunError, match=r"keeps its search in its own tune.db, not in sqlite:///"):
        brique.resume(search, storage="sqlite:///other.db")
    assert opened == []


@pytest.mark.parametrize(
    "url",
    ["sqlite:////tmp/x", "sqlite:///s/tune.db", "postgresql://u:word@127.0.0.1:1/x",
     "mysql://127.0.0.1/x", "sqlite://", "file:///etc/passwd", "redis://127.0.0.1"],
)  # fmt: skip
def test_a_database_that_tune_json_names_is_never_opened(search: Path, opened: list[str], url: str):
    told(search, storage=url)
    before = sorted(search.parent.rglob("*"))
    with pytest.raises(RunError, match=r"that is yours, 'brique resume .*s --storage .*' goes on"):
        brique.resume(search)
    assert opened == []
    assert sorted(search.parent.rglob("*")) == before


def test_a_password_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    assert study_storage.masked_url("postgresql://me:secret@host/x") == "postgresql://me:***@host/x"
    kept = study_storage.masked_url("postgresql://me:secret@host/x")
    assert "secret" in str(
        study_storage.resolve_storage(tmp_path, kept, "postgresql://me:secret@host/x")
    )


def test_a_database_that_is_none_is_refused_before_there_is_a_folder(tmp_path: Path):
    source = table(tmp_path)
    with pytest.raises(UsageError, match="--storage foo: is no URL of a database; pass one, such"):
        brique.tune(source, out="s", storage="foo")
    with pytest.raises(
        StoreError, match="x.db: the database of the search cannot be used .*unable"
    ):
        brique.tune(source, out="s", storage="sqlite:////nowhere/x.db")
    with pytest.raises(
        StoreError, match=r"u:\*\*\*@h/x: the database of the search cannot be used"
    ):
        brique.tune(source, out="s", storage="nothing://u:word@h/x")
    assert not Path("s").exists()
    with pytest.raises(
        UsageError, match="--storage is of a search, and s holds none; leave it out"
    ):
        brique.resume("s", storage="sqlite:///x.db")


def link_out(path: Path):
    path.rename(path.parent.parent / "out.db")
    path.symlink_to(path.parent.parent / "out.db")


def dangling(path: Path):
    path.unlink()
    path.symlink_to(path.parent.parent / "new.db")


def pipe(path: Path):
    path.unlink()
    os.mkfifo(path)


def journal(path: Path):
    """A journal of which SQLite removes the file that it names: an attacker's choice."""
    name = str(path.parent.parent / "t.csv").encode()
    end = len(name).to_bytes(4, "big") + sum(name).to_bytes(4, "big")
    magic = bytes.fromhex("d9d505f920a163d7")
    path.with_name("tune.db-journal").write_bytes(magic + bytes(504) + name + end + magic)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (link_out, "tune.db: lies outside the folder; remove it: the trials are read again"),
        (dangling, "tune.db: lies outside the folder"),
        (pipe, "tune.db: is a named pipe, not a file"),
        (journal, "tune.db-journal: names another file"),
        (
            lambda path: path.write_bytes(b"no database" * 99),
            "not a database.; remove it where it is",
        ),
    ],
)
def test_its_own_database_must_be_a_file_of_its_own(
    search: Path, tmp_path: Path, spoil: Callable[[Path], object], says: str
):
    spoil(search / "tune.db")
    before = {path: path.is_symlink() for path in tmp_path.rglob("*")}
    with pytest.raises((RunError, StoreError), match=says):
        brique.resume(search)
    assert {path: path.is_symlink() for path in tmp_path.rglob("*")} == before
    for name in ("tune.db", "tune.db-journal"):
        (search / name).unlink(missing_ok=True)
    assert brique.resume(search) == search / "final"  # as the sentence says


def test_a_setting_that_a_stranger_s_database_tries_is_refused(search: Path):
    with closing(sqlite3.connect(search / "tune.db")) as base:
        base.execute("UPDATE trial_params SET param_name = 'evil x' WHERE param_name = 'lr x'")
        base.commit()
    with pytest.raises(RunError, match="tune.db: tries 'evil x' as 1.0, which no search does; rem"):
        brique.resume(search)


@pytest.mark.parametrize("name", ["trial-000", "trial-001", "final"])
def test_a_run_of_a_search_lies_in_it(search: Path, tmp_path: Path, name: str):
    if (search / name).is_dir():
        (search / name).rename(tmp_path / "else")
    (tmp_path / "else").mkdir(exist_ok=True)
    (search / name).symlink_to(tmp_path / "else")
    with pytest.raises(RunError, match=f"{name}: is a link that leads out of .*; put the run"):
        brique.resume(search)


@pytest.mark.parametrize(
    ("values", "says"),
    [({"minutes": "many"}, r"\('minutes' of the request is 'many'\); start a new search"),
     ({"options": 3}, r"\('options' of the request is 3\)"),
     ({"storage": ["sqlite://"]}, r"\('storage' of the request is"),
     ({"source": None}, r"\('source' of the request is None\)"),
     ({"source": "sqlite:////tmp/x"}, "data: no 'sqlite:////tmp/x': it is not built in"),
     ({"source": "http://127.0.0.1/x"}, "data: no 'http://127.0.0.1/x': it is not built in")],
)  # fmt: skip
def test_what_a_search_was_asked_is_of_its_form(
    search: Path, opened: list[str], values: dict[str, Any], says: str
):
    told(search, **values)
    (search / "data.json").unlink()
    with pytest.raises(Exception, match=says) as error:
        brique.resume(search)
    assert isinstance(error.value, BriqueError)
    assert set(opened) <= {str(search / "tune.db")}


def test_a_plan_that_no_training_takes_is_refused(search: Path):
    value = json.loads((search / "tune.json").read_text())
    value["plan"]["width"] = "wide"
    files.write_sealed(search / "tune.json", value)
    with pytest.raises(RunError, match=r"tune.json of .* sets 'width' to 'wide', which the recipe"):
        brique.resume(search)


ADDRESSES = ["http://127.0.0.1:1/x.csv", "sqlite:////tmp/x", "\\\\host\\share", "s3://bucket/x"]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Return a run that was stopped in its first turn."""
    stopped(brique.train, table(tmp_path), monkeypatch, out=tmp_path / "run")
    return tmp_path / "run"


@pytest.mark.parametrize("address", ADDRESSES)
def test_data_that_run_json_names_are_a_path(run: Path, address: str, opened: list[str]):
    record = json.loads((run / "run.json").read_text())
    record["settings"]["data"] = address
    files.write_sealed(run / "run.json", record)
    with pytest.raises(DataError, match="it is not built in .* no such path exists"):
        brique.resume(run)
    assert opened == []


@pytest.mark.parametrize("address", ADDRESSES)
def test_data_that_data_json_names_are_a_path(run: Path, address: str, opened: list[str]):
    value = json.loads((run / "data.json").read_text())
    value["roots"][0]["path"] = address
    files.write_sealed(run / "data.json", value)
    for verb in (brique.resume, lambda run: brique.evaluate(run, "t.csv")):
        with pytest.raises(BriqueError, match=r"data.json: cannot be read|no model"):
            verb(run)
    value["roots"][0]["path"] = f"/{address}"
    files.write_sealed(run / "data.json", value)
    with pytest.raises(RunError, match="where nothing is now; put them back"):
        brique.resume(run)
    assert opened == []


@pytest.mark.parametrize("name", ["pipe", "/dev/zero"])
def test_data_that_never_end_are_refused(tmp_path: Path, name: str):
    os.mkfifo(tmp_path / "pipe")
    for source, test in ((name, None), (table(tmp_path), name)):
        with pytest.raises(DataError, match="is a pipe or device, which cannot be re"):
            data.open(source, test=test)
    with pytest.raises(DataError, match="no such path exists"):
        data.open("a" * 5000)


def test_data_of_the_same_name_elsewhere_are_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    whole = brique.train(table(tmp_path), out=tmp_path / "whole", test="t.csv")
    run = tmp_path / "run"
    stopped(brique.train, "t.csv", monkeypatch, out=run, test="t.csv")
    (tmp_path / "far").mkdir()
    monkeypatch.chdir(tmp_path / "far")
    Path("t.csv").write_text("\n".join(["a,b,y", *(f"{n},{n % 5},y" for n in range(9))]) + "\n")
    assert brique.resume("../run") == Path("../run")
    assert read_run(run).numbers == read_run(whole).numbers
    judged = brique.evaluate("../run", "t.csv", target="y")
    assert judged["evaluated_on"]["examples"] == 9
    assert not any("is the data set of the run" in note for note in judged["notes"])
    assert f"the data are read from {tmp_path / 't.csv'}." in brique.evaluate("../run")["notes"]


def renamed(folder: Path):
    (folder / "photos" / "disc").rename(folder / "photos" / "round")


def test_a_class_that_was_renamed_is_named_where_a_search_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    ask = {"trials": 2, "minutes": 0.5, "out": tmp_path / "s"}
    stopped(brique.tune, photos(tmp_path), monkeypatch, "trial-000", **ask)
    renamed(tmp_path)
    assert main(["resume", str(tmp_path / "s")]) == 2
    err = capsys.readouterr().err
    assert "resume: the data of" in err
    assert "20 renamed (disc/0.png to round/0.png" in err
    assert "take them as they are now with --changed." in err
    with pytest.raises(
        RunError, match=r"tune: the data of .*now with 'brique resume .*s --changed'"
    ):
        brique.tune("photos", **ask)
    assert main(["resume", str(tmp_path / "s"), "--changed"]) == 0
    known = json.loads((tmp_path / "s/tune.json").read_text())
    assert "20 renamed" in known["changed"][0]
    assert known["result"]["final"] == "final"
    assert brique.evaluate(tmp_path / "s/final")["task"] == "classify"
    (tmp_path / "photos/round").rename(tmp_path / "photos/disc")
    with pytest.raises(
        RunError, match=r"evaluate: the data of .* 20 renamed \(round/0.png to disc"
    ):
        brique.evaluate(tmp_path / "s/final")


def test_a_class_that_was_renamed_is_named_where_folds_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    folder, ask = tmp_path / "cv", {"folds": 2, "quick": True, "out": tmp_path / "cv"}
    stopped(brique.train, photos(tmp_path), monkeypatch, "fold-1", **ask)
    assert read_run(folder / "fold-1").state == "stopped"
    renamed(tmp_path)
    with pytest.raises(RunError, match=r"resume: the data of .*cv have changed .* 20 renamed"):
        brique.resume(folder)
    with pytest.raises(
        RunError, match=r"train: the data of .*now with 'brique resume .*cv --chang"
    ):
        brique.train("photos", **ask)
    assert main(["resume", str(folder), "--changed"]) == 0
    assert "20 renamed" in json.loads((folder / "folds.json").read_text())["changed"][0]
    assert read_run(folder / "fold-1").json["changed"]
    capsys.readouterr()
    assert main(["resume", str(folder)]) == 0  # nothing is opened for it
    assert f"{folder} has finished already; nothing to do." in capsys.readouterr().err
    shutil.rmtree(folder / "fold-2")  # one that is not begun learns from what the others did
    with pytest.raises(RunError, match=r"resume: the data of .*cv have changed .* 20 renamed"):
        brique.resume(folder)
    (tmp_path / "photos/round").rename(tmp_path / "photos/disc")
    (tmp_path / "far").mkdir()
    monkeypatch.chdir(tmp_path / "far")
    assert brique.resume("../cv") == Path("../cv")
    shutil.rmtree(folder / "fold-2")
    (folder / "fold-2").symlink_to(tmp_path / "photos")
    with pytest.raises(RunError, match="fold-2: is a link that leads out of .*cv; put the run"):
        brique.resume(folder)


@pytest.mark.parametrize(
    ("name", "value"), [("minutes", "many"), ("options", 3), ("seed", 1.5), ("start", ["x"])]
)
def test_what_folds_were_asked_is_of_its_form(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: object
):
    folder = tmp_path / "cv"
    stopped(brique.train, table(tmp_path), monkeypatch, "fold-1", folds=2, quick=True, out=folder)
    known = json.loads((folder / "folds.json").read_text())
    known["request"][name] = value
    files.write_sealed(folder / "folds.json", known)
    with pytest.raises(
        RunError, match=f"folds.json of .* sets '{name}' to .*, which the recipe can"
    ):
        brique.resume(folder)
    known["request"] |= {"folds": 1}
    known["request"] |= {"minutes": 1.0, "options": {}, "seed": 0, "start": None}
    files.write_sealed(folder / "folds.json", known)
    with pytest.raises(RunError, match=r"folds.json: is not as brique writes it \(folds are 1\)"):
        brique.resume(folder)
