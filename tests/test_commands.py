"""Every command that a message names works, and every flag in one is one that there is."""

import ast
import contextlib
import html
import io
import json
import re
import shlex
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import brique
from brique import files
from brique.cli import main
from brique.cli.command import VERBS
from test_searches import photos, stopped, table

SOURCE = Path(__file__).resolve().parents[1] / "src" / "brique"
FLAG = re.compile(r"(?<![\w-])--[a-z][a-z-]+")
QUOTED = re.compile(r"['`](brique [^'`]+)['`]")
PLAIN = re.compile(
    r"(?<!['`\w])brique --?\w+|(?<!['`\w])brique \w+(?: (?:--[a-z-]+|[\w./:=-]*\w))*"
)
MAKERS = (
    "resume_command",
    "current_resume_command",
)  # functions of `brique.interrupts` that return a command
NAMES = {"brique X", "brique run X"}  # what a command line is called by, in no sentence


def called(node: ast.AST) -> str:
    """Return the name of a function that is called, or "" for another node."""
    function = node.func if isinstance(node, ast.Call) else None
    return getattr(function, "attr", None) or getattr(function, "id", "")


def written(node: ast.JoinedStr) -> str:
    """Return a string with what is filled in as X, and commands that are made as they begin."""
    parts: list[str] = []
    for part in node.values:
        if isinstance(part, ast.Constant):
            parts.append(str(part.value))
            continue
        value = part.value if isinstance(part, ast.FormattedValue) else part
        inner = value.values if isinstance(value, ast.BoolOp) else [value]
        is_made = any(called(one) in MAKERS for one in inner)
        parts.append("brique resume X" if is_made else "X")
    return "".join(parts)


def messages(path: Path) -> list[str]:
    """Return the strings of a module but for docstrings."""
    tree = ast.parse(path.read_text())
    kept = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    joined = [node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)]
    kept |= {id(part) for node in joined for part in node.values}
    constants = (node for node in ast.walk(tree) if isinstance(node, ast.Constant))
    alone = [one.value for one in constants if isinstance(one.value, str) and id(one) not in kept]
    return [*map(written, joined), *alone]


def commands(text: str) -> list[str]:
    """Return the commands that a text names, quoted or not."""
    found = [*QUOTED.findall(text), *PLAIN.findall(QUOTED.sub("", text))]
    verbs = (*VERBS, "X", "COMMAND")
    return [one for one in found if one.split()[1] in verbs or one.split()[1].startswith("-")]


ROOMS = [path for path in sorted(SOURCE.rglob("*.py")) if "recipes" not in path.parts]
SAID = [(path.relative_to(SOURCE).as_posix(), text) for path in ROOMS for text in messages(path)]


def said(*words: str) -> str:
    """Return what a command line prints, to both."""
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(out):
        main(list(words))
    return out.getvalue()


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with data, runs that have finished or stopped, folds and a search."""
    place = tmp_path_factory.mktemp("commands")
    quick: dict[str, Any] = {"quick": True, "device": "cpu"}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        photos(place)
        brique.train(table(place), out="runs/done", **quick)
        brique.train("photos", out="runs/pictured", **quick)
        stopped(brique.train, "t.csv", patch, out="half", **quick)
        stopped(brique.train, "t.csv", patch, "fold-1", folds=2, out="folds", **quick)
        ask: dict[str, Any] = {"trials": 1, "minutes": 0.1, "device": "cpu"}
        kept = "sqlite:///kept.db"
        stopped(brique.tune, "t.csv", patch, "trial-000", out="search", storage=kept, **ask)
    return place


@pytest.fixture
def place(prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy of that folder to work in."""
    shutil.copytree(prepared, tmp_path / "place", ignore=shutil.ignore_patterns("kept.db"))
    shutil.copy(prepared / "kept.db", tmp_path / "place")
    monkeypatch.chdir(tmp_path / "place")
    return tmp_path / "place"


def other_data() -> str:
    """Let the data of folds have changed, and train them again."""
    for file in map(Path, ("folds/data.json", "folds/fold-1/data.json")):
        known = json.loads(file.read_text())
        known["roots"][0]["path"] = str(Path("t.csv").absolute())
        files.write_sealed(file, known)
    Path("t.csv").write_text(Path("t.csv").read_text() + "0,0,y\n")
    quick = ("--quick", "--device", "cpu")
    return said("train", "t.csv", "--folds", "2", "--out", "folds", *quick)


def other_code() -> str:
    """Let the code of a run be another than what is installed, and go on with it."""
    source = Path("half/source.py")
    source.write_text(source.read_text() + "# another\n")
    record = json.loads(Path("half/run.json").read_text())
    record["source"]["sha256"] = files.sha256(source)
    files.write_sealed("half/run.json", record)
    return said("resume", "half")


