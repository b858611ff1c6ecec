"""log.jsonl: one JSON object per line, without times, append only."""

import hashlib
import json
import math
from pathlib import Path
from typing import Any

from brique import files, reader
from brique.console import notify
from brique.errors import RunError
from brique.run.claim import check_exists


class Log:
    """The numbers of a run, on disk and in memory.

    While `is_silent`, nothing is written: code that runs again on resume does not log twice.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.is_silent = False
        self.history: dict[str, list[float]] = {}
        self._digest = hashlib.sha256()  # of all lines
        self._lines: list[str] = []

    def write(self, turn: int | None, stage: str, numbers: dict[str, float]) -> None:
        """Add a line. A number that is not finite is written as null."""
        if self.is_silent or not numbers:
            return
        named = {f"{stage}/{name}" if stage else name: value for name, value in numbers.items()}
        line: dict[str, float | None] = {} if turn is None else {"turn": turn}
        line |= {name: value if math.isfinite(value) else None for name, value in named.items()}
        self._check()
        text = json.dumps(line) + "\n"
        files.append(self._path, text)
        self._digest.update(text.encode())
        self._lines.append(text)
        self._add_to_history(named)

    def sync(self) -> dict[str, int | str]:
        """Flush the log to disk; return its size in bytes and its SHA-256."""
        self._check()
        return {"size": files.sync(self._path), "sha256": self._digest.hexdigest()}

    def _check(self) -> None:
        """Write the log again if it was removed. Raises StoreError if its folder was."""
        check_exists(self._path.parent)
        if not self._path.exists():
            files.write(self._path, "".join(self._lines))
            notify(f"{self._path} was removed while the run wrote it; it is written again.")

    def truncate(self, size: int) -> None:
        """Truncate the log to a size and read the rest."""
        problem = (
            reader.unreadable_reason(self._path, self._path.parent) if self._path.exists() else None
        )
        if problem is not None:
            raise RunError(f"{self._path}: {problem}; put the file back, or start a new run.")
        files.truncate(self._path, size)
        self.history.clear()
        content = reader.read(self._path)
        self._digest = hashlib.sha256(content)
        self._lines = content.decode("utf-8").splitlines(keepends=True)
        for line in parse_lines(content):
            line.pop("turn", None)
            self._add_to_history({k: math.nan if v is None else v for k, v in line.items()})

    def last_values(self) -> dict[str, float]:
        """Return the last number under each name."""
        return {name: values[-1] for name, values in self.history.items()}

    def is_flat(self, stage: str, name: str, patience: int, *, lower: bool) -> bool:
        """Tell whether the last `patience` values of a name of a stage did not improve."""
        history = self.history.get(f"{stage}/{name}" if stage else name, [])
        sign = -1 if lower else 1
        scores = [sign * value for value in history]
        return len(scores) > patience and max(scores[-patience:]) <= max(scores[:-patience])

    def _add_to_history(self, numbers: dict[str, float]) -> None:
        for name, value in numbers.items():
            self.history.setdefault(name, []).append(value)


def parse_lines(content: bytes) -> list[dict[str, Any]]:
    """Return the lines of a log. Raises ValueError on a line that is not an object of numbers."""
    entries: list[dict[str, Any]] = []
    for text in content.decode("utf-8").splitlines():
        line = reader.parse_json(text)
        if not isinstance(line, dict) or not all(
            value is None or isinstance(value, int | float) for value in line.values()
        ):
            raise ValueError("a line is not an object of numbers")
        entries.append(line)
    return entries
