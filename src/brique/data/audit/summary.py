"""Audit: what may spoil a result is looked for before anything is trained."""

from typing import Any

from brique.data.audit import classes, labels, pictures, twins
from brique.data.audit.seen import Seen
from brique.data.finding import Finding
from brique.data.parts import Data
from brique.data.source import PARTS

_RANKS = ("error", "warning", "note")


def findings(data: Data) -> list[Finding]:
    """Return what may spoil a result, worst first."""
    if data.source is None:
        return []
    seen = Seen.of(data, data.source)
    found = [
        *twins.findings(seen),
        *classes.findings(seen),
        *pictures.findings(seen),
        *labels.findings(seen),
    ]
    return sorted(found, key=lambda finding: _RANKS.index(finding.severity))


def summary(data: Data) -> dict[str, Any]:
    """Return findings and the sizes of parts and classes as JSON values.

    {"findings": [...], "splits": {"train": {"count": 90, "classes": {"cat": 40, "dog": 50}}, ...}}
    """
    return {"findings": [one.to_json() for one in findings(data)], "splits": counts(data)}


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
