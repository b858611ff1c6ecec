"""Lists of parts: texts such as train.txt and val.txt whose lines name the pictures of a part."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from brique.data.finding import Finding
from brique.data.place import Place, files, relative
from brique.data.source import PARTS, part_named
from brique.data.sources.illustrated import Finder
from brique.data.sources.shelf import beginning, few
from brique.errors import DataError

_ENDINGS = frozenset([".txt", ".lst", ".list", ".csv", ".tsv", ""])
_BESIDE = re.compile(r"[ _-]?(list|lists|names|ids|index|files|filenames|paths|split|\d+)$")
_LOOKED = 200  # lines by which it is told that a text names pictures
_LARGEST = 1 << 26  # bytes of a list
_MANY = 200  # texts; more are data of another kind


@dataclass
class Lists:
    """What lists say of files.

    parts: place in PARTS, by path. labels: the classes beside the paths, if all lines have one.
    names: of the lists. findings: on lines and files that are left out, and on texts unread.
    """

    parts: dict[str, int] = field(default_factory=dict[str, int])
    labels: dict[str, str] = field(default_factory=dict[str, str])
    names: list[str] = field(default_factory=list[str])
    findings: list[Finding] = field(default_factory=list[Finding])

    def part(self, file: Place) -> int | None:
        """Return the part of a file: of one on no list train where train has none, else None."""
        return self.parts.get(str(file), None if 0 in self.parts.values() else 0)


def part_lists(name: str, place: Place, pictures: Sequence[Place]) -> Lists:
    """Return what the lists below a folder say of pictures; none where there are no lists.

    Raises DataError where two lists name one picture for different parts.
    """
    found, wanted = Lists(), set(pictures)
    texts = [file for file in files(place) if file.suffix.casefold() in _ENDINGS]
    if not pictures or not texts or len(texts) > _MANY:
        return found
    finder = Finder(place, is_wanted=lambda file: file in wanted)
    lists = {file: part for file in texts if (part := _part(file)) and _names(finder, file)}
    homes = list(dict.fromkeys(file.parent for file in lists))
    home = next((one for one in homes if one.name.casefold() == "segmentation"), (*homes, place)[0])
    lists = {file: part for file, part in lists.items() if file.parent == home}
    if all(part == "train" for part in lists.values()):
        lists = {}
    for file, part in lists.items():
        _take(name, place, found, (file, PARTS.index(part)), finder)
    if found.labels.keys() != found.parts.keys() or len(set(found.labels.values())) < 2:
        found.labels = {}
    _say_unread(place, found, [file for file in texts if file not in lists and _may_split(file)])
    return found


def _part(file: Place) -> str | None:
    """Return the part that a list is named for: "train.txt", "val_list.txt", "testing_list.txt"."""
    stem = file.name.casefold().partition(".")[0]
    return part_named(_BESIDE.sub("", _BESIDE.sub("", stem)))


def _names(finder: Finder, file: Place) -> bool:
    """Tell whether most lines of a text name pictures."""
    lines = [line for line in beginning(file).splitlines() if line.strip()][:_LOOKED]
    return 2 * sum(one is not None for one, _ in _found(finder, lines)) > len(lines)


def _found(finder: Finder, lines: Sequence[str]) -> list[tuple[Place | None, str]]:
    """Return the picture that each line names, None for none, and what stands behind its name."""
    cells = [(line.strip(), *line.strip().replace(",", " ").split(None, 1), "") for line in lines]
    by_whole = finder.find(cell[0] for cell in cells).files
    by_first = finder.find(cell[1] for cell in cells).files
    return [
        (by_whole[whole], "") if whole in by_whole else (by_first.get(first), rest.strip())
        for whole, first, rest, *_ in cells
    ]


def _take(name: str, place: Place, found: Lists, listed: tuple[Place, int], finder: Finder) -> None:
    """Take the part of the files that a list names. Raises DataError for one on two lists."""
    file, part = listed
    called = relative(file, place)
    lines = [line for line in beginning(file, _LARGEST).splitlines() if line.strip()]
    lost: list[tuple[str, str]] = []
    for line, (picture, rest) in zip(lines, _found(finder, lines), strict=True):
        if picture is None:
            lost.append((called, line.strip()))
            continue
        if found.parts.setdefault(str(picture), part) != part:
            raise DataError(
                f"{name}: {called} names {relative(picture, place)}, which is on the list of"
                f" {PARTS[found.parts[str(picture)]]} too; take it off one of them"
            )
        if rest:
            found.labels[str(picture)] = rest
    found.names.append(called)
    if lost:
        said = f"{len(lost):,} of {len(lines):,} lines of {called} name no picture that is there."
        remedy = "Correct them, or put the pictures where they say."
        found.findings.append(
            Finding("left out", "warning", None, tuple(lost), len(lost), said, remedy)
        )


def _may_split(file: Place) -> bool:
    """Tell whether a text is named as one that says parts, in a form that is not read."""
    stem = file.stem.casefold()
    return "split" in stem or ("train" in stem and "test" in stem)


def _say_unread(place: Place, found: Lists, several: Sequence[Place]) -> None:
    if not several:
        return
    names = [relative(file, place) for file in several]
    said = f"{few(names)} may say which pictures are for test, in a form that is not read."
    remedy = "Write train.txt and test.txt, with the path of a picture in each line."
    items = tuple((one,) for one in names)
    found.findings.append(Finding("parts unread", "warning", None, items, len(names), said, remedy))
