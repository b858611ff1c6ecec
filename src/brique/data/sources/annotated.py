"""Which pictures of a folder are annotated with boxes, by which files, and in which part."""

import gzip
import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from brique.data.finding import Finding
from brique.data.place import Place, content, files, plain_name, relative
from brique.data.source import ALIASES, PARTS
from brique.data.sources import annotations
from brique.data.sources.annotations import Marked
from brique.data.sources.boxed import boxed, is_boxed
from brique.data.sources.coco import chosen, coco, is_coco
from brique.data.sources.decoding import is_picture
from brique.data.sources.gathered import Gathered
from brique.data.sources.yolo import is_yolo, key, part_of_folder, tail, yolo
from brique.errors import DataError

_LISTS = ("trainval.txt", "train.txt", "valid.txt", "val.txt", "test.txt")  # later ones count
_SEEN = 1 << 16  # bytes by which a file is known
_LOOKED_AT = 20  # files of one ending that are looked at
_FOREIGN = (
    ((b"shape_attributes",), "VGG Image Annotator"), ((b"rectanglelabels",), "Label Studio"),
    ((b"<annotations>", b"<image"), "CVAT"), ((b'"classTitle"',), "Supervisely"),
    ((b'"box2d"',), "Scalabel"), ((b'"boundingBox"', b'"regions"'), "VoTT"),
    ((b'"coordinates"', b'"annotations"'), "CreateML"),
)  # fmt: skip # what tools write that are not read, by words in their files
_NO_PART = "is in no list or folder of a part (train, valid or test), as others are"


@dataclass
class Annotated(Gathered):
    """Pictures, in order, with what is said of them."""

    marked: list[Marked] = field(default_factory=list[Marked])
    faults: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    findings: list[Finding] = field(default_factory=list[Finding])

    def columns(self) -> list[list[Any]]:
        """Return the lists that have an entry for each picture."""
        return [*super().columns(), self.marked]

    def first(self) -> str:
        """Return what is to be said of the first file or item that is left out."""
        several = [*self.skipped, *self.faults]
        return f" (the first, {several[0][0]}: {several[0][1]})" if several else ""


@dataclass(frozen=True)
class _Forms:
    """The files of a folder that give boxes, by their form; of several forms the first counts."""

    coco: list[Place]
    voc: list[Place]
    labelme: list[Place]
    tables: list[Place]
    is_yolo: bool
    foreign: list[tuple[Place, str]]  # and the tools that wrote them

    @classmethod
    def of(cls, place: Place, inside: Sequence[Place], pictures: Sequence[Place]) -> "_Forms":
        """Return the files of a folder that give boxes."""
        if not pictures:
            return cls([], [], [], [], False, [])
        sheets = [file for file in inside if plain_name(file).endswith((".csv", ".tsv"))]
        stems = {picture.stem.casefold() for picture in pictures}
        json = [file for file in inside if plain_name(file).endswith(".json")]
        own = [file for file in json if file.stem.casefold() in stems]
        heads = [_head(file).lower() for file in _some(inside, ".xml")]
        is_voc = any(re.search(rb"<annotation[\s>]", head) for head in heads)
        is_labelme = any(b'"shapes"' in _head(file) for file in own[:_LOOKED_AT])
        tables = [file for file in sheets[:_LOOKED_AT] if is_boxed(file, pictures)]
        return cls(
            [file for file in json if is_coco(file, _head(file))],
            [file for file in inside if plain_name(file).endswith(".xml")] if is_voc else [],
            own if is_labelme else [],
            tables,
            is_yolo(place, inside, pictures),
            list(_foreign([*json, *sheets, *_some(inside, ".xml")])),
        )

    def __bool__(self) -> bool:
        known = self.coco or self.voc or self.labelme or self.tables or self.is_yolo
        return bool(known or self.foreign)


def is_annotated(place: Place) -> bool:
    """Tell whether a folder holds pictures and annotations of boxes."""
    inside = files(place)
    return bool(_Forms.of(place, inside, [file for file in inside if is_picture(file)]))


