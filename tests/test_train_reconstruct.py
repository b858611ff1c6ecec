"""`brique train --task reconstruct`: judged beside principal components, shown, asked, resumed."""

import json
import math
from dataclasses import asdict

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

import brique
from brique import data, nets
from brique.cli import main
from brique.errors import DataError, ShapeError, UsageError
from brique.nets.error_quantiles import ErrorQuantiles
from brique.planning import Request
from brique.planning.autoencoder import plan_autoencoder
from brique.run import read_run
from brique.tasks import eval_mode, reconstruct
from brique.tasks.reconstruct import train as training
from brique.workbench.train import train
from brique.workbench.training_data import choose_task
from resuming import alone, assert_equal, stopped


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 17, 40), (1, 28, 28), (3, 64, 48)])
def test_a_picture_of_any_size_becomes_a_code_and_a_picture(shape):
    net = nets.autoencoder(list(shape), 0.5, 0.5, latent=5, width=4)
    pictures = torch.rand(3, *shape)
    assert net.body(pictures).shape == (3, 5)
    assert net(pictures).shape == pictures.shape
    assert torch.equal(net(pictures), net.head(net.body(pictures)))
    made = net(pictures)
    assert made.min() >= 0
    assert made.max() <= 1


def test_its_arguments_are_those_of_one_picture():
    digits = data.open("digits")
    arguments = nets.autoencoder_arguments(digits.schema)
    assert arguments["shape"] == [1, 8, 8]
    with pytest.raises(DataError, match="autoencoder: expected one picture as the only input"):
        nets.autoencoder_arguments(data.arrays(x=torch.rand(20, 3)).schema)


def test_what_is_usual_is_known_by_rank():
    brick = ErrorQuantiles()
    assert bool(brick.rank(torch.tensor([1.0])).isnan())
    brick.fit(torch.arange(100.0))
    assert brick.rank(torch.tensor([-1.0, 49.5, 200.0])).tolist() == [0.0, 0.5, 1.0]
    x = torch.rand(3)
    assert torch.equal(brick(x), x)


class Halves(nn.Module):
    """Makes half of what it gets."""

    def __init__(self):
        super().__init__()
        self.known = ErrorQuantiles()

    def forward(self, x):
        return self.known(x / 2)


def test_the_error_is_that_of_numpy():
    digits = data.open("digits")
    values = reconstruct.evaluate(Halves(), digits, compare=False).values
    pixels = np.asarray(digits.test["image"], dtype=np.float64) / 255
    mean = (np.asarray(digits.train["image"], dtype=np.float64) / 255).mean(0)
    whole = ((pixels - mean) ** 2).mean()
    assert values["test"]["rmse"] == pytest.approx(math.sqrt((pixels**2 / 4).mean()))
    assert values["test"]["r2"] == pytest.approx(1 - (pixels**2 / 4).mean() / whole, abs=1e-6)
    assert values["baseline"] == {"mean": {"r2": 0.0, "rmse": pytest.approx(math.sqrt(whole))}}
    low, high = values["interval"]["r2"]
    assert low < values["test"]["r2"] < high


def test_principal_components_are_those_of_the_closed_form():
    digits = data.open("digits")
    net = reconstruct.principal_components(digits.train, [8])[0]
    named = nn.Sequential()
    named.add_module("body", net[0])
    named.add_module("head", net[1])
    values = reconstruct.evaluate(named, digits).values
    assert values["latent"] == 8
    assert values["baseline"]["pca"]["r2"] == pytest.approx(values["test"]["r2"], abs=1e-4)
    assert values["comparison"]["outcome"] == "even"


def test_pictures_of_another_shape_are_refused():
    with pytest.raises(ShapeError, match="let it return pictures of the same shape"):
        reconstruct.evaluate(nn.Flatten(), data.open("digits"))


# The verb


@pytest.fixture(scope="module")
def rebuilt(tmp_path_factory):
    out = tmp_path_factory.mktemp("rebuilt") / "run"
    words = ["train", "digits", "--task", "reconstruct", "--epochs", "12", "--out", str(out)]
    assert main(words) == 0
    return out


def test_it_is_judged_and_shown(rebuilt):
    record = read_run(rebuilt)
    assert (record.train, record.result["task"]) == ("reconstruct", "reconstruct")
    assert record.result["test"]["r2"] > 0.5
    assert set(record.result["baseline"]) == {"mean", "pca"}
    assert record.json["data"][0]["test_reads"] == 1
    page = (rebuilt / "report.html").read_text()
    for title in ("Reconstructions", "Largest error: ", "PCA"):
        assert title in page
    assert "Missing sections" not in page
    assert "Best baseline: PCA, " in reconstruct.sentence(record.result)
    assert brique.evaluate(rebuilt)["test"] == record.result["test"]


