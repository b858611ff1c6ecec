"""Texts by class: a folder of files for each class, or a file with a line for each text."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import takewhile
from pathlib import Path

import numpy as np

from brique.data.column import Labels, Texts
from brique.data.finding import Finding
from brique.data.place import Place, files, placed, plain_name, relative
from brique.data.source import PARTS, Source
from brique.data.sources.filed import UNLABELED
from brique.data.sources.shelf import (
    beginning,
    check_train,
    lines,
    part_of,
    parts_of,
    shelf,
)
from brique.errors import DataError
from brique.options import Options
from brique.schema import natural
from brique.schema.texts import Unit

_ENDINGS = frozenset(["", ".txt", ".text", ".md", ".asc", ".eml", ".pos", ".neg"])
_OTHERS = frozenset([
    ".csv", ".tsv", ".data", ".json", ".jsonl", ".ndjson", ".parquet", ".xml", ".html", ".htm",
    ".conllu", ".conll", ".iob", ".bio", ".names", ".feat", ".py", ".pdf", ".doc", ".docx", ".rtf",
    ".odt", ".bz2", ".xz", ".zip", ".tar", ".tgz", ".npy", ".npz", ".h5", ".bin",
])  # fmt: skip # of files that hold something else
_BINARY = re.compile("[\x00-\x08\x0e-\x19]")  # characters that no text has
_LOOKED_AT = 3  # class folders of which a few files are looked at
_BLANK = 0.02  # share of blank lines above which a file is prose
_LONGEST = 2000  # characters of the median line of a file with a text a line

KIND: str = "texts"
USES: frozenset[str] = frozenset({"test", "rename", "unit", "lower"})


@dataclass
class Labelled:
    """Texts in order, with class, part (None where the source has none) and name of each."""

    texts: list[str] = field(default_factory=list[str])
    classes: list[str] = field(default_factory=list[str])
    parts: list[int | None] = field(default_factory=list[int | None])
    called: list[str] = field(default_factory=list[str])

    def add(self, text: str, label: str, part: int | None, called: str) -> None:
        """Add a text."""
        self.texts.append(text)
        self.classes.append(label)
        self.parts.append(part)
        self.called.append(called)

    def fill(self, source: Source, asked: Options, target: str = "label") -> Source:
        """Return the source with the texts, and their classes as target.

        Raises DataError where there is nothing to learn from.
        """
        check_train(source, self.parts)
        classes = [asked.renamed(label) for label in self.classes]
        if len(set(classes)) < 2 and not asked.whole:
            raise DataError(
                f"{source.name}: expected two classes or more to train on, got only '{classes[0]}';"
                " add texts of another"
            )
        source.fields = {
            "text": texts_column(self.texts, source, asked),
            target: Labels(classes, is_target=True, called=self.called),
        }
        source.targets, source.names = (target,), self.called
        source.part = parts_of(self.parts)
        source.findings = gathered(source.findings)
        return source


def fits(place: Place) -> bool:
    """Tell whether a folder holds folders of texts, or files with many short lines."""
    if not place.is_dir():
        return False
    groups = _by_part(place)
    train = groups.get(0) or groups.get(None) or []
    if len(train) < 2:
        return False
    if all(below.is_dir() for _, below in train):
        few_of = [files(below)[:20] for _, below in train[:_LOOKED_AT]]
        return all(some and _are_texts(some) for some in few_of)
    return _are_lists([below for _, below in train])


def read(name: str, place: Place, asked: Options) -> Source:
    """Return the texts below a folder, with their classes and parts.

    A class is a folder with a file for each text, or a file with a line for each; its name is what
    differs among the names of the files. They may stand below train, valid and test.
    test: another such folder, the test part. unit: by default words, or characters where most texts
    are single words.
    Raises DataError when there are no texts, or one class, or a class is not in train.
    """
    if not place.is_dir():
        raise DataError(
            f"{name}: expected a folder of texts by class, got one file; --kind lines reads lines"
            " that begin with their class, --kind writing one long text"
        )
    groups = _by_part(place)
    if asked.test is not None:
        if 2 in groups:
            raise DataError(f"{name}: it has a folder test already; leave out --test")
        beside = _by_part(_tested(name, asked.test)).values()
        groups = {part or 0: group for part, group in groups.items()}
        groups[2] = [pair for group in beside for pair in group]
    source, found = Source(name, {}), Labelled()
    for part, group in groups.items():
        for label, below in group:
            if label.casefold() in UNLABELED:
                source.notes.append(f"{name}: {relative(below, place)} has no classes, left alone.")
            elif below.is_dir():
                _add_files(found, source, below, (label, part), place)
            else:
                _add_lines(found, source, below, (label, part), place)
    return found.fill(source, asked)


def texts_column(texts: Sequence[str], source: Source, asked: Options) -> Texts:
    """Return texts as a column, cut as asked; a note says so where characters are chosen."""
    unit: Unit = asked.unit or "words"  # pyright: ignore[reportAssignmentType] - checked by Text
    if asked.unit is None and np.median([len(text.split()) for text in texts]) <= 1:
        unit = "characters"
        source.notes.append(
            f"{source.name}: its texts are single words, so they are cut into characters; --unit"
            " chooses another way."
        )
    return Texts(texts, unit, asked.lower)


def gathered(findings: Iterable[Finding]) -> list[Finding]:
    """Return findings with those on encodings as one."""
    found = list(findings)
    encodings = [finding for finding in found if finding.kind == "encoding"]
    rest = [finding for finding in found if finding.kind != "encoding"]
    if len(encodings) < 2:
        return found
    items = tuple(item for finding in encodings for item in finding.items)
    reason = (
        f"{len(items):,} files are not UTF-8, so they are read as Windows-1252: letters with"
        " accents may be wrong. The first place in each is listed."
    )
    return [
        *rest,
        replace(encodings[0], items=items, count=len(items), reason=reason,
                remedy="Save the files as UTF-8."),
    ]  # fmt: skip


def is_text(file: Place) -> bool:
    """Tell whether a file holds text that is no table or markup, by its name and beginning."""
    if _ending(file) in _OTHERS:
        return False
    first = beginning(file, 4096)
    return bool(first.strip()) and _BINARY.search(first) is None


def _by_part(place: Place) -> dict[int | None, list[tuple[str, Place]]]:
    """Return (class, folder or file) in each part; None is the part of a source without parts."""
    place = _inner(place)
    parts = {part_of(below): below for below in _folders(place) if below.name.isalpha()}
    parts.pop(None, None)
    parts = {part: below for part, below in parts.items() if len(_classes(below)) > 1}
    if not parts:
        return {None: _classes(place)}
    return {part: _classes(parts[part]) for part in range(len(PARTS)) if part in parts}


def _tested(name: str, test: str) -> Place:
    place = placed(Path(test)) if Path(test).exists() else None
    if place is None or not place.is_dir():
        raise DataError(
            f"{name}: --test {test} is no folder or archive; give one of texts by class, as"
            " the source is"
        )
    return place


def _classes(folder: Place) -> list[tuple[str, Place]]:
    """Return the class folders in a folder; where it has none, its files as classes."""
    below = _folders(folder)
    if below:
        return [(one.name, one) for one in below]
    beside = shelf(folder)
    return list(zip(_told_apart(beside), beside, strict=True))


def _inner(place: Place) -> Place:
    """Return the folder that a folder holds alone, or itself."""
    entries = [entry for entry in place.iterdir() if not entry.name.startswith((".", "__"))]
    return _inner(entries[0]) if len(entries) == 1 and entries[0].is_dir() else place


def _folders(folder: Place) -> list[Place]:
    below = [entry for entry in folder.iterdir() if entry.is_dir()]
    below = [entry for entry in below if not entry.name.startswith((".", "__"))]
    return sorted(below, key=lambda entry: natural(entry.name))


def _told_apart(beside: Sequence[Place]) -> list[str]:
    """Return of each file's name what differs: "pos" and "neg" of rt-polarity.pos and .neg."""
    names = [file.name[: len(plain_name(file))] for file in beside]
    if len({_ending(file) for file in beside}) == 1 and _ending(beside[0]):
        names = [name[: name.rfind(".")] for name in names]
    words = [re.split(r"([-_. ])", name) for name in names]
    first = _common(words)
    last = _common([each[::-1] for each in words])
    cut = ["".join(each[first : len(each) - last]).strip("-_. ") for each in words]
    return cut if all(cut) and len(set(cut)) == len(cut) else names


