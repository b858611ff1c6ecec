"""The report of an audit: findings, fields of the data and examples."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from brique import files
from brique.data import Data
from brique.data.rows.describe import describe_fields
from brique.page import field_html, findings
from brique.page.document import document
from brique.page.markup import Section, box, count, figure, name, percent, text, tiles
from brique.page.thumbnails import Gallery

MAX_EXAMPLES = 6
PICTURE_BYTES = 900_000  # bytes of the page that images may take
_MAX_FIELDS = 60
_MAX_SKIPPED = 60


def write_audit(
    path: Path | str, data: Data, audit_findings: Sequence[dict[str, Any]], verdict: str
) -> Path:
    """Write the report of an audit and return its path.

    audit_findings: findings as JSON values. verdict: one sentence that sums them up.
    Raises StoreError when the file cannot be written.
    """
    files.write(path, compose(data, audit_findings, verdict))
    return Path(path)


def compose(data: Data, audit_findings: Sequence[dict[str, Any]], verdict: str) -> str:
    """Return the report of an audit as HTML."""
    gallery = Gallery(data, PICTURE_BYTES)
    sections = [
        Section("findings", "Findings", findings.render(list(audit_findings), data, gallery)),
        Section("data", "Data", _parts(data) + _fields(data)),
        Section("examples", "Examples", _examples(data)),
    ]
    if data.notes or data.skipped:
        sections.append(Section("opening", "How the data were opened", _notes(data)))
    return document(text(verdict, 200), f"brique · audit of data · {text(data.name)}", "", sections)


def _parts(data: Data) -> str:
    sizes = [("train", len(data.train)), ("valid", len(data.valid)), ("test", len(data.test))]
    total = sum(size for _, size in sizes)
    rows = [
        (
            f'<span class="swatch {part}"></span>{part}',
            f"{num:,} <small>{percent(num / total)}</small>",
        )
        for part, num in sizes
    ]
    bar = "".join(
        f'<span class="part {part}" style="flex-grow:{num}"></span>' for part, num in sizes if num
    )
    title = count(total, "example")
    caption = "train: for fitting. valid: for model selection. test: read once, at the end."
    return figure(
        title, caption, f'<div class="parts" aria-hidden="true">{bar}</div>\n{tiles(rows)}'
    )


def _fields(data: Data) -> str:
    descriptions = list(describe_fields(data).items())
    rows = "".join(
        f'<tr><th scope="row">{name(field)}</th><td>{text(description, 200)}</td>'
        f"<td>{'target' if field in data.schema.targets else 'input'}</td></tr>"
        for field, description in descriptions[:_MAX_FIELDS]
    )
    more = (
        f"<p>and {len(descriptions) - _MAX_FIELDS:,} more</p>"
        if len(descriptions) > _MAX_FIELDS
        else ""
    )
    head = "<thead><tr><th>field</th><th>content</th><th>role</th></tr></thead>"
    table = box("fields", f"<table>{head}<tbody>{rows}</tbody></table>")
    caption = "Classes, vocabularies, means and other statistics are fitted on train only."
    return figure(count(len(descriptions), "field"), caption, table + more)


def _examples(data: Data) -> str:
    """Return training examples, one card each."""
    ids = data.train.ids
    stride = max(1, len(ids) // MAX_EXAMPLES)
    cards = ""
    for row in ids[::stride][:MAX_EXAMPLES].tolist():
        contents = field_html.render_example(data, row)
        body = "".join(
            f"<div><dt>{name(field)}</dt><dd>{content}</dd></div>"
            for field, content in list(contents.items())[:_MAX_FIELDS]
        )
        cards += f"<div><h3>{name(data.train.name(row))}</h3><dl>{body}</dl></div>\n"
    return f'<div class="pair">{cards}</div>\n'


def _notes(data: Data) -> str:
    notes = "".join(f"<li>{text(note, 500)}</li>" for note in data.notes)
    skipped = "".join(
        f"<li>{name(file, 90)}: {text(reason, 200)}</li>"
        for file, reason in data.skipped[:_MAX_SKIPPED]
    )
    more = len(data.skipped) - _MAX_SKIPPED
    skipped += f"<li>and {more:,} more</li>" if more > 0 else ""
    return (f"<ul>{notes}</ul>" if notes else "") + (
        f"<h3>Skipped files</h3><ul>{skipped}</ul>" if skipped else ""
    )
