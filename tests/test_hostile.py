"""A run folder from a stranger: whatever it holds, no verb runs it, and each says one sentence."""

import json
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from brique import files
from brique.cli import main
from brique.recipes.convolutional import lenet5
from brique.run import Launch, launched
from hostile import LOADED, REPORTED, RESUMED, Change, edit_model, record
from hostile_stopped import STOPPED
from test_model import seal


@pytest.fixture(scope="module")
def whole(tmp_path_factory: Any):
    out = tmp_path_factory.mktemp("hostile") / "run"
    with launched(Launch(out=out, quiet=True)):
        lenet5.main(lenet5.Args(turns=20))
    return out


def builder(name: str) -> Change:
    return lambda value: value["nets"]["net"].update(builder=name, arguments={"command": "touch c"})


def file(name: str) -> Change:
    return lambda value: value["nets"]["net"].update(file=name)


CHANGES = {
    "os.system": builder("os.system"),
    "subprocess": builder("recipe:subprocess"),
    "dotted recipe": builder("recipe:os.system"),
    "timm": builder("timm:../../../evil"),
    "timm hub": builder("timm:hf-hub:evil/net"),
    "source": builder("source"),
    "absolute file": file("/etc/passwd"),
    "file above": file("../source.py"),
    "hidden file": file(".lock"),
    "no object": lambda value: value.update(nets="evil"),
}


@pytest.mark.parametrize("state", ["finished", "running"])
@pytest.mark.parametrize("change", CHANGES)
def test_no_verb_runs_what_a_stranger_put_in(
    whole: Any,
    tmp_path: Path,
    change: Any,
    state: Any,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
):
    run = tmp_path / "run"
    shutil.copytree(whole, run)
    canary = tmp_path / "canary"
    source = (run / "source.py").read_text() + f"\nopen({str(canary)!r}, 'w').close()\n"
    (run / "source.py").write_text(source)
    model = json.loads((run / "model" / "model.json").read_text())
    CHANGES[change](model)
    (run / "model" / "model.json").write_text(json.dumps(model))
    seal(run / "model")
    record = json.loads((run / "run.json").read_text())
    record |= {"state": state, "recipe": "../../evil", "command": "touch c"}
    record["source"]["sha256"] = files.sha256(run / "source.py")
    files.write_sealed(run / "run.json", record)
    Image.new("L", (28, 28)).save(tmp_path / "some.png")
    ran = []
    monkeypatch.setattr(os, "system", lambda *words: ran.append(words))
    before = sorted(p.relative_to(tmp_path) for p in tmp_path.rglob("*"))
    verbs = [["predict", str(run), str(tmp_path / "some.png")], ["evaluate", str(run), "digits"]]
    if state == "running":
        verbs.append(["resume", str(run)])
    for words in verbs:
        capsys.readouterr()
        assert main(words) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert err.startswith("brique: ")
        assert err.count("\n") == 1, err
    assert not ran
    assert not canary.exists()
    assert sorted(p.relative_to(tmp_path) for p in tmp_path.rglob("*")) == before


SECONDS, BYTES = 5.0, 1.5e9  # of the processor, and of memory that is resident
TABLES = {"loaded": LOADED, "resumed": RESUMED, "reported": REPORTED, "stopped": STOPPED}
ROWS = [
    pytest.param(table, case, marks=pytest.mark.xdist_group(f"hostile {table}"))
    for table, cases in TABLES.items()
    for case in cases
]


@cache
def ended(table: str) -> dict[str, list[Any]]:
    """Return how each case of a table ended, in a process of its own."""
    words = [sys.executable, str(Path(__file__).with_name("hostile_run.py")), table]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


@pytest.mark.parametrize(("table", "case"), ROWS)
def test_what_a_stranger_sent_ends_in_one_sentence_or_right_soon_and_small(table: str, case: str):
    code, out, err, seconds, memory = ended(table)[case]
    assert code in (0, 2), err[-2000:]
    assert code == 2 or table != "loaded", err
    assert "Traceback" not in err
    assert "nan" not in out.lower()
    said = [line for line in err.splitlines() if line.startswith("brique: ")]
    assert code == 0 or (out == "" and len(said) in (1, 2) and len(err) < 5000), err
    assert seconds < SECONDS
    assert memory < BYTES


@pytest.mark.xdist_group("hostile stopped")
def test_what_stopped_goes_on_as_it_was_and_not_with_other_data():
    found = ended("stopped")
    assert found["as it was"][0] == 0
    for case, says in {
        "width": "a tensor of 3.6e+04 GB is more than the memory holds; if these settings are not",
        "depth": "the net has more than 10,000 parts",
        "seed": "which the recipe cannot take",
        "a data.json with another checksum": "its checksum does not fit",
        "data that became a pipe": "have changed since it began",
        "data that became zeros without end": "have changed since it began",
        "a picture that became a pipe": "1 changed (dark/0.png)",
    }.items():
        code, _, err, _, _ = found[case]
        assert code == 2, case
        assert says in err, case


@pytest.mark.parametrize("verb", ["predict", "resume"])
def test_a_source_that_is_no_file_is_not_executed(
    whole: Path, tmp_path: Path, verb: str, capsys: Any
):
    run = tmp_path / "run"
    shutil.copytree(whole, run)
    edit_model(run, lambda value: value["nets"]["net"].update(builder="source"))
    record(state="running", source={"file": "source.py", "sha256": "0"})(run)
    (run / "source.py").unlink()
    os.mkfifo(run / "source.py")
    Image.new("L", (28, 28)).save(tmp_path / "some.png")
    words = [str(tmp_path / "some.png")] if verb == "predict" else []
    assert main([verb, str(run), *words, "--trust"]) == 2
    says = {"predict": "source.py: is a named pipe, not a file; put the file back."}
    assert says.get(verb, "source.py is not what the run began with") in capsys.readouterr().err
