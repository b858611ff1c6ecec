"""COCO's JSON: the boxes that one file gives for many pictures."""

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from brique.data.place import Place, content, plain_name
from brique.data.sources.annotations import Box, Marked, around, number, parsed_json, sides
from brique.errors import DataError
from brique.schema.words import short

_NAMES = re.compile(r".*(instances|coco|annotation).*\.json|(train|valid|val|test|labels)\.json")
_OTHERS = re.compile(r".*(captions|panoptic|stuff).*\.json")  # what else COCO comes with
_TABLES = ("images", "annotations", "categories")
_LISTED = "expected image_id and category_id that are listed"


@dataclass
class Coco:
    """What a file says.

    marked: of each picture. faults: items of no picture, and why. twice: names of two categories.
    """

    marked: list[Marked]
    faults: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    twice: list[str] = field(default_factory=list[str])


def is_coco(file: Place, head: bytes) -> bool:
    """Tell by name and content whether a file is COCO's JSON. head: its first bytes."""
    name = plain_name(file)
    if not name.endswith(".json") or _OTHERS.fullmatch(name):
        return False
    if not any(f'"{word}"'.encode() in head for word in (*_TABLES, "info", "licenses")):
        return False
    if _NAMES.fullmatch(name):
        return any(f'"{word}"'.encode() in head for word in _TABLES)
    whole = content(file)
    is_panoptic = b'"segments_info"' in whole
    return not is_panoptic and all(f'"{word}"'.encode() in whole for word in _TABLES)


def chosen(tables: Sequence[Place]) -> list[Place]:
    """Return the files that are to be read: key points only where nothing else gives boxes."""
    others = [file for file in tables if "keypoints" not in plain_name(file)]
    return others or list(tables)


def coco(file: Place) -> Coco:
    """Return what a file of COCO's JSON says of each picture.

    Items that cannot be read are left out and named. Raises DataError where it is no such file.
    """
    whole = parsed_json(file)
    tables = {part: _table(file, whole, part) for part in _TABLES}
    names = {key(one.get("id")): str(one.get("name") or "") for one in tables["categories"]}
    found = Coco([])
    counts = Counter(names.values())
    found.twice = [name for name, count in counts.items() if count > 1]
    pictures: dict[str | None, Marked] = {}
    for place, entry in enumerate(tables["images"], 1):
        name, one = str(entry.get("file_name") or ""), key(entry.get("id"))
        if not name or one is None or one in pictures:
            came = f"file_name {short(entry.get('file_name'))}, id {short(entry.get('id'))}"
            reason = f"expected file_name and an id of its own, got {came}; correct it"
            found.faults.append((f"{file.name}: image {place}", reason))
            continue
        size = sides(entry.get("height"), entry.get("width"))
        pictures[one] = Marked(name, size, file)
    found.marked = list(pictures.values())
    for place, entry in enumerate(tables["annotations"], 1):
        marked = pictures.get(key(entry.get("image_id")))
        where = f"{file.name}: annotation {place}"
        if marked is None:
            reason = f"{_LISTED}, got {_said(entry)}; correct it"
            found.faults.append((where, reason))
        else:
            _add(marked, entry, where, names.get(key(entry.get("category_id"))))
    return found


def _add(marked: Marked, entry: Mapping[str, Any], where: str, name: str | None) -> None:
    """Add the box of an annotation to what is said of its picture, or why it is left out."""
    if key(entry.get("iscrowd")) not in (None, "0"):
        marked.crowds += 1
        return
    given = entry.get("bbox")
    has_box = isinstance(given, list) and bool(cast("list[Any]", given))
    box = _corners(given) if has_box else _outlined(entry.get("segmentation"))
    if not name:
        reason = f"{_LISTED}, got {_said(entry)}; correct it"
        marked.faults.append((where, reason))
    elif box is None:
        reason = f"expected bbox with x, y, width, height, got {_said(entry)}; correct it"
        marked.faults.append((where, reason))
    else:
        marked.outlined += not has_box
        marked.add(box, name)


def _corners(given: object) -> Box | None:
    """Return the corners of a bbox: x, y, width, height, as numbers or texts of such."""
    box = [number(one) for one in cast("list[object]", given)]
    if len(box) != 4 or not all(map(math.isfinite, box)) or min(box[2:]) < 0:
        return None
    x, y, width, height = box
    return x, y, x + width, y + height


def _outlined(given: object) -> Box | None:
    """Return the box round a segmentation: polygons, or runs of pixels (RLE)."""
    if isinstance(given, dict):
        return _round_runs(cast("Mapping[str, Any]", given))
    if not isinstance(given, list):
        return None
    polygons = cast("list[Any]", given)
    if polygons and not isinstance(polygons[0], list):
        polygons = [polygons]  # one polygon, not in a list of its own
    flat = [number(one) for polygon in polygons if isinstance(polygon, list) for one in polygon]
    return around(flat) if len(flat) >= 6 else None


def _round_runs(given: Mapping[str, Any]) -> Box | None:
    """Return the box round the pixels that runs give, column by column, plain or packed."""
    size, counts = given.get("size"), given.get("counts")
    runs = _unpacked(counts) if isinstance(counts, str) else counts
    if not isinstance(size, list) or len(cast("list[Any]", size)) != 2:
        return None
    height, width = (number(one) for one in cast("list[Any]", size))
    if not isinstance(runs, list) or not all(
        type(run) is int and run >= 0 for run in cast("list[Any]", runs)
    ):
        return None
    if not (height >= 1 and width >= 1) or sum(runs) > height * width:
        return None
    rows = int(height)
    boxes: list[Box] = []
    begin = 0
    for place, run in enumerate(cast("list[int]", runs)):
        end = begin + run
        if place % 2 and run:  # the first run counts what is left out
            first, last = divmod(begin, rows), divmod(end - 1, rows)
            is_one = first[0] == last[0]
            top, bottom = (first[1], last[1] + 1) if is_one else (0, rows)
            boxes.append((first[0], top, last[0] + 1, bottom))
        begin = end
    return around([side for box in boxes for side in box])


def _unpacked(text: str) -> list[int] | None:
    """Return the runs that COCO packs into letters; None where they are damaged.

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


def _table(file: Place, whole: object, part: str) -> list[Mapping[str, Any]]:
    """Return a list of objects that COCO's JSON holds."""
    entries = cast("Any", whole).get(part) if isinstance(whole, dict) else None
    if not isinstance(entries, list) or any(
        not isinstance(entry, dict) for entry in cast("list[object]", entries)
    ):
        raise DataError(
            f"{file.name}: expected a list of objects named '{part}', got "
            f"{short(cast('object', entries))}; give COCO's instances"
        )
    return cast("list[Mapping[str, Any]]", entries)


def key(value: object) -> str | None:
    """Return an id as a text: 3, 3.0 and "3" are one. None where it is none."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int | str):
        return None
    return str(int(value) if isinstance(value, bool) else value).strip()


def _said(entry: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{name} {short(entry.get(name))}" for name in ("image_id", "category_id", "bbox")
    )
