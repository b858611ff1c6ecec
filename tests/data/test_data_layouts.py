"""The same pictures in the layouts that people use: which label and which part each has."""

import pytest

from brique import data
from brique.errors import DataError
from layouts import by_class, parts, picture, told, write

LABELS = ("cat", "dog")


def one(findings, kind):
    return next(finding for finding in findings if finding.kind == kind)


def held(opened, part):
    """Return the pictures of a part; of train with those that were held out for valid."""
    wanted = ("train", "valid") if part == "train" else (part,)
    return {name for name, here in parts(opened).items() if here in wanted}


def everything(*folders, n=6):
    return {f"{folder}/{i}.png" for folder in folders for i in range(n)}


# Parts


@pytest.mark.parametrize(
    ("train", "test"),
    [
        ("train", "test"), ("Train", "Test"), ("TRAIN", "TEST"), ("training", "testing"),
        ("train_set", "test_set"), ("TRAIN-SET", "test-set"), ("trainset", "testset"),
        ("train_images", "test_images"), ("images_train", "images-test"), ("train2017", "test2017"),
        ("seg_train", "seg_test"), ("Training Data", "Test Data"),
    ],
)  # fmt: skip
def test_folders_named_as_parts_are_parts(tmp_path, train, test):
    by_class(tmp_path / "zoo" / train)
    by_class(tmp_path / "zoo" / test, start=500)
    opened = data.open(tmp_path / "zoo")
    assert opened.schema["label"].names == LABELS
    for part, folder in (("train", train), ("test", test)):
        assert held(opened, part) == everything(f"{folder}/cat", f"{folder}/dog")
    assert all(label == name.split("/")[1] for name, label in told(opened).items())


@pytest.mark.parametrize("valid", ["valid", "val", "validation", "dev", "Dev", "VAL_SET"])
def test_a_valid_part_has_many_names(tmp_path, valid):
    for start, folder in enumerate(("train", valid, "test")):
        by_class(tmp_path / "zoo" / folder, start=500 * start)
    opened = data.open(tmp_path / "zoo")
    assert held(opened, "valid") == everything(f"{valid}/cat", f"{valid}/dog")
    assert held(opened, "test") == everything("test/cat", "test/dog")


def test_parts_may_lie_within_each_class(tmp_path):
    for start, name in enumerate(LABELS):
        by_class(tmp_path / "zoo" / name, classes=("train", "test"), start=500 * start)
    picture(tmp_path / "zoo" / "cat" / "odd.png", 99)
    opened = data.open(tmp_path / "zoo")
    assert opened.schema["label"].names == LABELS
    assert held(opened, "train") == everything("cat/train", "dog/train")
    assert held(opened, "test") == everything("cat/test", "dog/test")
    assert one(opened.audit(), "left out").items == (("cat/odd.png",),)


def test_folders_above_the_classes_say_nothing(tmp_path):
    by_class(tmp_path / "zoo" / "photos" / "all")
    write(tmp_path / "zoo" / "readme.txt", "about")
    opened = data.open(tmp_path / "zoo")
    assert opened.schema["label"].names == LABELS
    twice = tmp_path / "twice"
    by_class(twice / "seg_train" / "seg_train")
    by_class(twice / "seg_test" / "seg_test", start=500)
    opened = data.open(twice)
    assert opened.schema["label"].names == LABELS
    assert held(opened, "test") == everything("seg_test/seg_test/cat", "seg_test/seg_test/dog")


def test_pictures_of_parts_without_classes_have_none(tmp_path):
    for start, folder in enumerate(("train", "test")):
        for i in range(6):
            picture(tmp_path / "zoo" / folder / f"{i}.png", 100 * start + i)
    opened = data.open(tmp_path / "zoo")
    assert opened.schema.targets == ()
    assert held(opened, "train") == everything("train")
    assert held(opened, "test") == everything("test")


