"""Pictures and their masks, matched by file name."""

import re
from collections.abc import Iterable

from brique.data.files.place import Place, list_files, relative
from brique.data.sources.decoding import is_picture
from brique.schema import natural_key

MASK_WORDS = ("annot", "annotations", "labels", "label", "masks", "mask", "segmentation", "gt")
MASK_ENDINGS = ("_l", *(between + word for word in MASK_WORDS for between in ("_", "-", "")))
_MASK_PATTERN = (
    "mask|masks|label|labels|labelids|labeltrainids|annot|annotation|annotations|seg|segm|segs|"
    "segment|segmentation|gt|ground[ _-]?truth|gtfine|gtcoarse|matte|bin|binary|l"
)
_VIEW = re.compile(r"(.*[_-])(?:color|colors|instanceids|instancetrainids|labeltrainids)")
_IMAGE_PATTERN = "image|img|im|picture|pic|photo|sat|rgb|leftimg8bit"


def by_stem(folder: Place) -> tuple[dict[str, Place], list[tuple[Place, Place]]]:
    """Return the picture files below a folder by their paths without suffix, sorted.

    And files whose path differs from another in its suffix only, each with the other.
    """
    stems: dict[str, Place] = {}
    duplicates: list[tuple[Place, Place]] = []
    for file in list_files(folder):
        if is_picture(file):
            stem = relative(file, folder)[: -len(file.suffix)].casefold()
            if stem in stems:
                duplicates.append((file, stems[stem]))
            else:
                stems[stem] = file
    return {stem: stems[stem] for stem in sorted(stems, key=natural_key)}, duplicates


def label_maps_by_stem(
    folder: Place,
) -> tuple[dict[str, Place], list[tuple[Place, Place]], list[Place]]:
    """Return the label maps below a folder like `by_stem`, and their other views.

    Beside "x_labelIds", "x_color", "x_instanceIds" and the like are views of it.
    """
    stems, duplicates = by_stem(folder)
    views: list[Place] = []
    for stem in list(stems):
        match = _VIEW.fullmatch(stem)
        if match and match[1] + "labelids" in stems:
            views.append(stems.pop(stem))
    return stems, duplicates, views


class NameMatcher:
    """Names of pictures, to match the names of their masks: '1_mask' to '1'."""

    def __init__(self, stems: Iterable[str]) -> None:
        self._stems = set(stems)
        stripped: dict[str, set[str]] = {}
        for stem in self._stems:
            for short in _strip_words(stem, _IMAGE_PATTERN):
                stripped.setdefault(short, set()).add(stem)
        self._stripped = {
            short: next(iter(matches)) for short, matches in stripped.items() if len(matches) == 1
        }

    def find(self, stem: str) -> str | None:
        """Return the name of the picture of a mask, or None."""
        if stem in self._stems:
            return stem
        without_ending = (stem[: -len(end)] for end in MASK_ENDINGS if stem.endswith(end))
        candidates = [*without_ending, *_strip_words(stem, _MASK_PATTERN)]
        candidates += [
            shorter
            for candidate in candidates
            for shorter in _strip_words(candidate, _MASK_PATTERN)
        ]
        match = next((candidate for candidate in candidates if candidate in self._stems), None)
        return match or next(
            (
                self._stripped[candidate]
                for candidate in [stem, *candidates]
                if candidate in self._stripped
            ),
            None,
        )


def _strip_words(stem: str, words: str) -> list[str]:
    """Return a name without a leading or trailing word."""
    folder, slash, name = stem.rpartition("/")
    suffix_match = re.fullmatch(rf"(.+?)[ ._-]*(?<![a-z])(?:{words})", name)
    prefix_match = re.fullmatch(rf"(?:{words})(?![a-z])[ ._-]*(.+)", name)
    return [folder + slash + match[1] for match in (suffix_match, prefix_match) if match]
