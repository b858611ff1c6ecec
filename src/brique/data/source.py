"""Source: the examples of a data set as they were found, before they are split and fitted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from torch import Tensor

from brique.data.batch import Values
from brique.data.column import Column
from brique.data.finding import Finding
from brique.data.originals import Originals
from brique.schema import Field

PARTS = ("train", "valid", "test")
UNTOLD = "its target is missing: "  # how the reason of a row that is left out for it begins
ALIASES = {
    "train": "train", "training": "train",
    "valid": "valid", "val": "valid", "validation": "valid",
    "test": "test", "testing": "test",
}  # fmt: skip


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
    originals: what is known of the picture files.
    names: what a person calls each example; by default "example 17".
    groups: (N,), int64: examples of one number stay in one part, whatever draws it.
    times: (N,), float64: the last examples are drawn as test, those before them as valid.
    findings: what the source itself found that an audit should say.
    near: (P, 2), int64, pairs of examples that are nearly the same, once they were sought.
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
    originals: Originals | None = None
    names: Sequence[str] = ()
    groups: np.ndarray | None = None
    times: np.ndarray | None = None
    findings: list[Finding] = field(default_factory=list[Finding])
    near: np.ndarray | None = None

    def __len__(self) -> int:
        return len(next(iter(self.fields.values())))