def test_pictures_to_be_asked_are_no_test_part(tmp_path):
    by_class(tmp_path / "zoo" / "train")
    for i in range(4):
        picture(tmp_path / "zoo" / "test" / f"{i}.png", 900 + i)
    opened = data.open(tmp_path / "zoo")
    assert told(opened).keys() == everything("train/cat", "train/dog")
    finding = one(opened.audit(), "left out")
    assert finding.count == 4
    assert finding.severity == "warning"
    assert "4 pictures of test without a class, which can only be asked (brique predict RUN" in (
        finding.reason
    )


@pytest.mark.parametrize(
    ("folders", "text"),
    [
        (("test", *LABELS), r"zoo: test may be a part of the data or a class, beside cat and dog; .*"
         r"a folder train beside it; for a class, say --rename 'test=test'"),
        (("valid", "test"), "zoo: expected a folder train beside test, valid, got none; name it"),
        (("train", "Training"), "zoo: train and Training are both the train part; keep one, or say"),
        (("dev", "val", "train"), "zoo: dev and val are both the valid part; keep one"),
        (("cat/test", "dog/test"), "zoo: expected a folder train beside test in the folder of each"),
    ],
)  # fmt: skip
def test_parts_that_are_not_clear_are_refused(tmp_path, folders, text):
    for start, folder in enumerate(folders):
        for i in range(3):
            picture(tmp_path / "zoo" / folder / f"{i}.png", 100 * start + i)
    with pytest.raises(DataError, match=text):
        data.open(tmp_path / "zoo")


def test_what_belongs_to_no_part_is_counted(tmp_path):
    by_class(tmp_path / "zoo" / "train")
    by_class(tmp_path / "zoo" / "test", start=500)
    picture(tmp_path / "zoo" / "cover.png", 1)
    picture(tmp_path / "zoo" / "train" / "loose.png", 2)
    by_class(tmp_path / "zoo" / "extra", n=2, start=700)
    opened = data.open(tmp_path / "zoo")
    assert len(told(opened)) == 24
    said = {f.reason: f.items for f in opened.audit() if f.kind == "left out"}
    lone, rest = "Left out: 1 picture in no class's folder", "Left out: 5 pictures in no part's"
    assert {reason.split(" folder")[0] + " folder" for reason in said} == {
        f"{lone.removesuffix(' folder')} folder", f"{rest} folder"
    }  # fmt: skip
    items = {item for some in said.values() for (item,) in some}
    assert items == {"cover.png", "train/loose.png", *everything("extra/cat", "extra/dog", n=2)}


# Folders within those of classes, and links


def test_pictures_in_folders_within_a_class_are_read(tmp_path):
    root = by_class(tmp_path / "zoo")
    for i in range(4):
        picture(root / "cat" / "night" / "deep" / f"{i}.png", 50 + i)
    opened = data.open(root)
    inner = everything("cat/night/deep", n=4)
    assert told(opened) == {name: name.split("/")[0] for name in everything("cat", "dog") | inner}
    finding = one(opened.audit(), "subfolders")
    assert {item for (item,) in finding.items} == inner
    assert (
        "4 pictures in folders within that of a class, read as of that class: cat/night/deep"
        in (finding.reason)
    )


def test_links_to_pictures_and_folders_are_followed(tmp_path):
    by_class(tmp_path / "store")
    root = by_class(tmp_path / "zoo", classes=("cat",))
    (root / "dog").symlink_to(tmp_path / "store" / "dog")
    (root / "cat" / "more.png").symlink_to(tmp_path / "store" / "dog" / "0.png")
    (root / "cat" / "up").symlink_to(root)
    opened = data.open(root)
    wanted = {name: name.split("/")[0] for name in everything("cat", "dog")}
    assert told(opened) == {**wanted, "cat/more.png": "cat"}


# Classes in names


