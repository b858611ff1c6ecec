"""What an audit examines: the examples of a source with names, parts and classes."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from torch import Tensor

from brique.data.core.batch import Values
from brique.data.dataset import Data
from brique.data.near_duplicates import images
from brique.data.raw.column import Texts
from brique.data.raw.digests import all_digests
from brique.data.raw.source import PARTS, Source
from brique.schema import Category, Field, Picture

_MAX_SHORT_WORDS = 3  # texts this short repeat by chance


@dataclass(frozen=True)
class Examples:
    """All examples of a data set, in the order of its source.

    part: (N,), index in PARTS of each example.
    """

    data: Data
    source: Source
    part: np.ndarray

    @classmethod
    def from_data(cls, data: Data, source: Source) -> "Examples":
        """Return the examples of a data set made from a source."""
        part = np.zeros(len(source), np.int64)
        for index, split in enumerate((data.train, data.valid, data.test)):
            part[split.ids.numpy()] = index
        return cls(data, source, part)

    def name(self, row: int) -> str:
        """Return the name of an example."""
        return self.data.train.name(row)

    def part_of(self, row: int) -> str:
        """Return the name of the part of an example."""
        return PARTS[int(self.part[row])]

    def class_of(self, row: int) -> str:
        """Return the class of an example."""
        assert self.labels is not None
        return self.classes[int(self.labels[row])]

    def is_short(self, row: int) -> bool:
        """Return whether an example is only texts, so short that they repeat by chance."""
        fields = self.source.fields
        inputs = [column for name, column in fields.items() if name not in self.source.targets]
        texts = [column for column in inputs if isinstance(column, Texts)]
        return len(texts) == len(inputs) and all(
            len(t.text(row).split()) <= _MAX_SHORT_WORDS for t in texts
        )

    @property
    def kinds(self) -> Mapping[str, Field]:
        """Kinds of the fields by name, fitted."""
        return self.data.schema.fields

    @property
    def fields(self) -> Mapping[str, Values]:
        """Values of the fields by name, of all examples; `source.fields` has the raw columns."""
        assert self.data.store is not None
        return self.data.store.fields

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """Names of the target's classes; none if the targets are not one category."""
        kinds = [self.kinds[name] for name in self.source.targets]
        class_lists = [kind.names for kind in kinds if isinstance(kind, Category)]
        return class_lists[0] if len(class_lists) == 1 else ()

    @cached_property
    def labels(self) -> np.ndarray | None:
        """Class of each example (N,), or None where the targets are not one category."""
        for name in self.source.targets if self.classes else ():
            value = self.fields[name]
            if isinstance(self.kinds[name], Category) and isinstance(value, Tensor):
                return value.numpy()
        return None

    @cached_property
    def pictures(self) -> Tensor | None:
        """The pictures (N, C, H, W) as they are stored, or None: the first field of pictures."""
        for name, kind in self.kinds.items():
            value = self.fields[name]
            if isinstance(kind, Picture) and isinstance(value, Tensor):
                return value
        return None

    @cached_property
    def digests(self) -> np.ndarray:
        """A number for the inputs of each example (N,), equal for equal ones."""
        if self.source.digests is not None:
            return self.source.digests
        return all_digests(self.source, np.arange(len(self.source)))

    @cached_property
    def near_pairs(self) -> np.ndarray:
        """Pairs of pictures that are nearly the same and not equal (P, 2)."""
        if self.source.image_metadata is not None:
            pairs = self.source.image_metadata.near_pairs()
        elif self.pictures is not None:
            side = min(self.pictures.shape[2:])
            is_small = side < images.MIN_SIDE
            thumbnails = np.empty((0, 0)) if is_small else images.thumbnails(self.pictures)
            pairs = images.near_pairs(thumbnails, side=side)
        else:
            return np.empty((0, 2), np.int64)
        return pairs[self.digests[pairs[:, 0]] != self.digests[pairs[:, 1]]]

    def counts(self) -> np.ndarray:
        """Return how many examples each part has of each class: (3, K)."""
        assert self.labels is not None
        table = np.zeros((len(PARTS), len(self.classes)), np.int64)
        np.add.at(table, (self.part, self.labels), 1)
        return table
