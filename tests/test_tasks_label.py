"""Several questions of classes about one thing: loss, answers, scores, judgement, whole trainings."""

import csv
import json
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

import brique
from brique import data, inference
from brique.bricks import Temperature
from brique.cli import main
from brique.data import arrays
from brique.errors import DataError, ShapeError
from brique.evaluation.baselines.names import NAMES
from brique.run import read_run
from brique.schema import Category, Schema
from brique.tasks import eval_mode, label
from brique.tasks.label import train
from brique.tasks.label.metrics import compute_metrics
from brique.tasks.regress import train as regress_train
from resuming import alone, assert_equal, stopped

KINDS = {"hue": Category(("blue", "green", "red")), "round": Category(("no", "yes"))}
SCHEMA = Schema({"x": Category(("a", "b")), **KINDS}, ("hue", "round"))
WORDS = {"funny": ["laugh", "joke"], "sad": ["tears", "loss"], "war": ["army", "gun"]}


class Knows(nn.Module):
    """Scores of both targets from the two numbers that hold them, too sure of itself."""

    def __init__(self, sure=1.0):
        super().__init__()
        self.sure, self.last = sure, Temperature()

    def forward(self, x):
        hue = nn.functional.one_hot(x[:, 0].long(), 3).float()
        is_round = nn.functional.one_hot(x[:, 1].long(), 2).float()
        return self.last(self.sure * torch.cat([hue, is_round], dim=1))


def noisy(count=400, wrong=0.2):
    """Return two numbers that tell two targets, but for a share of wrong ones."""
    draw = np.random.default_rng(0)
    hue, is_round = draw.integers(0, 3, count), draw.integers(0, 2, count)
    x = np.stack([hue, is_round], 1).astype(np.float32)
    off = draw.random(count) < wrong
    hue = np.where(off, draw.integers(0, 3, count), hue)
    split = (["train", "valid", "test", "test"] * count)[:count]
    named = {
        name: [KINDS[name].names[one] for one in places.tolist()]
        for name, places in (("hue", hue), ("round", is_round))
    }
    return arrays(x=torch.tensor(x), **named, target=("hue", "round"), split=split)


def test_loss_is_the_mean_over_targets():
    batch = next(noisy().train.batches(8))
    said = torch.randn(8, 5)
    each = [
        nn.functional.cross_entropy(said[:, :3], batch.hue),
        nn.functional.cross_entropy(said[:, 3:], batch.round),
    ]
    schema = noisy().schema
    assert label.loss(said, batch, schema).item() == pytest.approx(float(sum(each)) / 2)
    with pytest.raises(ShapeError, match="5 classes in total; pass scores"):
        label.loss(said[:, :4], batch, schema)


def test_rare_answers_weigh_more():
    found = noisy()
    hue, is_round = label.weights(found.train)
    counts = torch.bincount(found.train["round"])
    assert is_round[0] * counts[0] == pytest.approx(float(is_round[1] * counts[1]))
    assert len(hue) == 3


def test_scores_agree_with_scikit_learn():
    from sklearn import metrics

    draw = torch.Generator().manual_seed(0)
    truth = torch.stack([torch.randint(k, (60,), generator=draw) for k in (3, 2)], 1)
    answers = torch.where(torch.rand(60, 2, generator=draw) < 0.4, truth.flip(0), truth)
    found = compute_metrics(answers, truth, SCHEMA)
    assert found["accuracy"] == pytest.approx((answers == truth).float().mean().item())
    assert found["exact"] == pytest.approx((answers == truth).all(1).float().mean().item())
    of_hue = metrics.f1_score(truth[:, 0], answers[:, 0], average="macro")
    of_round = metrics.f1_score(truth[:, 1], answers[:, 1])  # of bearing the label
    assert found["macro_f1"] == pytest.approx((of_hue + of_round) / 2)


def test_an_answer_names_what_is_borne():
    (one,) = label.predictions(torch.tensor([[0.0, 0.0, 9.0, 0.0, 9.0]]), SCHEMA)
    assert one.answer == {"hue": "red", "round": "yes"}
    assert one.summary() == ("hue: red, round", "")
    assert one.cells()["p(round)"] == pytest.approx(1, abs=1e-3)
    (other,) = label.predictions(
        torch.tensor([[9.0, 0.0]]), Schema({"round": KINDS["round"]}, ("round",))
    )
    assert other.summary() == ("none", "")
    assert other.cells()["p(round)"] < 1e-3  # of a label: that it is borne
    assert label.predictions(torch.zeros(0, 5), SCHEMA) == []


