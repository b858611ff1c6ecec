"""Cases of boxes: turned photographs, odd COCO files, the text of YOLO."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from brique import data
from brique.data import audit
from situations import each, expect, expect_finding, expect_refusal, variant, write
from situations.drawn import SIZE, boxes, patch, save, stored_box

HEIGHT, WIDTH = SIZE
Box = tuple[int, ...]

# 14: boxes turn with their picture, where the stated size is the stored one


def voc(name: str, box: Box, size: tuple[int, int]) -> str:
    """Return VOC's XML of one box, whose pixels count from 1."""
    x0, y0, x1, y1 = box
    return (
        f"<annotation><filename>{name}</filename><size><width>{size[1]}</width>"
        f"<height>{size[0]}</height><depth>3</depth></size><object><name>lamp</name><bndbox>"
        f"<xmin>{x0 + 1}</xmin><ymin>{y0 + 1}</ymin><xmax>{x1}</xmax><ymax>{y1}</ymax>"
        "</bndbox></object></annotation>"
    )


def coco(things: dict[str, tuple[Box, tuple[int, int]]]) -> dict[str, Any]:
    """Return COCO's JSON: by file its box and its size (height, width)."""
    images = [{"id": n, "file_name": name, "height": size[0], "width": size[1]}
              for n, (name, (_, size)) in enumerate(things.items())]  # fmt: skip
    marks = [
        {"id": n, "image_id": n, "category_id": 7, "bbox": [x0, y0, x1 - x0, y1 - y0],
         "area": (x1 - x0) * (y1 - y0), "iscrowd": 0}
        for n, ((x0, y0, x1, y1), _) in enumerate(things.values())
    ]  # fmt: skip
    return {"images": images, "annotations": marks, "categories": [{"id": 7, "name": "lamp"}]}


def write_voc(at: Path, things: dict[str, tuple[Box, tuple[int, int]]]) -> None:
    """Write a file of VOC's XML beside each picture."""
    for name, (box, size) in things.items():
        write(at / Path(name).with_suffix(".xml"), voc(name, box, size))


def write_coco(at: Path, things: dict[str, tuple[Box, tuple[int, int]]]) -> None:
    """Write annotations.json."""
    write(at / "annotations.json", json.dumps(coco(things)))


def write_labelme(at: Path, things: dict[str, tuple[Box, tuple[int, int]]]) -> None:
    """Write a file of LabelMe's JSON beside each picture."""
    for name, ((x0, y0, x1, y1), size) in things.items():
        shape = {"label": "lamp", "points": [[x0, y0], [x1, y1]], "shape_type": "rectangle"}
        whole = {"shapes": [shape], "imagePath": name, "imageHeight": size[0]}
        write(at / Path(name).with_suffix(".json"), json.dumps(whole | {"imageWidth": size[1]}))


def write_csv(at: Path, things: dict[str, tuple[Box, tuple[int, int]]]) -> None:
    """Write a table of boxes with the sizes of their pictures."""
    rows = [f"{name},{size[1]},{size[0]},lamp,{','.join(map(str, box))}"
            for name, (box, size) in things.items()]  # fmt: skip
    write(at / "boxes.csv", "\n".join(["filename,width,height,class,xmin,ymin,xmax,ymax", *rows]))


def turned(
    at: Path, orientations: tuple[int, ...], size: tuple[int, int], *, is_stored: bool
) -> tuple[dict[str, tuple[Box, tuple[int, int]]], dict[str, list[tuple[str, tuple[float, ...]]]]]:
    """Draw 20 turned pictures; return what a tool says of each, and what is right."""
    told: dict[str, tuple[Box, tuple[int, int]]] = {}
    right: dict[str, list[tuple[str, tuple[float, ...]]]] = {}
    for n in range(20):
        orientation = orientations[n % len(orientations)]
        pixels, box = patch(n, size)
        save(pixels, at / f"{n}.jpg", orientation)
        right[str(n)] = [("lamp", tuple(map(float, box)))]
        stored = size if orientation < 5 else size[::-1]
        told[f"{n}.jpg"] = (
            (stored_box(box, orientation, size), stored) if is_stored else (box, size)
        )
    return told, right


def turned_boxes(at: Path, given: tuple[Callable[..., None], tuple[int, ...], bool]) -> None:
    """Check that boxes lie on the bright patch, by their numbers and by the pixels."""
    written, orientations, is_stored = given
    told, right = turned(at, orientations, SIZE, is_stored=is_stored)
    written(at, told)
    opened = data.open(at, size=SIZE)
    expect(boxes(opened), right)
    for split in (opened.train, opened.valid, opened.test):
        for one in split:
            x0, y0, x1, y1 = one["boxes"][0].int().tolist()
            expect(float(one["image"][0, y0 + 1 : y1 - 1, x0 + 1 : x1 - 1].min()) > 0.7, True)


