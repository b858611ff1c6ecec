"""Data of every kind, drawn at random, each opened for training and asked as `predict` asks."""

import csv
import json
import random
import wave
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from brique import data
from brique.data.rows.inputs import read_inputs

MODES = ("L", "RGB", "RGBA", "P", "LA", "1", "CMYK", "I;16")
FORMS = {  # by ending: the modes that Pillow writes
    ".jpg": ("L", "RGB", "CMYK"),
    ".png": ("L", "RGB", "RGBA", "P", "LA", "1"),
    ".webp": ("RGB", "RGBA"),
    ".tif": ("L", "RGB", "RGBA", "P", "1", "CMYK"),
    ".bmp": ("L", "RGB", "P", "1"),
    ".gif": ("L", "P"),
    ".ppm": ("RGB",),
    ".pgm": ("L",),
}
TURNING = (".jpg", ".png", ".webp", ".tif")  # formats that hold an orientation


@dataclass(frozen=True)
class Case:
    """A data set and how its examples are asked.

    opened: as for training. asked: for each example's name what `Model.predict` would be given.
    """

    opened: data.Data
    asked: Callable[[str], Any]


def differences(kind: str, count: int, seed: int, folder: Path) -> tuple[int, list[str]]:
    """Return how many examples were compared, and the names of those that differ.

    kind: a key of KINDS. count: of files, rows, lines. folder: an empty one.
    """
    case = KINDS[kind](folder, count, random.Random(f"{kind} {seed}"))
    schema, found = case.opened.schema, list[str]()
    compared = 0
    for part in (case.opened.train, case.opened.valid, case.opened.test):
        for id in part.ids.tolist():
            name = part.name(id)
            given = case.asked(name)
            batch = data.collate(schema, [data.prepare_inputs(schema, given)])
            (seen,) = part.select(torch.tensor([id])).batches(1)
            compared += 1
            if not all(_equal(batch[one], seen[one]) for one in schema.inputs):
                found.append(name)
    return compared, found


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, data.Ragged):
        same = torch.equal(one.offsets, other.offsets)
        return same and _equal(one.values, other.values)
    if one.dtype != other.dtype or one.shape != other.shape:
        return False
    equal = one == other
    return bool((equal | (one.isnan() & other.isnan()) if one.is_floating_point() else equal).all())


def picture(draw: random.Random, mode: str, size: tuple[int, int] | None = None) -> Image.Image:
    """Return a picture of a mode with something in it, of (width, height)."""
    width, height = size or (draw.randrange(20, 70), draw.randrange(20, 70))
    rng = np.random.default_rng(draw.getrandbits(32))
    small = rng.integers(0, 256, (5, 4, 3), dtype=np.uint8)
    image = Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC)
    if mode == "I;16":
        deep = np.asarray(image.convert("L")).astype(np.uint16) * 9 + 90  # 12 of 16 bits
        return Image.fromarray(deep)
    if mode in ("RGBA", "LA"):
        image.putalpha(image.convert("L").point(lambda v: 255 if v > 60 else v))
    return image.convert(mode)


