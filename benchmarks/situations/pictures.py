"""Cases of pictures: turned by a note, named by a table, deep, judged by a run."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

import brique
from brique import data
from brique.errors import BriqueError
from brique.model import load
from situations import (
    WrongError,
    each,
    expect,
    expect_finding,
    parts,
    values,
    variant,
    write,
)
from situations.drawn import UNTURN, images, noise, save

# 46: photographs that a note turns are turned once, for training and when asked


def as_seen(at: Path, given: tuple[str, tuple[int, ...]]) -> None:
    """Check that turned pictures open as seen, and are prepared alike when asked."""
    end, orientations = given
    for n in range(24):
        save(noise(n), at / "p" / "ab"[n % 2] / f"{n}{end}", orientations[n % len(orientations)])
    opened = data.open(at / "p")
    expect(opened.schema["image"].shape, (3, 30, 40))
    for name, pixels in images(opened).items():
        right = noise(int(Path(name).stem)).transpose(2, 0, 1)
        asked = opened.schema["image"].prepare(at / "p" / name).numpy()
        expect((asked == pixels).all(), True, f"{name} asked as opened")
        expect(end == ".jpg" or (pixels == right).all(), True, f"{name} as seen")


each("46", "the pixels of training are those that are seen, and those of prepare(file)", as_seen, {
    "upside down, JPEG": (".jpg", (3,)), "quarter turns, JPEG": (".jpg", (6, 8)),
    "upside down, PNG": (".png", (3,)), "quarter turns, PNG": (".png", (6, 8)),
    "all eight, mirrored too, PNG": (".png", tuple(UNTURN)),
    "all eight, TIFF": (".tif", tuple(UNTURN)), "all eight, JPEG": (".jpg", tuple(UNTURN)),
})  # fmt: skip


@variant("46", "in an archive", "the same pixels as from the folder")
def archived(at: Path) -> None:
    """Check pictures of all orientations in a ZIP file."""
    for n in range(24):
        save(noise(n), at / "p" / "ab"[n % 2] / f"{n}.png", 1 + n % 8)
    with zipfile.ZipFile(at / "p.zip", "w") as packed:
        for file in (at / "p").rglob("*.png"):
            packed.write(file, file.relative_to(at / "p"))
    for name, pixels in images(data.open(at / "p.zip")).items():
        right = noise(int(Path(name).stem)).transpose(2, 0, 1)
        expect((pixels == right).all(), True, name)


@variant("46", "in a column of a table", "the pixels that are seen; asked alike")
def in_a_column(at: Path) -> None:
    """Check pictures that a table names."""
    for n in range(24):
        save(noise(n), at / "p" / f"{n}.png", 1 + n % 8)
    rows = "".join(f"p/{n}.png,{n % 5},{'ab'[n % 2]}\n" for n in range(24))
    opened = data.open(write(at / "t.csv", "photo,age,label\n" + rows), target="label")
    for row, one in values(opened).items():
        right = noise(int(Path(row).stem))
        expect((one["photo"] == right).all(), True, row)
        same = opened.schema["photo"].prepare(at / "p" / f"{Path(row).stem}.png").numpy()
        expect((same.transpose(1, 2, 0) == right).all(), True, f"{row} asked")


@variant("46", "masks of the size that is seen", "a mask lies over its thing")
def under_masks(at: Path) -> None:
    """Check that masks overlap the bright part of turned pictures."""
    for n in range(24):
        pixels = noise(n)
        mask = np.zeros((30, 40), np.uint8)
        mask[18 + n % 5 :, 5 + n % 7 : 20] = 1
        pixels[mask > 0] += 120
        save(pixels, at / "images" / f"{n}.jpg", 5 + n % 4)
        save(mask, at / "masks" / f"{n}.png")
    for one in values(data.open(at)).values():
        bright = one["image"].mean(2) > 110
        overlap = (bright & (one["mask"] > 0)).sum() / (bright | (one["mask"] > 0)).sum()
        expect(overlap > 0.9, True, "overlap of mask and thing")


@variant("46", "trained and asked", "what the run scores is what predict answers, notes or none")
def asked_as_trained(at: Path) -> None:
    """Check train and predict on photographs whose upper or lower half is light."""
    for n in range(80):
        pixels = noise(n, (24, 16)).astype(int)
        pixels[slice(0, 12) if n % 2 else slice(12, 24)] += 150
        pixels = pixels.astype(np.uint8)
        save(pixels, at / "p" / ("above" if n % 2 else "below") / f"{n}.jpg", (3, 6, 8)[n % 3])
        save(pixels, at / "bare" / f"{n}.png")
    model = load(brique.train(at / "p", quick=True, out=at / "run"))
    for files in (sorted((at / "p").rglob("*.jpg")), sorted((at / "bare").iterdir())):
        right = ["above" if int(file.stem) % 2 else "below" for file in files]
        expect([one.answer for one in model.predict(files)], right, "answers")


# 35: a table beside pictures is read; the names of parts are no classes


def draw(at: Path, folders: dict[str, int], end: str = ".png") -> dict[str, str]:
    """Draw pictures into folders; return by path the class of each."""
    labels: dict[str, str] = {}
    for place, (folder, count) in enumerate(folders.items()):
        for n in range(count):
            name = f"{folder}/{place}{n:03d}{end}"
            save(noise(1000 * place + n, (12, 12)), at / name)
            labels[name] = ["disc", "square"][n % 2]
    return labels


def a_table(at: Path, labels: dict[str, str]) -> None:
    """Write metadata.csv above the pictures."""
    rows = "".join(f"{name},{label}\n" for name, label in labels.items())
    write(at / "metadata.csv", "file_name,label\n" + rows)


def a_table_each(at: Path, labels: dict[str, str]) -> None:
    """Write metadata.jsonl into each folder, with a field that is no class."""
    for folder in {name.rpartition("/")[0] for name in labels}:
        rows = [
            json.dumps({"file_name": Path(name).name, "label": label})
            for name, label in labels.items()
            if name.startswith(folder + "/")
        ]
        write(at / folder / "metadata.jsonl", "\n".join(rows) + "\n")


def a_csv_each(at: Path, labels: dict[str, str]) -> None:
    """Write metadata.csv into each folder."""
    for folder in {name.rpartition("/")[0] for name in labels}:
        held = {n.rpartition("/")[2]: k for n, k in labels.items() if n.startswith(folder + "/")}
        a_table(at / folder, held)


def a_csv_a_part(at: Path, labels: dict[str, str]) -> None:
    """Write train.csv and test.csv, of names without ending."""
    for part in ("train", "test"):
        rows = [f"{Path(n).stem},{k}" for n, k in labels.items() if n.startswith(part)]
        write(at / f"{part}.csv", "\n".join(["id,label", *rows]) + "\n")


def foreign(form: str) -> Callable[[Path, dict[str, str]], None]:
    """Return a writer of whole paths of another machine."""

    def written(at: Path, labels: dict[str, str]) -> None:
        named = {n: form.format(n.replace("/", "\\") if "\\" in form else n) for n in labels}
        rows = [f"{named[n]},{k}" for n, k in labels.items()]
        write(at / "labels.csv", "\n".join(["image,label", *rows]) + "\n")

    return written


def blank_header(at: Path, labels: dict[str, str]) -> None:
    """Write a table with blanks round its names and cells."""
    rows = [f" {n} , {k} " for n, k in labels.items()]
    write(at / "labels.csv", "\n".join([" image , label ", *rows]) + "\n")


def hot(at: Path, labels: dict[str, str]) -> None:
    """Write a column for each class."""
    rows = [f"{n},{int(k == 'disc')},{int(k == 'square')}" for n, k in labels.items()]
    write(at / "labels.csv", "\n".join(["image,disc,square", *rows]) + "\n")


PARTS = {"train": 30, "test": 10}


def told_by_a_table(
    at: Path, given: tuple[dict[str, int], Callable[[Path, dict[str, str]], None]]
) -> None:
    """Check the class and the part of each picture."""
    folders, written = given
    labels = draw(at, folders)
    written(at, labels)
    opened = data.open(at)
    goal = opened.schema[opened.schema.target]
    expect(sorted(goal.names), ["disc", "square"], "classes")
    got = {Path(name).name: one[opened.schema.target] for name, one in values(opened).items()}
    expect(got, {Path(name).name: label for name, label in labels.items()}, "labels")
    drawn = {Path(name).name: part for name, part in parts(opened).items()}
    for name in labels:
        folder = name.split("/")[0].casefold()
        is_test = "test" in folder
        if is_test or folder.startswith("train"):
            expect(drawn[Path(name).name] == "test", is_test, f"{name} in test")


each("35", "classes of the table, parts of the folders", told_by_a_table, {
    "metadata.csv in each part": (PARTS, a_csv_each),
    "metadata.jsonl in each part": (PARTS, a_table_each),
    "one metadata.csv for both": (PARTS, a_table),
    "paths of Windows": (PARTS, foreign("C:\\Users\\me\\data\\{}")),
    "train.csv and test.csv": (PARTS, a_csv_a_part),
    "paths of a disk of macOS": (PARTS, foreign("/Volumes/my disk/{}")),
    "addresses": (PARTS, foreign("https://example.org/data/{}")),
    "Train, Validation, Test with tables": (
        {"Train": 24, "Validation": 8, "Test": 8}, a_table_each),
    "images_train, images_test": ({"images_train": 30, "images_test": 10}, a_table),
    "blanks in header and cells": (PARTS, blank_header),
    "a column for each class": (PARTS, hot),
    "one folder without parts": ({"images": 40}, a_table),
})  # fmt: skip


@variant("35", "two raters a picture", "rows of a picture stay in one part, the rater is an input")
def raters(at: Path) -> None:
    """Check a table with two rows for each picture."""
    labels = draw(at, PARTS)
    rows = [f"{n},{who},{k}" for n, k in labels.items() for who in ("anna", "ben")]
    write(at / "labels.csv", "\n".join(["image,rater,label", *rows]) + "\n")
    opened = data.open(at)
    expect(opened.schema.inputs, ("image", "rater"))
    held = [
        {split.name(int(id)) for id in split.ids}
        for split in (opened.train, opened.valid, opened.test)
    ]
    expect(held[0] & held[1] | held[0] & held[2] | held[1] & held[2], set(), "in two parts")
    expect(sum(map(len, (opened.train, opened.valid, opened.test))), 80, "examples")


@variant("35", "test.csv without the target, a sample submission", "asked later, no part, no class")
def to_be_asked(at: Path) -> None:
    """Check a contest's layout."""
    labels = draw(at, PARTS)
    a_csv_a_part(at, labels)
    asked = [Path(name).stem for name in labels if name.startswith("test")]
    write(at / "test.csv", "id\n" + "\n".join(asked) + "\n")
    write(at / "sample_submission.csv", "id,label\n" + "".join(f"{n},disc\n" for n in asked))
    opened = data.open(at)
    right = {Path(n).stem: k for n, k in labels.items() if n.startswith("train")}
    expect({Path(n).stem: one["label"] for n, one in values(opened).items()}, right)


