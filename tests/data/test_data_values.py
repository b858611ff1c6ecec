"""Values of tables: one value has one name, codes keep their words, numbers their sign and unit."""

import csv
import json

import numpy as np
import pytest
import torch

from brique import data
from brique.data import audit
from brique.errors import DataError
from brique.options import Options
from brique.schema import Category, Number, Schema, Text

ROWS = 60


def wrote(path, columns, delimiter=","):
    """Write columns with Python's csv, which quotes what must be."""
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, delimiter=delimiter)
        table.writerow(columns)
        table.writerows(zip(*columns.values(), strict=True))
    return path


def opened(path, delimiter=",", *, options=None, **columns):
    """Open a table of columns, each a list or a function of the row, and a target of two classes."""
    made = {name: [cells(i) for i in range(ROWS)] if callable(cells) else list(cells)
            for name, cells in columns.items()}  # fmt: skip
    count = len(next(iter(made.values())))
    made.setdefault("other", [i * 7 % 11 for i in range(count)])
    made.setdefault("label", ["ab"[i * 5 % 7 % 2] for i in range(count)])
    return data.open(wrote(path / "t.csv", made, delimiter), **(options or {}))


def numbers(table, name="x"):
    return table.source.fields[name].values.tolist()


def kinds(table):
    return {finding.kind: finding for finding in audit.findings(table)}


def stored(table, name="x"):
    """Return a field as predict has it."""
    return Schema.from_json(table.schema.to_json())[name]


# One value has one name


def frame_of(values):
    import pandas as pd

    return pd.DataFrame({
        "code": pd.Series(values), "noise": [i / 7 for i in range(len(values))],
        "grade": pd.Series(values),
    })  # fmt: skip


BIG = 2**53 + 1
CODES = [1, 2, 3, 2, 1, 3, 3, 2] * 10


@pytest.mark.parametrize("ending", ["csv", "parquet", "jsonl"])
@pytest.mark.parametrize("dtype", ["int64", "float64", "float32", "Int64", "string", "object"])
def test_a_whole_number_is_one_class_in_every_format(tmp_path, ending, dtype):
    frame = frame_of(CODES)
    for name in ("code", "grade"):
        frame[name] = frame[name].astype(dtype)
    path = tmp_path / f"t.{ending}"
    if ending == "csv":
        frame.to_csv(path, index=False)
    elif ending == "parquet":
        frame.to_parquet(path)
    else:
        frame.to_json(path, orient="records", lines=True)
    table = data.open(path, target="grade", types={"code": "category"})
    assert table.schema["code"].names == table.schema["grade"].names == ("1", "2", "3")
    for kind in (stored(table, "code"), stored(table, "grade")):
        for value in (1, 1.0, "1", "1.0", "1.00", np.float64(1), np.int64(1), " 1 "):
            assert kind.prepare(value) == 0


@pytest.mark.parametrize("dtype", ["int64", "float64", "Int64", "string", "object", "category"])
def test_a_data_frame_names_classes_as_files_do(dtype):
    frame = frame_of(CODES)
    frame["grade"] = frame["grade"].astype(dtype)
    for values in (frame["grade"], frame["grade"].astype(str) + ".0"):
        frame["grade"] = values
        table = data.open(frame, target="grade", types={"code": "category"})
        assert table.schema["code"].names == table.schema["grade"].names == ("1", "2", "3")
        if dtype == "float64":
            break
    frame["grade"] = [code > 1 for code in CODES]
    assert data.open(frame, target="grade").schema["grade"].names == ("false", "true")
    renamed = data.open(frame, target="grade", rename={"True": "yes", "false": "no"})
    assert renamed.schema["grade"].names == ("no", "yes")
    frame["code"] = [BIG + code for code in CODES]
    assert data.open(frame, target="grade").schema["code"].names[0] == str(BIG + 1)


