"""The whole report: its sections in order, its gaps and its size limit."""

from pathlib import Path

from brique import files
from brique.console import notify
from brique.data import Data
from brique.evaluation.sentences import full_sentence
from brique.page import baselines, data_section, reproduction, training
from brique.page.document import document
from brique.page.facts import Facts, gather
from brique.page.gaps import RECORD_ERRORS, gap, section_or_gap
from brique.page.markup import Gap, Section, seconds, short_number, text, tiles
from brique.page.task_protocol import PageTask
from brique.page.thumbnails import Gallery
from brique.run import Record

MAX_BYTES = 2_000_000  # bytes of the report
PICTURE_BYTES = 1_200_000  # bytes for thumbnails


def write(record: Record, data: Data | None, task: PageTask | None, *, trust: bool = False) -> Path:
    """Write report.html into a run's folder and return its path.

    data: the data of the run; without them, or if they have changed, images are left out.
    task: the task of the run, None if unknown.
    trust: whether the run's source.py may be executed if no installed code builds the net.
    Reports of the same run are equal byte for byte.
    Raises StoreError when the file cannot be written.
    """
    facts = gather(record, data, trust=trust)
    for message in facts.damage_messages:
        notify(f"{record.folder}: {message}")
    page = compose(facts, task)
    path = record.folder / "report.html"
    files.write(path, page)
    return path


def compose(facts: Facts, task: PageTask | None) -> str:
    """Return the report as HTML, at most MAX_BYTES long."""
    gallery = Gallery(facts.data, PICTURE_BYTES)
    parts = [
        section_or_gap(lambda: data_section.run_section(facts), "run"),
        section_or_gap(lambda: data_section.data_section(facts, gallery), "data"),
        *_task_sections(facts, gallery, task),
        section_or_gap(lambda: reproduction.section(facts), "reproduction"),
    ]
    sections = [item for item in parts if isinstance(item, Section)]
    missing = [*facts.damage_messages, *(item.reason for item in parts if isinstance(item, Gap))]
    if gallery.num_omitted:
        missing.append(f"{gallery.num_omitted:,} images were left out to limit the file size.")
    if missing:
        items = "".join(f"<li>{text(item, 500)}</li>" for item in missing)
        sections.append(Section("missing", "Missing sections", f"<ul>{items}</ul>\n"))
    page = _page(facts, sections, task)
    assert len(page.encode()) <= MAX_BYTES
    return page


def _task_sections(facts: Facts, gallery: Gallery, task: PageTask | None) -> list[Section | Gap]:
    """Return the sections on the result, by task."""
    curves = section_or_gap(lambda: training.section(facts), "training")
    if task is None:
        return [Gap(baselines.NO_RESULT), curves]
    try:
        task_sections = task.sections(facts, gallery)
    except RECORD_ERRORS as error:
        task_sections = [gap(task.name, error)]
    if task.has_baseline_section:
        return [task_sections[0], curves, *task_sections[1:]]
    return [
        section_or_gap(lambda: baselines.section(facts, task), "baselines"),
        curves,
        *task_sections,
    ]


def _page(facts: Facts, sections: list[Section], task: PageTask | None) -> str:
    eyebrow = f"brique · report of a run · {_data_name(facts)}"
    head = "" if task is None else f"{_verdict(facts, task)}{_key_numbers(facts, task)}"
    return document(_sentence(facts, task), eyebrow, head, sections)


def _sentence(facts: Facts, task: PageTask | None) -> str:
    """Return the result in one sentence, as HTML."""
    if task is not None:
        try:
            return text(full_sentence(facts.values, task.sentence), 600)
        except RECORD_ERRORS:
            pass  # an older run, or an unknown layout
    if facts.record.numbers:
        numbers_text = [
            f"{key} {short_number(value)}" for key, value in facts.record.numbers.items()
        ]
        return text(f"{facts.record.name}: {', '.join(numbers_text[:6])}", 300)
    return text(f"{facts.record.name}: no result yet", 300)


def _data_name(facts: Facts) -> str:
    entries = facts.record.json["data"]
    return text(entries[0].get("name", "") if entries else facts.record.name, 60)


def _verdict(facts: Facts, task: PageTask) -> str:
    """Return the verdict against the best baseline."""
    try:
        verdict = task.verdict(facts.values) if task.verdict else \
            baselines.verdict(facts.values, task)  # fmt: skip
    except RECORD_ERRORS:
        return ""
    if verdict is None:
        return ""
    outcome, description = verdict
    return f'<p class="verdict {outcome}">{description}</p>\n'


def _key_numbers(facts: Facts, task: PageTask) -> str:
    """Return the three or four most important numbers."""
    values, record = facts.values, facts.record.json
    try:
        rows = baselines.key_numbers(values, task)
        training_seconds = record["seconds"].get("training")
        if isinstance(training_seconds, int | float):
            rows.append(("training", seconds(training_seconds)))
    except RECORD_ERRORS:
        return ""
    return tiles(rows)
