"""The same pictures in the layouts that people use: which label and which part each has."""

import json
from pathlib import Path

import pytest

from brique import data
from brique.data import audit
from brique.data.rows.inputs import read_inputs
from brique.errors import DataError
from layouts import by_class, parts, picture, told, write

LABELS = ("cat", "dog")


def one(findings, kind):
    return next(finding for finding in findings if finding.kind == kind)


def held(opened, part):
    """Return the pictures of a part; of train with those that were held out for valid."""
    wanted = ("train", "valid") if part == "train" else (part,)
    return {name for name, here in parts(opened).items() if here in wanted}


def everything(*folders, n=6):
    return {f"{folder}/{i}.png" for folder in folders for i in range(n)}


# Parts


@pytest.mark.parametrize(
    ("train", "test"),
    [
        ("train", "test"), ("Train", "Test"), ("TRAIN", "TEST"), ("training", "testing"),
        ("train_set", "test_set"), ("TRAIN-SET", "test-set"), ("trainset", "testset"),
        ("train_images", "test_images"), ("images_train", "images-test"), ("train2017", "test2017"),
        ("seg_train", "seg_test"), ("Training Data", "Test Data"),
    ],
)  # fmt: skip
def test_folders_named_as_parts_are_parts(tmp_path, train, test):
    by_class(tmp_path / "zoo" / train)
    by_class(tmp_path / "zoo" / test, start=500)
    opened = data.open(tmp_path / "zoo")
    assert opened.schema["label"].names == LABELS
    for part, folder in (("train", train), ("test", test)):
        assert held(opened, part) == everything(f"{folder}/cat", f"{folder}/dog")
    assert all(label == name.split("/")[1] for name, label in told(opened).items())


@pytest.mark.parametrize("valid", ["valid", "val", "validation", "dev", "Dev", "VAL_SET"])
def test_a_valid_part_has_many_names(tmp_path, valid):
    for start, folder in enumerate(("train", valid, "test")):
        by_class(tmp_path / "zoo" / folder, start=500 * start)
    opened = data.open(tmp_path / "zoo")
    assert held(opened, "valid") == everything(f"{valid}/cat", f"{valid}/dog")
    assert held(opened, "test") == everything("test/cat", "test/dog")


def test_parts_may_lie_within_each_class(tmp_path):
    for start, name in enumerate(LABELS):
        by_class(tmp_path / "zoo" / name, classes=("train", "test"), start=500 * start)
    picture(tmp_path / "zoo" / "cat" / "odd.png", 99)
    opened = data.open(tmp_path / "zoo")
    assert opened.schema["label"].names == LABELS
    assert held(opened, "train") == everything("cat/train", "dog/train")
    assert held(opened, "test") == everything("cat/test", "dog/test")
    assert one(audit.findings(opened), "left out").items == (("cat/odd.png",),)


def test_folders_above_the_classes_say_nothing(tmp_path):
    by_class(tmp_path / "zoo" / "photos" / "all")
    write(tmp_path / "zoo" / "readme.txt", "about")
    opened = data.open(tmp_path / "zoo")
    assert opened.schema["label"].names == LABELS
    twice = tmp_path / "twice"
    by_class(twice / "seg_train" / "seg_train")
    by_class(twice / "seg_test" / "seg_test", start=500)
    opened = data.open(twice)
    assert opened.schema["label"].names == LABELS
    assert held(opened, "test") == everything("seg_test/seg_test/cat", "seg_test/seg_test/dog")


def test_pictures_of_parts_without_classes_have_none(tmp_path):
    for start, folder in enumerate(("train", "test")):
        for i in range(6):
            picture(tmp_path / "zoo" / folder / f"{i}.png", 100 * start + i)
    opened = data.open(tmp_path / "zoo")
    assert opened.schema.targets == ()
    assert held(opened, "train") == everything("train")
    assert held(opened, "test") == everything("test")


def test_pictures_to_be_asked_are_no_test_part(tmp_path):
    by_class(tmp_path / "zoo" / "train")
    for i in range(4):
        picture(tmp_path / "zoo" / "test" / f"{i}.png", 900 + i)
    opened = data.open(tmp_path / "zoo")
    assert told(opened).keys() == everything("train/cat", "train/dog")
    finding = one(audit.findings(opened), "left out")
    assert finding.count == 4
    assert finding.severity == "warning"
    assert "4 pictures of test without a class, for prediction only (brique predict RUN" in (
        finding.reason
    )


