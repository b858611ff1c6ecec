"""The same pictures, laid out as people lay them out; what each is opened as."""

from pathlib import Path

import numpy as np
from PIL import Image


def picture(path: Path, seed: int, size=(12, 10), mode="RGB", **options) -> Path:
    """Write a picture of noise, another one for each seed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (*size, 3), dtype=np.uint8)
    Image.fromarray(pixels).convert(mode).save(path, **options)
    return path


def write(path: Path, text: str) -> Path:
    """Write a text file, with the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def by_class(root: Path, n=6, classes=("cat", "dog"), start=0) -> Path:
    """Write CLASS/0.png and so on, each class with its own pictures."""
    for number, name in enumerate(classes):
        for i in range(n):
            picture(root / name / f"{i}.png", start + 100 * number + i)
    return root


def told(opened) -> dict[str, str]:
    """Return the label of each picture of a data set, by the name of its file."""
    goal = opened.schema[opened.schema.target]
    found = {}
    for split in (opened.train, opened.valid, opened.test):
        for place, row in enumerate(split.ids.tolist()):
            found[split.name(row)] = goal.restore(split[place][opened.schema.target])
    return found


def parts(opened) -> dict[str, str]:
    """Return the part of each picture; valid is drawn from train where nobody gave it."""
    splits = {"train": opened.train, "valid": opened.valid, "test": opened.test}
    return {split.name(row): part for part, split in splits.items() for row in split.ids.tolist()}
