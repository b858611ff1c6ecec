"""Data sets that are objects: of Hugging Face, of torchvision, data frames, dicts of arrays."""

import numpy as np
import pytest
import torch
from PIL import Image

from brique import data
from brique.errors import DataError
from brique.schema import Category, Number, Picture, Text


def sizes(opened):
    return [len(opened.train), len(opened.valid), len(opened.test)]


def picture(seed, size=(6, 5), mode="L"):
    shape = (*size, 3) if mode == "RGB" else size
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, shape, np.uint8))


class Whole:
    """As torchvision's CIFAR10: pictures and classes as a whole."""

    classes = ("cat", "dog", "cow")

    def __init__(self, n, transform=None, seed=0):
        self.data = np.random.default_rng(seed).integers(0, 256, (n, 6, 5, 3), np.uint8)
        self.targets = [i % 3 for i in range(n)]
        self.transform = transform

    def __len__(self):
        return len(self.data)

    def __getitem__(self, i):
        if not 0 <= i < len(self):
            raise IndexError(i)
        return Image.fromarray(self.data[i]), self.targets[i]


class Items:
    """As torchvision's ImageFolder: one example at a time."""

    def __init__(self, items, classes=None):
        self.items = items
        if classes:
            self.classes = classes

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        return self.items[i]


def test_pictures_as_a_whole_are_taken_as_they_are():
    given = Whole(60)
    opened = data.open((given, Whole(9, seed=1)))
    assert sizes(opened) == [54, 6, 9]
    assert opened.schema["image"].shape == (3, 6, 5)
    assert opened.schema["label"].names == ("cat", "cow", "dog")
    stored = opened.train["image"][0].numpy().transpose(1, 2, 0)
    assert np.array_equal(stored, given.data[int(opened.train.ids[0])])
    assert opened.test.name(int(opened.test.ids[0])) == "test 0"
    assert [opened.schema["label"].restore(n) for n in opened.test["label"][:3]] == ["cat", "dog",
                                                                                     "cow"]  # fmt: skip
    same = data.open({"train": given, "test": Whole(9, seed=1)})
    assert same.fingerprint == opened.fingerprint
    changed = data.open(Whole(60, transform=len))
    assert changed.notes == (
        "whole: its pictures are read as stored, without its transform; use size=, channels="
        " and augment= instead.",
    )


def test_pictures_one_by_one_are_brought_to_one_size():
    items = [(picture(i), i % 2) for i in range(30)]
    opened = data.open(Items(items, ["no", "yes"]))
    assert sizes(opened) == [22, 2, 6]
    assert opened.schema["image"].shape == (1, 6, 5)
    assert opened.schema["label"].names == ("no", "yes")
    row = int(opened.train.ids[3])
    assert np.array_equal(opened.train["image"][3, 0].numpy(), np.asarray(items[row][0]))
    mixed = data.open(Items([*items, (picture(99, (9, 9), "RGB"), 1)], ["no", "yes"]))
    assert mixed.schema["image"].shape == (3, 64, 64)
    assert "pictures of several sizes, or large ones, are fitted to 64 x 64" in mixed.notes[0]
    small = data.open(Items(items, ["no", "yes"]), size=8, channels=3)
    assert small.schema["image"].shape == (3, 8, 8)
    assert torch.equal(small.train.ids, opened.train.ids)  # a size moves nothing
    part = torch.utils.data.Subset(Whole(30), range(20))
    assert data.open(part).schema["label"].names == ("cat", "cow", "dog")


def test_items_may_be_tensors_dicts_or_texts():
    points = torch.utils.data.TensorDataset(torch.rand(30, 4), torch.arange(30) % 3)
    opened = data.open(points)
    assert opened.schema["x"].shape == (4,)
    assert opened.schema["label"].names == ("0", "1", "2")
    said = [{"says": f"word{i} here and there", "grade": i / 7} for i in range(30)]
    opened = data.open(Items(said), target="grade")
    assert isinstance(opened.schema["says"], Text)
    assert isinstance(opened.schema["grade"], Number)
    assert opened.schema.target == "grade"
    floats = [(torch.rand(3, 4, 4), i % 2) for i in range(20)]
    assert data.open(Items(floats)).schema["image"].shape == (3, 4, 4)


