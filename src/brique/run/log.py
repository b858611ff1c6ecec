"""log.jsonl: one JSON object a line, no clock in it, append only."""

import json
import math
from pathlib import Path

from brique import files


class Log:
    """The numbers of a run, on disk and at hand.

    While `is_silent`, nothing is written: code that runs again on resume says nothing twice.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.is_silent = False
        self.history: dict[str, list[float]] = {}

    def write(self, turn: int | None, stage: str, numbers: dict[str, float]) -> None:
        """Add a line. A number that is not finite is written as null."""
        if self.is_silent or not numbers:
            return
        named = {f"{stage}/{name}" if stage else name: value for name, value in numbers.items()}
        line: dict[str, float | None] = {} if turn is None else {"turn": turn}
        line |= {name: value if math.isfinite(value) else None for name, value in named.items()}
        files.append(self._path, json.dumps(line) + "\n")
        self._remember(named)

    def sync(self) -> int:
        """Make the log durable; returns its size in bytes."""
        return files.sync(self._path)

    def cut(self, size: int) -> None:
        """Cut the log back to a size and read what is left."""
        files.cut(self._path, size)
        self.history.clear()
        for text in self._path.read_text().splitlines():
            line = json.loads(text)
            line.pop("turn", None)
            self._remember({k: math.nan if v is None else v for k, v in line.items()})

    def last(self) -> dict[str, float]:
        """Return the last number under each name."""
        return {name: values[-1] for name, values in self.history.items()}

    def is_flat(self, stage: str, name: str, patience: int, *, lower: bool) -> bool:
        """Tell whether the last `patience` numbers under a name of a stage bring nothing better."""
        history = self.history.get(f"{stage}/{name}" if stage else name, [])
        sign = -1 if lower else 1
        scores = [sign * value for value in history]
        return len(scores) > patience and max(scores[-patience:]) <= max(scores[:-patience])

    def _remember(self, numbers: dict[str, float]) -> None:
        for name, value in numbers.items():
            self.history.setdefault(name, []).append(value)
