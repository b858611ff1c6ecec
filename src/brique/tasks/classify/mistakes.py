"""The confusion matrix with examples, and the most confident mistakes and correct predictions."""

import torch
from torch import Tensor, as_tensor

from brique.data import Data
from brique.data.rows.describe import describe_value
from brique.page.facts import Facts, TestPredictions
from brique.page.markup import Gap, Section, box, count, figure, format_confidence, name, text
from brique.page.spectrogram import MIN_SOUND_RATE, WIDTH, spectrogram
from brique.page.thumbnails import Gallery
from brique.schema import Signal

MAX_MATRIX_CLASSES = 12  # of more classes, the confused pairs are listed
MAX_PAIRS = 24
MAX_WORST = 18
MAX_CONFIDENT = 12
MAX_FIELDS = 6  # of an example without a picture


def section(facts: Facts, gallery: Gallery) -> Section | Gap:
    """Return the confusion matrix, the worst mistakes, and the surest correct predictions."""
    matrix = facts.values.get("confusion")
    size = len(facts.names)
    is_square = isinstance(matrix, list) and len(matrix) == size > 0
    if facts.predictions is None and not is_square:
        return Gap("Mistakes are not shown: the predictions on the test examples are not stored.")
    cards = _ExampleCards(facts, gallery)
    body = ""
    if isinstance(matrix, list) and is_square:
        counts = [[int(number) for number in row] for row in matrix]
        body += _confusion_figure(facts.names, counts, cards)
    if facts.predictions is not None:
        body += _confident_mistakes(facts.predictions, cards) + _confident_correct(
            facts.predictions, cards
        )
    if not cards.has_examples:
        body += f"<p>{_missing_reason(facts)}</p>\n"
    return Section("mistakes", "Confusions and mistakes", body)


def _missing_reason(facts: Facts) -> str:
    if facts.has_changed_data:
        return "Pictures are not shown: the data have changed since the run."
    if facts.data is None:
        return "Pictures are not shown: the data of the run cannot be opened."
    return "Pictures are not shown: the predictions on the test examples are not stored."


class _ExampleCards:
    """Predictions as cards: a picture and its caption."""

    def __init__(self, facts: Facts, gallery: Gallery) -> None:
        self._gallery, self._names = gallery, facts.names
        self._predictions = facts.predictions
        self._data: Data | None = facts.data
        self.has_pictures = gallery.is_open
        self.has_examples = facts.data is not None and facts.predictions is not None

    def class_name(self, class_index: int) -> str:
        return self._names[class_index]

    def picture(self, index: int) -> str:
        """Return the picture of a test example, or nothing."""
        if self._predictions is None or self._data is None:
            return ""
        label, predicted = (
            int(self._predictions.label[index]),
            int(self._predictions.predicted[index]),
        )
        alt = f"{self.class_name(label)}, predicted as {self.class_name(predicted)}"
        if label == predicted:
            alt = f"{self.class_name(label)}, correct"
        return self._gallery.show(self._data.test, int(self._predictions.ids[index]), alt)

    def cell(self, label: int, predicted: int) -> str:
        """Return the picture of the most confident prediction `predicted` for class `label`."""
        if self._predictions is None:
            return ""
        matches = (self._predictions.label == label) & (self._predictions.predicted == predicted)
        if not bool(matches.any()):
            return ""
        return self.picture(int(torch.where(matches, self._predictions.confidence, -1.0).argmax()))

    def card(self, index: int) -> str:
        """Return a prediction as an item of a list: picture, classes, confidence, file."""
        predictions = self._predictions
        assert predictions is not None
        label, predicted = int(predictions.label[index]), int(predictions.predicted[index])
        confidence = format_confidence(float(predictions.confidence[index]))
        example_id = int(predictions.ids[index])
        file = f"example {example_id}" if self._data is None else self._data.test.name(example_id)
        caption = f"<b>{name(self.class_name(label), 32)}</b>"
        if label != predicted:
            caption += f" predicted as <b>{name(self.class_name(predicted), 32)}</b>"
        return (
            f"<li>{self.picture(index)}<p>{caption}<br>confidence {confidence}"
            f"{self._field_values(example_id)}"
            f'<br><small class="file">{name(file, 44)}</small></p></li>'
        )

    def _field_values(self, example_id: int) -> str:
        """Return the fields of an example without a picture, in a few words."""
        if self._gallery.is_open or self._data is None or self._data.store is None:
            return ""
        schema, fields = self._data.schema, self._data.store.fields
        field_names = list(schema.inputs)[:MAX_FIELDS]
        if len(schema.inputs) == 1 and isinstance(field := schema[field_names[0]], Signal):
            return self._signal(field, as_tensor(fields[field_names[0]][example_id]))
        values = [
            describe_value(schema[field_name], as_tensor(fields[field_name][example_id]))
            for field_name in field_names
        ]
        pairs = (
            zip(field_names, values, strict=True) if len(schema.inputs) > 1 else [("", values[0])]
        )
        return "".join(f"<br><small>{name(a, 24)}</small> {text(b, 160)}" for a, b in pairs)

    def _signal(self, kind: Signal, value: Tensor) -> str:
        """Return the description of a signal, and the spectrogram of a sound."""
        description = f"<br>{text(describe_value(kind, value), 160)}"
        if kind.rate is None or kind.rate < MIN_SOUND_RATE or not len(value):
            return description
        alt = f"spectrogram, up to {kind.rate / 2000:.3g} kHz"
        return f"<br>{self._gallery.add(spectrogram(value, kind.rate), alt, WIDTH)}{description}"


