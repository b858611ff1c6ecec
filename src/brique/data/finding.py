"""Finding: one thing that an audit has to say about a data set."""

from dataclasses import dataclass
from typing import Any, Literal

Severity = Literal["error", "warning", "note"]
_MAX_ITEMS = 1000  # items that JSON holds; `count` says how many there are


@dataclass(frozen=True)
class Finding:
    """One thing that an audit has found.

    kind: "unreadable", "duplicate", "leaked", "contradictory", "doubtful", ...: docs/audit.md.
    severity: "error" for what would falsify a result, "warning" for what should be mended or
        known, "note" for what is good to know.
    split: the part that it is about: "train", "valid", "test"; None if it is about all.
    items: the examples, files or classes found, worst first; each a tuple of texts.
    count: how many there are.
    reason: what was found and what it means, in a sentence or two.
    remedy: what can be done.
    """

    kind: str
    severity: Severity
    split: str | None
    items: tuple[tuple[str, ...], ...]
    count: int
    reason: str
    remedy: str

    def to_json(self) -> dict[str, Any]:
        """Return the finding as JSON values; of more than 1,000 items the first."""
        return {
            "kind": self.kind,
            "severity": self.severity,
            "split": self.split,
            "items": [list(item) for item in self.items[:_MAX_ITEMS]],
            "count": self.count,
            "reason": self.reason,
            "remedy": self.remedy,
        }
