"""Pictures with masks and with boxes: what opens, what is said of it."""

import gzip
import json
import os
import shutil
from collections import Counter

import numpy as np
import pytest
import torch
from PIL import Image

from brique import data
from brique.data.audit import regions
from brique.data.audit.examples import Examples
from brique.data.sources.regions import boxes as boxes_source
from brique.data.sources.regions import masks as masks_source
from brique.errors import DataError
from brique.schema import Mask


def picture(path, seed, size=(12, 16)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, (*size, 3), np.uint8)).save(path)


def label_map(path, classes):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.asarray(classes, np.uint8)).save(path)


def halves(left, right, size=(12, 16)):
    classes = np.full(size, left, np.uint8)
    classes[:, size[1] // 2 :] = right
    return classes


def street(root, parts=(("train", 6), ("val", 2), ("test", 3)), size=(12, 16)):
    for part, n in parts:
        for i in range(n):
            picture(root / part / f"{part}{i}.png", len(part) * 100 + i, size)
            label_map(root / f"{part}annot" / f"{part}{i}.png", halves(i % 2, 2, size))
    (root / "classes.txt").write_text("road\ncar\nunlabelled\n")
    return root


def found(opened, kind=None):
    assert opened.source is not None
    several = (
        list(regions.findings(Examples.from_data(opened, opened.source))) + opened.source.findings
    )
    return [one for one in several if kind in (None, one.kind)]


def test_folders_beside_each_other_open_with_their_parts(tmp_path):
    opened = data.open(street(tmp_path / "street"))
    assert [len(opened.train), len(opened.valid), len(opened.test)] == [6, 2, 3]
    assert opened.schema["mask"] == Mask(("road", "car"), (12, 16))
    assert opened.schema["image"].shape == (3, 12, 16)
    assert opened.schema.targets == ("mask",)
    assert opened.train["mask"].dtype == torch.uint8
    assert opened.train["mask"][1].unique().tolist() == [1, 255]
    assert any("pixels of unlabelled are ignored" in note for note in opened.notes)
    batch = next(opened.train.batches(3, turns=1))
    assert batch.mask.dtype == torch.int64
    assert opened.train.name(0) == "train/train0.png"


def test_masks_that_are_scaled_to_their_pictures_are_said(tmp_path):
    root = street(tmp_path / "street")
    label_map(root / "trainannot" / "train3.png", halves(1, 2, (6, 8)))
    notes = " ".join(data.open(root).notes)
    assert "street: 1 mask is of another size than the picture and scaled to it, such as " in notes
    assert "trainannot/train3.png" in notes
    assert "another size" not in " ".join(data.open(street(tmp_path / "other")).notes)


def test_an_archive_opens_as_its_folder_does(tmp_path):
    root = street(tmp_path / "street")
    packed = shutil.make_archive(str(tmp_path / "street-packed"), "zip", root)
    assert data.open(packed).fingerprint == data.open(root).fingerprint


@pytest.mark.parametrize(
    ("shown", "mapped"),
    [
        ("images/{}.jpg", "masks/{}.png"),
        ("images/{}.jpg", "labels/{}_mask.png"),
        ("train/images/{}.jpg", "train/masks/{}.png"),
        ("images/train/{}.jpg", "masks/train/{}.png"),
        ("JPEGImages/{}.jpg", "SegmentationClass/{}.png"),
    ],
)
def test_pairs_are_found_by_their_names(tmp_path, shown, mapped):
    for i in range(4):
        picture(tmp_path / shown.format(i), i)
        label_map(tmp_path / mapped.format(i), halves(0, i % 2))
    opened = data.open(tmp_path)
    assert len(opened.source) == 4
    assert opened.schema["mask"].names == ("0", "1")
    assert any("no file names its classes" in note for note in opened.notes)


def test_what_has_no_mate_or_is_damaged_is_left_out(tmp_path):
    root = street(tmp_path / "street")
    (root / "trainannot" / "train0.png").unlink()
    (root / "train" / "train1.png").unlink()
    (root / "train" / "train2.png").write_bytes(b"\x89PNG nothing")
    label_map(root / "valannot" / "val0.png", halves(0, 9))
    label_map(root / "testannot" / "test0.png", np.zeros((16, 12)))
    opened = data.open(root)
    assert [len(opened.train), len(opened.valid), len(opened.test)] == [3, 1, 2]
    reasons = dict(opened.skipped)
    assert "has no mask of its name in trainannot" in reasons["train/train0.png"]
    assert "has no picture of its name in train" in reasons["trainannot/train1.png"]
    assert "damaged PNG" in reasons["train/train2.png"]
    assert reasons["valannot/val0.png"].startswith("holds class 9 in 96 pixels")
    assert "has 12 x 16 pixels, its picture 16 x 12" in reasons["testannot/test0.png"]
    assert len(opened.source.names) == len(opened.source.image_metadata.infos) == 6


def test_classes_are_renamed_and_joined(tmp_path):
    opened = data.open(street(tmp_path / "street"), rename={"car": "road"})
    assert opened.schema["mask"].names == ("road",)
    assert opened.train["mask"].unique().tolist() == [0, 255]


def test_names_may_be_numbered(tmp_path):
    root = street(tmp_path / "street")
    (root / "classes.txt").write_text("2: sky\n0: road\n1: car\n")
    opened = data.open(root)
    assert opened.schema["mask"].names == ("road", "car", "sky")
    (root / "classes.txt").write_text("\n")
    with pytest.raises(DataError, match=r"classes.txt: expected 1 to 255 classes, got 0 lines"):
        data.open(root)


def test_colors_are_read_by_their_table(tmp_path):
    colors = np.array([[0, 0, 0], [128, 0, 0], [0, 0, 192]], np.uint8)
    for i in range(3):
        picture(tmp_path / "images" / f"{i}.png", i)
        shown = colors[halves(i % 2, 2)]
        if i == 2:
            shown[0, 0] = 77
        (tmp_path / "masks").mkdir(exist_ok=True)
        Image.fromarray(shown).save(tmp_path / "masks" / f"{i}.png")
    with pytest.raises(DataError, match=r"none of its 3 masks can be used; the first, masks/0.png"):
        data.open(tmp_path)
    (tmp_path / "class_dict.csv").write_text("name,r,g,b\nVoid,0,0,0\ncar,128,0,0\nsky,0,0,192\n")
    opened = data.open(tmp_path)
    assert opened.schema["mask"].names == ("car", "sky")
    assert opened.source.fields["mask"][0].unique().tolist() == [1, 255]
    assert "got others in 1 pixels, such as (77, 77, 77)" in dict(opened.skipped)["masks/2.png"]


def test_masks_of_black_and_white_have_two_classes(tmp_path):
    for i in range(4):
        picture(tmp_path / "images" / f"{i}.png", i)
        label_map(tmp_path / "masks" / f"{i}.png", halves(0, 255))
    opened = data.open(tmp_path)
    assert opened.schema["mask"].names == ("0", "255")
    assert opened.train["mask"].unique().tolist() == [0, 1]
    (tmp_path / "classes.txt").write_text("ground\nball\n")
    assert data.open(tmp_path).schema["mask"].names == ("ground", "ball")
    (tmp_path / "classes.txt").write_text("void\nignore\n")
    with pytest.raises(DataError, match="its masks hold no class, only ignored pixels"):
        data.open(tmp_path)


def test_a_class_that_no_training_mask_holds_is_named(tmp_path):
    root = street(tmp_path / "street")
    (root / "classes.txt").unlink()
    label_map(root / "testannot" / "test1.png", halves(0, 7))
    with pytest.raises(
        DataError, match=r"testannot/test1.png of test holds class 7 in 96 pixels, which no train"
    ):
        data.open(root)


def test_numbers_beyond_a_byte_are_named(tmp_path):
    root = street(tmp_path / "street")
    Image.fromarray(np.full((12, 16), 3000, np.uint16)).save(root / "trainannot" / "train0.png")
    opened = data.open(root)
    assert "numbers of classes from 0 to 255, got 3,000" in opened.skipped[0][1]


def test_pictures_of_several_sizes_are_brought_to_the_commonest_shape(tmp_path):
    sizes = [(30, 60), (60, 120), (50, 50)]
    for i, size in enumerate(sizes):
        picture(tmp_path / "images" / f"{i}.png", i, size)
        label_map(tmp_path / "masks" / f"{i}.png", halves(0, 1, size))
    opened = data.open(tmp_path)
    assert opened.schema["mask"].shape == (128, 256)
    assert any("its pictures have 3 sizes" in note for note in opened.notes)
    opened = data.open(tmp_path, size=(20, 40), channels=1)
    assert opened.schema["image"].shape == (1, 20, 40)
    expected = Mask(("0", "1"), (20, 40)).prepare(halves(0, 1, (50, 50)))
    assert torch.equal(opened.source.fields["mask"][2], expected)


def test_other_folders_of_pictures_are_not_taken_for_masks(tmp_path):
    for folder in ("with_mask", "without_mask", "images", "labels_of_bottles"):
        picture(tmp_path / folder / f"{folder}-1.png", 0)
    assert not masks_source.fits(tmp_path)
    assert not boxes_source.fits(tmp_path)
    with pytest.raises(DataError, match=r"expected pictures with masks of the same names"):
        data.open(tmp_path, kind="masks")
    with pytest.raises(DataError, match=r"expected pictures with PASCAL VOC's XML or COCO's JSON"):
        data.open(tmp_path, kind="boxes")


def test_findings_on_masks(tmp_path):
    root = street(tmp_path / "street", size=(40, 60))
    (root / "classes.txt").write_text("road\ncar\nsky\nbird\nbus\n")
    dot = halves(0, 2, (40, 60))
    dot[0, 0] = 3
    label_map(root / "trainannot" / "train0.png", dot)
    label_map(root / "testannot" / "test0.png", np.full((40, 60), 4))
    label_map(root / "testannot" / "test1.png", np.full((40, 60), 255))
    opened = data.open(root)
    missing = {one.split: one for one in found(opened, "missing class")}
    assert missing["train"].severity == "error"
    assert missing["train"].items == (("bus",),)
    assert "never learned" in missing["train"].reason
    assert set(missing["valid"].items) == {("bird",), ("bus",)}
    rare = found(opened, "rare class")
    assert [one.items[0][0] for one in rare] == ["bird"]
    assert found(opened, "one class")[0].items == (("test/test0.png",),)
    assert found(opened, "empty mask")[0].items == (("test/test1.png",),)
    assert [(one.split, one.severity) for one in found(opened, "ignored pixels")] == [
        ("test", "warning")
    ]


def voc(path, things, name=None, size=(60, 80)):
    path.parent.mkdir(parents=True, exist_ok=True)
    corners = ("xmin", "ymin", "xmax", "ymax")
    objects = "".join(
        f"<object><name>{label}</name><bndbox>"
        + "".join(f"<{c}>{v}</{c}>" for c, v in zip(corners, box, strict=True))
        + "</bndbox></object>"
        for label, *box in things
    )
    path.write_text(
        f"<annotation><filename>{name or path.stem + '.png'}</filename><size><width>{size[1]}"
        f"</width><height>{size[0]}</height></size>{objects}</annotation>"
    )


def zoo(root, things=(("cat", 11, 21, 40, 50),), n=10, lists=True):
    for i in range(n):
        picture(root / "JPEGImages" / f"{i}.png", i, (60, 80))
        voc(root / "Annotations" / f"{i}.xml", things)
    if lists:
        folder = root / "ImageSets" / "Main"
        folder.mkdir(parents=True)
        (folder / "train.txt").write_text("".join(f"{i}\n" for i in range(6)))
        (folder / "val.txt").write_text("6\n7\n")
        (folder / "test.txt").write_text("8 1\n9 -1\n")
        (folder / "cat_train.txt").write_text("9 1\n")
    return root


def test_voc_opens_and_its_pixels_count_from_0(tmp_path):
    opened = data.open(zoo(tmp_path / "zoo"))
    assert [len(opened.train), len(opened.valid), len(opened.test)] == [6, 2, 2]
    assert opened.schema["image"].letterbox
    assert opened.schema["boxes"].shape == (60, 80)
    assert opened.schema["classes"].names == ("cat",)
    assert opened.schema.targets == ("boxes", "classes")
    assert opened.train["boxes"][0].tolist() == [[10, 20, 40, 50]]
    assert any("count pixels from 1, as in PASCAL VOC" in note for note in opened.notes)
    batch = next(opened.train.batches(3, turns=1))
    assert torch.equal(batch.boxes.offsets, batch.classes.offsets)
    small = data.open(tmp_path / "zoo", size=30)
    assert torch.allclose(
        small.train["boxes"][0], torch.tensor([[3.75, 3.75 + 7.5, 15, 3.75 + 18.75]])
    )


def test_boxes_that_begin_at_0_are_left_as_they_are(tmp_path):
    root = zoo(tmp_path / "zoo")
    voc(root / "Annotations" / "9.xml", [("cat", 0, 5, 20, 30)])
    opened = data.open(root)
    assert opened.train["boxes"][0].tolist() == [[11, 21, 40, 50]]
    assert any("count pixels from 0, as one begins there" in note for note in opened.notes)


def test_boxes_open_packed_too(tmp_path):
    root = zoo(tmp_path / "zoo")
    for file in (root / "Annotations").iterdir():
        (file.parent / f"{file.name}.gz").write_bytes(gzip.compress(file.read_bytes()))
        file.unlink()
    packed = shutil.make_archive(str(tmp_path / "packed"), "gztar", root)
    assert data.open(packed).fingerprint == data.open(root).fingerprint


def test_strange_boxes_are_cut_or_left_out_and_named(tmp_path):
    root = zoo(tmp_path / "zoo")
    things = [("cat", 71, 51, 90, 70), ("cat", 79, 59, 140, 140), ("cat", 30, 30, 29, 40)]
    voc(root / "Annotations" / "0.xml", [*things, ("cat", 3, 3, 20, 20), ("cat", 70, 3, 85, 20)])
    voc(root / "Annotations" / "8.xml", [("cta", 3, 3, 20, 20)], size=(80, 60))
    voc(root / "Annotations" / "9.xml", [])
    opened = data.open(root)
    assert opened.train["boxes"][0].tolist() == [[2, 2, 20, 20], [69, 2, 80, 20]]
    kinds = {one.kind: one for one in found(opened)}
    assert kinds["empty box"].items == (("JPEGImages/0.png", "cat 29 29 29 40"),)
    assert kinds["box outside"].count == 2
    assert kinds["box cut"].items == (("JPEGImages/0.png", "cat 69 2 85 20"),)
    assert kinds["unknown class"].severity == "error"
    assert kinds["unknown class"].split == "test"
    assert "--rename 'cta=NAME'; did you mean 'cat'" in kinds["unknown class"].remedy
    assert kinds["other size"].items == (("JPEGImages/8.png",),)
    assert kinds["no boxes"].split == "test"
    renamed = data.open(root, rename={"cta": "cat"})
    assert len(renamed.test["boxes"][0]) == 1
    assert not found(renamed, "unknown class")


def test_files_that_speak_of_nothing_are_left_out(tmp_path):
    root = zoo(tmp_path / "zoo")
    (root / "JPEGImages" / "0.png").unlink()
    (root / "Annotations" / "1.xml").write_text("<annotation><object>")
    (root / "JPEGImages" / "2.png").write_bytes(b"")
    voc(root / "Annotations" / "3.xml", [("cat", "a", 2, 3, 4)])
    (root / "Annotations" / "4.xml").write_text("plain")
    voc(root / "Annotations" / "copy.xml", [("cat", 1, 2, 3, 4)], name="5.png")
    opened = data.open(root)
    reasons = dict(opened.skipped)
    assert "'0.png' that does not exist" in reasons["Annotations/0.xml"]
    assert "is not valid XML (no element found" in reasons["Annotations/1.xml"]
    assert "an empty file" in reasons["JPEGImages/2.png"]
    assert "object 1: expected a name and xmin" in reasons["Annotations/3.xml"]
    assert "is in no list of a part" in reasons["Annotations/copy.xml"]
    assert not any("no annotation" in note for note in opened.notes)  # theirs cannot be used
    assert len(opened.train) == 1


def test_pictures_that_nothing_speaks_of_are_counted(tmp_path):
    root = zoo(tmp_path / "zoo")
    (root / "Annotations" / "1.xml").unlink()
    (root / "Annotations" / "2.xml").write_text("<annotation><object>")
    assert any("1 of 10 pictures have no annotation" in note for note in data.open(root).notes)


def test_hostile_xml_is_refused(tmp_path):
    root = zoo(tmp_path / "zoo")
    bomb = '<!DOCTYPE a [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><annotation>&b;</annotation>'
    (root / "Annotations" / "0.xml").write_text(bomb)
    for place, encoding in ((1, "utf-16"), (2, "cp037")):
        coded = f'<?xml version="1.0" encoding="{encoding}"?>{bomb}'.encode(encoding)
        (root / "Annotations" / f"{place}.xml").write_bytes(coded)
    opened = data.open(root)
    reasons = dict(opened.skipped)
    assert len(opened.train) == 3
    assert "got a DOCTYPE, which can make a small file" in reasons["Annotations/0.xml"]
    assert "got a DOCTYPE" in reasons["Annotations/1.xml"]
    assert "Annotations/2.xml" in reasons


def test_without_boxes_for_training_nothing_opens(tmp_path):
    root = zoo(tmp_path / "zoo", things=())
    with pytest.raises(DataError, match="no picture for training has a box, of 10"):
        data.open(root)
    for file in (root / "JPEGImages").iterdir():
        file.write_bytes(b"")
    with pytest.raises(DataError, match="none of its 10 pictures can be read; the first"):
        data.open(root)


def coco(root, part, things, size=(60, 80), n=3):
    images = []
    for i in range(n):
        picture(root / f"{part}2017" / f"{i}.png", i + len(part) * 10, size)
        images.append({"id": i, "file_name": f"{i}.png", "height": size[0], "width": size[1]})
    marks = [
        {"id": k, "image_id": i, "category_id": c, "bbox": box, "iscrowd": crowd}
        for k, (i, c, box, crowd) in enumerate(things)
    ]
    whole = {"images": images, "annotations": marks,
             "categories": [{"id": 1, "name": "person"}, {"id": 90, "name": "toothbrush"}]}  # fmt: skip
    (root / "annotations").mkdir(exist_ok=True)
    file = root / "annotations" / f"instances_{part}2017.json"
    file.write_text(json.dumps(whole))
    return file, whole


def test_coco_opens_by_the_names_of_categories(tmp_path):
    coco(tmp_path, "train", [(0, 90, [1, 2, 10, 20], 0), (0, 1, [0.5, 0, 5, 5], 0),
                             (1, 1, [0, 0, 9, 9], 1)])  # fmt: skip
    coco(tmp_path, "val", [(2, 1, [1, 2, 10, 20], 0)])
    coco(tmp_path, "test", [])
    (tmp_path / "annotations" / "captions_train2017.json").write_text('{"images": 1}')
    opened = data.open(tmp_path)
    assert [len(opened.train), len(opened.valid), len(opened.test)] == [2, 3, 3]
    assert dict(opened.skipped) == {"train2017/1.png": "has only boxes around crowds"}
    assert opened.schema["classes"].names == ("person", "toothbrush")
    assert opened.train["boxes"][0].tolist() == [[1, 2, 11, 22], [0.5, 0, 5.5, 5]]
    assert opened.train["classes"][0].tolist() == [1, 0]
    assert opened.train["boxes"].lengths.tolist() == [2, 0]
    assert opened.valid.name(int(opened.valid.ids[2])) == "val2017/2.png"
    assert any("1 box around a crowd is left out" in note for note in opened.notes)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"images": 3}, "expected a list of objects named 'images', got 3"),
        ({"annotations": [1]}, "expected a list of objects named 'annotations'"),
        ({"annotations": [{"image_id": 77, "category_id": 1, "bbox": [0, 0, 1, 1]}]},
         "annotation 1: expected image_id and category_id that are listed"),
        ({"annotations": [{"image_id": 0, "category_id": 1, "bbox": [0, 0, True, 1e400]}]},
         "bbox .0, 0, True, inf"),
    ],
)  # fmt: skip
def test_coco_is_believed_nothing(tmp_path, change, says):
    file, whole = coco(tmp_path, "train", [(0, 1, [1, 2, 3, 4], 0)])
    file.write_text(json.dumps(whole | change))
    with pytest.raises(DataError, match=says):
        data.open(tmp_path, kind="boxes")


