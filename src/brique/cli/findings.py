"""Findings of an audit as text for a terminal."""

import textwrap
from collections.abc import Mapping
from typing import Any

from brique.cli.output import print_table
from brique.console import echo, escape

_MAX_CLASSES, _MAX_ITEMS = 20, 5  # shown at most
_WIDTH, _EXAMPLES_WIDTH = 100, 60
_PARTS = ("train", "valid", "test")


def print_check(result: Mapping[str, Any]) -> None:
    """Print fields with examples, class counts per part, findings, and a verdict."""
    print_table(_field_rows(result))
    echo("")
    print_table(_count_rows(result["splits"]))
    for finding in result["findings"]:
        echo("")
        _print_finding(finding)
    echo("")
    echo(result["verdict"])


def _field_rows(result: Mapping[str, Any]) -> list[list[str]]:
    """Return a row per field: name, description, values in three examples."""
    rows: list[list[str]] = []
    for name, description in result["fields"].items():
        mark = "  (target)" if name in result["targets"] else ""
        values = [example[name] for example in result["examples"]]
        rows.append([name, f"{description}{mark}", _truncate(" | ".join(values), _EXAMPLES_WIDTH)])
    short_rows = [[name, description] for name, description, _ in rows]
    return (
        rows
        if max(len(f"{a}{b}{c}") for a, b, c in rows) <= _WIDTH + _EXAMPLES_WIDTH
        else short_rows
    )


def _truncate(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 3]}..."


def _count_rows(splits: Mapping[str, Mapping[str, Any]]) -> list[list[str]]:
    names = list(splits["train"]["classes"])
    rows = [["", *_PARTS]]
    for name in names[:_MAX_CLASSES]:
        rows.append([name, *(f"{splits[part]['classes'][name]:,}" for part in _PARTS)])
    if len(names) > _MAX_CLASSES:
        rows.append([f"and {len(names) - _MAX_CLASSES:,} more classes", "", "", ""])
    rows.append(["all", *(f"{splits[part]['count']:,}" for part in _PARTS)])
    widths = [max(len(row[column]) for row in rows) for column in range(1, 4)]
    return [
        [row[0], *(cell.rjust(width) for cell, width in zip(row[1:], widths, strict=True))]
        for row in rows
    ]


def _print_finding(finding: Mapping[str, Any]) -> None:
    where = f" in {finding['split']}" if finding["split"] else ""
    echo(f"{finding['severity'].upper()}  {finding['kind']}{where}: {finding['count']:,}")
    echo(*_wrap(finding["reason"]))
    for item in finding["items"][:_MAX_ITEMS]:
        echo(f"    {'  '.join(item)}")
    if len(finding["items"]) > _MAX_ITEMS:
        echo(f"    and {len(finding['items']) - _MAX_ITEMS:,} more")
    echo(*_wrap(finding["remedy"]))


def _wrap(text: str) -> list[str]:
    return textwrap.wrap(escape(text), _WIDTH, initial_indent="  ", subsequent_indent="  ")