each("14", "the boxes lie on the thing as it is seen", turned_boxes, {
    "COCO as seen, quarter turns": (write_coco, (6,), False),
    "VOC as stored, quarter turns": (write_voc, (6,), True),
    "COCO as seen, four quarter turns": (write_coco, (5, 6, 7, 8), False),
    "COCO as stored, four quarter turns": (write_coco, (5, 6, 7, 8), True),
    "VOC as seen, turned left": (write_voc, (8,), False),
    "LabelMe as stored": (write_labelme, (6, 8), True),
    "LabelMe as seen": (write_labelme, (6, 8), False),
    "CSV with sizes, as stored": (write_csv, (6, 8), True),
    "CSV with sizes, as seen": (write_csv, (6, 8), False),
    "some turned as stored, some upright": (write_voc, (1, 6), True),
})  # fmt: skip


def undecided(
    at: Path, given: tuple[Callable[..., None], tuple[int, ...], tuple[int, int]]
) -> None:
    """Check that an error says so where the size tells nothing."""
    written, orientations, size = given
    told, _ = turned(at, orientations, size, is_stored=True)
    written(at, told)
    expect_finding(data.open(at), "turned pictures", "error", "nothing tells whether")


def write_yolo(at: Path, things: dict[str, tuple[Box, tuple[int, int]]]) -> None:
    """Write YOLO's text, which knows no sizes."""
    for name, (box, size) in things.items():
        write(at / Path(name).with_suffix(".txt"), yolo_line(0, box, size))
    write(at / "classes.txt", "lamp\n")


def yolo_line(kind: int, box: Box, size: tuple[int, int] = SIZE) -> str:
    """Return class, center and size of a box, relative to its picture."""
    x0, y0, x1, y1 = box
    shares = ((x0 + x1) / 2 / size[1], (y0 + y1) / 2 / size[0])
    shares += ((x1 - x0) / size[1], (y1 - y0) / size[0])
    return f"{kind} " + " ".join(f"{one:.8f}" for one in shares) + "\n"


each("14", "error 'turned pictures': nothing tells how its boxes were drawn", undecided, {
    "upside down, VOC": (write_voc, (3,), SIZE),
    "mirrored, COCO": (write_coco, (2, 4), SIZE),
    "quarter turns of squares, VOC": (write_voc, (6,), (32, 32)),
    "quarter turns, YOLO": (write_yolo, (6, 8), SIZE),
    "upside down, LabelMe": (write_labelme, (3,), SIZE),
})  # fmt: skip

# 15: an item that cannot be read is left out and named; boxes come from polygons


def odd_coco(at: Path, given: tuple[Callable[[dict[str, Any]], None], dict[str, Any]]) -> None:
    """Check the boxes of a COCO file that was changed, and what is said of it."""
    change, right = given
    things: dict[str, tuple[Box, tuple[int, int]]] = {}
    wanted: dict[str, list[tuple[str, tuple[float, ...]]]] = {}
    for n in range(20):
        pixels, box = patch(n)
        save(pixels, at / "images" / f"{n}.png")
        things[f"{n}.png"] = box, SIZE
        wanted[str(n)] = [(["lamp", "sign"][n % 2], tuple(map(float, box)))]
    whole = coco(things)
    whole["categories"].append({"id": 90, "name": "sign"})
    for n, mark in enumerate(whole["annotations"]):
        mark["category_id"] = [7, 90][n % 2]
    change(whole)
    write(at / right.get("file", "annotations.json"), json.dumps(whole))
    if "refused" in right:
        expect_refusal(at, right["refused"])
        return
    opened = data.open(at)
    for stem in right.get("gone", []):
        del wanted[stem]
    expect(boxes(opened), wanted)
    said = [
        *opened.notes,
        *map(" ".join, opened.skipped),
        *(f"{one.severity} {one.reason} {one.items}" for one in audit.findings(opened)),
    ]
    for words in right.get("says", []):
        expect(any(words in text for text in said), True, f"'{words}' in {said}")


def of(change: Callable[[list[dict[str, Any]]], Any], which: str = "annotations") -> Any:  # noqa: ANN401 - a change
    """Return a change of a COCO file that changes one of its lists."""
    return lambda whole: change(whole[which])


def outline(mark: dict[str, Any]) -> list[list[float]]:
    """Return a box as a polygon."""
    x, y, w, h = mark["bbox"]
    return [[x, y, x + w, y, x + w, y + h, x, y + h]]


def no_bbox(marks: list[dict[str, Any]]) -> None:
    """Take one box away that has a polygon."""
    marks[5]["segmentation"] = outline(marks[5])
    del marks[5]["bbox"]


def polygons(marks: list[dict[str, Any]]) -> None:
    """Take all boxes away, and give polygons."""
    for mark in marks:
        mark["segmentation"] = outline(mark)
        del mark["bbox"]


