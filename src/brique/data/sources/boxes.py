"""Pictures with named boxes: COCO's and LabelMe's JSON, PASCAL VOC's XML, YOLO's .txt, tables."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from brique.data.finding import Finding
from brique.data.place import Place, relative
from brique.data.ragged import Ragged
from brique.data.source import PARTS, Source
from brique.data.sources.annotated import Annotated, annotated, is_annotated
from brique.data.sources.annotations import Marked
from brique.data.sources.decoding import decode
from brique.data.sources.masks import KEPT_SIZE, sizes
from brique.data.sources.turning import Turning, turning
from brique.errors import DataError, nearest
from brique.options import Options
from brique.schema import Boxes, Picture, Tags, natural
from brique.schema.pictures import Look
from brique.schema.regions import cut_boxes, moved, turned

KIND: str = "boxes"
USES: frozenset[str] = frozenset({"size", "channels", "rename"})
DEFAULT_SIZE = 256
_OVERHANG, _MANY = 2, 0.25  # pixels beyond an edge, and a share of boxes: numbers are no slips
_LOOK = "look whether annotations give corners, or width and height, in pixels of these pictures"


def fits(place: Place) -> bool:
    """Tell whether a folder holds pictures and annotations of boxes."""
    return place.is_dir() and is_annotated(place)


def read(name: str, place: Place, asked: Options) -> Source:
    """Return pictures, their boxes and the classes of these, with the parts that lists name.

    size: height and width inside which each picture is scaled; by default the pictures' own, if it
        is one and at most 512, else 256 x 256.
    rename: classes that are to get another name.
    Raises DataError when no picture is annotated, or a file of COCO's JSON is damaged.
    """
    found = annotated(name, place)
    if not found.files:
        raise DataError(
            f"{name}: expected pictures with PASCAL VOC's XML or COCO's JSON, YOLO's .txt files,"
            f" LabelMe's JSON or a table of boxes, got none that is annotated{found.first()}; check"
            " the path"
        )
    size = _sides(found, asked)
    decoded = decode(found.files, place, name, size=size, channels=asked.channels, inside=True)
    found.keep(decoded.kept.tolist())
    marks = _Marks.of(found, decoded.originals.looks, asked)
    doubts = list(_doubts(marks, [relative(file, place) for file in found.files]))
    if len(kept := marks.usable(found)) < len(found.files):
        found.keep(kept.tolist())
        if not len(kept):
            raise DataError(f"{name}: no box lies in its picture{found.first()}; {_LOOK}")
        decoded = decoded.only(kept)
        marks = _Marks.of(found, decoded.originals.looks, asked)
    told = [relative(file, place) for file in found.files]
    findings = list(_findings(marks, found, told))
    boxes, classes = marks.placed(decoded.originals.looks, decoded.kind)
    part = torch.tensor(found.parts, dtype=torch.uint8)
    return Source(
        name,
        {"image": decoded.pixels, "boxes": boxes, "classes": classes},
        {"image": decoded.kind, "boxes": Boxes(size), "classes": Tags(marks.names)},
        ("boxes", "classes"),
        part if part.any() else None,
        decoded.digests,
        skipped=found.skipped + decoded.skipped,
        notes=found.notes + marks.turning.notes,
        originals=decoded.originals,
        names=told,
        findings=[*found.findings, *marks.turning.findings, *doubts, *findings],
    )


@dataclass
class _Marks:
    """All boxes of all pictures, end to end.

    boxes, cut: (T, 4), in pixels of the upright picture, and cut to it. row: (T,), its picture.
    good: (T,), whether enough of it lies in its picture.
    labels: class of each. numbers: (T,), its place in `names`, -1 where no training picture has it.
    part: (N,), place in PARTS of each picture.
    turning: which boxes were measured in stored pixels, and which pictures have another size.
    """

    boxes: Tensor
    cut: Tensor
    row: Tensor
    good: Tensor
    labels: list[str]
    numbers: Tensor
    names: tuple[str, ...]
    part: Tensor
    turning: Turning

    @classmethod
    def of(cls, found: Annotated, looks: Sequence[Look], asked: Options) -> "_Marks":
        """Return the boxes that annotations hold. Raises DataError where train has none."""
        part = torch.tensor(found.parts)
        lengths = torch.tensor([len(marked.boxes) for marked in found.marked])
        row = torch.repeat_interleave(torch.arange(len(lengths)), lengths)
        told = [relative(file, found.root) for file in found.files]
        turns = turning(found.name, found.marked, looks, told)
        several = zip(found.marked, looks, turns.stored, strict=True)
        boxes = torch.cat([torch.zeros(0, 4).double(), *(_upright(*one) for one in several)])
        sides = torch.tensor([(look.width, look.height) * 2 for look in looks])
        cut, good = cut_boxes(boxes, sides[row])
        labels = [asked.renamed(label) for marked in found.marked for label in marked.classes]
        pairs = zip(labels, part[row].tolist(), strict=True)
        names = tuple(sorted({label for label, place in pairs if place == 0}, key=natural))
        if not names:
            raise DataError(
                f"{found.name}: no picture for training has a box, of {len(found.parts):,}"
                f"{found.first()}; check the annotations"
            )
        place = {name: number for number, name in enumerate(names)}
        numbers = torch.tensor([place.get(label, -1) for label in labels], dtype=torch.int64)
        return cls(boxes, cut, row, good, labels, numbers, names, part, turns)

    def usable(self, found: Annotated) -> np.ndarray:
        """Return the places of the pictures that have no box, or one that can be used.

        Of the others that have boxes it is not true that nothing is there: they are left out.
        """
        several = np.bincount(self.row, minlength=len(found.files))
        good = np.bincount(self.row[self.good], minlength=len(found.files))
        for picture in np.flatnonzero((several > 0) & (good == 0)).tolist():
            box = int((self.row == picture).nonzero()[0])
            reason = f"none of its boxes has an area in it, such as {_said(self, box)}"
            found.skip(found.files[picture], reason)
        return np.flatnonzero((several == 0) | (good > 0))

    def placed(self, looks: Sequence[Look], picture: Picture) -> tuple[Ragged, Ragged]:
        """Return boxes and classes that are kept, where they lie in prepared pictures."""
        kept = self.good & (self.numbers >= 0)
        row = self.row[kept]
        places = [picture.placing((look.height, look.width)) for look in looks]
        boxes = moved(self.cut[kept], torch.tensor(places, dtype=torch.float64)[row])
        offsets = torch.zeros(len(looks) + 1, dtype=torch.int64)
        offsets[1:] = torch.bincount(row, minlength=len(looks)).cumsum(0)
        return Ragged(boxes.float(), offsets), Ragged(self.numbers[kept], offsets)


def _upright(marked: Marked, look: Look, is_stored: bool) -> Tensor:
    """Return the boxes of a picture in its pixels as it is seen: (T, 4), float64."""
    height, width = look.orientation.stored if is_stored else (look.height, look.width)
    boxes = torch.tensor(marked.boxes, dtype=torch.float64).reshape(-1, 4)
    if marked.is_relative:
        boxes = boxes * torch.tensor([width, height, width, height])
    return turned(boxes, look.orientation.number, (height, width)) if is_stored else boxes


def _doubts(marks: _Marks, told: list[str]) -> Iterator[Finding]:
    """Yield an error where the numbers of boxes seem to mean something else than is read."""
    boxes, whole = marks.boxes, len(marks.boxes)
    beyond = (marks.cut - boxes).abs().amax(1) > _OVERHANG
    where = [(told[row], "{:g} {:g} {:g} {:g}".format(*box)) for row, box in zip(
        marks.row.tolist(), boxes.tolist(), strict=True)]  # fmt: skip
    if whole and float(boxes.max()) <= 1:
        said = f"All {whole:,} boxes lie within one pixel, as shares of width and height do."
        remedy = "Multiply them by the width and the height of their picture."
        yield Finding("doubtful boxes", "error", None, tuple(where), whole, said, remedy)
    elif (count := int(beyond.sum())) > _MANY * whole:
        items = tuple(one for one, is_far in zip(where, beyond.tolist(), strict=True) if is_far)
        said = (
            f"{count:,} of {whole:,} boxes reach beyond their picture by over {_OVERHANG} pixels."
        )
        yield Finding("doubtful boxes", "error", None, items, count, said, f"{_LOOK.capitalize()}.")


def _findings(marks: _Marks, found: Annotated, told: list[str]) -> Iterator[Finding]:
    """Yield what is wrong with boxes, and what was done about them."""

    def items(chosen: Tensor) -> tuple[tuple[str, ...], ...]:
        places = chosen.nonzero().flatten().tolist()
        return tuple((told[int(marks.row[i])], _said(marks, i)) for i in places)

    width, height = (marks.boxes[:, 2:] - marks.boxes[:, :2]).unbind(1)
    is_empty = (width <= 0) | (height <= 0)
    is_out = ~marks.good & ~is_empty
    is_cut = marks.good & (marks.cut != marks.boxes).any(1)
    for chosen, kind, reason, remedy in (
        (is_empty, "empty box", "have no area: they end where they begin, or before, and"
         " are left out", "Correct the corners, or remove them."),
        (is_out, "box outside", "lie outside their picture, or more than 70% of them"
         " does, and are left out", "Look whether they belong to the picture."),
        (is_cut, "box cut", "reach beyond the edge of their picture and are cut there",
         "Nothing, if it is a pixel or two; else look whether they belong to the picture."),
    ):  # fmt: skip
        if count := int(chosen.sum()):
            said = f"{count:,} of {len(marks.boxes):,} boxes {reason}."
            severity = "note" if kind == "box cut" else "warning"
            yield Finding(kind, severity, None, items(chosen), count, said, remedy)
    yield from _unknown(marks, items)
    yield from _resized(marks, told)
    if faults := found.faults:
        are = "item of boxes cannot be read and is" if len(faults) == 1 else (
            "items of boxes cannot be read and are"
        )  # fmt: skip
        said = f"{len(faults):,} {are} left out."
        remedy = "Correct them; a picture without any other box is left out with them."
        yield Finding("faulty box", "warning", None, tuple(faults), len(faults), said, remedy)


def _unknown(
    marks: _Marks, items: Callable[[Tensor], tuple[tuple[str, ...], ...]]
) -> Iterator[Finding]:
    """Yield the boxes of classes that are not learnt."""
    for place in (1, 2):
        chosen = (marks.numbers < 0) & (marks.part[marks.row] == place)
        if count := int(chosen.sum()):
            strange = marks.labels[int(chosen.nonzero()[0])]
            meant = nearest(strange, marks.names) or "; rename it"
            yield Finding(
                "unknown class",
                "error",
                PARTS[place],
                items(chosen),
                count,
                f"{count:,} boxes of {PARTS[place]} are of a class that no training picture has,"
                f" such as '{strange}', and are left out: the score does not count them.",
                f"Join spellings (--rename '{strange}=NAME'{meant}), or add pictures to train.",
            )


def _resized(marks: _Marks, told: list[str]) -> Iterator[Finding]:
    """Yield the pictures that have another size than is said of them."""
    rows = [row for row, is_other in enumerate(marks.turning.resized) if is_other]
    if count := len(rows):
        yield Finding(
            "other size",
            "error",
            None,
            tuple((told[row],) for row in rows),
            count,
            f"{count:,} pictures have another size than their annotation says: they were scaled or"
            " turned later, and their boxes may lie elsewhere.",
            "Draw the boxes of the first ones; scale them as the pictures were, or take the"
            " pictures as they were.",
        )


def _said(marks: _Marks, place: int) -> str:
    corners = " ".join(f"{number:g}" for number in marks.boxes[place].tolist())
    return f"{marks.labels[place]} {corners}"


def _sides(found: Annotated, asked: Options) -> tuple[int, int]:
    """Return height and width for all pictures, as asked, or from their headers."""
    if asked.size is not None:
        return (asked.size, asked.size) if isinstance(asked.size, int) else asked.size
    seen = sizes(found.files)
    if len(seen) == 1 and max(next(iter(seen))) <= KEPT_SIZE:
        return next(iter(seen))
    why = f"{len(seen)} sizes" if len(seen) > 1 else f"more than {KEPT_SIZE} pixels a side"
    found.notes.append(
        f"{found.name}: its pictures have {why}, so each is scaled to lie inside {DEFAULT_SIZE} x "
        f"{DEFAULT_SIZE}, with its boxes; --size chooses another."
    )
    return DEFAULT_SIZE, DEFAULT_SIZE
