"""How many copies of pictures are found, and how many other pictures are taken for copies.

    python benchmarks/nearcopies.py                   all sets, those that are there
    python benchmarks/nearcopies.py silhouettes       some of them

Into MNIST, CIFAR-10, photographs (chihuahua-muffin) and generated silhouettes, 100 copies of each
kind are planted: compressed again, scaled and back, made lighter, moved by a pixel, cut by 5%.
Counts which of them `brique.data.near_duplicates.images` finds, and the pairs of pictures as
they are that it takes for copies. Prints the table of benchmarks/nearcopies.md.
"""

import io
import math
import os
import random
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw

from brique import data
from brique.data.near_duplicates import images

COPIES = 100  # of each kind
SHAPES = 10
DRAWN = 20_000
SETS = ("mnist", "cifar-10", "photographs", "silhouettes")


def compressed(image: Image.Image, draw: random.Random) -> Image.Image:
    """Return the picture saved as a JPEG of quality 50 to 90."""
    file = io.BytesIO()
    image.save(file, "JPEG", quality=draw.randint(50, 90))
    return Image.open(file).convert(image.mode)


def scaled(image: Image.Image, draw: random.Random) -> Image.Image:
    """Return the picture scaled to 60 to 90% and back."""
    share = draw.uniform(0.6, 0.9)
    small = image.resize([round(side * share) for side in image.size], Image.Resampling.BICUBIC)
    return small.resize(image.size, Image.Resampling.BICUBIC)


def lighter(image: Image.Image, draw: random.Random) -> Image.Image:
    """Return the picture with another gain (up to 10%) and offset (up to 10 of 255)."""
    gain, offset = draw.uniform(1.02, 1.1), draw.uniform(2, 10)
    return image.point([min(255, round(gain * value + offset)) for value in range(256)]
                       * len(image.getbands()))  # fmt: skip


def moved(image: Image.Image, draw: random.Random) -> Image.Image:
    """Return the picture moved by one pixel across, down, or both; the edge is repeated."""
    pixels = np.asarray(image)
    down, across = draw.choice([(y, x) for y in (-1, 0, 1) for x in (-1, 0, 1) if y or x])
    padded = np.pad(pixels, [(1, 1), (1, 1), *[(0, 0)] * (pixels.ndim - 2)], mode="edge")
    height, width = pixels.shape[:2]
    return Image.fromarray(padded[1 + down : 1 + down + height, 1 + across : 1 + across + width])


def cut(image: Image.Image, draw: random.Random) -> Image.Image:
    """Return the picture without 5% of its width and height, at whatever side, scaled back."""
    width, height = image.size
    left, top = draw.uniform(0, 0.05) * width, draw.uniform(0, 0.05) * height
    box = (left, top, left + 0.95 * width, top + 0.95 * height)
    return image.resize(image.size, Image.Resampling.BICUBIC, box=box)


CHANGES = (compressed, scaled, lighter, moved, cut)


def silhouettes(count: int, seed: int) -> list[Image.Image]:
    """Return grey pictures of 28 x 28, each of one of ten shapes drawn anew."""
    draw = random.Random(seed)
    return [_silhouette(number % SHAPES, draw) for number in range(count)]


