"""Findings of the audit as collapsible items, with thumbnails of the first examples."""

from collections.abc import Sequence
from typing import Any, cast

from brique.data import Data, Split
from brique.page.markup import count, details, figure, name, percent, text
from brique.page.thumbnails import Gallery

MAX_FINDINGS = 40
MAX_ITEMS = 8  # per finding
MAX_PICTURED = 160  # thumbnails over all findings
SEVERITIES = {"error": "errors", "warning": "warnings", "note": "notes"}


def render(findings: object, data: Data | None, gallery: Gallery) -> str:
    """Return the findings of an audit as HTML, or nothing without an audit.

    findings: a list of findings as JSON values.
    """
    if not isinstance(findings, list):
        return ""
    severities = list(SEVERITIES)
    entries = cast("list[dict[str, Any]]", findings)
    ranked_findings = [finding for finding in entries if finding.get("severity") in severities]
    ranked_findings.sort(key=lambda finding: severities.index(finding["severity"]))
    if not ranked_findings:
        caption = "Checks include duplicates, unreadable files and class imbalance."
        return figure("The audit found no problems", caption, "")
    totals = [
        count(number, kind, plural)
        for kind, plural in SEVERITIES.items()
        if (number := sum(finding["severity"] == kind for finding in ranked_findings))
    ]
    caption = (
        "The audit runs before training. Errors invalidate the result, warnings may bias it,"
        " notes are for information."
    )
    examples = _Examples(data, gallery)
    body = "".join(_finding(finding, examples) for finding in ranked_findings[:MAX_FINDINGS])
    if len(ranked_findings) > MAX_FINDINGS:
        body += f"<p>{count(len(ranked_findings) - MAX_FINDINGS, 'more finding')} not shown.</p>\n"
    return figure(f"The audit found {' and '.join(totals)}", caption, body)


class _Examples:
    """Thumbnails of examples, looked up by name."""

    def __init__(self, data: Data | None, gallery: Gallery) -> None:
        self._gallery = gallery
        self._remaining = MAX_PICTURED
        self._locations: dict[str, tuple[Split, int]] = {}
        if data is not None and gallery.is_open:
            for split in (data.train, data.valid, data.test):
                self._locations |= {
                    split.name(example_id): (split, example_id) for example_id in split.ids.tolist()
                }

    def show(self, example_name: str) -> str:
        """Return the thumbnail of an example; its name may end in " (class)"."""
        location = self._locations.get(example_name) or self._locations.get(
            example_name.rpartition(" (")[0]
        )
        if location is None or not self._remaining:
            return ""
        self._remaining -= 1
        return self._gallery.show(*location, example_name)


def _finding(finding: dict[str, Any], examples: _Examples) -> str:
    severity = str(finding["severity"])
    kind = text(str(finding.get("kind", "")).replace("_", " "))
    split_text = f" in {text(finding['split'])}" if finding.get("split") else ""
    number = finding.get("count")
    size = f" <small>{number:,}</small>" if isinstance(number, int) else ""
    body = f"<p>{text(finding.get('reason', ''), 500)}</p>"
    if finding.get("remedy"):
        body += f"<p><b>Remedy:</b> {text(finding['remedy'], 500)}</p>"
    items = finding.get("items") or []
    if items:
        items_html = "".join(
            _item(str(finding.get("kind")), item, examples) for item in items[:MAX_ITEMS]
        )
        body += f'<ul class="items">{items_html}</ul>\n'
        remaining = (number if isinstance(number, int) else len(items)) - min(len(items), MAX_ITEMS)
        body += f"<p>… and {remaining:,} more</p>\n" if remaining > 0 else ""
    summary = f'<span class="badge {severity}">{severity}</span> <b>{kind}</b>{split_text}{size}'
    return details(summary, body)


def _item(kind: str, item: Sequence[object], examples: _Examples) -> str:
    """Return an item of a finding: thumbnails of its examples, then its text."""
    values = [str(value) for value in item][:6]
    pictures = "".join(examples.show(value) for value in values)
    row = f'<span class="row">{pictures}</span>' if pictures else ""
    if kind == "suspect label" and len(values) == 4:
        example, label, predicted, confidence = values
        description = (
            f"{name(example)}: label {name(label, 40)}, predicted {name(predicted, 40)}"
            f" ({percent(_number(confidence))})"
        )
    else:
        description = " · ".join(name(value, 90) for value in values)
    return f"<li>{row}<span>{description}</span></li>"


def _number(value: str) -> float | None:
    try:
        return float(value)
    except ValueError:
        return None
