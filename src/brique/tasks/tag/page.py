"""Errors of a tagger: its worst sentences, confusions, and metrics by tag."""

import torch
from torch import Tensor

from brique.data.raw.column import Texts
from brique.page import chart
from brique.page.facts import Facts
from brique.page.markup import Gap, Section, box, count, figure, name, parse_interval, percent, text
from brique.page.thumbnails import Gallery

_NUM_SENTENCES = 10  # sentences shown
_MAX_WORDS = 60  # of a sentence
_NUM_PAIRS = 15  # of confused tags
_MAX_TAGS = 60  # rows of the table


def sections(facts: Facts, gallery: Gallery) -> list[Section | Gap]:
    """Return the worst sentences, the most frequent confusions, and metrics by tag."""
    arrays = {
        key: facts.arrays.get(key)
        for key in ("ids", "offsets", "target", "predictions", "confidence")
    }
    if any(array is None or not len(array) for array in arrays.values()):
        return [Gap("Tags are not shown: the predictions are not stored.")]
    outputs = {key: array for key, array in arrays.items() if array is not None}
    body = (
        _entities_figure(facts)
        + _unknown_words_figure(facts)
        + _worst_figure(facts, outputs)
        + _confusions_figure(facts, outputs)
    )
    return [Section("mistakes", "Errors", body), _tags_section(facts)]


def _entities_figure(facts: Facts) -> str:
    """Return the metrics of each entity type, the lowest F1 first."""
    types = (facts.values.get("entities") or {}).get("types") or {}
    rows = sorted((entry["f1"], key, entry) for key, entry in types.items() if entry["count"])
    if not rows:
        return ""
    table_rows = [
        f'<tr><th scope="row">{name(key or "entity", 30)}</th>'
        f'<td class="num">{entry["count"]:,}</td><td class="num">{percent(entry["f1"])}</td>'
        f'<td class="num">{percent(entry["precision"])}</td>'
        f'<td class="num">{percent(entry["recall"])}</td></tr>'
        for _, key, entry in rows[:_MAX_TAGS]
    ]
    head = (
        '<thead><tr><th scope="col">entities</th><th scope="col" class="num">in test</th>'
        '<th scope="col" class="num">F1</th><th scope="col" class="num">precision</th>'
        '<th scope="col" class="num">recall</th></tr></thead>'
    )
    majority = facts.values["baseline"].get("majority") or {}
    caption = (
        "An entity counts as found if its first word, last word and type are correct. Word accuracy"
        f" says little: always “{text(majority.get('answer', 'O'), 20)}” reaches"
        f" {percent(majority.get('accuracy'))} and finds no entity."
    )
    table = f"<table>{head}<tbody>{''.join(table_rows)}</tbody></table>"
    title = f"Lowest F1: {name(rows[0][1] or 'entity', 30)}"
    return figure(title, caption, box("entities by type", table))


def _unknown_words_figure(facts: Facts) -> str:
    """Return the accuracy on words that are not in the training part."""
    test, best = facts.values["test"], facts.values["comparison"]["best"]
    if test.get("unknown_accuracy") is None:
        return ""
    total, unknown = int(facts.values["words"]), int(facts.values["unknown"])
    baseline_accuracy = facts.values["baseline"][best].get("unknown_accuracy")
    title = f"Accuracy on unknown words: {percent(test['unknown_accuracy'])}"
    caption = (
        f"{unknown:,} of {total:,} test words ({percent(unknown / total)}) are not in the training"
        " part. The net tags them by their characters and context. Best baseline:"
        f" {percent(baseline_accuracy)}."
    )
    return figure(title, caption, "")


def _worst_figure(facts: Facts, outputs: dict[str, Tensor]) -> str:
    """Return the sentences with the most errors, weighted by confidence."""
    names, offsets = facts.names, outputs["offsets"]
    is_wrong = outputs["target"] != outputs["predictions"]
    text_of_word = torch.repeat_interleave(torch.arange(len(outputs["ids"])), offsets.diff())
    cost = torch.zeros(len(outputs["ids"])).index_add_(
        0, text_of_word, is_wrong * outputs["confidence"].float()
    )
    order = cost.argsort(descending=True, stable=True)[:_NUM_SENTENCES].tolist()
    rows: list[str] = []
    for row in order:
        if not float(cost[row]):
            break
        start, stop = offsets[row : row + 2].tolist()
        words = _words(facts, int(outputs["ids"][row]), stop - start)
        tagged_words = [
            _tagged_word(
                word,
                names[int(outputs["predictions"][word_index])],
                names[int(outputs["target"][word_index])],
            )
            for word, word_index in zip(words[:_MAX_WORDS], range(start, stop), strict=False)
        ]
        more = " …" if stop - start > _MAX_WORDS else ""
        rows.append(f"<li><p>{' '.join(tagged_words)}{more}</p></li>")
    wrong = int(is_wrong.sum())
    if not rows:
        return figure("All words are tagged correctly", "No errors to show.", "")
    title = f"{count(wrong, 'error')} in {len(is_wrong):,} words"
    caption = (
        "The test sentences with the most confident errors. Wrong words are in color, followed by"
        " the predicted and the target tag."
    )
    return figure(title, caption, f"<ul>{''.join(rows)}</ul>\n")


