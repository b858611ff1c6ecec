"""Example files, with what their names, folders or tables say of each."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from brique.data.core.ragged import Ragged
from brique.data.files.place import relative
from brique.data.raw.column import Labels
from brique.data.raw.source import ALIASES, PARTS, Source
from brique.data.sources.layout.file_list import ExampleFiles
from brique.errors import DataError, did_you_mean
from brique.options import Options
from brique.schema import Signal, natural_key
from brique.schema.messages import alternatives

PART_FOLDERS = {name: PARTS.index(part) for name, part in ALIASES.items()}  # and their parts


@dataclass
class LabeledFiles(ExampleFiles):
    """Files, in order, with their attributes; all parts are 0 if nothing names them.

    attribute_source: where the attributes come from, for messages: "the names of the files".
    attributes: by name, a text for each file.
    """

    attribute_source: str
    attributes: dict[str, list[str]] = field(default_factory=dict[str, list[str]])

    def columns(self) -> list[list[Any]]:
        """Return the lists that have an entry for each file."""
        return [*super().columns(), *self.attributes.values()]

    def column(self, name: str, option: str) -> list[str]:
        """Return one attribute of each file. Raises DataError if it does not exist."""
        if name not in self.attributes:
            raise DataError(
                f"{self.name}: {option} names '{name}', which {self.attribute_source} do not say"
                f"{alternatives(name, self.attributes)}"
            )
        return self.attributes[name]

    def select_test(self, options: Options) -> None:
        """Make the examples that test=COLUMN=VALUE,VALUE chooses the test part."""
        condition = options.test_values()
        if condition is None:
            return
        if 2 in self.parts:
            raise DataError(f"{self.name}: it already has a test part; leave out --test")
        name, values = condition
        column = self.column(name, "--test")
        unknown = sorted(values - set(column), key=natural_key)
        if unknown:
            raise DataError(
                f"{self.name}: --test asks for {name} {unknown[0]}, which no file has"
                f"{did_you_mean(unknown[0], set(column)) or '; choose existing values'}"
            )
        pairs = zip(column, self.parts, strict=True)
        self.parts[:] = [2 if one in values else part for one, part in pairs]

    def to_source(
        self, kind: Signal, values: Ragged, field: str, target: str, options: Options
    ) -> Source:
        """Return the examples: the signals, the classes and the metadata."""
        labels = [options.renamed(label) for label in self.attributes[target]]
        if len(set(labels)) < 2 and not options.whole:
            raise DataError(
                f"{self.name}: expected two classes or more, got '{labels[0]}' alone; give each"
                " class a folder, or choose the target with --target"
            )
        fields = {field: values, target: Labels(labels, is_target=True)}
        source = Source(self.name, fields, {field: kind}, (target,))
        if any(self.parts):
            source.part = torch.tensor(self.parts, dtype=torch.uint8)
        if options.group is not None:
            _, groups = np.unique(self.column(options.group, "--group"), return_inverse=True)
            source.groups = groups.astype(np.int64)
        source.names = [relative(file, self.root) for file in self.files]
        source.skipped, source.notes = self.skipped, self.notes
        return source


def common_depth(folders: Sequence[list[str]]) -> int:
    """Return how many folders lie above all files."""
    first, last = min(folders, default=[]), max(folders, default=[])
    pairs = enumerate(zip(first, last, strict=False))
    return next((depth for depth, (a, b) in pairs if a != b), min(len(first), len(last)))
