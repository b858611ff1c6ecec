"""What an audit finds of faults that were planted, and what it leaves alone."""

import ast
import io
import json
import os
import random
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

from brique import data
from brique.data import audit
from brique.data.audit import picture_classifier, summary, table
from brique.data.near_duplicates import images
from brique.data.splits import assignment
from brique.data.splits.components import connected_components
from brique.errors import DataError
from brique.schema.pictures import read_with_info
from brique.tasks.classify import wilson_interval


def photo(seed: int, size=(150, 110)) -> Image.Image:
    """Return a picture like a photograph: shades of all sizes, in color."""
    draw = np.random.default_rng(seed)
    total = np.zeros((size[1], size[0], 3))
    for cells in (3, 6, 12, 24, 48):
        grades = draw.integers(0, 256, (cells, cells, 3), dtype=np.uint8)
        shades = Image.fromarray(grades).resize(size, Image.Resampling.BICUBIC)
        total += np.asarray(shades, dtype=np.float64) / cells**0.5
    total = (total - total.min()) / (total.max() - total.min())
    return Image.fromarray((total * 255).astype(np.uint8))


def album(root: Path, n=12, classes=("cat", "dog"), start=0) -> Path:
    for c, name in enumerate(classes):
        (root / name).mkdir(parents=True, exist_ok=True)
        for i in range(n):
            photo(start + c * 1000 + i).save(root / name / f"{i}.png")
    return root


def again(image: Image.Image, share: float, quality: int) -> bytes:
    """Return a JPEG of a picture that was scaled."""
    size = (round(image.width * share), round(image.height * share))
    file = io.BytesIO()
    image.resize(size, Image.Resampling.LANCZOS).save(file, "JPEG", quality=quality)
    return file.getvalue()


def found(opened, kind):
    return [finding for finding in audit.findings(opened) if finding.kind == kind]


def only(opened, kind):
    (finding,) = found(opened, kind)
    return finding


# What is there twice


@pytest.fixture(scope="module")
def leaky(tmp_path_factory):
    """Return photographs with 4 exact, 5 scaled or compressed and 2 cut copies of train in test."""
    root = tmp_path_factory.mktemp("leaky")
    album(root / "train")
    album(root / "test", n=8, start=100)
    for i in range(4):
        target = root / "test" / "cat" / f"exact-{i}.png"
        target.write_bytes((root / "train" / "cat" / f"{i}.png").read_bytes())
    for i, (share, quality) in enumerate([(1, 40), (0.4, 90), (0.6, 60), (0.8, 75), (0.5, 45)]):
        content = again(photo(1000 + i), share, quality)
        (root / "test" / "dog" / f"near-{i}.jpg").write_bytes(content)
    for i in (6, 7):
        picture = photo(1000 + i).crop((4, 2, 146, 108))
        (root / "test" / "dog" / f"cut-{i}.jpg").write_bytes(again(picture, 1, 85))
    return data.open(root)


def test_equal_pictures_in_two_parts_are_an_error(leaky):
    finding = only(leaky, "leaked")
    assert (finding.severity, finding.split, finding.count) == ("error", "test", 4)
    assert set(finding.items) == {
        (f"train/cat/{i}.png", f"test/cat/exact-{i}.png") for i in range(4)
    }
    assert finding.reason == (
        "4 of 27 test examples are also in another part: the test result rewards memorization."
    )


def test_nearly_equal_pictures_in_two_parts_are_an_error(leaky):
    finding = only(leaky, "nearly leaked")
    assert (finding.severity, finding.split, finding.count) == ("error", "test", 7)
    planted = {(f"train/dog/{i}.png", f"test/dog/near-{i}.jpg") for i in range(5)}
    planted |= {(f"train/dog/{i}.png", f"test/dog/cut-{i}.jpg") for i in (6, 7)}
    assert set(finding.items) == planted
    assert "may be too high by up to 25.9%" in finding.reason
    assert not found(leaky, "duplicate")
    assert not found(leaky, "nearly duplicate")


def test_a_few_nearly_equal_pictures_of_many_are_a_warning(tmp_path):
    album(tmp_path / "train", n=4)
    (tmp_path / "test" / "cat").mkdir(parents=True)
    for i in range(110):
        photo(500 + i, size=(70, 66)).save(tmp_path / "test" / "cat" / f"{i}.png")
    photo(0).resize((75, 55)).save(tmp_path / "test" / "cat" / "copy.png")
    opened = data.open(tmp_path)
    assert only(opened, "nearly leaked").severity == "warning"
    assert only(opened, "nearly leaked").items == (("train/cat/0.png", "test/cat/copy.png"),)


