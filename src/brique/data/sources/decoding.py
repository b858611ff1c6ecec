"""Picture files as examples: folders by class and columns of tables decode theirs in one way."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import torch
from torch import Tensor

from brique.data.asked import Size
from brique.data.likeness import thumbnail
from brique.data.originals import Originals
from brique.data.place import Place, relative
from brique.data.splitting import digest
from brique.errors import DataError
from brique.schema import Picture, picture_shape
from brique.schema.pictures import Look, examined

if TYPE_CHECKING:
    from PIL.Image import Image

_Seen = TypeVar("_Seen")
DEFAULT_SIZE = 64
KEPT_SIZE = 128  # pictures of one common size up to this keep it
SUFFIXES = frozenset((
    ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm",
    ".pgm", ".pbm", ".pnm",
))  # fmt: skip
FOREIGN = frozenset((
    ".heic", ".heif", ".avif", ".jxl", ".jp2", ".svg", ".psd", ".dng", ".cr2", ".nef", ".arw",
    ".raw", ".eps",
))  # fmt: skip # pictures that are not read


@dataclass
class Decoded:
    """Pictures that could be read, in order, and what is known of them.

    pixels: (M, C, H, W), uint8.
    kept: (M,), the place of each among the files that were given.
    digests: (M,), uint64, of the pictures as they are, before they are fitted.
    skipped: (file, reason) of the others.
    """

    pixels: Tensor
    kept: np.ndarray
    digests: np.ndarray
    originals: Originals
    skipped: list[tuple[str, str]]
    notes: list[str]

    @property
    def kind(self) -> Picture:
        """What the pictures are."""
        channels, height, width = self.pixels.shape[1:]
        return Picture((channels, height, width))

    def only(self, kept: np.ndarray) -> "Decoded":
        """Return the pictures where `kept` (M,), bool, is true."""
        rows = np.flatnonzero(kept)
        originals = Originals([self.originals.looks[row] for row in rows.tolist()])
        originals.thumbs = self.originals.thumbs[rows]
        pixels = self.pixels[torch.from_numpy(rows)]
        return Decoded(
            pixels, self.kept[rows], self.digests[rows], originals, self.skipped, self.notes
        )


def is_picture(place: Place) -> bool:
    """Tell whether a file is named as a picture that can be read."""
    return place.suffix.casefold() in SUFFIXES


def decode(
    files: Sequence[Place], root: Place, name: str, *, size: Size | None, channels: int | None
) -> Decoded:
    """Return the pictures in files, those that cannot be read left out.

    root: below which files are named. name: of the source, for sentences.
    size: height and width; by default the pictures' own, if it is one and at most 128, else 64.
    channels: 1 or 3; by default 1 if all are grey, else 3.
    Raises DataError when none can be read.
    """
    found = _Files(root, list(files), np.arange(len(files)))
    sides = (size, size) if isinstance(size, int) else size
    height, width = sides or _common_size(found, name)
    decoded = _decode(found, (channels or 3, height, width), may_be_grey=channels is None)
    if not found.files:
        raise DataError(
            f"{name}: none of its {len(files):,} pictures can be read; the first, "
            f"{found.skipped[0][0]}: {found.skipped[0][1]}"
        )
    return decoded


@dataclass
class _Files:
    """Files that are still good, with the place of each among those given."""

    root: Place
    files: list[Place]
    kept: np.ndarray
    skipped: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    notes: list[str] = field(default_factory=list[str])


def _common_size(found: _Files, name: str) -> tuple[int, int]:
    """Return (height, width) for all pictures, from their headers."""
    sizes = {shape[1:] for shape in _each(picture_shape, found)}
    if len(sizes) == 1:
        height, width = next(iter(sizes))
        if max(height, width) <= KEPT_SIZE:
            return height, width
        why = f"its pictures have {width} x {height} pixels"
    else:
        why = f"its pictures have {len(sizes)} sizes"
    if sizes:
        found.notes.append(
            f"{name}: {why}, so each is scaled and cut to {DEFAULT_SIZE} x {DEFAULT_SIZE}; "
            "size= chooses another."
        )
    return DEFAULT_SIZE, DEFAULT_SIZE


def _decode(found: _Files, shape: tuple[int, int, int], *, may_be_grey: bool) -> Decoded:
    """Return the pictures, fitted to a shape (C, H, W).

    may_be_grey: whether they get one channel if all are grey.
    """
    picture = Picture(shape)
    pixels = torch.empty(len(found.files), *picture.shape, dtype=torch.uint8)
    places = {id(file): place for place, file in enumerate(found.files)}  # a file may come twice
    colored: list[Place] = []

    def one(file: Place) -> tuple[int, int, Look, np.ndarray]:
        image, look = examined(file)
        if may_be_grey and not colored and not _is_grey(image):
            colored.append(file)
        pixels[places[id(file)]] = picture.prepare(image)
        number = digest(f"{image.size} ".encode() + image.tobytes())
        return places[id(file)], number, look, thumbnail(image)

    done = _each(one, found)
    good = torch.tensor([place for place, *_ in done], dtype=torch.int64)
    pixels = pixels if len(good) == len(pixels) else pixels[good]
    pixels = pixels[:, :1].contiguous() if may_be_grey and not colored else pixels
    originals = Originals([look for _, _, look, _ in done])
    originals.thumbs = np.stack([thumb for *_, thumb in done]) if done else originals.thumbs
    digests = np.array([number for _, number, *_ in done], dtype=np.uint64)
    return Decoded(pixels, found.kept, digests, originals, found.skipped, found.notes)


def _is_grey(image: "Image") -> bool:
    if image.mode == "L":
        return True
    pixels = np.asarray(image)
    return bool((pixels == pixels[..., :1]).all())


def _each(look: Callable[[Place], _Seen], found: _Files) -> list[_Seen]:
    """Return look(file) for each file; those where it raises are left out, their reasons kept."""

    def tried(file: Place) -> _Seen | DataError:
        try:
            return look(file)
        except DataError as error:
            return error

    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        seen = list(pool.map(tried, found.files))
    for file, result in zip(found.files, seen, strict=True):
        if isinstance(result, DataError):
            reason = str(result).removeprefix(f"picture {file}: ")
            found.skipped.append((relative(file, found.root), reason))
    good = [i for i, result in enumerate(seen) if not isinstance(result, DataError)]
    found.files = [found.files[i] for i in good]
    found.kept = found.kept[good]
    return [result for result in seen if not isinstance(result, DataError)]
