"""Source: the raw examples of a data set, before split and fit."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from torch import Tensor

from brique.data.core.batch import Values
from brique.data.finding import Finding
from brique.data.raw.column import Column
from brique.data.raw.image_metadata import ImageMetadata
from brique.schema import Field

PARTS = ("train", "valid", "test")
NO_TARGET = "its target is missing: "  # start of the reason of a row that is left out for it
ALIASES = {
    "train": "train", "training": "train",
    "valid": "valid", "val": "valid", "validation": "valid",
    "dev": "valid", "development": "valid",
    "test": "test", "testing": "test",
}  # fmt: skip
_OTHER_WORDS = frozenset([
    "set", "data", "dataset", "split", "part", "folder", "files", "samples", "seg", "audio",
    "images", "image", "imgs", "img", "pictures", "photos", "pics", "sounds", "wav", "wavs",
])  # fmt: skip # other words in the name of a folder of a part


def part_named(folder: str) -> str | None:
    """Return the part that a folder name means, or None: "Train", "test_set", "val2017".

    >>> part_named("TRAIN_SET"), part_named("images-test"), part_named("train station")
    ('train', 'test', None)
    """
    words = re.findall(r"[^\W\d_]+", folder.casefold())
    words = [word.removesuffix("set") or word for word in words]
    part_names = {ALIASES[word] for word in words if word in ALIASES}
    is_part_name = all(word in ALIASES or word in _OTHER_WORDS for word in words)
    return part_names.pop() if len(part_names) == 1 and is_part_name else None


@dataclass
class Source:
    """The raw examples of a data set, before the split.

    fields: by name, all of length N; a Column is converted to numbers after the split.
    kinds: of the fields that are not Columns, not fitted yet.
    part: (N,), uint8, index in PARTS of each example, or None if the source has no parts.
    digests: (N,), uint64, of the inputs of each example; by default computed from the fields.
        Readers that resize pictures give digests of the originals, so that parts do not depend on
        the size.
    is_final: whether a missing part stays empty, instead of being split from train.
    image_metadata: of the picture files.
    names: of the examples; by default "example 17".
    groups: (N,), int64: examples of one group stay in one part.
    times: (N,), float64: the last examples become test, those before them valid.
    findings: of the reader, for the audit.
    near_pairs: (P, 2), int64, near-duplicate examples, once computed.
    roots: the files or folders that were read, by their names in the call.
    are_equal_by_chance: whether equal examples are so by chance, once computed.
    """

    name: str
    fields: Mapping[str, Values | Column]
    kinds: dict[str, Field] = field(default_factory=dict[str, Field])
    targets: tuple[str, ...] = ()
    part: Tensor | None = None
    digests: np.ndarray | None = None
    is_final: bool = False
    skipped: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    notes: list[str] = field(default_factory=list[str])
    image_metadata: ImageMetadata | None = None
    names: Sequence[str] = ()
    groups: np.ndarray | None = None
    times: np.ndarray | None = None
    findings: list[Finding] = field(default_factory=list[Finding])
    near_pairs: np.ndarray | None = None
    are_equal_by_chance: bool | None = None
    roots: dict[str, Path] = field(default_factory=dict[str, Path])

    def __len__(self) -> int:
        return len(next(iter(self.fields.values())))

    def example_name(self, row: int) -> str:
        """Return the name of an example, for messages."""
        return self.names[row] if self.names else f"example {row}"