NAMED = {
    "{label}.{number}": "{}.{}.jpg",
    "{label}_{number}": "{}_{}.png",
    "{label}-{number}": "{}-{}.JPEG",
    "{label} ({number})": "{} ({}).png",
    "{number}_{label}": "{1}_{0}.png",
    "shot_{number}_{label}": "shot_{1}_{0}.png",
}


@pytest.mark.parametrize("names", NAMED)
@pytest.mark.parametrize("labels", [LABELS, ("n01440764", "n01443537"), ("big_cat", "hot-dog")])
def test_classes_are_taken_from_the_names_of_files(tmp_path, names, labels):
    wanted = {}
    for c, label in enumerate(labels):
        for i in range(6):
            name = NAMED[names].format(label, i)
            picture(tmp_path / "zoo" / name, 100 * c + i)
            wanted[name] = label
    opened = data.open(tmp_path / "zoo", names=names)
    assert told(opened) == wanted
    assert opened.schema["label"].names == labels


def test_names_say_classes_below_parts_too(tmp_path):
    for i in range(12):
        picture(tmp_path / "zoo" / "train" / f"{LABELS[i % 2]}.{i}.jpg", i)
    for i in range(3):
        picture(tmp_path / "zoo" / "test" / f"{i}.jpg", 100 + i)
    opened = data.open(tmp_path / "zoo", names="{label}.{number}")
    assert told(opened) == {f"train/{LABELS[i % 2]}.{i}.jpg": LABELS[i % 2] for i in range(12)}
    finding = one(opened.audit(), "left out")
    assert "3 pictures not named as {label}.{number}, such as test/0.jpg" in finding.reason


def test_names_choose_test_and_groups(tmp_path):
    for i in range(24):
        picture(tmp_path / "zoo" / f"{LABELS[i % 2]}_cam{i % 4}_{i}.png", i)
    names = "{label}_{camera}_{number}"
    opened = data.open(tmp_path / "zoo", names=names, test="camera=cam1,cam2")
    assert held(opened, "test") == {
        f"{LABELS[i % 2]}_cam{i % 4}_{i}.png" for i in range(24) if i % 4 in (1, 2)
    }
    opened = data.open(tmp_path / "zoo", names=names, group="camera", target="label")
    assert opened.train.groups is not None
    cameras = [{name.split("_")[1] for name in held(opened, part)} for part in ("train", "test")]
    assert not cameras[0] & cameras[1]


def test_names_that_plainly_hold_classes_tell_the_flag(tmp_path):
    for i in range(12):
        picture(tmp_path / "zoo" / f"{LABELS[i % 2]}.{i}.jpg", i)
        picture(tmp_path / "camera" / f"IMG_{i:04d}.jpg", i)
    opened = data.open(tmp_path / "zoo")
    assert opened.schema.targets == ()
    assert any("--names '{label}.{number}' takes these for classes" in n for n in opened.notes)
    assert not any("--names" in note for note in data.open(tmp_path / "camera").notes)


@pytest.mark.parametrize(
    ("names", "text"),
    [
        ("{label}_{what}", r"zoo: big_cat_0.png can be cut as \{label\}_\{what\} in two ways: label"
         r" 'big' what 'cat_0', or label 'big_cat' what '0'; name what is digits alone \{number\}"),
        ("label_number", "--names must hold fields in braces"),
        ("{image}_{number}", "--names must hold fields in braces"),
        ("{label}+{number}", r"none of its 4 pictures is named as \{label\}\+\{number\}, the first"),
        ("{kind}_{place}_{number}", "none of kind, place, number is named label; say with --target"),
    ],
)  # fmt: skip
def test_names_that_do_not_fit_are_refused(tmp_path, names, text):
    for i in range(4):
        picture(tmp_path / "zoo" / f"big_{['cat', 'dog'][i % 2]}_{i}.png", i)
    with pytest.raises(DataError, match=text):
        data.open(tmp_path / "zoo", names=names)
