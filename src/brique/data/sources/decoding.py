"""Picture files as examples: folders by class and columns of tables decode theirs in one way."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from brique.data.depths import Depths
from brique.data.likeness import thumbnail
from brique.data.originals import Originals
from brique.data.place import Place
from brique.data.sources.gathered import Gathered
from brique.data.splitting import digest
from brique.errors import DataError
from brique.options import Size
from brique.schema import Picture, picture_shape
from brique.schema.depth import preview
from brique.schema.pictures import Look, examined

if TYPE_CHECKING:
    from PIL.Image import Image

DEFAULT_SIZE = 64
KEPT_SIZE = 128  # pictures of one common size up to this keep it
SUFFIXES = frozenset((
    ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm",
    ".pgm", ".pbm", ".pnm",
))  # fmt: skip
FOREIGN = frozenset((
    ".heic", ".heif", ".avif", ".jxl", ".jp2", ".svg", ".psd", ".dng", ".cr2", ".nef", ".arw",
    ".raw", ".eps", ".dcm", ".dicom", ".nii", ".nrrd", ".mha", ".czi", ".nd2", ".lif", ".svs",
))  # fmt: skip # pictures that are not read


@dataclass
class Decoded:
    """Pictures that could be read, in order, and what is known of them.

    pixels: (M, C, H, W), uint8; or brightness that is to be stretched, where some are deep.
    kept: (M,), the place of each among the files that were given.
    digests: (M,), uint64, of the pictures as they are, before they are fitted.
    skipped: (file, reason) of the others.
    kind: what the pictures are, nothing fitted yet.
    """

    pixels: Tensor | Depths
    kept: np.ndarray
    digests: np.ndarray
    originals: Originals
    skipped: list[tuple[str, str]]
    notes: list[str]
    kind: Picture

    def only(self, rows: np.ndarray) -> "Decoded":
        """Return the pictures at some places, rising."""
        if len(rows) == len(self.kept):
            return self
        originals = Originals([self.originals.looks[row] for row in rows.tolist()])
        originals.thumbs = self.originals.thumbs[rows]
        return replace(
            self,
            pixels=self.pixels[torch.from_numpy(rows)],
            kept=self.kept[rows],
            digests=self.digests[rows],
            originals=originals,
        )


def is_picture(place: Place) -> bool:
    """Tell whether a file is named as a picture that can be read."""
    return place.suffix.casefold() in SUFFIXES


def decode(
    files: Sequence[Place],
    root: Place,
    name: str,
    *,
    size: Size | None,
    channels: int | None,
    inside: bool = False,
) -> Decoded:
    """Return the pictures in files, those that cannot be read left out.

    root: below which files are named. name: of the source, for sentences.
    size: height and width; by default the pictures' own, if it is one and at most 128, else 64.
    channels: 1 or 3; by default 1 if all are grey, else 3.
    inside: whether each is scaled to lie inside the size, instead of being cut to it.
    Raises DataError when none can be read.
    """
    found = _Files(name, root, files=list(files), places=list(range(len(files))))
    sides = (size, size) if isinstance(size, int) else size
    height, width = sides or _common_size(found)
    picture = Picture((channels or 3, height, width), inside=inside)
    decoded = _decode(found, picture, may_be_grey=channels is None)
    if not found.files:
        raise DataError(
            f"{name}: none of its {len(files):,} pictures can be read; the first, "
            f"{found.skipped[0][0]}: {found.skipped[0][1]}"
        )
    return decoded


@dataclass
class _Files(Gathered):
    """Files that are still good, with the place of each among those given."""

    places: list[int] = field(default_factory=list[int])

    def columns(self) -> list[list[Any]]:
        return [self.files, self.places]


def _common_size(found: _Files) -> tuple[int, int]:
    """Return (height, width) for all pictures, from their headers."""
    sizes = {shape[1:] for shape in found.each(picture_shape)}
    if len(sizes) == 1:
        height, width = next(iter(sizes))
        if max(height, width) <= KEPT_SIZE:
            return height, width
        why = f"its pictures have {width} x {height} pixels"
    else:
        why = f"its pictures have {len(sizes)} sizes"
    if sizes:
        found.notes.append(
            f"{found.name}: {why}, so each is scaled and cut to {DEFAULT_SIZE} x {DEFAULT_SIZE}; "
            "--size chooses another."
        )
    return DEFAULT_SIZE, DEFAULT_SIZE


def _decode(found: _Files, picture: Picture, *, may_be_grey: bool) -> Decoded:
    """Return the pictures, prepared. may_be_grey: whether all get one channel if all are grey."""
    pixels = torch.empty(len(found.files), *picture.shape, dtype=torch.uint8)
    places = {id(file): place for place, file in enumerate(found.files)}  # a file may come twice
    colored: list[Place] = []
    deep: dict[int, tuple[np.ndarray, float]] = {}

    def one(file: Place) -> tuple[int, int, Look, np.ndarray]:
        image, look = examined(file)
        if may_be_grey and not colored and not _is_grey(image):
            colored.append(file)
        planes, top = picture.fitted(image)
        if top:
            deep[places[id(file)]] = planes, top
        else:
            pixels[places[id(file)]] = torch.from_numpy(planes)
        number = digest(f"{image.size} ".encode() + image.tobytes())
        return places[id(file)], number, look, thumbnail(preview(image))

    done = _of_one_scale(found, found.each(one), deep)
    good = torch.tensor([place for place, *_ in done], dtype=torch.int64)
    found_of = Depths.of(pixels, deep, picture, found.name) if deep else pixels
    kept_of = found_of if torch.equal(good, torch.arange(len(pixels))) else found_of[good]
    if may_be_grey and not colored:
        picture = replace(picture, shape=(1, *pixels.shape[2:]))
        kept_of = kept_of.grey() if isinstance(kept_of, Depths) else kept_of[:, :1].contiguous()
    originals = Originals([look for _, _, look, _ in done])
    originals.thumbs = np.stack([thumb for *_, thumb in done]) if done else originals.thumbs
    digests = np.array([number for _, number, *_ in done], dtype=np.uint64)
    kept = np.array(found.places, np.int64)
    return Decoded(kept_of, kept, digests, originals, found.skipped, found.notes, picture)


def _of_one_scale(
    found: _Files,
    done: list[tuple[int, int, Look, np.ndarray]],
    deep: dict[int, tuple[np.ndarray, float]],
) -> list[tuple[int, int, Look, np.ndarray]]:
    """Return what is known of pictures without the fewer of floats and whole numbers.

    Their brightness has no scale in common. deep: those of more than 8 bits, by place; cleared too.
    """
    tops = Counter(top for _, top in deep.values())
    if len(tops) < 2:
        return done
    kept = tops.most_common(1)[0][0]
    lost = {place for place, (_, top) in deep.items() if top != kept}
    words = ("whole numbers", "floats") if kept == 1 else ("floats", "whole numbers")
    for row, (place, *_) in enumerate(done):
        if place in lost:
            reason = (
                f"holds {words[0]} and most others {words[1]}, on another scale; save all alike"
            )
            found.skip(found.files[row], reason)
            del deep[place]
    rows = [row for row, (place, *_) in enumerate(done) if place not in lost]
    found.keep(rows)
    return [done[row] for row in rows]


def _is_grey(image: "Image") -> bool:
    if image.mode != "RGB":
        return True
    pixels = np.asarray(image)
    return bool((pixels == pixels[..., :1]).all())
