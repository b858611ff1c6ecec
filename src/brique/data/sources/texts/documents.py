"""Texts by class: a folder of files for each class, or a file with a line for each text."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import takewhile
from pathlib import Path

import numpy as np

from brique.data.files.place import Place, list_files, plain_name, relative, resolve_place
from brique.data.finding import Finding
from brique.data.raw.column import Labels, Texts
from brique.data.raw.source import PARTS, Source
from brique.data.sources.layout.folder_names import UNLABELED
from brique.data.sources.layout.text_files import (
    check_train,
    data_files,
    part_from_name,
    parts_tensor,
    read_head,
    read_lines,
)
from brique.errors import DataError
from brique.options import Options
from brique.schema import natural_key
from brique.schema.texts import Unit

_ENDINGS = frozenset(["", ".txt", ".text", ".md", ".asc", ".eml", ".pos", ".neg"])
_OTHER_ENDINGS = frozenset([
    ".csv", ".tsv", ".data", ".json", ".jsonl", ".ndjson", ".parquet", ".xml", ".html", ".htm",
    ".conllu", ".conll", ".iob", ".bio", ".names", ".feat", ".py", ".pdf", ".doc", ".docx", ".rtf",
    ".odt", ".bz2", ".xz", ".zip", ".tar", ".tgz", ".npy", ".npz", ".h5", ".bin",
])  # fmt: skip # of files that hold something else
_BINARY = re.compile("[\x00-\x08\x0e-\x19]")  # characters that no text has
_SAMPLE_FOLDERS = 3  # class folders to inspect
_MAX_BLANK_SHARE = 0.02  # share of blank lines above which a file is prose
_MAX_MEDIAN_LENGTH = 2000  # characters of the median line of one text per line

KIND: str = "texts"
USES: frozenset[str] = frozenset({"test", "rename", "unit", "lower"})


@dataclass
class LabeledTexts:
    """Texts in order, with class, part (None if the source has none) and name of each."""

    texts: list[str] = field(default_factory=list[str])
    classes: list[str] = field(default_factory=list[str])
    parts: list[int | None] = field(default_factory=list[int | None])
    example_names: list[str] = field(default_factory=list[str])

    def add(self, text: str, label: str, part: int | None, name: str) -> None:
        """Add a text."""
        self.texts.append(text)
        self.classes.append(label)
        self.parts.append(part)
        self.example_names.append(name)

    def fill_source(self, source: Source, options: Options, target: str = "label") -> Source:
        """Return the source with the texts, and their classes as target.

        Raises DataError if there is nothing to learn.
        """
        check_train(source, self.parts)
        classes = [options.renamed(label) for label in self.classes]
        if len(set(classes)) < 2 and not options.whole:
            raise DataError(
                f"{source.name}: expected two classes or more to train on, got only '{classes[0]}';"
                " add texts of another"
            )
        source.fields = {
            "text": text_column(self.texts, source, options),
            target: Labels(classes, is_target=True, example_names=self.example_names),
        }
        source.targets, source.names = (target,), self.example_names
        source.part = parts_tensor(self.parts)
        source.findings = merge_encoding_findings(source.findings)
        return source


def fits(place: Place) -> bool:
    """Tell whether a folder holds folders of texts, or files with many short lines."""
    if not place.is_dir():
        return False
    groups = _groups_by_part(place)
    train = groups.get(0) or groups.get(None) or []
    if len(train) < 2:
        return False
    if all(entry.is_dir() for _, entry in train):
        samples = [list_files(entry)[:20] for _, entry in train[:_SAMPLE_FOLDERS]]
        return all(sample and _are_texts(sample) for sample in samples)
    return _are_line_files([entry for _, entry in train])


def read(name: str, place: Place, options: Options) -> Source:
    """Return the texts below a folder, with their classes and parts.

    A class is a folder with a file per text, or a file with a line per text; its name is what
    differs among the names of the files. Classes may lie below train, valid and test.
    test: another such folder, the test part. unit: by default words, or characters if most texts
    are single words.
    Raises DataError when there are no texts, or one class, or a class is not in train.
    """
    if not place.is_dir():
        raise DataError(
            f"{name}: expected a folder of texts by class, got one file; --kind lines reads lines"
            " that begin with their class, --kind writing one long text"
        )
    groups = _groups_by_part(place)
    if options.test is not None:
        if 2 in groups:
            raise DataError(f"{name}: it already has a folder test; leave out --test")
        test_groups = _groups_by_part(_test_folder(name, options.test)).values()
        groups = {part or 0: group for part, group in groups.items()}
        groups[2] = [pair for group in test_groups for pair in group]
    source, examples = Source(name, {}), LabeledTexts()
    for part, group in groups.items():
        for label, entry in group:
            if label.casefold() in UNLABELED:
                source.notes.append(f"{name}: {relative(entry, place)} has no classes, ignored.")
            elif entry.is_dir():
                _add_files(examples, source, entry, (label, part), place)
            else:
                _add_lines(examples, source, entry, (label, part), place)
    return examples.fill_source(source, options)


def text_column(texts: Sequence[str], source: Source, options: Options) -> Texts:
    """Return texts as a column of units; adds a note if characters are chosen."""
    unit: Unit = options.unit or "words"  # pyright: ignore[reportAssignmentType] - checked by Text
    if options.unit is None and np.median([len(text.split()) for text in texts]) <= 1:
        unit = "characters"
        source.notes.append(
            f"{source.name}: its texts are single words, so they are cut into characters; --unit"
            " chooses another way."
        )
    return Texts(texts, unit, options.lower)


def merge_encoding_findings(findings: Iterable[Finding]) -> list[Finding]:
    """Return findings, with those on encodings merged into one."""
    all_findings = list(findings)
    encodings = [finding for finding in all_findings if finding.kind == "encoding"]
    others = [finding for finding in all_findings if finding.kind != "encoding"]
    if len(encodings) < 2:
        return all_findings
    items = tuple(item for finding in encodings for item in finding.items)
    reason = (
        f"{len(items):,} files are not UTF-8, so they are read as Windows-1252: letters with"
        " accents may be wrong. The first place in each is listed."
    )
    return [
        *others,
        replace(encodings[0], items=items, count=len(items), reason=reason,
                remedy="Save the files as UTF-8."),
    ]  # fmt: skip


def is_text(file: Place) -> bool:
    """Tell whether a file holds plain text, not a table or markup, by name and beginning."""
    if _ending(file) in _OTHER_ENDINGS:
        return False
    head = read_head(file, 4096)
    return bool(head.strip()) and _BINARY.search(head) is None


def _groups_by_part(place: Place) -> dict[int | None, list[tuple[str, Place]]]:
    """Return (class, folder or file) in each part; None is the part of a source without parts."""
    place = _innermost_folder(place)
    parts = {
        part_from_name(folder): folder for folder in _subfolders(place) if folder.name.isalpha()
    }
    parts.pop(None, None)
    parts = {part: folder for part, folder in parts.items() if len(_class_entries(folder)) > 1}
    if not parts:
        return {None: _class_entries(place)}
    return {part: _class_entries(parts[part]) for part in range(len(PARTS)) if part in parts}


def _test_folder(name: str, test: str) -> Place:
    place = resolve_place(Path(test)) if Path(test).exists() else None
    if place is None or not place.is_dir():
        raise DataError(
            f"{name}: --test {test} is not a folder or archive; give one of texts by class, like"
            " the source"
        )
    return place


def _class_entries(folder: Place) -> list[tuple[str, Place]]:
    """Return the class folders in a folder; without any, its files as classes."""
    subfolders = _subfolders(folder)
    if subfolders:
        return [(subfolder.name, subfolder) for subfolder in subfolders]
    class_files = data_files(folder)
    return list(zip(_distinct_names(class_files), class_files, strict=True))


def _innermost_folder(place: Place) -> Place:
    """Return the innermost folder of a chain of single folders."""
    entries = [entry for entry in place.iterdir() if not entry.name.startswith((".", "__"))]
    return _innermost_folder(entries[0]) if len(entries) == 1 and entries[0].is_dir() else place


def _subfolders(folder: Place) -> list[Place]:
    subfolders = [entry for entry in folder.iterdir() if entry.is_dir()]
    subfolders = [entry for entry in subfolders if not entry.name.startswith((".", "__"))]
    return sorted(subfolders, key=lambda entry: natural_key(entry.name))


def _distinct_names(class_files: Sequence[Place]) -> list[str]:
    """Return what differs in the file names: "pos" and "neg" of rt-polarity.pos and .neg."""
    names = [file.name[: len(plain_name(file))] for file in class_files]
    if len({_ending(file) for file in class_files}) == 1 and _ending(class_files[0]):
        names = [name[: name.rfind(".")] for name in names]
    words = [re.split(r"([-_. ])", name) for name in names]
    prefix_length = _common_prefix(words)
    suffix_length = _common_prefix([name_words[::-1] for name_words in words])
    distinct = [
        "".join(name_words[prefix_length : len(name_words) - suffix_length]).strip("-_. ")
        for name_words in words
    ]
    return distinct if all(distinct) and len(set(distinct)) == len(distinct) else names


def _common_prefix(words: Sequence[Sequence[str]]) -> int:
    """Return how many words all lists begin with."""
    return len(list(takewhile(lambda column: len(set(column)) == 1, zip(*words, strict=False))))


def _ending(file: Place) -> str:
    """Return the suffix of a file's name in lower case, without .gz and numbers."""
    name = plain_name(file)
    ending = name[name.rfind(".") :] if "." in name else ""
    return "" if ending[1:].isdecimal() else ending


