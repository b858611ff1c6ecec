"""A run's model is evaluated on data of another form than its training data."""

import json
import re
import shutil

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest
import torch
from PIL import Image

import brique
from brique import files
from brique.cli import main
from brique.errors import DataError, UsageError
from brique.model import load
from brique.tasks.regress.metrics import compute_metrics
from brique.tasks.table import sentence


def photographs(folder, size, *, each=15, classes=("dark", "light")):
    """Make a folder of noisy pictures by class, of one size (height, width)."""
    generator = np.random.default_rng(1)
    for number, name in enumerate(classes):
        (folder / name).mkdir(parents=True)
        for i in range(each):
            low = 60 * number + 8 * i  # the classes overlap
            pixels = generator.integers(low, low + 80, (*size, 3)).clip(0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{i}.png")
    return folder


@pytest.fixture(scope="module")
def wide(tmp_path_factory):
    """Return a quick run on pictures of 20 x 12 pixels."""
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("evaluate")
    photographs(folder / "wide", (12, 20))
    return brique.train(folder / "wide", quick=True, out=folder / "run")


@pytest.mark.parametrize("size", [(12, 20), (20, 12), (48, 30)])
def test_pictures_of_any_size_are_judged_as_predict_answers_them(wide, tmp_path, size):
    photos = photographs(tmp_path / "others", size)
    found = brique.evaluate(wide, photos)
    files = sorted(photos.glob("*/*.png"))
    right = [
        a.answer == f.parent.name for a, f in zip(load(wide).predict(files), files, strict=True)
    ]
    assert found["test"]["accuracy"] == sum(right) / len(right)
    assert found["examples"] == len(files) == 30
    height, width = size
    note = f"others: pictures of {width} x {height} pixels are resized to 20 x 12, the"
    scaled = [] if size == (12, 20) else [f"{note} model's input size."]
    assert [one for one in found["notes"] if "pixels" in one] == scaled
    assert "others: all 30 examples are evaluated." in found["notes"]


def test_grey_pictures_are_judged_by_a_net_that_takes_color(wide, tmp_path):
    for number, name in enumerate(("dark", "light")):
        (tmp_path / "grey" / name).mkdir(parents=True)
        for i in range(10):
            Image.new("L", (20, 12), 150 * number + 5 * i).save(
                tmp_path / "grey" / name / f"{i}.png"
            )
    assert brique.evaluate(wide, tmp_path / "grey")["test"]["accuracy"] > 0.5


def test_two_targets_are_judged_on_other_data_as_predict_answers_them(tmp_path):
    draw = np.random.default_rng(0)
    for name, count in (("first", 200), ("other", 90)):
        x = draw.normal(3 * (name == "other"), 1 + (name == "other"), (count, 2))
        rows = [f"{a:.4f},{b:.4f},{a - b:.4f},{1000 * a:.2f}" for a, b in x]
        (tmp_path / f"{name}.csv").write_text("\n".join(["a,b,near,far", *rows]))
    run = brique.train(tmp_path / "first.csv", target="near,far", quick=True, out=tmp_path / "run")
    found = brique.evaluate(run, tmp_path / "other.csv", target="near,far")
    lines = (tmp_path / "other.csv").read_text().splitlines()[1:]
    cells = torch.tensor([[float(cell) for cell in line.split(",")] for line in lines])
    rows = [{"a": a, "b": b} for a, b in cells[:, :2].tolist()]
    said = torch.tensor([[*one.answer.values()] for one in load(run).predict(rows)])
    truth = cells[:, 2:]
    assert found["examples"] == 90
    assert found["test"] == pytest.approx(compute_metrics(said, truth), rel=1e-4)
    assert found["targets"] == ["near", "far"]


def test_data_that_ask_for_something_else_than_the_model_answers_are_refused(tmp_path):
    draw = np.random.default_rng(0)
    rows = [
        f"{a:.3f},{a * 2:.3f},{a + b:.3f},{'xy'[int(b > 0)]}" for a, b in draw.normal(size=(90, 2))
    ]
    (tmp_path / "t.csv").write_text("\n".join(["a,b,c,kind", *rows]))
    one = brique.train(tmp_path / "t.csv", target="c", quick=True, out=tmp_path / "one",
                       types={"b": "leave", "kind": "leave"})  # fmt: skip
    for target, asked in (("b", "'b' (number)"), ("c,b", "'c' (number), 'b' (number)"),
                          ("kind", "'kind' (category)")):  # fmt: skip
        says = f"t.csv: the model answers 'c' (number), and these data ask for {asked}; say what it"
        with pytest.raises(DataError, match=re.escape(says)):
            brique.evaluate(one, tmp_path / "t.csv", target=target)
    moved = tmp_path / "more" / "t.csv"
    moved.parent.mkdir()
    moved.write_text("\n".join(["a,b,c,kind", *rows[:60]]))
    again = brique.evaluate(one, moved, target="c")
    seen, rest = again["train_duplicates"], again["unseen"]["examples"]
    assert (seen + rest, again["examples"]) == (60, 60)
    assert again["notes"][0].startswith(f"t.csv: {seen} of 60 examples have the same inputs as tra")
    assert sentence(again).startswith(
        f"{seen} of 60 test examples have the same inputs as training"
    )


def test_what_is_no_picture_is_not_said_to_lack_a_size(wide, tmp_path):
    (tmp_path / "t.csv").write_text("\n".join(["a,b", *[f"{n},{n * 2}" for n in range(40)]]))
    with pytest.raises(
        DataError, match=r"answers 'label' \(category\), and these data ask for 'b'"
    ):
        brique.evaluate(wide, tmp_path / "t.csv", target="b")


def test_the_judgement_in_json_has_the_fixed_keys(capsys, wide):
    capsys.readouterr()
    assert main(["evaluate", str(wide), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert set(found) >= {"format", "run", "task", "test", "interval", "baseline", "seconds"}
    assert set(found["seconds"]) == {"total", "evaluation", "baselines"}
    assert set(found["baseline"]) == {"majority", "logistic", "svm", "neighbors", "forest"}
    assert found["comparison"]["outcome"] in ("better", "even", "worse")


# Other data: all of them, whatever classes, columns and files they have


@pytest.fixture(scope="module")
def shades(tmp_path_factory):
    """Return the folder of a quick run on three shades, and of the pictures it learned from."""
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("shades")
    three(folder / "learn", ["dark", "dim", "light"], each=20)
    brique.train(folder / "learn", quick=True, out=folder / "run")
    return folder


SHADES = {"dark": 20, "dim": 110, "light": 200, "white": 250}


def three(folder, classes, *, each, shift=0):
    draw = np.random.default_rng(each + shift)
    for name in classes:
        (folder / name).mkdir(parents=True)
        for i in range(each):
            low = SHADES[name.strip(" .").casefold()] + shift
            pixels = draw.integers(low, low + 5, (8, 8, 3)).astype(np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{i}.png")
    return folder


def test_all_that_is_given_is_judged_beside_the_baselines_of_the_run(shades, tmp_path):
    found = brique.evaluate(
        shades / "run", three(tmp_path / "judge", SHADES.keys() - {"white"}, each=11)
    )
    assert (found["examples"], found["test"]["accuracy"]) == (33, 1.0)
    assert found["evaluated_on"] == {"data": "judge", "part": "all", "examples": 33}
    own = brique.evaluate(shades / "run")["baseline"]
    assert {k: v.get("examples") for k, v in found["baseline"].items()} == {
        k: v.get("examples") for k, v in own.items()
    }  # fitted on as many: the training part of the run
    assert "train_duplicates" not in found


@pytest.mark.parametrize("classes", [["dark", "light"], ["dim"]])
def test_fewer_classes_or_one_alone_are_judged(shades, tmp_path, classes):
    found = brique.evaluate(shades / "run", three(tmp_path / "few", classes, each=12))
    assert found["test"]["accuracy"] == found["test"]["balanced_accuracy"] == 1.0
    assert found["examples"] == 12 * len(classes)
    assert found["names"] == ["dark", "dim", "light"]


def test_a_class_more_counts_as_wrong_and_is_said(shades, tmp_path, capsys):
    more = three(tmp_path / "more", SHADES, each=10)
    found = brique.evaluate(shades / "run", more)
    assert (found["test"]["accuracy"], found["unknown_classes"]) == (0.75, {"white": 10})
    assert found["test"]["balanced_accuracy"] == 0.75
    assert found["test"]["log_loss"] is None  # infinite: it never answers that class
    assert found["classes"]["white"]["recall"] == 0.0
    capsys.readouterr()
    assert main(["evaluate", str(shades / "run"), str(more)]) == 0
    says = "10 of 40 test examples are of classes unknown to the net ('white') and count as errors"
    assert capsys.readouterr().out.startswith(says)


def test_classes_in_another_case_are_joined_with_a_note(shades, tmp_path):
    found = brique.evaluate(
        shades / "run", three(tmp_path / "case", ["Dark", "DIM", "light."], each=5)
    )
    assert found["test"]["accuracy"] == 1.0
    assert "case: the class 'DIM' is read as 'dim' of the model." in found["notes"]


def test_a_part_is_judged_when_asked_and_all_with_a_note_of_the_parts(shades, tmp_path):
    for part, each in (("train", 9), ("test", 4)):
        three(tmp_path / "cut" / part, ["dark", "dim", "light"], each=each)
    found = brique.evaluate(shades / "run", tmp_path / "cut")
    assert found["examples"] == 39
    says = "cut: all 39 examples are evaluated (train 27, test 12); --part test evaluates one part."
    assert says in found["notes"]
    one = brique.evaluate(shades / "run", tmp_path / "cut", part="test")
    assert (one["examples"], one["evaluated_on"]["part"]) == (12, "test")
    with pytest.raises(
        UsageError, match="--part must be one of all, train, valid, test, not 'tst'"
    ):
        brique.evaluate(shades / "run", tmp_path / "cut", part="tst")
    with pytest.raises(DataError, match="its part 'valid' is empty"):
        brique.evaluate(shades / "run", three(tmp_path / "two", ["dim"], each=1), part="valid")


def test_the_data_of_the_run_are_judged_by_their_test_part_and_copies_are_told(shades, tmp_path):
    named = brique.evaluate(shades / "run", shades / "learn")
    assert named["examples"] == 12
    assert named["notes"][0].startswith(
        "learn is the data set of the run, so only its held-out test part is"
    )
    shutil.copytree(shades / "learn", tmp_path / "copy")
    copied = brique.evaluate(shades / "run", tmp_path / "copy")
    assert (copied["examples"], copied["train_duplicates"], copied["unseen"]["examples"]) == (
        60,
        48,
        12,
    )
    assert sentence(copied).startswith("48 of 60 test examples have the same inputs as training")
    whole = brique.evaluate(shades / "run", shades / "learn", part="all")
    assert (whole["examples"], whole["train_duplicates"]) == (60, 48)


def test_without_the_data_of_the_run_only_the_commonest_class_stands_beside(shades, tmp_path):
    shutil.copytree(shades / "run", tmp_path / "run")
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    record["settings"]["data"] = str(tmp_path / "gone")
    files.write_sealed(tmp_path / "run" / "run.json", record)
    judge = three(tmp_path / "judge", ["dim", "light"], each=8)
    found = brique.evaluate(tmp_path / "run", judge)
    assert list(found["baseline"]) == ["majority"]
    assert (
        found["baseline"]["majority"]["answer"]
        == record["result"]["baseline"]["majority"]["answer"]
    )
    assert found["examples"] == 16
    assert any("gone or have changed" in note for note in found["notes"])


def sold(count, seed):
    draw = np.random.default_rng(seed)
    area, town = draw.uniform(20, 120, count).round(2), draw.choice(["east", "west"], count)
    price = (3 * area + 50 * (town == "west")).round(1)
    age = [None if i % 7 == 3 else i % 50 for i in range(count)]
    return [{"area": float(a), "town": str(t), "code": f"{i % 4}", "age": g, "price": float(p)}
            for i, (a, t, g, p) in enumerate(zip(area, town, age, price, strict=True))]  # fmt: skip


def written(path, rows, columns):
    lines = [",".join("" if row[c] is None else str(row[c]) for c in columns) for row in rows]
    path.write_text("\n".join([",".join(columns), *lines]) + "\n")
    return path


@pytest.fixture(scope="module")
def priced(tmp_path_factory):
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("priced")
    written(folder / "houses.csv", sold(240, 0), ["area", "town", "code", "age", "price"])
    types = {"code": "category"}
    return brique.train(folder / "houses.csv", target="price", types=types, quick=True,
                        out=folder / "run")  # fmt: skip


def test_tables_are_judged_by_the_names_of_their_columns(priced, tmp_path):
    rows = sold(60, 1)
    same = brique.evaluate(priced, written(tmp_path / "a.csv", rows, list(rows[0])))
    for row in rows:
        row["more"] = "x" * (1 + int(row["area"]) % 5)
    turned = brique.evaluate(
        priced, written(tmp_path / "b.csv", rows, ["price", "more", "age", "code", "town", "area"])
    )
    table = pa.Table.from_pylist(rows)
    pyarrow.parquet.write_table(table, tmp_path / "c.parquet")
    packed = brique.evaluate(priced, tmp_path / "c.parquet")
    assert same["examples"] == turned["examples"] == packed["examples"] == 60
    assert same["targets"] == ["price"]  # though it was not said
    said = [one.answer["price"] for one in load(priced).predict(
        [{k: row[k] for k in ("area", "town", "code", "age")} for row in rows]
    )]  # fmt: skip
    truth = torch.tensor([[row["price"]] for row in rows])
    expected = compute_metrics(torch.tensor(said)[:, None], truth)
    for found in (same, turned, packed):
        assert found["test"] == pytest.approx(expected, rel=1e-4)
    assert same["baseline"] == {
        k: v | {"seconds": same["baseline"][k]["seconds"]} if "seconds" in v else v
        for k, v in turned["baseline"].items()
    }


def test_a_column_that_may_be_missing_counts_as_missing_and_another_is_named(priced, tmp_path):
    rows = sold(40, 2)
    found = brique.evaluate(
        priced, written(tmp_path / "t.csv", rows, ["area", "town", "code", "price"])
    )
    assert found["examples"] == 40
    says = "t.csv: it has no column 'age', which counts as missing everywhere."
    assert says in found["notes"]
    written(tmp_path / "u.csv", rows, ["town", "code", "age", "price"])
    with pytest.raises(
        DataError, match=r"u.csv: the model takes 'area' \(number\), and these data h"
    ):
        brique.evaluate(priced, tmp_path / "u.csv")


def test_rows_without_the_target_are_left_out_and_counted(priced, tmp_path):
    rows = [row | ({"price": None} if i in (2, 7) else {}) for i, row in enumerate(sold(40, 5))]
    file = written(tmp_path / "t.csv", rows, ["area", "town", "code", "age", "price"])
    found = brique.evaluate(priced, file)
    assert found["examples"] == 38
    says = (
        "t.csv: all 38 examples are evaluated. Left out: row 4 (its target is missing: price) and 1"
    )
    assert [note for note in found["notes"] if note.startswith(says)]
    written(tmp_path / "u.csv", rows, ["area", "town", "code", "age"])
    with pytest.raises(DataError, match="these data ask for nothing; add it as a column, or ask"):
        brique.evaluate(priced, tmp_path / "u.csv")


def test_one_row_is_judged_too(priced, tmp_path):
    one = written(tmp_path / "one.csv", sold(1, 3), ["area", "town", "code", "age", "price"])
    assert brique.evaluate(priced, one)["examples"] == 1


def copied(path, seed):
    """Write a table in which a column is the class under another name."""
    draw = np.random.default_rng(seed)
    rows = [(f"{x:.3f}", "01"[x > 0], "ab"[x > 0]) for x in draw.normal(size=120).tolist()]
    path.write_text("\n".join(map(",".join, [("x", "copy", "label"), *rows])) + "\n")
    return path


def test_what_the_audit_of_the_run_found_comes_first_in_every_judgement(tmp_path, capsys):
    run = brique.train(copied(tmp_path / "a.csv", 0), quick=True, out=tmp_path / "run")
    other = copied(tmp_path / "b.csv", 1)
    start = "Result not trustworthy: 'copy' is a copy of the target 'label'"
    for asked in ([], [str(tmp_path / "a.csv")], [str(other)]):
        capsys.readouterr()
        assert main(["evaluate", str(run), *asked]) == 0
        assert capsys.readouterr().out.startswith(start)
    assert main(["train", "a.csv", "--quick", "--folds", "2", "--out", "cv"]) == 0
    assert capsys.readouterr().out.startswith(start)
    assert start in (tmp_path / "cv" / "report.html").read_text().replace("&#x27;", "'")


def test_a_leak_between_the_own_parts_of_a_run_is_none_of_other_data(shades, tmp_path, capsys):
    for part in ("train", "test"):
        three(tmp_path / "own" / part, ["dark", "light"], each=9)  # equal pictures
    run = brique.train(tmp_path / "own", quick=True, out=tmp_path / "run")
    assert brique.evaluate(run)["trust_errors"][0].startswith("18 of 18 test examples are also in")
    assert "trust_errors" not in brique.evaluate(run, three(tmp_path / "o", ["dark"], each=12))


def test_what_falsifies_the_reading_of_other_data_comes_first(priced, tmp_path):
    rows = [
        row | {"area": f"{i % 90 + 1}.{i % 7}00", "price": 100 + i}  # no other decimals decide
        for i, row in enumerate(sold(60, 4))
    ]
    other = written(tmp_path / "o.csv", rows, ["area", "town", "code", "age", "price"])
    other.write_text(other.read_text().replace(",", ";"))
    found = brique.evaluate(priced, other)
    assert found["trust_errors"][0].startswith("'area' can be read in two ways")