@pytest.mark.parametrize(
    ("folders", "text"),
    [
        (("test", *LABELS), r"zoo: test may be a part of the data or a class, beside cat and dog; .*"
         r"a folder train beside it; for a class, say --rename 'test=test'"),
        (("valid", "test"), "zoo: expected a folder train beside test, valid, got none; name it"),
        (("train", "Training"), "zoo: train and Training are both the train part; keep one, or say"),
        (("dev", "val", "train"), "zoo: dev and val are both the valid part; keep one"),
        (("cat/test", "dog/test"), "zoo: expected a folder train beside test in the folder of each"),
    ],
)  # fmt: skip
def test_parts_that_are_not_clear_are_refused(tmp_path, folders, text):
    for start, folder in enumerate(folders):
        for i in range(3):
            picture(tmp_path / "zoo" / folder / f"{i}.png", 100 * start + i)
    with pytest.raises(DataError, match=text):
        data.open(tmp_path / "zoo")


def test_what_belongs_to_no_part_is_counted(tmp_path):
    by_class(tmp_path / "zoo" / "train")
    by_class(tmp_path / "zoo" / "test", start=500)
    picture(tmp_path / "zoo" / "cover.png", 1)
    picture(tmp_path / "zoo" / "train" / "loose.png", 2)
    by_class(tmp_path / "zoo" / "extra", n=2, start=700)
    opened = data.open(tmp_path / "zoo")
    assert len(told(opened)) == 24
    said = {f.reason: f.items for f in audit.findings(opened) if f.kind == "left out"}
    lone, rest = "Left out: 1 picture in no class's folder", "Left out: 5 pictures in no part's"
    assert {reason.split(" folder")[0] + " folder" for reason in said} == {
        f"{lone.removesuffix(' folder')} folder", f"{rest} folder"
    }  # fmt: skip
    items = {item for some in said.values() for (item,) in some}
    assert items == {"cover.png", "train/loose.png", *everything("extra/cat", "extra/dog", n=2)}


# Folders within those of classes, and links


def test_pictures_in_folders_within_a_class_are_read(tmp_path):
    root = by_class(tmp_path / "zoo")
    for i in range(4):
        picture(root / "cat" / "night" / "deep" / f"{i}.png", 50 + i)
    opened = data.open(root)
    inner = everything("cat/night/deep", n=4)
    assert told(opened) == {name: name.split("/")[0] for name in everything("cat", "dog") | inner}
    finding = one(audit.findings(opened), "subfolders")
    assert {item for (item,) in finding.items} == inner
    assert "4 pictures in folders inside that of a class, read as that class: cat/night/deep" in (
        finding.reason
    )


def test_links_to_pictures_and_folders_are_followed(tmp_path):
    by_class(tmp_path / "store")
    root = by_class(tmp_path / "zoo", classes=("cat",))
    (root / "dog").symlink_to(tmp_path / "store" / "dog")
    (root / "cat" / "more.png").symlink_to(tmp_path / "store" / "dog" / "0.png")
    (root / "cat" / "up").symlink_to(root)
    opened = data.open(root)
    wanted = {name: name.split("/")[0] for name in everything("cat", "dog")}
    assert told(opened) == {**wanted, "cat/more.png": "cat"}


# Classes in names


NAMED = {
    "{label}.{number}": "{}.{}.jpg",
    "{label}_{number}": "{}_{}.png",
    "{label}-{number}": "{}-{}.JPEG",
    "{label} ({number})": "{} ({}).png",
    "{number}_{label}": "{1}_{0}.png",
    "shot_{number}_{label}": "shot_{1}_{0}.png",
}


@pytest.mark.parametrize("names", NAMED)
@pytest.mark.parametrize("labels", [LABELS, ("n01440764", "n01443537"), ("big_cat", "hot-dog")])
def test_classes_are_taken_from_the_names_of_files(tmp_path, names, labels):
    wanted = {}
    for c, label in enumerate(labels):
        for i in range(6):
            name = NAMED[names].format(label, i)
            picture(tmp_path / "zoo" / name, 100 * c + i)
            wanted[name] = label
    opened = data.open(tmp_path / "zoo", names=names)
    assert told(opened) == wanted
    assert opened.schema["label"].names == labels