@variant("35", "a table with other endings, two folders", "not used in silence: a warning")
def other_endings(at: Path) -> None:
    """Check a table that names none of the pictures, as these were converted."""
    labels = draw(at, {"first": 20, "second": 20})
    a_table(at, {name.replace(".png", ".jpg"): label for name, label in labels.items()})
    opened = data.open(at)
    if sorted(opened.schema["label"].names) != ["disc", "square"]:
        expect_finding(opened, "unused table", "warning", "metadata.csv")


@variant("35", "train/ and test/ with pictures alone", "no classes 'train' and 'test'")
def nothing_told(at: Path) -> None:
    """Check that parts do not become classes where no table says any."""
    draw(at, PARTS)
    try:
        opened = data.open(at)
    except BriqueError as error:
        expect("train" in str(error), True, f"names the folder: {error}")
    else:
        expect(opened.schema.targets, (), "targets")


# 27: pictures of more than 8 bits are stretched from the range of train


def deep(at: Path, given: tuple[str, int, int]) -> None:
    """Check that pixels of train span 0 to 1, one way for all, and keep their grades."""
    end, low, high = given
    rng = np.random.default_rng(27)
    held: dict[str, np.ndarray] = {}
    for n in range(40):
        pixels = rng.integers(low, high + 1, (16, 16)).astype(np.uint16)
        pixels[0, :2] = low, high
        name = f"{'ab'[n % 2]}/{n}{end}"
        (at / "p" / "ab"[n % 2]).mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(at / "p" / name)
        held[name] = pixels
    opened = data.open(at / "p")
    kind = opened.schema["image"]
    for name, pixels in images(opened).items():
        right = torch.from_numpy((held[name].astype(np.float64) - low) / (high - low))
        got = kind.to_float(torch.from_numpy(pixels))[0].double()
        expect(bool((got - right).abs().max() < 1 / 255), True, f"{name} stretched")
        asked = kind.prepare(at / "p" / name)
        expect(bool((asked == torch.from_numpy(pixels)).all()), True, f"{name} asked")


