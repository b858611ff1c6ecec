"""What people's files hold beside pictures, and how they are asked: right, and to stay so."""

import io
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from brique import data
from brique.data import audit
from brique.data.rows import describe
from brique.data.rows.inputs import read_inputs
from brique.errors import DataError
from brique.page import audit as audit_page
from brique.schema import Number, Picture
from layouts import by_class, picture, told, write

CATS_AND_DOGS = {f"{name}/{i}.png": name for name in ("cat", "dog") for i in range(6)}


def junk(root: Path, folders=("", "cat/", "dog/")) -> Path:
    """Put beside the pictures what systems and editors leave there."""
    for folder in folders:
        write(root / f"{folder}.DS_Store", "junk")
        write(root / f"{folder}Thumbs.db", "junk")
        write(root / f"{folder}desktop.ini", "junk")
        picture(root / f"{folder}.ipynb_checkpoints" / "0-checkpoint.png", 900)
        picture(root / f"{folder}._0.png", 901)
    picture(root / "__MACOSX" / "cat" / "._0.png", 902)
    (root / "eel").mkdir()
    return root


def test_hidden_and_junk_files_are_no_pictures(tmp_path):
    opened = data.open(junk(by_class(tmp_path / "zoo")))
    assert told(opened) == CATS_AND_DOGS
    assert opened.schema["label"].names == ("cat", "dog")
    assert opened.skipped == ()
    assert "eel: holds no pictures, so it is not a class." in opened.notes


def packed(path: Path, entries) -> Path:
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as opened:
            for name, some in entries:
                entry = zipfile.ZipInfo("x")
                entry.filename = name  # as it is, with its backslashes
                opened.writestr(entry, some)
        return path
    with tarfile.open(path, "w:gz") as opened:
        for name, some in entries:
            entry = tarfile.TarInfo(name)
            entry.size = len(some)
            opened.addfile(entry, io.BytesIO(some))
    return path


@pytest.mark.parametrize("system", ["mac", "windows", "linux"])
def test_archives_of_three_systems_hold_the_same_pictures(tmp_path, system):
    root = by_class(tmp_path / "zoo")
    plain = data.open(root)
    entries = [(f.relative_to(tmp_path).as_posix(), f.read_bytes()) for f in root.glob("*/*.png")]
    if system == "mac":
        above = [(f"__MACOSX/{Path(n).parent}/._{Path(n).name}", b"\0\5\x16\7") for n, _ in entries]
        path = packed(tmp_path / "zoo.zip", [*entries, *above, ("zoo/.DS_Store", b"Bud1")])
    elif system == "windows":
        path = packed(tmp_path / "zoo.zip", [(n.replace("/", "\\"), some) for n, some in entries])
    else:
        path = packed(tmp_path / "zoo.tar.gz", [(f"./{name}", some) for name, some in entries])
    opened = data.open(path)
    assert told(opened) == CATS_AND_DOGS
    assert opened.fingerprint == plain.fingerprint


KINDS = [
    ("png", mode) for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")
] + [
    ("jpg", mode) for mode in ("L", "RGB", "CMYK")
] + [
    ("tif", mode) for mode in ("1", "L", "P", "RGB", "RGBA", "CMYK", "I;16")
] + [
    ("bmp", mode) for mode in ("1", "L", "P", "RGB")
] + [
    ("gif", mode) for mode in ("L", "P")
] + [
    ("webp", mode) for mode in ("RGB", "RGBA")
] + [("pgm", "L"), ("ppm", "RGB")]  # fmt: skip


def test_27_kinds_of_picture_file_are_read_alike_when_asked(tmp_path):
    assert len(KINDS) == 27
    for number, (ending, mode) in enumerate(KINDS):
        name = "ab"[number % 2]
        path = tmp_path / "zoo" / name / f"{number}.{ending}"
        if mode == "I;16":
            path.parent.mkdir(parents=True, exist_ok=True)
            deep = np.random.default_rng(number).integers(0, 1 << 16, (12, 10)).astype(np.uint16)
            Image.fromarray(deep).save(path)
        else:
            picture(path, number, mode=mode)
    opened = data.open(tmp_path / "zoo")
    assert opened.skipped == ()
    assert len(told(opened)) == 27
    kind = opened.schema["image"]
    for split in (opened.train, opened.valid, opened.test):
        for place, row in enumerate(split.ids.tolist()):
            asked = kind.prepare(tmp_path / "zoo" / split.name(row))
            assert torch.equal(asked, split["image"][place])


