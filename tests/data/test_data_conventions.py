"""Tables that are asked and written otherwise than in training: read right, or refused by name."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from brique import data
from brique.data.rows.inputs import read_inputs
from brique.data.rows.prepare import prepare_inputs
from brique.errors import DataError
from brique.schema import Schema

ROWS = 60


def schema(tmp_path, cells, delimiter=","):
    """Return the schema of a table with a column x, as a run keeps it."""
    rows = [delimiter.join((str(i), cell, "ab"[i * 5 % 7 % 2])) for i, cell in enumerate(cells)]
    path = tmp_path / "train.csv"
    path.write_text("\n".join([delimiter.join(("n", "x", "label")), *rows]) + "\n")
    return Schema.from_json(data.open(path, target="label").schema.to_json())


def asked(tmp_path, schema, cells, delimiter=","):
    """Return x of each row as a model takes it."""
    rows = [delimiter.join(("1", cell)) for cell in cells]
    path = tmp_path / "new.csv"
    path.write_text("\n".join([delimiter.join(("n", "x")), *rows]) + "\n")
    return [prepare_inputs(schema, one.value)["x"].item() for one in read_inputs(schema, (path,))]


POINTS = [f"{i + 1},{i + 100}.25" if i % 2 else f"{i + 1}.75" for i in range(ROWS)]
NUMBERS = {
    "a comma in place of a point": (
        ",", [f"{i}.25" for i in range(ROWS)], ";", ["1,234", "3185,17"], r"'1,234', .* 1234, is 1.234"
    ),
    "a point in place of a comma": (
        ";", [f"{i}.{i + 100},25" for i in range(ROWS)], ",", ["1.234", "3185.17"],
        r"'1.234', .* 1234, is 1.234",
    ),
    "points between thousands": (
        ";", [f"{i},25" for i in range(ROWS)], ";", ["1.234", "3.185,17"], r"'1.234', .* 1.234, is 1234",
    ),
    "commas between thousands": (
        ";", [f"{i}.25" for i in range(ROWS)], ";", ["1,234", "3,185.17"], r"'1,234', .* 1.234, is 1234",
    ),
}  # fmt: skip


@pytest.mark.parametrize("way", NUMBERS)
def test_numbers_with_another_decimal_sign_are_refused_as_a_table(tmp_path, way):
    delimiter, cells, other, new, said = NUMBERS[way]
    known = schema(tmp_path, cells, delimiter)
    with pytest.raises(DataError, match=rf"'x' in new.csv is not written as in training.*{said}"):
        asked(tmp_path, known, new, other)


def test_numbers_that_can_be_read_as_in_training_are(tmp_path):
    known = schema(tmp_path, [f"{i}.25" for i in range(ROWS)])
    assert asked(tmp_path, known, ["1234", "0.5", "12"], ";") == [1234, 0.5, 12]
    known = schema(tmp_path, [f"{i},25" for i in range(ROWS)], ";")
    assert asked(tmp_path, known, ["1.5", "1.125", "7"]) == [1.5, 1.125, 7]


DAYS = [(i % 28 + 1, i % 12 + 1) for i in range(ROWS)]


def test_dates_with_day_and_month_exchanged_are_refused_as_a_table(tmp_path):
    known = schema(tmp_path, [f"{month:02d}/{day:02d}/2024" for day, month in DAYS])
    text = r"'15/01/2024' cannot be .*'05/03/2024', which would be 2024-05-03, is 2024-03-05"
    with pytest.raises(DataError, match=text):
        asked(tmp_path, known, ["05/03/2024", "15/01/2024"])
    first, second = asked(tmp_path, known, ["05/03/2024", "2024-05-03"])
    assert first == second


def test_a_bad_cell_alone_is_refused_by_its_row(tmp_path):
    known = schema(tmp_path, [f"{i}.25" for i in range(ROWS)])
    (tmp_path / "new.csv").write_text("n,x\n1,2.5\n1,abc\n")
    first, second = read_inputs(known, (tmp_path / "new.csv",))
    assert prepare_inputs(known, first.value)["x"] == 2.5
    with pytest.raises(DataError, match="expected numbers, got 'abc'"):
        prepare_inputs(known, second.value)


@pytest.mark.parametrize("names", [("0", "1", "2", "3"), ("Code", "1990", "1991", "1992", "grp")])
@pytest.mark.parametrize("ending", ["csv", "tsv"])
def test_numbers_that_count_on_are_the_names_of_columns(tmp_path, names, ending):
    sign = "\t" if ending == "tsv" else ","
    rows = [[f"{i + k}.25" for k in range(len(names) - 1)] + ["ab"[i * 5 % 7 % 2]]
            for i in range(ROWS)]  # fmt: skip
    if names[0] == "Code":
        rows = [["PQ"[i % 2], *row[1:]] for i, row in enumerate(rows)]
    path = tmp_path / f"t.{ending}"
    path.write_text("\n".join(sign.join(row) for row in [names, *rows]) + "\n")
    found = data.open(path, target=names[-1])
    assert found.schema.inputs == names[:-1]
    assert found.schema[names[-1]].names == ("a", "b")
    assert len(found.source) == ROWS
    few = tmp_path / f"few.{ending}"
    few.write_text("\n".join(sign.join(row) for row in [names, rows[7]]) + "\n")
    for file, count in ((path, ROWS), (few, 1)):
        asked = read_inputs(found.schema, (file,))
        assert len(asked) == count
        assert prepare_inputs(found.schema, asked[-1].value)[names[2]] == float(
            rows[7 if count == 1 else -1][2]
        )


def test_a_first_row_that_counts_on_by_chance_is_a_row(tmp_path):
    rows = [
        (1, 2, 3, 4),
        *((i % 5 + 1, i * 2 % 5 + 1, i * 3 % 5 + 1, i % 4 + 1) for i in range(ROWS)),
    ]
    path = tmp_path / "t.csv"
    path.write_text("\n".join(",".join(map(str, row)) for row in rows) + "\n")
    found = data.open(path)
    assert len(found.source) == ROWS + 1
    assert len(read_inputs(found.schema, (path,))) == ROWS + 1


def test_a_test_part_with_other_dates_is_an_error(tmp_path):
    head = "when,n,label"
    train = [f"2023-0{i % 9 + 1}-1{i % 7},{i},{'ab'[i * 5 % 7 % 2]}" for i in range(ROWS)]
    test = [f"1{i % 7}.0{i % 9 + 1}.2023,{i},{'ab'[i % 2]}" for i in range(30)]
    for name, rows in (("train", train), ("test", test)):
        (tmp_path / f"{name}.csv").write_text("\n".join([head, *rows]) + "\n")
    (found,) = [one for one in data.open(tmp_path).source.findings if one.kind == "mixed types"]
    assert found.severity == "error"
    assert "cannot be read as such in 30 rows, the first '10.01.2023' in test.csv row 2" in (
        found.reason
    )


def test_a_table_without_the_unit_of_training_is_said(tmp_path):
    known = schema(tmp_path, [f"{i % 90 + 1}%" for i in range(ROWS)])
    (tmp_path / "new.csv").write_text("n,x\n1,0.12\n2,0.5\n")
    pq.write_table(pa.table({"n": [1.0], "x": [0.12]}), tmp_path / "new.parquet")
    for name in ("new.csv", "new.parquet"):
        for one in read_inputs(known, (tmp_path / name,)):
            assert one.note == "'x' is written without a unit, and read as %"
    (tmp_path / "new.csv").write_text("n,x\n1,12%\n")
    assert read_inputs(known, (tmp_path / "new.csv",))[0].note is None


def test_what_is_odd_about_a_table_that_is_asked_is_said(tmp_path):
    known = schema(tmp_path, [f"{i}.25" for i in range(ROWS)])
    (tmp_path / "new.csv").write_text("n,x,x\n1,2.5,3.5\n")
    (one,) = read_inputs(known, (tmp_path / "new.csv",))
    assert "new.csv has duplicate column names: x" in one.note


def test_numbers_that_are_alike_to_a_net_are_said(tmp_path):
    lines = [f"{10**12 + i},{'ab'[i * 5 % 7 % 2]}" for i in range(ROWS)]
    path = tmp_path / "t.csv"
    path.write_text("\n".join(["id,label", *lines]) + "\n")
    (found,) = [one for one in data.open(path).source.findings if one.kind == "lost digits"]
    assert found.severity == "warning"
    assert "60 different numbers, such as 1000000000000, but only 1 in float32" in found.reason
    lines = [f"{1000.0 + i / 7:.6f},{'ab'[i * 5 % 7 % 2]}" for i in range(ROWS)]
    path.write_text("\n".join(["id,label", *lines]) + "\n")
    assert not [one for one in data.open(path).source.findings if one.kind == "lost digits"]


def test_a_unit_is_shown_by_a_cell_that_bears_it(tmp_path):
    lines = [f"{'Free' if i % 5 == 0 else f'${i}.25'},{'ab'[i * 5 % 7 % 2]}" for i in range(ROWS)]
    (tmp_path / "t.csv").write_text("\n".join(["price,label", *lines]) + "\n")
    found = data.open(tmp_path / "t.csv").source.findings
    (unit,) = [one for one in found if one.kind == "unit"]
    assert unit.reason == "'price' is read as numbers in $, such as $1.25."