def save(image: Image.Image, path: Path, orientation: int) -> None:
    """Write a picture, with a note on how to turn it where the format has one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix not in TURNING or orientation == 1:
        image.save(path)
        return
    exif = Image.Exif()
    exif[0x0112] = orientation
    image.save(path, exif=exif)


def photos(folder: Path, count: int, draw: random.Random, at: Callable[[int], str]) -> None:
    """Write pictures of all formats, modes, sizes and orientations; at: stems of their paths."""
    forms = [(end, mode) for end, modes in FORMS.items() for mode in modes]
    for number in range(count):
        end, mode = forms[number % len(forms)] if number < len(forms) else draw.choice(forms)
        save(picture(draw, mode), folder / f"{at(number)}{end}", 1 + number % 8)


def shape(draw: random.Random) -> dict[str, Any]:
    """Return what a person says of the size and the channels, or nothing of them."""
    size = draw.choice([24, (20, 36), (33, 17), 64])
    return {"size": size, **draw.choice([{}, {"channels": 1}, {"channels": 3}])}


def by_class(folder: Path, count: int, draw: random.Random) -> Case:
    """Pictures in a folder a class."""
    photos(folder / "p", count, draw, lambda n: f"{'ab'[n % 2]}/{n}")
    return Case(data.open(folder / "p", **shape(draw)), lambda name: folder / "p" / name)


def unscaled(folder: Path, count: int, draw: random.Random) -> Case:
    """Pictures of one size and format, in all orientations of that size, opened as they are."""
    end, size = draw.choice([".jpg", ".png"]), (30, 40)
    for n in range(count):
        orientation = draw.choice([1, 2, 3, 4]) if n % 2 else draw.choice([5, 6, 7, 8])
        stored = size if orientation < 5 else size[::-1]
        save(picture(draw, "RGB", stored), folder / "p" / "ab"[n % 2] / f"{n}{end}", orientation)
    return Case(data.open(folder / "p"), lambda name: folder / "p" / name)


def deep(folder: Path, count: int, draw: random.Random) -> Case:
    """Pictures of 12 bits in files of 16."""
    for n in range(count):
        end = draw.choice([".png", ".tif"])
        save(picture(draw, "I;16"), folder / "p" / "ab"[n % 2] / f"{n}{end}", 1 + n % 8)
    return Case(data.open(folder / "p", **shape(draw)), lambda name: folder / "p" / name)


def flat(folder: Path, count: int, draw: random.Random) -> Case:
    """Pictures beside each other, without a class."""
    photos(folder / "p", count, draw, str)
    return Case(data.open(folder / "p", **shape(draw)), lambda name: folder / "p" / name)


def archived(folder: Path, count: int, draw: random.Random) -> Case:
    """Pictures in an archive, asked as the files that it was made of."""
    photos(folder / "p", count, draw, lambda n: f"{'ab'[n % 2]}/{n}")
    with zipfile.ZipFile(folder / "p.zip", "w") as packed:
        for file in (folder / "p").rglob("*.*"):
            packed.write(file, file.relative_to(folder / "p"))
    return Case(data.open(folder / "p.zip", **shape(draw)), lambda name: folder / "p" / name)


def column(folder: Path, count: int, draw: random.Random) -> Case:
    """A table with paths of pictures, numbers with gaps, and a class."""
    photos(folder / "p", count, draw, str)
    rows = [
        {"image": f"p/{file.name}", "age": draw.choice(["", str(draw.randrange(90))])}
        | {"label": draw.choice("ab")}
        for file in sorted((folder / "p").iterdir())
    ]
    written(folder / "t.csv", rows)
    opened = data.open(folder / "t.csv", target="label", **shape(draw))
    asked = {str(row["image"]): row for row in rows}
    return Case(
        opened,
        lambda name: {**asked[name], "image": folder / name, "age": asked[name]["age"] or None},
    )


def masked(folder: Path, count: int, draw: random.Random) -> Case:
    """Pictures with masks of the size that is seen."""
    for n in range(count):
        orientation, size = 1 + n % 8, (40, 30)
        stored = size if orientation < 5 else size[::-1]
        save(picture(draw, "RGB", stored), folder / "images" / f"{n}.jpg", orientation)
        labels = np.zeros((30, 40), np.uint8)
        labels[draw.randrange(15) :, draw.randrange(20) :] = 1
        save(Image.fromarray(labels), folder / "masks" / f"{n}.png", 1)
    opened = data.open(folder, size=draw.choice([(30, 40), (24, 32), 20]))
    return Case(opened, lambda name: folder / name)


def boxed(folder: Path, count: int, draw: random.Random) -> Case:
    """Pictures with a box each, in COCO's form, as they are seen."""
    images: list[dict[str, Any]] = []
    marks: list[dict[str, Any]] = []
    for n in range(count):
        orientation = 1 + n % 8
        stored = (40, 30) if orientation < 5 else (30, 40)
        save(picture(draw, "RGB", stored), folder / f"{n}.jpg", orientation)
        images.append({"id": n, "file_name": f"{n}.jpg", "width": 40, "height": 30})
        marks.append({"id": n, "image_id": n, "category_id": 1, "bbox": [5, 6, 20, 15]})
    whole = {"images": images, "annotations": marks, "categories": [{"id": 1, "name": "thing"}]}
    (folder / "annotations.json").write_text(json.dumps(whole))
    opened = data.open(folder, size=draw.choice([(30, 40), (24, 32), 32]))
    return Case(opened, lambda name: folder / name)


