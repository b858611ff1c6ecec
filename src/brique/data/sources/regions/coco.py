"""COCO's JSON: one file with the boxes of many pictures."""

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from brique.data.files.place import Place, plain_name, read_content
from brique.data.sources.regions.annotations import (
    Box,
    ImageAnnotation,
    bounding_box,
    parse_json,
    parse_number,
    parse_size,
)
from brique.errors import DataError
from brique.schema.messages import short_repr

_NAMES = re.compile(r".*(instances|coco|annotation).*\.json|(train|valid|val|test|labels)\.json")
_OTHER_TASKS = re.compile(r".*(captions|panoptic|stuff).*\.json")  # other files of COCO
_SECTIONS = ("images", "annotations", "categories")
_EXPECTED_IDS = "expected image_id and category_id that are listed"


@dataclass
class CocoFile:
    """The content of a file.

    annotations: of each picture. faults: invalid items, and why.
    duplicate_names: names of two categories.
    """

    annotations: list[ImageAnnotation]
    faults: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    duplicate_names: list[str] = field(default_factory=list[str])


def is_coco(file: Place, head: bytes) -> bool:
    """Tell by name and content whether a file is COCO's JSON. head: its first bytes."""
    name = plain_name(file)
    if not name.endswith(".json") or _OTHER_TASKS.fullmatch(name):
        return False
    if not any(f'"{word}"'.encode() in head for word in (*_SECTIONS, "info", "licenses")):
        return False
    if _NAMES.fullmatch(name):
        return any(f'"{word}"'.encode() in head for word in _SECTIONS)
    raw = read_content(file)
    is_panoptic = b'"segments_info"' in raw
    return not is_panoptic and all(f'"{word}"'.encode() in raw for word in _SECTIONS)


def select_instances(json_files: Sequence[Place]) -> list[Place]:
    """Return the files to read; key points only if no other file gives boxes."""
    others = [file for file in json_files if "keypoints" not in plain_name(file)]
    return others or list(json_files)


def read_coco(file: Place) -> CocoFile:
    """Return the annotations in a file of COCO's JSON.

    Items that cannot be read are left out and reported. Raises DataError for another file.
    """
    data = parse_json(file)
    sections = {section: _section(file, data, section) for section in _SECTIONS}
    names = {
        normalize_id(one.get("id")): str(one.get("name") or "") for one in sections["categories"]
    }
    coco_file = CocoFile([])
    counts = Counter(names.values())
    coco_file.duplicate_names = [name for name, count in counts.items() if count > 1]
    pictures: dict[str | None, ImageAnnotation] = {}
    for index, entry in enumerate(sections["images"], 1):
        name, one = str(entry.get("file_name") or ""), normalize_id(entry.get("id"))
        if not name or one is None or one in pictures:
            actual = (
                f"file_name {short_repr(entry.get('file_name'))}, id {short_repr(entry.get('id'))}"
            )
            reason = f"expected file_name and an id of its own, got {actual}; correct it"
            coco_file.faults.append((f"{file.name}: image {index}", reason))
            continue
        size = parse_size(entry.get("height"), entry.get("width"))
        pictures[one] = ImageAnnotation(name, size, file)
    coco_file.annotations = list(pictures.values())
    for index, entry in enumerate(sections["annotations"], 1):
        annotation = pictures.get(normalize_id(entry.get("image_id")))
        where = f"{file.name}: annotation {index}"
        if annotation is None:
            reason = f"{_EXPECTED_IDS}, got {_describe_ids(entry)}; correct it"
            coco_file.faults.append((where, reason))
        else:
            _add_box(annotation, entry, where, names.get(normalize_id(entry.get("category_id"))))
    return coco_file


def _add_box(
    annotation: ImageAnnotation, entry: Mapping[str, Any], where: str, name: str | None
) -> None:
    """Add the box of an entry to the annotation of its picture, or the reason why not."""
    if normalize_id(entry.get("iscrowd")) not in (None, "0"):
        annotation.num_crowds += 1
        return
    bbox = entry.get("bbox")
    has_box = isinstance(bbox, list) and bool(cast("list[Any]", bbox))
    box = _corners(bbox) if has_box else _box_of_segmentation(entry.get("segmentation"))
    if not name:
        reason = f"{_EXPECTED_IDS}, got {_describe_ids(entry)}; correct it"
        annotation.faults.append((where, reason))
    elif box is None:
        reason = f"expected bbox with x, y, width, height, got {_describe_ids(entry)}; correct it"
        annotation.faults.append((where, reason))
    else:
        annotation.num_outlined += not has_box
        annotation.add(box, name)


