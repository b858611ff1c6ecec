"""Masks of photographs that EXIF rotates: upright, or as stored.

A mask with the stored aspect ratio is rotated with its photograph. If both have the same
aspect ratio, the masks with a clear orientation decide for the others.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from brique.data.files.place import Place
from brique.data.finding import Finding
from brique.data.sources.layout.file_list import map_parallel
from brique.errors import DataError
from brique.schema import picture_orientation
from brique.schema.orientation import transpose_pixels
from brique.schema.pictures import PictureInfo

_ASPECT_TOLERANCE = 0.02  # largest relative difference of aspect ratios


@dataclass(frozen=True)
class MaskOrientation:
    """How to rotate masks.

    orientations: of EXIF, by the index of a mask; upright masks are left out.
    ambiguous: indices of masks that fit both ways, and stay.
    """

    orientations: dict[int, int]
    ambiguous: list[int]

    @classmethod
    def detect(cls, masks: Sequence[Place], infos: Sequence[PictureInfo]) -> "MaskOrientation":
        """Return how to rotate masks. infos: of their pictures."""
        rows = [row for row, info in enumerate(infos) if info.orientation.number > 1]

        def outcome_of(row: int) -> str:
            try:
                mask_orientation = picture_orientation(masks[row])
            except DataError:  # it is skipped when it is read
                return "seen"
            image_orientation = infos[row].orientation
            if mask_orientation.number > 1:
                return "noted"
            matches = (
                have_same_aspect(mask_orientation.stored_size, image_orientation.upright_size),
                have_same_aspect(mask_orientation.stored_size, image_orientation.stored_size),
            )
            kinds = {(True, True): "either", (False, True): "stored", (True, False): "seen"}
            return kinds.get(matches, "neither")

        outcomes = dict(zip(rows, map_parallel(outcome_of, rows), strict=True))
        kinds = set(outcomes.values())
        ambiguous = [row for row, outcome in outcomes.items() if outcome == "either"]
        rotated = [row for row, outcome in outcomes.items() if outcome == "stored"]
        is_stored = "stored" in kinds and "seen" not in kinds
        rotated += ambiguous if is_stored else []
        is_clear = is_stored or ("seen" in kinds and "stored" not in kinds)
        orientations = {row: infos[row].orientation.number for row in rotated}
        return cls(orientations, [] if is_clear else ambiguous)

    def apply(self, row: int, mask: np.ndarray) -> np.ndarray:
        """Return the numbers of a mask (h, w) in the upright orientation."""
        return transpose_pixels(mask, self.orientations[row]) if row in self.orientations else mask

    def findings(self, names: Sequence[str]) -> list[Finding]:
        """Return findings. names: of the masks."""
        results: list[Finding] = []
        for kind, severity, rows, reason, remedy in (
            ("rotated mask", "note", list(self.orientations), "masks have the orientation of the"
             " stored pixels of their photographs, and are rotated with them, by the note in the"
             " files"
             " (EXIF).", "Nothing."),
            ("ambiguous mask", "error", self.ambiguous, "masks may fit their photographs as stored"
             " or as rotated by the note in their files (EXIF): they count"
             " as upright.", "Save the photographs upright, without the note, as the masks are."),
        ):  # fmt: skip
            if rows:
                items = tuple((names[row],) for row in sorted(rows))
                message = f"{len(rows):,} {reason}"
                level = "error" if severity == "error" else "note"
                results.append(Finding(kind, level, None, items, len(rows), message, remedy))
        return results


def have_same_aspect(one: tuple[int, int], other: tuple[int, int]) -> bool:
    """Tell whether two sizes (height, width) have the same aspect ratio."""
    return abs(one[0] * other[1] / (one[1] * other[0]) - 1) <= _ASPECT_TOLERANCE