def test_copies_stay_on_one_side_of_a_drawn_split(tmp_path):
    album(tmp_path, n=20)
    for i in range(20):
        (tmp_path / "cat" / f"copy-{i}.jpg").write_bytes(again(photo(i), 0.7, 70))
        (tmp_path / "cat" / f"third-{i}.jpg").write_bytes(again(photo(i), 0.5, 80))
    opened = data.open(tmp_path)
    sides = {}
    for place, split in enumerate((opened.train, opened.valid, opened.test)):
        for row in split.ids.tolist():
            name = split.name(row)
            number = name.split("/")[1].split(".")[0].split("-")[-1]
            sides.setdefault((name.split("/")[0], number), set()).add(place)
    assert all(len(places) == 1 for places in sides.values())
    assert len(opened.test) > 0
    assert not found(opened, "nearly leaked")
    twins = {finding.split: finding for finding in found(opened, "nearly duplicate")}
    assert sum(finding.count for finding in twins.values()) == 60
    assert twins["train"].severity == "note"


def test_a_split_without_copies_is_drawn_from_content_alone(tmp_path):
    opened = data.open(album(tmp_path, n=15))
    source = opened.source
    drawn = assignment._assign_by_digest(source.digests, source.fields["label"].numpy(), 0.2, 0.1)
    for place, split in enumerate((opened.train, opened.valid, opened.test)):
        assert split.ids.tolist() == np.flatnonzero(drawn == place).tolist()


def test_pictures_that_differ_in_one_place_are_not_copies(tmp_path):
    album(tmp_path, n=6)
    for i in range(4):
        changed = photo(i)
        changed.paste(photo(900 + i, size=(40, 40)), (55, 35))
        changed.save(tmp_path / "cat" / f"changed-{i}.png")
    recolored = photo(5).convert("YCbCr").split()
    swapped = Image.merge("YCbCr", (recolored[0], recolored[2], recolored[1])).convert("RGB")
    swapped.save(tmp_path / "cat" / "recolored.png")
    opened = data.open(tmp_path)
    assert not found(opened, "nearly duplicate")
    assert not found(opened, "nearly leaked")


def test_strokes_are_not_copies_of_each_other(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        for left in range(40, 49):
            for width in (8, 9):
                stroke = np.zeros((96, 96), np.uint8)
                stroke[10:86, left : left + width] = 250 if name == "one" else 240
                Image.fromarray(stroke).save(tmp_path / name / f"{left}-{width}.png")
    findings = [f for f in audit.findings(data.open(tmp_path)) if f.kind == "nearly duplicate"]
    pairs = [item for finding in findings for item in finding.items]
    assert len(pairs) == 18  # each with the darker one of the same place and width
    assert all(one.split("/")[1] == two.split("/")[1] for one, two in pairs)


def test_tiny_pictures_are_only_searched_for_equal_ones():
    draw = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 200, (40, 1, 15, 15), dtype=torch.uint8, generator=draw)
    pixels[20:] = pixels[:20] + 1  # as like as can be
    opened = data.arrays(image=pixels, label=[0, 0, 1, 1] * 10, split=["train", "test"] * 20)
    assert not {"nearly duplicate", "nearly leaked"} & {f.kind for f in audit.findings(opened)}
    large = torch.nn.functional.interpolate(pixels.float(), size=(48, 48)).to(torch.uint8)
    opened = data.arrays(image=large, label=[0, 0, 1, 1] * 10, split=["train", "test"] * 20)
    assert sum(f.count for f in audit.findings(opened) if f.kind == "nearly duplicate") == 20


def test_thumbnails_of_files_and_of_pixels_agree():
    pictures = [photo(i, size=(96, 96)) for i in range(5)]
    of_files = np.stack([images.thumbnail(picture) for picture in pictures])
    pixels = torch.stack([torch.from_numpy(np.array(p)).permute(2, 0, 1) for p in pictures])
    difference = np.abs(of_files.astype(int) - images.thumbnails(pixels))
    assert difference.max() <= 3
    grey = [picture.convert("L") for picture in pictures]
    of_files = np.stack([images.thumbnail(picture) for picture in grey])
    pixels = torch.stack([torch.from_numpy(np.array(p))[None] for p in grey])
    assert np.abs(of_files.astype(int) - images.thumbnails(pixels)).max() <= 2
    assert (images.thumbnails(pixels.float() / 255) == images.thumbnails(pixels)).all()