def sounds(folder: Path, count: int, draw: random.Random) -> Case:
    """Sounds of several rates, widths and channels."""
    for n in range(count):
        path = folder / "s" / "ab"[n % 2] / f"{n}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        width, channels = draw.choice([1, 2, 3, 4]), draw.choice([1, 2])
        with wave.open(str(path), "wb") as file:
            file.setparams((channels, width, draw.choice([8000, 11025, 16000]), 0, "NONE", ""))
            file.writeframes(draw.randbytes(width * channels * draw.randrange(400, 900)))
    return Case(data.open(folder / "s"), lambda name: folder / "s" / name)


def signals(folder: Path, count: int, draw: random.Random) -> Case:
    """Sequences of numbers, a file each, by class."""
    for n in range(count):
        path = folder / "s" / "ab"[n % 2] / f"move{n}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        rows = [
            f"{draw.gauss(0, 1):.4f},{draw.gauss(5, 9):.4f}" for _ in range(draw.randrange(8, 30))
        ]
        path.write_text("\n".join(["x,y", *rows]) + "\n")
    return Case(data.open(folder / "s"), lambda name: folder / "s" / name)


def text(draw: random.Random) -> str:
    """Return a line with words, marks, accents and blanks at odd places."""
    words = [
        "good",
        "Bad",
        "it's",
        "caf\u00e9",
        "no-one",
        "3.5",
        "\u00a0",
        "don't",
        "\u4f60\u597d",
        "e\u0301",
    ]
    return draw.choice(["", " "]) + draw.choice(["  ", " "]).join(
        draw.choice(words) for _ in range(draw.randrange(1, 12))
    )


def documents(folder: Path, count: int, draw: random.Random) -> Case:
    """Texts in a file each, in several encodings and line ends."""
    for n in range(count):
        path = folder / "t" / "ab"[n % 2] / f"{n}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        end = draw.choice(["\n", "\r\n"])
        whole = end.join(f"{text(draw)} {n}" for _ in range(draw.randrange(1, 4)))
        path.write_bytes(whole.encode(draw.choice(["utf-8", "utf-8-sig", "utf-16"])))
    opened = data.open(folder / "t", lower=draw.choice([True, False]))
    asked = {str(one): one.value for one in read_inputs(opened.schema, (folder / "t",))}
    return Case(opened, lambda name: asked[str(folder / "t" / name)])


def lines(folder: Path, count: int, draw: random.Random) -> Case:
    """A file of texts for each class, a text in each line; asked as lines of a file."""
    for label in "ab":
        path = folder / "t" / f"{label}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"{text(draw)} {n}\n" for n in range(count // 2)), encoding="utf-8")
    opened = data.open(folder / "t")
    asked = {
        f"{path.name}:{one.row}": one.value
        for path in (folder / "t").iterdir()
        for one in read_inputs(opened.schema, (path,))
    }
    return Case(opened, lambda name: asked[name])


def tagged(folder: Path, count: int, draw: random.Random) -> Case:
    """Sentences of words with tags, asked as lists of words."""
    sentences = [
        [(draw.choice(["Rome", "is", "Big", "walks", "."]), draw.choice("OBX")) for _ in range(6)]
        for _ in range(count)
    ]
    blocks = ["".join(f"{word}\t{tag}\n" for word, tag in one) for one in sentences]
    (folder / "s.conll").write_text("\n".join(blocks))
    opened = data.open(folder / "s.conll")
    words = iter([word for word, _ in one] for one in sentences)
    names = opened.source.names
    asked = dict(zip(names, words, strict=True))
    return Case(opened, lambda name: asked[name])


