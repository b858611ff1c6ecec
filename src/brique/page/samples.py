"""What was asked, and the data: how many, what they look like, what the audit found."""

from typing import Any

import torch
from torch import Tensor

from brique.data import Data
from brique.page import drawn, findings
from brique.page.facts import Facts
from brique.page.markup import (
    Gap,
    Section,
    box,
    count,
    figure,
    name,
    pairs,
    percent,
    seconds,
    text,
    tiles,
)  # fmt: skip
from brique.page.thumbnails import Gallery
from brique.schema import Category, Picture

MOST_CLASSES = 60  # shown with pictures
SHOWN, FIELDS = 4, 24  # examples that are no pictures; fields of each
TARGET = " <small>target</small>"
EXAMPLES = 64  # thumbnails of all classes together, about


def asked(facts: Facts) -> Section:
    """Return the command, the data set and the date."""
    json = facts.record.json
    opened = ", ".join(sorted({str(entry.get("name", "?")) for entry in json["data"]}))
    rows = [("Command", f"<code>{text(json.get('command') or facts.record.name, 600)}</code>")]
    if opened:
        rows.append(("Data", name(opened)))
    if json.get("started"):
        started = str(json["started"])
        rows.append(("Started", f"{text(started[:10])}, {text(started[11:16])}"))
    spent = json.get("seconds", {}).get("training")
    turns = count(facts.record.turns, "turn")
    time = f" in {seconds(spent)}" if isinstance(spent, int | float) and spent else ""
    rows.append(
        ("Trained", f"{turns}{time} on {text(json['launch'].get('device', '?'))}{_plan(json)}")
    )
    if facts.record.state != "finished":
        rows.append(("State", f"{text(facts.record.state)}: the run is not finished"))
    if json["launch"].get("quick"):
        rows.append(("Length", "quick: shortened to see that all works; not meant to be good"))
    return Section("asked", "What was asked", pairs(rows))


def _plan(json: dict[str, Any]) -> str:
    planned = json.get("estimate")
    if not isinstance(planned, dict) or not isinstance(planned.get("seconds"), int | float):
        return ""
    return f"; estimated before the first turn: {seconds(planned['seconds'])}"


def section(facts: Facts, gallery: Gallery) -> Section | Gap:
    """Return the number of examples by part, pictures of each class, and the audit."""
    audit = facts.record.json.get("audit")
    found = audit.get("findings") if isinstance(audit, dict) else None
    body = _parts(facts) + _thumbnails(facts, gallery) + findings.shown(found, facts.data, gallery)
    if not body:
        why = (
            "the data have changed since the run" if facts.changed else "the data cannot be opened"
        )
        return Gap(f"The data are not described, since {why}.")
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
    kinds = [data.schema[one] for one in data.schema.inputs]
    pixels = ""
    if len(kinds) == 1 and isinstance(kinds[0], Picture):
        pixels = f" of {kinds[0].shape[2]} x {kinds[0].shape[1]} pixels"
    classes = f" in {count(len(facts.names), 'class', 'classes')}" if facts.names else ""
    title = f"{count(total, 'example')}{pixels}{classes}"
    what = "pictures" if pixels else "examples"
    says = (
        f"The net never saw the {count(len(data.test), 'test example')} while it learned, nor were"
        f" they used for any choice: they stand for {what} to come."
    )
    if "selection" in facts.record.settings.get("options", {}):
        says = (
            "This is a trial of a search: what is called test here are examples that settings are"
            " chosen on. The test part is not opened."
        )
    return figure(title, says, f'<div class="parts" aria-hidden="true">{bar}</div>\n{tiles(rows)}')


def _thumbnails(facts: Facts, gallery: Gallery) -> str:
    data = facts.data
    if data is None:
        return ""
    kinds = [data.schema[one] for one in data.schema.inputs]
    if len(kinds) != 1 or not isinstance(kinds[0], Picture) or len(data.schema.targets) != 1:
        return _examples(data, is_free=facts.values.get("task") in ("reconstruct", "generate"))
    if not gallery.is_open:
        return ""
    target = data.schema[data.schema.target]
    labels = data.train[data.schema.target]
    if not isinstance(target, Category) or not isinstance(labels, Tensor):
        return ""
    classes = list(target.names)
    shown = classes[:MOST_CLASSES]
    each = max(2, min(12, EXAMPLES // len(shown)))
    counts = torch.bincount(labels, minlength=len(classes)).tolist()
    rows: list[str] = []
    for place, called in enumerate(shown):
        ids = data.train.ids[labels == place]
        some = ids[torch.linspace(0, max(0, len(ids) - 1), min(each, len(ids))).long()].tolist()
        pictures = "".join(gallery.show(data.train, one, f"an example of {called}") for one in some)
        rows.append(
            f"<li><b>{name(called, 40)}</b> <small>{counts[place]:,}</small>"
            f'<div class="row">{pictures}</div></li>'
        )
    most, least = max(counts), min(counts)
    title = (
        f"Each class has {count(most, 'training example')}"
        if most == least
        else f"From {least:,} to {count(most, 'training example')} a class"
    )
    says = f"{_balance(most, least)} Shown are up to {each} of each"
    says += f", for {len(shown)} of {len(classes):,} classes." if classes[len(shown) :] else "."
    return figure(title, says, f'<ul class="classes{" tight" * (each < 4)}">{"".join(rows)}</ul>\n')


def _examples(data: Data, *, is_free: bool) -> str:
    """Return some training examples side by side, a row for each field."""
    some = data.train.ids[:: max(1, len(data.train) // SHOWN)][:SHOWN].tolist()
    shown = [drawn.example(data, row) for row in some]
    targets = () if is_free else data.schema.targets
    rows = "".join(
        f'<tr><th scope="row">{name(field)}{TARGET * (field in targets)}</th>'
        f"{''.join(f'<td>{one[field]}</td>' for one in shown)}</tr>"
        for field in list(data.schema.fields)[:FIELDS]
    )
    more = len(data.schema.fields) - FIELDS
    heads = "".join(f"<th>{name(data.train.name(row), 40)}</th>" for row in some)
    table = box("examples", f"<table><thead><tr><th>field</th>{heads}</tr></thead>{rows}</table>")
    says = "Examples of the training part, evenly chosen"
    says += "." if is_free else "; the net is to tell the target."
    says += f" The first {FIELDS} fields are shown, of {FIELDS + more}." if more > 0 else ""
    return figure(f"{count(len(some), 'example')} of train", says, table)


def _balance(most: int, least: int) -> str:
    if least * 2 >= most:
        return "The classes are about equally frequent."
    return (
        "The classes are not equally frequent: a net sees rare ones less often, and balanced"
        " accuracy below is fairer to them than accuracy."
    )