def test_broken_json_is_named(tmp_path):
    file, _ = coco(tmp_path, "train", [])
    for content in ('{"images": [', '{"images": ' + "[" * 100_000):
        file.write_text(content)
        with pytest.raises(DataError, match=r"instances_train2017.json: is not valid JSON"):
            data.open(tmp_path)


def test_ids_of_coco_may_be_anything(tmp_path):
    file, whole = coco(tmp_path, "train", [(0, 1, [1, 2, 3, 4], 0)])
    whole["annotations"][0]["image_id"] = [1]
    file.write_text(json.dumps(whole))
    with pytest.raises(DataError, match="annotation 1: expected image_id"):
        data.open(tmp_path)


def test_findings_on_boxes(tmp_path):
    root = zoo(tmp_path / "zoo", things=[("cat", 11, 21, 40, 50)])
    things = [("cat", 12, 21, 40, 50), ("cat", 11, 21, 40, 50), ("dog", 11, 21, 40, 50)]
    voc(root / "Annotations" / "0.xml", [*things, ("cat", 3, 3, 4, 30), ("dog", 1, 1, 80, 60)])
    voc(root / "Annotations" / "1.xml", [])
    kinds = {(one.kind, one.split): one for one in found(data.open(root))}
    assert kinds["duplicate box", None].count == 1
    assert kinds["duplicate box", None].items[0][0] == "JPEGImages/0.png"
    assert kinds["tiny box", None].items == (("JPEGImages/0.png", "2.0 2.0 4.0 30.0"),)
    assert kinds["huge box", None].count == 1
    assert kinds["box at the edge", None].count == 1
    assert kinds["no boxes", "train"].severity == "note"
    assert kinds["missing class", "test"].items == (("dog",),)
    assert ("missing class", "train") not in kinds


