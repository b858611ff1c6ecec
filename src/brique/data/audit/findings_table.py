"""Findings as a table: a row for each item, to be sorted and ticked off in a spreadsheet."""

from collections.abc import Iterable

from brique.console import csv_cell
from brique.data.finding import Finding

COLUMNS: tuple[str, ...] = ("kind", "severity", "split", "item", "reason", "remedy")


def table(findings: Iterable[Finding]) -> list[list[str]]:
    """Return the findings as rows of texts, the first of them the columns' names.

    One row for each item, or one for a finding without items; what an item is made of is joined by
    " | ". A text that a spreadsheet would take for a formula gets a ' before it, and what is no
    letter is spelled out.
    """
    rows = [list(COLUMNS)]
    for finding in findings:
        for item in finding.items or ((),):
            cells = [finding.kind, finding.severity, finding.split or "", " | ".join(item)]
            rows.append([str(csv_cell(text)) for text in (*cells, finding.reason, finding.remedy)])
    return rows