def full_disk() -> str:
    """Let the disk be full where a report is written."""
    with files.faults({2: "fail"}):
        return said("report", "runs/done")


def page() -> str:
    """Return the words of a report."""
    text = Path("runs/done/report.html").read_text()
    return html.unescape(re.sub("<[^>]+>", " . ", text))


NAMED: dict[str, tuple[Callable[[], str] | None, str]] = {
    # a command as messages write it: what says it (None: it is taken as written), and what is
    # written behind it
    "brique list": (lambda: said("show", "nothing"), ""),
    "brique --help": (lambda: said("tran"), ""),
    "brique COMMAND": (lambda: said("--help"), ""),
    "brique COMMAND --help": (lambda: said("--help"), ""),
    "brique --version": (lambda: said("--help"), ""),
    "brique train digits": (lambda: said("runs", "nowhere"), "--quick --device cpu"),
    "brique train": (None, "t.csv --quick --device cpu"),
    "brique run lenet5 --quick": (lambda: said("run", "--quick"), "--device cpu"),
    "brique run RECIPE --help": (None, ""),
    "brique copy X X.py": (lambda: said("show", "lenet5"), ""),
    "brique copy X mine.py": (page, ""),
    "brique runs": (lambda: said("evaluate", "nowhere"), ""),
    "brique predict": (None, "runs/done t.csv"),
    "brique predict RUN FOLDER": (None, ""),
    "brique predict RUN X": (None, ""),
    "brique check DATA": (None, ""),
    "brique report X": (full_disk, ""),
    "brique resume X": (lambda: said("train", "t.csv", "--quick", "--out", "half"), ""),
    "brique resume X --changed": (other_data, ""),
    "brique resume X --trust": (other_code, ""),
    "brique resume X --finish": (lambda: said("resume", "folds", "--finish"), ""),
    "brique resume XX": (lambda: said("resume", "search"), ""),
}
FILLED = {"COMMAND": "about", "RECIPE": "lenet5", "DATA": "t.csv"}
ASKED = {"brique predict RUN FOLDER": "brique predict runs/pictured photos/disc",
         "brique predict RUN X": "brique predict runs/done t.csv"}  # fmt: skip


def test_every_command_in_a_message_is_one_of_those_that_are_run():
    found = {one for _, text in SAID for one in commands(text)} - NAMES
    assert found == set(NAMED)


@pytest.mark.parametrize("written", NAMED)
@pytest.mark.usefixtures("place")
def test_every_command_in_a_message_works(written: str):
    says, more = NAMED[written]
    spoken = ASKED.get(written, written)
    if says is not None:
        text, begin = says(), written.partition("X")[0]
        end = written.rpartition("X")[2] if "X" in written else ""
        found = [one for one in commands(text) if one.startswith(begin) and one.endswith(end)]
        assert found, text
        spoken = found[0]
    words = [FILLED.get(word, word) for word in shlex.split(f"{spoken} {more}")]
    with contextlib.redirect_stdout(io.StringIO()) as out:
        assert main(words[1:]) == 0, words
    assert out.getvalue()


@pytest.mark.usefixtures("place")
def test_what_is_said_when_work_stops_goes_on_with_it(monkeypatch: pytest.MonkeyPatch):
    for folder in ("a b/run", "it's a run", "-run"):
        out = Path(folder)
        text = stopped(brique.train, "t.csv", monkeypatch, out=out, quick=True, device="cpu")
        _, _, spoken = text.partition("go on with: ")
        with contextlib.redirect_stdout(io.StringIO()) as told:
            assert main(shlex.split(spoken)[1:]) == 0, spoken
        assert told.getvalue().splitlines()[-1] == folder


@pytest.fixture(scope="module")
def flags() -> dict[str, set[str]]:
    """Return the flags that each verb's help shows."""
    found = {verb: set(FLAG.findall(said(verb, "--help"))) for verb in VERBS}
    found["run"] |= set(FLAG.findall(said("run", "lenet5", "--help")))
    return found


def sentences() -> Iterator[tuple[str, str]]:
    """Yield where a message stands, and the message; pages have variables of CSS."""
    yield from (
        (where, text)
        for where, text in SAID
        if not re.search(r"^page/|/(page|reliability|mistakes|features)\.py$", where)
    )


def test_every_flag_in_a_message_is_one_that_a_verb_takes(flags: dict[str, set[str]]):
    known = set.union(*flags.values()) | {"--help", "--version"}
    named = [(where, flag) for where, text in sentences() for flag in FLAG.findall(text)]
    assert len(named) > 100
    assert sorted({one for one in named if one[1] not in known}) == []
