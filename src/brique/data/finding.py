"""Finding: one problem that an audit found in a data set."""

from dataclasses import dataclass
from typing import Any, Literal

Severity = Literal["error", "warning", "note"]
_MAX_ITEMS = 1000  # in JSON; `count` is exact


@dataclass(frozen=True)
class Finding:
    """One problem that an audit found.

    kind: "unreadable", "duplicate", "leaked", "contradictory", "suspect label", ...: docs/audit.md.
    severity: "error" if it makes results invalid, "warning" if it should be fixed or at least
        known, "note" if it is good to know.
    split: the part it concerns: "train", "valid" or "test"; None for all data.
    items: the examples, files or classes concerned, worst first; each a tuple of texts.
    count: number of items.
    reason: what was found and what it means, in a sentence or two.
    remedy: what to do.
    """

    kind: str
    severity: Severity
    split: str | None
    items: tuple[tuple[str, ...], ...]
    count: int
    reason: str
    remedy: str

    def to_json(self) -> dict[str, Any]:
        """Return the finding as JSON values, with its first 1,000 items."""
        return {
            "kind": self.kind,
            "severity": self.severity,
            "split": self.split,
            "items": [list(item) for item in self.items[:_MAX_ITEMS]],
            "count": self.count,
            "reason": self.reason,
            "remedy": self.remedy,
        }