def test_names_say_classes_below_parts_too(tmp_path):
    for i in range(12):
        picture(tmp_path / "zoo" / "train" / f"{LABELS[i % 2]}.{i}.jpg", i)
    for i in range(3):
        picture(tmp_path / "zoo" / "test" / f"{i}.jpg", 100 + i)
    opened = data.open(tmp_path / "zoo", names="{label}.{number}")
    assert told(opened) == {f"train/{LABELS[i % 2]}.{i}.jpg": LABELS[i % 2] for i in range(12)}
    finding = one(audit.findings(opened), "left out")
    assert "3 pictures not named as {label}.{number}, such as test/0.jpg" in finding.reason


def test_names_choose_test_and_groups(tmp_path):
    for i in range(24):
        picture(tmp_path / "zoo" / f"{LABELS[i % 2]}_cam{i % 4}_{i}.png", i)
    names = "{label}_{camera}_{number}"
    opened = data.open(tmp_path / "zoo", names=names, test="camera=cam1,cam2")
    assert held(opened, "test") == {
        f"{LABELS[i % 2]}_cam{i % 4}_{i}.png" for i in range(24) if i % 4 in (1, 2)
    }
    opened = data.open(tmp_path / "zoo", names=names, group="camera", target="label")
    assert opened.train.groups is not None
    cameras = [{name.split("_")[1] for name in held(opened, part)} for part in ("train", "test")]
    assert not cameras[0] & cameras[1]


def test_names_that_plainly_hold_classes_tell_the_flag(tmp_path):
    for i in range(12):
        picture(tmp_path / "zoo" / f"{LABELS[i % 2]}.{i}.jpg", i)
        picture(tmp_path / "camera" / f"IMG_{i:04d}.jpg", i)
    opened = data.open(tmp_path / "zoo")
    assert opened.schema.targets == ()
    assert any("--names '{label}.{number}' takes these for classes" in n for n in opened.notes)
    assert not any("--names" in note for note in data.open(tmp_path / "camera").notes)


@pytest.mark.parametrize(
    ("names", "text"),
    [
        ("{label}_{what}", r"zoo: big_cat_0.png matches \{label\}_\{what\} in two ways: label"
         r" 'big' what 'cat_0', or label 'big_cat' what '0'; name a field of digits \{number\}"),
        ("label_number", "--names must hold fields in braces"),
        ("{image}_{number}", "--names must hold fields in braces"),
        ("{label}+{number}", r"none of its 4 pictures is named as \{label\}\+\{number\}, the first"),
        ("{kind}_{place}_{number}", "none of kind, place, number is named label; choose the target with --target"),
    ],
)  # fmt: skip
def test_names_that_do_not_fit_are_refused(tmp_path, names, text):
    for i in range(4):
        picture(tmp_path / "zoo" / f"big_{['cat', 'dog'][i % 2]}_{i}.png", i)
    with pytest.raises(DataError, match=text):
        data.open(tmp_path / "zoo", names=names)


# Tables that name pictures

WANTED = [f"{i:03d}" for i in range(12)]
KIND = {stem: LABELS[int(stem) % 2] for stem in WANTED}


def flat(root, folder="", ending=".png", stems=WANTED):
    """Write the pictures, each with the seed of its number, in a folder."""
    for stem in stems:
        picture(root / folder / f"{stem}{ending}", int(stem))
    return root


def split(root, at=8, ending=".png"):
    """Write the first pictures below train, the others below test."""
    flat(root, "train", ending, WANTED[:at])
    return flat(root, "test", ending, WANTED[at:])


def table(cells, header="image,label", sign=","):
    rows = [header] if header else []
    return "\n".join([*rows, *[sign.join(pair) for pair in cells]]) + "\n"


def by_stem(opened):
    """Return label and part of each picture by its number: valid counts as train."""
    where = {n: "test" if p == "test" else "train" for n, p in parts(opened).items()}
    return {Path(name).stem: (label, where[name]) for name, label in told(opened).items()}


ALL = set(WANTED)
HALVES = {stem: (KIND[stem], "train" if n < 8 else "test") for n, stem in enumerate(WANTED)}
NAME, PATH = "{stem}.png", "{part}/{stem}.png"


