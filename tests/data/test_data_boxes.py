"""Boxes as tools write them: one set of pictures and boxes opens alike from every form."""

import json
import shutil

import numpy as np
import pytest
from PIL import Image

from brique import data
from brique.data.sources.regions import boxes as boxes_source
from brique.data.sources.regions.annotations import read_voc as voc_of
from brique.data.sources.regions.coco import _decode_rle
from brique.errors import DataError

HEIGHT, WIDTH = 60, 80
NAMES = ("cat", "dog")


def things():
    """Return for each of 12 pictures its boxes: class, x0, y0, x1, y1; the last has none."""
    rng = np.random.default_rng(3)
    found = []
    for n in range(11):
        several = []
        for k in range(1 + n % 3):
            x, y = int(rng.integers(0, 40)), int(rng.integers(0, 30))
            w, h = int(rng.integers(8, 40)), int(rng.integers(8, 30))
            several.append(((n + k) % 2, x, y, x + w, y + h))
        found.append(several)
    return [*found, []]


THINGS = things()


def part(n):
    return "train" if n < 9 else "val"


def picture(path, seed, orientation=1, size=(HEIGHT, WIDTH)):
    """Write a picture whose stored pixels are (height, width), with a note that turns it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (*size, 3), np.uint8)
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(pixels).save(path, **({"exif": exif} if orientation != 1 else {}))


def pictures(root, pattern="images/{part}/{n}.png"):
    for n in range(len(THINGS)):
        picture(root / pattern.format(part=part(n), n=n), n)


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def center(box):
    k, x0, y0, x1, y1 = box
    shares = ((x0 + x1) / 2 / WIDTH, (y0 + y1) / 2 / HEIGHT, (x1 - x0) / WIDTH, (y1 - y0) / HEIGHT)
    return f"{k} " + " ".join(f"{one:.8f}" for one in shares)


def corners(box):
    k, x0, y0, x1, y1 = box
    pairs = ((x0, y0), (x1, y0), (x1, y1), (x0, y1))
    return f"{k} " + " ".join(f"{x / WIDTH:.8f} {y / HEIGHT:.8f}" for x, y in pairs)


def pentagon(box):
    _, x0, y0, x1, _ = box
    return f"{corners(box)} {(x0 + x1) / 2 / WIDTH:.8f} {y0 / HEIGHT:.8f}"


def posed(box):
    return f"{center(box)} 0.5 0.5 2 0.25 0.75 1"


def yolo(root, labels="labels/{part}/{n}.txt", images="images/{part}/{n}.png", line=center):
    pictures(root, images)
    for n, several in enumerate(THINGS):
        write(root / labels.format(part=part(n), n=n), "".join(f"{line(b)}\n" for b in several))
    return root


def yaml(root, names, paths="train: images/train\nval: images/val\n", more=""):
    write(root / "data.yaml", f"# a set\n{paths}\nnc: 2  # classes\n{more}names: {names}\n")


def roboflow(root):
    yolo(root, "{part}/labels/{n}.txt", "{part}/images/{n}.png")
    paths = "train: ../train/images\nval: ../val/images\ntest: ../test/images\n"
    yaml(root, "['cat', 'dog']", paths, "roboflow:\n  workspace: x\n  names: other\n")


def darknet(root):
    yolo(root, "obj_train_data/{n}.txt", "obj_train_data/{n}.png")
    write(root / "obj.names", "cat\ndog\n")
    write(root / "obj.data", "classes = 2\ntrain = data/train.txt\n")
    for name, one in (("train", "train"), ("valid", "val")):
        lines = [f"data\\obj_train_data\\{n}.png" for n in range(12) if part(n) == one]
        write(root / f"{name}.txt", "\n".join(lines))


def whole(change=None, names=NAMES, numbers=range(12)):
    images = [{"id": n, "file_name": f"{n}.png", "height": HEIGHT, "width": WIDTH} for n in numbers]
    marks = [
        {"id": 100 * n + i, "image_id": n, "category_id": [3, 90][k],
         "bbox": [x0, y0, x1 - x0, y1 - y0], "iscrowd": 0, "segmentation": []}
        for n in numbers for i, (k, x0, y0, x1, y1) in enumerate(THINGS[n])
    ]  # fmt: skip
    kinds = [{"id": one, "name": name} for one, name in zip((3, 90), names, strict=True)]
    found = {"info": {"year": 2020}, "images": images, "annotations": marks, "categories": kinds}
    if change:
        change(found)
    return json.dumps(found)


def coco(root, name="annotations.json", change=None, pattern="images/{n}.png"):
    pictures(root, pattern)
    write(root / name, whole(change))
    return root


def coco_parts(root, pattern, images):
    pictures(root, images)
    for one in ("train", "val"):
        numbers = [n for n in range(12) if part(n) == one]
        write(root / pattern.format(part=one), whole(numbers=numbers))


def windows(found):
    for image in found["images"]:
        image["file_name"] = "C:\\Users\\someone\\set\\images\\" + image["file_name"]


def texts(found):
    for image in found["images"]:
        image["id"], image["width"] = str(image["id"]), f"{WIDTH}.0"
    for mark in found["annotations"]:
        mark["bbox"] = [str(one) for one in mark["bbox"]]


def outlined(found):
    for mark in found["annotations"]:
        x, y, w, h = mark.pop("bbox")
        mark["segmentation"] = [[x, y, x + w, y, x + w, y + h], [x, y + h, x, y, x + 1, y + 1]]


def runs(box):
    mask = np.zeros((HEIGHT, WIDTH), bool)
    x, y, w, h = box
    mask[y : y + h, x : x + w] = True
    flat = mask.T.ravel()  # column by column
    ends = np.flatnonzero(np.diff(np.concatenate([[False], flat, [not flat[-1]]]).astype(int)))
    return np.diff(np.concatenate([[0], ends])).tolist()


def in_runs(found):
    for mark in found["annotations"]:
        mark["segmentation"] = {"size": [HEIGHT, WIDTH], "counts": runs(mark.pop("bbox"))}


def packed(counts):
    """Write runs as pycocotools does (rleToString)."""
    text = ""
    for i, count in enumerate(counts):
        x = count - counts[i - 2] if i > 2 else count
        more = True
        while more:
            bits, x = x & 31, x >> 5
            more = x != -1 if bits & 16 else x != 0
            text += chr((bits | 32 if more else bits) + 48)
    return text


def in_packed_runs(found):
    in_runs(found)
    for mark in found["annotations"]:
        mark["segmentation"]["counts"] = packed(mark["segmentation"]["counts"])


def voc(root, box=lambda x0, y0, x1, y1: (x0 + 1, y0 + 1, x1, y1), size=True, name="{n}.png"):
    pictures(root, "JPEGImages/{n}.png")
    for n, several in enumerate(THINGS):
        objects = "".join(
            f"<object><name> {NAMES[k]} </name><difficult>0</difficult><bndbox>"
            + "".join(
                f"<{c}>{v}</{c}>"
                for c, v in zip(("xmin", "ymin", "xmax", "ymax"), box(*corners), strict=True)
            )
            + "</bndbox></object>"
            for k, *corners in several
        )
        said = f"<size><width>{WIDTH}</width><height>{HEIGHT}</height></size>" if size else ""
        write(root / "Annotations" / f"{n}.xml",
              f"<annotation><filename>{name.format(n=n)}</filename>{said}{objects}</annotation>")  # fmt: skip
    write(root / "ImageSets" / "Main" / "train.txt", "".join(f"{n}\n" for n in range(9)))
    write(root / "ImageSets" / "Main" / "val.txt", "9\n10\n11\n")


def table(root, name, header, row, images="images/{n}.png", empty=None):
    pictures(root, images)
    lines = [header] if header else []
    for n, several in enumerate(THINGS):
        lines += [row(n, *box) for box in several] or ([empty(n)] if empty else [])
    write(root / name, "\n".join(lines) + "\n")


def tensorflow(root):
    table(root, "labels.csv", "filename,width,height,class,xmin,ymin,xmax,ymax",
          lambda n, k, *box: f"{n}.png,{WIDTH},{HEIGHT},{NAMES[k]},{','.join(map(str, box))}",
          empty=lambda n: f"{n}.png,{WIDTH},{HEIGHT},,,,,")  # fmt: skip


def retinanet(root):
    table(root, "boxes.csv", "",
          lambda n, k, *box: f"/data/images/{n}.png,{','.join(map(str, box))},{NAMES[k]}",
          empty=lambda n: f"/data/images/{n}.png,,,,,")  # fmt: skip


def open_images(root):
    def row(n, k, x0, y0, x1, y1):
        return f"{n},{NAMES[k]},{x0 / WIDTH},{x1 / WIDTH},{y0 / HEIGHT},{y1 / HEIGHT}"

    table(root, "boxes.csv", "ImageID,LabelName,XMin,XMax,YMin,YMax", row,
          empty=lambda n: f"{n},,,,,")  # fmt: skip


def makesense(root):
    table(root, "labels.csv",
          "label_name,bbox_x,bbox_y,bbox_width,bbox_height,image_name,image_width,image_height",
          lambda n, k, x0, y0, x1, y1:
          f"{NAMES[k]},{x0},{y0},{x1 - x0},{y1 - y0},{n}.png,{WIDTH},{HEIGHT}",
          empty=lambda n: f",,,,,{n}.png,{WIDTH},{HEIGHT}")  # fmt: skip


def labelme(root):
    pictures(root, "{n}.png")
    for n, several in enumerate(THINGS):
        shapes = [
            {"label": NAMES[k], "points": [[x1, y1], [x0, y0]], "shape_type": "rectangle"}
            for k, x0, y0, x1, y1 in several
        ]
        size = {"imageHeight": HEIGHT, "imageWidth": WIDTH}
        write(root / f"{n}.json", json.dumps({"shapes": shapes, "imagePath": f"{n}.png", **size}))


def with_yaml(names, paths="train: images/train\nval: images/val\n", more="", line=center):
    def make(root):
        yolo(root, line=line)
        yaml(root, names, paths, more)

    return make


def beside(root):
    yolo(root, "{n}.txt", "{n}.png")
    write(root / "classes.txt", "cat\ndog\n")


def label_studio(root):
    yolo(root, "labels/{n}.txt", "images/{n}.png")
    write(root / "classes.txt", "cat\r\ndog\r\n")
    write(root / "notes.json", '{"categories": [{"id": 0, "name": "cat"}], "info": {"year": 2024}}')


def with_double_endings(root):
    yolo(root, "{n}.png.txt", "{n}.png")
    write(root / "classes.txt", "cat\ndog\n")


def tensorflow_parts(root):
    def row(n, k, *box):
        return f"{n}.png,{WIDTH},{HEIGHT},{NAMES[k]},{','.join(map(str, box))}"

    pictures(root, "images/{part}/{n}.png")
    for one, name in (("train", "train_labels.csv"), ("val", "valid_labels.csv")):
        lines = ["filename,width,height,class,xmin,ymin,xmax,ymax"]
        for n, several in enumerate(THINGS):
            if part(n) == one:
                lines += [row(n, *box) for box in several] or [f"{n}.png,{WIDTH},{HEIGHT},,,,,"]
        write(root / "data" / name, "\n".join(lines))


def without_empty(root):
    yolo(root)
    yaml(root, "{0: cat, 1: dog}")
    (root / "labels" / "val" / "11.txt").unlink()


FORMS = {
    "yaml list": with_yaml("[cat, 'dog']"),
    "yaml lines": with_yaml("\n  - cat  # small\n  - \"dog\""),
    "yaml lines at the margin": with_yaml("\n- cat\n- dog"),
    "yaml list over lines": with_yaml("[\n'cat',\n'dog'\n]"),
    "yaml numbers": with_yaml("\n  0: cat\n  1: dog"),
    "yaml foreign": with_yaml("[cat, dog]", "path: /drive/set\ntrain: /content/set/images/"
                              "train\nval: D:\\set\\images\\val\ntest:\n"),
    "yaml lists of folders": with_yaml("[cat, dog]", "train:\n  - images/train\nval: [images/val]\n"),
    "yaml download": with_yaml("[cat, dog]", more="download: |\n  names: no\n  import os\n"),
    "outlines": with_yaml("[cat, dog]", line=pentagon),
    "turned boxes": with_yaml("[cat, dog]", line=corners),
    "poses": with_yaml("[cat, dog]", more="kpt_shape: [2, 3]\n", line=posed),
    "roboflow": roboflow,
    "darknet": darknet,
    "beside": beside,
    "label studio": label_studio,
    "two endings": with_double_endings,
    "no empty file": without_empty,
    "coco": coco,
    "coco result": lambda root: coco(root, "result.json"),
    "coco in a folder": lambda root: coco(root, "export/my labels.json"),
    "coco instances": lambda root: coco_parts(root, "annotations/instances_{part}2017.json",
                                              "{part}2017/{n}.png"),
    "coco roboflow": lambda root: coco_parts(root, "{part}/_annotations.coco.json",
                                             "{part}/{n}.png"),
    "coco parts by folder": lambda root: coco(root, pattern="images/{part}/{n}.png"),
    "coco windows": lambda root: coco(root, change=windows),
    "coco texts": lambda root: coco(root, change=texts),
    "coco outlines": lambda root: coco(root, change=outlined),
    "coco runs": lambda root: coco(root, change=in_runs),
    "coco packed runs": lambda root: coco(root, change=in_packed_runs),
    "voc": voc,
    "voc floats": lambda root: voc(root, lambda *box: [f"{v + (i < 2):.2f}" for i, v in
                                                       enumerate(box)]),
    "voc swapped": lambda root: voc(root, lambda a, b, c, d: (c, d, a + 1, b + 1)),
    "voc without sizes": lambda root: voc(root, size=False, name="/set/my pictures/{n}.jpg"),
    "tensorflow": tensorflow,
    "tensorflow parts": tensorflow_parts,
    "retinanet": retinanet,
    "open images": open_images,
    "makesense": makesense,
    "labelme": labelme,
}  # fmt: skip
PARTED = {name for name in FORMS if name.startswith(("yaml", "outlines", "turned", "poses"))} | {
    "tensorflow parts", "roboflow", "darknet", "no empty file", "coco instances", "coco roboflow",
    "coco parts by folder", "voc", "voc floats", "voc swapped", "voc without sizes",
}  # fmt: skip


def opened_boxes(opened):
    """Return the boxes of each picture by the number in its name, rounded, and sorted."""
    source, names = opened.source, opened.schema["classes"].names
    found = {}
    for name, boxes, classes in zip(
        source.names, source.fields["boxes"], source.fields["classes"], strict=True
    ):
        rows = zip(classes.tolist(), boxes.tolist(), strict=True)
        number = int(name.rsplit("/", 1)[-1].split(".")[0])
        found[number] = sorted((names[k], *(round(v, 3) for v in box)) for k, box in rows)
    return found


EXPECTED = {n: sorted((NAMES[k], *box) for k, *box in several) for n, several in enumerate(THINGS)}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_opens_to_the_same_boxes(tmp_path, form):
    FORMS[form](tmp_path / "set")
    opened = data.open(tmp_path / "set")
    assert opened_boxes(opened) == EXPECTED
    assert not opened.skipped
    severities = [one.severity for one in opened.source.findings]
    assert "error" not in severities
    parts = [0 if n < 9 else 1 for n in opened_boxes(opened)]
    assert (None if opened.source.part is None else opened.source.part.tolist()) == (
        parts if form in PARTED else None
    )


@pytest.mark.parametrize("form", ["yaml list", "roboflow", "coco result", "tensorflow"])
def test_archives_open_as_their_folders(tmp_path, form):
    FORMS[form](tmp_path / "set")
    archive = shutil.make_archive(str(tmp_path / "packed"), "zip", tmp_path / "set")
    assert opened_boxes(data.open(archive)) == EXPECTED


def test_without_names_classes_are_called_by_their_numbers(tmp_path):
    yolo(tmp_path / "set")
    opened = data.open(tmp_path / "set")
    assert opened.schema["classes"].names == ("0", "1")
    assert any("they are named by their numbers" in note for note in opened.notes)
    named = data.open(tmp_path / "set", rename={"0": "cat", "1": "dog"})
    assert opened_boxes(named) == EXPECTED


def kinds(opened):
    return {one.kind: one for one in opened.source.findings}


def test_a_picture_without_a_file_of_boxes_is_counted(tmp_path):
    root = yolo(tmp_path / "set")
    (root / "labels" / "train" / "4.txt").unlink()
    found = kinds(data.open(root))["no box file"]
    assert (found.severity, found.count) == ("warning", 1)
    assert found.items == (("images/train/4.png",),)
    assert "1 of 12 pictures have no .txt file of boxes" in found.reason


def test_a_part_without_any_file_of_boxes_is_left_out(tmp_path):
    root = yolo(tmp_path / "set")
    for n in range(2):
        picture(root / "images" / "test" / f"t{n}.png", 50 + n)
    opened = data.open(root)
    assert dict(opened.skipped) == {
        f"images/test/t{n}.png": "no picture of its part has a .txt file of boxes" for n in range(2)
    }
    assert len(opened.source) == 12


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("0 0.5 0.5 0.4", "expected a class and center x, center y, width, height"),
        ("0 0.5 0.5 0.4 0.4 0.9", "expected a class and center x, center y, width, height"),
        ("0 40 30 20 10", "expected fractions of the picture's width and height, from 0 to 1"),
        ("0 0.5 0.5 -0.4 0.4", "expected fractions of the picture's width and height, from 0 to 1"),
        ("0 0.5 nan 0.4 0.4", "expected numbers"),
        ("cat 0.5 0.5 0.4 0.4", "expected numbers"),
        ("0.5 0.5 0.5 0.4 0.4", "expected the number of a class first"),
        ("-1 0.5 0.5 0.4 0.4", "expected the number of a class first"),
        ("7 0.5 0.5 0.4 0.4", "expected a class from 0 to 1"),
    ],
)
def test_a_faulty_line_is_named_and_its_picture_left_out(tmp_path, line, says):
    root = yolo(tmp_path / "set")
    yaml(root, "[cat, dog]")
    write(root / "labels" / "train" / "0.txt", f"\n{line}\n")
    with (root / "labels" / "train" / "1.txt").open("a") as file:
        file.write(f"{line}\n")
    opened = data.open(root)
    expected = {n: boxes for n, boxes in EXPECTED.items() if n}
    assert opened_boxes(opened) == expected
    assert says in dict(opened.skipped)["images/train/0.png"]
    found = kinds(opened)["faulty box"]
    assert [where for where, _ in found.items] == [
        "labels/train/0.txt: line 2", "labels/train/1.txt: line 3",
    ]  # fmt: skip
    assert f"got '{line}'" in found.items[0][1]


def test_lines_that_are_all_faulty_are_refused(tmp_path):
    root = yolo(tmp_path / "set", line=lambda box: " ".join(map(str, box)))
    with pytest.raises(
        DataError, match=r"labels/train/0.txt: line 1: expected fractions of the pic"
    ):
        data.open(root)
    root = yolo(tmp_path / "named", line=lambda box: f"{NAMES[box[0]]} 0.5 0.5 0.2 0.2")
    with pytest.raises(DataError, match=r"line 1: expected numbers, got 'cat 0.5 0.5 0.2 0.2'"):
        data.open(root)


def test_a_file_of_boxes_without_its_picture_is_named(tmp_path):
    root = yolo(tmp_path / "set")
    write(root / "labels" / "train" / "99.txt", "0 0.5 0.5 0.2 0.2\n")
    assert kinds(data.open(root))["faulty box"].items == (
        ("labels/train/99.txt", "no picture has its name; add it"),
    )


def test_texts_beside_pictures_are_no_boxes(tmp_path):
    pictures(tmp_path, "{n}.png")
    for n in range(12):
        write(tmp_path / f"{n}.txt", "a photograph of a cat on a chair\n")
    assert not boxes_source.fits(tmp_path)


@pytest.mark.parametrize(
    ("names", "says"),
    [
        ("&all [cat]", r"data.yaml: line 6: expected plain words, got '&all \[cat\]'"),
        ("cat", "expected a list or numbered names of classes, got 'cat'"),
        ("\n  0: cat\n  0: dog", "expected a number, a colon and a name, each number once"),
        ("[cat, dog", "expected a list in brackets that are closed"),
    ],
)
def test_other_forms_of_yaml_are_refused_by_name(tmp_path, names, says):
    root = yolo(tmp_path / "set")
    yaml(root, names)
    with pytest.raises(DataError, match=says):
        data.open(root)


def test_pictures_in_no_part_are_named(tmp_path):
    root = yolo(tmp_path / "set")
    yaml(root, "[cat, dog]")
    picture(root / "images" / "spare" / "77.png", 77)
    write(root / "labels" / "spare" / "77.txt", "0 0.5 0.5 0.2 0.2\n")
    assert (
        "is in no list or folder of a part" in dict(data.open(root).skipped)["images/spare/77.png"]
    )


def test_one_folder_for_two_parts_is_no_part_of_its_own(tmp_path):
    root = yolo(tmp_path / "set", "labels/train8/{n}.txt", "images/train8/{n}.png")
    yaml(root, "[cat, dog]", "train: images/train8\nval: images/train8\n")
    opened = data.open(root)
    assert len(opened.source) == 12
    assert any("val is the folder of train too" in note or
               "valid is the folder of train too" in note for note in opened.notes)  # fmt: skip
    assert len(opened.test) > 0


def test_packed_runs_are_unpacked_as_pycocotools_packs_them():
    for box in ((0, 0, 3, 3), (70, 50, 10, 10), (5, 0, 1, HEIGHT), (0, 7, WIDTH, 2)):
        assert _decode_rle(packed(runs(box))) == runs(box)
    assert _decode_rle("\x7f") is None


def change_first(**changes):
    def change(found):
        found["annotations"][0].update(changes)

    return change


@pytest.mark.parametrize(
    "changes",
    [
        {"bbox": []},
        {"bbox": None},
        {"bbox": [1, 2, -3, 4]},
        {"bbox": [1, 2, float("nan"), 4]},
        {"bbox": [1, 2, 3]},
        {"bbox": ["a", 2, 3, 4]},
        {"category_id": 5},
        {"bbox": None, "segmentation": {"size": [60, 80], "counts": "~~~"}},
    ],
)
def test_a_faulty_annotation_of_coco_is_left_out_with_its_picture(tmp_path, changes):
    opened = data.open(coco(tmp_path / "set", change=change_first(**changes)))
    assert opened_boxes(opened) == {n: boxes for n, boxes in EXPECTED.items() if n}
    assert kinds(opened)["faulty box"].items[0][0] == "annotations.json: annotation 1"
    assert "has no readable box" in dict(opened.skipped)["images/0.png"]


def test_annotations_and_pictures_of_coco_that_are_gone_are_named(tmp_path):
    def change(found):
        found["images"] = found["images"][1:]

    root = coco(tmp_path / "set", change=change)
    (root / "images" / "2.png").unlink()
    opened = data.open(root)
    assert opened_boxes(opened) == {n: b for n, b in EXPECTED.items() if n not in (0, 2)}
    assert kinds(opened)["faulty box"].items[0][0] == "annotations.json: annotation 1"
    assert "annotates a picture '2.png' that does not exist" in opened.skipped[0][1]


def test_categories_of_one_name_are_one_class(tmp_path):
    def change(found):
        found["categories"].append({"id": 91, "name": "cat"})
        for mark in found["annotations"][:4]:
            mark["category_id"] = {3: 91}.get(mark["category_id"], 90)

    opened = data.open(coco(tmp_path / "set", change=change))
    assert opened_boxes(opened) == EXPECTED
    assert any("names 'cat' for several categories" in note for note in opened.notes)


def test_pictures_of_one_name_are_told_apart_by_their_folders(tmp_path):
    def change(found):
        for image in found["images"]:
            image["file_name"] = f"/set/{'a' if image['id'] < 6 else 'b'}/{image['id'] % 6}.png"

    for n in range(12):
        picture(tmp_path / "set" / ("a" if n < 6 else "b") / f"{n % 6}.png", n)
    write(tmp_path / "set" / "labels.json", whole(change))
    opened = data.open(tmp_path / "set")
    at = opened.source.names.index("b/2.png")
    assert [tuple(box) for box in opened.source.fields["boxes"][at].tolist()] == [
        tuple(box) for _, *box in THINGS[8]
    ]
    write(tmp_path / "set" / "labels.json", whole())  # names alone: which of two is meant?
    with pytest.raises(DataError, match=r"annotates '0.png', which may be a/0.png or b/0.png"):
        data.open(tmp_path / "set")


def test_swapped_corners_are_said(tmp_path):
    FORMS["voc swapped"](tmp_path)
    found = kinds(data.open(tmp_path))["swapped corners"]
    assert (found.severity, found.count) == ("warning", sum(map(len, THINGS)))


def test_a_picture_whose_only_box_lies_outside_is_left_out(tmp_path):
    def change(found):
        found["annotations"][0]["bbox"] = [200, 200, 10, 10]

    opened = data.open(coco(tmp_path / "set", change=change))
    assert opened_boxes(opened) == {n: boxes for n, boxes in EXPECTED.items() if n}
    assert "none of its boxes has an area in it" in dict(opened.skipped)["images/0.png"]


def test_difficult_boxes_are_counted(tmp_path):
    voc(tmp_path)
    file = tmp_path / "Annotations" / "0.xml"
    file.write_text(file.read_text().replace("<difficult>0", "<difficult>1"))
    assert any("1 box is marked as difficult" in note for note in data.open(tmp_path).notes)


def test_other_xml_is_refused_by_name(tmp_path):
    pictures(tmp_path, "{n}.png")
    write(tmp_path / "annotations.xml", "<annotations><image name='0.png'/></annotations>")
    with pytest.raises(
        DataError, match=r"annotations.xml holds boxes in the format of CVAT, which"
    ):
        data.open(tmp_path)
    with pytest.raises(DataError, match=r"which begins with <annotation>, got <annotations>"):
        voc_of(tmp_path / "annotations.xml")


@pytest.mark.parametrize(
    ("name", "text", "tool"),
    [
        ("via.json", '{"0.png1": {"filename": "0.png", "regions": [{"shape_attributes": {}}]}}',
         "VGG Image Annotator"),
        ("project.json", '[{"image": "0.png", "annotations": [{"coordinates": {"x": 1}}]}]',
         "CreateML"),
        ("tasks.json", '[{"result": [{"value": {"rectanglelabels": ["cat"]}}]}]', "Label Studio"),
        ("via.csv", 'filename,region_shape_attributes\n0.png,"{""x"":1}"\n',
         "VGG Image Annotator"),
    ],
)  # fmt: skip
def test_boxes_of_other_tools_are_refused_with_how_to_convert(tmp_path, name, text, tool):
    pictures(tmp_path, "{n}.png")
    write(tmp_path / name, text)
    says = f"{name} holds boxes in the format of {tool}, which is not supported; export COCO's"
    with pytest.raises(DataError, match=says):
        data.open(tmp_path)
    assert len(data.open(tmp_path, kind="pictures").source) == 12


@pytest.mark.parametrize(
    "header", ["image,x,y,w,h,label", "image,x_center,y_center,width,height,label"]
)
def test_tables_that_can_be_read_in_two_ways_are_refused(tmp_path, header):
    table(tmp_path, "boxes.csv", header,
          lambda n, k, x, y, *_: f"{n}.png,{x},{y},9,9,{NAMES[k]}")  # fmt: skip
    with pytest.raises(DataError, match="do not say whether x and y are a corner or the middle"):
        data.open(tmp_path)


def test_rows_without_a_number_are_named(tmp_path):
    tensorflow(tmp_path)
    file = tmp_path / "labels.csv"
    lines = file.read_text().splitlines()
    lines[1] = "0.png,80,60,cat,1,2,x,9"
    file.write_text("\n".join(lines))
    opened = data.open(tmp_path)
    assert kinds(opened)["faulty box"].items == (
        ("labels.csv row 2", "expected a class and four numbers of a box, got 'cat', 1, 2, x, 9;"
         " correct it"),
    )  # fmt: skip
    assert opened_boxes(opened) == {n: boxes for n, boxes in EXPECTED.items() if n}


BOX = (10, 5, 30, 25)  # in the pixels as they are seen
TURNS = range(2, 9)


def seen_and_stored(orientation):
    """Return size (height, width) and box as seen, and as stored, found by turning pixels."""
    is_quarter = orientation >= 5
    seen = (WIDTH, HEIGHT) if is_quarter else (HEIGHT, WIDTH)
    marked = np.zeros(seen, np.uint8)
    x0, y0, x1, y1 = BOX
    marked[y0:y1, x0:x1] = 255
    back = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}[orientation]  # undoes what the note does
    stored = np.asarray(Image.fromarray(marked).transpose(Image.Transpose(back)))
    rows, columns = np.nonzero(stored)
    box = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
    return seen, stored.shape, tuple(int(one) for one in box)


def turned(root, orientation, size, box, several=6):
    """Make a set of COCO's whose pictures a note turns."""
    _, stored, _ = seen_and_stored(orientation)
    images, marks = [], []
    for n in range(several):
        picture(root / f"{n}.jpg", n, orientation, stored)
        sides = {} if size is None else {"height": size[0], "width": size[1]}
        images.append({"id": n, "file_name": f"{n}.jpg", **sides})
        x0, y0, x1, y1 = box
        marks.append({"id": n, "image_id": n, "category_id": 1, "bbox": [x0, y0, x1 - x0, y1 - y0]})
    tables = {"images": images, "annotations": marks, "categories": [{"id": 1, "name": "cat"}]}
    write(root / "labels.json", json.dumps(tables))
    return root