def _are_texts(sample: Sequence[Place]) -> bool:
    texts = [file for file in sample if _ending(file) in _ENDINGS]
    return 2 * len(texts) > len(sample) and is_text(texts[0])


def _are_line_files(class_files: Sequence[Place]) -> bool:
    """Tell whether files have one text per line: many short lines, few of them blank."""
    if any(part_from_name(file) is not None or not is_text(file) for file in class_files):
        return False
    all_lines = [line for file in class_files for line in read_head(file).split("\n")[:-1]]
    lengths = [len(line) for line in all_lines if line.strip()]
    is_prose = len(lengths) < (1 - _MAX_BLANK_SHARE) * len(all_lines)
    return (
        len(lengths) >= 2 * len(class_files)
        and not is_prose
        and float(np.median(lengths)) <= _MAX_MEDIAN_LENGTH
    )


def _add_files(
    examples: LabeledTexts,
    source: Source,
    folder: Place,
    label_and_part: tuple[str, int | None],
    root: Place,
) -> None:
    """Add the files of a class folder, one text each."""
    other_count = 0
    for file in sorted(list_files(folder), key=lambda file: natural_key(str(file))):
        name = relative(file, root)
        if _ending(file) in _OTHER_ENDINGS:
            other_count += 1
            continue
        try:
            text = "\n".join(read_lines(file, source))
        except DataError as error:
            source.skipped.append((name, str(error).removeprefix(f"{file.name}: ")))
            continue
        if text.strip():
            examples.add(text, *label_and_part, name)
        else:
            source.skipped.append((name, "is empty"))
    if other_count:
        source.notes.append(
            f"{relative(folder, root)}: files other than texts are ignored, {other_count:,} of"
            " them."
        )


def _add_lines(
    examples: LabeledTexts,
    source: Source,
    file: Place,
    label_and_part: tuple[str, int | None],
    root: Place,
) -> None:
    """Add the lines of a class file, one text each, without blank ones."""
    name = relative(file, root)
    try:
        stripped = [line.strip() for line in read_lines(file, source)]
    except DataError as error:
        source.skipped.append((name, str(error).removeprefix(f"{file.name}: ")))
        return
    for number, text in enumerate(stripped, 1):
        if text:
            examples.add(text, *label_and_part, f"{name}:{number}")
    if blank := len(stripped) - sum(map(bool, stripped)):
        source.notes.append(f"{name}: blank lines are left out, {blank:,} of them.")
