"""What annotation files say of boxes in pictures: PASCAL VOC's XML and COCO's JSON."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from brique.data.place import Place, content
from brique.errors import DataError
from brique.schema.words import short

_CORNERS = ("xmin", "ymin", "xmax", "ymax")


@dataclass
class Marked:
    """What is said of one picture.

    name: of its file. size: (height, width) as it is said to be, or None.
    boxes: x0, y0, x1, y1 as written. classes: their names. file: where it is said.
    """

    name: str
    size: tuple[int, int] | None
    file: Place
    boxes: list[tuple[float, ...]] = field(default_factory=list[tuple[float, ...]])
    classes: list[str] = field(default_factory=list[str])


def voc(file: Place) -> Marked:
    """Return what a file of PASCAL VOC's XML says. Raises DataError."""
    root = _parsed(file)
    width, height = (_whole(root.findtext(f"size/{side}")) for side in ("width", "height"))
    size = (height, width) if height and width else None
    marked = Marked((root.findtext("filename") or "").strip(), size, file)
    for place, thing in enumerate(root.iter("object"), 1):
        name = (thing.findtext("name") or "").strip()
        texts = [thing.findtext(f"bndbox/{corner}") for corner in _CORNERS]
        box = tuple(_number(text) for text in texts)
        if not name or not all(math.isfinite(number) for number in box):
            came = f"name {name!r}, {', '.join(str(text) for text in texts)}"
            raise DataError(
                f"{file.name}: object {place}: expected a name and xmin, ymin, xmax, ymax, got "
                f"{came}; correct it"
            )
        marked.boxes.append(box)
        marked.classes.append(name)
    return marked


def coco(file: Place) -> tuple[list[Marked], int]:
    """Return what a file of COCO's JSON says of each picture, and how many crowds it left out.

    Raises DataError where it is no such file; it is believed nothing.
    """
    try:
        whole = json.loads(content(file))
    except (ValueError, RecursionError) as error:
        reason = str(error) if isinstance(error, ValueError) else "nested too deeply"
        raise DataError(f"{file.name}: is no JSON ({reason}); fetch it again") from error
    tables = {part: _table(file, whole, part) for part in ("images", "annotations", "categories")}
    names = {_id(entry): str(entry.get("name") or "") for entry in tables["categories"]}
    found: dict[object, Marked] = {}
    for entry in tables["images"]:
        height, width = entry.get("height"), entry.get("width")
        size = (height, width) if type(height) is int and type(width) is int else None
        found[_id(entry)] = Marked(str(entry.get("file_name") or ""), size, file)
    crowds = 0
    for place, entry in enumerate(tables["annotations"], 1):
        if entry.get("iscrowd"):
            crowds += 1
            continue
        marked = found.get(_id(entry, "image_id"))
        name = names.get(_id(entry, "category_id"))
        box = entry.get("bbox")
        if marked is None or not name or not _is_box(box):
            raise DataError(
                f"{file.name}: annotation {place}: expected image_id and category_id that are "
                f"listed, and bbox with x, y, width, height, got {_said(entry)}; correct it"
            )
        x, y, width, height = (float(number) for number in cast("list[float]", box))
        marked.boxes.append((x, y, x + width, y + height))
        marked.classes.append(name)
    return list(found.values()), crowds


def _parsed(file: Place) -> Element:
    """Return an XML file's root. Raises DataError where it is none, or defines entities."""
    builder, parser = TreeBuilder(), expat.ParserCreate()

    def refuse(*_: object) -> None:
        raise DataError(
            f"{file.name}: expected plain XML, got a DOCTYPE, which can make a small file fill the "
            "memory; remove it"
        )

    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(content(file), True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"{file.name}: is no XML ({error}); replace it") from error
    return builder.close()


def _number(text: str | None) -> float:
    try:
        return float(text or "nan")
    except ValueError:
        return math.nan


def _whole(text: str | None) -> int:
    number = _number(text)
    return int(number) if math.isfinite(number) and number > 0 else 0


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


def _id(entry: Mapping[str, Any], key: str = "id") -> object:
    found = entry.get(key)
    return found if isinstance(found, int | str) else None


def _is_box(box: object) -> bool:
    if not isinstance(box, list) or len(cast("list[object]", box)) != 4:
        return False
    return all(
        type(number) in (int, float) and abs(number) < 1e9  # false for NaN too
        for number in cast("list[float]", box)
    )


def _said(entry: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{key} {short(entry.get(key))}" for key in ("image_id", "category_id", "bbox")
    )
