"""Folders of pictures by class."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from brique import data
from brique.data import audit
from brique.errors import DataError


def picture(path: Path, seed: int, size=(20, 16), mode="RGB") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    shape = size if mode == "L" else (*size, 3)
    pixels = np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)
    Image.fromarray(pixels).save(path)


def zoo(root: Path, classes=("cat", "dog"), n=10, start=0, **options) -> Path:
    for c, name in enumerate(classes):
        for i in range(n):
            picture(root / name / f"{i}.png", start + c * 1000 + i, **options)
    return root


def test_folder_names_are_the_classes(tmp_path):
    opened = data.open(zoo(tmp_path / "zoo", ("10", "2", "1")))
    assert opened.name == "zoo"
    assert opened.schema["label"].names == ("1", "2", "10")
    assert opened.schema["image"].shape == (3, 20, 16)
    assert [len(opened.train), len(opened.valid), len(opened.test)] == [21, 3, 6]
    assert opened.skipped == ()


def test_training_and_prepare_see_the_same_pixels(tmp_path):
    root = zoo(tmp_path / "zoo", n=4)
    picture(root / "cat" / "0.png", 7, size=(40, 90))
    picture(root / "dog" / "1.png", 8, size=(33, 17), mode="L")
    Image.open(root / "dog" / "2.png").convert("P").save(root / "dog" / "2.png")
    Image.open(root / "dog" / "3.png").save(root / "dog" / "4.jpg")
    files = [root / "cat" / f"{i}.png" for i in range(4)]
    files += [root / "dog" / name for name in ("0.png", "1.png", "2.png", "3.png", "4.jpg")]
    for options in ({}, {"size": 24}, {"channels": 1}, {"size": 9, "channels": 3}):
        opened = data.open(root, **options)
        kind = opened.schema["image"]
        for split in (opened.train, opened.valid, opened.test):
            for i, pixels in zip(split.ids.tolist(), split["image"], strict=True):
                assert torch.equal(kind.prepare(files[i]), pixels)


def test_grey_folders_have_one_channel_and_prepare_agrees(tmp_path):
    root = zoo(tmp_path / "zoo", n=5, mode="L", size=(30, 50))
    Image.open(root / "cat" / "0.png").convert("RGB").save(root / "cat" / "0.png")
    opened = data.open(root, size=12)
    assert opened.schema["image"].shape == (1, 12, 12)
    first = opened.schema["image"].prepare(root / "cat" / "0.png")
    everything = torch.cat([s["image"] for s in (opened.train, opened.valid, opened.test)])
    assert any(torch.equal(first, pixels) for pixels in everything)
    picture(root / "cat" / "color.png", 1)
    assert data.open(root).schema["image"].shape[0] == 3


def test_size_of_unlike_or_large_pictures_is_64(tmp_path):
    root = zoo(tmp_path / "zoo", n=4)
    picture(root / "cat" / "9.png", 9, size=(30, 30))
    opened = data.open(root)
    assert opened.schema["image"].shape == (3, 64, 64)
    assert opened.notes == (
        "zoo: its pictures have 2 sizes, so each is scaled and cropped to 64 x 64; --size chooses "
        "another.",
    )
    large = data.open(zoo(tmp_path / "large", n=3, size=(130, 20)))
    assert large.schema["image"].shape == (3, 64, 64)
    assert "its pictures have 20 x 130 pixels" in large.notes[0]


def test_parts_are_obeyed_and_joined_by_name(tmp_path):
    root = tmp_path / "zoo"
    zoo(root / "train", ("cat", "dog", "eel"), n=10)
    zoo(root / "val", ("dog", "eel"), n=2, start=50)
    zoo(root / "test", ("eel", "cat"), n=3, start=80)
    opened = data.open(root)
    assert [len(opened.train), len(opened.valid), len(opened.test)] == [30, 4, 6]
    assert opened.schema["label"].names == ("cat", "dog", "eel")
    assert sorted(opened.valid["label"].tolist()) == [1, 1, 2, 2]
    assert sorted(opened.test["label"].tolist()) == [0, 0, 0, 2, 2, 2]
    assert "zoo: valid holds no picture of cat." in opened.notes
    assert "zoo: test holds no picture of dog." in opened.notes


def test_missing_parts_are_drawn_from_train(tmp_path):
    root = tmp_path / "zoo"
    zoo(root / "train", n=10)
    zoo(root / "test", n=3, start=80)
    opened = data.open(root)
    assert [len(opened.train), len(opened.valid), len(opened.test)] == [18, 2, 6]
    assert "zoo: valid is 2 of its 20 training examples, held out by a fixed draw." in opened.notes


def test_a_folder_train_beside_classes_is_a_question(tmp_path):
    root = zoo(tmp_path / "zoo", ("train", "bus", "test"))
    text = r"zoo: test and train may be a part of the data or a class, beside bus; .*'train=train'"
    with pytest.raises(DataError, match=text):
        data.open(root)
    opened = data.open(root, rename={"train": "train", "test": "tests"})
    assert opened.schema["label"].names == ("bus", "tests", "train")


def test_test_pictures_may_lie_elsewhere(tmp_path):
    root, other = zoo(tmp_path / "zoo"), zoo(tmp_path / "other", n=3, start=60)
    opened = data.open(root, test=other)
    assert [len(opened.train), len(opened.valid), len(opened.test)] == [18, 2, 6]
    with pytest.raises(DataError, match=r"zoo: --test.*none is not a folder; give one of pictures"):
        data.open(root, test=tmp_path / "none")
    zoo(tmp_path / "whole" / "train")
    zoo(tmp_path / "whole" / "test", start=9)
    with pytest.raises(DataError, match="whole: it already has a folder test; leave out --test"):
        data.open(tmp_path / "whole", test=other)


def test_unknown_class_outside_train_is_an_error(tmp_path):
    zoo(tmp_path / "zoo" / "train", ("cat", "dog"))
    zoo(tmp_path / "zoo" / "test", ("cat", "dogs"), start=50)
    text = r"zoo: test holds classes that train does not: dogs; rename .* did you mean 'dog'\?"
    with pytest.raises(DataError, match=text):
        data.open(tmp_path / "zoo")


def test_unreadable_pictures_are_listed_and_left_out(tmp_path):
    root = zoo(tmp_path / "zoo")
    (root / "cat" / "bad.jpg").write_text("no")
    (root / "dog" / "photo.heic").write_bytes(b"....ftypheic")
    (root / "dog" / "notes.txt").write_text("notes")
    (root / "dog" / ".hidden.png").write_text("hidden")
    whole = (root / "dog" / "3.png").read_bytes()
    (root / "dog" / "3.png").write_bytes(whole[: len(whole) // 2])
    opened = data.open(root)
    assert dict(opened.skipped).keys() == {"cat/bad.jpg", "dog/photo.heic", "dog/3.png"}
    reasons = dict(opened.skipped)
    assert reasons["cat/bad.jpg"].startswith("expected a picture (JPEG,")
    assert reasons["dog/photo.heic"] == ".heic is not read; convert it to JPEG or PNG"
    assert reasons["dog/3.png"].startswith("is damaged (its end is missing)")
    assert sum(len(s) for s in (opened.train, opened.valid, opened.test)) == 19
    assert "zoo: 3 of 22 pictures cannot be read and are left out." in opened.notes
    assert "dog: notes.txt not named as pictures, ignored." in opened.notes


def test_a_link_to_nowhere_is_listed(tmp_path):
    root = zoo(tmp_path / "zoo")
    (root / "cat" / "gone.png").symlink_to(tmp_path / "nothing.png")
    assert data.open(root).skipped == (
        ("cat/gone.png", "is a link that leads nowhere; mend or remove it"),
    )


def test_a_class_without_pictures_is_noted(tmp_path):
    root = zoo(tmp_path / "zoo")
    (root / "eel").mkdir()
    picture(root / "cover.png", 3)
    opened = data.open(root)
    assert opened.schema["label"].names == ("cat", "dog")
    assert opened.notes == ("eel: holds no pictures, so it is not a class.",)
    finding = next(one for one in audit.findings(opened) if one.kind == "left out")
    assert finding.items == (("cover.png",),)
    assert finding.severity == "warning"
    assert finding.reason == "Left out: 1 picture in no class's folder, such as cover.png."


def only_bad(root):
    for name in ("cat", "dog"):
        (root / name).mkdir(parents=True)
        (root / name / "1.png").write_text("no")


def two_trains(root):
    zoo(root / "train")
    zoo(root / "training")


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda root: root.mkdir(), "zoo: is an empty folder; check the path"),
        (lambda root: zoo(root, ("cat",)), "zoo: expected two classes or more to train on, got "
         "cat; give each class a folder of its own"),
        (lambda root: picture(root / "1.png", 0), "zoo/cat/1.jpg, got 1.png in one folder; "
         "put each into the folder of its class"),
        (lambda root: zoo(root / "test"), "zoo: expected a folder train beside test, got none"),
        (two_trains, "zoo: train and training are both the train part; keep one"),
        (only_bad, "zoo: none of its 2 pictures can be read; the first, cat/1.png: expected"),
        (lambda root: (root / "train" / "cat").mkdir(parents=True), "zoo: holds nothing of a known "
         "kind, but train; give a file"),
    ],
)  # fmt: skip
def test_folders_that_are_no_data_set_are_named(tmp_path, make, text):
    make(tmp_path / "zoo")
    with pytest.raises(DataError, match=text):
        data.open(tmp_path / "zoo")
