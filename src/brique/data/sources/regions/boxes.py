"""Pictures with labeled boxes: COCO's and LabelMe's JSON, PASCAL VOC's XML, YOLO's .txt, tables."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from brique.data.core.ragged import Ragged
from brique.data.files.place import Place, relative
from brique.data.finding import Finding
from brique.data.raw.source import PARTS, Source
from brique.data.sources.decoding import decode
from brique.data.sources.regions.annotation_files import (
    AnnotatedPictures,
    find_annotated,
    is_annotated,
)
from brique.data.sources.regions.annotations import ImageAnnotation
from brique.data.sources.regions.box_orientation import BoxOrientation, detect_box_orientation
from brique.data.sources.regions.masks import MAX_NATIVE_SIZE, count_sizes
from brique.errors import DataError, did_you_mean
from brique.options import Options
from brique.schema import Boxes, Picture, Tags, natural_key
from brique.schema.pictures import PictureInfo
from brique.schema.regions import clip_boxes, orient_boxes, transform_boxes

KIND: str = "boxes"
USES: frozenset[str] = frozenset({"size", "channels", "rename"})
DEFAULT_SIZE = 256
_OVERHANG, _MAX_OVERHANG_SHARE = (
    2,
    0.25,
)  # pixels beyond an edge, and share of boxes, that are no typos
_CHECK_HINT = (
    "check whether annotations give corners, or width and height, in pixels of these pictures"
)


def fits(place: Place) -> bool:
    """Tell whether a folder holds pictures and annotations of boxes."""
    return place.is_dir() and is_annotated(place)


def read(name: str, place: Place, options: Options) -> Source:
    """Return pictures with labeled boxes, and the parts that lists give.

    size: height and width that each picture is scaled to fit into; by default their common size, if
        at most 512, else 256 x 256.
    rename: new names of classes.
    Raises DataError when no picture is annotated, or a file of COCO's JSON is damaged.
    """
    examples = find_annotated(name, place)
    if not examples.files:
        raise DataError(
            f"{name}: expected pictures with PASCAL VOC's XML or COCO's JSON, YOLO's .txt files,"
            " LabelMe's JSON or a table of boxes, got none that is"
            f" annotated{examples.first_problem()}; check the path"
        )
    size = _picture_size(examples, options)
    decoded = decode(examples.files, place, name, size=size, channels=options.channels, inside=True)
    examples.keep_rows(decoded.indices.tolist())
    box_table = _BoxTable.from_annotations(examples, decoded.image_metadata.infos, options)
    doubt_findings = list(
        _check_units(box_table, [relative(file, place) for file in examples.files])
    )
    if len(usable := box_table.usable_pictures(examples)) < len(examples.files):
        examples.keep_rows(usable.tolist())
        if not len(usable):
            raise DataError(
                f"{name}: no box lies inside its picture{examples.first_problem()}; {_CHECK_HINT}"
            )
        decoded = decoded.select(usable)
        box_table = _BoxTable.from_annotations(examples, decoded.image_metadata.infos, options)
    file_names = [relative(file, place) for file in examples.files]
    findings = list(_findings(box_table, examples, file_names))
    boxes, classes = box_table.map_to_picture(decoded.image_metadata.infos, decoded.kind)
    part = torch.tensor(examples.parts, dtype=torch.uint8)
    return Source(
        name,
        {"image": decoded.pixels, "boxes": boxes, "classes": classes},
        {"image": decoded.kind, "boxes": Boxes(size), "classes": Tags(box_table.class_names)},
        ("boxes", "classes"),
        part if part.any() else None,
        decoded.digests,
        skipped=examples.skipped + decoded.skipped,
        notes=examples.notes + box_table.orientation.notes,
        image_metadata=decoded.image_metadata,
        names=file_names,
        findings=[*examples.findings, *box_table.orientation.findings, *doubt_findings, *findings],
    )


@dataclass
class _BoxTable:
    """All boxes of all pictures, concatenated.

    boxes, clipped: (T, 4), in pixels of the upright picture, and clipped to it.
    row: (T,), the picture of each. is_usable: (T,), whether enough of it lies inside its picture.
    labels: class of each. numbers: (T,), its index into `class_names`, -1 for an unknown class.
    part: (N,), index into PARTS of each picture.
    orientation: which boxes refer to stored pixels, and which pictures have another size.
    """

    boxes: Tensor
    clipped: Tensor
    picture_indices: Tensor
    is_usable: Tensor
    labels: list[str]
    class_indices: Tensor
    class_names: tuple[str, ...]
    part: Tensor
    orientation: BoxOrientation

    @classmethod
    def from_annotations(
        cls, examples: AnnotatedPictures, infos: Sequence[PictureInfo], options: Options
    ) -> "_BoxTable":
        """Return the boxes of annotations. Raises DataError if train has none."""
        part = torch.tensor(examples.parts)
        box_counts = torch.tensor([len(annotation.boxes) for annotation in examples.annotations])
        picture_indices = torch.repeat_interleave(torch.arange(len(box_counts)), box_counts)
        file_names = [relative(file, examples.root) for file in examples.files]
        orientation = detect_box_orientation(examples.name, examples.annotations, infos, file_names)
        triples = zip(examples.annotations, infos, orientation.is_stored, strict=True)
        boxes = torch.cat([torch.zeros(0, 4).double(), *(_to_upright(*one) for one in triples)])
        extents = torch.tensor([(info.width, info.height) * 2 for info in infos])
        clipped, is_usable = clip_boxes(boxes, extents[picture_indices])
        labels = [
            options.renamed(label)
            for annotation in examples.annotations
            for label in annotation.classes
        ]
        pairs = zip(labels, part[picture_indices].tolist(), strict=True)
        class_names = tuple(
            sorted({label for label, index in pairs if index == 0}, key=natural_key)
        )
        if not class_names:
            raise DataError(
                f"{examples.name}: no picture for training has a box, of {len(examples.parts):,}"
                f"{examples.first_problem()}; check the annotations"
            )
        index = {name: number for number, name in enumerate(class_names)}
        class_indices = torch.tensor([index.get(label, -1) for label in labels], dtype=torch.int64)
        return cls(
            boxes,
            clipped,
            picture_indices,
            is_usable,
            labels,
            class_indices,
            class_names,
            part,
            orientation,
        )

    def usable_pictures(self, examples: AnnotatedPictures) -> np.ndarray:
        """Return the indices of the pictures without boxes, or with a usable box.

        Pictures with unusable boxes only do show objects, so they are left out.
        """
        box_counts = np.bincount(self.picture_indices, minlength=len(examples.files))
        usable_counts = np.bincount(
            self.picture_indices[self.is_usable], minlength=len(examples.files)
        )
        for picture in np.flatnonzero((box_counts > 0) & (usable_counts == 0)).tolist():
            box_index = int((self.picture_indices == picture).nonzero()[0])
            reason = (
                f"none of its boxes has an area in it, such as {_describe_box(self, box_index)}"
            )
            examples.skip(examples.files[picture], reason)
        return np.flatnonzero((box_counts == 0) | (usable_counts > 0))

    def map_to_picture(
        self, infos: Sequence[PictureInfo], picture: Picture
    ) -> tuple[Ragged, Ragged]:
        """Return the boxes in prepared pictures that are kept, and their classes."""
        is_selected = self.is_usable & (self.class_indices >= 0)
        picture_indices = self.picture_indices[is_selected]
        placements = [picture.resize_transform((info.height, info.width)) for info in infos]
        boxes = transform_boxes(
            self.clipped[is_selected],
            torch.tensor(placements, dtype=torch.float64)[picture_indices],
        )
        offsets = torch.zeros(len(infos) + 1, dtype=torch.int64)
        offsets[1:] = torch.bincount(picture_indices, minlength=len(infos)).cumsum(0)
        return Ragged(boxes.float(), offsets), Ragged(self.class_indices[is_selected], offsets)


def _to_upright(annotation: ImageAnnotation, info: PictureInfo, is_stored: bool) -> Tensor:
    """Return the boxes of a picture in pixels of the upright picture: (T, 4), float64."""
    height, width = info.orientation.stored_size if is_stored else (info.height, info.width)
    boxes = torch.tensor(annotation.boxes, dtype=torch.float64).reshape(-1, 4)
    if annotation.is_relative:
        boxes = boxes * torch.tensor([width, height, width, height])
    return orient_boxes(boxes, info.orientation.number, (height, width)) if is_stored else boxes


def _check_units(box_table: _BoxTable, file_names: list[str]) -> Iterator[Finding]:
    """Yield an error if the numbers of boxes seem to have another unit or format."""
    boxes, total = box_table.boxes, len(box_table.boxes)
    is_beyond = (box_table.clipped - boxes).abs().amax(1) > _OVERHANG
    all_items = [(file_names[row], "{:g} {:g} {:g} {:g}".format(*box)) for row, box in zip(
        box_table.picture_indices.tolist(), boxes.tolist(), strict=True)]  # fmt: skip
    if total and float(boxes.max()) <= 1:
        reason = f"All {total:,} boxes lie within one pixel, like fractions of width and height."
        remedy = "Multiply them by the width and the height of their picture."
        yield Finding("doubtful boxes", "error", None, tuple(all_items), total, reason, remedy)
    elif (count := int(is_beyond.sum())) > _MAX_OVERHANG_SHARE * total:
        items = tuple(
            item for item, is_far in zip(all_items, is_beyond.tolist(), strict=True) if is_far
        )
        reason = (
            f"{count:,} of {total:,} boxes extend beyond their picture by over {_OVERHANG} pixels."
        )
        yield Finding(
            "doubtful boxes", "error", None, items, count, reason, f"{_CHECK_HINT.capitalize()}."
        )


def _findings(
    box_table: _BoxTable, examples: AnnotatedPictures, file_names: list[str]
) -> Iterator[Finding]:
    """Yield findings on invalid and changed boxes."""

    def items(mask: Tensor) -> tuple[tuple[str, ...], ...]:
        indices = mask.nonzero().flatten().tolist()
        return tuple(
            (file_names[int(box_table.picture_indices[i])], _describe_box(box_table, i))
            for i in indices
        )

    width, height = (box_table.boxes[:, 2:] - box_table.boxes[:, :2]).unbind(1)
    is_empty = (width <= 0) | (height <= 0)
    is_outside = ~box_table.is_usable & ~is_empty
    is_clipped = box_table.is_usable & (box_table.clipped != box_table.boxes).any(1)
    for mask, kind, reason, remedy in (
        (is_empty, "empty box", "have no area: they end where they begin, or before, and"
         " are left out", "Correct the corners, or remove them."),
        (is_outside, "box outside", "lie outside their picture, or more than 70% of them"
         " does, and are left out", "Check whether they belong to the picture."),
        (is_clipped, "box cut", "extend beyond the edge of their picture and are clipped",
         "Nothing, if it is a pixel or two; else check whether they belong to the picture."),
    ):  # fmt: skip
        if count := int(mask.sum()):
            message = f"{count:,} of {len(box_table.boxes):,} boxes {reason}."
            severity = "note" if kind == "box cut" else "warning"
            yield Finding(kind, severity, None, items(mask), count, message, remedy)
    yield from _unknown_classes(box_table, items)
    yield from _resized_pictures(box_table, file_names)
    if faults := examples.faults:
        phrase = "item of boxes cannot be read and is" if len(faults) == 1 else (
            "items of boxes cannot be read and are"
        )  # fmt: skip
        message = f"{len(faults):,} {phrase} left out."
        remedy = "Correct them; a picture without any other box is left out with them."
        yield Finding("faulty box", "warning", None, tuple(faults), len(faults), message, remedy)


def _unknown_classes(
    box_table: _BoxTable, items: Callable[[Tensor], tuple[tuple[str, ...], ...]]
) -> Iterator[Finding]:
    """Yield a finding on boxes of classes that train lacks."""
    for part in (1, 2):
        mask = (box_table.class_indices < 0) & (box_table.part[box_table.picture_indices] == part)
        if count := int(mask.sum()):
            unknown = box_table.labels[int(mask.nonzero()[0])]
            suggestion = did_you_mean(unknown, box_table.class_names) or "; rename it"
            yield Finding(
                "unknown class",
                "error",
                PARTS[part],
                items(mask),
                count,
                f"{count:,} boxes of {PARTS[part]} have a class that no training picture has,"
                f" such as '{unknown}', and are left out: scores exclude them.",
                f"Merge spellings (--rename '{unknown}=NAME'{suggestion}), or add pictures to"
                " train.",
            )


def _resized_pictures(box_table: _BoxTable, file_names: list[str]) -> Iterator[Finding]:
    """Yield a finding on pictures whose size differs from the annotated one."""
    rows = [row for row, is_resized in enumerate(box_table.orientation.is_resized) if is_resized]
    if count := len(rows):
        yield Finding(
            "other size",
            "error",
            None,
            tuple((file_names[row],) for row in rows),
            count,
            f"{count:,} pictures have another size than in their annotation: they were scaled or"
            " rotated later, and their boxes may be misplaced.",
            "View the boxes of the first ones; scale them like the pictures, or use the"
            " original pictures.",
        )


def _describe_box(box_table: _BoxTable, index: int) -> str:
    corners = " ".join(f"{number:g}" for number in box_table.boxes[index].tolist())
    return f"{box_table.labels[index]} {corners}"


def _picture_size(examples: AnnotatedPictures, options: Options) -> tuple[int, int]:
    """Return height and width for all pictures, by the options or from their headers."""
    if options.size is not None:
        return (options.size, options.size) if isinstance(options.size, int) else options.size
    all_sizes = count_sizes(examples.files)
    if len(all_sizes) == 1 and max(next(iter(all_sizes))) <= MAX_NATIVE_SIZE:
        return next(iter(all_sizes))
    reason = (
        f"{len(all_sizes)} sizes"
        if len(all_sizes) > 1
        else f"more than {MAX_NATIVE_SIZE} pixels a side"
    )
    examples.notes.append(
        f"{examples.name}: its pictures have {reason}, so each is scaled to fit into"
        f" {DEFAULT_SIZE} x {DEFAULT_SIZE}, with its boxes; --size chooses another."
    )
    return DEFAULT_SIZE, DEFAULT_SIZE
