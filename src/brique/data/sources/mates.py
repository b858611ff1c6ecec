"""Which mask belongs to which picture, by the names of their files."""

import re
from collections.abc import Iterable

from brique.data.place import Place, files, relative
from brique.data.sources.decoding import is_picture
from brique.schema import natural

WORDS = ("annot", "annotations", "labels", "label", "masks", "mask", "segmentation", "gt")
ENDINGS = ("_l", *(between + word for word in WORDS for between in ("_", "-", "")))
_MASK = (
    "mask|masks|label|labels|labelids|labeltrainids|annot|annotation|annotations|seg|segm|segs|"
    "segment|segmentation|gt|ground[ _-]?truth|gtfine|gtcoarse|matte|bin|binary|l"
)
_VIEW = re.compile(r"(.*[_-])(?:color|colors|instanceids|instancetrainids|labeltrainids)")
_PICTURE = "image|img|im|picture|pic|photo|sat|rgb|leftimg8bit"


def by_stem(folder: Place) -> tuple[dict[str, Place], list[tuple[Place, Place]]]:
    """Return the picture files below a folder by their paths without endings, sorted.

    And files whose path is that of another but for its ending, each with that other.
    """
    stems: dict[str, Place] = {}
    doubled: list[tuple[Place, Place]] = []
    for file in files(folder):
        if is_picture(file):
            stem = relative(file, folder)[: -len(file.suffix)].casefold()
            if stem in stems:
                doubled.append((file, stems[stem]))
            else:
                stems[stem] = file
    return {stem: stems[stem] for stem in sorted(stems, key=natural)}, doubled


def by_labels(folder: Place) -> tuple[dict[str, Place], list[tuple[Place, Place]], list[Place]]:
    """Return the label maps below a folder as `by_stem` does, and their other views.

    Where "x_labelIds" is there, "x_color", "x_instanceIds" and the like are views of it.
    """
    stems, doubled = by_stem(folder)
    views: list[Place] = []
    for stem in list(stems):
        match = _VIEW.fullmatch(stem)
        if match and match[1] + "labelids" in stems:
            views.append(stems.pop(stem))
    return stems, doubled, views


class Names:
    """Names of pictures, by which those of their masks are understood: '1_mask' as '1'."""

    def __init__(self, stems: Iterable[str]) -> None:
        self._stems = set(stems)
        bare: dict[str, set[str]] = {}
        for stem in self._stems:
            for one in _without(stem, _PICTURE):
                bare.setdefault(one, set()).add(stem)
        self._bare = {one: next(iter(few)) for one, few in bare.items() if len(few) == 1}

    def of(self, stem: str) -> str | None:
        """Return the name of the picture of a mask, None if there is none."""
        if stem in self._stems:
            return stem
        ends = (stem[: -len(end)] for end in ENDINGS if stem.endswith(end))
        tried = [*ends, *_without(stem, _MASK)]
        tried += [less for one in tried for less in _without(one, _MASK)]
        named = next((one for one in tried if one in self._stems), None)
        return named or next((self._bare[one] for one in [stem, *tried] if one in self._bare), None)


def _without(stem: str, words: str) -> list[str]:
    """Return a name without one of the words before or behind it."""
    folder, slash, name = stem.rpartition("/")
    behind = re.fullmatch(rf"(.+?)[ ._-]*(?<![a-z])(?:{words})", name)
    before = re.fullmatch(rf"(?:{words})(?![a-z])[ ._-]*(.+)", name)
    return [folder + slash + found[1] for found in (behind, before) if found]
