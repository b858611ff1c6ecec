"""A run folder from a stranger: whatever it holds, no verb runs it, and each says one sentence."""

import json
import os
import resource
import shutil
import time

import pytest
import torch
from PIL import Image

from brique import files
from brique.cli import main
from brique.recipes.convolutional import lenet5
from brique.run import Launch, launched
from hostile import LOADED, REPORTED, RESUMED, record
from test_model import seal


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    out = tmp_path_factory.mktemp("hostile") / "run"
    with launched(Launch(out=out, quiet=True)):
        lenet5.main(lenet5.Args(turns=20))
    return out


def builder(name):
    return lambda value: value["nets"]["net"].update(builder=name, arguments={"command": "touch c"})


def file(name):
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
def test_no_verb_runs_what_a_stranger_put_in(whole, tmp_path, change, state, capsys, monkeypatch):
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


@pytest.fixture(scope="module")
def ended(whole):
    """Return that run with answers kept, as `train` keeps them."""
    files.write_tensors(whole / "arrays" / "answers.safetensors", {"ids": torch.arange(3)})
    told = json.loads((whole / "run.json").read_text())
    told["files"] = files.listed(whole, ["log.jsonl", "arrays/answers.safetensors"])
    files.write_sealed(whole / "run.json", told)
    return whole


def ended_well(words, capsys):
    """Run a command; it must say one sentence or give an answer, soon and in little memory."""
    capsys.readouterr()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # of the tests before this one
    begin = time.process_time()
    code = main(words)
    spent = time.process_time() - begin
    out, err = capsys.readouterr()
    assert code in (0, 2)
    assert "Traceback" not in err
    assert "nan" not in out.lower()
    said = [line for line in err.splitlines() if line.startswith("brique: ")]
    assert code == 0 or (out == "" and len(said) in (1, 2) and len(err) < 2000), err
    assert spent < SECONDS
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert most == before or most * 1024 < BYTES
    return code, err


@pytest.mark.parametrize("case", LOADED)
def test_a_model_of_a_stranger_is_refused_in_one_sentence(ended, tmp_path, case, capsys):
    shutil.copytree(ended, tmp_path / "run")
    LOADED[case](tmp_path / "run")
    Image.new("L", (28, 28)).save(tmp_path / "some.png")
    code, err = ended_well(["predict", str(tmp_path / "run"), str(tmp_path / "some.png")], capsys)
    assert code == 2, err


@pytest.mark.parametrize("case", RESUMED)
def test_a_stopped_run_of_a_stranger_is_refused_or_resumed(ended, tmp_path, case, capsys):
    shutil.copytree(ended, tmp_path / "run")
    record(state="stopped")(tmp_path / "run")
    RESUMED[case](tmp_path / "run")
    ended_well(["resume", str(tmp_path / "run")], capsys)


@pytest.mark.parametrize("case", REPORTED)
def test_a_report_of_what_a_stranger_sent_has_what_is_whole(ended, tmp_path, case, capsys):
    shutil.copytree(ended, tmp_path / "run")
    REPORTED[case](tmp_path / "run")
    ended_well(["report", str(tmp_path / "run")], capsys)