def test_a_whole_number_with_gaps_keeps_its_name(tmp_path):
    frame = frame_of([None if i == 5 else code for i, code in enumerate(CODES)])
    assert str(frame["code"].dtype) == "float64"
    frame.to_csv(tmp_path / "t.csv", index=False)
    frame.to_parquet(tmp_path / "t.parquet")
    frame.to_json(tmp_path / "t.jsonl", orient="records", lines=True)
    for name in ("t.csv", "t.parquet", "t.jsonl"):
        table = data.open(tmp_path / name, target="grade", types={"code": "category"})
        assert table.schema["grade"].names == ("1", "2", "3")
        assert set(table.source.fields["code"].names) == {"1", "2", "3"}


def test_train_and_test_may_write_a_class_differently(tmp_path):
    folder = tmp_path / "both"
    folder.mkdir()
    for name, form in (("train", "{}"), ("test", "{}.0")):
        codes = [form.format(code) for code in CODES]
        wrote(folder / f"{name}.csv", {"code": codes, "x": range(len(codes)), "grade": codes})
    table = data.open(folder, target="grade", types={"code": "category"})
    assert table.schema["code"].names == table.schema["grade"].names == ("1", "2", "3")
    assert sorted(table.test["code"].tolist()) == sorted(code - 1 for code in CODES)
    renamed = data.open(folder, target="grade", rename={"1": "one", "2.0": "two"})
    assert set(renamed.schema["grade"].names) == {"one", "two", "3"}


def test_between_semicolons_a_class_may_have_a_decimal_comma(tmp_path):
    frame = frame_of([float(code) for code in CODES])
    frame.to_csv(tmp_path / "t.csv", index=False, sep=";", decimal=",")
    table = data.open(tmp_path / "t.csv", target="grade", types={"code": "category"})
    assert table.schema["code"].names == table.schema["grade"].names == ("1", "2", "3")
    assert [stored(table, "grade").prepare(one) for one in ("1,0", "2,00", "3")] == [0, 1, 2]


def test_versions_keep_their_words(tmp_path):
    versions = ["1.0", "1.1", "1.10", "2.0", "beta"]
    table = opened(tmp_path, x=lambda i: versions[i % 5], options={"types": {"x": "category"}})
    assert table.schema["x"].names == ("1.0", "1.1", "1.10", "2.0", "beta")
    assert [stored(table).prepare(one) for one in ("1.1", "1.10", 2, "2.0")] == [1, 2, 3, 3]


@pytest.mark.parametrize("words", [("True", "False"), ("true", "false"), ("TRUE", "FALSE")])
def test_truths_have_one_name(tmp_path, words):
    table = opened(tmp_path, x=lambda i: words[i % 2])
    kind = stored(table)
    assert kind.names == ("false", "true")
    assert [kind.prepare(one) for one in (True, "True", "TRUE", np.bool_(True))] == [1] * 4
    frame = frame_of([i % 2 == 0 for i in range(40)])
    frame.to_parquet(tmp_path / "t.parquet")
    frame.to_json(tmp_path / "t.jsonl", orient="records", lines=True)
    for name in ("t.parquet", "t.jsonl"):
        assert data.open(tmp_path / name, target="grade").schema["code"].names == ("false", "true")


def test_a_truth_is_a_digit_only_beside_digits(tmp_path):
    cells = ["True", "0", "False", "1", "1.0"]
    kind = stored(opened(tmp_path, x=lambda i: cells[i % 5]))
    assert kind.names == ("false", "true")
    assert [kind.prepare(one) for one in ("1", 1, 1.0, "True", "0", False)] == [1, 1, 1, 1, 0, 0]
    cells = ["yes", "0", "no", "1"]
    assert stored(opened(tmp_path, x=lambda i: cells[i % 4])).names == ("no", "yes")
    cells = ["True", "1", "2", "maybe"]
    table = opened(tmp_path, x=lambda i: cells[i % 4])
    assert table.schema["x"].names == ("1", "2", "maybe", "true")
    assert isinstance(opened(tmp_path, x=lambda i: i % 2).schema["x"], Number)