def test_predict_says_how_unusual_a_picture_is(rebuilt, tmp_path, capsys):
    digits = data.open("digits")
    Image.fromarray(digits.test["image"][0, 0].numpy()).save(tmp_path / "digit.png")
    noise = np.random.default_rng(0).integers(0, 256, (8, 8), np.uint8)
    Image.fromarray(noise).save(tmp_path / "noise.png")
    assert (
        main(["predict", str(rebuilt), "digit.png", "noise.png", "--json", "--csv", "a.csv"]) == 0
    )
    digit, strange = json.loads(capsys.readouterr().out)["answers"]
    assert strange["error_quantile"] == 1.0
    assert digit["error_quantile"] < 1
    assert digit["answer"] < strange["answer"]
    assert len(digit["latent"]) == 8
    assert (tmp_path / "a.csv").read_text().startswith("file,error,error_quantile,latent 1,")


def test_valid_and_predict_say_the_same(rebuilt):
    digits, model = data.open("digits"), brique.load(rebuilt)
    with eval_mode(model.net):
        (batch,) = digits.valid.batches(len(digits.valid))
        streamed = reconstruct.predict(model.net, batch, digits.schema)
    asked = model.predict(list(digits.valid["image"][:, 0]))
    assert [one.error_quantile for one in asked] == pytest.approx(
        [one.error_quantile for one in streamed]
    )
    assert asked[3].latent == pytest.approx(streamed[3].latent, abs=1e-4)


def test_stopped_and_resumed_it_ends_in_equal_bits(tmp_path, monkeypatch):
    args = training.Args(turns=30, batch_size=32, width=8, latent=4, average=0.8, patience=100)
    whole = alone(training.main, args, tmp_path / "whole")
    pieces = stopped(training.main, args, tmp_path / "pieces", [4, 11, 12, 20, 27], monkeypatch)
    assert_equal(whole, pieces)


def test_photographs_without_a_class_are_rebuilt_from_a_flat_folder(tmp_path, capsys):
    draw = np.random.default_rng(0)
    for number in range(60):
        pixels = np.full((12, 16, 3), draw.integers(40, 200, 3), np.uint8)
        Image.fromarray(pixels + draw.integers(0, 9, pixels.shape, np.uint8)).save(
            tmp_path / f"{number}.png"
        )
    (tmp_path / "bad.png").write_bytes(b"no picture")
    (tmp_path / "phone.heic").touch()
    found = data.open(tmp_path)
    assert sorted(file for file, _ in found.skipped) == ["bad.png", "phone.heic"]
    assert any("2 of 62 pictures cannot be read" in note for note in found.notes)
    assert (found.schema.targets, len(found.train) + len(found.valid)) == ((), 48)
    assert main(["train", str(tmp_path)]) == 2
    assert "put each into the folder of its class, or say --task" in capsys.readouterr().err
    words = ["train", str(tmp_path), "--task", "reconstruct", "--quick", "--out", "run"]
    assert main([*words]) == 0
    assert read_run("run").result["test"]["r2"] > 0.5
    other = brique.evaluate("run", "digits")  # brought to the size and channels of the model
    assert other["examples"] == 1797  # all that is given is judged


def test_the_plan_follows_the_data():
    digits = data.open("digits")
    settings = plan_autoencoder(digits, Request(source="digits", task="reconstruct"))
    assert settings["latent"] == 8
    assert settings.keys() <= asdict(training.Args()).keys()
    with pytest.raises(UsageError, match="is for classes, but this task has none"):
        plan_autoencoder(digits, Request(source="digits", balance="weights"))


def test_what_is_no_picture_is_named(tmp_path, capsys):
    rows = data.arrays(x=torch.rand(20, 3))
    with pytest.raises(
        DataError, match="train --task reconstruct takes pictures, and these hold x"
    ):
        choose_task(rows, "train", "reconstruct")
    assert main(["train", "digits", "--task", "reconstrukt"]) == 2
    assert (
        "task must be one of reconstruct, generate, not 'reconstrukt'; did you mean 'reconstruct'"
        in capsys.readouterr().err
    )
    with pytest.raises(UsageError, match="not for --task reconstruct; leave one of both out"):
        train("digits", task="reconstruct", start=tmp_path)
