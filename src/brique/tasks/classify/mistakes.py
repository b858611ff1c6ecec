"""Which classes are taken for which, with pictures; the worst mistakes and the surest answers."""

import torch
from torch import Tensor, as_tensor

from brique.data import Data
from brique.data.shown import said
from brique.page.facts import Answers, Facts
from brique.page.markup import Gap, Section, box, count, figure, name, sure, text
from brique.page.spectrogram import HEARD, WIDTH, spectrogram
from brique.page.thumbnails import Gallery
from brique.schema import Signal

MATRIX = 12  # classes at most; more are listed as pairs
PAIRS = 24
WORST = 18
SUREST = 12
FIELDS = 6  # of an example that is no picture


def section(facts: Facts, gallery: Gallery) -> Section | Gap:
    """Return the confusion matrix, the worst mistakes and the surest right answers."""
    matrix = facts.values.get("confusion")
    size = len(facts.names)
    is_square = isinstance(matrix, list) and len(matrix) == size > 0
    if facts.answers is None and not is_square:
        return Gap("Mistakes are not shown, since the answers to the test examples are not stored.")
    show = _Shown(facts, gallery)
    body = ""
    if isinstance(matrix, list) and is_square:
        counts = [[int(number) for number in row] for row in matrix]
        body += _confusion(facts.names, counts, show)
    if facts.answers is not None:
        body += _worst(facts.answers, show) + _surest(facts.answers, show)
    if not show.has_examples:
        body += f"<p>{_why(facts)}</p>\n"
    return Section("mistakes", "Right and wrong", body)


def _why(facts: Facts) -> str:
    if facts.changed:
        return "No pictures are shown, since the data have changed since the run."
    if facts.data is None:
        return "No pictures are shown, since the data of the run cannot be opened."
    return "No pictures are shown, since the answers to the test examples are not stored."


class _Shown:
    """Answers as pictures with their words."""

    def __init__(self, facts: Facts, gallery: Gallery) -> None:
        self._gallery, self._names = gallery, facts.names
        self._answers = facts.answers
        self._data: Data | None = facts.data
        self.is_seen = gallery.is_open
        self.has_examples = facts.data is not None and facts.answers is not None

    def called(self, place: int) -> str:
        return self._names[place]

    def picture(self, place: int) -> str:
        """Return the picture of the answer at a place, or nothing."""
        if self._answers is None or self._data is None:
            return ""
        one, said = int(self._answers.label[place]), int(self._answers.said[place])
        right = f"{self.called(one)}, named rightly"
        alt = right if one == said else f"{self.called(one)}, taken for {self.called(said)}"
        return self._gallery.show(self._data.test, int(self._answers.ids[place]), alt)

    def cell(self, true: int, said: int) -> str:
        """Return the picture of the surest answer `said` to an example of class `true`."""
        if self._answers is None:
            return ""
        found = (self._answers.label == true) & (self._answers.said == said)
        if not bool(found.any()):
            return ""
        return self.picture(int(torch.where(found, self._answers.sure, -1.0).argmax()))

    def card(self, place: int) -> str:
        """Return an answer as an item of a list: picture, classes, probability, file."""
        answers = self._answers
        assert answers is not None
        one, said = int(answers.label[place]), int(answers.said[place])
        share = sure(float(answers.sure[place]))
        number = int(answers.ids[place])
        file = f"example {number}" if self._data is None else self._data.test.name(number)
        words = f"<b>{name(self.called(one), 32)}</b>"
        if one != said:
            words += f" taken for <b>{name(self.called(said), 32)}</b>"
        return (
            f"<li>{self.picture(place)}<p>{words}<br>{share} sure{self._told(number)}"
            f'<br><small class="file">{name(file, 44)}</small></p></li>'
        )

    def _told(self, number: int) -> str:
        """Return what an example that is no picture holds, in a few words."""
        if self._gallery.is_open or self._data is None or self._data.store is None:
            return ""
        schema, fields = self._data.schema, self._data.store.fields
        shown = list(schema.inputs)[:FIELDS]
        if len(schema.inputs) == 1 and isinstance(kind := schema[shown[0]], Signal):
            return self._heard(kind, as_tensor(fields[shown[0]][number]))
        held = [said(schema[one], as_tensor(fields[one][number])) for one in shown]
        pairs = zip(shown, held, strict=True) if len(schema.inputs) > 1 else [("", held[0])]
        return "".join(f"<br><small>{name(a, 24)}</small> {text(b, 160)}" for a, b in pairs)

    def _heard(self, kind: Signal, value: Tensor) -> str:
        """Return what a signal is in words, and of a sound its spectrogram."""
        words = f"<br>{text(said(kind, value), 160)}"
        if kind.rate is None or kind.rate < HEARD or not len(value):
            return words
        alt = f"spectrogram, up to {kind.rate / 2000:.3g} kHz"
        return f"<br>{self._gallery.add(spectrogram(value, kind.rate), alt, WIDTH)}{words}"