def lines(cell, some=WANTED):
    part = {stem: HALVES[stem][1] for stem in WANTED}
    return [(cell.format(stem=stem, part=part[stem]), KIND[stem]) for stem in some]


def hf(ending):
    def make(root):
        split(root)
        for part, some in (("train", WANTED[:8]), ("test", WANTED[8:])):
            said = lines(NAME, some)
            text = table(said, "file_name,label")
            if ending == "jsonl":
                text = "".join(json.dumps({"file_name": f, "label": k}) + "\n" for f, k in said)
            write(root / part / f"metadata.{ending}", text)

    return make


def pair_of_tables(folders, cell):
    def make(root):
        split(root) if folders else flat(root, "images")
        write(root / "train.csv", table(lines(cell, WANTED[:8])))
        write(root / "test.csv", table(lines(cell, WANTED[8:])))

    return make


def one_table(cell, name="labels.csv", **options):
    def make(root):
        split(root)
        write(root / name, table(lines(cell), **options))

    return make


IN_PARTS = {
    "metadata.csv in each part": hf("csv"),
    "metadata.jsonl in each part": hf("jsonl"),
    "metadata.csv at the root": one_table(PATH, "metadata.csv", header="file_name,label"),
    "train.csv and test.csv beside train and test": pair_of_tables(True, NAME),
    "train.csv and test.csv with ids": pair_of_tables(True, "{stem}"),
    "train.csv and test.csv beside images": pair_of_tables(False, NAME),
    "train.csv and test.csv of images/": pair_of_tables(False, "images/{stem}.png"),
    "paths of Windows": one_table(r"C:\Users\me\data\{part}\{stem}.png"),
    "paths of Linux": one_table("/srv/me/data/{part}/{stem}.png"),
    "paths with ./": one_table("./{part}/{stem}.png"),
    "paths without ending": one_table("{part}/{stem}"),
    "backslashes": one_table(r"{part}\{stem}.png"),
    "addresses": one_table("https://host.org/a%20b/{part}/{stem}.png?size=3"),
    "another case": one_table("{part}/{stem}.PNG"),
    "blanks in the header": one_table(PATH, header="image, label"),
    "no header": one_table(PATH, header=None),
    "semicolons": one_table(PATH, header="image;label", sign=";"),
    "tabs": one_table(PATH, "labels.tsv", header="image\tlabel", sign="\t"),
    "a table in a folder": one_table(PATH, "meta/labels.csv"),
}


@pytest.mark.parametrize("name", IN_PARTS)
def test_a_table_says_what_pictures_in_parts_are(tmp_path, name):
    IN_PARTS[name](tmp_path / "zoo")
    write(tmp_path / "zoo" / "README.md", "about")
    opened = data.open(tmp_path / "zoo")
    assert by_stem(opened) == HALVES
    assert opened.schema[opened.schema.target].names == LABELS
    kinds = [field.kind for field in map(opened.schema.__getitem__, opened.schema.inputs)]
    assert kinds == ["picture"]
    assert opened.skipped == ()


def unparted(cell, folder="", name="labels.csv", **options):
    def make(root):
        flat(root, folder)
        write(root / name, table(lines(cell), **options))

    return make


def far(root):
    flat(root, "images")
    write(root / "labels.csv", table(lines("D:/all/of/it/{stem}.png")))


def one_hot(root):
    flat(root)
    cells = [(f, *("1" if k == one else "0" for one in LABELS)) for f, k in lines(NAME)]
    write(root / "labels.csv", table(cells, "image,cat,dog"))


WITHOUT_PARTS = {
    "beside the pictures": unparted(NAME),
    "above the pictures": unparted(NAME, "images"),
    "ids": unparted("{stem}", "train", "train_labels.csv", header="id,label"),
    "a split of others": unparted("images/{stem}.png", "images"),
    "another folder of another machine": far,
    "a column for each class": one_hot,
    "Parquet": lambda root: parquet(flat(root, "images"), [int(stem) for stem in WANTED]),
}


def parquet(root, ids):
    import pyarrow as pa
    from pyarrow import parquet as pq

    for stem in WANTED:
        (root / "images" / f"{stem}.png").rename(root / "images" / f"{int(stem)}.png")
    pq.write_table(pa.table({"id": ids, "label": list(KIND.values())}), root / "all.parquet")