def test_pictures_of_other_sizes_are_asked(tmp_path):
    opened = data.open(by_class(tmp_path / "zoo"))
    large = picture(tmp_path / "asked" / "large.png", 7, size=(90, 40))
    grey = picture(tmp_path / "asked" / "grey.jpg", 8, size=(9, 9), mode="L")
    asked = read_inputs(opened.schema, (tmp_path / "asked",))
    assert [one.file for one in asked] == [grey, large]
    assert [opened.schema["image"].prepare(one.value).shape for one in asked] == [(3, 12, 10)] * 2


def test_columns_may_stand_in_another_order_when_asked(tmp_path):
    rows = [f"{i},{'uv'[i % 2]},{'ab'[i % 2]}" for i in range(40)]
    write(tmp_path / "t.csv", "size,color,y\n" + "\n".join(rows) + "\n")
    opened = data.open(tmp_path / "t.csv")
    assert opened.schema.inputs == ("size", "color")
    write(tmp_path / "ask.csv", "more,color,size\n1,u,5\n2,v,6\n")
    asked = [one.value for one in read_inputs(opened.schema, (tmp_path / "ask.csv",))]
    seen = [{name: str(one[name]) for name in opened.schema.inputs} for one in asked]
    assert seen == [{"size": "5", "color": "u"}, {"size": "6", "color": "v"}]


def test_classes_that_end_in_a_dot_in_test_alone_are_named(tmp_path):
    rows = [f"{i},{'><'[i % 2]}50K" for i in range(40)]
    write(tmp_path / "t.csv", "x,income\n" + "\n".join(rows) + "\n")
    write(tmp_path / "test.csv", "x,income\n" + "\n".join(f"{row}." for row in rows[:10]) + "\n")
    with pytest.raises(DataError, match=r"is of class '<50K\.'.*--rename '<50K\.=<50K'"):
        data.open(tmp_path / "t.csv", target="income", test="test.csv")
    both = {"<50K.": "<50K", ">50K.": ">50K"}
    opened = data.open(tmp_path / "t.csv", target="income", test="test.csv", rename=both)
    assert opened.schema["income"].names == ("<50K", ">50K")
    assert len(opened.test) == 10


def test_pictures_may_have_a_number_as_target(tmp_path):
    for i in range(24):
        picture(tmp_path / "zoo" / f"p{i}.png", i)
    write(
        tmp_path / "zoo" / "ages.csv",
        "file,age\n" + "".join(f"p{i}.png,{i * 1.5}\n" for i in range(24)),
    )
    opened = data.open(tmp_path / "zoo", target="age")
    assert isinstance(opened.schema["age"], Number)
    assert isinstance(opened.schema["file"], Picture)
    assert opened.schema.inputs == ("file",)
    seen = {name: round(float(age), 3) for name, age in told(opened).items()}
    assert seen == {f"p{i}.png": i * 1.5 for i in range(24)}


def test_pictures_may_have_tags_as_target(tmp_path):
    tags = ["red|round", "red", "round", "flat|red"]
    for i in range(60):
        picture(tmp_path / "zoo" / f"p{i}.png", i)
    rows = "".join(f"p{i}.png,{tags[i % 4]}\n" for i in range(60))
    write(tmp_path / "zoo" / "tags.csv", f"file,tags\n{rows}")
    opened = data.open(tmp_path / "zoo", target="tags")
    assert opened.schema.targets == ("tags:flat", "tags:red", "tags:round")
    for split in (opened.train, opened.valid, opened.test):
        for place, row in enumerate(split.ids.tolist()):
            example, number = split[place], int(split.name(row)[1:-4])
            borne = {name for name in ("flat", "red", "round") if example[f"tags:{name}"]}
            assert borne == set(tags[number % 4].split("|"))


def test_markup_in_names_is_text(tmp_path):
    names = ("<b>cat</b>".replace("/", "|"), 'a & "b"', "it's")
    for number, name in enumerate(names):
        for i in range(6):
            picture(tmp_path / "zoo" / name / f"<i>{i}&'.png", 100 * number + i)
    opened = data.open(tmp_path / "zoo")
    assert set(opened.schema["label"].names) == set(names)
    assert told(opened) == {f"{name}/<i>{i}&'.png": name for name in names for i in range(6)}
    assert describe.describe_examples(opened, [0])[0]["label"] in names
    page = audit_page.compose(opened, [one.to_json() for one in audit.findings(opened)], "none")
    assert "<b>cat" not in page
    assert "<i>0" not in page
