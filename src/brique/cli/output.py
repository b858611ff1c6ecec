"""Output of results: sentences on stdout, or one line of JSON."""

import json
import math
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from pathlib import Path

from brique.console import echo, escape

_UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
MAX_ITEMS = 1000
"""Maximum length of lists in JSON; "more" counts the items left out."""


def print_json(value: Mapping[str, object]) -> None:
    """Print one line: {"format": 1, ...}; numbers that are not finite become null."""
    text = json.dumps(_json_value({"format": 1, **value}), ensure_ascii=False, allow_nan=False)
    echo(_UNPRINTABLE.sub(lambda match: f"\\u{ord(match[0]):04x}", text))


def print_run(folder: Path, *, as_json: bool) -> None:
    """Print the results of a finished run; the last line is its folder."""
    from brique.run import read_run
    from brique.tasks.table import sentence

    if (folder / "folds.json").is_file():
        _print_folds(folder, as_json=as_json)
        return
    record = read_run(folder)
    if "task" in record.result:
        if as_json:
            seconds = record.json.get("seconds", {})
            print_json({"run": str(folder), **record.result, "seconds": seconds})
            return
        echo(sentence(record.result))
        if (folder / "report.html").is_file():
            echo(f"report: {folder / 'report.html'}")
    else:
        if as_json:
            print_json({"run": str(folder), "numbers": record.numbers})
            return
        print_numbers(record.numbers)
    echo(folder)


def _print_folds(folder: Path, *, as_json: bool) -> None:
    """Print the cross-validation results; the last line is the folder."""
    from brique import reader
    from brique.page.folds import folds_sentence
    from brique.tasks.table import TASKS

    result = reader.read_sealed(folder / "folds.json")["result"]
    if as_json:
        print_json({"run": str(folder), **result})
        return
    echo(folds_sentence(result, TASKS[result["task"]]), f"report: {folder / 'report.html'}", folder)


def print_numbers(numbers: Mapping[str, float]) -> None:
    """Print one line per number."""
    width = max(map(len, numbers), default=0)
    for name, value in numbers.items():
        echo(f"{name:<{width}}  {value:.6g}")


def print_table(rows: Sequence[Sequence[str]]) -> None:
    """Print rows in aligned columns; the last column is not padded."""
    rows = [[escape(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


@contextmanager
def results_only(as_json: bool) -> Iterator[None]:
    """Redirect stdout to stderr in the block, if stdout must hold only JSON."""
    if not as_json:
        yield
        return
    with redirect_stdout(sys.stderr):
        yield


def _json_value(value: object) -> object:
    """Return a JSON value with lists truncated and non-finite numbers as null."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        pairs = {str(key): _json_value(item) for key, item in value.items()}
        lengths = [len(item) for item in value.values() if isinstance(item, list | tuple)]
        return pairs | (
            {"more": max(lengths) - MAX_ITEMS} if max(lengths, default=0) > MAX_ITEMS else {}
        )
    if isinstance(value, list | tuple):
        return [_json_value(item) for item in value[:MAX_ITEMS]]
    return value