def real(name):
    shelves = os.environ.get("BRIQUE_DATA", "").split(os.pathsep)
    if not any(os.path.isdir(os.path.join(shelf, name)) for shelf in shelves if shelf):
        pytest.skip(f"BRIQUE_DATA holds no {name}")
    return name


def test_raccoon_has_its_boxes():
    opened = data.open(real("raccoon"))
    assert len(opened.train) + len(opened.valid) == 160
    assert len(opened.test) == 40
    assert len(opened.source.fields["boxes"].values) == 217
    assert opened.schema["classes"].names == ("raccoon",)
    assert not opened.skipped
    name = opened.source.names.index("images/raccoon-1.jpg")
    box = opened.source.fields["boxes"][name][0]  # 40 43 257 201 of 320 x 205
    expected = torch.tensor([40 * 0.8, 43 * 0.8 + 46, 257 * 0.8, 201 * 0.8 + 46])
    assert torch.allclose(box, expected, atol=1e-3)


@pytest.mark.slow  # 10 s
def test_camvid_has_its_parts():
    opened = data.open(real("camvid"), size=(45, 60))
    assert [len(opened.train), len(opened.valid), len(opened.test)] == [367, 101, 233]
    assert len(opened.schema["mask"].names) == 11
    assert Counter(one.kind for one in found(opened)).keys() <= {"ignored pixels", "rare class"}