def test_one_temperature_fits_all_targets():
    found, net = noisy(wrong=0.5), Knows(sure=8.0)
    before = label.validate(net, found.valid).loss
    label.calibrate(net, found.valid)
    assert float(net.last.value) > 2
    assert label.validate(net, found.valid).loss < before


def test_a_judgement_stands_beside_simple_methods():
    found = noisy()
    values = label.evaluate(Knows(), found).values
    assert set(values["baseline"]) == {"majority", "logistic", "bayes", "forest", "boosting"}
    assert values["baseline"]["bayes"]["skipped"] == "there is no text"
    assert values["test"]["accuracy"] > values["baseline"]["majority"]["accuracy"] + 0.2
    low, high = values["interval"]["accuracy"]
    assert low < values["test"]["accuracy"] < high
    assert values["by_target"]["round"]["f1"] == 1.0  # the wrong ones are those of hue
    assert values["by_target"]["round"]["count"].keys() == {"no", "yes"}
    says = label.sentence(values)
    assert "over 2 targets on" in says
    assert NAMES[values["comparison"]["best"]] in says
    json.dumps(values, allow_nan=False)


def test_all_right_has_an_interval_below_one():
    values = label.evaluate(Knows(), noisy(wrong=0.0), compare=False).values
    assert values["test"]["accuracy"] == 1.0
    assert 0.95 < values["interval"]["accuracy"][0] < 1
    assert math.isclose(values["interval"]["accuracy"][1], 1)


def test_targets_and_classes_are_found_by_name():
    found = noisy(wrong=0.0)
    turned = replace(KINDS["hue"], names=("red", "green", "blue"))
    other = Schema({**found.schema.fields, "hue": turned}, ("hue", "round"))
    assert (
        label.evaluate(Knows(), found, schema=other, compare=False).values["test"]["accuracy"] < 1
    )
    strange = Schema({**found.schema.fields, "size": KINDS["hue"]}, ("size", "round"))
    with pytest.raises(DataError, match="predicts 'size', which is not a category in these data"):
        label.evaluate(Knows(), found, schema=strange)


# Tables with several targets, or a column of labels


def write(path, head, rows):
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([head, *rows])


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    """Return a table of plots and the labels of each, one of them too rare to be learnt."""
    folder = tmp_path_factory.mktemp("films")
    draw = np.random.default_rng(0)
    rows = []
    for number in range(400):
        borne = [key for key in WORDS if draw.random() < 0.4]
        words = [*(draw.choice(WORDS[key]) for key in borne), *draw.choice(list("abcdef"), 3)]
        rare = ["noir"] if number < 3 else []
        draw.shuffle(words)
        rows.append([" ".join(words), int(draw.integers(1950, 2020)), "|".join([*borne, *rare])])
    write(folder / "films.csv", ["plot", "year", "genres"], rows)
    return folder / "films.csv"


def test_a_column_of_labels_becomes_a_target_for_each(films):
    found = data.open(films, target="genres")
    assert found.schema.targets == ("genres:funny", "genres:sad", "genres:war")
    assert found.schema["genres:sad"].names == ("no", "yes")
    assert any("left out labels of fewer than 10 rows" in note for note in found.notes)
    assert len(found.train) + len(found.valid) + len(found.test) == 400  # empty cells bear none
    whole = data.open(films, target="genres", types={"genres": "category"})
    assert whole.schema.targets == ("genres",)


def test_a_sign_between_labels_may_be_said(films, tmp_path):
    table = tmp_path / "tags.csv"
    table.write_text(films.read_text().replace("|", " "))
    found = data.open(table, target="genres", types={"genres": "labels"})
    assert found.schema.targets == ("genres:funny", "genres:sad", "genres:war")
    with pytest.raises(
        DataError, match="'plot' is not a target, and only targets are read as labels"
    ):
        data.open(table, target="genres", types={"plot": "labels"})
    few = tmp_path / "few.csv"
    write(few, ["x", "tags"], [[number, f"a{number};b{number}"] for number in range(60)])
    with pytest.raises(DataError, match="no label that 10 rows or more have"):
        data.open(few, target="tags", types={"tags": "labels"})