def only_box(opened):
    boxes = {tuple(one) for several in opened.source.fields["boxes"] for one in several.tolist()}
    assert len(boxes) == 1
    return boxes.pop()


@pytest.mark.parametrize("orientation", range(5, 9))
def test_boxes_turn_with_pictures_whose_stored_size_is_said(tmp_path, orientation):
    seen, stored, box = seen_and_stored(orientation)
    opened = data.open(turned(tmp_path / "stored", orientation, stored, box))
    assert opened.schema["boxes"].shape == seen
    assert only_box(opened) == BOX
    assert any("refer to their stored pixels, and rotate" in note for note in opened.notes)
    assert "rotated pictures" not in kinds(opened)
    opened = data.open(turned(tmp_path / "seen", orientation, seen, BOX))
    assert only_box(opened) == BOX
    assert not kinds(opened)


@pytest.mark.parametrize("orientation", TURNS)
def test_where_nothing_tells_how_boxes_were_drawn_that_is_an_error(tmp_path, orientation):
    seen, _, _ = seen_and_stored(orientation)
    size = seen if orientation < 5 else None
    opened = data.open(turned(tmp_path / "set", orientation, size, BOX))
    found = kinds(opened)["rotated pictures"]
    assert (found.severity, found.count) == ("error", 6)
    assert "unknown whether their boxes were drawn before or after" in found.reason
    assert "mogrify -auto-orient" in found.remedy