# Codes keep their words


@pytest.mark.parametrize("code", ["01234", "007", "+33", "1e5", "12E3", "00"])
def test_a_code_among_whole_numbers_keeps_its_word(tmp_path, code):
    cells = [code, "1200", "33", "7", "905"]
    table = opened(tmp_path, x=lambda i: cells[i % 5])
    assert set(table.schema["x"].names) == set(cells)
    assert stored(table).prepare(code) != stored(table).prepare("33")
    assert kinds(table)["codes"].severity == "note"
    read = opened(tmp_path, x=lambda i: cells[i % 5], options={"types": {"x": "number"}})
    assert numbers(read)[0] == float(code)
    assert "codes" not in kinds(read)


def test_one_code_in_a_long_column_is_said(tmp_path):
    table = opened(tmp_path, x=lambda i: "01234" if i == 17 else str(1000 + 13 * i))
    assert not isinstance(table.schema["x"], Number)
    assert table.source.fields["x"].text(17) == "01234"
    finding = kinds(table)["codes"]
    assert finding.severity == "warning"
    assert "'x' holds codes such as 01234 (row 19; 1 row in all)" in finding.reason
    assert "--types 'x=number'" in finding.remedy


@pytest.mark.parametrize(
    ("cells", "first"),
    [
        (["1e5", "2e6", "3e4", "1000"], 1e5),
        (["1.5", "1e5", "2.25"], 1.5),
        (["1e-05", "3", "2e+10"], 1e-5),
        (["+5", "-3", "+0"], 5.0),
        (["007.5", "012.25", "003.0"], 7.5),
        (["-3", "007", "12"], -3.0),
    ],
)
def test_measurements_are_numbers(tmp_path, cells, first):
    table = opened(tmp_path, x=lambda i: cells[i % len(cells)])
    assert isinstance(table.schema["x"], Number)
    assert numbers(table)[0] == first
    assert ("codes" in kinds(table)) == (cells[0] == "1e5")


def test_powers_that_no_one_measures_are_codes(tmp_path):
    cells = ["2E5", "12E3", "7E1"]
    assert set(opened(tmp_path, x=lambda i: cells[i % 3]).schema["x"].names) == set(cells)
    finding = kinds(opened(tmp_path, x=lambda i: f"{i % 9 + 1}E{i % 4}"))["codes"]
    assert finding.severity == "warning"
    assert "'x' is read as numbers, 1E0 as 1." in finding.reason


def test_what_a_person_says_overrules_the_guess_of_codes(tmp_path):
    cells = ["01234", "98765", "11111"]
    table = opened(tmp_path, x=lambda i: cells[i % 3], options={"types": {"x": "category"}})
    assert table.schema["x"].names == ("01234", "11111", "98765")
    with pytest.raises(DataError, match="category: no class '1234'|expected"):
        Category(table.schema["x"].names).prepare("1234")


@pytest.mark.parametrize("ending", ["csv", "parquet", "jsonl"])
def test_whole_numbers_beyond_float64_keep_their_digits(tmp_path, ending):
    import pandas as pd

    ids = [BIG + i % 4 for i in range(ROWS)]
    frame = pd.DataFrame({"x": ids, "z": [i / 9 for i in range(ROWS)], "label": ["a", "b"] * 30})
    path = tmp_path / f"t.{ending}"
    if ending == "csv":
        frame.to_csv(path, index=False)
    elif ending == "parquet":
        frame.to_parquet(path)
    else:
        rows = frame.to_dict("records")
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    table = data.open(path)
    assert table.schema["x"].names == tuple(str(BIG + i) for i in range(4))
    assert stored(table).prepare(BIG + 2) == 2
    told = data.open(path, types={"x": "number"})
    assert kinds(told)["lost digits"].count == ROWS
    frame["x"] = frame["x"].astype("uint64") + np.uint64(2**63)
    frame.to_parquet(tmp_path / "u.parquet")
    table = data.open(tmp_path / "u.parquet")
    assert set(table.schema["x"].names) == {str(BIG + i + 2**63) for i in range(4)}


