"""Text, numbers and HTML elements shared by all sections; text is escaped."""

import html
import math
import re
from dataclasses import dataclass

MAX_LETTERS = 80  # characters of a name
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufdd0-\ufdef\ufffe\uffff]")


@dataclass(frozen=True)
class Section:
    """A section of the report: its anchor, its title and its HTML below the heading."""

    name: str
    title: str
    html: str


@dataclass(frozen=True)
class Gap:
    """A missing section, and a sentence with the reason."""

    reason: str


def text(value: object, limit: int = MAX_LETTERS) -> str:
    """Return a value as escaped HTML text, also safe in attributes; cut in the middle if long.

    >>> text("<b>"), text("x" * 20, limit=9)
    ('&lt;b&gt;', 'xxxx…xxxx')
    """
    plain = str(value).encode("utf-8", "replace").decode()
    plain = " ".join(_UNPRINTABLE.sub("\ufffd", plain).split())
    if len(plain) > limit:
        half = (limit - 1) // 2
        plain = f"{plain[:half]}…{plain[len(plain) - half :]}"
    return html.escape(plain)


def name(value: object, limit: int = MAX_LETTERS) -> str:
    """Return a name as HTML, with its own text direction."""
    return f"<bdi>{text(value, limit)}</bdi>"


def percent(share: object) -> str:
    """Return a fraction as "99.2%", or a dash."""
    return f"{share:.1%}" if isinstance(share, int | float) and math.isfinite(share) else "—"


def parse_interval(interval: object) -> tuple[float, float] | None:
    """Return both bounds of an interval, or None if missing."""
    if isinstance(interval, list | tuple) and len(interval) == 2 and None not in interval:
        return float(interval[0]), float(interval[1])
    return None


def format_interval(interval: object) -> str:
    """Return an interval as "98.0% to 99.8%", or a dash."""
    bounds = parse_interval(interval)
    return "—" if bounds is None else f"{percent(bounds[0])} to {percent(bounds[1])}"


def short_number(number: object) -> str:
    """Return a number with three significant digits, or a dash.

    >>> short_number(0.012345), short_number(12345), short_number(None)
    ('0.0123', '12,345', '—')
    """
    if not isinstance(number, int | float) or not math.isfinite(number):
        return "—"
    if number == int(number) and abs(number) < 1e15:
        return f"{int(number):,}"
    return f"{number:,.0f}" if abs(number) >= 1000 else f"{number:.3g}"


def seconds(number: float) -> str:
    """Return a duration as "0.42 s", "12.3 s" or "6 min 30 s"."""
    if number < 10:
        return f"{number:.2f} s"
    if number < 99.95:
        return f"{number:.1f} s"
    minutes, remainder = divmod(round(number), 60)
    return f"{minutes:,} min {remainder} s"


def count(number: int, singular: str, plural: str | None = None) -> str:
    """Return "1 example" or "2 examples".

    >>> count(1, "class", "classes"), count(1200, "turn")
    ('1 class', '1,200 turns')
    """
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"


def figure(title: str, caption: str, body: str) -> str:
    """Return a figure: a heading that states its finding, a caption, a body; all are HTML."""
    return f'<figure><h3>{title}</h3><p class="caption">{caption}</p>\n{body}</figure>\n'


def box(label: str, table: str) -> str:
    """Return a wide table in a scrollable box, also by keyboard; label is HTML."""
    return f'<div class="box" role="region" tabindex="0" aria-label="{label}">{table}</div>\n'


def definition_list(rows: list[tuple[str, str]]) -> str:
    """Return (term, description) rows as a list; both are HTML."""
    return (
        "<dl>"
        + "".join(f"<div><dt>{term}</dt><dd>{description}</dd></div>" for term, description in rows)
        + "</dl>\n"
    )


def tiles(rows: list[tuple[str, str]]) -> str:
    """Return a few (description, number) rows as large tiles; both are HTML."""
    items = "".join(
        f"<div><dt>{term}</dt><dd>{description}</dd></div>" for term, description in rows
    )
    return f'<dl class="tiles">{items}</dl>\n'


def format_confidence(share: float) -> str:
    """Return a probability; a value just below 1 is not rounded to 100%.

    >>> format_confidence(0.9931), format_confidence(0.99999)
    ('99.3%', 'over 99.9%')
    """
    return "over 99.9%" if share >= 0.9995 else percent(share)


def details(summary: str, body: str) -> str:
    """Return collapsible HTML with a summary."""
    return f"<details><summary>{summary}</summary>\n{body}</details>\n"