def test_a_picture_that_cannot_be_read_is_left_out():
    bad = Image.fromarray(np.full((6, 5), 2e9, np.float32))  # brightness beyond all
    items = [(picture(i), i % 2) for i in range(20)]
    items[4] = (bad, 0)
    opened = data.open(Items(items, ["no", "yes"]))
    assert sum(sizes(opened)) == 19
    assert opened.skipped[0][0] == "items: image 4"
    assert "expected finite brightness up to 16,777,216, got 2e+09 to 2e+09" in opened.skipped[0][1]
    assert opened.train.name(4) == "example 5"
    with pytest.raises(DataError, match="items: image: not one of 3 pictures can be read; look"):
        data.open(Items([(bad, 0)] * 3))


def hugging_face(n, seed=0):
    datasets = pytest.importorskip("datasets")
    draw = np.random.default_rng(seed)
    features = datasets.Features(
        {
            "picture": datasets.Image(),
            "says": datasets.Value("string"),
            "color": datasets.Value("string"),
            "size": datasets.Value("float32"),
            "past": datasets.Sequence(datasets.Value("int64")),
            "tags": datasets.Sequence(datasets.ClassLabel(names=["N", "V"])),
            "who": datasets.Value("int64"),
            "label": datasets.ClassLabel(names=["no", "yes"]),
        }
    )
    columns = {
        "picture": [picture(seed + i) for i in range(n)],
        "says": [f"{draw.integers(99)} words of number {i}" for i in range(n)],
        "color": [["red", "green", None][i % 3] for i in range(n)],
        "size": [None if i == 1 else i / 2 for i in range(n)],
        "past": [list(range(i % 4)) for i in range(n)],
        "tags": [[0, 1, 1][: i % 4] for i in range(n)],
        "who": [i // 4 for i in range(n)],
        "label": [i % 2 for i in range(n)],
    }
    return datasets.Dataset.from_dict(columns, features=features)


def test_data_sets_of_hugging_face_say_what_they_are():
    given = hugging_face(40)
    opened = data.open(given, group="who")
    kinds = opened.schema.fields
    assert kinds["picture"].shape == (1, 6, 5)
    assert isinstance(kinds["says"], Text)
    assert kinds["color"] == Category(("green", "missing", "red"), has_other=True)
    assert kinds["size"].fill is not None
    assert (kinds["past"].is_sequence, kinds["past"].is_integer) == (True, True)
    assert kinds["tags"].names == ("N", "V")
    assert "who" not in kinds
    assert opened.schema.targets == ("label",)
    held = [set((part.ids // 4).tolist()) for part in (opened.train, opened.valid, opened.test)]
    assert not held[0] & held[2]
    assert not held[0] & held[1]
    row = int(opened.train.ids[2])
    assert np.array_equal(opened.train["picture"][2, 0].numpy(), np.asarray(given[row]["picture"]))
    assert opened.train["past"][2].tolist() == list(range(row % 4))
    changed = data.open(given, types={"who": "leave", "color": "text"}, rename={"yes": "ja"})
    assert "who" not in changed.schema.fields
    assert isinstance(changed.schema["color"], Text)
    assert changed.schema["label"].names == ("ja", "no")


def test_parts_of_hugging_face_are_obeyed():
    datasets = pytest.importorskip("datasets")
    parts = datasets.DatasetDict(
        train=hugging_face(30), validation=hugging_face(6, 100), test=hugging_face(9, 200)
    )
    assert sizes(data.open(parts)) == [30, 6, 9]
    more = datasets.DatasetDict(train=hugging_face(30), unsupervised=hugging_face(6, 100))
    opened = data.open(more)
    assert sum(sizes(opened)) == 30
    assert opened.notes[0] == "Left out: unsupervised, neither train, valid nor test."
    chosen = hugging_face(40).select(range(5, 25)).shuffle(seed=1)
    assert sum(sizes(data.open(chosen))) == 20


def test_a_data_set_that_streams_is_refused():
    streaming = hugging_face(4).to_iterable_dataset()
    with pytest.raises(DataError, match="a streaming data set has no length and no order to"):
        data.open(streaming)


def test_frames_are_read_by_their_columns():
    pyarrow = pytest.importorskip("pyarrow")
    frame = pyarrow.table(
        {
            "height": [1.5 + i / 10 for i in range(40)],
            "city": pyarrow.array([["Ulm", "Bonn"][i % 2] for i in range(40)]).dictionary_encode(),
            "says": [f"this is number {i}" for i in range(40)],
            "day": pyarrow.array(np.arange("2020-01-01", "2020-02-10", dtype="datetime64[D]")),
            "kind": [["a", "b", None][i % 3] for i in range(40)],
            "bytes": [b"x"] * 40,
        }
    )
    opened = data.open(frame, target="city", time="day")
    assert sizes(opened) == [29, 3, 8]
    assert opened.schema["city"].names == ("Bonn", "Ulm")
    assert opened.schema["kind"].has_other
    assert isinstance(opened.schema["height"], Number)
    assert isinstance(opened.schema["says"], Text)
    assert "the column 'bytes' (binary) is left out" in opened.notes[0]
    assert "train is 2020-01-01 to 2020-01-29 (29)" in opened.notes[1]
    assert data.open(frame.drop_columns(["day"]), target=2).schema.target == "city"


def test_dicts_of_arrays_are_arrays():
    fields = {"image": np.zeros((20, 1, 4, 4)), "color": ["a", "b"] * 10, "label": [0, 1] * 10,
              "who": np.arange(20) // 2}  # fmt: skip
    fields["image"] += np.arange(20)[:, None, None, None] / 20
    opened = data.open(fields, group="who", types={"color": "category"})
    assert isinstance(opened.schema["image"], Picture)
    assert opened.schema["color"].has_other
    assert "who" not in opened.schema.fields
    parts = {"train": {"x": np.arange(20.0), "label": ["a", "b"] * 10},
             "test": {"x": np.arange(4.0), "label": ["a", "b"] * 2}}  # fmt: skip
    assert sizes(data.open(parts)) == [18, 2, 4]


class Strange:
    features = None

    def __iter__(self):
        return iter(())


@pytest.mark.parametrize(
    ("given", "options", "text"),
    [
        (3, {}, "data: cannot be read from a int; pass a Hugging Face or torchvision data set"),
        ((1, 2), {}, r"data: expected \(train, test\) or \(train, valid, test\), got 2 entries"),
        (Strange(), {}, "strange: a streaming data set has no length and no order"),
        ({"test": Whole(3)}, {}, "data: expected a part 'train' beside test; name one so"),
        (Items([]), {}, "items: holds no examples; fill it first"),
        (Items([3.5]), {}, r"items: expected examples \(input, label\) or dicts, got a float"),
        (
            (Whole(3), Items([("a", 0)])),
            {},
            "train and test must have the same fields, but 'image'",
        ),
        ((Whole(3), Whole(0)), {}, "whole: test holds no examples; leave it out"),
        (
            Whole(9),
            {"target": "lable"},
            "target= names 'lable', which is not among the fields imag",
        ),
        (Whole(9), {"group": "who"}, "group= names 'who', which is not among the fields image"),
        (Whole(9), {"time": "day"}, "time= names 'day', which is not among the fields"),
        (Whole(9), {"types": {"lab": "text"}}, "types= names 'lab', which is not among the fields"),
        (Whole(9), {"header": True}, "whole: --header means nothing for an object"),
        (Whole(9), {"kind": "pictures"}, "data: kind='pictures' is for files, but a Whole"),
        ({"x": np.arange(9.0)}, {"group": "who"}, "arrays: group= names 'who', which is not among"),
        (
            Items([("some words here", i) for i in range(9)]),
            {"types": {"x": "number"}},
            "items: x: example 0: expected a number, got 'some words here'; name another type",
        ),
        (
            Items([{"x": [[1.0]]}, {"x": [[1.0, 2.0], [3.0, 4.0]]}]),
            {},
            r"items: x: arrays may differ in length only, got shapes \(1, 1\), \(2, 2\)",
        ),
        (
            Items([{"x": np.array([1j])}, {"x": np.array(["a"])}]),
            {},
            "items: x: expected numbers, got .*; leave the field out",
        ),
        (
            {"train": {"x": [1.0, 2.0], "y": [1]}, "test": {"x": [1.0], "y": [1]}},
            {},
            "arrays: fields must have one entry per example, got x 2, y 1; correct them",
        ),
    ],
)
def test_objects_that_cannot_be_read_are_named(given, options, text):
    with pytest.raises(DataError, match=text):
        data.open(given, **options)


def test_a_table_without_a_column_that_can_be_read_is_named():
    pyarrow = pytest.importorskip("pyarrow")
    with pytest.raises(DataError, match="table: the table has no column that can be read; give"):
        data.open(pyarrow.table({"x": [b"a", b"b"]}))