# Decimal signs


def commas(value, digits):
    return f"{value:.{digits}f}".replace(".", ",")


def test_between_semicolons_a_comma_stands_before_decimals(tmp_path):
    table = opened(tmp_path, ";", x=lambda i: commas(1.234 + i / 16, 3))
    assert numbers(table)[:2] == [1.234, 1.296]
    kind = stored(table)
    assert kind.decimal == "either"
    assert [float(kind.prepare(one)) for one in ("1,5", "1,500", "1.5")] == [1.5] * 3
    with pytest.raises(DataError, match=r"expected numbers, got '1\.234,5'; write it like 12\.5"):
        kind.prepare("1.234,5")
    assert "decimal sign" not in kinds(table)


def test_a_number_with_both_signs_decides(tmp_path):
    cells = ["1.234,5", "1.234", "12,75", "7"]
    table = opened(tmp_path, ";", x=lambda i: cells[i % 4])
    assert numbers(table)[:4] == [1234.5, 1234, 12.75, 7]
    assert stored(table).decimal == "comma"
    cells = ["1,234.5", "1,234", "12.75", "7"]
    for delimiter in ",;\t":
        table = opened(tmp_path, delimiter, x=lambda i: cells[i % 4])
        assert numbers(table)[:4] == [1234.5, 1234, 12.75, 7]
        assert stored(table).decimal == "point"


@pytest.mark.parametrize(
    ("delimiter", "cell", "readings"),
    [(";", "1.234", ("1.234", "1234")), (",", "1,234", ("1234", "1.234")),
     ("\t", "1,234", ("1234", "1.234"))],
)  # fmt: skip
def test_what_can_be_read_in_two_ways_is_an_error(tmp_path, delimiter, cell, readings):
    def cells(i):
        return cell if i == 0 else cell.replace("1", str(2 + i % 7)).replace("34", f"{10 + i}")

    table = opened(tmp_path, delimiter, x=cells)
    finding = kinds(table)["decimal sign"]
    assert finding.severity == "error"
    point, comma = readings
    assert (
        f"'x' can be read in two ways, and nothing decides: '{cell}' in row 2 is {point} with a"
        f" decimal point, and {comma} with a decimal comma"
    ) in finding.reason
    assert finding.remedy.endswith("--decimal comma or --decimal point.")
    for sign, value in zip(("point", "comma"), readings, strict=True):
        told = opened(tmp_path, delimiter, x=cells, options={"decimal": sign})
        assert numbers(told)[0] == float(value)
        assert stored(told).decimal == sign
        assert float(stored(told).prepare(cell)) == pytest.approx(float(value))
        assert "decimal sign" not in kinds(told)


