"""Whether boxes refer to pictures as stored, or as EXIF rotates them."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from brique.data.finding import Finding
from brique.data.sources.regions.annotations import ImageAnnotation
from brique.schema.pictures import PictureInfo

_TOLERANCE = 2  # pixels that a box may extend beyond its picture


@dataclass
class BoxOrientation:
    """Orientation of the boxes of each picture.

    is_stored: for each picture, whether its boxes refer to the stored pixels.
    is_resized: for each picture, whether its size differs from the annotated one.
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
    """Return which boxes rotate with their pictures.

    The annotated size decides, if a rotation by 90 degrees changes it; else a box that
    lies inside one orientation only. Undecided pictures follow the others, if these
    agree; else their boxes count as upright, with a finding of severity error.
    names: name of each picture, for messages.
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
            f"{name}: the boxes of {count:,} pictures that EXIF rotates refer to their stored"
            " pixels, and rotate with them."
        )
    if undecided and agreed is None:
        result.findings.append(_ambiguous_finding([names[row] for row in undecided], len(infos)))
    return result


def _is_stored(annotation: ImageAnnotation, info: PictureInfo) -> bool | None:
    """Tell whether boxes refer to stored pixels; None if unknown."""
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
        "rotated pictures",
        "error",
        None,
        tuple((name,) for name in names),
        len(names),
        f"{len(names):,} of {total:,} pictures are rotated or mirrored by a note in their file"
        " (EXIF), and it is unknown whether their boxes were drawn before or after: they"
        " count as drawn on the upright picture, and may be misplaced.",
        "View some boxes. If they fit, rotate the pixels and remove the note (mogrify"
        " -auto-orient); if not, remove the note alone (exiftool -Orientation=).",
    )
