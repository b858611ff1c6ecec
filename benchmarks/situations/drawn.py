"""Pictures that the cases draw: noise with a bright patch, so that one sees where things are."""

from pathlib import Path

import numpy as np
from PIL import Image

from brique.data import Data

SIZE = (30, 40)  # height, width as they are seen
UNTURN = {  # by orientation: what is stored of what is seen
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, 1),
    7: lambda a: np.rot90(a.swapaxes(0, 1), 2),
    8: lambda a: np.rot90(a, 3),
}


def noise(seed: int, size: tuple[int, int] = SIZE) -> np.ndarray:
    """Return a dark picture (height, width, 3) of noise, another for each seed."""
    return np.random.default_rng(seed).integers(0, 90, (*size, 3)).astype(np.uint8)


def patch(seed: int, size: tuple[int, int] = SIZE) -> tuple[np.ndarray, tuple[int, int, int, int]]:
    """Return noise with a bright patch, and its box x0, y0, x1, y1, in the lower half."""
    rng = np.random.default_rng(1000 + seed)
    pixels, (height, width) = noise(seed, size), size
    x, y = int(rng.integers(1, width // 4)), int(rng.integers(height // 2, height * 5 // 8))
    w, h = width // 3, height // 4
    pixels[y : y + h, x : x + w] = (250, 200, 40)
    return pixels, (x, y, x + w, y + h)


def save(pixels: np.ndarray, path: Path, orientation: int = 1) -> None:
    """Write a picture that is seen so, stored as a camera that was held otherwise does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(np.ascontiguousarray(UNTURN[orientation](pixels)))
    exif = Image.Exif()
    if orientation != 1:
        exif[0x0112] = orientation
    more = {"quality": 95} if path.suffix == ".jpg" else {}
    image.save(path, exif=exif, **more) if orientation != 1 else image.save(path, **more)


def stored_box(
    box: tuple[float, ...], orientation: int, size: tuple[int, int] = SIZE
) -> tuple[int, ...]:
    """Return where a box that is seen lies in the pixels as they are stored."""
    seen = np.zeros(size, bool)
    x0, y0, x1, y1 = map(int, box)
    seen[y0:y1, x0:x1] = True
    rows, columns = np.nonzero(UNTURN[orientation](seen))
    return int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1


def boxes(opened: Data) -> dict[str, list[tuple[str, tuple[float, ...]]]]:
    """Return by the stem of a picture its boxes with their classes, in pixels."""
    found: dict[str, list[tuple[str, tuple[float, ...]]]] = {}
    tags = opened.schema["classes"]
    for split in (opened.train, opened.valid, opened.test):
        for id, one in zip(split.ids, split, strict=True):
            corners = [tuple(round(x, 3) for x in box) for box in one["boxes"].tolist()]
            names = tags.restore(one["classes"])
            stem = Path(split.name(int(id))).stem
            found[stem] = sorted(zip(names, corners, strict=True))
    return found


def images(opened: Data) -> dict[str, np.ndarray]:
    """Return by name of the file its pixels as they are stored (C, H, W)."""
    return {
        split.name(int(id)): pixels.numpy()
        for split in (opened.train, opened.valid, opened.test)
        for id, pixels in zip(split.ids, split["image"], strict=True)
    }
