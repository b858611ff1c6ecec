"""A run folder from a stranger: whatever it holds, no verb runs it, and each says one sentence."""

import json
import os
import shutil

import pytest
from PIL import Image

from brique import files
from brique.cli import main
from brique.recipes.convolutional import lenet5
from brique.run import Launch, launched
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
