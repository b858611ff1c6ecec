"""Lists of parts: texts such as train.txt and val.txt that name the pictures of a part."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from brique.data.files.place import Place, list_files, relative
from brique.data.finding import Finding
from brique.data.raw.source import PARTS, part_named
from brique.data.sources.layout.text_files import format_names, read_head
from brique.data.sources.manifests.file_finder import FileFinder
from brique.errors import DataError

_ENDINGS = frozenset([".txt", ".lst", ".list", ".csv", ".tsv", ""])
_LIST_WORDS = re.compile(r"[ _-]?(list|lists|names|ids|index|files|filenames|paths|split|\d+)$")
_SAMPLE_LINES = 200  # lines that decide whether a text names pictures
_MAX_BYTES = 1 << 26  # bytes of a list at most
_MAX_FILES = 200  # texts at most; more are data of another kind


@dataclass
class PartLists:
    """Parts and labels of files, from lists.

    parts: index into PARTS, by path. labels: the classes beside the paths, if all lines have one.
    names: of the lists. findings: on dropped lines and files, and on unread texts.
    """

    parts: dict[str, int] = field(default_factory=dict[str, int])
    labels: dict[str, str] = field(default_factory=dict[str, str])
    names: list[str] = field(default_factory=list[str])
    findings: list[Finding] = field(default_factory=list[Finding])

    def part(self, file: Place) -> int | None:
        """Return the part of a file; of one on no list train if train has no list, else None."""
        return self.parts.get(str(file), None if 0 in self.parts.values() else 0)


def read_part_lists(name: str, place: Place, pictures: Sequence[Place]) -> PartLists:
    """Return what the lists below a folder say of pictures; empty without lists.

    Raises DataError if two lists give one picture different parts.
    """
    result, known_pictures = PartLists(), set(pictures)
    texts = [file for file in list_files(place) if file.suffix.casefold() in _ENDINGS]
    if not pictures or not texts or len(texts) > _MAX_FILES:
        return result
    finder = FileFinder(place, accepts=lambda file: file in known_pictures)
    lists = {
        file: part
        for file in texts
        if (part := _part_of_list(file)) and _names_pictures(finder, file)
    }
    folders = list(dict.fromkeys(file.parent for file in lists))
    folder = next(
        (candidate for candidate in folders if candidate.name.casefold() == "segmentation"),
        (*folders, place)[0],
    )
    lists = {file: part for file, part in lists.items() if file.parent == folder}
    if all(part == "train" for part in lists.values()):
        lists = {}
    for file, part in lists.items():
        _apply_list(name, place, result, (file, PARTS.index(part)), finder)
    if result.labels.keys() != result.parts.keys() or len(set(result.labels.values())) < 2:
        result.labels = {}
    _report_unread(
        place, result, [file for file in texts if file not in lists and _may_be_split(file)]
    )
    return result


def _part_of_list(file: Place) -> str | None:
    """Return the part in the name of a list: "train.txt", "val_list.txt", "testing_list.txt"."""
    stem = file.name.casefold().partition(".")[0]
    return part_named(_LIST_WORDS.sub("", _LIST_WORDS.sub("", stem)))


def _names_pictures(finder: FileFinder, file: Place) -> bool:
    """Tell whether most lines of a text name pictures."""
    lines = [line for line in read_head(file).splitlines() if line.strip()][:_SAMPLE_LINES]
    return 2 * sum(picture is not None for picture, _ in _match_lines(finder, lines)) > len(lines)


def _match_lines(finder: FileFinder, lines: Sequence[str]) -> list[tuple[Place | None, str]]:
    """Return the picture of each line, or None, and the text behind its name."""
    cells = [(line.strip(), *line.strip().replace(",", " ").split(None, 1), "") for line in lines]
    by_line = finder.find(cell[0] for cell in cells).files
    by_first = finder.find(cell[1] for cell in cells).files
    return [
        (by_line[full_line], "")
        if full_line in by_line
        else (by_first.get(first_word), remainder.strip())
        for full_line, first_word, remainder, *_ in cells
    ]


def _apply_list(
    name: str, place: Place, result: PartLists, list_and_part: tuple[Place, int], finder: FileFinder
) -> None:
    """Set the part of the files on a list. Raises DataError for a file on two lists."""
    file, part = list_and_part
    list_name = relative(file, place)
    lines = [line for line in read_head(file, _MAX_BYTES).splitlines() if line.strip()]
    unmatched: list[tuple[str, str]] = []
    for line, (picture, label) in zip(lines, _match_lines(finder, lines), strict=True):
        if picture is None:
            unmatched.append((list_name, line.strip()))
            continue
        if result.parts.setdefault(str(picture), part) != part:
            raise DataError(
                f"{name}: {list_name} names {relative(picture, place)}, which is also on the"
                f" list of {PARTS[result.parts[str(picture)]]}; take it off one of them"
            )
        if label:
            result.labels[str(picture)] = label
    result.names.append(list_name)
    if unmatched:
        message = (
            f"{len(unmatched):,} of {len(lines):,} lines of {list_name} name no existing picture."
        )
        remedy = "Correct the lines, or put the pictures where they point."
        result.findings.append(
            Finding("left out", "warning", None, tuple(unmatched), len(unmatched), message, remedy)
        )


def _may_be_split(file: Place) -> bool:
    """Tell whether the name of a text suggests parts in an unknown format."""
    stem = file.stem.casefold()
    return "split" in stem or ("train" in stem and "test" in stem)


def _report_unread(place: Place, result: PartLists, unread: Sequence[Place]) -> None:
    if not unread:
        return
    names = [relative(file, place) for file in unread]
    message = f"{format_names(names)} may list the test pictures, in a form that is not read."
    remedy = "Write train.txt and test.txt, with the path of a picture in each line."
    items = tuple((name,) for name in names)
    result.findings.append(
        Finding("parts unread", "warning", None, items, len(names), message, remedy)
    )