@pytest.mark.parametrize("name", WITHOUT_PARTS)
def test_a_table_says_what_pictures_are(tmp_path, name):
    WITHOUT_PARTS[name](tmp_path / "zoo")
    opened = data.open(tmp_path / "zoo")
    assert {f"{int(stem):03d}": label for stem, (label, _) in by_stem(opened).items()} == KIND
    assert opened.skipped == ()


def test_a_competition_is_read_as_it_is_shipped(tmp_path):
    root = split(tmp_path / "zoo")
    write(root / "train.csv", table([(s, KIND[s]) for s in WANTED[:8]], "id,breed"))
    write(root / "test.csv", table([(s,) for s in WANTED[8:]], "id"))
    write(root / "sample_submission.csv", table([(s, "cat") for s in WANTED[8:]], "id,breed"))
    opened = data.open(root)
    assert {stem: label for stem, (label, _) in by_stem(opened).items()} == {
        stem: KIND[stem] for stem in WANTED[:8]
    }
    assert opened.schema.targets == ("breed",)
    assert (
        "zoo: test.csv has no 'breed', so it is for prediction, not a test part: brique predict"
        in ("".join(opened.notes))
    )
    assert any("sample_submission.csv is a sample submission" in note for note in opened.notes)
    finding = one(audit.findings(opened), "left out")
    assert {item for (item,) in finding.items} == {f"test/{stem}.png" for stem in WANTED[8:]}
    asked = read_inputs(opened.schema, (root / "test.csv",))
    assert [one.value["id"] for one in asked] == [root / "test" / f"{s}.png" for s in WANTED[8:]]


def test_tables_without_the_target_are_to_be_asked(tmp_path):
    rows = [f"{i},{i % 7},{'ab'[i % 2]}" for i in range(40)]
    write(tmp_path / "t" / "train.csv", "x,z,survived\n" + "\n".join(rows) + "\n")
    write(tmp_path / "t" / "test.csv", "x,z\n" + "\n".join(f"{i},{i}" for i in range(9)) + "\n")
    write(tmp_path / "t" / "gender_submission.csv", "x,survived\n1,a\n2,b\n")
    opened = data.open(tmp_path / "t")
    assert opened.schema.targets == ("survived",)
    assert len(opened.source) == 40
    assert any(
        "test.csv has no 'survived', so it is for prediction" in note for note in opened.notes
    )


def test_the_table_counts_where_folders_differ(tmp_path):
    root = by_class(tmp_path / "zoo")
    cells = [(f"{name}/{i}.png", name) for name in LABELS for i in range(6)]
    cells[0], cells[7] = (cells[0][0], "dog"), (cells[7][0], "cat")
    write(root / "labels.csv", table(cells[:11]))
    opened = data.open(root)
    assert told(opened) == dict(cells[:11])
    finding = one(audit.findings(opened), "folders differ")
    assert finding.items == (("cat/0.png", "cat", "dog"), ("dog/1.png", "dog", "cat"))
    assert "2 of 11 rows of the table give a picture another class" in finding.reason
    assert one(audit.findings(opened), "left out").items == (("dog/5.png",),)


def test_folders_and_a_column_that_may_both_be_classes_are_refused(tmp_path):
    root = by_class(tmp_path / "zoo")
    cells = [(f"{n}/{i}.png", str(i), "ab"[i % 2]) for n in LABELS for i in range(6)]
    write(root / "about.csv", table(cells, "path,width,camera"))
    text = r"its pictures lie in folders \(cat, dog\), and a table names them: .* --kind pictures"
    with pytest.raises(DataError, match=text):
        data.open(root)
    opened = data.open(root, kind="pictures")
    assert told(opened) == {name: name.split("/")[0] for name in everything(*LABELS)}
    opened = data.open(root, target="camera")
    assert told(opened) == {path: camera for path, _, camera in cells}


def test_names_that_may_mean_two_pictures_are_refused(tmp_path):
    for folder in ("a", "b"):
        flat(tmp_path / "zoo", folder)
    write(tmp_path / "zoo" / "labels.csv", table(lines(NAME)))
    text = (
        r"labels.csv: column 'image': 12 of its cells match several files, such as '000.png'"
        r" a/000.png or b/000.png; write the folder before the name"
    )
    with pytest.raises(DataError, match=text):
        data.open(tmp_path / "zoo")