@pytest.mark.parametrize(
    ("delimiter", "cells", "values"),
    [
        (";", ["1.234", "2.5", "0.75"], [1.234, 2.5, 0.75]),
        (";", ["1,234", "2.5", "0,75"], [1.234, 2.5, 0.75]),
        (",", ["1.234", "5.678", "9.012"], [1.234, 5.678, 9.012]),
        (",", ["1,234", "987", "12,345"], [1234, 987, 12345]),
        (",", ["1,234,567", "2,345"], [1234567, 2345]),
        ("\t", ["1,5", "2,75", "1.234"], [1.5, 2.75, 1234]),
        (",", ["$1,200", "$2,300"], [1200, 2300]),
        (",", ["1 234,5", "2 345 678,25"], [1234.5, 2345678.25]),
        (",", ["1\u00a0234,5", "2\u202f345", "17"], [1234.5, 2345, 17]),
        (",", ["1'234.5", "2\u2019345", "17"], [1234.5, 2345, 17]),
        (",", ["1,23,456.7", "12,345", "7"], [123456.7, 12345, 7]),
        (",", ["(12.5)", "3", "\u22127.25"], [-12.5, 3, -7.25]),
        (",", ["($1,200.00)", "$5.25", "-$3"], [-1200, 5.25, -3]),
    ],
)
def test_numbers_are_read_as_they_are_written(tmp_path, delimiter, cells, values):
    table = opened(tmp_path, delimiter, x=lambda i: cells[i % len(cells)])
    assert numbers(table)[: len(cells)] == values
    assert "decimal sign" not in kinds(table)
    kind = stored(table)
    assert [float(kind.prepare(cell)) for cell in cells] == pytest.approx(values)


def test_another_column_decides(tmp_path):
    columns = {"x": lambda i: f"{1 + i % 9}.{100 + i}"}
    table = opened(tmp_path, ";", **columns, y=lambda i: f"{i / 4}")
    assert "decimal sign" not in kinds(table)
    table = opened(tmp_path, ";", **columns, y=lambda i: commas(i / 4, 2))
    assert kinds(table)["decimal sign"].items[0][:2] == ("row 2", "x")


def test_both_signs_in_one_column_are_an_error(tmp_path):
    cells = ["1,234.5", "1.234,5", "2,000.25"]
    table = opened(tmp_path, x=lambda i: cells[i % 3], options={"types": {"x": "number"}})
    finding = kinds(table)["decimal sign"]
    assert finding.severity == "error"
    assert finding.items[0] == ("row 3", "x", "1.234,5")


def test_the_sign_is_an_option(tmp_path):
    with pytest.raises(
        DataError, match="data: decimal: expected point or comma, got .dot.; pass one of"
    ):
        opened(tmp_path, x=lambda i: i, options={"decimal": "dot"})
    with pytest.raises(DataError, match="decimal: expected point or comma, got 'dot'; pass one"):
        Options(decimal="dot")
    assert Options(decimal="comma").words() == ["--decimal", "comma"]


# Units


@pytest.mark.parametrize(
    ("cells", "values", "unit"),
    [
        (["$1,200.50", "$3", "-$4.25"], [1200.5, 3, -4.25], "$"),
        (["12%", "7 %", "0.5%"], [12, 7, 0.5], "%"),
        (["35 m2", "40 m²", "51.5 m^2"], [35, 40, 51.5], "m2"),
        (["€ 5", "7 €", "€8.50"], [5, 7, 8.5], "€"),
        (["5 kg", "7.25kg", "1 KG"], [5, 7.25, 1], "kg"),
        (["-3 °C", "\u22124.5 ℃", "12°C"], [-3, -4.5, 12], "°C"),
        (["36 months", "1 month", "60 months"], [36, 1, 60], "months"),
    ],
)
def test_units_are_kept_and_checked(tmp_path, cells, values, unit):
    table = opened(tmp_path, x=lambda i: cells[i % len(cells)])
    assert numbers(table)[: len(cells)] == values
    kind = stored(table)
    assert kind.unit == unit
    assert [float(kind.prepare(cell)) for cell in cells] == pytest.approx(values)
    assert float(kind.prepare("4")) == float(kind.prepare(4)) == 4
    with pytest.raises(DataError, match="number: expected a number in .*, got '4 mV' in mV; conv"):
        kind.prepare("4 mV")
    assert kinds(table)["unit"].severity == "note"


def test_a_unit_where_none_was_is_refused(tmp_path):
    kind = stored(opened(tmp_path, x=lambda i: i / 2))
    text = "number: expected a number without a unit, got '5 kg' in kg; convert it"
    with pytest.raises(DataError, match=text):
        kind.prepare("5 kg")


