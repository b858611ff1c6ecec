"""What an audit found, as text for a terminal."""

import textwrap
from collections.abc import Mapping
from typing import Any

from brique.cli.outcome import print_table
from brique.voice import plain, say

_CLASSES, _ITEMS = 20, 5  # that are shown
_WIDTH, _HELD = 100, 60
_PARTS = ("train", "valid", "test")


def print_check(checked: Mapping[str, Any]) -> None:
    """Print fields, three examples, parts and classes, each finding, and a verdict at the end."""
    print_table(_fields(checked))
    say("")
    print_table(_table(checked["splits"]))
    for finding in checked["findings"]:
        say("")
        _print_finding(finding)
    say("")
    say(checked["verdict"])


def _fields(checked: Mapping[str, Any]) -> list[list[str]]:
    """Return a row for each field: its name, what it is, and what it holds in three examples."""
    rows: list[list[str]] = []
    for name, what in checked["fields"].items():
        mark = "  (target)" if name in checked["targets"] else ""
        held = [example[name] for example in checked["examples"]]
        rows.append([name, f"{what}{mark}", _cut(" | ".join(held), _HELD)])
    few = [[name, what] for name, what, _ in rows]
    return rows if max(len(f"{a}{b}{c}") for a, b, c in rows) <= _WIDTH + _HELD else few


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 3]}..."


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
    say(f"{finding['severity'].upper()}  {finding['kind']}{where}: {finding['count']:,}")
    say(*_wrapped(finding["reason"]))
    for item in finding["items"][:_ITEMS]:
        say(f"    {'  '.join(item)}")
    if len(finding["items"]) > _ITEMS:
        say(f"    and {len(finding['items']) - _ITEMS:,} more")
    say(*_wrapped(finding["remedy"]))


def _wrapped(sentence: str) -> list[str]:
    return textwrap.wrap(plain(sentence), _WIDTH, initial_indent="  ", subsequent_indent="  ")
