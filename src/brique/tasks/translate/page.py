"""Translations beside their references: the worst, and a sample of the others."""

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
    """Return translations beside their references, and their n-gram overlap."""
    examples, score = facts.values.get("shown_examples"), facts.arrays.get("overlap")
    if not isinstance(examples, list) or not examples or score is None or not len(score):
        return [Gap("Translations are not shown: they are not stored.")]
    num_worst = len(examples) // 2
    body = _overlap_histogram(score)
    body += _table(
        "The worst translations",
        "The lowest n-gram overlap with the reference (one to four words). They may still be right:"
        " paraphrases have no overlap.",
        examples[:num_worst][:_NUM_ROWS],
    )
    others = examples[num_worst:]
    others = others[:: max(1, len(others) // _NUM_ROWS)]
    body += _table(
        "A sample of the others",
        "Evenly spaced by overlap, in ascending order.",
        others[:_NUM_ROWS],
    )
    return [Section("mistakes", "Translations and references", body)]


def _overlap_histogram(score: Tensor) -> str:
    """Return a histogram of the n-gram overlap with the references."""
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
        "Test texts by the F score of n-grams (one to four words) of translation and reference."
    )
    title = f"Median n-gram overlap with the reference: {percent(median)}"
    label = f"{count(len(score), 'translation')} by n-gram overlap with the reference"
    return figure(title, caption, chart.plot(x, y, bars, label=label))


def _table(title: str, caption: str, rows: list[dict[str, Any]]) -> str:
    """Return a table of sources, translations, references and overlaps."""
    table_rows = [
        f"<tr><td>{text(row['source'], _MAX_LETTERS)}</td>"
        f"<td>{text(row['prediction'], _MAX_LETTERS)}</td>"
        f"<td>{text(row['target'], _MAX_LETTERS)}</td>"
        f'<td class="num">{percent(row["overlap"])}</td></tr>'
        for row in rows
    ]
    head = (
        '<thead><tr><th scope="col">source</th><th scope="col">translation</th>'
        '<th scope="col">reference</th><th scope="col" class="num">overlap</th></tr></thead>'
    )
    table = f"<table>{head}<tbody>{''.join(table_rows)}</tbody></table>"
    return figure(title, caption, box(title, table))
