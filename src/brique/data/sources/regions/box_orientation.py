"""Whether boxes lie in pictures as they are stored, or as EXIF turns them to be seen."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from brique.data.finding import Finding
from brique.data.sources.regions.annotations import ImageAnnotation
from brique.schema.pictures import PictureInfo

_TOLERANCE = 2  # pixels by which a box may reach beyond its picture


@dataclass
class BoxOrientation:
    """What is known of it.

    is_stored: for each picture, whether its boxes are those of the stored pixels.
    is_resized: for each picture, whether it has another size than is said of it.
    """

    is_stored: list[bool]
    is_resized: list[bool]
    notes: list[str] = field(default_factory=list[str])
    findings: list[Finding] = field(default_factory=list[Finding])


def detect_box_orientation(
    name: str,
    annotations: Sequence[ImageAnnotation],
    infos: Sequence[PictureInfo],
    names: Sequence[str],
) -> BoxOrientation:
    """Return which boxes turn with their pictures.

    The size that is said of a picture tells, where a quarter turn makes another of it; else a box
    that lies in one of both alone. Pictures of which nothing tells go by the others, if these
    agree; else their boxes are taken as seen, with a finding that is an error.
    names: what a person calls each picture.
    """
    pairs = list(zip(annotations, infos, strict=True))
    answers = [_is_stored(annotation, info) for annotation, info in pairs]
    rotated = [row for row, info in enumerate(infos) if info.orientation.number != 1]
    votes = {answers[row] for row in rotated} - {None}
    agreed = next(iter(votes)) if len(votes) == 1 else None
    undecided = [row for row in rotated if answers[row] is None and annotations[row].boxes]
    is_stored = [bool(agreed if answer is None else answer) for answer in answers]
    is_stored = [
        uses_stored and info.orientation.number != 1
        for uses_stored, info in zip(is_stored, infos, strict=True)
    ]
    sizes = [info.orientation.stored_size if uses_stored else (info.height, info.width)
             for uses_stored, info in zip(is_stored, infos, strict=True)]  # fmt: skip
    is_resized = [
        annotation.size is not None and annotation.size != size
        for annotation, size in zip(annotations, sizes, strict=True)
    ]
    result = BoxOrientation(is_stored, is_resized)
    if count := sum(is_stored):
        result.notes.append(
            f"{name}: the boxes of {count:,} pictures that EXIF turns are measured in their stored"
            " pixels, and turn with them."
        )
    if undecided and agreed is None:
        result.findings.append(_ambiguous_finding([names[row] for row in undecided], len(infos)))
    return result


def _is_stored(annotation: ImageAnnotation, info: PictureInfo) -> bool | None:
    """Tell whether boxes are those of stored pixels; None where it cannot be known."""
    upright_size = (info.height, info.width)
    if info.orientation.number == 1 or info.orientation.stored_size == upright_size:
        return None
    if annotation.size in (info.orientation.stored_size, upright_size):
        return annotation.size == info.orientation.stored_size
    if annotation.size is not None or annotation.is_relative or not annotation.boxes:
        return None
    x, y = (max(box[side] for box in annotation.boxes) - _TOLERANCE for side in (2, 3))
    fits = [
        x <= width and y <= height for height, width in (info.orientation.stored_size, upright_size)
    ]
    return fits[0] if fits[0] != fits[1] else None


def _ambiguous_finding(names: Sequence[str], total: int) -> Finding:
    return Finding(
        "turned pictures",
        "error",
        None,
        tuple((name,) for name in names),
        len(names),
        f"{len(names):,} of {total:,} pictures are turned or mirrored by a note in their file"
        " (EXIF), and nothing tells whether their boxes were drawn before or after: they are"
        " taken as drawn on the picture as it is seen, and may lie elsewhere.",
        "Look at some boxes. If they lie right, turn the pixels and remove the note (mogrify"
        " -auto-orient); if not, remove the note alone (exiftool -Orientation=).",
    )