each("27", "the range of train becomes 0 to 1, for training and when asked", deep, {
    "12 bits in TIFF of 16": (".tif", 90, 700), "12 bits in PNG of 16": (".png", 90, 700),
    "10 bits, all of them": (".png", 0, 1023), "14 bits far from 0": (".tif", 9000, 12000),
    "all 16 bits": (".png", 0, 65535), "a range of 40 grades": (".tif", 20000, 20040),
})  # fmt: skip


@variant("27", "asked: brighter than all of train", "cut at white, and said")
def brighter(at: Path) -> None:
    """Check a question outside of the range."""
    rng = np.random.default_rng(3)
    for n in range(40):
        (at / "p" / "ab"[n % 2]).mkdir(parents=True, exist_ok=True)
        pixels = rng.integers(100, 700, (16, 16)).astype(np.uint16)
        Image.fromarray(pixels).save(at / "p" / "ab"[n % 2] / f"{n}.png")
    Image.fromarray(np.full((16, 16), 4000, np.uint16)).save(at / "ask.png")
    kind = data.open(at / "p").schema["image"]
    expect(float(kind.to_float(kind.prepare(at / "ask.png")).min()), 1.0)
    expect(kind.cut(at / "ask.png"), (4000.0, 4000.0), "range of the question")


@variant("27", "8 bits, dark", "not stretched: 8 bits stay as they are")
def dark(at: Path) -> None:
    """Check that pictures of 8 bits are left alone."""
    for n in range(40):
        save(noise(n), at / "p" / "ab"[n % 2] / f"{n}.png")
    for name, pixels in images(data.open(at / "p")).items():
        expect((pixels == noise(int(Path(name).stem)).transpose(2, 0, 1)).all(), True, name)


