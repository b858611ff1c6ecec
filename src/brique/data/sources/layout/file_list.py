"""Files that become examples, with what is known of each."""

import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar

from brique.data.files.place import Place, relative
from brique.errors import DataError

_Input = TypeVar("_Input")
_Output = TypeVar("_Output")


@dataclass
class ExampleFiles:
    """Files, in order, with lists of the same length for what is known of each.

    name: of the source. root: the folder that file names are relative to.
    parts: index into PARTS of each file.
    skipped: (file, reason) of files that are left out.
    """

    name: str
    root: Place
    files: list[Place] = field(default_factory=list[Place], kw_only=True)
    parts: list[int] = field(default_factory=list[int], kw_only=True)
    skipped: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]], kw_only=True)
    notes: list[str] = field(default_factory=list[str], kw_only=True)

    def columns(self) -> list[list[Any]]:
        """Return the lists with one entry per file."""
        return [self.files, self.parts]

    def keep_rows(self, rows: Sequence[int]) -> None:
        """Keep only the files at some rows."""
        for column in self.columns():
            column[:] = [column[row] for row in rows]

    def skip(self, file: Place, reason: str) -> None:
        """Note why a file is left out."""
        self.skipped.append((relative(file, self.root), reason))

    def apply(self, function: Callable[[Place], _Output]) -> list[_Output]:
        """Return function(file) for each file; skips the files where it raises, with the reason."""

        def attempt(file: Place) -> _Output | DataError:
            try:
                return function(file)
            except DataError as error:
                return error

        results = map_parallel(attempt, self.files)
        for file, result in zip(self.files, results, strict=True):
            if isinstance(result, DataError):
                prefix, name, reason = str(result).partition(f"{file.name}: ")
                self.skip(file, reason if name else prefix)
        self.keep_rows(
            [row for row, result in enumerate(results) if not isinstance(result, DataError)]
        )
        return [result for result in results if not isinstance(result, DataError)]


def map_parallel(function: Callable[[_Input], _Output], items: Iterable[_Input]) -> list[_Output]:
    """Return function(item) for each item, in order, computed in parallel."""
    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        return list(pool.map(function, items))