def test_relative_boxes_of_turned_pictures_are_an_error(tmp_path):
    for n in range(6):
        picture(tmp_path / f"{n}.jpg", n, 6)
        write(tmp_path / f"{n}.txt", "0 0.5 0.25 0.2 0.1\n")
    opened = data.open(tmp_path)
    assert kinds(opened)["rotated pictures"].severity == "error"
    assert np.allclose(only_box(opened), (24, 16, 36, 24), atol=1e-4)  # of 60 x 80, as seen


@pytest.mark.parametrize("orientation", [2, 3, 4])
def test_pictures_of_which_nothing_tells_go_by_the_others(tmp_path, orientation):
    _, stored, box = seen_and_stored(6)
    root = turned(tmp_path / "set", 6, stored, box)
    seen, _, other = seen_and_stored(orientation)
    picture(root / "9.jpg", 9, orientation, seen)
    tables = json.loads((root / "labels.json").read_text())
    tables["images"].append({"id": 9, "file_name": "9.jpg", "height": seen[0], "width": seen[1]})
    x0, y0, x1, y1 = other
    tables["annotations"].append(
        {"id": 9, "image_id": 9, "category_id": 1, "bbox": [x0, y0, x1 - x0, y1 - y0]}
    )
    write(root / "labels.json", json.dumps(tables))
    opened = data.open(root, size=(80, 80))
    assert "rotated pictures" not in kinds(opened)
    at = opened.source.names.index("9.jpg")
    assert opened.source.fields["boxes"][at].tolist() == [[10, 15, 30, 35]]  # ten rows of grey


