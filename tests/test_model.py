"""Models come back as they went, and hostile folders do nothing."""

import json
import os
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

import brique
from brique import data, files, nets
from brique.errors import BriqueError, DataError, ModelError
from brique.model import load
from brique.recipes.convolutional import lenet5
from brique.run import Launch, Run, launched


@pytest.fixture(scope="module")
def lenet_run(tmp_path_factory):
    out = tmp_path_factory.mktemp("model") / "run"
    with launched(Launch(out=out, quiet=True)):
        lenet5.main(lenet5.Args(turns=30))
    return out


@pytest.fixture
def run_folder(lenet_run, tmp_path):
    """A copy of a finished run to spoil."""
    copy = tmp_path / "run"
    for file in lenet_run.rglob("*"):
        if file.is_file():
            (copy / file.relative_to(lenet_run)).parent.mkdir(parents=True, exist_ok=True)
            (copy / file.relative_to(lenet_run)).write_bytes(file.read_bytes())
    return copy


def seal(folder: Path) -> None:
    """Make the manifest fit whatever lies in a model folder: an attacker would."""
    entries = {
        f.name: {"size": f.stat().st_size, "sha256": files.sha256(f)}
        for f in folder.iterdir()
        if f.name != "manifest.json" and f.is_file()
    }
    (folder / "manifest.json").write_text(json.dumps({"format": 1, "files": entries}))


def spoil(run: Path, change) -> Path:
    """Change model.json and seal it again."""
    path = run / "model" / "model.json"
    value = json.loads(path.read_text())
    change(value)
    path.write_text(json.dumps(value))
    seal(run / "model")
    return run


def test_a_model_answers_as_the_net_did(lenet_run):
    model = load(lenet_run)
    digits = data.open("digits", size=28, channels=1)
    assert model.task == "classify"
    assert model.schema == digits.schema
    assert not model.net.training
    batch = next(digits.test.batches(50))
    with torch.no_grad():
        expected = model.net(batch.image).softmax(1)
    answers = model.predict(list(digits.test["image"][:50]))
    for answer, row in zip(answers, expected, strict=True):
        assert answer.answer == digits.schema["label"].names[int(row.argmax())]
        torch.testing.assert_close(
            torch.tensor(list(answer.probabilities.values())), row, rtol=0, atol=1e-6
        )
    assert brique.load(lenet_run).scores == model.scores
    assert (
        model.scores["test_accuracy"]
        == json.loads((lenet_run / "run.json").read_text())["numbers"]["test_accuracy"]
    )


def test_a_model_folder_alone_is_enough(lenet_run, tmp_path):
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    for file in (lenet_run / "model").iterdir():
        (moved / file.name).write_bytes(file.read_bytes())
    assert load(moved).scores == load(lenet_run).scores


def test_bad_inputs_are_told_or_kept(lenet_run, tmp_path):
    model = load(lenet_run)
    (tmp_path / "text.png").write_text("no picture")
    with pytest.raises(DataError, match="text.png"):
        model.predict([tmp_path / "text.png"])
    good = data.open("digits").test["image"][0]
    found = model.predict([good, tmp_path / "text.png", good], errors="keep")
    assert [type(f).__name__ for f in found] == ["Answer", "DataError", "Answer"]
    with pytest.raises(
        ModelError, match="predict: expected a list of inputs; put the input in brackets"
    ):
        model.predict("some.png")


def test_weights_for_a_net_of_ones_own(lenet_run):
    digits = data.open("digits", size=28, channels=1)
    own = lenet5.build(lenet5.Args(), digits.schema)
    assert load(lenet_run, net=own).net is own
    with pytest.raises(ModelError, match=r"tensor 0\.bias has shape none where the net has \(3,\)"):
        load(lenet_run, net=nn.Sequential(nn.Linear(3, 3)))
    with pytest.raises(
        ModelError, match="load: the model has no net 'nett', only net; did you mean 'net'"
    ):
        load(lenet_run, net={"nett": own})


