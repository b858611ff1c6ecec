"""What was asked, and the data: how many, what they look like, what the audit found."""

from typing import Any

import torch
from torch import Tensor

from brique.data import Data
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

MAX_CLASSES = 60  # shown with pictures
MAX_EXAMPLES, MAX_FIELDS = 4, 24  # examples that are no pictures; fields of each
TARGET_MARK = " <small>target</small>"
MAX_THUMBNAILS = 64  # thumbnails of all classes together, about


def run_section(facts: Facts) -> Section:
    """Return the command, the data set and the date."""
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
        rows.append(("State", f"{text(facts.record.state)}: the run is not finished"))
    if record["launch"].get("quick"):
        rows.append(("Length", "quick: shortened to see that all works; not meant to be good"))
    return Section("asked", "What was asked", definition_list(rows))


def _estimate(record: dict[str, Any]) -> str:
    estimate = record.get("estimate")
    if not isinstance(estimate, dict) or not isinstance(estimate.get("seconds"), int | float):
        return ""
    return f"; estimated before the first turn: {seconds(estimate['seconds'])}"


def data_section(facts: Facts, gallery: Gallery) -> Section | Gap:
    """Return the number of examples by part, pictures of each class, and the audit."""
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
        return Gap(f"The data are not described, since {reason}.")
    return Section("data", "The data", body)


def _parts(facts: Facts) -> str:
    data = facts.data
    if data is None:
        return ""
    sizes = [("train", len(data.train)), ("valid", len(data.valid)), ("test", len(data.test))]
    total = sum(size for _, size in sizes)
    purpose = {
        "train": "the net learns from these",
        "valid": "choices are made on these",
        "test": "judged on these, after all choices",
    }
    bar = "".join(
        f'<span class="part {part}" style="flex-grow:{size}"></span>'
        for part, size in sizes
        if size
    )
    rows = [
        (
            f'<span class="swatch {part}"></span><b>{part}</b> {purpose[part]}',
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
    noun = "pictures" if pixels else "examples"
    caption = (
        f"The net never saw the {count(len(data.test), 'test example')} while it learned, nor were"
        f" they used for any choice: they stand for {noun} to come."
    )
    if "selection" in facts.record.settings.get("options", {}):
        caption = (
            "This is a trial of a search: what is called test here are examples that settings are"
            " chosen on. The test part is not opened."
        )
    return figure(
        title, caption, f'<div class="parts" aria-hidden="true">{bar}</div>\n{tiles(rows)}'
    )


def _thumbnails(facts: Facts, gallery: Gallery) -> str:
    data = facts.data
    if data is None:
        return ""
    kinds = [data.schema[example_id] for example_id in data.schema.inputs]
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
    shown_classes = classes[:MAX_CLASSES]
    per_class = max(2, min(12, MAX_THUMBNAILS // len(shown_classes)))
    counts = torch.bincount(labels, minlength=len(classes)).tolist()
    rows: list[str] = []
    for index, class_name in enumerate(shown_classes):
        ids = data.train.ids[labels == index]
        example_ids = ids[
            torch.linspace(0, max(0, len(ids) - 1), min(per_class, len(ids))).long()
        ].tolist()
        pictures = "".join(
            gallery.show(data.train, example_id, f"an example of {class_name}")
            for example_id in example_ids
        )
        rows.append(
            f"<li><b>{name(class_name, 40)}</b> <small>{counts[index]:,}</small>"
            f'<div class="row">{pictures}</div></li>'
        )
    largest, smallest = max(counts), min(counts)
    title = (
        f"Each class has {count(largest, 'training example')}"
        if largest == smallest
        else f"From {smallest:,} to {count(largest, 'training example')} a class"
    )
    caption = f"{_balance(largest, smallest)} Shown are up to {per_class} of each"
    caption += (
        f", for {len(shown_classes)} of {len(classes):,} classes."
        if classes[len(shown_classes) :]
        else "."
    )
    return figure(
        title, caption, f'<ul class="classes{" tight" * (per_class < 4)}">{"".join(rows)}</ul>\n'
    )


def _examples(data: Data, *, has_no_target: bool) -> str:
    """Return some training examples side by side, a row for each field."""
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
    caption = "Examples of the training part, evenly chosen"
    caption += "." if has_no_target else "; the net is to tell the target."
    caption += (
        f" The first {MAX_FIELDS} fields are shown, of {MAX_FIELDS + more}." if more > 0 else ""
    )
    return figure(f"{count(len(example_ids), 'example')} of train", caption, table)


def _balance(largest: int, smallest: int) -> str:
    if smallest * 2 >= largest:
        return "The classes are about equally frequent."
    return (
        "The classes are not equally frequent: a net sees rare ones less often, and balanced"
        " accuracy below is fairer to them than accuracy."
    )
