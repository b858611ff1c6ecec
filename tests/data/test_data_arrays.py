"""Data sets from memory, the split, and what is fitted on train."""

import numpy as np
import pytest
import torch

from brique import data
from brique.data import Ragged
from brique.errors import DataError, ShapeError
from brique.schema import Category, Number, Picture, Schema


def pictures(n=60, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (n, 1, 4, 4), generator=generator, dtype=torch.uint8)


def marks(n=60, classes=3):
    return torch.arange(n) % classes


def parts(opened):
    return opened.train, opened.valid, opened.test


def test_parts_hold_every_example_once():
    opened = data.arrays(image=pictures(), label=marks())
    held = [part.ids.tolist() for part in parts(opened)]
    assert sorted(i for ids in held for i in ids) == list(range(60))
    assert [len(part) for part in parts(opened)] == [42, 6, 12]


def test_classes_keep_their_shares():
    opened = data.arrays(image=pictures(400), label=(torch.arange(400) % 10 > 7).long())
    shares = [part["label"].float().mean().item() for part in parts(opened)]
    assert shares == pytest.approx([0.2, 0.2, 0.2], abs=0.03)


def test_split_is_a_function_of_content_alone():
    x, y = pictures(), marks()
    order = torch.randperm(60, generator=torch.Generator().manual_seed(1))
    first, again = data.arrays(image=x, label=y), data.arrays(image=x[order], label=y[order])
    torch.manual_seed(5)
    assert first.fingerprint == data.arrays(image=x, label=y).fingerprint
    for part, other in zip(parts(first), parts(again), strict=True):
        assert sorted(order[other.ids].tolist()) == part.ids.tolist()


def test_equal_examples_stay_on_one_side():
    x = pictures(50)
    doubled = torch.cat([x, x, x[:10]])
    opened = data.arrays(image=doubled, label=marks(50).repeat(2).tolist() + [1] * 10)
    seen = [{bytes(p.numpy().tobytes()) for p in part["image"]} for part in parts(opened)]
    assert all(seen)
    assert len(seen[0] | seen[1] | seen[2]) == sum(len(side) for side in seen)


def test_one_picture_a_thousand_times_is_for_training():
    x = torch.cat([pictures(30), torch.zeros(1000, 1, 4, 4, dtype=torch.uint8)])
    opened = data.arrays(image=x, label=[0, 1] * 515)
    assert len(opened.train) >= 1000
    assert len(opened.test) > 0


def test_tiny_classes_reach_every_part():
    opened = data.arrays(image=pictures(8), label=[0, 1] * 4)
    assert [sorted(set(part["label"].tolist())) for part in parts(opened)] == [[0, 1]] * 3


def test_given_parts_are_obeyed_to_the_letter():
    where = (["train"] * 3 + ["test"]) * 10
    opened = data.arrays(x=torch.arange(40.0), split=where)
    assert [len(part) for part in parts(opened)] == [30, 0, 10]
    assert opened.test["x"].tolist() == list(range(3, 40, 4))


def test_fitted_values_come_from_train_only():
    x = pictures(40).float() / 255
    x[30:] = 1.0
    number = torch.cat([torch.arange(30.0), torch.full((10,), 1e9)])
    wide = torch.stack([number, -number], 1)
    where = ["train"] * 30 + ["valid"] * 5 + ["test"] * 5
    opened = data.arrays(image=x, number=number, wide=wide, split=where)
    assert opened.schema["image"].mean == pytest.approx([x[:30].mean().item()])
    assert opened.schema["image"].std == pytest.approx([x[:30].std(correction=0).item()])
    assert opened.schema["number"].mean == 14.5
    assert opened.schema["number"].std == pytest.approx(number[:30].std(correction=0).item())
    assert opened.schema["wide"].mean == (14.5, -14.5)


def test_moments_of_bytes_are_those_of_their_floats():
    x = torch.randint(0, 256, (300, 3, 5, 7), dtype=torch.uint8)
    opened = data.arrays(image=x, split=["train"] * 300)
    floats = (x.double() / 255).transpose(0, 1).flatten(1)
    assert opened.schema["image"].mean == pytest.approx(floats.mean(1).tolist())
    assert opened.schema["image"].std == pytest.approx(floats.std(1, correction=0).tolist())


