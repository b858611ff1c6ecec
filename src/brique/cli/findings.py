"""What an audit found, as text for a terminal."""

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from brique.cli.outcome import print_table

_CLASSES, _ITEMS = 20, 5  # that are shown
_WIDTH = 100
_PARTS = ("train", "valid", "test")


def print_check(checked: Mapping[str, Any]) -> None:
    """Print parts and classes, each finding, and a verdict as the last line."""
    print_table(_table(checked["splits"]))
    for finding in checked["findings"]:
        print()
        _print_finding(finding)
    print()
    print(verdict(checked["findings"]))


def verdict(findings: Sequence[Mapping[str, Any]]) -> str:
    """Return the sentence that sums an audit up."""
    counts = {
        severity: sum(finding["severity"] == severity for finding in findings)
        for severity in ("error", "warning", "note")
    }
    said = [f"{n} {word}{'s' if n > 1 else ''}" for word, n in counts.items() if n]
    if not said:
        return "Nothing to object to."
    end = (
        "a result on these data would be false; mend the errors first"
        if counts["error"]
        else "nothing that would falsify a result"
    )
    return f"{', '.join(said)}: {end}."


def _table(splits: Mapping[str, Mapping[str, Any]]) -> list[list[str]]:
    names = list(splits["train"]["classes"])
    rows = [["", *_PARTS]]
    for name in names[:_CLASSES]:
        rows.append([name, *(f"{splits[part]['classes'][name]:,}" for part in _PARTS)])
    if len(names) > _CLASSES:
        rows.append([f"and {len(names) - _CLASSES:,} more classes", "", "", ""])
    rows.append(["all", *(f"{splits[part]['count']:,}" for part in _PARTS)])
    widths = [max(len(row[column]) for row in rows) for column in range(1, 4)]
    return [
        [row[0], *(cell.rjust(width) for cell, width in zip(row[1:], widths, strict=True))]
        for row in rows
    ]


def _print_finding(finding: Mapping[str, Any]) -> None:
    where = f" in {finding['split']}" if finding["split"] else ""
    print(f"{finding['severity'].upper()}  {finding['kind']}{where}: {finding['count']:,}")
    print(_wrapped(finding["reason"]))
    for item in finding["items"][:_ITEMS]:
        print(f"    {'  '.join(item)}")
    if len(finding["items"]) > _ITEMS:
        print(f"    and {len(finding['items']) - _ITEMS:,} more")
    print(_wrapped(finding["remedy"]))


def _wrapped(sentence: str) -> str:
    return textwrap.fill(sentence, _WIDTH, initial_indent="  ", subsequent_indent="  ")
