"""Folders of pictures by class: photos/<class>/*.jpg, or below train, valid and test.

With names= the files' names say the classes. Pictures that lie beside each other have no class.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

from brique.data.finding import Finding
from brique.data.place import Place, files, is_hidden, placed, relative
from brique.data.source import PARTS, Source
from brique.data.sources import named, paired, tables
from brique.data.sources.cells import is_table
from brique.data.sources.decoding import FOREIGN, SUFFIXES, decode, is_picture
from brique.data.sources.filed import Laid, laid
from brique.data.sources.listed import Listed
from brique.data.sources.listing import unused
from brique.data.sources.part_lists import part_lists
from brique.data.sources.shelf import is_about
from brique.errors import DataError, nearest
from brique.options import Options
from brique.schema import Category, natural
from brique.schema.words import instead


@dataclass
class _Found(Listed):
    """Picture files, in order, with what folders and names say of each."""

    has_parts: bool = False
    folders: set[str] = field(default_factory=set[str])  # classes as they are called there
    findings: list[Finding] = field(default_factory=list[Finding])
    others: list[Place] = field(default_factory=list[Place])  # what is no picture


_Lost = Sequence[tuple[str, str]]  # files that cannot be read, and why
KIND: str = "pictures"
USES: frozenset[str] = frozenset({"size", "channels", "test", "rename", "names", "target", "group"})


def fits(place: Place) -> bool:
    """Tell whether a folder holds folders with pictures, or pictures."""
    return place.is_dir() and any(map(is_picture, files(place))) and not tables.fits(place)


def read(name: str, place: Place, asked: Options) -> Source:
    """Return the pictures below a folder, decoded, with their classes and parts.

    size: height and width; by default the pictures' own, if it is one and at most 128, else 64.
    channels: 1 or 3; by default 1 if all are grey, else 3.
    test: another folder by class, the test part; or COLUMN=VALUE,VALUE of names=.
    Raises DataError when there are no pictures, one class, or an unknown class outside train.
    """
    found = _find(name, place, asked)
    total = len(found.files) + len(found.skipped)
    decoded = decode(found.files, place, name, size=asked.size, channels=asked.channels)
    found.keep(decoded.kept.tolist())
    source = Source(name, {"image": decoded.pixels}, {"image": decoded.kind})
    source.skipped, source.notes = found.skipped + decoded.skipped, found.notes + decoded.notes
    source.digests, source.originals = decoded.digests, decoded.originals
    source.names = [relative(file, place) for file in found.files]
    source.findings = [*found.findings, *unused(place)]
    if found.has_parts:
        source.part = torch.tensor(found.parts, dtype=torch.uint8)
    if lost := len(source.skipped):
        source.notes.append(
            f"{name}: {lost:,} of {total:,} pictures cannot be read and are left out."
        )
    if found.told:
        try:
            _label(source, found, asked)
        except DataError as error:
            tables = "; ".join(one.reason.removesuffix(".") for one in unused(place))
            raise DataError(f"{error}; {tables}" if tables else str(error)) from error
    return source


def _label(source: Source, found: _Found, asked: Options) -> None:
    """Put in the classes, and the groups that names say."""
    target = _target(found, asked)
    labels = [asked.renamed(label) for label in found.told[target]]
    names = _classes(found, labels, source.notes, source.skipped, whole=asked.whole)
    gone = {asked.renamed(folder) for folder in found.folders} - set(labels)
    if gone and target == "label" and asked.names is None and not asked.whole:
        said = f"No picture of {_few(sorted(gone, key=natural))} can be used: it is no class here."
        remedy = "Look at what is left out; convert these pictures."
        items = tuple((one,) for one in sorted(gone, key=natural))
        source.findings.append(
            Finding("class left out", "warning", None, items, len(items), said, remedy)
        )
    numbers = torch.tensor([names.index(label) for label in labels], dtype=torch.int64)
    source.fields = {**source.fields, target: numbers}
    source.kinds[target], source.targets = Category(names), (target,)
    if asked.group is not None:
        _, groups = np.unique(found.column(asked.group, "--group"), return_inverse=True)
        source.groups = groups.astype(np.int64)


def _target(found: _Found, asked: Options) -> str:
    """Return the name of what is to be predicted. Raises DataError."""
    if asked.target is not None:
        found.column(asked.target, "--target")
        return asked.target
    if "label" in found.told or len(found.told) == 1:
        return "label" if "label" in found.told else next(iter(found.told))
    raise DataError(
        f"{found.name}: none of {', '.join(found.told)} is named label; say with --target which is"
        " to be predicted"
    )


def _find(name: str, place: Place, asked: Options) -> _Found:
    """List the picture files, with their parts and what folders and names say."""
    where = "the names of the files (--names)" if asked.names else "the folders"
    found = _Found(name, place, where)
    test = None
    if asked.test is not None and asked.test_values() is None:
        test = placed(Path(asked.test))
        if not test.is_dir():
            raise DataError(f"{name}: --test {test} is not a folder; give one of pictures by class")
    kept = asked.rename or {}
    own = laid(name, place, _is_named_so, classes=kept)
    masks = {one for several in paired.beside(place).values() for one in several}
    own.files = [one for one in own.files if one.file not in masks]
    own.leave("that are masks of others by their names and colors (--kind masks)", masks)
    if test is not None and any(one.part == 2 for one in own.files):
        raise DataError(f"{name}: it has a folder test already; leave out --test")
    everything = [own, *([laid(name, test, _is_named_so, part=2)] if test else [])]
    for one in everything:
        _take(found, one, asked)
    found.has_parts = test is not None or own.has_parts
    if asked.test is None and not found.has_parts:
        _obey_lists(found, own)
    for one in everything:
        found.notes += _beside(one)
        found.others += (file for file in one.others if not is_about(file))
    _check_labels(found, own, asked)
    found.choose(asked)
    found.has_parts |= asked.test_values() is not None
    return found


def _obey_lists(found: _Found, own: Laid) -> None:
    """Take the parts, and classes where folders say none, that lists such as train.txt say."""
    lists = part_lists(found.name, found.root, found.files)
    found.findings += lists.findings
    if not lists.names:
        return
    own.others = [file for file in own.others if relative(file, own.root) not in lists.names]
    parts = [lists.part(file) for file in found.files]
    lone = tuple(
        (relative(f, found.root),)
        for f, part in zip(found.files, parts, strict=True)
        if part is None
    )
    found.keep([row for row, part in enumerate(parts) if part is not None])
    found.parts[:] = [part for part in parts if part is not None]
    found.has_parts = True
    found.notes.append(f"{found.name}: {_few(lists.names)} say the parts.")
    labels = [lists.labels.get(str(file), "") for file in found.files]
    if all(labels) and len(set(found.told.get("label", []))) < 2:
        found.told["label"] = labels
    if lone:
        said = f"Left out: {len(lone):,} pictures on no list of a part ({_few(lists.names)})."
        remedy = "Put them on the list of a part."
        found.findings.append(Finding("left out", "warning", None, lone, len(lone), said, remedy))


def _is_named_so(file: Place) -> bool:
    return file.suffix.casefold() in SUFFIXES or file.suffix.casefold() in FOREIGN


def _take(found: _Found, own: Laid, asked: Options) -> None:
    """Add pictures with what is said of each; note what lies beside them."""
    pattern = None if asked.names is None else named.pattern(found.name, asked.names)
    strange: list[Place] = []
    for one in own.files:
        if one.file.suffix.casefold() in FOREIGN:
            found.skip(one.file, f"{one.file.suffix} is not read; convert it to JPEG or PNG")
            continue
        said = {} if one.label is None else {"label": one.label}
        if pattern is not None and asked.names is not None:
            match = named.match(pattern, found, one.file, asked.names)
            if match is None:
                strange.append(one.file)
                continue
            said |= match
        if found.files:
            for key in found.told.keys() - said.keys():
                del found.told[key]
        else:
            found.told = {key: [] for key in said}
        for key, values in found.told.items():
            values.append(said[key])
        found.files.append(one.file)
        found.parts.append(one.part or 0)
    own.leave(f"not named as {asked.names}", strange)
    found.folders |= own.labels
    found.findings += own.findings("pictures")


def _beside(own: Laid) -> list[str]:
    """Return notes on what lies beside the pictures and is none."""
    notes: list[str] = []
    folders: dict[str, list[str]] = {}
    for file in (one for one in own.others if not is_about(one)):
        folders.setdefault(relative(file.parent, own.root), []).append(file.name)
    for folder, names in folders.items():
        where = own.root.name if folder in ("", ".") else folder
        notes.append(f"{where}: {_few(names)} not named as pictures, left alone.")
    for level in sorted(own.levels, key=str):
        empty = [one for one in _folders(level) if not any(map(_is_named_so, files(one)))]
        notes += [
            f"{relative(one, own.root)}: holds no pictures, so it is no class." for one in empty
        ]
    return notes


def _check_labels(found: _Found, own: Laid, asked: Options) -> None:
    """Raise DataError where nothing can be learned; note where pictures have no class."""
    name = found.name
    for old in asked.rename or {}:
        known = found.folders | {one for some in found.told.values() for one in some}
        if old not in known:
            raise DataError(f"{name}: rename: no class '{old}'{instead(old, sorted(known))}")
    if not found.files and asked.names and own.files:
        first = own.files[0].file.name
        raise DataError(
            f"{name}: none of its {len(own.files):,} pictures is named as {asked.names}, the first"
            f" is {first}; mend --names"
        )
    if 0 not in found.parts:
        raise _no_pictures(name, own)
    if found.told:
        return
    if len(found.files) < 2 or asked.test is not None or asked.rename:
        raise _no_pictures(name, own)
    found.notes.append(
        f"{name}: its pictures lie beside each other, so they have no class; a folder for each"
        " class would name it."
    )
    found.notes += filter(None, [named.hint(name, found.files)])


def _is_sheet(file: Place) -> bool:
    return file.suffix.casefold() in (".xlsx", ".xls", ".ods", ".json", ".xml", ".mat", ".txt")


def _classes(
    found: _Found, labels: Sequence[str], notes: list[str], lost: _Lost, *, whole: bool
) -> tuple[str, ...]:
    """Return the classes of the training part, naturally sorted; of all parts if all are judged."""
    if whole:
        return tuple(sorted(set(labels), key=natural))
    name, pairs = found.name, list(zip(labels, found.parts, strict=True))
    train = {label for label, part in pairs if part == 0}
    names = tuple(sorted(train, key=natural))
    if len(names) < 2:
        unread = f" ({len(lost):,} pictures cannot be read: {': '.join(lost[0])})" if lost else ""
        texts = [file for file in found.others if is_table(file) or _is_sheet(file)]
        lying = f", and {texts[0].name} beside them names none of them" if texts else ""
        raise DataError(
            f"{name}: expected two classes or more to train on, got {_few(names) or 'none'}{unread}"
            f"{lying}; give each class a folder of its own with pictures in it, or a table such as"
            f" {name}/labels.csv: image,label"
        )
    for place in sorted(set(found.parts)):
        here = {label for label, part in pairs if part == place}
        strange, missing = sorted(here - train, key=natural), sorted(train - here, key=natural)
        if strange:
            raise DataError(
                f"{name}: {PARTS[place]} holds classes that train does not: {_few(strange)}"
                f"; rename or remove them, or add them to train{nearest(strange[0], names)}"
            )
        if missing:
            notes.append(f"{name}: {PARTS[place]} holds no picture of {_few(missing)}.")
    return names


def no_pictures(place: Place, name: str) -> DataError:
    """Return the error for a folder that holds nothing known."""
    inside = files(place)
    if any(map(_is_named_so, inside)):
        return _no_pictures(name, laid(name, place, _is_named_so))
    came = [entry.name for entry in place.iterdir() if not is_hidden(entry)]
    if not came:
        return DataError(f"{name}: is an empty folder; check the path")
    return DataError(
        f"{name}: holds nothing of a known kind, but {_few(sorted(came, key=natural))}; give the"
        " file that is meant, or a layout that docs/data.md lists"
    )


def _no_pictures(name: str, own: Laid) -> DataError:
    """Say what a folder without pictures by class holds."""
    wanted = f"{name}: expected folders of pictures by class, such as {name}/cat/1.jpg"
    loose = [one.file.name for one in own.files if one.label is None]
    if loose:
        return DataError(
            f"{wanted}, got {_few(loose)} beside each other; put each into the folder of its class"
        )
    if own.files and all(one.file.suffix.casefold() in FOREIGN for one in own.files):
        first = own.files[0].file
        return DataError(
            f"{name}: its {len(own.files):,} pictures are of kinds that are not read, such as"
            f" {relative(first, own.root)}; convert them to JPEG or PNG"
        )
    entries = [entry.name for entry in own.root.iterdir() if not is_hidden(entry)]
    return DataError(f"{wanted}, got {_few(sorted(entries, key=natural))}; check the path")


def _folders(folder: Place) -> list[Place]:
    """Return the folders in `folder`, naturally sorted, hidden ones left out."""
    below = [entry for entry in folder.iterdir() if entry.is_dir() and not is_hidden(entry)]
    return sorted(below, key=lambda entry: natural(entry.name))


def _few(names: Sequence[str]) -> str:
    more = len(names) - 5
    return ", ".join(names[:5]) + (f" and {more:,} more" if more > 0 else "")