@pytest.mark.parametrize("n", [1, 2, 700, 1500])
def test_candidates_are_those_of_the_full_table(n):
    draw = torch.Generator().manual_seed(n)
    centers = torch.randn(60, 256, generator=draw)
    vectors = centers[torch.arange(n) % 60] + 0.35 * torch.randn(n, 256, generator=draw)
    vectors /= vectors.norm(dim=1, keepdim=True)
    came = {tuple(sorted(pair)) for pair in images._candidates(vectors, 0.89).tolist()}
    table = (vectors.double() @ vectors.double().T).triu(1)
    sure = {tuple(pair) for pair in (table >= 0.8901).nonzero().tolist()}
    possible = {tuple(pair) for pair in (table >= 0.8899).nonzero().tolist()}
    assert sure <= came <= possible
    assert n < 700 or len(sure) > 100


def test_of_very_many_candidates_the_most_alike_are_kept(monkeypatch):
    monkeypatch.setattr(images, "_MAX_CANDIDATES", 50)
    draw = torch.Generator().manual_seed(0)
    vectors = torch.randn(1, 256, generator=draw) + 0.3 * torch.randn(900, 256, generator=draw)
    vectors /= vectors.norm(dim=1, keepdim=True)
    came = {tuple(sorted(pair)) for pair in images._candidates(vectors, 0.85).tolist()}
    table = (vectors @ vectors.T).triu(1)
    best = table.flatten().topk(50).indices
    assert came == {(int(i) // 900, int(i) % 900) for i in best}


def test_groups_are_those_that_pairs_connect():
    draw = random.Random(0)
    pairs = [(draw.randrange(200), draw.randrange(200)) for _ in range(120)]
    equal = np.arange(200)
    equal[[3, 70, 199]] = 3
    came = connected_components(200, pairs, equal)
    reach = np.eye(200, dtype=bool) | (equal[:, None] == equal[None])
    for one, two in pairs:
        reach[one, two] = reach[two, one] = True
    for _ in range(8):
        reach = (reach.astype(int) @ reach.astype(int)) > 0
    assert ((came[:, None] == came[None]) == reach).all()


def labelled(pixels, labels, split):
    return data.arrays(image=pixels, label=labels, split=split, classes=["a", "b"])


def test_equal_pictures_of_different_classes_contradict_each_other():
    pixels = torch.randint(0, 256, (8, 1, 5, 5), dtype=torch.uint8)
    pixels[3] = pixels[0]
    labels = [0, 0, 0, 1, 1, 1, 0, 1]
    inside = labelled(pixels, labels, ["train"] * 6 + ["test"] * 2)
    finding = only(inside, "contradictory")
    assert (finding.severity, finding.count) == ("warning", 1)
    assert finding.items == (("example 0 (a)", "example 3 (b)"),)
    assert only(inside, "duplicate").items == (("example 0", "example 3"),)
    judged = labelled(pixels, labels, ["train"] * 3 + ["test"] * 3 + ["valid"] * 2)
    assert only(judged, "contradictory").severity == "error"
    assert only(judged, "leaked").split == "test"


def test_equal_examples_of_one_part_are_counted():
    pixels = torch.randint(0, 256, (12, 3, 5, 5), dtype=torch.uint8)
    pixels[4] = pixels[8] = pixels[0].clone()
    pixels[11] = pixels[10]
    opened = labelled(pixels, [0, 1] * 6, ["train"] * 9 + ["test"] * 3)
    by_part = {finding.split: finding for finding in found(opened, "duplicate")}
    assert by_part["train"].items == (("example 0", "example 4", "example 8"),)
    assert by_part["train"].count == 2
    assert "2 train examples repeat another one in train" in by_part["train"].reason
    assert "confidence intervals are too narrow" in by_part["test"].reason


def test_data_without_pictures_are_searched_for_equal_examples():
    x = [[0.0, 1.0], [2.0, 3.0], [0.0, 1.0], [4.0, 5.0]]
    opened = data.arrays(x=x, label=["a", "b", "a", "b"], split=["train", "train", "test", "test"])
    assert only(opened, "leaked").items == (("example 0", "example 2"),)
    opened = data.arrays(x=x, y=[0.5, 1.5, 2.5, 3.5], target="y", split=["train"] * 3 + ["test"])
    assert [finding.kind for finding in audit.findings(opened)] == ["duplicate"]
    assert summary(opened)["splits"]["train"] == {"count": 3, "classes": {}}


def test_rows_that_are_equal_by_chance_are_an_error_only_if_they_are_many():
    draw = np.random.default_rng(0)
    x = draw.random((600, 2))
    x[300] = x[0]
    labels = ["a", "b"] * 300
    labels[300] = "b"
    split = ["train"] * 300 + ["test"] * 300
    opened = data.arrays(x=x, label=labels, split=split)
    assert only(opened, "leaked").severity == "warning"
    contradictory = only(opened, "contradictory")
    assert contradictory.severity == "warning"
    assert contradictory.reason.endswith("are wrong, or the inputs do not determine the class.")
    x[300:310] = x[:10]
    opened = data.arrays(x=x, label=labels, split=split)
    assert only(opened, "leaked").severity == "error"


# Classes


def test_classes_that_lack_in_a_part_are_named():
    pixels = torch.randint(0, 256, (60, 1, 4, 4), dtype=torch.uint8)
    labels = ["a", "b", "c"] * 10 + ["a"] * 10 + ["a", "b"] * 10
    split = ["train"] * 30 + ["valid"] * 10 + ["test"] * 20
    valid, test = found(data.arrays(image=pixels, label=labels, split=split), "missing class")
    assert (valid.split, valid.items, valid.severity) == ("valid", (("b",), ("c",)), "warning")
    assert (test.split, test.items) == ("test", (("c",),))
    assert test.reason == ("test has no examples of c: the test result says nothing about it.")
    assert test.remedy == "Add examples of it to test."


def test_few_examples_say_what_can_be_said():
    pixels = torch.randint(0, 256, (40, 1, 4, 4), dtype=torch.uint8)
    labels = ["a"] * 12 + ["b"] * 12 + ["c"] * 4 + ["a"] * 5 + ["b"] * 5 + ["c"] * 2
    split = ["train"] * 28 + ["test"] * 12
    train, test = found(data.arrays(image=pixels, label=labels, split=split), "few examples")
    assert (train.severity, train.split, train.items) == ("warning", "train", (("c", "4"),))
    assert (test.severity, test.split, test.items) == ("note", "test", (("c", "2"),))
    low, _ = wilson_interval(1.0, 2)
    assert f"may be as low as {low:.0%}" in test.reason
    assert "class c has fewer than 5 examples in test: even if all 2 examples of c" in test.reason


@pytest.mark.parametrize(("often", "severity"), [(29, None), (30, "note"), (100, "warning")])
def test_imbalance_says_what_always_answering_the_same_reaches(often, severity):
    pixels = torch.randint(0, 256, (often + 10, 1, 4, 4), dtype=torch.uint8)
    labels = ["a"] * often + ["b"] * 10
    findings = found(
        data.arrays(image=pixels, label=labels, split=["train"] * len(labels)), "imbalanced"
    )
    if severity is None:
        assert findings == []
        return
    (finding,) = findings
    assert finding.severity == severity
    assert finding.items == (("a", str(often)), ("b", "10"))
    assert f"always predicting a reaches {often / (often + 10):.0%} accuracy" in finding.reason


def test_who_is_wrong_once_is_not_right_in_all():
    labels = ["a"] * 99_999 + ["b"]
    numbers = torch.arange(len(labels), dtype=torch.float32)
    data_set = data.arrays(size=numbers, label=labels, split=["train"] * len(labels))
    (finding,) = found(data_set, "imbalanced")
    assert "always predicting a reaches 99.99% accuracy," in finding.reason


# Pictures


def test_pictures_of_one_color_are_named():
    pixels = torch.randint(0, 256, (10, 3, 6, 6), dtype=torch.uint8)
    pixels[7] = torch.tensor([3, 200, 90], dtype=torch.uint8).view(3, 1, 1)
    pixels[2] = 0
    opened = labelled(pixels, [0, 1] * 5, ["train"] * 10)
    assert only(opened, "one color").items == (("example 2",), ("example 7",))


@pytest.fixture(scope="module")
def odd(tmp_path_factory):
    root = album(tmp_path_factory.mktemp("odd"), n=5)
    deep = np.arange(150 * 110, dtype=np.uint16).reshape(110, 150) * 3
    Image.fromarray(deep).save(root / "cat" / "deep.png")
    photo(70).convert("CMYK").save(root / "cat" / "print.jpg")
    photo(71).quantize(64).save(root / "cat" / "palette.png")
    frames = [photo(72).quantize(32), photo(73).quantize(32)]
    frames[0].save(root / "cat" / "film.gif", save_all=True, append_images=frames[1:])
    exif = Image.Exif()
    exif[0x0112] = 6
    photo(74).save(root / "cat" / "turned.jpg", exif=exif)
    photo(75, size=(400, 100)).save(root / "cat" / "long.png")
    photo(76, size=(20, 20)).save(root / "cat" / "small.png")
    photo(77).convert("L").save(root / "cat" / "grey.png")
    glass = photo(78).convert("RGBA")
    glass.save(root / "cat" / "opaque.png")
    glass.putalpha(Image.linear_gradient("L").resize(glass.size))
    glass.save(root / "cat" / "glass.png")
    photo(79).quantize(64).save(root / "cat" / "hole.png", transparency=3)
    photo(69).convert("I;16").save(root / "cat" / "deep.tif")
    return data.open(root, size=64)


def test_odd_pictures_are_named_with_what_is_odd(odd):
    notes = {}
    for finding in audit.findings(odd):
        if finding.kind in (
            "color mode",
            "odd shape",
            "small",
            "animated",
            "EXIF orientation",
            "transparent",
        ):
            assert finding.severity == "note"
            for name, about in finding.items:
                notes.setdefault(finding.kind, {})[name] = about
    assert notes["color mode"] == {
        "cat/deep.png": "150 x 110, I;16",
        "cat/print.jpg": "150 x 110, CMYK",
        "cat/palette.png": "150 x 110, P",
        "cat/film.gif": "150 x 110, P",
        "cat/hole.png": "150 x 110, P",
        "cat/deep.tif": "150 x 110, I;16",
    }
    assert notes["transparent"] == {
        "cat/glass.png": "150 x 110, RGBA", "cat/hole.png": "150 x 110, P"
    }  # fmt: skip
    assert notes["odd shape"] == {"cat/long.png": "400 x 100, RGB"}
    assert notes["small"] == {"cat/small.png": "20 x 20, RGB"}
    assert notes["animated"] == {"cat/film.gif": "150 x 110, P"}
    assert notes["EXIF orientation"] == {"cat/turned.jpg": "110 x 150, RGB"}


def chunk(kind: bytes, content: bytes) -> bytes:
    total = struct.pack(">I", zlib.crc32(kind + content))
    return struct.pack(">I", len(content)) + kind + content + total


def holed(seed: int, **options) -> bytes:
    """Return a JPEG in which a block of a disk is zero."""
    file = io.BytesIO()
    photo(seed, size=(300, 300)).save(file, "JPEG", quality=92, **options)
    content = bytearray(file.getvalue())
    start = len(content) // 1024 * 512
    content[start : start + 512] = bytes(512)
    return bytes(content)


def floats(pixels: list[list[float]]) -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.array(pixels, np.float32)).save(file, "TIFF")
    return file.getvalue()


def spoiled(root: Path) -> dict[str, str]:
    """Write files that are no pictures; return what must be said of each."""
    jpeg, png = io.BytesIO(), io.BytesIO()
    photo(80).save(jpeg, "JPEG")
    photo(80).save(png, "PNG")
    broken = bytearray(png.getvalue())
    broken[len(broken) // 2] ^= 1
    head = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(99)))
    large = struct.pack(">IIBBBBB", 10_000, 6_000, 8, 2, 0, 0, 0)
    files = {
        "empty.jpg": (b"", "got an empty file"),
        "text.jpg": (b"no picture\n" * 100, "got a text"),
        "page.png": (b"<!DOCTYPE html><html></html>", "got a web page"),
        "short.jpg": (jpeg.getvalue()[:2000], "cannot be decoded ("),
        "shorter.jpg": (jpeg.getvalue()[:20], "got a damaged JPEG"),
        "checksum.png": (bytes(broken), "is damaged (the checksum of its IDAT does not fit)"),
        "bomb.png": (bomb, "is over the limit of 50 million pixels; shrink it"),
        "large.png": (
            b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", large) + chunk(b"IDAT", b""),
            "10000 x 6000 is over the limit of 50 million pixels; shrink it",
        ),
        "phone.jpg": (b"\0\0\0\x18ftypheic\0\0\0\0", "got HEIC, AVIF or a film"),
        "phone.heic": (b"\0\0\0\x18ftypheic\0\0\0\0", ".heic is not read; convert it to JPEG"),
        "noise.bmp": (bytes(range(1, 200)), "got none of these"),
        "packed.jpg": (b"PK\x03\x04" + bytes(99), "got a zip archive; convert it or leave it out"),
        "paper.png": (b"%PDF-1.7", "got a PDF"),
        "end.png": (png.getvalue()[:-20], "is damaged (its end is missing); replace it"),
        "hole.jpg": (holed(80), "is damaged (a block of it is zero); replace it or leave it out"),
        "nan.tif": (
            floats([[0.5, np.nan]]),
            "expected finite brightness up to 16,777,216, got NaN",
        ),
        "deep.tif": (floats([[0.5, 2e7]]), "up to 16,777,216, got 0.5 to 2e+07; convert it to 8"),
    }
    for name, (content, _) in files.items():
        (root / name).write_bytes(content)
    (root / "folder.jpg").mkdir()
    (root / "link.jpg").symlink_to("nowhere.jpg")
    os.mkfifo(root / "pipe.jpg")
    expected = {name: says for name, (_, says) in files.items()}
    expected["link.jpg"] = "is a link that leads nowhere; mend or remove it"
    expected["pipe.jpg"] = "expected a file, got a pipe or device; leave it out"
    return expected | {"folder.jpg": "expected a file, got a folder of that name; rename it"}


