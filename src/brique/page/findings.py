"""What the audit found, each finding folded under its kind, with pictures of its first items."""

from collections.abc import Sequence
from typing import Any, cast

from brique.data import Data, Split
from brique.page.markup import count, details, figure, name, percent, text
from brique.page.thumbnails import Gallery

MOST = 40
ITEMS = 8  # of a finding
PICTURED = 160  # items with pictures, of all findings together
SEVERITIES = {"error": "errors", "warning": "warnings", "note": "notes"}


def shown(found: object, data: Data | None, gallery: Gallery) -> str:
    """Return the findings of an audit as HTML, nothing where there was none.

    found: a list of findings as JSON values.
    """
    if not isinstance(found, list):
        return ""
    order = list(SEVERITIES)
    listed = cast("list[dict[str, Any]]", found)
    known = [one for one in listed if one.get("severity") in order]
    known.sort(key=lambda one: order.index(one["severity"]))
    if not known:
        says = "Duplicates, unreadable files and unequal classes were looked for."
        return figure("The audit found nothing to object to", says, "")
    totals = [
        count(n, kind, many)
        for kind, many in SEVERITIES.items()
        if (n := sum(one["severity"] == kind for one in known))
    ]
    says = (
        "The data were searched for what could falsify a result, before any training. An error"
        " would, a warning might, a note is good to know."
    )
    examples = _Examples(data, gallery)
    body = "".join(_finding(one, examples) for one in known[:MOST])
    if len(known) > MOST:
        body += f"<p>{count(len(known) - MOST, 'more finding')} left out here.</p>\n"
    return figure(f"The audit found {' and '.join(totals)}", says, body)


class _Examples:
    """Pictures of examples by their names."""

    def __init__(self, data: Data | None, gallery: Gallery) -> None:
        self._gallery = gallery
        self._left = PICTURED
        self._places: dict[str, tuple[Split, int]] = {}
        if data is not None and gallery.is_open:
            for split in (data.train, data.valid, data.test):
                self._places |= {split.name(one): (split, one) for one in split.ids.tolist()}

    def show(self, called: str) -> str:
        """Return the picture of an example that is called so, or so and by its class."""
        found = self._places.get(called) or self._places.get(called.rpartition(" (")[0])
        if found is None or not self._left:
            return ""
        self._left -= 1
        return self._gallery.show(*found, called)


def _finding(one: dict[str, Any], examples: _Examples) -> str:
    severity = str(one["severity"])
    kind = text(str(one.get("kind", "")).replace("_", " "))
    part = f" in {text(one['split'])}" if one.get("split") else ""
    number = one.get("count")
    size = f" <small>{number:,}</small>" if isinstance(number, int) else ""
    body = f"<p>{text(one.get('reason', ''), 500)}</p>"
    if one.get("remedy"):
        body += f"<p><b>What to do:</b> {text(one['remedy'], 500)}</p>"
    items = one.get("items") or []
    if items:
        listed = "".join(_item(str(one.get("kind")), item, examples) for item in items[:ITEMS])
        body += f'<ul class="items">{listed}</ul>\n'
        left = (number if isinstance(number, int) else len(items)) - min(len(items), ITEMS)
        body += f"<p>… and {left:,} more</p>\n" if left > 0 else ""
    summary = f'<span class="badge {severity}">{severity}</span> <b>{kind}</b>{part}{size}'
    return details(summary, body)


def _item(kind: str, item: Sequence[object], examples: _Examples) -> str:
    """Return an item of a finding: pictures of the examples that it names, then its words."""
    parts = [str(part) for part in item][:6]
    pictures = "".join(examples.show(part) for part in parts)
    row = f'<span class="row">{pictures}</span>' if pictures else ""
    if kind == "doubtful" and len(parts) == 4:
        example, own, said, share = parts
        words = (
            f"{name(example)}: labeled {name(own, 40)}, the reader says {name(said, 40)},"
            f" {percent(_number(share))} sure"
        )
    else:
        words = " · ".join(name(part, 90) for part in parts)
    return f"<li>{row}<span>{words}</span></li>"


def _number(words: str) -> float | None:
    try:
        return float(words)
    except ValueError:
        return None
