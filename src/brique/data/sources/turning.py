"""Whether boxes lie in pictures as they are stored, or as EXIF turns them to be seen."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from brique.data.finding import Finding
from brique.data.sources.annotations import Marked
from brique.schema.pictures import Look

_SLACK = 2  # pixels by which a box may reach beyond its picture


@dataclass
class Turning:
    """What is known of it.

    stored: for each picture, whether its boxes are those of the stored pixels.
    resized: for each picture, whether it has another size than is said of it.
    """

    stored: list[bool]
    resized: list[bool]
    notes: list[str] = field(default_factory=list[str])
    findings: list[Finding] = field(default_factory=list[Finding])


def turning(
    name: str, several: Sequence[Marked], looks: Sequence[Look], told: Sequence[str]
) -> Turning:
    """Return which boxes turn with their pictures.

    The size that is said of a picture tells, where a quarter turn makes another of it; else a box
    that lies in one of both alone. Pictures of which nothing tells go by the others, if these
    agree; else their boxes are taken as seen, with a finding that is an error.
    told: what a person calls each picture.
    """
    pairs = list(zip(several, looks, strict=True))
    answers = [_is_stored(marked, look) for marked, look in pairs]
    turned = [row for row, look in enumerate(looks) if look.orientation.number != 1]
    votes = {answers[row] for row in turned} - {None}
    agreed = next(iter(votes)) if len(votes) == 1 else None
    open_rows = [row for row in turned if answers[row] is None and several[row].boxes]
    stored = [bool(agreed if answer is None else answer) for answer in answers]
    stored = [one and look.orientation.number != 1 for one, look in zip(stored, looks, strict=True)]
    sizes = [look.orientation.stored if one else (look.height, look.width)
             for one, look in zip(stored, looks, strict=True)]  # fmt: skip
    resized = [
        marked.size is not None and marked.size != size
        for marked, size in zip(several, sizes, strict=True)
    ]
    found = Turning(stored, resized)
    if count := sum(stored):
        found.notes.append(
            f"{name}: the boxes of {count:,} pictures that EXIF turns are measured in their stored"
            " pixels, and turn with them."
        )
    if open_rows and agreed is None:
        found.findings.append(_unclear([told[row] for row in open_rows], len(looks)))
    return found


def _is_stored(marked: Marked, look: Look) -> bool | None:
    """Tell whether boxes are those of stored pixels; None where it cannot be known."""
    seen = (look.height, look.width)
    if look.orientation.number == 1 or look.orientation.stored == seen:
        return None
    if marked.size in (look.orientation.stored, seen):
        return marked.size == look.orientation.stored
    if marked.size is not None or marked.is_relative or not marked.boxes:
        return None
    x, y = (max(box[side] for box in marked.boxes) - _SLACK for side in (2, 3))
    fits = [x <= width and y <= height for height, width in (look.orientation.stored, seen)]
    return fits[0] if fits[0] != fits[1] else None


def _unclear(told: Sequence[str], whole: int) -> Finding:
    return Finding(
        "turned pictures",
        "error",
        None,
        tuple((name,) for name in told),
        len(told),
        f"{len(told):,} of {whole:,} pictures are turned or mirrored by a note in their file"
        " (EXIF), and nothing tells whether their boxes were drawn before or after: they are"
        " taken as drawn on the picture as it is seen, and may lie elsewhere.",
        "Look at some boxes. If they lie right, turn the pixels and remove the note (mogrify"
        " -auto-orient); if not, remove the note alone (exiftool -Orientation=).",
    )
