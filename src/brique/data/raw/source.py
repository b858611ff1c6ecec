"""Source: the examples of a data set as they were found, before they are split and fitted."""

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
NO_TARGET = "its target is missing: "  # how the reason of a row that is left out for it begins
ALIASES = {
    "train": "train", "training": "train",
    "valid": "valid", "val": "valid", "validation": "valid",
    "dev": "valid", "development": "valid",
    "test": "test", "testing": "test",
}  # fmt: skip
_OTHER_WORDS = frozenset([
    "set", "data", "dataset", "split", "part", "folder", "files", "samples", "seg", "audio",
    "images", "image", "imgs", "img", "pictures", "photos", "pics", "sounds", "wav", "wavs",
])  # fmt: skip # words that a folder's name may have beside that of a part


def part_named(folder: str) -> str | None:
    """Return the part that a folder is named for, or None: "Train", "test_set", "val2017".

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
    """Examples as a source gives them, before the split.

    fields: by name, all of the same length N; a Column gets its numbers when the parts are known.
    kinds: the kind of each field that is no Column, nothing fitted yet.
    part: (N,), uint8, place in PARTS of each example, or None if the source has no parts.
    digests: (N,), uint64, a number for the inputs of each, equal for equal ones; if None they are
        made from the fields. Sources that change pictures give those of the originals, so that
        a size moves no example to another part.
    is_final: whether a part that it does not have stays empty, instead of being drawn from train.
    image_metadata: what is known of the picture files.
    names: what a person calls each example; by default "example 17".
    groups: (N,), int64: examples of one number stay in one part, whatever draws it.
    times: (N,), float64: the last examples are drawn as test, those before them as valid.
    findings: what the source itself found that an audit should say.
    near_pairs: (P, 2), int64, pairs of examples that are nearly the same, once they were sought.
    roots: the files or folders that were read, by what a person called them.
    are_equal_by_chance: whether equal examples are so by chance, once that was looked at.
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
        """Return the name of an example, as sentences use it."""
        return self.names[row] if self.names else f"example {row}"