def test_every_unreadable_file_is_listed_with_its_reason(tmp_path):
    root = album(tmp_path / "zoo", n=6)
    expected = spoiled(root / "dog")
    for options in ({}, {"size": 32}):
        opened = data.open(root, **options)
        finding = only(opened, "unreadable")
        reasons = {name.removeprefix("dog/"): reason for name, reason in finding.items}
        assert reasons.keys() == expected.keys()
        assert {name: says for name, says in expected.items() if says not in reasons[name]} == {}
        assert finding.reason == "Unreadable and left out: 20 of 32 pictures."
        assert finding.severity == "warning"


def flat_pictures():
    """Yield pictures of drawings, in whose files there are honest blocks of zeros."""
    black = np.zeros((3000, 3000), np.uint8)
    yield Image.fromarray(black)
    black[:200, :200] = np.random.default_rng(0).integers(0, 256, (200, 200), np.uint8)
    yield Image.fromarray(black).convert("RGB")
    drawing = Image.new("RGB", (3000, 3000), "white")
    for i in range(60):
        ImageDraw.Draw(drawing).line([(i * 9, 0), (600 - i * 9, 900)], fill=(i, 0, 200), width=2)
    yield drawing


@pytest.mark.parametrize("options", [{}, {"optimize": True}, {"progressive": True}])
def test_blocks_of_zeros_are_damage_in_photographs_and_not_in_drawings(tmp_path, options):
    whole = 0
    for place, picture in enumerate(flat_pictures()):
        picture.save(tmp_path / f"{place}.jpg", quality=60, **options)
        whole += bytes(512) in (tmp_path / f"{place}.jpg").read_bytes()
        read_with_info(tmp_path / f"{place}.jpg")
    assert whole > 0 or not options
    for seed in range(80, 84):
        (tmp_path / "photo.jpg").write_bytes(holed(seed, **options))
        with pytest.raises(DataError, match="is damaged|cannot be decoded"):
            read_with_info(tmp_path / "photo.jpg")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "PPM"])