# 28: evaluate RUN DATA judges all that is given


def half_light(at: Path, names: list[str], count: int, seed: int) -> None:
    """Draw pictures whose class is how light they are."""
    for kind, name in enumerate(names):
        for n in range(count):
            pixels = noise(seed + 1000 * kind + n, (16, 16)) + np.uint8(50 * kind)
            save(pixels, at / name / f"{n}.png")


@variant("28", "other folders, judged by a run", "all are judged; unknown classes count as wrong")
def judged(at: Path) -> None:
    """Check what is judged of folders with as many, fewer, more, renamed and single classes."""
    half_light(at / "learn", ["a", "b", "c"], 40, 1)
    run = brique.train(at / "learn", quick=True, out=at / "run")
    given: dict[str, tuple[list[str], int]] = {
        "judge": (["a", "b", "c"], 34), "fewer": (["a", "b"], 20), "case": (["A", "B", "C"], 20),
        "more": (["a", "b", "c", "d"], 20), "alone": (["a"], 20),
        "parts/train": (["a", "b", "c"], 15), "parts/test": (["a", "b", "c"], 10),
    }  # fmt: skip
    for number, (name, (classes, count)) in enumerate(given.items(), 2):
        half_light(at / name, classes, count, 10000 * number)
    total = {"judge": 102, "fewer": 40, "case": 60, "more": 80, "alone": 20, "parts": 75}
    scores: dict[str, Any] = {name: brique.evaluate(run, at / name) for name in total}
    expect({name: one["examples"] for name, one in scores.items()}, total, "examples")
    files = sorted((at / "more").rglob("*.png"))
    answers = [one.answer for one in load(run).predict(files)]
    right = sum(a == file.parent.name for a, file in zip(answers, files, strict=True))
    expect(scores["more"]["test"]["accuracy"], right / 80, "accuracy with an unknown class")
    expect(scores["case"]["test"]["accuracy"] > 0.9, True, "classes in other case")
    if not all(any("are evaluated" in note for note in one["notes"]) for one in scores.values()):
        raise WrongError("what is judged is not said")


@variant("28", "a table judged by a run", "all rows are judged, by the run's own baselines")
def table_judged(at: Path) -> None:
    """Check a table of other rows, in other order of columns, against predict."""
    rng = np.random.default_rng(28)
    for name, count, order in (("learn", 200, "xyk"), ("other", 90, "kyx")):
        x, y = rng.normal(size=(2, count))
        rows = [{"x": f"{a:.4f}", "y": f"{b:.4f}", "k": "hi" if a > b else "lo"}
                for a, b in zip(x, y, strict=True)]  # fmt: skip
        text = "\n".join([",".join(order), *(",".join(row[c] for c in order) for row in rows)])
        write(at / f"{name}.csv", text + "\n")
    run = brique.train(at / "learn.csv", target="k", quick=True, out=at / "run")
    found = brique.evaluate(run, at / "other.csv", target="k")
    expect((found["examples"], found["evaluated_on"]["part"]), (90, "all"))
    expect(found["baseline"] is not None, True, "baselines beside it")


@variant("28", "data that ask for something else", "refused, with what both hold")
def other_target(at: Path) -> None:
    """Check pictures against a run of a table."""
    rows = "".join(f"{n % 17},{n % 13},{'ab'[n % 17 > 8]}\n" for n in range(120))
    run = brique.train(write(at / "t.csv", "x,y,k\n" + rows), quick=True, out=at / "run")
    half_light(at / "p", ["a", "b"], 10, 1)
    try:
        brique.evaluate(run, at / "p")
    except BriqueError as error:
        expect("choose other data" in str(error), True, str(error))
    else:
        raise WrongError("pictures were judged by a model of tables")