def _silhouette(shape: int, draw: random.Random) -> Image.Image:
    """Return one: place, size, rotation and width of the line are drawn; four times as fine."""
    fine = 28 * 4
    image = Image.new("L", (fine, fine))
    pen = ImageDraw.Draw(image)
    size, angle = draw.uniform(7, 11) * 4, draw.uniform(-0.3, 0.3)
    x, y = (fine / 2 + draw.uniform(-2.5, 2.5) * 4 for _ in range(2))
    width = draw.uniform(1.5, 3.5) * 4

    def at(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
        c, s = math.cos(angle) * size, math.sin(angle) * size
        return [(x + c * a - s * b, y + s * a + c * b) for a, b in points]

    if shape < len(FILLED):
        pen.polygon(at(FILLED[shape]), fill=255)
        pen.line(at([*FILLED[shape], FILLED[shape][0]]), fill=255, width=round(width / 2))
    else:
        for line in LINES[shape - len(FILLED)]:
            pen.line(at(line), fill=255, width=round(width), joint="curve")
    return image.resize((28, 28), Image.Resampling.BOX)


def _ring(corners: int, across: float, down: float) -> list[tuple[float, float]]:
    turns = [2 * math.pi * corner / corners for corner in range(corners)]
    return [(across * math.cos(turn), down * math.sin(turn)) for turn in turns]


FILLED: list[list[tuple[float, float]]] = [
    [(-0.5, -1), (0.5, -1), (0.6, 1), (0.15, 1), (0, -0.3), (-0.15, 1), (-0.6, 1)],  # trousers
    [(-0.9, -0.8), (0.9, -0.8), (1, -0.3), (0.5, -0.3), (0.5, 1), (-0.5, 1), (-0.5, -0.3),
     (-1, -0.3)],  # shirt
    [(-0.3, -1), (0.3, -1), (0.8, 1), (-0.8, 1)],  # dress
    [(-1, 0.6), (-1, 0), (-0.2, -0.3), (0.2, -0.6), (0.6, 0.1), (1, 0.3), (1, 0.6)],  # shoe
    _ring(24, 0.8, 0.8),
    _ring(4, 1, 1),
]  # fmt: skip
LINES: list[list[list[tuple[float, float]]]] = [
    [[*_ring(24, 0.6, 0.9), (0.6, 0)]],
    [[(0, -1), (0, 1)], [(-0.8, 0), (0.8, 0)]],
    [[(-0.7, -0.9), (0.7, -0.9), (-0.2, 1)]],
    [[(-0.6, 1), (-0.6, -0.2), (0, -1), (0.6, -0.2), (0.6, 1)], [(-0.6, 0.2), (0.6, 0.2)]],
]


def pictures(name: str) -> list[Image.Image]:
    """Return all pictures of a set, of whatever part."""
    if name == "silhouettes":
        return silhouettes(DRAWN, 0)
    if name == "photographs":
        shelves = [Path(one) for one in os.environ.get("BRIQUE_DATA", "").split(os.pathsep)]
        files = [
            f for shelf in shelves for f in sorted((shelf / "chihuahua-muffin").glob("t*/*/*"))
        ]
        return [Image.open(file).convert("RGB") for file in files]
    opened = data.open(name)
    pixels = torch.cat([part["image"] for part in (opened.train, opened.valid, opened.test)])
    arrays = pixels.permute(0, 2, 3, 1).squeeze(3).numpy()
    return [Image.fromarray(one) for one in arrays]


def thumbs(originals: Sequence[Image.Image]) -> np.ndarray:
    """Return thumbnails (N, 1152): of photographs as of files, of small ones as in memory."""
    if originals[0].size != originals[-1].size:
        return np.stack([images.thumbnail(image) for image in originals])
    pixels = torch.from_numpy(np.stack([np.asarray(image) for image in originals]))
    pixels = pixels[:, None] if pixels.ndim == 3 else pixels.permute(0, 3, 1, 2)
    return images.thumbnails(pixels)


def planted(
    originals: list[Image.Image],
    change: Callable[[Image.Image, random.Random], Image.Image],
    seed: int,
) -> tuple[list[Image.Image], list[tuple[int, int]]]:
    """Return copies of some pictures, and the places of both if they are put behind all."""
    draw = random.Random(seed)
    rows = draw.sample(range(len(originals)), COPIES)
    copies = [change(originals[row], draw) for row in rows]
    return copies, [(row, len(originals) + at) for at, row in enumerate(rows)]


def line(name: str) -> str:
    """Return the line of a set in the table."""
    originals = pictures(name)
    side = min(originals[0].size) if name != "photographs" else 128
    known = thumbs(originals)
    start = time.process_time()
    alone = {tuple(pair) for pair in images.near_pairs(known, side=side).tolist()}
    seconds = time.process_time() - start
    found: list[str] = []
    for seed, change in enumerate(CHANGES):
        copies, pairs = planted(originals, change, seed)
        sought = images.near_pairs(np.concatenate([known, thumbs(copies)]), side=side)
        hit = {tuple(pair) for pair in sought.tolist()}
        found.append(f"{len(hit & set(pairs))}")
    rate = 1000 * len(alone) / len(originals)
    return (
        f"| {name} | {len(originals):,} | {' | '.join(found)} | {len(alone)} | {rate:.2f} |"
        f" {seconds:.1f} |"
    )


def main() -> None:
    """Print the table."""
    kinds = " | ".join(change.__name__ for change in CHANGES)
    print(f"| data | pictures | {kinds} | pairs not planted | in 1,000 | seconds |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for name in sys.argv[1:] or SETS:
        print(line(name), flush=True)


if __name__ == "__main__":
    main()
