"""Picture files decoded into examples, for folders by class and columns of tables."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from brique.data.files.place import Place
from brique.data.near_duplicates.images import thumbnail
from brique.data.raw.deep_pictures import DeepPictures
from brique.data.raw.digests import content_digest
from brique.data.raw.image_metadata import ImageMetadata
from brique.data.sources.layout.file_list import ExampleFiles
from brique.errors import DataError
from brique.options import Size
from brique.schema import Picture, picture_shape
from brique.schema.bit_depth import preview
from brique.schema.pictures import PictureInfo, read_with_info

if TYPE_CHECKING:
    from PIL.Image import Image

DEFAULT_SIZE = 64
MAX_OWN_SIZE = 128  # pictures of one common size up to this keep it
SUFFIXES = frozenset((
    ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm",
    ".pgm", ".pbm", ".pnm",
))  # fmt: skip
UNSUPPORTED_SUFFIXES = frozenset((
    ".heic", ".heif", ".avif", ".jxl", ".jp2", ".svg", ".psd", ".dng", ".cr2", ".nef", ".arw",
    ".raw", ".eps", ".dcm", ".dicom", ".nii", ".nrrd", ".mha", ".czi", ".nd2", ".lif", ".svs",
))  # fmt: skip # pictures that are not read


@dataclass
class DecodedPictures:
    """Decoded pictures, in order, with their metadata.

    pixels: (M, C, H, W), uint8; or DeepPictures, if some have more than 8 bits.
    indices: (M,), the index of each among the given files.
    digests: (M,), uint64, of the pictures before they are resized.
    skipped: (file, reason) of the pictures that cannot be read.
    kind: the kind of the pictures, not yet fitted.
    """

    pixels: Tensor | DeepPictures
    indices: np.ndarray
    digests: np.ndarray
    image_metadata: ImageMetadata
    skipped: list[tuple[str, str]]
    notes: list[str]
    kind: Picture

    def select(self, rows: np.ndarray) -> "DecodedPictures":
        """Return the pictures at some rows, in ascending order."""
        if len(rows) == len(self.indices):
            return self
        image_metadata = ImageMetadata([self.image_metadata.infos[row] for row in rows.tolist()])
        image_metadata.thumbs = self.image_metadata.thumbs[rows]
        return replace(
            self,
            pixels=self.pixels[torch.from_numpy(rows)],
            indices=self.indices[rows],
            digests=self.digests[rows],
            image_metadata=image_metadata,
        )


def is_picture(place: Place) -> bool:
    """Tell whether the name of a file is that of a readable picture."""
    return place.suffix.casefold() in SUFFIXES


def decode(
    files: Sequence[Place],
    root: Place,
    name: str,
    *,
    size: Size | None,
    channels: int | None,
    inside: bool = False,
) -> DecodedPictures:
    """Return the pictures in files, without the unreadable ones.

    root: the folder that file names are relative to. name: of the source, for messages.
    size: height and width; by default their common size, if at most 128, else 64.
    channels: 1 or 3; by default 1 if all are grey, else 3.
    inside: whether each is scaled to fit inside the size instead of being cropped.
    Raises DataError when none can be read.
    """
    examples = _Files(name, root, files=list(files), indices=list(range(len(files))))
    requested_size = (size, size) if isinstance(size, int) else size
    height, width = requested_size or _common_size(examples)
    picture = Picture((channels or 3, height, width), letterbox=inside)
    decoded = _decode(examples, picture, may_be_grey=channels is None)
    if not examples.files:
        raise DataError(
            f"{name}: none of its {len(files):,} pictures can be read; the first, "
            f"{examples.skipped[0][0]}: {examples.skipped[0][1]}"
        )
    return decoded


@dataclass
class _Files(ExampleFiles):
    """Readable files, with the index of each among the given files."""

    indices: list[int] = field(default_factory=list[int])

    def columns(self) -> list[list[Any]]:
        return [self.files, self.indices]


def _common_size(examples: _Files) -> tuple[int, int]:
    """Return (height, width) for all pictures, from their headers."""
    sizes = {shape[1:] for shape in examples.apply(picture_shape)}
    if len(sizes) == 1:
        height, width = next(iter(sizes))
        if max(height, width) <= MAX_OWN_SIZE:
            return height, width
        reason = f"its pictures have {width} x {height} pixels"
    else:
        reason = f"its pictures have {len(sizes)} sizes"
    if sizes:
        examples.notes.append(
            f"{examples.name}: {reason}, so each is scaled and cropped to {DEFAULT_SIZE} x"
            f" {DEFAULT_SIZE}; --size chooses another."
        )
    return DEFAULT_SIZE, DEFAULT_SIZE


def _decode(examples: _Files, picture: Picture, *, may_be_grey: bool) -> DecodedPictures:
    """Return the pictures, prepared. may_be_grey: whether grey pictures get one channel."""
    pixels = torch.empty(len(examples.files), *picture.shape, dtype=torch.uint8)
    # a file may occur twice
    index_by_file = {id(file): index for index, file in enumerate(examples.files)}
    colored: list[Place] = []
    deep_pictures: dict[int, tuple[np.ndarray, float]] = {}

    def decode_one(file: Place) -> tuple[int, int, PictureInfo, np.ndarray]:
        image, info = read_with_info(file)
        if may_be_grey and not colored and not _is_grey(image):
            colored.append(file)
        index = index_by_file[id(file)]
        planes, white = picture.decode(image)
        if white:
            deep_pictures[index] = planes, white
        else:
            pixels[index] = torch.from_numpy(planes)
        digest_value = content_digest(f"{image.size} ".encode() + image.tobytes())
        return index, digest_value, info, thumbnail(preview(image))

    records = _drop_minority_scale(examples, examples.apply(decode_one), deep_pictures)
    indices = torch.tensor([index for index, *_ in records], dtype=torch.int64)
    all_pixels = (
        DeepPictures.from_pixels(pixels, deep_pictures, picture, examples.name)
        if deep_pictures
        else pixels
    )
    is_complete = torch.equal(indices, torch.arange(len(pixels)))
    selected = all_pixels if is_complete else all_pixels[indices]
    if may_be_grey and not colored:
        picture, selected = replace(picture, shape=(1, *pixels.shape[2:])), _to_grey(selected)
    image_metadata = ImageMetadata([info for _, _, info, _ in records])
    if records:
        image_metadata.thumbs = np.stack([thumb for *_, thumb in records])
    digests = np.array([digest_value for _, digest_value, *_ in records], dtype=np.uint64)
    file_indices = np.array(examples.indices, np.int64)
    return DecodedPictures(
        selected, file_indices, digests, image_metadata, examples.skipped, examples.notes, picture
    )


def _to_grey(pixels: Tensor | DeepPictures) -> Tensor | DeepPictures:
    """Return the one channel of grey pictures that were decoded in color."""
    return pixels.grey() if isinstance(pixels, DeepPictures) else pixels[:, :1].contiguous()


def _drop_minority_scale(
    examples: _Files,
    records: list[tuple[int, int, PictureInfo, np.ndarray]],
    deep_pictures: dict[int, tuple[np.ndarray, float]],
) -> list[tuple[int, int, PictureInfo, np.ndarray]]:
    """Drop the pictures of the rarer number type, floats or integers; return the other records.

    Their brightness has no common scale. deep_pictures: pictures of more than 8 bits, by index.
    """
    white_counts = Counter(white for _, white in deep_pictures.values())
    if len(white_counts) < 2:
        return records
    majority = white_counts.most_common(1)[0][0]
    dropped = {index for index, (_, white) in deep_pictures.items() if white != majority}
    names = ("whole numbers", "floats") if majority == 1 else ("floats", "whole numbers")
    for row, (index, *_) in enumerate(records):
        if index in dropped:
            reason = (
                f"holds {names[0]} and most others {names[1]}, on another scale; save all alike"
            )
            examples.skip(examples.files[row], reason)
            del deep_pictures[index]
    rows = [row for row, (index, *_) in enumerate(records) if index not in dropped]
    examples.keep_rows(rows)
    return [records[row] for row in rows]


def _is_grey(image: "Image") -> bool:
    if image.mode != "RGB":
        return True
    pixels = np.asarray(image)
    return bool((pixels == pixels[..., :1]).all())
