"""What annotation files say of boxes in one picture: PASCAL VOC's XML, LabelMe's JSON."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from brique.data.place import Place, content
from brique.errors import DataError
from brique.schema.words import short

Box = tuple[float, float, float, float]
_CORNERS = ("xmin", "ymin", "xmax", "ymax")
_FAR = 1e9  # no picture has so many pixels


@dataclass
class Marked:
    """What is said of one picture.

    name: of its file. size: (height, width) as it is said to be, or None.
    file: where it is said.
    boxes: x0, y0, x1, y1 as written. classes: their names.
    faults: where something is said that cannot be read, and why; it is left out.
    picture: the file, where it is known beyond its name.
    is_own: whether `file` speaks of this picture alone, and is named as it.
    part: "train", "valid" or "test", where it is said.
    is_relative: whether boxes are shares of width and height.
    swapped: boxes whose corners stood in wrong order. difficult: boxes that are marked so.
    crowds: boxes round many things, which are left out. outlined: boxes round an outline.
    """

    name: str
    size: tuple[int, int] | None
    file: Place
    boxes: list[Box] = field(default_factory=list[Box])
    classes: list[str] = field(default_factory=list[str])
    faults: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    picture: Place | None = None
    part: str | None = None
    is_own: bool = False
    is_relative: bool = False
    swapped: int = 0
    difficult: int = 0
    crowds: int = 0
    outlined: int = 0

    def add(self, box: Sequence[float], name: str) -> None:
        """Add a box by its corners, of which x0 and x1, or y0 and y1, may be swapped."""
        x0, y0, x1, y1 = box
        if x0 > x1 + 1 or y0 > y1 + 1:  # less is a box without area, as VOC counts pixels
            self.swapped += 1
            (x0, x1), (y0, y1) = sorted((x0, x1)), sorted((y0, y1))
        self.boxes.append((x0, y0, x1, y1))
        self.classes.append(name)


def voc(file: Place) -> Marked:
    """Return what a file of PASCAL VOC's XML says. Raises DataError."""
    root = _parsed(file)
    if root.tag.casefold() != "annotation":
        raise DataError(
            f"{file.name}: expected PASCAL VOC's XML, which begins with <annotation>, got"
            f" <{root.tag}>; export the boxes as PASCAL VOC, COCO or YOLO"
        )
    width, height = (root.findtext(f"size/{side}") for side in ("width", "height"))
    name = (root.findtext("filename") or "").strip()
    marked = Marked(name, sides(height, width), file, is_own=True)
    for place, thing in enumerate(root.iter("object"), 1):
        name = (thing.findtext("name") or "").strip()
        texts = [thing.findtext(f"bndbox/{corner}") for corner in _CORNERS]
        box = [number(text) for text in texts]
        if not name or not all(map(math.isfinite, box)):
            came = f"name {name!r}, {', '.join(str(text) for text in texts)}"
            reason = f"expected a name and xmin, ymin, xmax, ymax, got {came}; correct it"
            marked.faults.append((f"{file.name}: object {place}", reason))
            continue
        marked.difficult += (thing.findtext("difficult") or "").strip() == "1"
        marked.add(box, name)
    return marked


def labelme(file: Place) -> Marked:
    """Return what a file of LabelMe's JSON says. Raises DataError."""
    whole = parsed_json(file)
    known = cast("Mapping[str, Any]", whole if isinstance(whole, dict) else {})
    shapes = known.get("shapes")
    if not isinstance(shapes, list):
        raise DataError(f"{file.name}: expected LabelMe's JSON with a list of shapes; correct it")
    size = sides(known.get("imageHeight"), known.get("imageWidth"))
    marked = Marked(str(known.get("imagePath") or ""), size, file, is_own=True)
    for place, shape in enumerate(cast("list[Any]", shapes), 1):
        name, box = _shape(shape if isinstance(shape, dict) else {})
        if box is None or not name:
            reason = f"expected a label and points of a rectangle or polygon, got {short(shape)}"
            marked.faults.append((f"{file.name}: shape {place}", f"{reason}; correct it"))
        else:
            marked.outlined += shape.get("shape_type", "polygon") != "rectangle"
            marked.add(box, name)
    return marked


def _shape(shape: Mapping[str, Any]) -> tuple[str, Box | None]:
    """Return the label of a shape of LabelMe, and the box round it; None where it has none."""
    name, points = str(shape.get("label") or "").strip(), cast("Any", shape.get("points"))
    kind = shape.get("shape_type", "polygon")
    flat = [number(value) for point in points for value in point] if _are_pairs(points) else []
    if kind == "circle" and len(flat) == 4:
        x, y, radius = *flat[:2], math.dist(flat[:2], flat[2:])
        return name, (x - radius, y - radius, x + radius, y + radius)
    is_known = kind in ("rectangle", "polygon") and len(flat) >= (4 if kind == "rectangle" else 6)
    return name, around(flat) if is_known else None


def _are_pairs(points: Any) -> bool:  # noqa: ANN401 - JSON
    return isinstance(points, list) and all(
        isinstance(point, list) and len(cast("list[Any]", point)) == 2
        for point in cast("list[Any]", points)
    )


def around(flat: Sequence[float]) -> Box | None:
    """Return the box round points x, y, x, y, ...; None where there are none, or not finite."""
    if len(flat) < 4 or len(flat) % 2 or not all(abs(one) < _FAR for one in flat):
        return None
    return min(flat[::2]), min(flat[1::2]), max(flat[::2]), max(flat[1::2])


def number(value: object) -> float:
    """Return a number, or a text of one, as a float; NaN for all else and what is too far."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return math.nan
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return math.nan
    return found if abs(found) < _FAR else math.nan


def sides(height: object, width: object) -> tuple[int, int] | None:
    """Return (height, width) as it is said; None where either is not."""
    found = [number(height), number(width)]
    return (int(found[0]), int(found[1])) if all(one >= 1 for one in found) else None


def parsed_json(file: Place) -> object:
    """Return what a JSON file holds. Raises DataError where it is none."""
    try:
        return json.loads(content(file).removeprefix(b"\xef\xbb\xbf"))
    except (ValueError, RecursionError) as error:
        if isinstance(error, DataError):
            raise
        reason = str(error) if isinstance(error, ValueError) else "nested too deeply"
        raise DataError(f"{file.name}: is no JSON ({reason}); fetch it again") from error


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