def _confusion_figure(names: list[str], counts: list[list[int]], cards: _ExampleCards) -> str:
    confusions = [
        (counts[i][j], i, j)
        for i in range(len(names))
        for j in range(len(names))
        if i != j and counts[i][j]
    ]
    confusions.sort(key=lambda entry: (-entry[0], entry[1], entry[2]))
    total = sum(map(sum, counts))
    if not confusions:
        title, caption = "No confusions", f"All {total:,} predictions are correct."
    else:
        frequency, i, j = confusions[0]
        a, b = name(names[i], 40), name(names[j], 40)
        errors = sum(entry[0] for entry in confusions)
        title = f"Most frequent confusion: {a} predicted as {b}"
        caption = (
            f"{count(errors, 'mistake')} in {total:,} predictions; {frequency:,} of them:"
            f" {a} predicted as {b}."
        )
        if frequency == 1 and errors > 1:
            title = "No confusion occurs twice"
            caption = (
                f"{count(errors, 'mistake')} in {total:,} predictions, each a different confusion."
            )
    if len(names) <= MAX_MATRIX_CLASSES:
        caption += (
            " Rows: true class; columns: predicted class."
            f"{' Images: the most confident mistake in each cell.' * cards.has_pictures}"
        )
        return figure(title, caption, _confusion_table(names, counts, cards))
    if len(confusions) > MAX_PAIRS:
        caption += f" Below, the {MAX_PAIRS} most frequent of {len(confusions):,} confusions."
    items = "".join(_pair_card(names, counts, entry, cards) for entry in confusions[:MAX_PAIRS])
    return figure(title, caption, f'<ul class="cards">{items}</ul>\n' if items else "")


def _pair_card(
    names: list[str], counts: list[list[int]], entry: tuple[int, int, int], cards: _ExampleCards
) -> str:
    frequency, i, j = entry
    label, predicted = name(names[i], 32), name(names[j], 32)
    return (
        f"<li>{cards.cell(i, j)}<p><b>{label}</b> predicted as <b>{predicted}</b>"
        f"<br>{frequency:,} of {sum(counts[i]):,}</p></li>"
    )


def _confusion_table(names: list[str], counts: list[list[int]], cards: _ExampleCards) -> str:
    head = "".join(f'<th scope="col">{name(class_name, 16)}</th>' for class_name in names)
    rows: list[str] = []
    for i, row in enumerate(counts):
        cells = "".join(_cell(i, j, row, cards) for j in range(len(row)))
        rows.append(f'<tr><th scope="row">{name(names[i], 16)}</th>{cells}</tr>')
    table = (
        '<table class="matrix"><thead><tr><td class="corner">true ↓ &nbsp; predicted →</td>'
        f"{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    )
    return box("confusion matrix", table)


def _cell(i: int, j: int, row: list[int], cards: _ExampleCards) -> str:
    frequency, total = row[j], max(1, sum(row))
    strength = f"--part:{round(100 * frequency / total)}%"
    if i == j:
        return f'<td class="hit" style="{strength}">{frequency:,}</td>'
    if not frequency:
        return "<td>·</td>"
    return f'<td class="miss" style="{strength}">{cards.cell(i, j)}<b>{frequency:,}</b></td>'


def _confident_mistakes(predictions: TestPredictions, cards: _ExampleCards) -> str:
    mistakes = (~predictions.is_correct).nonzero().flatten()
    if not len(mistakes):
        return figure("No mistakes on test", "All predictions are correct.", "")
    order = mistakes[
        torch.argsort(predictions.confidence[mistakes], descending=True, stable=True)
    ].tolist()
    title = (
        f"Worst mistake: confidence {format_confidence(float(predictions.confidence[order[0]]))}"
    )
    caption = (
        "The misclassified examples with the highest confidence. Check whether a person would get"
        " them right, and whether the label is correct: label errors often show up here."
    )
    items = "".join(cards.card(index) for index in order[:MAX_WORST])
    if len(order) > MAX_WORST:
        caption += f" {MAX_WORST} of {len(order):,} mistakes are shown."
    return figure(title, caption, f'<ul class="cards">{items}</ul>\n')


def _confident_correct(predictions: TestPredictions, cards: _ExampleCards) -> str:
    """Return the most confident correct prediction of each class."""
    correct = predictions.is_correct.nonzero().flatten()
    if not len(correct):
        return figure("No correct predictions on test", "All predictions are wrong.", "")
    order = correct[
        torch.argsort(predictions.confidence[correct], descending=True, stable=True)
    ].tolist()
    first_by_class: dict[int, int] = {}
    for index in order:
        first_by_class.setdefault(int(predictions.label[index]), index)
    chosen = list(first_by_class.values())[:MAX_CONFIDENT]
    chosen.sort(key=lambda index: int(predictions.label[index]))
    low, high = (
        format_confidence(float(confidence))
        for confidence in predictions.confidence[chosen].aminmax()
    )
    title = f"Most confident correct predictions: {low if low == high else f'{low} to {high}'}"
    caption = "For each class, the correct prediction with the highest confidence."
    items = "".join(cards.card(index) for index in chosen)
    return figure(title, caption, f'<ul class="cards">{items}</ul>\n')
