"""Hints: what a table could be meant as besides what it is taken for."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from brique.data.finding import Finding
from brique.data.sources.coded import Moments
from brique.data.sources.guess import Cut
from brique.data.sources.labelled import SIGNS
from brique.data.sources.shelf import few
from brique.schema.clock import span

_ROWS = 50  # at least, whose moments may be called even
_EVEN = 0.95  # of the steps between rows are equal


def of_series(fields: Mapping[str, Any], name: str, *, are_numbers: bool) -> list[Finding]:
    """Return a finding for each column by whose moments the rows follow each other.

    fields: the columns of a table, in the order of its rows. name: of the table.
    are_numbers: whether the targets are, so that they could be foretold.
    """
    found: list[Finding] = []
    for key, column in fields.items():
        if not isinstance(column, Moments) or column.is_missing.any() or len(column) < _ROWS:
            continue
        steps = np.diff(column.seconds)
        if not ((steps > 0).all() or (steps < 0).all()):
            continue
        lengths, counts = np.unique(np.abs(steps), return_counts=True)
        is_even = counts.max() >= _EVEN * len(steps)
        by = f" by {span(int(lengths[counts.argmax()]))}" if is_even else ""
        reason = (
            f"The rows of {name} follow each other in time{by}, as '{key}' says. Neighbors are"
            " often alike: drawn into parts at random, they make a net look better than it will be"
            " on what comes later."
        )
        foretell = ", or foretell with --kind series" if are_numbers else ""
        remedy = f"Judge on the last rows with --time '{key}'{foretell}."
        ends = ((column.said(0), column.said(len(column) - 1)),)
        found.append(Finding("in time", "warning", None, ends, len(column), reason, remedy))
    return found


def of_labels(cut: Cut) -> list[Finding]:
    """Return a finding where some classes of a target look like several of the others together."""
    names = set(cut.distinct)
    for sign in SIGNS:
        parts = {name: [part.strip() for part in name.split(sign)] for name in cut.distinct}
        joined = [name for name, some in parts.items() if len(some) > 1 and names.issuperset(some)]
        if joined:
            reason = (
                f"'{cut.name}' is taken for classes, and {few(joined)} for classes of their own,"
                " though they look like several of the others together."
            )
            remedy = f"To tell each label by itself, say --types '{cut.name}=labels'."
            items = tuple((name,) for name in joined)
            return [Finding("joined labels", "warning", None, items, len(joined), reason, remedy)]
    return []
