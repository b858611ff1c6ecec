"""Audit: problems in the data that would spoil a result, found before training."""

from collections.abc import Sequence
from typing import Any

from brique.data.audit import (
    classes,
    columns,
    duplicates,
    labels,
    pictures,
    regions,
    signals,
    skipped_checks,
    structures,
    texts,
)
from brique.data.audit.examples import Examples
from brique.data.audit.skipped_checks import NOT_TESTED
from brique.data.dataset import Data
from brique.data.finding import Finding
from brique.data.raw.source import PARTS

_SEVERITIES = ("error", "warning", "note")


def findings(data: Data) -> list[Finding]:
    """Return what may spoil a result, worst first (docs/audit.md).

    Among others: unreadable files, duplicates within and across parts, contradictory labels, rare
    and missing classes, odd pictures, suspect labels. Training uses nothing that is fitted here.
    """
    if data.source is None:
        return []
    examples = Examples.from_data(data, data.source)
    collected = [
        *examples.source.findings,
        *duplicates.findings(examples),
        *classes.findings(examples),
        *columns.findings(examples),
        *pictures.findings(examples),
        *regions.findings(examples),
        *signals.findings(examples),
        *labels.findings(examples),
        *texts.findings(examples),
        *structures.findings(examples),
        *skipped_checks.findings(examples),
    ]
    return sorted(collected, key=lambda finding: _SEVERITIES.index(finding.severity))


def summary(data: Data) -> dict[str, Any]:
    """Return findings and the sizes of parts and classes as JSON values.

    {"findings": [...], "splits": {"train": {"count": 90, "classes": {"cat": 40, "dog": 50}}, ...}}
    """
    return {"findings": [finding.to_json() for finding in findings(data)], "splits": counts(data)}


def verdict(findings: Sequence[Finding]) -> str:
    """Return the audit in one sentence.

    It says that nothing invalidates a result only if every test was run.
    """
    skipped = [item for entry in findings if entry.kind == NOT_TESTED for item in entry.items]
    problems = [finding for finding in findings if finding.kind != NOT_TESTED]
    counts = {
        severity: sum(finding.severity == severity for finding in problems)
        for severity in ("error", "warning", "note")
    }
    tallies = [
        f"{count} {word}{'s' if count > 1 else ''}" for word, count in counts.items() if count
    ]
    untested_text = f" Not tested: {'; '.join(f'{label} ({reason})' for label, reason in skipped)}."
    if counts["error"]:
        advice = "results on this data would not be valid; fix the errors first"
        return f"{', '.join(tallies)}: {advice}.{untested_text if skipped else ''}"
    if skipped:
        label = ", ".join(tallies) or "Nothing found"
        advice = "the tests that were run found nothing that invalidates a result"
        return f"{label}; {advice}.{untested_text}"
    if not tallies:
        return "No problems found."
    return f"{', '.join(tallies)}: nothing that invalidates a result."


def counts(data: Data) -> dict[str, dict[str, Any]]:
    """Return the number of examples in each part, and of each class, as JSON values."""
    splits = zip(PARTS, (data.train, data.valid, data.test), strict=True)
    result: dict[str, dict[str, Any]] = {
        part: {"count": len(split), "classes": {}} for part, split in splits
    }
    if data.source is not None:
        examples = Examples.from_data(data, data.source)
        if examples.labels is not None:
            for part, row in zip(PARTS, examples.counts().tolist(), strict=True):
                result[part]["classes"] = dict(zip(examples.classes, row, strict=True))
    return result