def test_a_box_that_lies_in_the_stored_picture_alone_tells(tmp_path):
    stored = (60, 80)  # seen as 80 x 60
    box = (5, 10, 79, 25)  # too wide for 60 pixels
    opened = data.open(turned(tmp_path / "set", 6, None, box))
    assert stored != opened.schema["boxes"].shape
    assert only_box(opened) == (60 - 25, 5, 60 - 10, 79)


def test_a_size_that_fits_neither_is_an_error(tmp_path):
    opened = data.open(turned(tmp_path / "set", 6, (30, 40), (1, 2, 20, 20)))
    assert kinds(opened)["other size"].severity == "error"


def corners_for_sizes(found):
    for mark in found["annotations"]:
        x, y, w, h = mark["bbox"]
        mark["bbox"] = [x, y, x + w, y + h]


def shares(found):
    for mark in found["annotations"]:
        x, y, w, h = mark["bbox"]
        mark["bbox"] = [x / WIDTH, y / HEIGHT, w / WIDTH, h / HEIGHT]


@pytest.mark.parametrize(("change", "says"), [
    (corners_for_sizes, "boxes extend beyond their picture by over 2 pixels"),
    (shares, "boxes lie within one pixel, like fractions of width and height"),
])  # fmt: skip
def test_numbers_that_mean_something_else_are_an_error(tmp_path, change, says):
    finding = kinds(data.open(coco(tmp_path, change=change)))["doubtful boxes"]
    assert finding.severity == "error"
    assert says in finding.reason
    assert "doubtful boxes" not in kinds(data.open(coco(tmp_path / "plain")))


def test_boxes_that_all_lie_outside_are_refused_with_the_first(tmp_path):
    def move(found):
        for mark in found["annotations"]:
            mark["bbox"][0] += 10 * WIDTH
        found["images"] = [one for one in found["images"] if one["id"] < 11]

    with pytest.raises(
        DataError, match=r"no box lies inside its picture \(the first, images/0.png"
    ):
        data.open(coco(tmp_path, change=move))


def test_classes_that_count_from_1_are_refused_with_their_line(tmp_path):
    def later(box):
        return center((box[0] + 1, *box[1:]))

    yolo(tmp_path, line=later)
    yaml(tmp_path, "['cat', 'dog']", "train: images/train\nval: images/val\n", "")
    says = "expected a class from 0 to 1, got '2 .*, and no box is of the first, 'cat': number the"
    with pytest.raises(DataError, match=says):
        data.open(tmp_path)
