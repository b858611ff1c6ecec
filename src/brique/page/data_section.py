"""The sections "Run" and "Data": command, sizes, examples and findings of the audit."""

from typing import Any

import torch
from torch import Tensor

from brique.data import Data, Split
from brique.page import field_html, findings
from brique.page.facts import Facts
from brique.page.markup import (
    Gap,
    Section,
    box,
    count,
    definition_list,
    figure,
    name,
    percent,
    seconds,
    text,
    tiles,
)  # fmt: skip
from brique.page.thumbnails import Gallery
from brique.schema import Category, Picture

MAX_CLASSES = 60  # with thumbnails
MAX_EXAMPLES, MAX_FIELDS = 4, 24  # examples of data other than images; fields of each
TARGET_MARK = " <small>target</small>"
MAX_THUMBNAILS = 64  # total over all classes, approximately
_PURPOSES = {
    "train": "for fitting",
    "valid": "for model selection",
    "test": "for the final evaluation",
}


def run_section(facts: Facts) -> Section:
    """Return the command, the data set, the date and the training time."""
    record = facts.record.json
    data_names = ", ".join(sorted({str(entry.get("name", "?")) for entry in record["data"]}))
    rows = [("Command", f"<code>{text(record.get('command') or facts.record.name, 600)}</code>")]
    if data_names:
        rows.append(("Data", name(data_names)))
    if record.get("started"):
        started = str(record["started"])
        rows.append(("Started", f"{text(started[:10])}, {text(started[11:16])}"))
    training_seconds = record.get("seconds", {}).get("training")
    turns = count(facts.record.turns, "turn")
    time = (
        f" in {seconds(training_seconds)}"
        if isinstance(training_seconds, int | float) and training_seconds
        else ""
    )
    rows.append(
        (
            "Trained",
            f"{turns}{time} on {text(record['launch'].get('device', '?'))}{_estimate(record)}",
        )
    )
    if facts.record.state != "finished":
        rows.append(("State", f"{text(facts.record.state)} (not finished)"))
    if record["launch"].get("quick"):
        rows.append(("Length", "quick: a short test run, not a good model"))
    return Section("run", "Run", definition_list(rows))


def _estimate(record: dict[str, Any]) -> str:
    estimate = record.get("estimate")
    if not isinstance(estimate, dict) or not isinstance(estimate.get("seconds"), int | float):
        return ""
    return f"; estimated before training: {seconds(estimate['seconds'])}"


def data_section(facts: Facts, gallery: Gallery) -> Section | Gap:
    """Return the sizes of the splits, examples of each class, and the audit."""
    audit = facts.record.json.get("audit")
    audit_findings = audit.get("findings") if isinstance(audit, dict) else None
    body = (
        _parts(facts)
        + _thumbnails(facts, gallery)
        + findings.render(audit_findings, facts.data, gallery)
    )
    if not body:
        reason = (
            "the data have changed since the run"
            if facts.has_changed_data
            else "the data cannot be opened"
        )
        return Gap(f"The data section is missing: {reason}.")
    return Section("data", "Data", body)


def _parts(facts: Facts) -> str:
    data = facts.data
    if data is None:
        return ""
    sizes = [("train", len(data.train)), ("valid", len(data.valid)), ("test", len(data.test))]
    total = sum(size for _, size in sizes)
    bar = "".join(
        f'<span class="part {part}" style="flex-grow:{size}"></span>'
        for part, size in sizes
        if size
    )
    rows = [
        (
            f'<span class="swatch {part}"></span><b>{part}</b> {_PURPOSES[part]}',
            f"{size:,} <small>{percent(size / total)}</small>",
        )
        for part, size in sizes
    ]
    kinds = [data.schema[field] for field in data.schema.inputs]
    pixels = ""
    if len(kinds) == 1 and isinstance(kinds[0], Picture):
        pixels = f" of {kinds[0].shape[2]} x {kinds[0].shape[1]} pixels"
    classes = f" in {count(len(facts.names), 'class', 'classes')}" if facts.names else ""
    title = f"{count(total, 'example')}{pixels}{classes}"
    caption = (
        f"The {count(len(data.test), 'test example')} were used neither for training nor for model"
        " selection."
    )
    if "selection" in facts.record.settings.get("options", {}):
        caption = (
            "This run is a trial of a search: test here is a validation split for the choice of"
            " settings. The real test split is not opened."
        )
    return figure(
        title, caption, f'<div class="parts" aria-hidden="true">{bar}</div>\n{tiles(rows)}'
    )


