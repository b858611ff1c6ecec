"""Finds the runs in a folder."""

from pathlib import Path

from brique.errors import RunError
from brique.run import Record, list_runs


def runs(folder: str | Path = "runs") -> list[Record]:
    """Return the runs in a folder, oldest first. Raises RunError if there is no such folder."""
    folder = Path(folder)
    if not folder.is_dir():
        raise RunError(
            f"runs: no folder '{folder}'; train something first ('brique train digits'), or name"
            " the folder of your runs."
        )
    return list_runs(folder)


def summary(record: Record) -> dict[str, object]:
    """Return what a table of runs says of one, as JSON values."""
    numbers = [f"{name} {value:.4g}" for name, value in record.numbers.items()]
    return {
        "run": str(record.folder),
        "recipe": record.recipe or (f"train {record.train}" if record.train else record.name),
        "state": record.state,
        "turns": record.turns,
        "result": ", ".join(numbers),
        "numbers": record.numbers,
    }
