"""The page as a whole: its sections in order, what is missing, and how large it may get."""

from collections.abc import Callable
from pathlib import Path

from brique import files
from brique.data import Data
from brique.page import (
    again,
    answer,
    certainty,
    inside,
    mistakes,
    of_detect,
    of_forecast,
    of_generate,
    of_label,
    of_reconstruct,
    of_regress,
    of_segment,
    of_tag,
    of_translate,
    rivals,
    samples,
    training,
)  # fmt: skip
from brique.page.document import document
from brique.page.facts import Facts, gather
from brique.page.markup import Gap, Section, between, percent, seconds, text, tiles
from brique.page.thumbnails import Gallery
from brique.run import Record
from brique.voice import tell

OF: dict[str, Callable[[Facts, Gallery], list[Section | Gap]]] = {
    "detect": of_detect.sections,
    "entities": of_tag.sections,
    "forecast": of_forecast.sections,
    "generate": of_generate.sections,
    "label": of_label.sections,
    "reconstruct": of_reconstruct.sections,
    "regress": of_regress.sections,
    "segment": of_segment.sections,
    "tag": of_tag.sections,
    "translate": of_translate.sections,
}
"""By task: what the page shows of the answers; classes have the pages named in `_answered`."""
LARGEST = 2_000_000  # bytes of the page
PICTURES = 1_200_000  # bytes of them that thumbnails may take
_AMISS = (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError)


def write(record: Record, data: Data | None, *, trust: bool = False) -> Path:
    """Write report.html into a run's folder and return its path.

    data: the data that the run was trained on; pictures are left out if they are others, or None.
    trust: whether the run's own source.py may be executed, where no installed code builds the net.
    Two reports of one run are equal byte for byte. Raises StoreError when the disk refuses.
    """
    facts = gather(record, data, trust=trust)
    for said in facts.damaged:
        tell(f"{record.folder}: {said}")
    page = compose(facts)
    path = record.folder / "report.html"
    files.write(path, page)
    return path


def compose(facts: Facts) -> str:
    """Return the page as HTML, in all of it no more than LARGEST bytes."""
    gallery = Gallery(facts.data, PICTURES)
    made = [
        _made(samples.asked, facts),
        _made(lambda known: samples.section(known, gallery), facts),
        *_answered(facts, gallery),
        _made(again.section, facts),
    ]
    sections = [one for one in made if isinstance(one, Section)]
    says = [*facts.damaged, *(one.says for one in made if isinstance(one, Gap))]
    if gallery.left_out:
        says.append(f"{gallery.left_out:,} pictures were left out, to keep this page small.")
    if says:
        items = "".join(f"<li>{text(one, 500)}</li>" for one in says)
        sections.append(Section("missing", "Not on this page", f"<ul>{items}</ul>\n"))
    page = _page(facts, sections)
    assert len(page.encode()) <= LARGEST
    return page


def _answered(facts: Facts, gallery: Gallery) -> list[Section | Gap]:
    """Return the sections on what came out, by task."""
    task = facts.values.get("task")
    if isinstance(task, str) and task in OF:
        made = [_made(rivals.section, facts), _made(training.section, facts)]
        try:
            return made + OF[task](facts, gallery)
        except _AMISS as error:
            return [*made, _amiss(task, error)]
    return [
        _made(answer.section, facts),
        _made(training.section, facts),
        _made(lambda known: mistakes.section(known, gallery), facts),
        _made(certainty.section, facts),
        _made(inside.filters, facts),
        _made(inside.landscape, facts),
    ]


def _made(make: Callable[[Facts], Section | Gap], facts: Facts) -> Section | Gap:
    """Return a section, or a gap where run.json is not as this brique writes it."""
    try:
        return make(facts)
    except _AMISS as error:
        return _amiss(make.__module__.rpartition(".")[2], error)


def _amiss(where: str, error: Exception) -> Gap:
    kind = type(error).__name__
    return Gap(f"A part ({where}) is missing, since run.json is not as brique writes it: {kind}.")


def _page(facts: Facts, sections: list[Section]) -> str:
    said = answer.sentence(facts)
    over = f"brique · report of a run · {_opened(facts)}"
    return document(said, over, f"{_verdict(facts)}{_key_numbers(facts)}", sections)


def _opened(facts: Facts) -> str:
    entries = facts.record.json["data"]
    return text(entries[0].get("name", "") if entries else facts.record.name, 60)


def _verdict(facts: Facts) -> str:
    """Return the verdict against the best baseline."""
    try:
        values = facts.values
        found = (rivals if values.get("task") in OF else answer).verdict(values)
    except _AMISS:
        return ""
    if found is None:
        return ""
    outcome, says = found
    return f'<p class="verdict {outcome}">{says}</p>\n'


def _key_numbers(facts: Facts) -> str:
    """Return the three or four numbers that everyone asks for."""
    values, record = facts.values, facts.record.json
    try:
        shown = rivals.numbers(values) if values.get("task") in OF else [
            ("right on test", percent(values["test"]["accuracy"])),
            ("95% interval", between(values["interval"]["accuracy"])),
            ("test examples", f"{values['examples']:,}"),
        ]  # fmt: skip
        spent = record["seconds"].get("training")
        if isinstance(spent, int | float):
            shown.append(("training", seconds(spent)))
    except _AMISS:
        return ""
    return tiles(shown)