def test_classes_are_decided_on_train_and_sorted_naturally():
    opened = data.arrays(image=pictures(6), label=["10", "2", "1"] * 2, split=["train"] * 6)
    assert opened.schema["label"].names == ("1", "2", "10")
    assert opened.train["label"].tolist() == [2, 1, 0] * 2
    numbers = data.arrays(x=torch.rand(4), label=[30, 4, 30, 4])
    assert numbers.schema["label"].names == ("4", "30")
    with pytest.raises(
        DataError, match="label: example 5 has the class '1', not among 2, 10; name"
    ):
        data.arrays(
            image=pictures(6),
            label=["10", "2", "2", "10", "2", "1"],
            split=["train"] * 5 + ["test"],
        )


def test_classes_may_be_given():
    by_number = data.arrays(x=torch.rand(4), label=[0, 1, 1, 0], classes=["no", "yes"])
    by_name = data.arrays(x=torch.rand(4), label=["no", "yes", "yes", "no"], classes=["no", "yes"])
    assert by_number.schema["label"] == by_name.schema["label"] == Category(("no", "yes"))
    with pytest.raises(DataError, match="labels must lie in 0 to 1 for 2 classes, got 0 to 2; num"):
        data.arrays(x=torch.rand(3), label=[0, 1, 2], classes=["no", "yes"])
    with pytest.raises(
        DataError,
        match="has the class 'yess', not among no, yes; name it in classes=; did you mean",
    ):
        data.arrays(x=torch.rand(2), label=["no", "yess"], classes=["no", "yes"])


def test_fields_have_their_kinds():
    opened = data.arrays(
        image=np.zeros((6, 4, 5)),
        mask=np.zeros((6, 4, 5), np.uint8),
        words=Ragged.of([torch.arange(i) for i in range(6)]),
        signal=Ragged.of([torch.rand(i, 2) for i in range(6)]),
        table=np.zeros((6, 3)),
        exact=torch.zeros(6, 3, dtype=torch.float64),
        count=[1, 2, 3, 4, 5, 6],
        label=np.array([0, 1] * 3, np.uint8),
        split=["train"] * 6,
    )
    fields = opened.schema.fields
    assert fields["image"].shape == fields["mask"].shape == (1, 4, 5)
    assert isinstance(fields["mask"], Picture)
    assert fields["words"] == Number(is_sequence=True, is_integer=True)
    assert (fields["signal"].shape, fields["signal"].is_sequence) == ((2,), True)
    assert opened.train["table"].dtype == opened.train["image"].dtype == torch.float32
    assert opened.train["exact"].dtype == torch.float64
    assert opened.train["count"].dtype == torch.int64
    assert opened.schema.targets == ("label",)
    assert Schema.from_json(opened.schema.to_json()) == opened.schema


def test_target_may_be_another_field_a_number_or_none():
    assert data.arrays(x=[1.0, 2.0], split=["train"] * 2).schema.targets == ()
    priced = data.arrays(x=[1.0, 2.0], price=[3.0, 4.0], target="price", split=["train"] * 2)
    assert priced.schema.target == "price"
    assert isinstance(priced.schema["price"], Number)
    assert isinstance(
        data.arrays(x=[1.0] * 9, kind=["a"] * 9, target="kind").schema["kind"], Category
    )


def test_strings_are_texts_or_categories():
    opened = data.arrays(
        says=["good day", "good night", None, "bad"],
        color=["red", None, "blue", "green"],
        size=np.array([4, 8, 4, 8]),
        label=["a", "b", "a", "b"],
        categories=("color", "size"),
        split=["train", "train", "train", "test"],
    )
    kinds = opened.schema.fields
    assert kinds["says"].vocabulary == ("good", "day", "night")
    assert [row.tolist() for row in opened.train["says"]] == [[3, 4], [3, 5], []]
    assert kinds["color"] == Category(("blue", "missing", "red"), has_other=True)
    assert opened.train["color"].tolist() == [2, 1, 0]
    assert opened.test["color"].tolist() == [3]
    assert kinds["size"].names == ("4", "8")
    assert opened.test["says"][0].tolist() == [0]
    assert Schema.from_json(opened.schema.to_json()) == opened.schema


