"""Pictures beside their masks, as tools and archives of people ship them; lists of parts."""

import unicodedata

import numpy as np
import pytest
from PIL import Image

from brique import data
from brique.data import audit
from brique.errors import DataError
from layouts import by_class, parts, picture, told, write

SIZE = (24, 20)


def mask(path, seed, value=255):
    """Write a label map of 0 and a value that stands in a rectangle, drawn by the seed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.zeros(SIZE, np.uint8)
    pixels[seed % 7 + 2 : seed % 7 + 12, 3 : 5 + seed % 9] = value
    Image.fromarray(pixels).save(path)
    return pixels


def pairs(root, shown, masked, n=12):
    """Write pictures, and a mask of each; return the masks by the name of the picture."""
    wanted = {}
    for i in range(n):
        picture(root / shown.format(i), i, size=SIZE)
        wanted[shown.format(i)] = mask(root / masked.format(i), i)
    return wanted


def opened_masks(opened):
    """Return the masks of a data set, by the name of the picture: where they are not 0."""
    return {
        split.name(row): np.asarray(split[place]["mask"])
        for split in (opened.train, opened.valid, opened.test)
        for place, row in enumerate(split.ids.tolist())
    }


@pytest.mark.parametrize(
    ("shown", "masked"),
    [
        ("{:03}.jpg", "{:03}_mask.png"), ("{:03}.png", "{:03}-seg.png"), ("{}.jpg", "mask_{}.png"),
        ("scans/{}.tif", "scans/{}_GT.tif"), ("a/b/{}.jpg", "a/b/{}_segmentation.png"),
        ("Task1-2_Training_Input/{:07}.jpg", "Task1_Training_GroundTruth/{:07}_segmentation.png"),
        ("frames/{}.jpg", "SegmentationClassPNG/{}.png"), ("CXR/{}.png", "ManualMasks/{}_mask.png"),
        ("devkit/VOC/JPEGImages/{}.jpg", "devkit/VOC/SegmentationClass/{}.png"),
    ],
)  # fmt: skip
def test_masks_are_found_and_are_no_pictures(tmp_path, shown, masked):
    wanted = pairs(tmp_path / "zoo", shown, masked)
    opened = data.open(tmp_path / "zoo")
    assert opened.schema.targets == ("mask",)
    found = opened_masks(opened)
    assert found.keys() == wanted.keys()
    assert all((found[name] == (pixels > 0)).all() for name, pixels in wanted.items())


def test_masks_beside_pictures_in_parts_have_their_parts_and_names(tmp_path):
    root = tmp_path / "zoo"
    for start, part in enumerate(("train", "valid", "test")):
        for i in range(6):
            picture(root / part / f"{i}_jpg.rf.0a.jpg", 50 * start + i, size=SIZE)
            mask(root / part / f"{i}_jpg.rf.0a_mask.png", i, 1 + i % 2)
        write(root / part / "_classes.csv", "Pixel Value, Class\n0, ground\n1, leaf\n2, root\n")
    opened = data.open(root)
    assert opened.schema["mask"].names == ("ground", "leaf", "root")
    assert parts(opened) == {
        f"{part}/{i}_jpg.rf.0a.jpg": part for part in ("train", "valid", "test") for i in range(6)
    }


def test_other_views_of_label_maps_are_left_alone(tmp_path):
    root = tmp_path / "zoo"
    for start, (part, town) in enumerate((("train", "ulm"), ("val", "bonn"))):
        for i in range(6):
            name = f"{part}/{town}/{town}_{i:06}_000019"
            picture(root / "leftImg8bit" / f"{name}_leftImg8bit.png", 50 * start + i, size=SIZE)
            mask(root / "gtFine" / f"{name}_gtFine_labelIds.png", i, 26)
            mask(root / "gtFine" / f"{name}_gtFine_instanceIds.png", i, 99)
            picture(root / "gtFine" / f"{name}_gtFine_color.png", 500 + i, size=SIZE)
            write(root / "gtFine" / f"{name}_gtFine_polygons.json", "{}")
    opened = data.open(root)
    assert opened.schema["mask"].names == ("0", "26")
    assert len(opened.valid) == 6
    assert len(parts(opened)) == 12
    assert any("12 files are other views of the masks" in note for note in opened.notes)


def by_disease(root):
    for start, name in enumerate(("benign", "malignant")):
        for i in range(8):
            picture(root / name / f"{name} ({i}).png", 50 * start + i, size=SIZE)
            mask(root / name / f"{name} ({i})_mask.png", i)
    mask(root / "benign" / "benign (3)_mask_1.png", 5)
    return root


def test_classes_whose_pictures_have_masks_beside_them_may_mean_either(tmp_path):
    root = by_disease(tmp_path / "zoo")
    text = (
        r"zoo: its pictures lie in folders \(benign, malignant\), with their masks beside them,"
        r" such as benign \(0\).png and benign \(0\)_mask.png; say --kind masks to learn the masks, or"
        r" --kind pictures"
    )
    with pytest.raises(DataError, match=text):
        data.open(root)
    opened = data.open(root, kind="pictures")
    assert told(opened) == {
        f"{name}/{name} ({i}).png": name for name in ("benign", "malignant") for i in range(8)
    }
    left = next(one for one in audit.findings(opened) if one.kind == "left out")
    assert left.count == 17
    opened = data.open(root, kind="masks")
    assert len(opened_masks(opened)) == 15
    assert ("benign/benign (3).png", "has 2 masks; merge them into one") in opened.skipped


def test_folders_of_pictures_and_of_their_masks_are_no_classes(tmp_path):
    pairs(tmp_path / "zoo", "input/{}.png", "output/{}.png")
    text = (
        "zoo: the files in output have the names of those in input, and few colors, like masks;"
        " for masks, name the folders images and masks; for two classes, say --kind pictures"
    )
    with pytest.raises(DataError, match=text):
        data.open(tmp_path / "zoo")
    opened = data.open(tmp_path / "zoo", kind="pictures")
    assert opened.schema["label"].names == ("input", "output")


def test_pictures_named_as_masks_that_are_none_stay_pictures(tmp_path):
    root = tmp_path / "zoo"
    for start, name in enumerate(("with", "without")):
        for i in range(6):
            picture(root / name / f"{i}.png", 100 * start + i)
            picture(root / name / f"{i}_mask.png", 100 * start + 50 + i)
    assert len(told(data.open(root))) == 24


# Lists of parts


def by_lists(root, write_line, folder="", names=("train", "val", "test")):
    """Write pictures of two classes, and lists: of each class 0 to 5 train, to 8 val, to 11 test."""
    for start, label in enumerate(("pie", "soup")):
        for i in range(12):
            picture(root / "images" / label / f"{i}.jpg", 50 * start + i)
    for name, numbers in zip(names, (range(6), range(6, 9), range(9, 12)), strict=True):
        lines = [write_line(label, i) for label in ("pie", "soup") for i in numbers]
        write(root / folder / f"{name}.txt", "\n".join(lines) + "\n")
    return {
        f"images/{label}/{i}.jpg": "train" if i < 6 else "valid" if i < 9 else "test"
        for label in ("pie", "soup")
        for i in range(12)
    }


@pytest.mark.parametrize(
    ("line", "folder", "names"),
    [
        (lambda label, i: f"images/{label}/{i}.jpg", "", ("train", "val", "test")),
        (lambda label, i: f"{label}/{i}", "meta", ("train", "valid", "test")),
        (lambda label, i: f"/disk/me/food/images/{label}/{i}.jpg", "", ("training_list", "val_list",
                                                                       "testing_list")),
        (lambda label, i: f"{label}/{i}.jpg,{label}", "splits", ("trainlist01", "vallist01",
                                                               "testlist01")),
    ],
)  # fmt: skip
def test_lists_say_the_parts_of_pictures(tmp_path, line, folder, names):
    wanted = by_lists(tmp_path / "zoo", line, folder, names)
    opened = data.open(tmp_path / "zoo")
    assert parts(opened) == wanted
    assert all(label == name.split("/")[1] for name, label in told(opened).items())


def test_lists_say_the_classes_of_pictures_that_no_folder_tells(tmp_path):
    root = tmp_path / "zoo"
    for i in range(20):
        picture(root / "images" / f"{i}.jpg", i)
    for name, numbers in (("train", range(14)), ("val", range(14, 20))):
        write(root / f"{name}.txt", "".join(f"images/{i}.jpg {i % 2}\n" for i in numbers))
    opened = data.open(root)
    assert told(opened) == {f"images/{i}.jpg": str(i % 2) for i in range(20)}
    assert len(opened.valid) == 6


def test_lists_say_the_parts_of_masks(tmp_path):
    root = tmp_path / "zoo"
    pairs(root, "JPEGImages/{}.jpg", "SegmentationClass/{}.png")
    lists = root / "ImageSets" / "Segmentation"
    write(lists / "train.txt", "".join(f"{i}\n" for i in range(8)))
    write(lists / "val.txt", "".join(f"{i}\n" for i in range(8, 11)))
    opened = data.open(root)
    assert {name for name, part in parts(opened).items() if part == "valid"} == {
        f"JPEGImages/{i}.jpg" for i in range(8, 11)
    }
    assert ("JPEGImages/11.jpg", opened.skipped[0][1]) == opened.skipped[0]
    assert "is on no list of a part" in opened.skipped[0][1]


def test_what_lists_lack_is_counted(tmp_path):
    root = tmp_path / "zoo"
    by_lists(root, lambda label, i: f"{label}/{i}")
    for i in range(3):
        picture(root / "images" / "pie" / f"new{i}.jpg", 900 + i)
    write(root / "test.txt", (root / "test.txt").read_text() + "pie/gone\n")
    opened = data.open(root)
    said = [one.reason for one in audit.findings(opened) if one.kind == "left out"]
    assert any("3 pictures on no list of a part" in one for one in said)
    assert any("1 of 7 lines of test.txt name no existing picture" in one for one in said)


def test_lists_of_others_than_train_leave_the_rest_for_it(tmp_path):
    root = tmp_path / "zoo"
    wanted = by_lists(root, lambda label, i: f"{label}/{i}.jpg")
    (root / "train.txt").unlink()
    assert parts(data.open(root)) == wanted


def test_a_picture_on_two_lists_is_refused(tmp_path):
    root = tmp_path / "zoo"
    by_lists(root, lambda label, i: f"{label}/{i}")
    write(root / "test.txt", (root / "test.txt").read_text() + "pie/1\n")
    text = "zoo: train.txt names images/pie/1.jpg, which is also on the list of test; take it off"
    with pytest.raises(DataError, match=text):
        data.open(root)


def test_texts_that_may_say_parts_and_are_not_read_are_named(tmp_path):
    root = tmp_path / "zoo"
    by_lists(root, lambda label, i: f"{label}/{i}")
    for name in ("train", "val", "test"):
        (root / f"{name}.txt").unlink()
    write(root / "train_test_split.txt", "".join(f"{i} {i % 2}\n" for i in range(24)))
    finding = next(one for one in audit.findings(data.open(root)) if one.kind == "parts unread")
    assert "train_test_split.txt may list the test pictures" in finding.reason


# Folders and names that say less than they seem to


def test_accents_are_one_letter_or_two_and_the_same_class(tmp_path):
    root = tmp_path / "zoo"
    for start, form in enumerate(("NFC", "NFD")):
        for i in range(6):
            picture(root / unicodedata.normalize(form, "café") / f"{form}{i}.png", 100 * start + i)
    for i in range(6):
        picture(root / "tea" / f"{i}.png", 900 + i)
    opened = data.open(root)
    assert opened.schema["label"].names == (unicodedata.normalize("NFC", "café"), "tea")
    assert list(told(opened).values()).count(opened.schema["label"].names[0]) == 12


def test_a_table_names_files_whose_accents_are_written_otherwise(tmp_path):
    root, rows = tmp_path / "zoo", ["image,label"]
    for i in range(20):
        picture(root / "img" / unicodedata.normalize("NFD", f"été{i}.png"), i)
        rows.append(unicodedata.normalize("NFC", f"été{i}.png") + ("," + "ab"[i % 2]))
    write(root / "labels.csv", "\n".join(rows))
    assert len(told(data.open(root))) == 20


def test_a_link_to_a_folder_above_another_link_is_not_followed(tmp_path):
    by_class(tmp_path / "store")
    (tmp_path / "zoo").mkdir()
    for name in ("cat", "dog"):
        (tmp_path / "zoo" / name).symlink_to(tmp_path / "store" / name)
    (tmp_path / "store" / "dog" / "all").symlink_to(tmp_path / "zoo")
    assert len(told(data.open(tmp_path / "zoo"))) == 12


@pytest.mark.parametrize(
    "tops", [("fold1", "fold2", "fold3"), ("2021", "2022"), ("session_1", "session_2")]
)
def test_classes_that_differ_in_a_number_and_hold_the_same_folders_are_an_error(tmp_path, tops):
    for start, top in enumerate(tops):
        by_class(tmp_path / "zoo" / top, start=500 * start)
    finding = next(
        one for one in audit.findings(data.open(tmp_path / "zoo")) if one.kind == "subfolders"
    )
    assert finding.severity == "error"
    assert "These differ in a number alone, and hold the same folders: cat, dog" in finding.reason
    said = data.open(tmp_path / "zoo", rename={tops[0]: tops[0]})
    assert [one.severity for one in audit.findings(said) if one.kind == "subfolders"] == ["warning"]


@pytest.mark.parametrize(
    "tops",
    [("trainA", "trainB", "testA"), ("box_train", "box_test", "query"), ("trainReal", "valFake")],
)
def test_folders_whose_names_tell_of_parts_and_more_are_refused(tmp_path, tops):
    for start, top in enumerate(tops):
        for i in range(4):
            picture(tmp_path / "zoo" / top / f"{i}.png", 100 * start + i)
    with pytest.raises(DataError, match="name parts of the data, and more; for parts, call"):
        data.open(tmp_path / "zoo")
    said = data.open(tmp_path / "zoo", rename={top: top for top in tops})
    assert set(said.schema["label"].names) == set(tops)


@pytest.mark.parametrize("folder", ["unlabeled", "Unlabelled", "unsup"])
def test_pictures_without_a_label_are_no_class(tmp_path, folder):
    root = by_class(tmp_path / "zoo")
    for i in range(5):
        picture(root / folder / f"{i}.png", 900 + i)
    opened = data.open(root)
    assert opened.schema["label"].names == ("cat", "dog")
    finding = next(one for one in audit.findings(opened) if one.kind == "left out")
    assert finding.count == 5
    said = data.open(root, rename={folder: folder})
    assert folder in said.schema["label"].names


def test_masks_whose_names_are_those_of_no_picture_are_no_class(tmp_path):
    root = tmp_path / "zoo"
    for i in range(6):
        picture(root / "images" / f"p{i}.png", i, size=SIZE)
        mask(root / "masks" / f"task-{i}-by-1.png", i)
    text = "zoo: masks lies beside images, but its files do not have the names of pictures there; for masks"
    with pytest.raises(DataError, match=text):
        data.open(root)


def test_a_class_of_which_nothing_can_be_read_is_named(tmp_path):
    root = by_class(tmp_path / "zoo")
    write(root / "fox" / "1.heic", "heic")
    finding = next(one for one in audit.findings(data.open(root)) if one.kind == "class left out")
    assert finding.items == (("fox",),)
    assert "No picture of fox can be read, so it is not a class" in finding.reason


def test_what_leaves_a_single_class_is_named(tmp_path):
    root = tmp_path / "zoo"
    for i in range(4):
        picture(root / "cat" / f"{i}.png", i)
    write(root / "dog" / "1.heic", "heic")
    with pytest.raises(
        DataError, match=r"got cat \(1 pictures cannot be read: dog/1.heic: .heic is"
    ):
        data.open(root)
    (root / "dog" / "1.heic").unlink()
    write(
        root / "labels.csv", "number,kind\n" + "".join(f"{i * 7 + 100},{i % 2}\n" for i in range(9))
    )
    with pytest.raises(DataError, match="got cat, and labels.csv beside them names none of them"):
        data.open(root)


def test_pictures_of_unread_kinds_are_named(tmp_path):
    write(tmp_path / "zoo" / "cat" / "1.dcm", "DICM")
    write(tmp_path / "zoo" / "dog" / "1.dcm", "DICM")
    text = "zoo: its 2 pictures have unsupported formats, such as cat/1.dcm; convert them"
    with pytest.raises(DataError, match=text):
        data.open(tmp_path / "zoo")


def test_a_sample_of_answers_alone_is_no_table_of_classes(tmp_path):
    root = tmp_path / "zoo"
    for i in range(6):
        picture(root / "train" / f"cat.{i}.jpg", i)
        picture(root / "train" / f"dog.{i}.jpg", 50 + i)
        picture(root / "test1" / f"{i}.jpg", 90 + i)
    write(root / "sampleSubmission.csv", "id,label\n" + "".join(f"{i},0\n" for i in range(6)))
    assert data.open(root).schema.targets == ()


@pytest.mark.parametrize("column", ["fold", "is_train", "Partition", "kfold"])
def test_columns_that_may_say_parts_are_named(tmp_path, column):
    rows = [f"{i * 37 % 101},{'ab'[i % 2]},{i // 8}" for i in range(40)]
    file = write(tmp_path / "zoo.csv", "\n".join([f"size,label,{column}", *rows]))
    finding = next(one for one in audit.findings(data.open(file)) if one.kind == "parts unread")
    assert finding.reason == f"'{column}' may mark the test rows, and is read as an input."
    for options in ({"test": f"{column}=4"}, {"types": {column: "leave"}}):
        opened = data.open(file, **options)
        assert opened.schema.inputs == ("size",)
        assert not [one for one in audit.findings(opened) if one.kind == "parts unread"]