def _thumbnails(facts: Facts, gallery: Gallery) -> str:
    data = facts.data
    if data is None:
        return ""
    kinds = [data.schema[field] for field in data.schema.inputs]
    if len(kinds) != 1 or not isinstance(kinds[0], Picture) or len(data.schema.targets) != 1:
        return _examples(
            data, has_no_target=facts.values.get("task") in ("reconstruct", "generate")
        )
    if not gallery.is_open:
        return ""
    target = data.schema[data.schema.target]
    labels = data.train[data.schema.target]
    if not isinstance(target, Category) or not isinstance(labels, Tensor):
        return ""
    classes = list(target.names)
    some_classes = classes[:MAX_CLASSES]
    per_class = max(2, min(12, MAX_THUMBNAILS // len(some_classes)))
    counts = torch.bincount(labels, minlength=len(classes)).tolist()
    rows: list[str] = []
    for index, class_name in enumerate(some_classes):
        ids = data.train.ids[labels == index]
        rows.append(_class_row(gallery, data.train, ids, class_name, per_class))
    largest, smallest = max(counts), min(counts)
    title = (
        f"{count(largest, 'training example')} per class"
        if largest == smallest
        else f"{smallest:,} to {count(largest, 'training example')} per class"
    )
    caption = f"{_balance(largest, smallest)} Up to {per_class} training examples per class"
    caption += (
        f", for {len(some_classes)} of {len(classes):,} classes."
        if classes[len(some_classes) :]
        else " are shown."
    )
    return figure(
        title, caption, f'<ul class="classes{" tight" * (per_class < 4)}">{"".join(rows)}</ul>\n'
    )


def _class_row(gallery: Gallery, split: Split, ids: Tensor, class_name: str, num_shown: int) -> str:
    """Return a list item of one class: its name, size and evenly chosen examples.

    ids: of all its examples.
    """
    row_ids = ids[torch.linspace(0, max(0, len(ids) - 1), min(num_shown, len(ids))).long()]
    pictures = "".join(
        gallery.show(split, example_id, f"an example of {class_name}")
        for example_id in row_ids.tolist()
    )
    return (
        f"<li><b>{name(class_name, 40)}</b> <small>{len(ids):,}</small>"
        f'<div class="row">{pictures}</div></li>'
    )


def _examples(data: Data, *, has_no_target: bool) -> str:
    """Return a few training examples as columns, with one row per field."""
    example_ids = data.train.ids[:: max(1, len(data.train) // MAX_EXAMPLES)][:MAX_EXAMPLES].tolist()
    contents = [field_html.render_example(data, row) for row in example_ids]
    targets = () if has_no_target else data.schema.targets
    rows = "".join(
        f'<tr><th scope="row">{name(field)}{TARGET_MARK * (field in targets)}</th>'
        f"{''.join(f'<td>{content[field]}</td>' for content in contents)}</tr>"
        for field in list(data.schema.fields)[:MAX_FIELDS]
    )
    more = len(data.schema.fields) - MAX_FIELDS
    header_cells = "".join(f"<th>{name(data.train.name(row), 40)}</th>" for row in example_ids)
    table = box(
        "examples", f"<table><thead><tr><th>field</th>{header_cells}</tr></thead>{rows}</table>"
    )
    caption = "Training examples, evenly spaced."
    caption += "" if has_no_target else " The net predicts the target."
    caption += (
        f" The first {MAX_FIELDS} of {MAX_FIELDS + more} fields are shown." if more > 0 else ""
    )
    return figure(count(len(example_ids), "training example"), caption, table)


def _balance(largest: int, smallest: int) -> str:
    if smallest * 2 >= largest:
        return "The classes are balanced."
    return (
        "The classes are imbalanced: compare balanced accuracy, which weights all classes"
        " equally, with accuracy."
    )