@pytest.mark.parametrize(
    "cells",
    [["5 kg", "500 g"], ["$5", "€7"], ["1h", "30min"], ["5 boxes", "2 crates"], ["10k", "900"],
     ["35 m2", "350 sqft"]],
)  # fmt: skip
def test_two_units_are_an_error(tmp_path, cells):
    finding = kinds(opened(tmp_path, x=lambda i: cells[i % 2]))["two units"]
    assert finding.severity == "error"
    assert "'x' has several units: " in finding.reason


def test_numbers_without_the_unit_of_the_others_are_said(tmp_path):
    table = opened(tmp_path, x=lambda i: f"{i}" if i % 10 == 3 else f"{i} kg")
    assert table.schema["x"].unit == "kg"
    assert numbers(table)[3] == 3
    finding = kinds(table)["unit"]
    assert finding.severity == "warning"
    assert "6 rows have no unit, and count as kg too" in finding.reason


@pytest.mark.parametrize(
    "cells", [["12A", "14B", "7C"], ["1st", "2nd", "3rd"], ["5g", "7m", "2t"], ["5 pm", "7 am"],
              ["12 Mar", "3 May"], ["2-", "3", "1-"]],
)  # fmt: skip
def test_what_only_looks_like_a_unit_is_a_class(tmp_path, cells):
    table = opened(tmp_path, x=lambda i: cells[i % len(cells)])
    assert set(table.schema["x"].names) == set(cells)


# What is missing


def test_marks_of_spreadsheets_are_missing_and_said(tmp_path):
    marks = ["#N/A", "#DIV/0!", "#REF!", "#VALUE!", ".", "<NA>", "n.a."]
    table = opened(tmp_path, x=lambda i: marks[i] if i < 7 else i / 2, c=lambda i: (
        marks[i] if i < 7 else ["red", "green"][i % 2]))  # fmt: skip
    assert np.isnan(numbers(table)[:7]).all()
    assert table.schema["c"].names == ("green", "missing", "red")
    found = [one for one in audit.findings(table) if one.kind == "missing marks"]
    assert [(one.severity, one.count) for one in found] == [("warning", 7)] * 2
    assert "'x' holds #N/A, #DIV/0!, #REF!, #VALUE!, . and 2 more in 7 rows" in found[0].reason
    assert all(torch.isnan(stored(table).prepare(mark)) for mark in marks)


def test_a_few_words_among_numbers_are_missing_also_when_asked(tmp_path):
    table = opened(tmp_path, x=lambda i: "unknown" if i % 5 == 0 else i / 2)
    kind = stored(table)
    assert isinstance(kind, Number)
    assert np.isnan(numbers(table)[0])
    assert torch.isnan(kind.prepare("unknown"))
    with pytest.raises(DataError, match="expected numbers, got 'nothing'"):
        kind.prepare("nothing")
    finding = kinds(table)["mixed types"]
    assert (finding.severity, finding.count) == ("warning", 12)


FAULTS = ["None", "crack", "dent"]


@pytest.mark.parametrize(
    ("name", "severity"), [("None", "warning"), ("NA", "error"), ("null", "error")]
)
def test_a_class_named_as_a_mark_is_never_lost_in_silence(tmp_path, name, severity):
    faults = [name, "crack", "dent"]
    columns = {"x": lambda i: i / 7, "fault": lambda i: faults[i % 3]}
    table = opened(tmp_path, **columns, options={"target": "fault"})
    assert set(table.schema["fault"].names) == set(faults)
    assert sum(map(len, (table.train, table.valid, table.test))) == ROWS
    finding = kinds(table)["missing or class"]
    assert finding.severity == severity
    assert f"'fault' holds {name} in 20 rows beside crack, dent, read as a class" in finding.reason