@pytest.mark.parametrize("share", [0.05, 0.3, 0.6, 0.9, 0.97])
def test_a_picture_that_is_cut_short_is_never_filled_up(tmp_path, kind, share):
    for options in ({}, {"progressive": True}) if kind == "JPEG" else ({},):
        file = io.BytesIO()
        photo(85).save(file, kind, **options)
        (tmp_path / "cut.bin").write_bytes(file.getvalue()[: int(share * file.tell())])
        with pytest.raises(DataError, match=r"cut.bin: "):
            read_with_info(tmp_path / "cut.bin")


def test_a_tiff_that_leads_in_a_circle_ends(tmp_path):
    file = io.BytesIO()
    photo(86).save(file, "TIFF")
    content = bytearray(file.getvalue())
    (start,) = struct.unpack("<I", content[4:8])
    (count,) = struct.unpack("<H", content[start : start + 2])
    content[start + 2 + 12 * count : start + 6 + 12 * count] = struct.pack("<I", start)
    (tmp_path / "circle.tif").write_bytes(bytes(content))
    image, look = read_with_info(tmp_path / "circle.tif")
    assert image.size == (150, 110)
    assert not look.is_animated


def test_examples_are_called_by_their_files(tmp_path):
    root = album(tmp_path / "zoo", n=10)
    (root / "cat" / "3.png").write_bytes(b"")
    (root / "dog" / "0.png").write_bytes(b"")
    opened = data.open(root)
    kind, seen = opened.schema["image"], []
    for split in (opened.train, opened.valid, opened.test):
        for row, pixels, label in zip(split.ids, split["image"], split["label"], strict=True):
            name = split.name(int(row))
            seen.append(name)
            assert torch.equal(kind.prepare(root / name), pixels)
            assert name.split("/")[0] == opened.schema["label"].names[int(label)]
    assert len(set(seen)) == 18
    assert data.open("digits").test.name(17) == "example 17"
    with pytest.raises(DataError, match="split: no example 18 among 18; pass a number from its"):
        opened.train.name(18)