def _corners(bbox: object) -> Box | None:
    """Return the corners of a bbox: x, y, width, height, as numbers or texts."""
    box = [parse_number(value) for value in cast("list[object]", bbox)]
    if len(box) != 4 or not all(map(math.isfinite, box)) or min(box[2:]) < 0:
        return None
    x, y, width, height = box
    return x, y, x + width, y + height


def _box_of_segmentation(segmentation: object) -> Box | None:
    """Return the bounding box of a segmentation: polygons, or runs of pixels (RLE)."""
    if isinstance(segmentation, dict):
        return _box_of_rle(cast("Mapping[str, Any]", segmentation))
    if not isinstance(segmentation, list):
        return None
    polygons = cast("list[Any]", segmentation)
    if polygons and not isinstance(polygons[0], list):
        polygons = [polygons]  # one polygon, not in a list of its own
    coordinates = [
        parse_number(value)
        for polygon in polygons
        if isinstance(polygon, list)
        for value in polygon
    ]
    return bounding_box(coordinates) if len(coordinates) >= 6 else None


def _box_of_rle(rle: Mapping[str, Any]) -> Box | None:
    """Return the bounding box of runs of pixels, by column, plain or compressed."""
    size, counts = rle.get("size"), rle.get("counts")
    runs = _decode_rle(counts) if isinstance(counts, str) else counts
    if not isinstance(size, list) or len(cast("list[Any]", size)) != 2:
        return None
    height, width = (parse_number(value) for value in cast("list[Any]", size))
    if not isinstance(runs, list) or not all(
        type(run) is int and run >= 0 for run in cast("list[Any]", runs)
    ):
        return None
    if not (height >= 1 and width >= 1) or sum(runs) > height * width:
        return None
    rows = int(height)
    boxes: list[Box] = []
    start = 0
    for index, run in enumerate(cast("list[int]", runs)):
        stop = start + run
        if index % 2 and run:  # the first run is background
            first, last = divmod(start, rows), divmod(stop - 1, rows)
            is_single_column = first[0] == last[0]
            top, bottom = (first[1], last[1] + 1) if is_single_column else (0, rows)
            boxes.append((first[0], top, last[0] + 1, bottom))
        start = stop
    return bounding_box([coordinate for box in boxes for coordinate in box])


def _decode_rle(text: str) -> list[int] | None:
    """Return the runs that COCO compresses into letters; None if damaged.

    Source: pycocotools, rleFrString: five bits a letter from 48 on, lowest first, the sixth says
        whether more follow; from the third run on what is written is the difference to the one two
        before.
    """
    runs: list[int] = []
    value = shift = 0
    for letter in text.encode("latin-1", "replace"):
        bits = letter - 48
        if not 0 <= bits < 64:
            return None
        value |= (bits & 31) << shift
        shift += 5
        if bits & 32:
            continue
        if bits & 16:
            value -= 1 << shift
        runs.append(value + (runs[-2] if len(runs) > 2 else 0))
        value = shift = 0
    return None if shift else runs


def _section(file: Place, data: object, section: str) -> list[Mapping[str, Any]]:
    """Return a section of COCO's JSON, a list of objects."""
    entries = cast("Any", data).get(section) if isinstance(data, dict) else None
    if not isinstance(entries, list) or any(
        not isinstance(entry, dict) for entry in cast("list[object]", entries)
    ):
        raise DataError(
            f"{file.name}: expected a list of objects named '{section}', got "
            f"{short_repr(cast('object', entries))}; give COCO's instances"
        )
    return cast("list[Mapping[str, Any]]", entries)


def normalize_id(value: object) -> str | None:
    """Return an id as a text: 3, 3.0 and "3" are equal. None if invalid."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int | str):
        return None
    return str(int(value) if isinstance(value, bool) else value).strip()


def _describe_ids(entry: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{name} {short_repr(entry.get(name))}" for name in ("image_id", "category_id", "bbox")
    )
