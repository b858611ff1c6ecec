"""What a net that translates said, beside what was meant: the worst, and some up to the best."""

from typing import Any

import torch
from torch import Tensor

from brique.page import chart
from brique.page.facts import Facts
from brique.page.markup import Gap, Section, box, count, figure, percent, text
from brique.page.thumbnails import Gallery

_MAX_LETTERS = 400  # letters of a text
_NUM_ROWS = 10  # translations, and as many of the others
_NUM_BARS = 10  # ranges of the score


def sections(facts: Facts, gallery: Gallery) -> list[Section | Gap]:
    """Return translations beside what was meant, and how much they have in common with it."""
    examples, score = facts.values.get("shown_examples"), facts.arrays.get("overlap")
    if not isinstance(examples, list) or not examples or score is None or not len(score):
        return [Gap("Translations are not shown, since they are not stored.")]
    num_worst = len(examples) // 2
    body = _overlap_histogram(score)
    body += _table(
        "The worst translations",
        "Those that have least in common with what was meant, in one to four words in a row. Look"
        " whether they are wrong: another way to say the same counts as nothing.",
        examples[:num_worst][:_NUM_ROWS],
    )
    others = examples[num_worst:]
    others = others[:: max(1, len(others) // _NUM_ROWS)]
    body += _table(
        "From worse to better",
        "Evenly chosen among the others, the better the further down.",
        others[:_NUM_ROWS],
    )
    return [Section("mistakes", "Said and meant", body)]


def _overlap_histogram(score: Tensor) -> str:
    """Return how many translations have how much in common with what was meant."""
    values = score.double()
    counts = torch.histc(values, _NUM_BARS, 0.0, 1.0).long().tolist()
    y = chart.integer_axis(max(counts))
    x = chart.Axis(0, 1, tuple((k / 5, f"{k / 5:.0%}") for k in range(6)))
    bars = [
        chart.whisker(x, y, (index + 0.5) / _NUM_BARS, (0, bar_height), "--ink-of:var(--accent);"
                      "stroke-width:18;stroke-linecap:butt")
        for index, bar_height in enumerate(counts)
        if bar_height
    ]  # fmt: skip
    median = float(values.median())
    caption = (
        "Upwards the number of test texts, to the right how much of one to four words in a row a"
        " translation has in common with what was meant, all of it at 100%."
    )
    title = f"Half of the translations have {percent(median)} or more in common with what was meant"
    label = f"{count(len(score), 'translation')} by what they have in common with what was meant"
    return figure(title, caption, chart.plot(x, y, bars, label=label))


def _table(title: str, caption: str, rows: list[dict[str, Any]]) -> str:
    """Return texts, what was said and what was meant, as a table."""
    table_rows = [
        f"<tr><td>{text(row['source'], _MAX_LETTERS)}</td><td>{text(row['prediction'], _MAX_LETTERS)}</td>"
        f'<td>{text(row["target"], _MAX_LETTERS)}</td><td class="num">{percent(row["overlap"])}</td>'
        "</tr>"
        for row in rows
    ]
    head = (
        '<thead><tr><th scope="col">text</th><th scope="col">said</th><th scope="col">meant</th>'
        '<th scope="col" class="num">in common</th></tr></thead>'
    )
    table = f"<table>{head}<tbody>{''.join(table_rows)}</tbody></table>"
    return figure(title, caption, box(title, table))