def test_a_rare_mark_in_a_target_is_left_out_and_said(tmp_path):
    def fault(i):
        return "" if i == 4 else "None" if i == 3 else FAULTS[1 + i % 2]

    columns = {"x": lambda i: i / 7, "fault": fault}
    table = opened(tmp_path, **columns, options={"target": "fault"})
    assert [name for name, _ in table.skipped] == ["row 5", "row 6"]
    finding = kinds(table)["missing marks"]
    assert (finding.severity, finding.count) == ("warning", 1)
    for options in ({"types": {"fault": "category"}}, {"rename": {"None": "good"}}):
        told = opened(tmp_path, **columns, options={"target": "fault", **options})
        name = "good" if "rename" in options else "None"
        assert set(told.schema["fault"].names) == {name, "crack", "dent"}
        assert [row for row, _ in told.skipped] == ["row 6"]
        assert "missing marks" not in kinds(told)


@pytest.mark.parametrize("mark", ["?", "-"])
def test_rows_are_not_left_out_by_a_mark_that_may_be_an_answer_in_silence(tmp_path, mark):
    def answer(i):
        return ["yes", "no", mark][i % 3]

    columns = {"x": lambda i: i / 7, "answer": answer}
    table = opened(tmp_path, **columns, options={"target": "answer"})
    finding = kinds(table)["missing marks"]
    assert (finding.severity, finding.count) == ("warning", len(table.skipped))
    assert "--types 'answer=category'" in finding.remedy
    told = opened(
        tmp_path, **columns, options={"target": "answer", "types": {"answer": "category"}}
    )
    assert set(told.schema["answer"].names) == {"yes", "no", mark}
    assert told.skipped == ()


def test_an_input_named_as_a_mark_is_a_class_of_its_own(tmp_path):
    garages = ["attached", "NA", "none", ""]
    table = opened(tmp_path, x=lambda i: garages[i % 4])
    kind = stored(table)
    assert kind.names == ("attached", "missing", "NA", "none")
    assert [kind.prepare(one) for one in ("attached", "", None, "NA", "none")] == [0, 1, 1, 2, 3]
    assert kinds(table)["missing or class"].severity == "note"


@pytest.mark.parametrize("mark", ["NA", "None", "", "n/a"])
def test_one_mark_alone_is_the_class_missing(tmp_path, mark):
    table = opened(tmp_path, x=lambda i: ["red", mark, "green"][i % 3])
    kind = stored(table)
    assert kind.names == ("green", "missing", "red")
    assert [kind.prepare(one) for one in (mark, "", None, "NA")] == [1, 1, 1, 1]
    assert "missing marks" not in kinds(table)


def test_sentinels_are_never_changed(tmp_path):
    table = opened(tmp_path, x=lambda i: -999 if i % 9 == 0 else 3 + i % 7)
    assert numbers(table)[0] == -999
    assert kinds(table)["sentinel"].severity == "warning"


# What a person says


def test_numbers_that_a_person_asks_for_are_read_where_they_can_be(tmp_path):
    cells = ["$5", "7", "soon", "12.5"]
    table = opened(tmp_path, x=lambda i: cells[i % 4], options={"types": {"x": "number"}})
    assert numbers(table)[:2] == [5, 7]
    assert np.isnan(numbers(table)[2])
    finding = kinds(table)["mixed types"]
    assert finding.count == 15
    assert finding.items[0] == ("row 4", "x", "soon")
    text = "expected numbers, got 'soon' in row 2 and 59 more; correct it"
    with pytest.raises(DataError, match=text):
        opened(tmp_path, x=lambda i: "soon", options={"types": {"x": "number"}})