def _tagged_word(word: str, predicted: str, target: str) -> str:
    if predicted == target:
        return f"{text(word, 40)}<small>/{text(predicted, 20)}</small>"
    wrong = f'<b style="color:var(--bad)">{text(word, 40)}</b>'
    return f"{wrong}<small>/{text(predicted, 20)}, not {text(target, 20)}</small>"


def _words(facts: Facts, number: int, length: int) -> list[str]:
    """Return the original words of a sentence, or dots without the data."""
    data = facts.data
    if data is None or data.source is None:
        return ["…"] * length
    column = data.source.fields[data.schema.inputs[0]]
    if not isinstance(column, Texts):
        return ["…"] * length
    return data.schema[data.schema.inputs[0]].tokenize(column.texts[number])


def _confusions_figure(facts: Facts, outputs: dict[str, Tensor]) -> str:
    """Return the most frequent confusions of tags."""
    names = facts.names
    size = len(names)
    counts = torch.bincount(outputs["target"] * size + outputs["predictions"], minlength=size**2)
    totals = counts.view(size, size).sum(dim=1)
    counts.view(size, size).fill_diagonal_(0)
    order = [cell for cell in counts.argsort(descending=True, stable=True)[:_NUM_PAIRS].tolist()
             if counts[cell]]  # fmt: skip
    if not order:
        return ""
    rows: list[str] = []
    for cell in order:
        target_id, predicted_id = divmod(cell, size)
        number = int(counts[cell])
        rows.append(
            f'<tr><th scope="row">{name(names[target_id], 24)}</th>'
            f'<td>{name(names[predicted_id], 24)}</td><td class="num">{number:,}</td>'
            f'<td class="num">{percent(number / int(totals[target_id]))}</td>'
            f"<td>{_examples(facts, outputs, target_id, predicted_id)}</td></tr>"
        )
    head = (
        '<thead><tr><th scope="col">target</th><th scope="col">predicted</th><th scope="col"'
        ' class="num">words</th><th scope="col" class="num">of target</th><th scope="col">examples'
        "</th></tr></thead>"
    )
    target_id, predicted_id = (name(names[index], 24) for index in divmod(order[0], size))
    caption = "The most frequent confusions, with the words of highest confidence."
    table = f"<table>{head}<tbody>{''.join(rows)}</tbody></table>"
    return figure(
        f"Most frequent confusion: {target_id} predicted as {predicted_id}",
        caption,
        box("confusions", table),
    )


def _examples(facts: Facts, outputs: dict[str, Tensor], target_id: int, predicted_id: int) -> str:
    """Return words of one tag that are predicted as another."""
    indices = (
        ((outputs["target"] == target_id) & (outputs["predictions"] == predicted_id))
        .nonzero()
        .flatten()
    )
    indices = indices[outputs["confidence"][indices].argsort(descending=True, stable=True)][:4]
    words: list[str] = []
    for word_index in indices.tolist():
        row = int(torch.searchsorted(outputs["offsets"], word_index, right=True)) - 1
        start, stop = outputs["offsets"][row : row + 2].tolist()
        words.append(_words(facts, int(outputs["ids"][row]), stop - start)[word_index - start])
    return ", ".join(name(word, 24) for word in dict.fromkeys(words))


def _tags_section(facts: Facts) -> Section | Gap:
    """Return recall and precision of each tag, the lowest recall first."""
    classes = facts.values.get("classes")
    if not isinstance(classes, dict):
        return Gap("The metrics by tag are not stored.")
    rows = [(key, entry) for key, entry in classes.items() if entry.get("recall") is not None]
    rows.sort(key=lambda row: row[1]["recall"])
    lower_bounds = [
        (parse_interval(entry["interval"]) or (entry["recall"],))[0] for _, entry in rows
    ]
    axis = chart.share_axis(float(min(lower_bounds)))
    table_rows: list[str] = []
    for key, entry in rows[:_MAX_TAGS]:
        interval = parse_interval(entry["interval"])
        strip = chart.strip(axis, entry["recall"], interval, "--ink-of:var(--accent)")
        table_rows.append(
            f'<tr><th scope="row">{name(key, 30)}</th><td class="num">{entry["count"]:,}</td>'
            f'<td class="strip">{strip}</td><td class="num">{percent(entry["recall"])}</td>'
            f'<td class="num">{percent(entry.get("precision"))}</td></tr>'
        )
    head = (
        '<thead><tr><th scope="col">tag</th><th scope="col" class="num">words</th><th scope="col">'
        'recall</th><th scope="col" class="num">recall</th><th scope="col" class="num">precision'
        "</th></tr></thead>"
    )
    foot = (
        f"<tfoot><tr><td></td><td></td><td>{chart.scale(axis)}</td><td></td><td></td></tr></tfoot>"
    )
    table = (
        f'<table class="strips classes">{head}<tbody>{"".join(table_rows)}</tbody>{foot}</table>'
    )
    caption = (
        "Recall: share of the words with a tag that are predicted as it. Precision: share of the"
        " words predicted as a tag that have it. Tags are sorted by recall."
    )
    if len(rows) > _MAX_TAGS:
        caption += f" {_MAX_TAGS} of {len(rows):,} tags are shown."
    body = figure(f"Lowest recall: {name(rows[0][0], 30)}", caption, box("metrics by tag", table))
    return Section("tags", "Each tag", body)
