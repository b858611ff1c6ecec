"""What a net that translates said, beside what was meant: the worst, and some up to the best."""

from typing import Any

import torch
from torch import Tensor

from brique.page import chart
from brique.page.facts import Facts
from brique.page.markup import Gap, Section, box, count, figure, percent, text
from brique.page.thumbnails import Gallery

_LONGEST = 400  # letters of a text
_WORST = 10  # translations, and as many of the others
_BARS = 10  # ranges of the score


def sections(facts: Facts, gallery: Gallery) -> list[Section | Gap]:
    """Return translations beside what was meant, and how much they have in common with it."""
    shown, score = facts.values.get("shown"), facts.arrays.get("overlap")
    if not isinstance(shown, list) or not shown or score is None or not len(score):
        return [Gap("Translations are not shown, since they are not stored.")]
    half = len(shown) // 2
    body = _spread(score)
    body += _table(
        "The worst translations",
        "Those that have least in common with what was meant, in one to four words in a row. Look"
        " whether they are wrong: another way to say the same counts as nothing.",
        shown[:half][:_WORST],
    )
    rest = shown[half:]
    rest = rest[:: max(1, len(rest) // _WORST)]
    body += _table(
        "From worse to better",
        "Evenly chosen among the others, the better the further down.",
        rest[:_WORST],
    )
    return [Section("mistakes", "Said and meant", body)]


def _spread(score: Tensor) -> str:
    """Return how many translations have how much in common with what was meant."""
    found = score.double()
    counts = torch.histc(found, _BARS, 0.0, 1.0).long().tolist()
    y = chart.whole(max(counts))
    x = chart.Axis(0, 1, tuple((k / 5, f"{k / 5:.0%}") for k in range(6)))
    bars = [
        chart.whisker(x, y, (place + 0.5) / _BARS, (0, number), "--ink-of:var(--accent);"
                      "stroke-width:18;stroke-linecap:butt")
        for place, number in enumerate(counts)
        if number
    ]  # fmt: skip
    middle = float(found.median())
    says = (
        "Upwards the number of test texts, to the right how much of one to four words in a row a"
        " translation has in common with what was meant, all of it at 100%."
    )
    title = f"Half of the translations have {percent(middle)} or more in common with what was meant"
    label = f"{count(len(score), 'translation')} by what they have in common with what was meant"
    return figure(title, says, chart.plot(x, y, bars, label=label))


def _table(title: str, says: str, rows: list[dict[str, Any]]) -> str:
    """Return texts, what was said and what was meant, as a table."""
    lines = [
        f"<tr><td>{text(row['source'], _LONGEST)}</td><td>{text(row['said'], _LONGEST)}</td>"
        f'<td>{text(row["meant"], _LONGEST)}</td><td class="num">{percent(row["overlap"])}</td>'
        "</tr>"
        for row in rows
    ]
    head = (
        '<thead><tr><th scope="col">text</th><th scope="col">said</th><th scope="col">meant</th>'
        '<th scope="col" class="num">in common</th></tr></thead>'
    )
    table = f"<table>{head}<tbody>{''.join(lines)}</tbody></table>"
    return figure(title, says, box(title, table))
