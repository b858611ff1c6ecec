"""The annotation of one picture: PASCAL VOC's XML, LabelMe's JSON."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from brique.data.files.place import Place, read_content
from brique.errors import DataError
from brique.schema.messages import short_repr

Box = tuple[float, float, float, float]
_CORNERS = ("xmin", "ymin", "xmax", "ymax")
_MAX_COORDINATE = 1e9  # more pixels than any picture has


@dataclass
class ImageAnnotation:
    """The annotation of one picture.

    name: of its file. size: (height, width) as annotated, or None.
    file: the annotation file.
    boxes: x0, y0, x1, y1 as written. classes: their names.
    faults: (location, reason) of items that cannot be read; they are left out.
    picture: the file, if known beyond its name.
    is_sidecar: whether `file` annotates this picture alone, and has its name.
    part: "train", "valid" or "test", if given.
    is_relative: whether boxes are fractions of width and height.
    num_swapped: boxes with swapped corners. num_difficult: boxes that are marked difficult.
    num_crowds: boxes around crowds, which are left out. num_outlined: boxes around an outline.
    """

    name: str
    size: tuple[int, int] | None
    file: Place
    boxes: list[Box] = field(default_factory=list[Box])
    classes: list[str] = field(default_factory=list[str])
    faults: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    picture: Place | None = None
    part: str | None = None
    is_sidecar: bool = False
    is_relative: bool = False
    num_swapped: int = 0
    num_difficult: int = 0
    num_crowds: int = 0
    num_outlined: int = 0

    def add(self, box: Sequence[float], name: str) -> None:
        """Add a box by its corners; x0 and x1, or y0 and y1, may be swapped."""
        x0, y0, x1, y1 = box
        if x0 > x1 + 1 or y0 > y1 + 1:  # a smaller difference is an empty box in VOC
            self.num_swapped += 1
            (x0, x1), (y0, y1) = sorted((x0, x1)), sorted((y0, y1))
        self.boxes.append((x0, y0, x1, y1))
        self.classes.append(name)


def read_voc(file: Place) -> ImageAnnotation:
    """Return the annotation in a file of PASCAL VOC's XML. Raises DataError."""
    root = _parse_xml(file)
    if root.tag.casefold() != "annotation":
        raise DataError(
            f"{file.name}: expected PASCAL VOC's XML, which begins with <annotation>, got"
            f" <{root.tag}>; export the boxes as PASCAL VOC, COCO or YOLO"
        )
    width, height = (root.findtext(f"size/{side}") for side in ("width", "height"))
    name = (root.findtext("filename") or "").strip()
    annotation = ImageAnnotation(name, parse_size(height, width), file, is_sidecar=True)
    for index, element in enumerate(root.iter("object"), 1):
        name = (element.findtext("name") or "").strip()
        texts = [element.findtext(f"bndbox/{corner}") for corner in _CORNERS]
        box = [parse_number(text) for text in texts]
        if not name or not all(map(math.isfinite, box)):
            actual = f"name {name!r}, {', '.join(str(text) for text in texts)}"
            reason = f"expected a name and xmin, ymin, xmax, ymax, got {actual}; correct it"
            annotation.faults.append((f"{file.name}: object {index}", reason))
            continue
        annotation.num_difficult += (element.findtext("difficult") or "").strip() == "1"
        annotation.add(box, name)
    return annotation


def read_labelme(file: Place) -> ImageAnnotation:
    """Return the annotation in a file of LabelMe's JSON. Raises DataError."""
    data = parse_json(file)
    fields = cast("Mapping[str, Any]", data if isinstance(data, dict) else {})
    shapes = fields.get("shapes")
    if not isinstance(shapes, list):
        raise DataError(f"{file.name}: expected LabelMe's JSON with a list of shapes; correct it")
    size = parse_size(fields.get("imageHeight"), fields.get("imageWidth"))
    annotation = ImageAnnotation(str(fields.get("imagePath") or ""), size, file, is_sidecar=True)
    for index, shape in enumerate(cast("list[Any]", shapes), 1):
        name, box = _parse_shape(shape if isinstance(shape, dict) else {})
        if box is None or not name:
            reason = (
                f"expected a label and points of a rectangle or polygon, got {short_repr(shape)}"
            )
            annotation.faults.append((f"{file.name}: shape {index}", f"{reason}; correct it"))
        else:
            annotation.num_outlined += shape.get("shape_type", "polygon") != "rectangle"
            annotation.add(box, name)
    return annotation


def _parse_shape(shape: Mapping[str, Any]) -> tuple[str, Box | None]:
    """Return the label of a LabelMe shape and its bounding box, or None."""
    name, points = str(shape.get("label") or "").strip(), cast("Any", shape.get("points"))
    kind = shape.get("shape_type", "polygon")
    coordinates = (
        [parse_number(value) for point in points for value in point] if _are_pairs(points) else []
    )
    if kind == "circle" and len(coordinates) == 4:
        x, y, radius = *coordinates[:2], math.dist(coordinates[:2], coordinates[2:])
        return name, (x - radius, y - radius, x + radius, y + radius)
    is_known = kind in ("rectangle", "polygon") and len(coordinates) >= (
        4 if kind == "rectangle" else 6
    )
    return name, bounding_box(coordinates) if is_known else None


def _are_pairs(points: Any) -> bool:  # noqa: ANN401 - JSON
    return isinstance(points, list) and all(
        isinstance(point, list) and len(cast("list[Any]", point)) == 2
        for point in cast("list[Any]", points)
    )


def bounding_box(coordinates: Sequence[float]) -> Box | None:
    """Return the bounding box of points x, y, x, y, ...; None if empty or not finite."""
    if (
        len(coordinates) < 4
        or len(coordinates) % 2
        or not all(abs(coordinate) < _MAX_COORDINATE for coordinate in coordinates)
    ):
        return None
    return (
        min(coordinates[::2]),
        min(coordinates[1::2]),
        max(coordinates[::2]),
        max(coordinates[1::2]),
    )


def parse_number(value: object) -> float:
    """Return a number, or a text of one, as a float; NaN for other values and too large ones."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return math.nan
    try:
        parsed = float(value)
    except (ValueError, OverflowError):
        return math.nan
    return parsed if abs(parsed) < _MAX_COORDINATE else math.nan


def parse_size(height: object, width: object) -> tuple[int, int] | None:
    """Return (height, width); None if either is not a number."""
    values = [parse_number(height), parse_number(width)]
    return (int(values[0]), int(values[1])) if all(value >= 1 for value in values) else None


def parse_json(file: Place) -> object:
    """Return the content of a JSON file. Raises DataError if it is invalid."""
    try:
        return json.loads(read_content(file).removeprefix(b"\xef\xbb\xbf"))
    except (ValueError, RecursionError) as error:
        if isinstance(error, DataError):
            raise
        reason = str(error) if isinstance(error, ValueError) else "nested too deeply"
        raise DataError(f"{file.name}: is not valid JSON ({reason}); fetch it again") from error


def _parse_xml(file: Place) -> Element:
    """Return the root of an XML file. Raises DataError if it is invalid, or defines entities."""
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
        parser.Parse(read_content(file), True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"{file.name}: is not valid XML ({error}); replace it") from error
    return builder.close()