# Labels


def swapped_digits(seed):
    """Return 1,000 digits of which 20 have another label, and the names of those."""
    digits = data.open("digits")
    splits = (digits.train, digits.valid, digits.test)
    pixels = torch.cat([split["image"] for split in splits])
    labels = torch.cat([split["label"] for split in splits])
    draw = np.random.default_rng(seed)
    rows = torch.from_numpy(draw.permutation(len(labels))[:1000])
    labels, right = labels[rows].clone(), labels[rows]
    swapped = draw.permutation(1000)[:20]
    labels[swapped] = (labels[swapped] + torch.from_numpy(draw.integers(1, 10, 20))) % 10
    names = [str(digit) for digit in range(10)]
    opened = data.arrays(image=pixels[rows], label=labels, classes=names)
    return opened, {f"example {row}": str(int(right[row])) for row in swapped}


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_swapped_labels_stand_first_among_the_doubtful(seed):
    opened, swapped = swapped_digits(seed)
    finding = only(opened, "suspect label")
    assert finding.severity == "warning"
    first = finding.items[:40]
    hits = [item for item in first if item[0] in swapped]
    assert len(hits) >= 16
    assert sum(item[2] == swapped[item[0]] for item in hits) >= 14  # it says the right class
    assert all(item[1] != item[2] and 0.5 <= float(item[3]) <= 1 for item in finding.items)