def test_pictures_that_are_not_there_are_not_replaced_by_others(tmp_path):
    flat(tmp_path / "zoo", "dogs", stems=WANTED[:8])
    flat(tmp_path / "zoo", "cats", stems=WANTED[8:])
    cells = lines("/me/dogs/{stem}.png", WANTED[:8]) + lines("/me/cats/{stem}.png", WANTED[7:])
    write(tmp_path / "zoo" / "labels.csv", table(cells))
    opened = data.open(tmp_path / "zoo")
    assert len(told(opened)) == 12
    assert [reason for _, reason in opened.skipped] == ["there is no such file; check the path"]


def test_several_tables_that_name_pictures_are_refused(tmp_path):
    flat(tmp_path / "zoo")
    for name in ("one.csv", "two.csv"):
        write(tmp_path / "zoo" / name, table(lines(NAME)))
    text = r"zoo: one.csv, two.csv name pictures, .* give one of them, such as zoo/one"
    with pytest.raises(DataError, match=text):
        data.open(tmp_path / "zoo")
    assert len(told(data.open(tmp_path / "zoo" / "one.csv"))) == 12


def test_rows_of_one_picture_stay_on_one_side(tmp_path):
    root = flat(tmp_path / "zoo", "images")
    cells = [(f"images/{s}.png", who, KIND[s]) for s in WANTED for who in ("anna", "ben")]
    write(root / "labels.csv", table(cells, "image,rater,label"))
    opened = data.open(root)
    sides = [{s.name(i) for i in s.ids.tolist()} for s in (opened.train, opened.valid, opened.test)]
    assert sum(map(len, sides)) == 12
    assert len(opened.source) == 24
    assert any("12 of 24 rows name the picture of an earlier row" in n for n in opened.notes)


def test_columns_of_several_marks_are_several_targets(tmp_path):
    root = flat(tmp_path / "zoo")
    cells = [(f"{s}.png", str(int(s) % 2), str(int(s) // 6)) for s in WANTED]
    write(root / "labels.csv", table(cells, "image,red,round"))
    opened = data.open(root)
    assert opened.schema.targets == ("red", "round")
    assert opened.schema.inputs == ("image",)


def test_numbers_that_are_also_names_of_pictures_stay_numbers(tmp_path):
    for i in range(24):
        picture(tmp_path / "zoo" / f"{i}.png", i)
    cells = [(f"{i}.png", str(i % 2)) for i in range(24)]
    write(tmp_path / "zoo" / "labels.csv", table(cells))
    opened = data.open(tmp_path / "zoo")
    assert told(opened) == dict(cells)


def test_tables_of_classes_are_left_alone(tmp_path):
    root = by_class(tmp_path / "zoo")
    for name in LABELS:
        write(root / name / "about.csv", table([(f"{i}.png", str(i)) for i in range(6)], "f,width"))
    opened = data.open(root)
    assert told(opened) == {name: name.split("/")[0] for name in everything(*LABELS)}
    assert "cat: about.csv not named as pictures, ignored." in opened.notes


def test_a_table_that_names_no_picture_is_said(tmp_path):
    by_class(tmp_path / "p", classes=("first", "second"))
    rows = "".join(f"{folder}/{i}.jpg,{LABELS[i % 2]}\n" for folder in ("first", "second")
                   for i in range(6))  # fmt: skip
    write(tmp_path / "p" / "labels.csv", "image,label\n" + rows)
    finding = one(audit.findings(data.open(tmp_path / "p")), "unused table")
    assert finding.severity == "warning"
    assert finding.reason == "labels.csv is ignored, as it names no picture of the folder."
    chosen = tmp_path / "q"
    by_class(chosen, classes=LABELS)
    write(
        chosen / "labels.csv", "image,label\n" + rows.replace("jpg", "png").replace("first", "cat")
    )
    opened = data.open(chosen, kind="pictures")
    assert not [found for found in audit.findings(opened) if found.kind == "unused table"]


def test_one_folder_beside_a_table_that_names_no_picture_is_refused_with_both(tmp_path):
    by_class(tmp_path / "p", classes=("images",))
    write(tmp_path / "p" / "labels.csv", "image,label\n0.jpg,cat\n1.jpg,dog\n")
    says = "two classes or more .* labels.csv is ignored, as it names no picture of the folder"
    with pytest.raises(DataError, match=says):
        data.open(tmp_path / "p")
