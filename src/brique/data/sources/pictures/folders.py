"""Folders of pictures by class: photos/<class>/*.jpg, or below train, valid and test.

With names= the names of files give the classes. Pictures in one folder have no class.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

from brique.data.files.place import Place, is_hidden, list_files, relative, resolve_place
from brique.data.finding import Finding
from brique.data.raw.source import PARTS, Source
from brique.data.sources.decoding import SUFFIXES, UNSUPPORTED_SUFFIXES, decode, is_picture
from brique.data.sources.layout import file_names
from brique.data.sources.layout.folder_names import FolderLayout, read_layout
from brique.data.sources.layout.labeled_files import LabeledFiles
from brique.data.sources.layout.text_files import is_documentation
from brique.data.sources.manifests.part_lists import read_part_lists
from brique.data.sources.manifests.table_selection import unused_table_findings
from brique.data.sources.regions import mask_pairs
from brique.data.sources.table_files.any_format import is_table
from brique.data.sources.tables import tabular
from brique.errors import DataError, did_you_mean
from brique.options import Options
from brique.schema import Category, natural_key
from brique.schema.messages import alternatives


@dataclass
class _PictureFiles(LabeledFiles):
    """Picture files, in order, with attributes from folders and names."""

    has_parts: bool = False
    folders: set[str] = field(default_factory=set[str])  # classes by the folders' names
    findings: list[Finding] = field(default_factory=list[Finding])
    others: list[Place] = field(default_factory=list[Place])  # other files


_Unreadable = Sequence[tuple[str, str]]  # unreadable files, and why
KIND: str = "pictures"
USES: frozenset[str] = frozenset({"size", "channels", "test", "rename", "names", "target", "group"})


def fits(place: Place) -> bool:
    """Tell whether a folder holds folders with pictures, or pictures."""
    return place.is_dir() and any(map(is_picture, list_files(place))) and not tabular.fits(place)


def read(name: str, place: Place, options: Options) -> Source:
    """Return the pictures below a folder, decoded, with their classes and parts.

    size: height and width; by default their common size, if at most 128, else 64.
    channels: 1 or 3; by default 1 if all are grey, else 3.
    test: another folder by class, the test part; or COLUMN=VALUE,VALUE of names=.
    Raises DataError when there are no pictures, one class, or an unknown class outside train.
    """
    examples = _list_pictures(name, place, options)
    total = len(examples.files) + len(examples.skipped)
    decoded = decode(examples.files, place, name, size=options.size, channels=options.channels)
    examples.keep_rows(decoded.indices.tolist())
    source = Source(name, {"image": decoded.pixels}, {"image": decoded.kind})
    source.skipped, source.notes = (
        examples.skipped + decoded.skipped,
        examples.notes + decoded.notes,
    )
    source.digests, source.image_metadata = decoded.digests, decoded.image_metadata
    source.names = [relative(file, place) for file in examples.files]
    source.findings = [*examples.findings, *unused_table_findings(place)]
    if examples.has_parts:
        source.part = torch.tensor(examples.parts, dtype=torch.uint8)
    if unreadable_count := len(source.skipped):
        source.notes.append(
            f"{name}: {unreadable_count:,} of {total:,} pictures cannot be read and are left out."
        )
    if examples.attributes:
        try:
            _add_labels(source, examples, options)
        except DataError as error:
            table_notes = "; ".join(
                finding.reason.removesuffix(".") for finding in unused_table_findings(place)
            )
            raise DataError(f"{error}; {table_notes}" if table_notes else str(error)) from error
    return source


def _add_labels(source: Source, examples: _PictureFiles, options: Options) -> None:
    """Set the classes, and the groups that names give."""
    target = _target(examples, options)
    labels = [options.renamed(label) for label in examples.attributes[target]]
    names = _classes(examples, labels, source.notes, source.skipped, unsplit=options.whole)
    missing_classes = {options.renamed(folder) for folder in examples.folders} - set(labels)
    if missing_classes and target == "label" and options.names is None and not options.whole:
        message = (
            f"No picture of {_format_names(sorted(missing_classes, key=natural_key))} can be"
            " read, so it is not a class."
        )
        remedy = "Convert these pictures."
        items = tuple((label_name,) for label_name in sorted(missing_classes, key=natural_key))
        source.findings.append(
            Finding("class left out", "warning", None, items, len(items), message, remedy)
        )
    numbers = torch.tensor([names.index(label) for label in labels], dtype=torch.int64)
    source.fields = {**source.fields, target: numbers}
    source.kinds[target], source.targets = Category(names), (target,)
    if options.group is not None:
        _, groups = np.unique(examples.column(options.group, "--group"), return_inverse=True)
        source.groups = groups.astype(np.int64)


def _target(examples: _PictureFiles, options: Options) -> str:
    """Return the name of the target. Raises DataError."""
    if options.target is not None:
        examples.column(options.target, "--target")
        return options.target
    if "label" in examples.attributes or len(examples.attributes) == 1:
        return "label" if "label" in examples.attributes else next(iter(examples.attributes))
    raise DataError(
        f"{examples.name}: none of {', '.join(examples.attributes)} is named label;"
        " choose the target with --target"
    )


def _list_pictures(name: str, place: Place, options: Options) -> _PictureFiles:
    """List the picture files, with their parts and attributes."""
    where = "the names of the files (--names)" if options.names else "the folders"
    examples = _PictureFiles(name, place, where)
    test_folder = None
    if options.test is not None and options.test_values() is None:
        test_folder = resolve_place(Path(options.test))
        if not test_folder.is_dir():
            raise DataError(
                f"{name}: --test {test_folder} is not a folder; give one of pictures by class"
            )
    renamed = options.rename or {}
    layout = read_layout(name, place, _is_picture_name, classes=renamed)
    masks = {entry for siblings in mask_pairs.sibling_masks(place).values() for entry in siblings}
    layout.files = [entry for entry in layout.files if entry.file not in masks]
    layout.exclude("that are masks of others by name and colors (--kind masks)", masks)
    if test_folder is not None and any(entry.part == 2 for entry in layout.files):
        raise DataError(f"{name}: it already has a folder test; leave out --test")
    layouts = [
        layout,
        *([read_layout(name, test_folder, _is_picture_name, part=2)] if test_folder else []),
    ]
    for entry in layouts:
        _add_files(examples, entry, options)
    examples.has_parts = test_folder is not None or layout.has_parts
    if options.test is None and not examples.has_parts:
        _apply_lists(examples, layout)
    for entry in layouts:
        examples.notes += _notes_on_others(entry)
        examples.others += (file for file in entry.other_files if not is_documentation(file))
    _check_labels(examples, layout, options)
    examples.select_test(options)
    examples.has_parts |= options.test_values() is not None
    return examples


def _apply_lists(examples: _PictureFiles, layout: FolderLayout) -> None:
    """Take the parts, and classes if folders give none, from lists such as train.txt."""
    lists = read_part_lists(examples.name, examples.root, examples.files)
    examples.findings += lists.findings
    if not lists.names:
        return
    layout.other_files = [
        file for file in layout.other_files if relative(file, layout.root) not in lists.names
    ]
    parts = [lists.part(file) for file in examples.files]
    unlisted = tuple(
        (relative(path, examples.root),)
        for path, part in zip(examples.files, parts, strict=True)
        if part is None
    )
    examples.keep_rows([row for row, part in enumerate(parts) if part is not None])
    examples.parts[:] = [part for part in parts if part is not None]
    examples.has_parts = True
    examples.notes.append(f"{examples.name}: {_format_names(lists.names)}give the parts.")
    labels = [lists.labels.get(str(file), "") for file in examples.files]
    if all(labels) and len(set(examples.attributes.get("label", []))) < 2:
        examples.attributes["label"] = labels
    if unlisted:
        message = (
            f"Left out: {len(unlisted):,} pictures on no list of a part"
            f" ({_format_names(lists.names)})."
        )
        remedy = "Put them on the list of a part."
        examples.findings.append(
            Finding("left out", "warning", None, unlisted, len(unlisted), message, remedy)
        )


def _is_picture_name(file: Place) -> bool:
    return file.suffix.casefold() in SUFFIXES or file.suffix.casefold() in UNSUPPORTED_SUFFIXES


def _add_files(examples: _PictureFiles, layout: FolderLayout, options: Options) -> None:
    """Add pictures with their attributes; note other files."""
    pattern = (
        None if options.names is None else file_names.compile_template(examples.name, options.names)
    )
    misnamed: list[Place] = []
    for entry in layout.files:
        if entry.file.suffix.casefold() in UNSUPPORTED_SUFFIXES:
            examples.skip(entry.file, f"{entry.file.suffix} is not read; convert it to JPEG or PNG")
            continue
        attributes = {} if entry.label is None else {"label": entry.label}
        if pattern is not None and options.names is not None:
            match = file_names.match_name(pattern, examples, entry.file, options.names)
            if match is None:
                misnamed.append(entry.file)
                continue
            attributes |= match
        if examples.files:
            for key in examples.attributes.keys() - attributes.keys():
                del examples.attributes[key]
        else:
            examples.attributes = {key: [] for key in attributes}
        for key, values in examples.attributes.items():
            values.append(attributes[key])
        examples.files.append(entry.file)
        examples.parts.append(entry.part or 0)
    layout.exclude(f"not named as {options.names}", misnamed)
    examples.folders |= layout.labels
    examples.findings += layout.findings("pictures")


def _notes_on_others(layout: FolderLayout) -> list[str]:
    """Return notes on other files beside the pictures."""
    notes: list[str] = []
    folders: dict[str, list[str]] = {}
    for file in (entry for entry in layout.other_files if not is_documentation(entry)):
        folders.setdefault(relative(file.parent, layout.root), []).append(file.name)
    for folder, names in folders.items():
        where = layout.root.name if folder in ("", ".") else folder
        notes.append(f"{where}: {_format_names(names)} not named as pictures, ignored.")
    for level in sorted(layout.class_parents, key=str):
        empty = [
            entry
            for entry in _subfolders(level)
            if not any(map(_is_picture_name, list_files(entry)))
        ]
        notes += [
            f"{relative(entry, layout.root)}: holds no pictures, so it is not a class."
            for entry in empty
        ]
    return notes


def _check_labels(examples: _PictureFiles, layout: FolderLayout, options: Options) -> None:
    """Raise DataError if nothing can be learned; note pictures without classes."""
    name = examples.name
    for renamed_class in options.rename or {}:
        class_names = examples.folders | {
            label for labels in examples.attributes.values() for label in labels
        }
        if renamed_class not in class_names:
            raise DataError(
                f"{name}: rename: no class"
                f" '{renamed_class}'{alternatives(renamed_class, sorted(class_names))}"
            )
    if not examples.files and options.names and layout.files:
        first = layout.files[0].file.name
        raise DataError(
            f"{name}: none of its {len(layout.files):,} pictures is named as {options.names},"
            f" the firstis {first}; correct --names"
        )
    if 0 not in examples.parts:
        raise _no_pictures_error(name, layout)
    if examples.attributes:
        return
    if len(examples.files) < 2 or options.test is not None or options.rename:
        raise _no_pictures_error(name, layout)
    examples.notes.append(
        f"{name}: its pictures lie in one folder, so they have no class; put each class into"
        " a folder of its own."
    )
    examples.notes += filter(None, [file_names.template_hint(name, examples.files)])


def _is_table_like(file: Place) -> bool:
    return file.suffix.casefold() in (".xlsx", ".xls", ".ods", ".json", ".xml", ".mat", ".txt")


def _classes(
    examples: _PictureFiles,
    labels: Sequence[str],
    notes: list[str],
    unreadable: _Unreadable,
    *,
    unsplit: bool,
) -> tuple[str, ...]:
    """Return the classes of the training part, naturally sorted; of all parts for unsplit data."""
    if unsplit:
        return tuple(sorted(set(labels), key=natural_key))
    name, pairs = examples.name, list(zip(labels, examples.parts, strict=True))
    train = {label for label, part in pairs if part == 0}
    names = tuple(sorted(train, key=natural_key))
    if len(names) < 2:
        raise _too_few_classes_error(examples, names, unreadable)
    for part_index in sorted(set(examples.parts)):
        part_classes = {label for label, part in pairs if part == part_index}
        unknown = sorted(part_classes - train, key=natural_key)
        missing = sorted(train - part_classes, key=natural_key)
        if unknown:
            raise DataError(
                f"{name}: {PARTS[part_index]} holds classes that train does not:"
                f" {_format_names(unknown)}"
                f"; rename or remove them, or add them to train{did_you_mean(unknown[0], names)}"
            )
        if missing:
            notes.append(
                f"{name}: {PARTS[part_index]} holds no picture of {_format_names(missing)}."
            )
    return names


def _too_few_classes_error(
    examples: _PictureFiles, names: Sequence[str], unreadable: _Unreadable
) -> DataError:
    """Return the error for a training part of one class or none."""
    unreadable_text = table_text = ""
    if unreadable:
        first = ": ".join(unreadable[0])
        unreadable_text = f" ({len(unreadable):,} pictures cannot be read: {first})"
    table_files = [file for file in examples.others if is_table(file) or _is_table_like(file)]
    if table_files:
        table_text = f", and {table_files[0].name} beside them names none of them"
    return DataError(
        f"{examples.name}: expected two classes or more to train on, got"
        f" {_format_names(names) or 'none'}{unreadable_text}"
        f"{table_text}; give each class a folder of its own with pictures in it, or a table"
        f" such as {examples.name}/labels.csv: image,label"
    )


def unknown_layout_error(place: Place, name: str) -> DataError:
    """Return the error for a folder of unknown content."""
    all_files = list_files(place)
    if any(map(_is_picture_name, all_files)):
        return _no_pictures_error(name, read_layout(name, place, _is_picture_name))
    entries = [entry.name for entry in place.iterdir() if not is_hidden(entry)]
    if not entries:
        return DataError(f"{name}: is an empty folder; check the path")
    return DataError(
        f"{name}: holds nothing of a known kind, but"
        f" {_format_names(sorted(entries, key=natural_key))}; give a"
        " file, or a layout that docs/data.md lists"
    )


def _no_pictures_error(name: str, layout: FolderLayout) -> DataError:
    """Return the error for a folder without pictures by class."""
    expected = f"{name}: expected folders of pictures by class, such as {name}/cat/1.jpg"
    unsorted = [file_entry.file.name for file_entry in layout.files if file_entry.label is None]
    if unsorted:
        return DataError(
            f"{expected}, got {_format_names(unsorted)} in one folder; put each into the folder"
            " of its class"
        )
    if layout.files and all(
        file_entry.file.suffix.casefold() in UNSUPPORTED_SUFFIXES for file_entry in layout.files
    ):
        first = layout.files[0].file
        return DataError(
            f"{name}: its {len(layout.files):,} pictures have unsupported formats, such as"
            f" {relative(first, layout.root)}; convert them to JPEG or PNG"
        )
    entries = [entry.name for entry in layout.root.iterdir() if not is_hidden(entry)]
    return DataError(
        f"{expected}, got {_format_names(sorted(entries, key=natural_key))}; check the path"
    )


def _subfolders(folder: Place) -> list[Place]:
    """Return the folders in `folder`, naturally sorted, without hidden ones."""
    subfolders = [entry for entry in folder.iterdir() if entry.is_dir() and not is_hidden(entry)]
    return sorted(subfolders, key=lambda entry: natural_key(entry.name))


def _format_names(names: Sequence[str]) -> str:
    more = len(names) - 5
    return ", ".join(names[:5]) + (f" and {more:,} more" if more > 0 else "")
