"""Pictures with named boxes: PASCAL VOC's XML, COCO's JSON."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from brique.data.asked import Asked
from brique.data.finding import Finding
from brique.data.place import Place, relative
from brique.data.ragged import Ragged
from brique.data.source import PARTS, Source
from brique.data.sources.annotated import Annotated, annotated, is_annotated
from brique.data.sources.decoding import decode
from brique.data.sources.masks import KEPT_SIZE, sizes
from brique.errors import DataError, nearest
from brique.schema import Boxes, Picture, Tags, natural
from brique.schema.pictures import Look
from brique.schema.regions import cut_boxes, moved

KIND: str = "boxes"
USES: frozenset[str] = frozenset({"size", "channels", "rename"})
DEFAULT_SIZE = 256


def fits(place: Place) -> bool:
    """Tell whether a folder holds pictures and annotations of boxes."""
    return place.is_dir() and is_annotated(place)


def read(name: str, place: Place, asked: Asked) -> Source:
    """Return pictures, their boxes and the classes of these, with the parts that lists name.

    size: height and width inside which each picture is scaled; by default the pictures' own, if it
        is one and at most 512, else 256 x 256.
    rename: classes that are to get another name.
    Raises DataError when no picture is annotated, or a file of COCO's JSON is damaged.
    """
    found = annotated(name, place)
    if not found.files:
        raise DataError(
            f"{name}: expected pictures with PASCAL VOC's XML or COCO's JSON, got none that is "
            f"annotated{found.first()}; check the path"
        )
    size = _sides(found, asked)
    decoded = decode(found.files, place, name, size=size, channels=asked.channels, inside=True)
    found.keep(decoded.kept.tolist())
    told = [relative(file, place) for file in found.files]
    looks = decoded.originals.looks
    marks = _Marks.of(found, looks, asked)
    findings = list(_findings(marks, told))
    boxes, classes = marks.placed(looks, decoded.kind)
    part = torch.tensor(found.parts, dtype=torch.uint8)
    return Source(
        name,
        {"image": decoded.pixels, "boxes": boxes, "classes": classes},
        {"image": decoded.kind, "boxes": Boxes(size), "classes": Tags(marks.names)},
        ("boxes", "classes"),
        part if part.any() else None,
        decoded.digests,
        skipped=found.skipped + decoded.skipped,
        notes=found.notes,
        originals=decoded.originals,
        names=told,
        findings=findings,
    )


@dataclass
class _Marks:
    """All boxes of all pictures, end to end.

    boxes, cut: (T, 4), as said, and cut to the picture. row: (T,), the picture of each.
    good: (T,), whether enough of it lies in its picture.
    labels: class of each. numbers: (T,), its place in `names`, -1 where no training picture has it.
    part: (N,), place in PARTS of each picture.
    resized: (N,), whether a picture has another size than its annotation says.
    """

    boxes: Tensor
    cut: Tensor
    row: Tensor
    good: Tensor
    labels: list[str]
    numbers: Tensor
    names: tuple[str, ...]
    part: Tensor
    resized: Tensor

    @classmethod
    def of(cls, found: Annotated, looks: Sequence[Look], asked: Asked) -> "_Marks":
        """Return the boxes that annotations hold. Raises DataError where train has none."""
        part = torch.tensor(found.parts)
        lengths = torch.tensor([len(marked.boxes) for marked in found.marked])
        row = torch.repeat_interleave(torch.arange(len(lengths)), lengths)
        listed = [box for marked in found.marked for box in marked.boxes]
        boxes = torch.tensor(listed, dtype=torch.float64).reshape(-1, 4)
        sides = torch.tensor([(look.width, look.height) * 2 for look in looks])
        cut, good = cut_boxes(boxes, sides[row])
        labels = [asked.renamed(label) for marked in found.marked for label in marked.classes]
        pairs = zip(labels, part[row].tolist(), strict=True)
        names = tuple(sorted({label for label, place in pairs if place == 0}, key=natural))
        if not names:
            raise DataError(
                f"{found.name}: no picture for training has a box, of {len(found.parts):,}; check "
                "the annotations"
            )
        place = {name: number for number, name in enumerate(names)}
        numbers = torch.tensor([place.get(label, -1) for label in labels], dtype=torch.int64)
        said = [marked.size for marked in found.marked]
        resized = torch.tensor(
            [s is not None and s != (k.height, k.width) for s, k in zip(said, looks, strict=True)]
        )
        return cls(boxes, cut, row, good, labels, numbers, names, part, resized)

    def placed(self, looks: Sequence[Look], picture: Picture) -> tuple[Ragged, Ragged]:
        """Return boxes and classes that are kept, where they lie in prepared pictures."""
        kept = self.good & (self.numbers >= 0)
        row = self.row[kept]
        places = [picture.placing((look.height, look.width)) for look in looks]
        boxes = moved(self.cut[kept], torch.tensor(places, dtype=torch.float64)[row])
        offsets = torch.zeros(len(looks) + 1, dtype=torch.int64)
        offsets[1:] = torch.bincount(row, minlength=len(looks)).cumsum(0)
        return Ragged(boxes.float(), offsets), Ragged(self.numbers[kept], offsets)


def _findings(marks: _Marks, told: list[str]) -> Iterator[Finding]:
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
    if count := int(marks.resized.sum()):
        rows = marks.resized.nonzero().flatten().tolist()
        yield Finding(
            "other size",
            "warning",
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


def _sides(found: Annotated, asked: Asked) -> tuple[int, int]:
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