def annotated(name: str, place: Place) -> Annotated:
    """Return the pictures below a folder that annotations speak of."""
    found, inside = Annotated(name, place), files(place)
    pictures = [file for file in inside if is_picture(file)]
    forms = _Forms.of(place, inside, pictures)
    several = _all_marked(found, inside, pictures, forms)
    matched = _matched(found, several, pictures)
    is_parted = any(part == "train" for _, _, part in matched)
    for file, marked, part in matched:
        if part is None and is_parted:
            found.skip(file, _NO_PART)
        elif marked.faults and not marked.boxes:
            reason = f"has no box that can be read: {': '.join(marked.faults[0])}"
            found.skip(marked.file if marked.is_own else file, reason)
        elif marked.crowds and not marked.boxes:
            found.skip(file, "has no box but that round a crowd")
        else:
            found.files.append(file)
            found.marked.append(marked)
            found.parts.append(PARTS.index(part or "train"))
    used = {file for file, _, _ in matched}
    spoiled = {file.rpartition("/")[2].casefold().removesuffix(".xml") for file, _ in found.skipped}
    lone = [file for file in pictures if file not in used and file.stem.casefold() not in spoiled]
    if lone and found.files:
        found.notes.append(
            f"{name}: {len(lone):,} of {len(pictures):,} pictures have no annotation and are left "
            f"out, such as {relative(lone[0], place)}."
        )
    found.faults += [fault for marked in several for fault in marked.faults]
    return found


def _matched(
    found: Annotated, several: Sequence[Marked], pictures: Sequence[Place]
) -> list[tuple[Place, Marked, str | None]]:
    """Return the picture of each annotation, with its part where one is named."""
    by_name: dict[str, list[Place]] = {}
    for file in pictures:
        for called in {file.name.casefold(), file.stem.casefold()}:
            by_name.setdefault(called, []).append(file)
    used: set[Place] = set()
    matched: list[tuple[Place, Marked, str | None]] = []
    for marked in several:
        near = [marked.picture] if marked.picture else _candidates(found, marked, by_name)
        called = f"'{marked.name}'"
        if not near:
            found.skip(marked.file, f"speaks of a picture {called} that is not there")
        elif len(near) > 1:
            paths = " or ".join(relative(file, found.root) for file in near[:2])
            found.skip(marked.file, f"speaks of {called}, which may be {paths}; write its folder")
        elif near[0] in used:
            found.skip(marked.file, f"speaks of {near[0].name}, of which another has spoken")
        else:
            used.add(near[0])
            matched.append(
                (near[0], marked, marked.part or part_of_folder(relative(near[0], found.root)))
            )
    return matched


def _candidates(found: Annotated, marked: Marked, by_name: dict[str, list[Place]]) -> list[Place]:
    """Return the pictures that an annotation may speak of: one, if it is clear which."""
    steps = marked.name.replace("\\", "/").split("/")
    last = steps[-1].casefold()
    stem = last.rpartition(".")[0] or last
    own = plain_name(marked.file).rpartition(".")[0] if marked.is_own else ""
    near = by_name.get(own) or by_name.get(last) or by_name.get(stem) or []

    def nearness(file: Place) -> tuple[int | bool, ...]:
        path = relative(file, found.root).split("/")
        is_there = marked.part is not None and _part_in("/".join(path[:-1])) == marked.part
        is_answer = marked.is_own and key(found.root, file) == key(found.root, marked.file)
        below = tail([*steps[:-1], stem], [*path[:-1], file.stem])
        return below, file.name.casefold() == last, is_there, is_answer

    best = max(map(nearness, near), default=None)
    return [file for file in near if nearness(file) == best]


def _all_marked(
    found: Annotated, inside: Sequence[Place], pictures: Sequence[Place], forms: _Forms
) -> list[Marked]:
    """Return what files say of each picture."""
    if forms.coco:
        several = _all_coco(found, chosen(forms.coco))
    elif forms.voc:
        several = _all_voc(found, inside, forms.voc)
    elif forms.labelme:
        several = _each(found, forms.labelme, annotations.labelme)
    elif forms.tables:
        several = _all_tables(found, forms.tables)
    elif forms.foreign and not forms.is_yolo:
        file, tool = forms.foreign[0]
        raise DataError(
            f"{found.name}: {relative(file, found.root)} holds boxes as {tool} writes them, which"
            " are not read; export them as COCO's JSON, PASCAL VOC's XML or YOLO's .txt, or say"
            " --kind pictures"
        )
    else:
        said = yolo(found.name, found.root, inside, pictures)
        several = said.marked
        found.faults += said.faults
        found.notes += said.notes
        for file in said.lone:
            found.skip(file, "no picture of its part has a .txt file of boxes")
        if said.bare:
            found.findings.append(_bare(found, said.bare, len(several)))
    _say(found, several)
    return several