def test_answers_on_examples_left_out_are_those_of_fits_without_them():
    draw = torch.Generator().manual_seed(0)
    mapped = torch.randn(40, 7, generator=draw)
    goals = torch.randn(40, 3, generator=draw)
    came = picture_classifier._leave_one_out_scores(mapped, goals)
    mean = goals.mean(0)
    tables = {}
    for ridge in picture_classifier._RIDGES:
        rows = []
        for i in range(40):
            others = torch.arange(40) != i
            x, y = mapped[others].double(), (goals - mean)[others].double()
            weights = torch.linalg.solve(x.T @ x + ridge * torch.eye(7).double(), x.T @ y)
            rows.append(mapped[i].double() @ weights + mean)
        tables[ridge] = torch.stack(rows)
    best = min(tables, key=lambda ridge: float((tables[ridge] - goals).square().mean()))
    assert torch.allclose(came.double(), tables[best], atol=1e-4)


def test_a_reader_no_better_than_the_commonest_class_doubts_nothing(tmp_path):
    draw = np.random.default_rng(0)
    kinds = ["spam" if i % 99 == 3 else "ham" for i in range(990)]
    texts = [" ".join(f"w{n}" for n in draw.integers(0, 300, 9)) for _ in kinds]
    rows = [f"{text},{kind}" for text, kind in zip(texts, kinds, strict=True)]
    (tmp_path / "mail.csv").write_text("\n".join(["text,label", *rows]))
    assert not found(data.open(tmp_path / "mail.csv"), "suspect label")
    pixels = torch.from_numpy(draw.integers(0, 255, (990, 1, 8, 8), dtype=np.uint8))
    assert not found(labelled(pixels, [int(k == "spam") for k in kinds], ["train"] * 990),
                     "suspect label")  # fmt: skip


def test_a_reader_that_is_seldom_right_doubts_nothing():
    pixels = torch.randint(0, 256, (200, 1, 8, 8), dtype=torch.uint8)
    opened = labelled(pixels, [0, 1] * 100, ["train"] * 200)
    assert not found(opened, "suspect label")


# As words


def said_kinds() -> set[str]:
    """Return the kinds of findings that stand in the code, beside a severity."""
    kinds = set()
    for file in (Path(data.__file__).parent).rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call):
                named = getattr(node.func, "id", "") == "Finding"
                texts = [a.value for a in node.args if isinstance(a, ast.Constant)]
                texts = [text for text in texts if isinstance(text, str)]
                severities = {"error", "warning", "note"}
                if texts and texts[0] not in severities and (named or severities & {*texts[1:2]}):
                    kinds.add(texts[0])
    return kinds


def test_every_kind_of_finding_is_explained():
    page = (Path(__file__).parents[2] / "docs" / "audit.md").read_text()
    kinds = said_kinds()
    assert {"leaked", "encoding", "misaligned", "gap"} <= kinds
    first = {cell.split("|")[1] for cell in page.splitlines() if cell.startswith("| ")}
    named = " ".join(first)
    assert {kind for kind in kinds if kind not in named} == set()


