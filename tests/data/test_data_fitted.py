"""What is fitted comes from the training part alone, whatever the other parts hold."""

import numpy as np
import pytest
import torch

from brique import data
from brique.data import Ragged
from brique.schema import Category

N = 60
WHERE = ["train"] * 40 + ["valid"] * 10 + ["test"] * 10


def fields(seed=0):
    draw = np.random.default_rng(seed)
    return {
        "image": draw.integers(0, 200, (N, 3, 5, 4)).astype(np.uint8),
        "float_image": draw.random((N, 1, 4, 4)),
        "number": draw.normal(size=N),
        "wide": draw.normal(size=(N, 3)),
        "exact": torch.from_numpy(draw.normal(size=(N, 2))),
        "past": [draw.normal(size=(n % 5, 2)) for n in range(N)],
        "says": [" ".join(draw.choice(list("abcdefg"), 4)) for _ in range(N)],
        "color": draw.choice(["red", "green", None], N).tolist(),
        "label": draw.choice(["yes", "no"], N).tolist(),
    }


def opened(given, where):
    ragged = Ragged.of([torch.as_tensor(one, dtype=torch.float32) for one in given["past"]])
    return data.arrays(**given | {"past": ragged}, categories=("color",), split=where)


def spoilt(part):
    """Return the fields with outliers of all kinds in one part."""
    given = fields()
    row = WHERE.index(part) + 3
    given["image"][row] = 255
    given["float_image"][row] = 1
    given["number"][row] = 1e9
    given["wide"][row] = -1e9
    given["exact"][row] = 1e9
    given["past"][row] = np.full((40, 2), 1e9)
    given["says"][row] = "a word nobody said before"
    given["color"][row] = "ultraviolet"
    return given


@pytest.mark.parametrize("part", ["valid", "test"])
def test_outliers_beyond_train_change_nothing_that_is_fitted(part):
    before, after = opened(fields(), WHERE), opened(spoilt(part), WHERE)
    assert after.schema.to_json() == before.schema.to_json()
    assert after.fingerprint != before.fingerprint
    assert before.schema["color"] == Category(("green", "missing", "red"), has_other=True)
    row = getattr(after, part)
    assert row["color"][3] == 3  # the open class
    assert row["says"][3].tolist()[:1] == [before.schema["says"].prepare("a")[0]]


def test_the_same_outliers_in_train_change_everything():
    before, after = opened(fields(), WHERE), opened(spoilt("train"), WHERE)
    for name in fields():
        assert (after.schema[name] == before.schema[name]) == (name == "label")


def test_an_outlier_is_fitted_in_all_folds_but_one():
    numbers = np.random.default_rng(0).normal(size=50)
    numbers[17] = 1e9
    folds = data.arrays(x=numbers, label=[0, 1] * 25).folds(5)
    held = [17 in torch.cat([fold.test.ids, fold.valid.ids]).tolist() for fold in folds]
    assert [abs(fold.schema["x"].mean) < 1 for fold in folds] == held
    assert sum(17 in fold.test.ids.tolist() for fold in folds) == 1