def _common(words: Sequence[Sequence[str]]) -> int:
    """Return how many words all lists begin with."""
    return len(list(takewhile(lambda column: len(set(column)) == 1, zip(*words, strict=False))))


def _ending(file: Place) -> str:
    """Return the ending of a file's name in small letters, .gz and numbers left out."""
    name = plain_name(file)
    ending = name[name.rfind(".") :] if "." in name else ""
    return "" if ending[1:].isdecimal() else ending


def _are_texts(some: Sequence[Place]) -> bool:
    good = [file for file in some if _ending(file) in _ENDINGS]
    return 2 * len(good) > len(some) and is_text(good[0])


def _are_lists(some: Sequence[Place]) -> bool:
    """Tell whether files have a text on each line: many lines, short, hardly any of them blank."""
    if any(part_of(file) is not None or not is_text(file) for file in some):
        return False
    found = [line for file in some for line in beginning(file).split("\n")[:-1]]
    said = [len(line) for line in found if line.strip()]
    is_prose = len(said) < (1 - _BLANK) * len(found)
    return len(said) >= 2 * len(some) and not is_prose and float(np.median(said)) <= _LONGEST


def _add_files(
    found: Labelled, source: Source, folder: Place, of: tuple[str, int | None], root: Place
) -> None:
    """Add the files of a class's folder, a text each."""
    foreign = 0
    for file in sorted(files(folder), key=lambda file: natural(str(file))):
        called = relative(file, root)
        if _ending(file) in _OTHERS:
            foreign += 1
            continue
        try:
            text = "\n".join(lines(file, source))
        except DataError as error:
            source.skipped.append((called, str(error).removeprefix(f"{file.name}: ")))
            continue
        if text.strip():
            found.add(text, *of, called)
        else:
            source.skipped.append((called, "is empty"))
    if foreign:
        source.notes.append(
            f"{relative(folder, root)}: files that are no texts are left alone, {foreign:,} of"
            " them."
        )


def _add_lines(
    found: Labelled, source: Source, file: Place, of: tuple[str, int | None], root: Place
) -> None:
    """Add the lines of a class's file, a text each; blank ones are none."""
    called = relative(file, root)
    try:
        listed = [line.strip() for line in lines(file, source)]
    except DataError as error:
        source.skipped.append((called, str(error).removeprefix(f"{file.name}: ")))
        return
    for number, text in enumerate(listed, 1):
        if text:
            found.add(text, *of, f"{called}:{number}")
    if blank := len(listed) - sum(map(bool, listed)):
        source.notes.append(f"{called}: blank lines are left out, {blank:,} of them.")