def _all_coco(found: Annotated, tables: Sequence[Place]) -> list[Marked]:
    """Return what files of COCO's JSON say of each picture."""
    several: list[Marked] = []
    for file in tables:
        said = coco(file)
        found.faults += said.faults
        for marked in said.marked:
            marked.part = _part_in(relative(file, found.root))
        several += said.marked
        if said.twice:
            found.notes.append(
                f"{found.name}: {file.name} names '{said.twice[0]}' for several categories, which"
                " are one class here."
            )
    return several


def _all_voc(found: Annotated, inside: Sequence[Place], files: Sequence[Place]) -> list[Marked]:
    """Return what PASCAL VOC's files say of each picture; boxes then count from 0."""
    parts = _listed(inside)
    several = _each(found, files, annotations.voc)
    is_from_0 = any(min(box[:2]) < 1 for marked in several for box in marked.boxes)
    start = "0, since one begins there" if is_from_0 else "1, as PASCAL VOC does; now from 0"
    if several:
        found.notes.append(f"{found.name}: its boxes count pixels from {start}.")
    kept: list[Marked] = []
    for marked in several:
        if not is_from_0:  # the last pixel is part of the box
            marked.boxes = [(x0 - 1, y0 - 1, x1, y1) for x0, y0, x1, y1 in marked.boxes]
        stem = plain_name(marked.file).removesuffix(".xml")
        folders = relative(marked.file, found.root).rpartition("/")[0]
        marked.part = parts.get(stem) if parts else _part_in(folders)
        if parts and stem not in parts:
            found.skip(marked.file, "is in no list of a part (train.txt, val.txt, test.txt)")
        else:
            kept.append(marked)
    return kept


def _all_tables(found: Annotated, tables: Sequence[Place]) -> list[Marked]:
    """Return what tables of boxes say of each picture."""
    several: list[Marked] = []
    for file in tables:
        marked, notes = boxed(file)
        found.notes += notes
        for one in marked:
            one.part = _part_in(relative(file, found.root))
        several += marked
    if any(marked.is_relative for marked in several):
        found.notes.append(f"{found.name}: its boxes are shares of their pictures, none above 1.")
    return several


def _each(
    found: Annotated, files: Sequence[Place], read: Callable[[Place], Marked]
) -> list[Marked]:
    """Return what each file says; leaves out, with the reason, those that cannot be read."""
    several: list[Marked] = []
    for file in files:
        try:
            several.append(read(file))
        except DataError as error:
            found.skip(file, str(error).removeprefix(f"{file.name}: "))
    return several


def _say(found: Annotated, several: Sequence[Marked]) -> None:
    """Note what was done about boxes."""
    boxes = sum(len(marked.boxes) for marked in several)
    for count, said in (
        (sum(one.crowds for one in several), ("box round a crowd is", "boxes round crowds are",
         "left out: a score does not know them")),
        (sum(one.difficult for one in several), ("box is", "boxes are",
         "marked as difficult and count as any other")),
        (sum(one.outlined for one in several), ("box is", "boxes are",
         f"drawn round an outline, of {boxes:,}")),
    ):  # fmt: skip
        if count:
            found.notes.append(f"{found.name}: {count:,} {said[count > 1]} {said[2]}.")
    swapped = [marked for marked in several if marked.swapped]
    if swapped:
        count = sum(marked.swapped for marked in swapped)
        items = tuple((marked.name or marked.file.name,) for marked in swapped)
        reason = (
            f"{count:,} of {boxes:,} boxes end before they begin (xmin > xmax or ymin > ymax):"
            " their corners are put in order."
        )
        remedy = "Look whether a corner is a slip of the pen."
        found.findings.append(
            Finding("swapped corners", "warning", None, items, count, reason, remedy)
        )


def _bare(found: Annotated, bare: Sequence[Place], whole: int) -> Finding:
    """Return the finding on pictures of YOLO without a .txt file."""
    return Finding(
        "no box file",
        "warning",
        None,
        tuple((relative(file, found.root),) for file in bare),
        len(bare),
        f"{len(bare):,} of {whole:,} pictures have no .txt file of boxes: as in YOLO they teach"
        " that nothing is to be found there.",
        "Nothing, if there is nothing on them; else draw the boxes, or remove the pictures.",
    )


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


def _foreign(several: Sequence[Place]) -> Iterator[tuple[Place, str]]:
    """Yield files that hold boxes in a form that is not read, and the tool that writes it."""
    for file in several[:_LOOKED_AT]:
        head = _head(file)
        for words, tool in _FOREIGN:
            if all(word in head for word in words):
                yield file, tool
                break


def _some(inside: Sequence[Place], ending: str) -> list[Place]:
    return [file for file in inside if plain_name(file).endswith(ending)][:_LOOKED_AT]


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
