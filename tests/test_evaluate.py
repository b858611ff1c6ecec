"""A run's model is judged on data that are not as those it learned from."""

import json
import re

import numpy as np
import pytest
import torch
from PIL import Image

import brique
from brique import data
from brique.cli import main
from brique.errors import DataError
from brique.model import load
from brique.tasks.regress.scores import scores


def photographs(folder, size, *, each=15, classes=("dark", "light")):
    """Make a folder of noisy pictures by class, of one size (height, width)."""
    generator = np.random.default_rng(1)
    for number, name in enumerate(classes):
        (folder / name).mkdir(parents=True)
        for i in range(each):
            low = 60 * number + 8 * i  # the classes overlap
            pixels = generator.integers(low, low + 80, (*size, 3)).clip(0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{i}.png")
    return folder


@pytest.fixture(scope="module")
def wide(tmp_path_factory):
    """Return a quick run on pictures of 20 x 12 pixels."""
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("evaluate")
    photographs(folder / "wide", (12, 20))
    return brique.train(folder / "wide", quick=True, out=folder / "run")


@pytest.mark.parametrize("size", [(12, 20), (20, 12), (48, 30)])
def test_pictures_of_any_size_are_judged_as_predict_answers_them(wide, tmp_path, size):
    photos = photographs(tmp_path / "others", size)
    found = brique.evaluate(wide, photos)
    test, model = data.open(photos).test, load(wide)
    answers = model.predict([photos / test.name(int(id)) for id in test.ids])
    names = test.schema["label"].names
    right = [a.answer == names[int(n)] for a, n in zip(answers, test["label"], strict=True)]
    assert found["test"]["accuracy"] == sum(right) / len(right)
    assert found["examples"] == len(test)
    height, width = size
    note = f"others: pictures of {width} x {height} pixels are brought to the 20 x 12 that the"
    assert found["notes"] == ([] if size == (12, 20) else [f"{note} model takes."])


def test_grey_pictures_are_judged_by_a_net_that_takes_color(wide, tmp_path):
    for number, name in enumerate(("dark", "light")):
        (tmp_path / "grey" / name).mkdir(parents=True)
        for i in range(10):
            Image.new("L", (20, 12), 150 * number + 5 * i).save(
                tmp_path / "grey" / name / f"{i}.png"
            )
    assert brique.evaluate(wide, tmp_path / "grey")["test"]["accuracy"] > 0.5


def test_two_targets_are_judged_on_other_data_as_predict_answers_them(tmp_path):
    draw = np.random.default_rng(0)
    for name, count in (("first", 200), ("other", 90)):
        x = draw.normal(3 * (name == "other"), 1 + (name == "other"), (count, 2))
        rows = [f"{a:.4f},{b:.4f},{a - b:.4f},{1000 * a:.2f}" for a, b in x]
        (tmp_path / f"{name}.csv").write_text("\n".join(["a,b,near,far", *rows]))
    run = brique.train(tmp_path / "first.csv", target="near,far", quick=True, out=tmp_path / "run")
    found = brique.evaluate(run, tmp_path / "other.csv", target="near,far")
    test = data.open(tmp_path / "other.csv", target="near,far").test
    rows = [{name: float(test[name][place]) for name in ("a", "b")} for place in range(len(test))]
    said = torch.tensor([[*one.answer.values()] for one in load(run).predict(rows)])
    truth = torch.stack([test["near"], test["far"]], dim=1)
    assert found["examples"] == len(test)
    assert found["test"] == pytest.approx(scores(said, truth), rel=1e-4)
    assert found["targets"] == ["near", "far"]


def test_data_that_ask_for_something_else_than_the_model_answers_are_refused(tmp_path):
    draw = np.random.default_rng(0)
    rows = [
        f"{a:.3f},{a * 2:.3f},{a + b:.3f},{'xy'[int(b > 0)]}" for a, b in draw.normal(size=(90, 2))
    ]
    (tmp_path / "t.csv").write_text("\n".join(["a,b,c,kind", *rows]))
    one = brique.train(tmp_path / "t.csv", target="c", quick=True, out=tmp_path / "one",
                       types={"b": "leave", "kind": "leave"})  # fmt: skip
    for target, asked in (("b", "'b' (number)"), ("c,b", "'c' (number), 'b' (number)"),
                          ("kind", "'kind' (category)")):  # fmt: skip
        says = f"t.csv: the model answers 'c' (number), and these data ask for {asked}; say what it"
        with pytest.raises(DataError, match=re.escape(says)):
            brique.evaluate(one, tmp_path / "t.csv", target=target)
    moved = tmp_path / "more" / "t.csv"
    moved.parent.mkdir()
    moved.write_text("\n".join(["a,b,c,kind", *rows[:60]]))
    again = brique.evaluate(one, moved, target="c")
    assert again["notes"][0].startswith("t.csv is what the run was trained on, cut into other")


def test_what_is_no_picture_is_not_said_to_lack_a_size(wide, tmp_path):
    (tmp_path / "t.csv").write_text("\n".join(["a,b", *[f"{n},{n * 2}" for n in range(40)]]))
    with pytest.raises(DataError, match=r"the model takes pictures, and these data hold a \(num"):
        brique.evaluate(wide, tmp_path / "t.csv", target="b")


def test_the_judgement_in_json_has_the_fixed_keys(capsys, wide):
    capsys.readouterr()
    assert main(["evaluate", str(wide), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert set(found) >= {"format", "run", "task", "test", "interval", "baseline", "seconds"}
    assert set(found["seconds"]) == {"total", "judging", "baselines"}
    assert set(found["baseline"]) == {"majority", "logistic", "svm", "neighbors", "forest"}
    assert found["comparison"]["outcome"] in ("better", "even", "worse")