def test_arrays_of_the_caller_are_not_changed_nor_seen():
    x = np.arange(10, dtype=np.float32)
    opened = data.arrays(x=x, split=["train"] * 10)
    x[:] = 0
    assert opened.train["x"].tolist() == list(range(10))


def test_fingerprint_tells_content_classes_and_split():
    x, y = pictures(), marks()
    base = data.arrays(image=x, label=y, classes=["a", "b", "c"])
    other = x.clone()
    other[0, 0, 0, 0] ^= 1
    prints = {
        base.fingerprint,
        data.arrays(image=other, label=y, classes=["a", "b", "c"]).fingerprint,
        data.arrays(image=x, label=y, classes=["a", "b", "d"]).fingerprint,
        data.arrays(image=x, label=(y + 1) % 3, classes=["a", "b", "c"]).fingerprint,
        data.arrays(image=x, label=y, classes=["a", "b", "c"], split=["train"] * 60).fingerprint,
    }
    assert len(prints) == 5
    assert all(len(value) == 64 for value in prints)


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({}, "arrays: got no fields; pass at least one, such as image=pictures"),
        ({"x": [1.0], "target": "y"}, "arrays: target 'y' is not among the fields x; pass it as"),
        ({"x": [1.0, float("nan")]}, "arrays: x: example 1 is not finite; replace it or leave it"),
        (
            {"x": [1j, 2j]},
            "arrays: x: expected numbers or texts, got complex128; pass one of them",
        ),
        (
            {"x": [["a"], ["b"]], "categories": ["x"]},
            "arrays: x: expected one text per example, got lists of them; join",
        ),
        (
            {"x": Ragged.of([torch.ones(1)]), "categories": ["x"]},
            "arrays: x: expected one class per example, got a Ragged; pass a list",
        ),
        (
            {"color": ["a"], "categories": ["colour"]},
            "arrays: categories: 'colour' is not among the fields color; .* did you mean 'color'",
        ),
        ({"x": [1.0, 2.0], "group": [1]}, "got x 2, group 1; pass as many of each"),
        ({"x": [1.0, 2.0], "time": [1, 2, 3]}, "got x 2, time 3; pass as many of each"),
        ({"image": np.full((2, 4, 4), 2.0)}, "arrays: image: expected uint8 .* from 2 to 2"),
        (
            {"image": np.zeros((2, 4, 4), int)},
            "arrays: image: expected uint8 .* got int64; convert",
        ),
        (
            {"image": np.zeros((2, 4))},
            r"arrays: image: expected pictures \(N, H, W\) or .*\(2, 4\)",
        ),
        ({"x": 3.0}, "arrays: x: expected one entry per example, got one number; pass a list"),
        ({"x": []}, "arrays: got no examples; pass one or more"),
        (
            {"x": [1.0, 2.0], "y": [1.0]},
            "one entry per example, got x 2, y 1; pass as many of each",
        ),
        ({"x": [1.0, 2.0], "split": ["train"]}, "got x 2, split 1; pass as many of each"),
        ({"x": [1.0], "split": ["dev"]}, "split: example 0 is in 'dev'; expected train, valid or"),
        ({"x": [1.0], "split": ["test"]}, "arrays: no example is left for training, of 1; add"),
        (
            {"x": [1.0], "label": [[1]]},
            r"label: expected one label per example, got shape \(1, 1\)",
        ),
        ({"x": Ragged(torch.zeros(3), torch.tensor([0, 2]))}, "ragged: offsets must rise from 0"),
    ],
)
def test_bad_fields_are_named(fields, text):
    with pytest.raises((DataError, ShapeError), match=text):
        data.arrays(**fields)