def test_words_in_a_target_of_numbers_are_left_out_where_a_person_says_so(tmp_path):
    columns = {
        "x": lambda i: i / 7,
        "y": lambda i: "unknown" if i == 3 else "#N/A" if i == 4 else i / 3,
    }
    with pytest.raises(
        DataError, match="'unknown' in row 5; .* leave such rows out: --types 'y=num"
    ):
        opened(tmp_path, **columns, options={"target": "y"})
    table = opened(tmp_path, **columns, options={"target": "y", "types": {"y": "number"}})
    assert isinstance(table.schema["y"], Number)
    assert [name for name, _ in table.skipped] == ["row 5", "row 6"]
    assert kinds(table)["mixed types"].items == (("row 5", "y", "unknown"),)


@pytest.mark.parametrize(
    "cell",
    [
        lambda i: f"{i % 12}:{i:02d}",
        lambda i: f"{i % 9}.{i % 10}/{i % 7 + 3}",
        lambda i: f"52°{i}'N",
        lambda i: f"+1 (555) {i + 300}",
        lambda i: f"{i % 9} years {i % 7} months",
        lambda i: f"~{i}",
        lambda i: f"{i}-" if i % 4 == 3 else str(i),
        lambda i: "=SUM(A1:A9)" if i % 7 == 3 else f"{i}.25",
    ],
)
def test_figures_that_are_taken_for_words_are_said(tmp_path, cell):
    cells = [cell(i) for i in range(60)]
    found = opened(tmp_path, x=cells)
    assert isinstance(found.schema["x"], Text)
    (said,) = [one for one in found.source.findings if one.kind == "not read"]
    assert said.severity == "warning"
    assert "read as words, without size or order" in said.reason


def test_numbers_with_some_texts_are_no_classes_in_silence(tmp_path):
    cells = ["<5" if i % 9 == 4 else f"{i}.25" for i in range(60)]
    found = opened(tmp_path, x=range(60), y=cells, options={"target": "y"})
    (said,) = [one for one in found.source.findings if one.kind == "not read"]
    assert said.severity == "error"
    assert "holds numbers, and 7 rows with other texts, the first '<5' in row 6" in (said.reason)
    path = tmp_path / "t.csv"
    found = data.open(path, target="y", types={"y": "number"})
    assert isinstance(found.schema["y"], Number)
    assert len(found.source.skipped) == 7
    assert not [one for one in found.source.findings if one.kind == "not read"]


@pytest.mark.parametrize(
    "cells",
    [
        [f"class_{i % 30}" for i in range(90)],  # classes by number
        [f"{i} Main Street, {'AB'[i % 2]}{'cd' * (i % 9)}" for i in range(60)],
        ["a b", "a c d", "e f g h"] * 20,
    ],
)
def test_words_with_digits_are_left_in_peace(tmp_path, cells):
    for found in (opened(tmp_path, x=cells), opened(tmp_path, y=cells, options={"target": "y"})):
        assert not [one for one in found.source.findings if one.kind == "not read"]


def test_versions_that_are_read_as_numbers_are_said(tmp_path):
    found = opened(tmp_path, x=["1.9", "1.10", "1.11", "2.0"] * 15)
    (said,) = [one for one in found.source.findings if one.kind == "codes"]
    assert said.severity == "warning"
    assert "1.10 as 1.1" in said.reason
    found = opened(tmp_path, x=["1.9", "1.1", "1.11", "2.0"] * 15)
    assert not [one for one in found.source.findings if one.kind == "codes"]


@pytest.mark.parametrize("zero", [0xFF10, 0x660, 0x6F0, 0x966])
def test_digits_of_every_script_are_numbers(tmp_path, zero):
    def digits(number):
        return "".join(chr(zero + int(one)) if one.isdigit() else one for one in str(number))

    found = opened(tmp_path, x=[digits(i * 7) for i in range(ROWS)])
    assert numbers(found) == [i * 7 for i in range(ROWS)]
    kind = stored(found)
    assert kind.prepare(digits(35)) == kind.prepare("35") == 35
    found = opened(tmp_path, x=[digits(i + 0.25).replace(".", "\u066b") for i in range(ROWS)])
    assert numbers(found) == [i + 0.25 for i in range(ROWS)]
