"""What is said at the end: sentences on stdout, or one line of JSON."""

import json
import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from pathlib import Path

MANY = 1000
"""Lists in JSON that are longer end here, and say how many more there are."""


def print_json(value: Mapping[str, object]) -> None:
    """Print one line: {"format": 1, ...}; numbers that are not finite become null."""
    print(json.dumps(_plain({"format": 1, **value}), ensure_ascii=False, allow_nan=False))


def print_run(folder: Path, *, as_json: bool) -> None:
    """Print what a finished run has reached; the last line is its folder."""
    from brique.run import read_run
    from brique.tasks import sentence

    if (folder / "folds.json").is_file():
        _print_folds(folder, as_json=as_json)
        return
    record = read_run(folder)
    if "task" in record.result:
        if as_json:
            seconds = record.json.get("seconds", {})
            print_json({"run": str(folder), **record.result, "seconds": seconds})
            return
        print(sentence(record.result))
        if (folder / "report.html").is_file():
            print(f"report: {folder / 'report.html'}")
    else:
        if as_json:
            print_json({"run": str(folder), "numbers": record.numbers})
            return
        print_numbers(record.numbers)
    print(folder)


def _print_folds(folder: Path, *, as_json: bool) -> None:
    """Print what the nets of all folds reach together; the last line is their folder."""
    from brique import reader
    from brique.page.folds import sentence_of_folds

    found = reader.read_sealed(folder / "folds.json")["result"]
    if as_json:
        print_json({"run": str(folder), **found})
        return
    print(sentence_of_folds(found))
    print(f"report: {folder / 'report.html'}")
    print(folder)


def print_numbers(numbers: Mapping[str, float]) -> None:
    """Print one line a number."""
    width = max(map(len, numbers), default=0)
    for name, value in numbers.items():
        print(f"{name:<{width}}  {value:.6g}")


def print_table(rows: Sequence[Sequence[str]]) -> None:
    """Print rows in columns as wide as they need; the last one runs free."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print(
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        )


def note(sentence: str) -> None:
    """Say something beside the result, on stderr."""
    print(f"brique: {sentence}", file=sys.stderr)


@contextmanager
def results_only(as_json: bool) -> Iterator[None]:
    """While it lasts, what is printed on stdout goes to stderr, if stdout must hold JSON alone."""
    if not as_json:
        yield
        return
    with redirect_stdout(sys.stderr):
        yield


def _plain(value: object) -> object:
    """Return a JSON value in which lists are not too long and all numbers finite."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        pairs = {str(key): _plain(item) for key, item in value.items()}
        lengths = [len(item) for item in value.values() if isinstance(item, list | tuple)]
        return pairs | ({"more": max(lengths) - MANY} if max(lengths, default=0) > MANY else {})
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value[:MANY]]
    return value
