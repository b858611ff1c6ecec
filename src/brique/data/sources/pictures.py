"""Folders of pictures by class: photos/<class>/*.jpg, or below train, valid and test.

Pictures that lie beside each other have no class.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from brique.data.asked import Asked
from brique.data.place import Place, files, placed, relative
from brique.data.source import ALIASES, PARTS, Source
from brique.data.sources import tables
from brique.data.sources.decoding import FOREIGN, SUFFIXES, decode, is_picture
from brique.data.sources.gathered import Gathered
from brique.errors import DataError, nearest
from brique.schema import Category, natural
from brique.schema.words import instead


@dataclass
class _Found(Gathered):
    """Picture files, in order, with what is known of each."""

    asked: Asked
    classes: list[str] = field(default_factory=list[str])
    has_parts: bool = False
    named: set[str] = field(default_factory=set[str])  # classes as their folders are called

    def columns(self) -> list[list[Any]]:
        return [*super().columns(), self.classes]


KIND: str = "pictures"
USES: frozenset[str] = frozenset({"size", "channels", "test", "rename"})


def fits(place: Place) -> bool:
    """Tell whether a folder holds folders with pictures, or pictures."""
    return place.is_dir() and any(map(is_picture, files(place))) and not tables.fits(place)


def read(name: str, place: Place, asked: Asked) -> Source:
    """Return the pictures below a folder, decoded, with their classes and parts.

    size: height and width; by default the pictures' own, if it is one and at most 128, else 64.
    channels: 1 or 3; by default 1 if all are grey, else 3.
    test: another folder by class, the test part.
    Raises DataError when there are no pictures, one class, or an unknown class outside train.
    """
    if loose := _loose(place, asked):
        return _unnamed(name, place, asked, loose)
    test = None if asked.test is None else placed(Path(asked.test))
    found = _find(place, name, test, asked)
    total = len(found.files) + len(found.skipped)
    decoded = decode(found.files, place, name, size=asked.size, channels=asked.channels)
    found.keep(decoded.kept.tolist())
    skipped, notes = found.skipped + decoded.skipped, found.notes + decoded.notes
    if skipped:
        notes.append(
            f"{name}: {len(skipped):,} of {total:,} pictures cannot be read and are left out."
        )
    names = _classes(found, name, notes, asked)
    labels = torch.tensor([names.index(label) for label in found.classes], dtype=torch.int64)
    kinds = {"image": decoded.kind, "label": Category(names)}
    part = torch.tensor(found.parts, dtype=torch.uint8) if found.has_parts else None
    fields = {"image": decoded.pixels, "label": labels}
    source = Source(name, dict(fields), dict(kinds), ("label",), part, decoded.digests)
    source.skipped, source.notes = skipped, notes
    source.names = [relative(file, place) for file in found.files]
    source.originals = decoded.originals
    return source


def _loose(place: Place, asked: Asked) -> list[Place]:
    """Return the pictures of a folder that holds nothing else, if there are two or more."""
    if _folders(place) or asked.test is not None or asked.rename:
        return []
    found = [file for file in place.iterdir() if file.suffix.casefold() in SUFFIXES]
    found = [file for file in found if not file.name.startswith(".")]
    return sorted(found, key=lambda file: natural(file.name)) if len(found) > 1 else []


def _unnamed(name: str, place: Place, asked: Asked, files: list[Place]) -> Source:
    """Return pictures without a class."""
    decoded = decode(files, place, name, size=asked.size, channels=asked.channels)
    source = Source(name, {"image": decoded.pixels}, {"image": decoded.kind}, ())
    source.digests, source.originals = decoded.digests, decoded.originals
    foreign = [file for file in place.iterdir() if file.suffix.casefold() in FOREIGN]
    source.skipped = decoded.skipped + [
        (relative(file, place), f"{file.suffix} is not read; convert it to JPEG or PNG")
        for file in sorted(foreign, key=lambda file: natural(file.name))
    ]
    source.names = [relative(files[row], place) for row in decoded.kept.tolist()]
    source.notes = [
        *decoded.notes,
        f"{name}: its pictures lie beside each other, so they have no class; a folder for each"
        " class would name it.",
    ]
    if lost := len(source.skipped):
        total = len(files) + len(foreign)
        source.notes.append(
            f"{name}: {lost:,} of {total:,} pictures cannot be read and are left out."
        )
    return source


def _find(folder: Place, name: str, test: Place | None, asked: Asked) -> _Found:
    """List the picture files by class and part."""
    found = _Found(name, folder, asked)
    parts = _part_folders(folder, name)
    if test is not None:
        if "test" in parts:
            raise DataError(f"{name}: it has a folder test already; leave out --test")
        if not test.is_dir():
            raise DataError(f"{name}: --test {test} is not a folder; give one of pictures by class")
        parts = parts or {"train": folder}
        parts["test"] = test
    found.has_parts = bool(parts)
    for part, below in (parts or {"train": folder}).items():
        _list(found, below, PARTS.index(part))
    for old in asked.rename or {}:
        if old not in found.named:
            raise DataError(f"{name}: rename: no class '{old}'{instead(old, sorted(found.named))}")
    if not any(part == 0 for part in found.parts):
        raise _no_pictures(folder, parts.get("train", folder), name)
    return found


def _part_folders(folder: Place, name: str) -> dict[str, Place]:
    """Return the folders of the parts, or none: `train` must hold folders, else it is a class."""
    parts: dict[str, Place] = {}
    for below in _folders(folder):
        part = ALIASES.get(below.name.casefold())
        if part is not None and _folders(below):
            if part in parts:
                raise DataError(
                    f"{name}: {parts[part].name} and {below.name} are both the {part} part; "
                    "keep one"
                )
            parts[part] = below
    if parts and "train" not in parts:
        raise DataError(
            f"{name}: expected a folder train beside {', '.join(parts)}, got none; name it train"
        )
    return {part: parts[part] for part in PARTS if part in parts}


def _list(found: _Found, folder: Place, part: int) -> None:
    """Add the pictures of each class folder in `folder`."""
    loose = [file.name for file in folder.iterdir() if file.suffix.casefold() in SUFFIXES]
    if loose:
        found.notes.append(f"{folder.name}: {_few(loose)} in no class's folder, left alone.")
    for below in _folders(folder):
        found.named.add(below.name)
        files = [file for file in below.iterdir() if not file.name.startswith(".")]
        files.sort(key=lambda file: natural(file.name))
        good = [file for file in files if file.suffix.casefold() in SUFFIXES]
        rest = [file for file in files if file.suffix.casefold() not in SUFFIXES]
        found.files += good
        found.classes += [found.asked.renamed(below.name)] * len(good)
        found.parts += [part] * len(good)
        where = relative(below, found.root)
        for file in rest:
            if file.suffix.casefold() in FOREIGN:
                reason = f"{file.suffix} is not read; convert it to JPEG or PNG"
                found.skip(file, reason)
        others = [file.name for file in rest if file.suffix.casefold() not in FOREIGN]
        if others:
            found.notes.append(f"{where}: {_few(others)} not named as pictures, left alone.")
        if not good:
            found.notes.append(f"{where}: holds no pictures, so it is no class.")


def _classes(found: _Found, name: str, notes: list[str], asked: Asked) -> tuple[str, ...]:
    """Return the classes of the training part, naturally sorted; of all parts if all are judged."""
    if asked.whole:
        return tuple(sorted(set(found.classes), key=natural))
    train = {label for label, part in zip(found.classes, found.parts, strict=True) if part == 0}
    names = tuple(sorted(train, key=natural))
    if len(names) < 2:
        raise DataError(
            f"{name}: expected two classes or more to train on, got {_few(names) or 'none'}; "
            "give each class a folder of its own with pictures in it"
        )
    for place in sorted(set(found.parts)):
        pairs = zip(found.classes, found.parts, strict=True)
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
    """Return the error for a folder without pictures by class."""
    return _no_pictures(place, _part_folders(place, name).get("train", place), name)


def _no_pictures(folder: Place, train: Place, name: str) -> DataError:
    """Say what a folder without pictures by class holds."""
    loose = [file.name for file in train.iterdir() if file.suffix.casefold() in SUFFIXES]
    loose.sort(key=natural)
    entries = [entry.name for entry in train.iterdir() if not entry.name.startswith(".")]
    wanted = f"{name}: expected folders of pictures by class, such as {name}/cat/1.jpg"
    if loose:
        return DataError(
            f"{wanted}, got {_few(loose)} beside each other; put each into the folder of its class"
        )
    came = _few(sorted(entries, key=natural)) or "an empty folder"
    where = "" if train == folder else f" in {train.name}"
    return DataError(f"{wanted}, got {came}{where}; check the path")


def _folders(folder: Place) -> list[Place]:
    """Return the folders in `folder`, naturally sorted, hidden ones left out."""
    below = [entry for entry in folder.iterdir() if entry.is_dir()]
    below = [entry for entry in below if not entry.name.startswith((".", "__"))]
    return sorted(below, key=lambda entry: natural(entry.name))


def _few(names: Sequence[str]) -> str:
    more = len(names) - 5
    return ", ".join(names[:5]) + (f" and {more:,} more" if more > 0 else "")