def _confusion(names: list[str], counts: list[list[int]], show: _Shown) -> str:
    wrong = [
        (counts[i][j], i, j)
        for i in range(len(names))
        for j in range(len(names))
        if i != j and counts[i][j]
    ]
    wrong.sort(key=lambda entry: (-entry[0], entry[1], entry[2]))
    total = sum(map(sum, counts))
    if not wrong:
        title, says = "No class is taken for another", f"All {total:,} answers are right."
    else:
        number, i, j = wrong[0]
        a, b = name(names[i], 40), name(names[j], 40)
        missed = sum(entry[0] for entry in wrong)
        title = f"Most often, {a} is taken for {b}"
        says = (
            f"{count(missed, 'answer')} of {total:,} {'is' if missed == 1 else 'are'} wrong;"
            f" {number:,} of them {'takes' if number == 1 else 'take'} {a} for {b}."
        )
        if number == 1 and missed > 1:
            title = "No confusion of two classes happens twice"
            says = f"{count(missed, 'answer')} of {total:,} are wrong, each in a way of its own."
    if len(names) <= MATRIX:
        says += (
            " Rows are what an example is, columns what the net says"
            f"{'; each mistake shows the example on which the net was surest' * show.is_seen}."
        )
        return figure(title, says, _matrix(names, counts, show))
    if len(wrong) > PAIRS:
        says += f" Below, the {PAIRS} most frequent of {len(wrong):,} confusions."
    items = "".join(_pair(names, counts, entry, show) for entry in wrong[:PAIRS])
    return figure(title, says, f'<ul class="cards">{items}</ul>\n' if items else "")


def _pair(
    names: list[str], counts: list[list[int]], entry: tuple[int, int, int], show: _Shown
) -> str:
    number, i, j = entry
    return (
        f"<li>{show.cell(i, j)}<p><b>{name(names[i], 32)}</b> taken for <b>{name(names[j], 32)}</b>"
        f"<br>{number:,} of {sum(counts[i]):,}</p></li>"
    )


def _matrix(names: list[str], counts: list[list[int]], show: _Shown) -> str:
    head = "".join(f'<th scope="col">{name(one, 16)}</th>' for one in names)
    rows: list[str] = []
    for i, row in enumerate(counts):
        cells = "".join(_cell(i, j, row, show) for j in range(len(row)))
        rows.append(f'<tr><th scope="row">{name(names[i], 16)}</th>{cells}</tr>')
    table = (
        f'<table class="matrix"><thead><tr><td class="corner">is ↓ &nbsp; said →</td>{head}</tr>'
        f"</thead><tbody>{''.join(rows)}</tbody></table>"
    )
    return box("confusion matrix", table)


def _cell(i: int, j: int, row: list[int], show: _Shown) -> str:
    number, total = row[j], max(1, sum(row))
    strength = f"--part:{round(100 * number / total)}%"
    if i == j:
        return f'<td class="hit" style="{strength}">{number:,}</td>'
    if not number:
        return "<td>·</td>"
    return f'<td class="miss" style="{strength}">{show.cell(i, j)}<b>{number:,}</b></td>'


def _worst(answers: Answers, show: _Shown) -> str:
    wrong = (~answers.is_right).nonzero().flatten()
    if not len(wrong):
        return figure("No mistake on test", "There is nothing to show here.", "")
    order = wrong[torch.argsort(answers.sure[wrong], descending=True, stable=True)].tolist()
    title = f"The worst mistake was made {sure(float(answers.sure[order[0]]))} sure"
    says = (
        "The wrong answers of which the net was surest. Look whether a person would have known"
        " better, and whether the label is right: such mistakes are where wrong labels show up."
    )
    items = "".join(show.card(place) for place in order[:WORST])
    if len(order) > WORST:
        says += f" {WORST} of {len(order):,} mistakes are shown."
    return figure(title, says, f'<ul class="cards">{items}</ul>\n')


def _surest(answers: Answers, show: _Shown) -> str:
    """Return the surest right answer of each class, those of the surest classes."""
    right = answers.is_right.nonzero().flatten()
    if not len(right):
        return figure("Not one right answer", "There is nothing to show here.", "")
    order = right[torch.argsort(answers.sure[right], descending=True, stable=True)].tolist()
    first: dict[int, int] = {}
    for place in order:
        first.setdefault(int(answers.label[place]), place)
    chosen = list(first.values())[:SUREST]
    chosen.sort(key=lambda place: int(answers.label[place]))
    low, high = (sure(float(end)) for end in answers.sure[chosen].aminmax())
    title = f"Right and surest: {low if low == high else f'{low} to {high}'}"
    says = "What the net takes for typical: of each class, the right answer of which it was surest."
    items = "".join(show.card(place) for place in chosen)
    return figure(title, says, f'<ul class="cards">{items}</ul>\n')