def test_a_flipped_bit_is_found(run_folder):
    path = run_folder / "model" / "net.safetensors"
    raw = bytearray(path.read_bytes())
    raw[-5] ^= 8
    path.write_bytes(raw)
    with pytest.raises(
        ModelError,
        match=r"the model is damaged: net\.safetensors has changed; restore it, or train again\.",
    ):
        load(run_folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda v: v.update(format=2), r"the model has format 2, this brique reads 1; install a brique that reads it\."),
        (lambda v: v["nets"]["net"].update(builder="os.system", arguments={"command": "touch canary"}), r"names the builder 'os\.system', which is not allowed"),
        (lambda v: v["nets"]["net"].update(builder="brique.nets.__init__"), "which is not allowed"),
        (lambda v: v["nets"]["net"].update(builder="brique.nets.builder.builder"), "which is not allowed"),
        (lambda v: v["nets"]["net"].update(builder="recipe:../../canary"), "which is not allowed"),
        (lambda v: v["nets"]["net"].update(builder="recipe:nothing"), "no recipe 'nothing'"),
        (lambda v: v["nets"]["net"].update(builder="timm:../../evil"), "which is not allowed"),
        (lambda v: v["nets"]["net"].update(builder="timm:hf-hub:evil/model"), "which is not allowed"),
        (lambda v: v["nets"]["net"].update(builder="source"), r"was built by a file of its own, source\.py; pass load\(\.\.\., net=\.\.\.\) your module, or execute that file with trust=True or --trust\."),
        (lambda v: v["nets"]["net"].update(file="/etc/passwd"), "the file name '/etc/passwd' is not allowed"),
        (lambda v: v["nets"]["net"].update(file="../source.py"), r"the file name '\.\./source\.py' is not allowed"),
        (lambda v: v["nets"]["net"].update(file="..\\net.safetensors"), "is not allowed"),
        (lambda v: v["nets"]["net"].update(file=["net.safetensors"]), "is not allowed"),
        (lambda v: v["nets"]["net"]["arguments"]["args"].update(evil=1), r"cannot be rebuilt by recipe:lenet5"),
        (lambda v: v["nets"]["net"]["check"]["inputs"][0].update(shape=[10**6, 10**6]), r"a check has 1 inputs of 1e\+12 numbers"),
        (lambda v: v["nets"]["net"]["check"]["output"].__setitem__(0, 1e3), "returns another output for its fixed input than when it was saved"),
        (lambda v: v.update(nets=[1]), r"model\.json: not as brique writes it"),
        (lambda v: v.update(answers="other"), "not as brique writes it"),
        (lambda v: v["schema"].update(fields={"image": {"kind": "os.system"}}), "."),
        (lambda v: v["schema"]["fields"]["image"].update(shape=[1, 10**9, 10**9]), "."),
    ],
)  # fmt: skip
def test_a_hostile_model_does_nothing(run_folder, change, message, monkeypatch, tmp_path):
    ran = []
    monkeypatch.setattr(os, "system", lambda *a, **k: ran.append(a))
    before = sorted(p.relative_to(tmp_path) for p in tmp_path.rglob("*"))
    spoil(run_folder, change)
    with pytest.raises(BriqueError, match=message) as caught:
        load(run_folder)
    assert "\n" not in str(caught.value)
    assert not ran
    assert sorted(p.relative_to(tmp_path) for p in tmp_path.rglob("*")) == before


def test_a_link_out_of_the_folder_is_refused(run_folder, tmp_path):
    secret = tmp_path / "secret.safetensors"
    save_file({"x": torch.ones(1)}, secret)
    (run_folder / "model" / "net.safetensors").unlink()
    (run_folder / "model" / "net.safetensors").symlink_to(secret)
    seal(run_folder / "model")
    with pytest.raises(ModelError, match="lies outside the folder|leads out of the model folder"):
        load(run_folder)


def test_a_file_that_is_no_safetensors_is_told(run_folder):
    (run_folder / "model" / "net.safetensors").write_bytes(b"\x80\x04cos\nsystem\n")
    seal(run_folder / "model")
    with pytest.raises(
        ModelError, match=r"net\.safetensors: cannot be read \(.*\); restore it, or train again\."
    ):
        load(run_folder)


def test_source_is_executed_only_with_trust(run_folder, tmp_path):
    canary = tmp_path / "canary"
    spoil(run_folder, lambda v: v["nets"]["net"].update(builder="source"))
    text = (run_folder / "source.py").read_text()
    (run_folder / "source.py").write_text(text + f"\nopen({str(canary)!r}, 'w').close()\n")
    with pytest.raises(ModelError, match="trust=True"):
        load(run_folder)
    assert not canary.exists()
    assert load(run_folder, trust=True).task == "classify"
    assert canary.exists()


def test_what_is_no_model_is_told(tmp_path):
    with pytest.raises(
        ModelError, match=r"nowhere: no such run or model folder; 'brique runs' lists the runs\."
    ):
        load(tmp_path / "nowhere")
    with pytest.raises(
        ModelError, match="neither a run nor a model folder; pass one that brique made"
    ):
        load(tmp_path)
    with launched(Launch(out=tmp_path / "run", quiet=True)):
        Run.start(__file__, lenet5.Args()).log(x=1.0)
    with pytest.raises(ModelError, match="the run has no model yet; resume it, or add --finish"):
        load(tmp_path / "run")


def test_arrays_and_a_net_by_builder(tmp_path):
    with launched(Launch(out=tmp_path / "run", quiet=True)):
        run = Run.start(__file__, lenet5.Args())
        net = run.place(nets.residual(channels=1, classes=3, mean=[0.5], std=[0.5], width=4))
        net(torch.rand(2, 1, 8, 8))
        run.finish(net=net, codebook=torch.arange(6.0).view(2, 3), task="none")
    model = load(tmp_path / "run")
    assert torch.equal(model.arrays["codebook"], torch.arange(6.0).view(2, 3))
    with launched(Launch(out=tmp_path / "arrays", quiet=True)):
        Run.start(__file__, lenet5.Args()).finish(codebook=torch.ones(3), task="none")
    with pytest.raises(
        ModelError, match=r"the model holds no net, only arrays; read model\.arrays\."
    ):
        _ = load(tmp_path / "arrays").net
    x = torch.rand(2, 1, 8, 8)
    with torch.no_grad():
        assert torch.equal(model.net(x), net.eval()(x))
    with pytest.raises(
        ModelError, match="this model's task is 'none', which has no answer to one input"
    ):
        model.predict([x])


def test_tied_and_viewed_weights_are_kept(tmp_path):
    class Tied(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = nn.Linear(3, 3), nn.Linear(3, 3)
            self.b.weight = self.a.weight
            self.register_buffer("piece", torch.arange(8.0)[2:5])

    with launched(Launch(out=tmp_path / "run", quiet=True)):
        run = Run.start(__file__, lenet5.Args())
        net = run.place(Tied())
        run.finish(net=net, task="none")
    twin = load(tmp_path / "run", net=Tied()).net
    for name, value in net.state_dict().items():
        assert torch.equal(value, twin.state_dict()[name])
