"""Which pictures of a folder are annotated with boxes, by which files, and in which part."""

import gzip
import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from brique.data.place import Place, content, files, plain_name, relative
from brique.data.source import ALIASES, PARTS
from brique.data.sources import annotations
from brique.data.sources.annotations import Marked
from brique.data.sources.decoding import is_picture
from brique.data.sources.gathered import Gathered
from brique.errors import DataError

_COCO = re.compile(
    r"(?!.*(captions|keypoints|panoptic))"
    r"(.*(instances|coco|annotation).*|train|valid|val|test|labels)\.json"
)
_LISTS = ("trainval.txt", "train.txt", "valid.txt", "val.txt", "test.txt")  # later ones count
_SEEN = 4096  # bytes by which a file is known


@dataclass
class Annotated(Gathered):
    """Pictures, in order, with what is said of them."""

    marked: list[Marked] = field(default_factory=list[Marked])

    def columns(self) -> list[list[Any]]:
        """Return the lists that have an entry for each picture."""
        return [*super().columns(), self.marked]

    def first(self) -> str:
        """Return what is to be said of the first file that is left out."""
        return f" (the first, {self.skipped[0][0]}: {self.skipped[0][1]})" if self.skipped else ""


def is_annotated(place: Place) -> bool:
    """Tell whether a folder holds pictures and annotations of boxes."""
    inside = files(place)
    if not any(map(is_picture, inside)):
        return False
    xml = next((file for file in inside if plain_name(file).endswith(".xml")), None)
    return (xml is not None and b"<annotation" in _head(xml)) or any(map(_is_coco, inside))


def annotated(name: str, place: Place) -> Annotated:
    """Return the pictures below a folder that annotations speak of."""
    found, inside = Annotated(name, place), files(place)
    pictures = [file for file in inside if is_picture(file)]
    by_name: dict[str, list[Place]] = {}
    for file in pictures:
        for key in {file.name.casefold(), file.stem.casefold()}:
            by_name.setdefault(key, []).append(file)
    used: set[Place] = set()
    for marked, part in _all_marked(found, inside):
        own = plain_name(marked.file).removesuffix(".xml")
        said = marked.name.replace("\\", "/").casefold()
        candidates = by_name.get(own) or by_name.get(said.rsplit("/", 1)[-1]) or []
        file = max(candidates, key=lambda file: _nearness(found, file, marked, part), default=None)
        if file is None:
            found.skip(marked.file, f"speaks of a picture '{marked.name}' that is not there")
        elif file in used:
            found.skip(marked.file, f"speaks of {file.name}, of which another has spoken")
        else:
            used.add(file)
            found.files.append(file)
            found.marked.append(marked)
            found.parts.append(PARTS.index(part or "train"))
    spoiled = {file.rpartition("/")[2].casefold().removesuffix(".xml") for file, _ in found.skipped}
    lone = [file for file in pictures if file not in used and file.stem.casefold() not in spoiled]
    if lone and found.files:
        found.notes.append(
            f"{name}: {len(lone):,} of {len(pictures):,} pictures have no annotation and are left "
            f"out, such as {relative(lone[0], place)}."
        )
    return found


def _all_marked(found: Annotated, inside: Sequence[Place]) -> Iterator[tuple[Marked, str | None]]:
    """Yield what files say of each picture, and its part."""
    tables = [file for file in inside if _is_coco(file)]
    if not tables:
        yield from _all_voc(found, inside)
    crowds = 0
    for file in tables:
        several, count = annotations.coco(file)
        crowds += count
        for marked in several:
            yield marked, _part_in(relative(file, found.root))
    if crowds:
        are = "box round a crowd is" if crowds == 1 else "boxes round crowds are"
        found.notes.append(f"{found.name}: {crowds:,} {are} left out.")


def _all_voc(found: Annotated, inside: Sequence[Place]) -> Iterator[tuple[Marked, str | None]]:
    """Yield what PASCAL VOC's files say of each picture, and its part; boxes then count from 0."""
    parts = _listed(inside)
    several: list[Marked] = []
    for file in inside:
        if plain_name(file).endswith(".xml"):
            try:
                several.append(annotations.voc(file))
            except DataError as error:
                found.skip(file, str(error).removeprefix(f"{file.name}: "))
    is_from_0 = any(min(box[:2]) < 1 for marked in several for box in marked.boxes)
    start = "0, since one begins there" if is_from_0 else "1, as PASCAL VOC does; now from 0"
    if several:
        found.notes.append(f"{found.name}: its boxes count pixels from {start}.")
    for marked in several:
        if not is_from_0:  # the last pixel is part of the box
            marked.boxes = [(x0 - 1, y0 - 1, x1, y1) for x0, y0, x1, y1 in marked.boxes]
        stem = plain_name(marked.file).removesuffix(".xml")
        if not parts:
            folders = relative(marked.file, found.root).rpartition("/")[0]
            yield marked, _part_in(folders)
        elif stem in parts:
            yield marked, parts[stem]
        else:
            found.skip(marked.file, "is in no list of a part (train.txt, val.txt, test.txt)")


def _listed(inside: Sequence[Place]) -> dict[str, str]:
    """Return the part of each picture that a list of a part names; none if there are no lists."""
    parts: dict[str, str] = {}
    for word in _LISTS:
        lists = [file for file in inside if plain_name(file) == word]
        lists.sort(key=lambda file: file.parent.name != "Main")
        for line in content(lists[0]).decode("utf-8", "replace").splitlines() if lists else ():
            if words := line.casefold().split():
                stem = re.sub(r"\.(jpe?g|png|bmp|xml)$", "", words[0].rsplit("/", 1)[-1])
                parts[stem] = "train" if word == "trainval.txt" else ALIASES[word[:-4]]
    return parts


def _part_in(path: str) -> str | None:
    """Return the part that a path names, such as 'instances_val2017.json'."""
    words = re.split(r"[^a-z]+", path.casefold())
    return next((ALIASES[word] for word in words if word in ALIASES), None)


def _nearness(found: Annotated, file: Place, marked: Marked, part: str | None) -> tuple[bool, ...]:
    """Return by what a picture is the one that is spoken of, of several with that name."""
    path = relative(file, found.root)
    is_there = part is not None and _part_in(path.rpartition("/")[0]) == part
    is_named = f"/{path}".endswith("/" + marked.name.replace("\\", "/"))
    return is_named, is_there, file.parent == marked.file.parent


def _is_coco(file: Place) -> bool:
    name = plain_name(file)
    return _COCO.fullmatch(name) is not None and any(
        f'"{word}"'.encode() in _head(file) for word in ("images", "annotations", "categories")
    )


def _head(file: Place) -> bytes:
    """Return the first bytes of a file, plain or packed; none if it cannot be read."""
    try:
        with file.open("rb") as opened:
            if file.suffix.casefold() != ".gz":
                return opened.read(_SEEN)
            with gzip.open(opened) as unpacked:
                return unpacked.read(_SEEN)
    except (OSError, EOFError, zlib.error, DataError):
        return b""
