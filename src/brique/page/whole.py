"""The page as a whole: its sections in order, what is missing, and how large it may get."""

from pathlib import Path

from brique import files
from brique.data import Data
from brique.evaluation.sentences import whole
from brique.page import again, baselines, samples, training
from brique.page.document import document
from brique.page.facts import Facts, gather
from brique.page.markup import Gap, Section, figures, seconds, text, tiles
from brique.page.parts import AMISS, gap, part
from brique.page.subject import Subject
from brique.page.thumbnails import Gallery
from brique.run import Record
from brique.voice import tell

LARGEST = 2_000_000  # bytes of the page
PICTURES = 1_200_000  # bytes of them that thumbnails may take


def write(record: Record, data: Data | None, task: Subject | None, *, trust: bool = False) -> Path:
    """Write report.html into a run's folder and return its path.

    data: the data that the run was trained on; pictures are left out if they are others, or None.
    task: whose result the run holds, None where it is of none that is known.
    trust: whether the run's own source.py may be executed, where no installed code builds the net.
    Two reports of one run are equal byte for byte. Raises StoreError when the disk refuses.
    """
    facts = gather(record, data, trust=trust)
    for said in facts.damaged:
        tell(f"{record.folder}: {said}")
    page = compose(facts, task)
    path = record.folder / "report.html"
    files.write(path, page)
    return path


def compose(facts: Facts, task: Subject | None) -> str:
    """Return the page as HTML, in all of it no more than LARGEST bytes."""
    gallery = Gallery(facts.data, PICTURES)
    made = [
        part(lambda: samples.asked(facts), "samples"),
        part(lambda: samples.section(facts, gallery), "samples"),
        *_answered(facts, gallery, task),
        part(lambda: again.section(facts), "again"),
    ]
    sections = [one for one in made if isinstance(one, Section)]
    says = [*facts.damaged, *(one.says for one in made if isinstance(one, Gap))]
    if gallery.left_out:
        says.append(f"{gallery.left_out:,} pictures were left out, to keep this page small.")
    if says:
        items = "".join(f"<li>{text(one, 500)}</li>" for one in says)
        sections.append(Section("missing", "Not on this page", f"<ul>{items}</ul>\n"))
    page = _page(facts, sections, task)
    assert len(page.encode()) <= LARGEST
    return page


def _answered(facts: Facts, gallery: Gallery, task: Subject | None) -> list[Section | Gap]:
    """Return the sections on what came out, by task."""
    curves = part(lambda: training.section(facts), "training")
    if task is None:
        return [Gap(baselines.NOTHING), curves]
    try:
        own = task.sections(facts, gallery)
    except AMISS as error:
        own = [gap(task.name, error)]
    if task.has_own_answer:
        return [own[0], curves, *own[1:]]
    return [part(lambda: baselines.section(facts, task), "baselines"), curves, *own]


def _page(facts: Facts, sections: list[Section], task: Subject | None) -> str:
    over = f"brique · report of a run · {_opened(facts)}"
    head = "" if task is None else f"{_verdict(facts, task)}{_key_numbers(facts, task)}"
    return document(_sentence(facts, task), over, head, sections)


def _sentence(facts: Facts, task: Subject | None) -> str:
    """Return the result in one sentence, as HTML."""
    if task is not None:
        try:
            return text(whole(facts.values, task.sentence), 600)
        except AMISS:
            pass  # of an older run, or not as brique writes it
    if facts.record.numbers:
        named = [f"{key} {figures(value)}" for key, value in facts.record.numbers.items()]
        return text(f"{facts.record.name}: {', '.join(named[:6])}", 300)
    return text(f"{facts.record.name}: this run has no result yet", 300)


def _opened(facts: Facts) -> str:
    entries = facts.record.json["data"]
    return text(entries[0].get("name", "") if entries else facts.record.name, 60)


def _verdict(facts: Facts, task: Subject) -> str:
    """Return the verdict against the best baseline."""
    try:
        found = task.verdict(facts.values) if task.verdict else \
            baselines.verdict(facts.values, task)  # fmt: skip
    except AMISS:
        return ""
    if found is None:
        return ""
    outcome, says = found
    return f'<p class="verdict {outcome}">{says}</p>\n'


def _key_numbers(facts: Facts, task: Subject) -> str:
    """Return the three or four numbers that everyone asks for."""
    values, record = facts.values, facts.record.json
    try:
        shown = baselines.numbers(values, task)
        spent = record["seconds"].get("training")
        if isinstance(spent, int | float):
            shown.append(("training", seconds(spent)))
    except AMISS:
        return ""
    return tiles(shown)