def test_several_columns_are_targets_by_name_or_number(films):
    found = data.open(films, target="year, plot", types={"plot": "category"})
    assert found.schema.targets == ("year", "plot")
    assert data.open(films, target="2,1", types={"plot": "text"}).schema.targets == (
        "year", "plot",
    )  # fmt: skip
    with pytest.raises(DataError, match="target: no column 'yearr' among .* did you mean 'year'"):
        data.open(films, target="plot,yearr")


def test_a_text_that_is_a_column_is_one_target(tmp_path):
    rows = [[number, number % 7, number % 3] for number in range(60)]
    write(tmp_path / "odd.csv", ["a", "b,c", "b"], rows)
    assert data.open(tmp_path / "odd.csv", target="b,c").schema.targets == ("b,c",)


@pytest.fixture(scope="module")
def labelled(films):
    out = films.parent / "run"
    words = ["train", str(films), "--target", "genres", "--epochs", "12"]
    assert main([*words, "--types", "plot=text", "--out", str(out)]) == 0
    return out


def test_labels_are_learnt_judged_and_shown(labelled):
    record = read_run(labelled)
    assert (record.train, record.result["task"]) == ("label", "label")
    assert record.result["test"]["accuracy"] > 0.9
    assert record.result["test"]["exact"] <= record.result["test"]["accuracy"]
    page = (labelled / "report.html").read_text()
    for title in ("Metrics by target", "F1 is the harmonic mean", "genres:war"):
        assert title in page
    assert "Missing sections" not in page
    assert brique.evaluate(labelled)["test"] == record.result["test"]


def test_predict_says_the_labels_that_a_row_bears(labelled, tmp_path, capsys):
    write(tmp_path / "new.csv", ["year", "plot"], [[1999, "a joke army b"], [1999, "a b c"]])
    assert main(["predict", str(labelled), "new.csv", "--csv", "out.csv"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split("  ", 1)[1].strip() == "genres:funny, genres:war"
    assert lines[1].endswith("none")
    assert (
        (tmp_path / "out.csv")
        .read_text()
        .startswith("file,genres:funny,p(genres:funny),genres:sad,p(genres:sad),")
    )


def test_valid_and_predict_say_the_same(films, labelled):
    opened = data.open(films, target="genres", types={"plot": "text"})
    model = brique.load(labelled)
    with eval_mode(model.net):
        (batch,) = opened.valid.batches(len(opened.valid))
        said = label.predictions(
            model.net(inference.net_inputs(batch, opened.schema, model.net)), opened.schema
        )
    rows = {
        f"row {at}": row for at, row in enumerate(csv.DictReader(films.read_text().splitlines()), 2)
    }
    asked = [rows[opened.valid.name(int(id))] for id in opened.valid.ids]
    assert [one.answer for one in model.predict(asked)] == [one.answer for one in said]


@pytest.mark.parametrize("target", ["genres", "year,rating"])
def test_stopped_and_resumed_it_ends_in_equal_bits(films, target, tmp_path, monkeypatch):
    if "," in target:  # two numbers
        head, *rows = csv.reader(films.read_text().splitlines())
        films = tmp_path / "rated.csv"
        write(films, [*head, "rating"], [[*row, int(row[1]) / 7] for row in rows])
    room = regress_train if "," in target else train
    args = room.Args(
        data=str(films), options=data.Options(target=target), turns=30, batch_size=32, width=16,
        average=0.8, patience=100,
    )  # fmt: skip
    whole = alone(room.main, args, tmp_path / "whole")
    pieces = stopped(room.main, args, tmp_path / "pieces", [4, 11, 12, 20, 27], monkeypatch)
    assert_equal(whole, pieces)


def test_pictures_bear_several_labels(tmp_path):
    draw = np.random.default_rng(0)
    rows = []
    for number in range(200):
        hue, is_large = draw.choice(["red", "blue"]), draw.random() < 0.5
        pixels = np.full((16, 16, 3), 20, np.uint8)
        side = 12 if is_large else 5
        pixels[2 : 2 + side, 2 : 2 + side, 0 if hue == "red" else 2] = 220
        pixels += draw.integers(0, 20, pixels.shape, np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{number}.png")
        rows.append([f"{number}.png", hue, "large" if is_large else "small"])
    write(tmp_path / "table.csv", ["file", "hue", "size"], rows)
    out = tmp_path / "run"
    words = ["train", str(tmp_path / "table.csv"), "--target", "hue,size", "--epochs", "20"]
    assert main([*words, "--out", str(out)]) == 0
    assert read_run(out).result["test"]["accuracy"] > 0.9
    assert "<img" in (out / "report.html").read_text()
