"""Listed: files that are examples, with what their names, folders or tables say of each."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from brique.data.column import Labels
from brique.data.place import relative
from brique.data.ragged import Ragged
from brique.data.source import ALIASES, PARTS, Source
from brique.data.sources.gathered import Gathered
from brique.errors import DataError, nearest
from brique.options import Options
from brique.schema import Signal, natural
from brique.schema.words import instead

FOLDERS = {name: PARTS.index(part) for name, part in ALIASES.items()}  # and their parts


@dataclass
class Listed(Gathered):
    """Files, in order, with what is known of each; all parts are 0 where nothing says them.

    where: what says the texts, for sentences: "the names of the files".
    told: by name, a text for each file.
    """

    where: str
    told: dict[str, list[str]] = field(default_factory=dict[str, list[str]])

    def columns(self) -> list[list[Any]]:
        """Return the lists that have an entry for each file."""
        return [*super().columns(), *self.told.values()]

    def column(self, name: str, option: str) -> list[str]:
        """Return what is said of each file under a name. Raises DataError if there is none such."""
        if name not in self.told:
            raise DataError(
                f"{self.name}: {option} names '{name}', which {self.where} do not say"
                f"{instead(name, self.told)}"
            )
        return self.told[name]

    def choose(self, asked: Options) -> None:
        """Make those examples the test part that test=COLUMN=VALUE,VALUE chooses."""
        chosen = asked.test_values()
        if chosen is None:
            return
        if 2 in self.parts:
            raise DataError(f"{self.name}: it has a test part of its own already; leave out --test")
        name, values = chosen
        column = self.column(name, "--test")
        absent = sorted(values - set(column), key=natural)
        if absent:
            raise DataError(
                f"{self.name}: --test asks for {name} {absent[0]}, which no file has"
                f"{nearest(absent[0], set(column)) or '; choose values that are there'}"
            )
        pairs = zip(column, self.parts, strict=True)
        self.parts[:] = [2 if one in values else part for one, part in pairs]

    def source(
        self, kind: Signal, values: Ragged, field: str, target: str, asked: Options
    ) -> Source:
        """Return the examples: a field of signals and the classes, with what else is known."""
        labels = [asked.renamed(label) for label in self.told[target]]
        if len(set(labels)) < 2 and not asked.whole:
            raise DataError(
                f"{self.name}: expected two classes or more, got '{labels[0]}' alone; give each"
                " class a folder, or choose with --target what is to be predicted"
            )
        fields = {field: values, target: Labels(labels, is_target=True)}
        source = Source(self.name, fields, {field: kind}, (target,))
        if any(self.parts):
            source.part = torch.tensor(self.parts, dtype=torch.uint8)
        if asked.group is not None:
            _, groups = np.unique(self.column(asked.group, "--group"), return_inverse=True)
            source.groups = groups.astype(np.int64)
        source.names = [relative(file, self.root) for file in self.files]
        source.skipped, source.notes = self.skipped, self.notes
        return source


def shared(steps: Sequence[list[str]]) -> int:
    """Return how many folders lie above all files; steps: names of the folders above each."""
    first, last = min(steps, default=[]), max(steps, default=[])
    pairs = enumerate(zip(first, last, strict=False))
    return next((depth for depth, (a, b) in pairs if a != b), min(len(first), len(last)))
