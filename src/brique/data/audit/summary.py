"""Audit: what may spoil a result is looked for before anything is trained."""

from collections.abc import Sequence
from typing import Any

from brique.data.audit import (
    classes,
    columns,
    labels,
    pictures,
    regions,
    signals,
    structures,
    texts,
    twins,
    untested,
)
from brique.data.audit.seen import Seen
from brique.data.audit.untested import NOT_TESTED
from brique.data.finding import Finding
from brique.data.parts import Data
from brique.data.source import PARTS

_RANKS = ("error", "warning", "note")


def findings(data: Data) -> list[Finding]:
    """Return what may spoil a result, worst first (docs/audit.md).

    Looked for: unreadable files, equal and nearly equal examples within and across parts, equal
    ones of different classes, classes that are rare or missing in a part, odd pictures, doubtful
    labels. Nothing is fitted that a training could use.
    """
    if data.source is None:
        return []
    seen = Seen.of(data, data.source)
    found = [
        *seen.source.findings,
        *twins.findings(seen),
        *classes.findings(seen),
        *columns.findings(seen),
        *pictures.findings(seen),
        *regions.findings(seen),
        *signals.findings(seen),
        *labels.findings(seen),
        *texts.findings(seen),
        *structures.findings(seen),
        *untested.findings(seen),
    ]
    return sorted(found, key=lambda finding: _RANKS.index(finding.severity))


def summary(data: Data) -> dict[str, Any]:
    """Return findings and the sizes of parts and classes as JSON values.

    {"findings": [...], "splits": {"train": {"count": 90, "classes": {"cat": 40, "dog": 50}}, ...}}
    """
    return {"findings": [one.to_json() for one in findings(data)], "splits": counts(data)}


def verdict(findings: Sequence[Finding]) -> str:
    """Return the sentence that sums an audit up.

    That nothing would falsify a result is said only where each test was run.
    """
    skipped = [item for one in findings if one.kind == NOT_TESTED for item in one.items]
    rest = [finding for finding in findings if finding.kind != NOT_TESTED]
    counts = {
        severity: sum(finding.severity == severity for finding in rest)
        for severity in ("error", "warning", "note")
    }
    said = [f"{n} {word}{'s' if n > 1 else ''}" for word, n in counts.items() if n]
    left = f" Not tested: {'; '.join(f'{what} ({why})' for what, why in skipped)}."
    if counts["error"]:
        end = "a result on these data would be false; mend the errors first"
        return f"{', '.join(said)}: {end}.{left if skipped else ''}"
    if skipped:
        what = ", ".join(said) or "Nothing found"
        return f"{what}; no test that was run says that a result would be false.{left}"
    if not said:
        return "Nothing to object to."
    return f"{', '.join(said)}: nothing that would falsify a result."


def counts(data: Data) -> dict[str, dict[str, Any]]:
    """Return how many examples each part has, and of each class, as JSON values."""
    splits = zip(PARTS, (data.train, data.valid, data.test), strict=True)
    table: dict[str, dict[str, Any]] = {
        part: {"count": len(split), "classes": {}} for part, split in splits
    }
    if data.source is not None:
        seen = Seen.of(data, data.source)
        if seen.labels is not None:
            for part, row in zip(PARTS, seen.counts().tolist(), strict=True):
                table[part]["classes"] = dict(zip(seen.classes, row, strict=True))
    return table