def full(number: int) -> Callable[[list[dict[str, Any]]], None]:
    """Return a change that gives one bbox other numbers."""
    bad = {3: [1, 2, 3], 4: [1, 2, float("nan"), 4], 0: [5, 5, 0, 0]}[number]
    return lambda marks: marks[5].update(bbox=bad)


def texts(marks: list[dict[str, Any]]) -> None:
    """Write all boxes as texts."""
    for mark in marks:
        mark["bbox"] = [str(one) for one in mark["bbox"]]


def text_ids(whole: dict[str, Any]) -> None:
    """Write the ids of pictures as texts in one list alone."""
    for image in whole["images"]:
        image["id"] = str(image["id"])


def far(whole: dict[str, Any]) -> None:
    """Write whole paths of another machine."""
    for image in whole["images"]:
        image["file_name"] = "C:\\data\\images\\" + image["file_name"]


def twice(whole: dict[str, Any]) -> None:
    """Name one class for two numbers."""
    whole["categories"].append({"id": 91, "name": "lamp"})
    whole["annotations"][2]["category_id"] = 91


def crowd(marks: list[dict[str, Any]]) -> None:
    """Make one box that of a crowd."""
    marks[4].update(iscrowd=1, segmentation={"counts": [1, 2], "size": [HEIGHT, WIDTH]})


ODD: dict[str, Any] = {
    "as result.json": (lambda whole: None, {"file": "result.json"}),
    "one without bbox, a polygon": (of(no_bbox), {"says": ["1 box is drawn round an outline"]}),
    "polygons alone": (of(polygons), {"says": ["20 boxes are drawn round an outline"]}),
    "an empty bbox": (of(lambda m: m[5].update(bbox=[])),
                      {"gone": ["5"], "says": ["annotation 6"]}),
    "neither bbox nor polygon": (of(lambda m: m[5].pop("bbox")),
                                 {"gone": ["5"], "says": ["annotation 6"]}),
    "a bbox of three numbers": (of(full(3)), {"gone": ["5"], "says": ["annotation 6"]}),
    "a bbox with NaN": (of(full(4)), {"gone": ["5"], "says": ["annotation 6"]}),
    "a box without area": (of(full(0)), {"gone": ["5"], "says": ["none of its boxes has an area"]}),
    "a picture that is gone": (of(lambda images: images.pop(), "images"),
                               {"gone": ["19"], "says": ["annotation 20"]}),
    "a class that is gone": (of(lambda m: m[5].update(category_id=4)),
                             {"gone": ["5"], "says": ["annotation 6"]}),
    "numbers as texts": (of(texts), {}), "ids as texts": (text_ids, {}), "far paths": (far, {}),
    "a crowd": (of(crowd), {"gone": ["4"], "says": ["1 box round a crowd"]}),
    "a class twice": (twice, {"says": ["names 'lamp' for several categories"]}),
    "no annotation": (lambda whole: whole.update(annotations=[]), {"refused": "has a box"}),
}  # fmt: skip
each("15", "all other boxes as they are; what is left out is named", odd_coco, ODD)


def other_numbers(at: Path, given: Callable[[list[float]], list[float]]) -> None:
    """Check an error where a bbox does not hold x, y, width and height in pixels."""
    things: dict[str, tuple[Box, tuple[int, int]]] = {}
    for n in range(20):
        pixels, box = patch(n)
        save(pixels, at / "images" / f"{n}.png")
        things[f"{n}.png"] = box, SIZE
    whole = coco(things)
    for mark in whole["annotations"]:
        mark["bbox"] = given(mark["bbox"])
    write(at / "annotations.json", json.dumps(whole))
    expect_finding(data.open(at), "doubtful boxes", "error")


each("15", "an error: the numbers mean something else", other_numbers, {
    "corners in place of sizes": lambda b: [b[0], b[1], b[0] + b[2], b[1] + b[3]],
    "shares in place of pixels": (
        lambda b: [b[0] / WIDTH, b[1] / HEIGHT, b[2] / WIDTH, b[3] / HEIGHT]),
})  # fmt: skip


@variant("15", "two files, of train and of val", "parts by the files")
def two_files(at: Path) -> None:
    """Check instances_train.json beside instances_val.json."""
    for part, first in (("train", 0), ("val", 20)):
        things: dict[str, tuple[Box, tuple[int, int]]] = {}
        for n in range(first, first + 20):
            pixels, box = patch(n)
            save(pixels, at / part / f"{n}.png")
            things[f"{n}.png"] = box, SIZE
        write(at / "annotations" / f"instances_{part}.json", json.dumps(coco(things)))
    opened = data.open(at)
    right = {str(n): [("lamp", tuple(map(float, patch(n)[1])))] for n in range(40)}
    expect(boxes(opened), right)
    expect({int(Path(opened.valid.name(int(id))).stem) for id in opened.valid.ids},
           set(range(20, 40)))  # fmt: skip


