"""Masks of photographs that a note turns (EXIF): as these are seen, or as they are stored.

A mask of the stored proportions is turned as its photograph is. Where both have the same
proportions, the masks whose proportions tell decide for the others.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from brique.data.finding import Finding
from brique.data.place import Place
from brique.data.sources.gathered import abreast
from brique.errors import DataError
from brique.schema import picture_orientation
from brique.schema.pictures import Look
from brique.schema.upright import turned

_ALIKE = 0.02  # largest difference of proportions of a picture and its mask


@dataclass(frozen=True)
class Turning:
    """How masks are to be turned.

    numbers: of EXIF, by the place of a mask; masks that stay are left out.
    unclear: places of masks that could be meant either way, and stay.
    """

    numbers: dict[int, int]
    unclear: list[int]

    @classmethod
    def of(cls, masks: Sequence[Place], looks: Sequence[Look]) -> "Turning":
        """Return how masks are to be turned. looks: of their pictures."""
        rows = [row for row, look in enumerate(looks) if look.orientation.number > 1]

        def told(row: int) -> str:
            try:
                own = picture_orientation(masks[row])
            except DataError:  # it is left out when it is read
                return "seen"
            picture = looks[row].orientation
            if own.number > 1:
                return "noted"
            fits = are_alike(own.stored, picture.seen), are_alike(own.stored, picture.stored)
            words = {(True, True): "either", (False, True): "stored", (True, False): "seen"}
            return words.get(fits, "neither")

        found = dict(zip(rows, abreast(told, rows), strict=True))
        words = set(found.values())
        either = [row for row, word in found.items() if word == "either"]
        chosen = [row for row, word in found.items() if word == "stored"]
        are_stored = "stored" in words and "seen" not in words
        chosen += either if are_stored else []
        is_clear = are_stored or ("seen" in words and "stored" not in words)
        numbers = {row: looks[row].orientation.number for row in chosen}
        return cls(numbers, [] if is_clear else either)

    def applied(self, row: int, numbers: np.ndarray) -> np.ndarray:
        """Return the numbers of a mask (h, w) as its photograph is seen."""
        return turned(numbers, self.numbers[row]) if row in self.numbers else numbers

    def findings(self, told: Sequence[str]) -> list[Finding]:
        """Return what an audit should say. told: what the masks are called."""
        found: list[Finding] = []
        for kind, severity, rows, reason, remedy in (
            ("turned mask", "note", list(self.numbers), "masks lie as the pixels of their"
             " photographs are stored, and are turned as these are, by the note in their files"
             " (EXIF).", "Nothing."),
            ("unclear mask", "error", self.unclear, "masks may lie as their photographs are stored"
             " or as people see them, after the note in their files (EXIF): they are taken to lie"
             " as seen.", "Save the photographs upright, without the note, as the masks are."),
        ):  # fmt: skip
            if rows:
                items = tuple((told[row],) for row in sorted(rows))
                words = f"{len(rows):,} {reason}"
                level = "error" if severity == "error" else "note"
                found.append(Finding(kind, level, None, items, len(rows), words, remedy))
        return found


def are_alike(one: tuple[int, int], other: tuple[int, int]) -> bool:
    """Tell whether two sizes (height, width) have the same proportions."""
    return abs(one[0] * other[1] / (one[1] * other[0]) - 1) <= _ALIKE
