"""Findings as a table for spreadsheets, one row per item."""

from collections.abc import Iterable

from brique.console import csv_cell
from brique.data.finding import Finding

COLUMNS: tuple[str, ...] = ("kind", "severity", "split", "item", "reason", "remedy")


def table(findings: Iterable[Finding]) -> list[list[str]]:
    """Return the findings as rows of texts, after a header row.

    Each item has a row, its parts joined by " | "; a finding without items has one row. A text that
    a spreadsheet would run as a formula gets a leading '; control characters are escaped.
    """
    rows = [list(COLUMNS)]
    for finding in findings:
        for item in finding.items or ((),):
            cells = [finding.kind, finding.severity, finding.split or "", " | ".join(item)]
            rows.append([str(csv_cell(text)) for text in (*cells, finding.reason, finding.remedy)])
    return rows