# 01: YOLO's text


def yolo(at: Path, given: dict[str, Any]) -> None:
    """Check boxes in pixels, classes by name, and parts."""
    images, labels = given.get("images", "images/{part}"), given.get("labels", "labels/{part}")
    form = given.get("line", yolo_line)
    right: dict[str, list[tuple[str, tuple[float, ...]]]] = {}
    names = given.get("classes", ["disc", "square"])
    for n in range(40):
        part = "val" if n % 4 == 3 else "train"
        pixels, box = patch(n)
        save(pixels, at / images.format(part=part) / f"{n}.jpg")
        is_empty = n == 8
        write(at / labels.format(part=part) / f"{n}.txt", "" if is_empty else form(n % 2, box))
        right[str(n)] = [] if is_empty else [(names[n % 2], tuple(map(float, box)))]
    for name, text in given.get("files", {}).items():
        write(at / name, text)
    opened = data.open(at)
    got = boxes(opened)
    close = {
        stem: [(name, tuple(float(round(x)) for x in box)) for name, box in some]
        for stem, some in got.items()
    }
    expect(close, right)
    if given.get("parts", True):
        held = {int(Path(opened.valid.name(int(id))).stem) for id in opened.valid.ids}
        expect(held, {n for n in range(40) if n % 4 == 3}, "valid")


def polygon(kind: int, box: Box) -> str:
    """Return a line of YOLO's segmentation."""
    x0, y0, x1, y1 = box
    pairs = [(x0, y0), (x1, y0), (x1, y1), (x0, y1), (x0, (y0 + y1) / 2)]
    return f"{kind} " + " ".join(f"{x / WIDTH:.8f} {y / HEIGHT:.8f}" for x, y in pairs) + "\n"


NAMED = "names:\n  0: disc\n  1: square\n"
each("01", "boxes in pixels, classes by name, parts of folders; an empty file is no box", yolo, {
    "data.yaml, images and labels": {
        "files": {"data.yaml": f"path: .\ntrain: images/train\nval: images/val\n{NAMED}"}},
    "data.yaml with a list": {
        "files": {"data.yaml": "train: images/train\nval: images/val\nnc: 2\n"
                               "names: ['disc', 'square']\n"}},
    "parts above images and labels": {
        "images": "{part}/images", "labels": "{part}/labels",
        "files": {"data.yaml": f"train: ../train/images\nval: ../val/images\n{NAMED}"}},
    "a yaml of another name": {
        "files": {"shapes.yaml": f"path: ../datasets/shapes\ntrain: images/train\n"
                                 f"val: images/val\n{NAMED}"}},
    "classes.txt beside the pictures": {
        "images": "all", "labels": "all", "parts": False,
        "files": {"all/classes.txt": "disc\nsquare\n"}},
    "classes.txt in labels": {
        "images": "images", "labels": "labels", "parts": False,
        "files": {"labels/classes.txt": "disc\nsquare\n"}},
    "without names": {"classes": ["0", "1"]},
    "outlines in place of boxes": {"line": polygon, "files": {"data.yaml": NAMED}},
    "darknet's lists": {
        "images": "obj", "labels": "obj",
        "files": {
            "obj.data": "classes = 2\ntrain = data/train.txt\nvalid = data/val.txt\n"
                        "names = data/obj.names\n",
            "obj.names": "disc\nsquare\n",
            "train.txt": "".join(f"data/obj/{n}.jpg\n" for n in range(40) if n % 4 != 3),
            "val.txt": "".join(f"data/obj/{n}.jpg\n" for n in range(40) if n % 4 == 3)}},
})  # fmt: skip


@variant("01", "classes from 1, names from 0", "refused: no box is of the first class")
def from_one(at: Path) -> None:
    """Check that classes do not move by one in silence."""
    for n in range(20):
        pixels, box = patch(n)
        save(pixels, at / "images" / f"{n}.jpg")
        write(at / "labels" / f"{n}.txt", yolo_line(1 + n % 2, box))
    write(at / "classes.txt", "disc\nsquare\n")
    expect_refusal(at, "no box is of the first, 'disc'")


@variant("01", "a line of three numbers", "named by file and line")
def faulty_yolo(at: Path) -> None:
    """Check lines that cannot be read."""
    for n in range(20):
        pixels, box = patch(n)
        save(pixels, at / "images" / f"{n}.jpg")
        write(at / "labels" / f"{n}.txt", yolo_line(n % 2, box) + ("0 0.5 0.5\n" if n == 3 else ""))
    write(at / "data.yaml", NAMED)
    opened = data.open(at)
    expect(len(boxes(opened)["3"]), 1)
    expect_finding(opened, "faulty box", "warning")
