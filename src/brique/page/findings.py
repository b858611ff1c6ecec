"""What the audit found, each finding folded under its kind, with pictures of its first items."""

from collections.abc import Sequence
from typing import Any, cast

from brique.data import Data, Split
from brique.page.markup import count, details, figure, name, percent, text
from brique.page.thumbnails import Gallery

MAX_FINDINGS = 40
MAX_ITEMS = 8  # of a finding
MAX_PICTURED = 160  # items with pictures, of all findings together
SEVERITIES = {"error": "errors", "warning": "warnings", "note": "notes"}


def render(findings: object, data: Data | None, gallery: Gallery) -> str:
    """Return the findings of an audit as HTML, nothing where there was none.

    findings: a list of findings as JSON values.
    """
    if not isinstance(findings, list):
        return ""
    severities = list(SEVERITIES)
    entries = cast("list[dict[str, Any]]", findings)
    shown_findings = [finding for finding in entries if finding.get("severity") in severities]
    shown_findings.sort(key=lambda finding: severities.index(finding["severity"]))
    if not shown_findings:
        caption = "Duplicates, unreadable files and unequal classes were looked for."
        return figure("The audit found nothing to object to", caption, "")
    totals = [
        count(number, kind, plural)
        for kind, plural in SEVERITIES.items()
        if (number := sum(finding["severity"] == kind for finding in shown_findings))
    ]
    caption = (
        "The data were searched for what could falsify a result, before any training. An error"
        " would, a warning might, a note is good to know."
    )
    examples = _Examples(data, gallery)
    body = "".join(_finding(finding, examples) for finding in shown_findings[:MAX_FINDINGS])
    if len(shown_findings) > MAX_FINDINGS:
        body += (
            f"<p>{count(len(shown_findings) - MAX_FINDINGS, 'more finding')} left out here.</p>\n"
        )
    return figure(f"The audit found {' and '.join(totals)}", caption, body)


class _Examples:
    """Pictures of examples by their names."""

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
        """Return the picture of an example that is called so, or so and by its class."""
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
        body += f"<p><b>What to do:</b> {text(finding['remedy'], 500)}</p>"
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
    """Return an item of a finding: pictures of the examples that it names, then its words."""
    values = [str(value) for value in item][:6]
    pictures = "".join(examples.show(value) for value in values)
    row = f'<span class="row">{pictures}</span>' if pictures else ""
    if kind == "suspect label" and len(values) == 4:
        example, label, predicted, confidence = values
        description = (
            f"{name(example)}: labeled {name(label, 40)}, the reader says {name(predicted, 40)},"
            f" {percent(_number(confidence))} sure"
        )
    else:
        description = " · ".join(name(value, 90) for value in values)
    return f"<li>{row}<span>{description}</span></li>"


def _number(value: str) -> float | None:
    try:
        return float(value)
    except ValueError:
        return None
