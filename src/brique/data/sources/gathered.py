"""Gathered: files that become examples, with what is known of each."""

import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar

from brique.data.place import Place, relative
from brique.errors import DataError

_Given = TypeVar("_Given")
_Seen = TypeVar("_Seen")


@dataclass
class Gathered:
    """Files, in order; what else is known of each stands in lists of the same length.

    name: of the source. root: the folder below which files are named.
    parts: place in PARTS of each file.
    skipped: (file, reason) of those that are left out.
    """

    name: str
    root: Place
    files: list[Place] = field(default_factory=list[Place], kw_only=True)
    parts: list[int] = field(default_factory=list[int], kw_only=True)
    skipped: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]], kw_only=True)
    notes: list[str] = field(default_factory=list[str], kw_only=True)

    def columns(self) -> list[list[Any]]:
        """Return the lists that have an entry for each file."""
        return [self.files, self.parts]

    def keep(self, rows: Sequence[int]) -> None:
        """Leave out all files but those at some places."""
        for column in self.columns():
            column[:] = [column[row] for row in rows]

    def skip(self, file: Place, reason: str) -> None:
        """Note why a file is left out."""
        self.skipped.append((relative(file, self.root), reason))

    def each(self, look: Callable[[Place], _Seen]) -> list[_Seen]:
        """Return look(file) for each file; leaves out, with the reason, those where it raises."""

        def tried(file: Place) -> _Seen | DataError:
            try:
                return look(file)
            except DataError as error:
                return error

        seen = abreast(tried, self.files)
        for file, one in zip(self.files, seen, strict=True):
            if isinstance(one, DataError):
                before, name, reason = str(one).partition(f"{file.name}: ")
                self.skip(file, reason if name else before)
        self.keep([row for row, one in enumerate(seen) if not isinstance(one, DataError)])
        return [one for one in seen if not isinstance(one, DataError)]


def abreast(look: Callable[[_Given], _Seen], things: Iterable[_Given]) -> list[_Seen]:
    """Return look(thing) for each thing, in order; several are looked at at a time."""
    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        return list(pool.map(look, things))