# As JSON


def test_findings_come_worst_first_and_as_json(leaky):
    severities = [finding.severity for finding in audit.findings(leaky)]
    assert severities == sorted(severities, key=["error", "warning", "note"].index)
    said = json.loads(json.dumps(summary(leaky)))
    assert said["splits"]["test"] == {"count": 27, "classes": {"cat": 12, "dog": 15}}
    assert said["splits"]["train"]["count"] + said["splits"]["valid"]["count"] == 24
    assert set(said["findings"][0]) == {
        "kind", "severity", "split", "items", "count", "reason", "remedy"
    }  # fmt: skip


def test_findings_make_a_table_with_a_row_for_each_item(leaky):
    findings = audit.findings(leaky)
    rows = table(findings)
    assert rows[0] == ["kind", "severity", "split", "item", "reason", "remedy"]
    assert len(rows) == 1 + sum(max(1, len(finding.items)) for finding in findings)
    assert all(len(row) == 6 and all(isinstance(cell, str) for cell in row) for row in rows)
    first = findings[0]
    assert rows[1][:4] == ["leaked", "error", "test", " | ".join(first.items[0])]
    assert rows[1][4:] == [first.reason, first.remedy]
    odd = data.Finding("odd", "note", None, (), 0, "=1+1", "\udcff")
    assert table([odd])[1] == ["odd", "note", "", "", "'=1+1", "\\udcff"]


def test_cut_copies_are_found_and_shots_of_strokes_are_not():
    """Slightly cut photographs, plain ones too, are laid upon each other; moved strokes are not."""
    found = 0
    for seed in range(40):
        whole = photo(seed, size=(160, 120))
        part = whole.crop((3, 2, 160, 118))
        thumbs = np.stack([images.thumbnail(whole), images.thumbnail(part)])
        found += len(images.near_pairs(thumbs, side=120))
    assert found >= 38
    strokes = []
    for left in range(30, 60, 2):
        pixels = np.zeros((96, 96), np.uint8)
        pixels[10:86, left : left + 8] = 250
        strokes.append(images.thumbnail(Image.fromarray(pixels)))
    assert len(images.near_pairs(np.stack(strokes), side=96)) == 0


def test_long_lists_are_cut_in_json():
    many = tuple((str(i),) for i in range(2500))
    finding = data.Finding("duplicate", "note", None, many, 2500, "Many.", "Fewer.")
    assert len(finding.to_json()["items"]) == 1000
    assert finding.to_json()["count"] == 2500


def test_clean_digits_have_nothing_that_falsifies():
    kinds = {finding.kind: finding for finding in audit.findings(data.open("digits"))}
    assert set(kinds) <= {"suspect label", "not tested"}
    assert kinds["suspect label"].count <= 10
    assert kinds["suspect label"].severity == "note"


def test_cut_copies_of_fine_grain_are_found_and_other_grain_is_not():
    """What lies between the pixels of a thumbnail does not hide a cut, nor make up for one."""

    def grained(seed: int, grain: int) -> Image.Image:
        cells = np.random.default_rng(grain).integers(0, 256, (60, 80, 3), dtype=np.uint8)
        fine = Image.fromarray(cells).resize((160, 120), Image.Resampling.BICUBIC)
        return Image.blend(photo(seed, size=(160, 120)), fine, 0.3)

    copies = others = 0
    for seed in range(40):
        whole = images.thumbnail(grained(seed, grain=seed))
        for other in (0, 100):
            part = grained(seed, grain=seed + other).crop((4, 3, 156, 116))
            thumbs = np.stack([whole, images.thumbnail(part)])
            found = len(images.near_pairs(thumbs, side=120))
            copies, others = copies + found * (not other), others + found * bool(other)
    assert copies >= 38
    assert others == 0


@pytest.mark.parametrize("other", ["cat\u200b", "cat\u00a0", "ca\u00adt", "\uff23\uff21\uff34"])
def test_classes_that_differ_in_what_cannot_be_seen_are_found(tmp_path, other):
    rows = [f"{i},{('cat', f'{other}.', 'dog')[i % 3]}" for i in range(60)]
    (tmp_path / "t.csv").write_text("\n".join(["x,label", *rows]), encoding="utf-8")
    (found,) = [
        one for one in audit.findings(data.open(tmp_path / "t.csv")) if one.kind == "spelling"
    ]
    assert set(found.items[0]) == {"cat", f"{other}."}
    assert "\\" in found.reason or "\uff23" in found.reason