def rows(folder: Path, count: int, draw: random.Random, file: Path) -> Case:
    """A table of numbers, classes, moments and texts, gaps among them; rows asked from its file."""
    made = [cells(draw, n) for n in range(count)]
    written(file, made)
    types = {"about": "text", "code": "category"}
    opened = data.open(file, target="label", types=types)
    asked = {f"row {one.row}": one.value for one in read_inputs(opened.schema, (file,))}
    return Case(opened, lambda name: asked[name])


def cells(draw: random.Random, number: int) -> dict[str, Any]:
    """Return a row of a table; None is a cell without a value."""
    row = {
        "size": round(draw.gauss(0, 100), draw.randrange(4)),
        "count": draw.randrange(-5, 2000),
        "code": draw.choice([1, 2, 3]),
        "town": draw.choice(["Rome", "Oslo", "S\u00e3o Paulo", "d'Or"]),
        "day": f"20{draw.randrange(10, 25)}-0{draw.randrange(1, 10)}-{draw.randrange(10, 28)}",
        "about": text(draw),
    }
    gaps = {name: None for name in row if draw.random() < 0.1 and name != "about"}
    return {**row, **gaps, "label": f"class {number % 3}"}


def written(path: Path, made: list[dict[str, Any]]) -> None:
    """Write rows as the ending says, by libraries that are not ours."""
    import pandas
    import pyarrow
    import pyarrow.parquet

    frame = pandas.DataFrame(made)
    match path.suffix:
        case ".csv":
            with path.open("w", newline="", encoding="utf-8") as file:
                table = csv.DictWriter(file, list(made[0]))
                table.writeheader()
                table.writerows(made)
        case ".tsv":
            frame.to_csv(path, sep="\t", index=False, na_rep="NA")
        case ".jsonl":
            path.write_text("".join(json.dumps(row) + "\n" for row in made))
        case ".parquet":
            pyarrow.parquet.write_table(pyarrow.Table.from_pylist(made), path)
        case ".xlsx":
            frame.to_excel(path, index=False)
        case _:
            raise ValueError(path.suffix)


def table(ending: str) -> Callable[[Path, int, random.Random], Case]:
    """Return the kind of tables that end so."""
    return lambda folder, count, draw: rows(folder, count, draw, folder / f"t{ending}")


def series(folder: Path, count: int, draw: random.Random) -> Case:
    """An hourly series; each window is asked as a file that ends where its past does."""
    length, ahead = 8, 2
    head = "time,load,wind"
    body = [
        f"2024-{1 + n // 672:02d}-{1 + n // 24 % 28:02d} {n % 24:02d}:00,"
        + ("" if draw.random() < 0.05 else f"{draw.gauss(50, 9):.3f}")
        + f",{draw.choice(['N', 'S'])}"
        for n in range(max(200, count))
    ]
    (folder / "s.csv").write_text("\n".join([head, *body]) + "\n")
    opened = data.open(folder / "s.csv", kind="series", target="load", length=length, horizon=ahead)
    places = {line.split(",")[0]: place for place, line in enumerate(body)}

    def asked(name: str) -> Any:
        first = name.split(" to ")[0]
        place = next(
            place for moment, place in places.items() if moment in first or first in moment
        )
        some = body[max(0, place - 100) : place]
        (folder / "last.csv").write_text("\n".join([head, *some]) + "\n")
        (one,) = read_inputs(opened.schema, (folder / "last.csv",))
        return one.value

    return Case(opened, asked)


KINDS: dict[str, Callable[[Path, int, random.Random], Case]] = {
    "pictures by class": by_class,
    "pictures unscaled": unscaled,
    "deep pictures": deep,
    "pictures side by side": flat,
    "pictures in an archive": archived,
    "picture columns": column,
    "masks": masked,
    "boxes": boxed,
    "sounds": sounds,
    "sequences": signals,
    "texts": documents,
    "lines": lines,
    "tags": tagged,
    "series": series,
    **{f"table {end}": table(end) for end in (".csv", ".tsv", ".jsonl", ".parquet", ".xlsx")},
}
