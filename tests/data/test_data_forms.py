"""Tables in the forms that programs write hold the rows that were written, and keep their names.

The oracle is the list of rows; the writers are those of Python, pandas and openpyxl.
"""

import csv
import datetime
import io
import itertools
import json
import math
import zipfile

import numpy as np
import openpyxl
import pandas
import pyarrow as pa
import pytest
from pyarrow import parquet

from brique import data
from brique.data.rows.inputs import read_inputs
from brique.data.sources.table_files.any_format import read_cells
from brique.errors import DataError
from brique.options import Options
from brique.schema import Category, Number, Schema, Text, Timestamp

NAMES = ["size", "count", "note", "kind"]
NOTES = [
    'plain, with; all | of\tthem ^ in "it"',
    "it's über 1 m\nand two\n\nlines",
    "short",
    "a # b",
]
ROWS = [
    [
        str(round(i / 7 + 0.1, 3)),
        str(3 * i % 11),
        NOTES[i % len(NOTES)],
        ["red", "green", "blue"][i % 3],
    ]
    for i in range(24)
]
PLAIN = [[size, count, f"n{i}", kind] for i, (size, count, _, kind) in enumerate(ROWS)]
SCHEMA = Schema(
    {
        "size": Number(),
        "count": Number(),
        "note": Text(()),
        "kind": Category(("blue", "green", "red")),
    },
    targets=("kind",),
)


def as_text(value):
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip()


def read(path, **options):
    """Return names, rows as texts, and the number of each row."""
    cells = read_cells(path, options.pop("header", None), **options)
    columns = [[as_text(one) for one in values.to_pylist()] for values in cells.columns.values()]
    return list(cells.columns), [list(row) for row in zip(*columns, strict=True)], cells


def check(path, rows=ROWS, names=NAMES, first=2, **options):
    found, held, cells = read(path, **options)
    assert found == names
    assert held == rows
    assert cells.rows.tolist() == list(range(first, first + len(rows)))
    return cells


def lines(rows, delimiter=",", quoting=csv.QUOTE_MINIMAL, end="\n", names=NAMES):
    text = io.StringIO()
    table = csv.writer(text, delimiter=delimiter, quoting=quoting, lineterminator=end)
    table.writerows([names, *rows])
    return text.getvalue()


DELIMITERS = ["\t", ";", "|", ",", "^"]
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252", "latin-1"]
ENDS = ["\n", "\r\n", "\r"]
QUOTES = [csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]


@pytest.mark.parametrize("delimiter", DELIMITERS)
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_dialects_hold_the_rows(tmp_path, delimiter, encoding):
    for end, quoting in itertools.product(ENDS, QUOTES):
        quoting = quoting or int(end == "\r")  # csv writes "\n" bare where lines end otherwise
        text = lines(ROWS, delimiter, quoting, end)
        (tmp_path / "t.csv").write_bytes(text.encode(encoding))
        cells = check(tmp_path / "t.csv")
        is_guess = encoding in ("cp1252", "latin-1")
        assert [one.kind for one in cells.findings] == ["encoding"] * is_guess


def blanks(rows, delimiter, sign=" "):
    """Return lines with blanks behind the delimiter, all cells in quotation marks."""
    quoted = [['"' + cell.replace('"', '""') + '"' for cell in row] for row in [NAMES, *rows]]
    return "".join((delimiter + sign).join(row) + "\n" for row in quoted)


def escaped(rows, delimiter):
    quoted = [['"' + cell.replace('"', '\\"') + '"' for cell in row] for row in [NAMES, *rows]]
    return "".join(delimiter.join(row) + "\n" for row in quoted)


def sums(rows):
    return [f"{sum(float(row[0]) for row in rows):.3f}", str(sum(int(row[1]) for row in rows))]


def ended(text, delimiter, header=True):
    """Return lines that end with the delimiter."""
    first, *rest = text.splitlines()
    return "\n".join([first + delimiter * header, *(line + delimiter for line in rest)]) + "\n"


FORMS = {
    "sep": (lambda d: f"sep={d}\n" + lines(ROWS, d), ROWS, 3),
    "sep in quotes": (lambda d: f'"SEP={d}"\r\n' + lines(ROWS, d), ROWS, 3),
    "title": (lambda d: "Line 3\n\n" + lines(ROWS, d), ROWS, 4),
    "titles": (lambda d: "Line 3\nExported 2024-05-01 by unit A\nAll\n" + lines(ROWS, d), ROWS, 5),
    "a title with cells": (lambda d: f"Line 3{d * 3}\n{d * 3}\n" + lines(ROWS, d), ROWS, 4),
    "pairs": (lambda d: f"Unit{d}A\nDay{d}3\n\n" + lines(ROWS, d), ROWS, 5),
    "sep and title": (lambda d: f"sep={d}\nLine 3\n" + lines(ROWS, d), ROWS, 4),
    "units": (lambda d: lines([["[mm]", "[-]", "", "[-]"], *ROWS], d), ROWS, 3),
    "plain units": (lambda d: lines([["mm", "kg", "", ""], *ROWS], d), ROWS, 3),
    "types": (lambda d: lines([["float", "int", "string", "string"], *ROWS], d), ROWS, 3),
    "dashes": (lambda d: lines([["---", "---", "----", "----"], *ROWS], d), ROWS, 3),
    "title and units": (lambda d: "Line 3\n" + lines([["mm", "-", "", ""], *ROWS], d), ROWS, 4),
    "notes": (lambda d: lines(ROWS, d) + "\nSource: own measurements\n(c) 2024\n", ROWS, 2),
    "notes with cells": (
        lambda d: lines(ROWS, d) + f"{d * 3}\nSource: own{d * 3}\n(c) all{d * 3}\n", ROWS, 2,
    ),
    "sums": (lambda d: lines([*ROWS, [*sums(ROWS), "", "Total"]], d), ROWS, 2),
    "sums without a word": (lambda d: lines([*ROWS, [*sums(ROWS), "", ""]], d), ROWS, 2),
    "blanks": (lambda d: blanks(ROWS, d), ROWS, 2),
    "more blanks": (lambda d: blanks(ROWS, d, "   "), ROWS, 2),
    "plain blanks": (lambda d: lines(PLAIN, d).replace(d, d + " "), PLAIN, 2),
    "blanks round": (lambda d: lines(PLAIN, d).replace(d, f" {d} "), PLAIN, 2),
    "slashes": (lambda d: escaped(ROWS, d), ROWS, 2),
    "ends": (lambda d: ended(lines(PLAIN, d), d), PLAIN, 2),
    "ends of rows": (lambda d: ended(lines(PLAIN, d), d, header=False), PLAIN, 2),
    "two ends": (lambda d: ended(ended(lines(PLAIN, d), d, header=False), d), PLAIN, 2),
    "the header again": (lambda d: lines([*PLAIN[:9], NAMES, *PLAIN[9:]], d), PLAIN, None),
    "blank lines": (lambda d: lines(PLAIN, d).replace("\n", "\n\n"), PLAIN, None),
    "blank lines above": (lambda d: "\n\n" + lines(PLAIN, d), PLAIN, 4),
    "no line end": (lambda d: lines(PLAIN, d).rstrip("\n"), PLAIN, 2),
    "mixed line ends": (lambda d: lines(PLAIN, d).replace("\n", "\r\n", 7), PLAIN, 2),
    "comments": (lambda d: "# of line 3\n# 2024\n" + lines(PLAIN, d), PLAIN, 4),
}  # fmt: skip


@pytest.mark.parametrize("delimiter", DELIMITERS)
@pytest.mark.parametrize("form", FORMS)
def test_what_stands_round_the_rows_is_no_row(tmp_path, form, delimiter):
    write, rows, first = FORMS[form]
    (tmp_path / "t.csv").write_text(write(delimiter), newline="")
    found, held, cells = read(tmp_path / "t.csv")
    assert found == NAMES
    assert held == rows
    if first is not None:
        assert cells.rows.tolist() == list(range(first, first + len(rows)))
    asked = [
        one for one in read_inputs(SCHEMA, (tmp_path / "t.csv",)) if isinstance(one.value, dict)
    ]
    assert [one.row for one in asked] == cells.rows.tolist()
    assert [[as_text(cell) for cell in one.value.values()] for one in asked] == rows


@pytest.mark.parametrize("delimiter", [",", ";", "|"])
def test_tabs_behind_a_delimiter_are_blanks(tmp_path, delimiter):
    (tmp_path / "t.csv").write_text(lines(PLAIN, delimiter).replace(delimiter, delimiter + "\t"))
    check(tmp_path / "t.csv", PLAIN)
    (tmp_path / "q.csv").write_text(blanks(ROWS, delimiter, "\t"))
    check(tmp_path / "q.csv")


def test_what_is_left_out_is_said(tmp_path):
    def said(form):
        (tmp_path / "t.csv").write_text(FORMS[form][0](","))
        cells = read_cells(tmp_path / "t.csv", None)
        return cells.notes, cells.skipped, [one.reason for one in cells.findings]

    assert said("titles")[0] == [
        "t.csv: line 1 ('Line 3') and 2 more, above its names, are left out."
    ]
    assert said("units")[0] == ["t.csv: line 2 ('[mm], [-], [-]'), below its names, is left out."]
    assert said("ends")[0] == ["t.csv: left out the last column, which has no name and no cells."]
    assert said("notes with cells")[1] == [
        ("t.csv row 28", "is a note below the table: '(c) all'"),
        ("t.csv row 27", "is a note below the table: 'Source: own'"),
    ]
    assert said("sums")[1] == [("t.csv row 26", "holds the sums of the rows above")]
    assert said("sums")[2] == [
        "The last row of t.csv (row 26) holds the sums of the columns above; it is left out."
    ]
    assert said("the header again")[1] == [("t.csv row 11", "repeats the header")]


def test_a_last_row_that_only_says_total_is_a_finding(tmp_path):
    (tmp_path / "t.csv").write_text(lines([*PLAIN, ["1.5", "2", "n", "Total"]]))
    cells = check(tmp_path / "t.csv", [*PLAIN, ["1.5", "2", "n", "Total"]])
    assert [one.reason for one in cells.findings] == [
        "The last row of t.csv (row 26) says 'Total': it may not be an example."
    ]


@pytest.mark.parametrize(
    "rows",
    [
        [["1", "n.a.", "x"], *[[str(i), str(i * 2), "xyz"[i % 3]] for i in range(9)]],
        [["n.a.", "n.a.", "x"], *[[str(i), str(i * 2), "xyz"[i % 3]] for i in range(9)]],
        [["", "", "x"], *[[str(i), str(i * 2), "xyz"[i % 3]] for i in range(9)]],
        [["NA", "3", "x"], *[[str(i), str(i * 2), "xyz"[i % 3]] for i in range(9)]],
        [["a", "b", "c"], *["xyz" for _ in range(4)], *["yzx" for _ in range(4)]],
        [*[[str(i), str(i * 2), "xyz"[i % 3]] for i in range(9)], ["9", "18", ""]],
        [*[[str(i), str(i * 2), "xyz"[i % 3]] for i in range(9)], ["", "", "x"]],
        [*[[str(i), str(i * 2), "xyz"[i % 3]] for i in range(9)], ["", "7", ""]],
        [*[[str(i), "2", "xyz"[i % 3]] for i in range(1, 3)], ["3", "4", "x"]],
    ],
)
def test_rows_that_are_examples_stay(tmp_path, rows):
    rows = [list(row) for row in rows]
    (tmp_path / "t.csv").write_text(lines(rows, names=["one", "two", "three"]))
    check(tmp_path / "t.csv", rows, ["one", "two", "three"])


@pytest.mark.parametrize("ending", ["csv", "tsv", "tab", "data", "dat", "psv", "txt", "csv.gz"])
def test_any_ending_may_hold_any_delimiter(tmp_path, ending):
    frame = pandas.DataFrame(PLAIN, columns=NAMES)
    for delimiter in DELIMITERS:
        frame.to_csv(tmp_path / f"t.{ending}", sep=delimiter, index=False)
        check(tmp_path / f"t.{ending}", PLAIN)
        opened = data.open(tmp_path / f"t.{ending}", types={"note": "text"})
        assert list(opened.schema.fields) == NAMES
        assert opened.schema.targets == ("kind",)


def test_columns_between_blanks(tmp_path):
    frame = pandas.DataFrame(PLAIN, columns=NAMES).astype({"size": float, "count": int})
    plain = [[f"{float(size):.3f}", *rest] for size, *rest in PLAIN]
    for name in ("t.data", "t.csv"):
        (tmp_path / name).write_text(frame.to_string(index=False) + "\n")
        check(tmp_path / name, plain)
    (tmp_path / "i.csv").write_text(frame.to_string() + "\n")
    rows = [[str(i), *row] for i, row in enumerate(plain)]
    check(tmp_path / "i.csv", rows, ["", *NAMES])
    (tmp_path / "c.csv").write_text("x y\n" + "".join(f"{i},5  {i * i},25\n" for i in range(9)))
    check(tmp_path / "c.csv", [[f"{i},5", f"{i * i},25"] for i in range(9)], ["x", "y"])


def test_prose_is_no_table(tmp_path):
    (tmp_path / "t.txt").write_text(
        "One day, in May, it rained.\nThen, in June, it did not.\n" * 40
    )
    assert set(data.open(tmp_path / "t.txt").schema.fields) == {"text"}


# ---------------------------------------------------------------- names and widths


def test_names_of_an_index_are_known_by_its_cells(tmp_path):
    frame = pandas.DataFrame(PLAIN, columns=NAMES)
    frame.to_csv(tmp_path / "t.csv")
    rows = [[str(i), *row] for i, row in enumerate(PLAIN)]
    check(tmp_path / "t.csv", rows, ["", *NAMES])
    opened = data.open(tmp_path / "t.csv", types={"note": "text"})
    assert list(opened.schema.fields) == NAMES
    assert (
        "t.csv: its first column has no name and numbers the rows, so it is left out;"
        " --types '1=number' keeps it." in opened.notes
    )
    assert "" in data.open(tmp_path / "t.csv", types={"1": "number"}).schema
    frame.sample(frac=1, random_state=0).to_csv(tmp_path / "s.csv")
    assert list(data.open(tmp_path / "s.csv").schema.fields) == NAMES
    (tmp_path / "t.csv").write_text(
        '"size" "count" "note" "kind"\n'
        + "".join(f'"{i}" {s} {c} "a {n}" "{k}"\n' for i, (s, c, n, k) in enumerate(PLAIN, 1))
    )  # as R writes it
    rows = [[str(i), s, c, f"a {n}", k] for i, (s, c, n, k) in enumerate(PLAIN, 1)]
    check(tmp_path / "t.csv", rows, ["", *NAMES])


def test_a_measured_first_column_is_no_index(tmp_path):
    text = ended(lines(PLAIN), ",", header=False).replace("red,", "red,odd", 1)
    (tmp_path / "t.csv").write_text(text)
    said = (
        r"t.csv: its header has 4 names \(size, count, note, ...\), and its rows have 5 cells \(the"
        r" last is filled in 1 of 24 rows\): the names cannot be matched; name every column,"
        r" or say --header no"
    )
    with pytest.raises(DataError, match=said):
        read_cells(tmp_path / "t.csv", None)
    (tmp_path / "t.csv").write_text(lines(PLAIN, names=[*NAMES, "more", "and more"]))
    with pytest.raises(DataError, match=r"t.csv: its header has 6 names .*, and its rows have 4"):
        read_cells(tmp_path / "t.csv", None)
    (tmp_path / "t.csv").write_text(lines(PLAIN, names=NAMES[:2]))
    with pytest.raises(
        DataError, match=r"t.csv: its header has 2 names .* filled in 24 of 24 rows"
    ):
        read_cells(tmp_path / "t.csv", None)


def test_names_that_come_twice_are_said(tmp_path):
    rows = [[s, s, c, k, k] for s, c, _, k in PLAIN]
    (tmp_path / "t.csv").write_text(lines(rows, names=["a", "a", "a", "a_2", "kind"]))
    cells = check(tmp_path / "t.csv", rows, ["a", "a_3", "a_4", "a_2", "kind"])
    assert [one.reason for one in cells.findings] == [
        "t.csv has duplicate column names: a, a; they are kept apart as a_3, a_4; a_3 are equal"
        " copies."
    ]


def test_names_in_two_lines_are_joined(tmp_path):
    rows = [[s, c, s, c] for s, c, _, _ in PLAIN]
    for top in (["cold", "", "hot", ""], ["cold", "cold", "hot", "hot"]):
        names = ["x", "y", "x", "y"]
        (tmp_path / "t.csv").write_text(lines([names, *rows], names=top))
        check(tmp_path / "t.csv", rows, ["cold.x", "cold.y", "hot.x", "hot.y"], first=3)


def test_rows_of_other_lengths_are_named(tmp_path):
    rows = [*PLAIN[:3], ["1", "2"], *PLAIN[3:], ["1", "2", "3", "4", "5"]]
    (tmp_path / "t.csv").write_text(lines(rows))
    _, held, cells = read(tmp_path / "t.csv")
    assert held == PLAIN
    assert cells.skipped == [
        ("t.csv row 5", "has 2 fields, 4 expected"), ("t.csv row 27", "has 5 fields, 4 expected"),
    ]  # fmt: skip
    (tmp_path / "t.csv").write_text("1,2\n" + "".join(f"{i},{i * i},{i}\n" for i in range(9)))
    assert read_cells(tmp_path / "t.csv", None).skipped == [
        ("t.csv row 1", "has 2 fields, 3 expected")
    ]


def test_known_names_find_the_header(tmp_path):
    (tmp_path / "t.csv").write_text("Line 3,a,b,c\nsize,count,note,kind\nhuge,many,n,red\n")
    found, held, _ = read(tmp_path / "t.csv", expected_names=NAMES)
    assert (found, held) == (NAMES, [["huge", "many", "n", "red"]])


# ---------------------------------------------------------------- JSON


FRAME = pandas.DataFrame(
    [[float(s), int(c), n, k] for s, c, n, k in ROWS], columns=NAMES
)  # fmt: skip


@pytest.mark.parametrize(
    ("orient", "options"),
    [
        ("records", {}), ("records", {"lines": True}), ("columns", {}), ("index", {}),
        ("split", {}), ("table", {"index": False}), ("records", {"indent": 2}),
        ("records", {"force_ascii": False}),
    ],
)  # fmt: skip
@pytest.mark.parametrize("ending", ["json", "json.gz"])
def test_json_of_pandas(tmp_path, orient, options, ending):
    FRAME.to_json(tmp_path / f"t.{ending}", orient=orient, **options)
    check(tmp_path / f"t.{ending}", first=1)
    opened = data.open(tmp_path / f"t.{ending}", types={"note": "text"})
    assert list(opened.schema.fields) == NAMES


def test_json_of_columns_and_of_one_list(tmp_path):
    columns = {name: [row[at] for row in ROWS] for at, name in enumerate(NAMES)}
    objects = [dict(zip(NAMES, row, strict=True)) for row in ROWS]
    for value in (columns, {"count": 24, "rows": objects}, objects):
        (tmp_path / "t.json").write_text(json.dumps(value))
        check(tmp_path / "t.json", first=1)
    (tmp_path / "t.jsonl").write_text("".join(json.dumps(one) + "\r\n" for one in objects))
    check(tmp_path / "t.jsonl", first=1)
    (tmp_path / "t.json").write_bytes(json.dumps(objects).encode("utf-8-sig"))
    check(tmp_path / "t.json", first=1)


def test_json_says_more_than_tables(tmp_path):
    big = 2**63 + 12345
    entries = [
        f'{{"user": {{"age": {i}, "at": {{"x": 1.50}}}}, "id": {big + i}, "y": {i % 2 == 0!s:.5}}}'
        .replace("True", "true").replace("False", "false")
        for i in range(4)
    ]  # fmt: skip
    entries += ['{"user": null, "id": NaN, "y": Infinity, "more": "x"}', '{"user": {}, "id": 7}']
    (tmp_path / "t.json").write_text(f"[{','.join(entries)}]")
    rows = [
        [str(i), "1.50", str(big + i), "true" if i % 2 == 0 else "false", "", ""] for i in range(4)
    ]
    rows += [["", "", "", "Infinity", "", "x"], ["", "", "7", "", "", ""]]
    names = ["user.age", "user.at.x", "id", "y", "user", "more"]
    check(tmp_path / "t.json", rows, names, first=1)


def test_odd_json_is_named(tmp_path):
    entries = [{"x": i, "y": "ab"[i % 2], "z": [1] if i == 3 else i} for i in range(9)]
    texts = [json.dumps(one) for one in entries]
    texts[5:5] = [
        '{"x": 1, "x": 2}',
        '{"a": {"b": 1}, "a.b": 2}',
        '{"y": "\\ud800"}',
        '{"\\udfff": 1}',
    ]
    (tmp_path / "t.json").write_text("[" + ",".join(texts) + "]")
    _, held, cells = read(tmp_path / "t.json")
    assert held == [[str(i), "ab"[i % 2], "" if i == 3 else str(i)] for i in range(9)]
    assert cells.skipped == [
        ("t.json row 6", "has the key 'x' twice"),
        ("t.json row 7", "has the key 'a.b' twice"),
        ("t.json row 8", 'holds half a character, "\\ud800"'),
        ("t.json row 9", 'holds half a character, "\\udfff"'),
    ]
    assert [one.reason for one in cells.findings] == [
        "t.json: 'z' (a list in 1 row, the first row 4) holds several values per cell and is left"
        " out."
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "t.json: is not valid JSON .*; fetch it again"),
        ("{", "t.json: is not valid JSON .*; fetch it again"),
        ("[1, 2]", "t.json: is JSON, but not a table; give a list of objects, one object a line"),
        ("3", "t.json: is JSON, but not a table"),
        ("[]", "t.json: expected a table, got 0 rows of 0 columns"),
        ('{"a": {"x": 1}, "b": {"x": 2}}', "t.json: is JSON, but not a table"),
        ('{"a": [1, 2], "b": [1]}', "t.json: is JSON, but not a table"),
        ('{"a": [{"x": 1}], "b": [{"y": 1}]}', "t.json: is JSON, but not a table"),
        ("[" * 5000 + "]" * 5000, "t.json: is nested too deeply; give a list of objects"),
    ],
)
def test_json_that_is_no_table_is_refused(tmp_path, text, said):
    (tmp_path / "t.json").write_text(text)
    with pytest.raises(DataError, match=said):
        read_cells(tmp_path / "t.json", None)


# ---------------------------------------------------------------- Parquet


def test_parquet_holds_the_rows(tmp_path):
    FRAME.to_parquet(tmp_path / "t.parquet")
    check(tmp_path / "t.parquet", first=1)
    FRAME.astype({"kind": "category", "note": "category"}).to_parquet(tmp_path / "c.parquet")
    check(tmp_path / "c.parquet", first=1)
    FRAME.sample(frac=1, random_state=0).to_parquet(tmp_path / "i.parquet")
    assert list(data.open(tmp_path / "i.parquet", types={"note": "text"}).schema.fields) == NAMES
    FRAME.set_index("size").to_parquet(tmp_path / "n.parquet")
    assert set(read(tmp_path / "n.parquet")[0]) == set(NAMES)


def test_parquet_of_every_type(tmp_path):
    n = 4
    big = 2**63 + 5
    table = pa.table({
        "big": pa.array([big + i for i in range(n)], pa.uint64()),
        "price": pa.array(["1.50", "2.25", None, "4.00"]).cast(pa.decimal128(9, 2)),
        "id": pa.array([10**20 + i for i in range(n)], pa.decimal128(38, 0)),
        "large": pa.array(list("abcd"), pa.large_string()),
        "view": pa.array(list("abcd"), pa.string_view()),
        "half": pa.array(np.arange(n, dtype=np.float16)),
        "day": pa.array([datetime.date(2024, 1, 1 + i) for i in range(n)]),
        "ns": pa.array([i * 10**9 for i in range(n)], pa.timestamp("ns", "UTC")),
        "hour": pa.array([datetime.time(i) for i in range(n)]),
        "user": pa.array([{"age": i, "at": {"x": i}} for i in range(n)]),
        "list": pa.array([[i] for i in range(n)]),
        "map": pa.array([[("k", i)] for i in range(n)], pa.map_(pa.string(), pa.int64())),
        "raw": pa.array([b"\xff"] * n),
    })  # fmt: skip
    parquet.write_table(table, tmp_path / "t.parquet")
    names, held, cells = read(tmp_path / "t.parquet")
    assert names == [
        "big", "price", "id", "large", "view", "half", "day", "ns", "hour", "user.age", "user.at.x",
    ]  # fmt: skip
    assert held[1] == [
        str(big + 1), "2.25", str(10**20 + 1), "b", "b", "1", "2024-01-02 00:00:00",
        "1970-01-01 00:00:01+00:00" if "+" in held[1][7] else "1970-01-01 00:00:01",
        "01:00:00.000000", "1", "1",
    ]  # fmt: skip
    (finding,) = cells.findings
    assert [name for name, _ in finding.items] == ["list", "map", "raw"]


# ---------------------------------------------------------------- spreadsheets


def book(path, *sheets):
    """Write a workbook of sheets: (name, rows) each."""
    made = openpyxl.Workbook()
    made.remove(made.active)
    for name, rows in sheets:
        sheet = made.create_sheet(name)
        for row in rows:
            sheet.append(row)
    made.save(path)
    return made


TYPED = [[float(s), int(c), n, k] for s, c, n, k in ROWS]
SUMS = [sum(row[0] for row in TYPED), sum(row[1] for row in TYPED)]
SHEETS = {
    "plain": ([NAMES, *TYPED], 2),
    "title": ([["Line 3"], [], NAMES, *TYPED], 4),
    "units": ([NAMES, ["mm", "-"], *TYPED], 3),
    "to the right": ([[None, None, *row] for row in [NAMES, *TYPED]], 2),
    "notes": ([NAMES, *TYPED, [], ["Source: own"]], 2),
    "sums": ([NAMES, *TYPED, [*SUMS, None, "Total"]], 2),
    "blank rows": ([[], [], NAMES, *TYPED], 4),
    "texts": ([NAMES, *[[*map(str, row)] for row in ROWS]], 2),
}


@pytest.mark.parametrize("form", SHEETS)
def test_sheets_hold_the_rows(tmp_path, form):
    rows, first = SHEETS[form]
    book(tmp_path / "t.xlsx", ("Data", rows))
    check(tmp_path / "t.xlsx", first=first)
    asked = read_inputs(SCHEMA, (tmp_path / "t.xlsx",))
    good = [one for one in asked if isinstance(one.value, dict)]
    assert [one.row for one in good] == list(range(first, first + len(ROWS)))
    (tmp_path / "named.csv").write_bytes((tmp_path / "t.xlsx").read_bytes())
    check(tmp_path / "named.csv", first=first)  # by its first bytes


def test_sheets_of_pandas(tmp_path):
    FRAME.to_excel(tmp_path / "t.xlsx", index=False)
    check(tmp_path / "t.xlsx")
    FRAME.to_excel(tmp_path / "i.xlsx")
    check(tmp_path / "i.xlsx", [[str(i), *row] for i, row in enumerate(ROWS)], ["", *NAMES])
    assert list(data.open(tmp_path / "i.xlsx", types={"note": "text"}).schema.fields) == NAMES


def test_a_sheet_is_chosen(tmp_path):
    about = ("About", [["This book holds the sizes"], ["of line 3"]])
    other = ("Other", [["a", "b"], [1, 2], [3, 4]])
    book(tmp_path / "t.xlsx", ("Empty", []), about, ("Data 1", [NAMES, *TYPED]), other)
    cells = check(tmp_path / "t.xlsx")
    assert cells.notes == ["t.xlsx: sheet 'Data 1' is read, not About, Other; --sheet chooses."]
    check(tmp_path / "t.xlsx", [["1", "2"], ["3", "4"]], ["a", "b"], sheet="Other")
    check(tmp_path / "t.xlsx", [["1", "2"], ["3", "4"]], ["a", "b"], sheet="4")
    check(tmp_path / "t.xlsx", [["1", "2"], ["3", "4"]], ["a", "b"], expected_names=["a", "b"])
    opened = data.open(tmp_path / "t.xlsx", sheet=3, types={"note": "text"})
    assert list(opened.schema.fields) == NAMES
    assert Options(sheet="Data 1").words() == ["--sheet", "Data 1"]
    with pytest.raises(
        DataError, match=r"t.xlsx: --sheet: no sheet 'Dat' among Empty, About, Data"
    ):
        read_cells(tmp_path / "t.xlsx", None, sheet="Dat")
    (tmp_path / "t.csv").write_text(lines(ROWS))
    with pytest.raises(DataError, match=r"t.csv: --sheet is for spreadsheets such as .xlsx; leave"):
        read_cells(tmp_path / "t.csv", None, sheet="1")


def test_cells_of_every_type(tmp_path):
    when = datetime.datetime(2024, 3, 1, 17, 30)
    rows = [
        [1, 1.0, 0.1, True, when, when.date(), datetime.time(3, 4), datetime.timedelta(hours=30), "007"],
        [2, 1e20, -2.5, False, when, when.date(), datetime.time(3, 4), datetime.timedelta(0), "1.0"],
    ]  # fmt: skip
    book(tmp_path / "t.xlsx", ("A", [list("abcdefghi"), *rows]))
    found, held, _ = read(tmp_path / "t.xlsx")
    assert found == list("abcdefghi")
    assert held == [
        ["1", "1", "0.1", "true", "2024-03-01 17:30:00", "2024-03-01", "03:04:00", "30:00:00", "007"],
        ["2", "1e+20", "-2.5", "false", "2024-03-01 17:30:00", "2024-03-01", "03:04:00", "0:00:00",
         "1.0"],
    ]  # fmt: skip
    many = [[when + datetime.timedelta(days=i), i, "ab"[i % 2]] for i in range(30)]
    book(tmp_path / "m.xlsx", ("A", [["when", "x", "y"], *many]))
    assert isinstance(data.open(tmp_path / "m.xlsx").schema["when"], Timestamp)


def test_errors_and_formulas_in_cells_are_counted(tmp_path):
    rows = [["x", "y"], *[[i, "ab"[i % 2]] for i in range(9)]]
    made = openpyxl.Workbook()
    for row in rows:
        made.active.append(row)
    made.active["A4"] = "#N/A"
    made.active["A4"].data_type = "e"
    made.active["A5"] = "=1/0"
    made.save(tmp_path / "t.xlsx")
    _, held, cells = read(tmp_path / "t.xlsx")
    assert [row[0] for row in held] == ["0", "1", "", "", "4", "5", "6", "7", "8"]
    assert [one.reason for one in cells.findings] == [
        "t.xlsx: 1 cell holds errors (A4: #N/A) and count as missing.",
        "t.xlsx: 1 cell holds formulas without results (A5: a formula without its result) and count"
        " as missing.",
    ]


def test_books_that_cannot_be_read_are_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "t.xlsx", "w") as made:
        made.writestr("xl/workbook.xml", "<workbook/>")
    with pytest.raises(DataError, match=r"t.xlsx: cannot be read as a spreadsheet \(.*\); open it"):
        read_cells(tmp_path / "t.xlsx", None)
    (tmp_path / "t.xls").write_text("<html><table></table></html>")
    with pytest.raises(DataError, match=r"t.xls: cannot be read as a spreadsheet"):
        read_cells(tmp_path / "t.xls", None)
    locked = (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 500 + "EncryptedPackage".encode("utf-16-le")
    )
    (tmp_path / "t.xlsx").write_bytes(locked)
    with pytest.raises(DataError, match=r"t.xlsx: is protected by a password; save it without"):
        read_cells(tmp_path / "t.xlsx", None)
    book(tmp_path / "t.xlsx", ("A", []), ("B", []))
    with pytest.raises(DataError, match=r"t.xlsx: expected a table, got sheets without cells"):
        read_cells(tmp_path / "t.xlsx", None)
    book(tmp_path / "t.xlsx", ("A", [["a", "b"]]))
    with pytest.raises(DataError, match=r"t.xlsx: expected a table, got no rows below a header"):
        read_cells(tmp_path / "t.xlsx", True)


# ---------------------------------------------------------------- the smallest files


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "t.csv: is empty; give a table with a header and rows"),
        (b"\n \n", "t.csv: is empty"),
        (b"\xef\xbb\xbf", "t.csv: is empty"),
        (b"a,b\n", "t.csv: expected a table, got no rows below a header"),
        (b"sep=;\na;b\n", "t.csv: expected a table, got no rows below a header"),
        (
            b"a,b\n1,2\n3,\0004\n",
            "t.csv: expected a table of text, got NUL bytes, the first in line 3",
        ),
        (b"# a\n# b\n", "t.csv: expected"),
    ],
)
def test_files_without_rows_are_refused(tmp_path, content, said):
    (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(DataError, match=said):
        data.open(tmp_path / "t.csv")


def test_one_row_is_a_table(tmp_path):
    (tmp_path / "t.csv").write_text("a,b\n1,x\n")
    check(tmp_path / "t.csv", [["1", "x"]], ["a", "b"])


def test_lines_longer_than_a_sample_are_read(tmp_path):
    names = [f"gene {i} of a long name" for i in range(5000)]
    rows = [[str(i * k % 7) for k in range(5000)] for i in range(12)]
    (tmp_path / "t.csv").write_text(lines(rows, names=names))
    check(tmp_path / "t.csv", rows, names)


def test_a_line_of_words_is_the_header_if_it_has_the_columns_that_are_named(tmp_path):
    rows = [("red, old" if n % 3 else "blue", "up" if n % 2 else "down") for n in range(60)]
    text = "".join(f'"{a}",{b}\n' for a, b in [("a color", "goal"), *rows])
    (tmp_path / "words.csv").write_text(text)
    opened = data.open(tmp_path / "words.csv", target="goal")
    assert list(opened.schema.fields) == ["a color", "goal"]
    assert len(opened.source) == 60
    assert opened.schema["goal"].names == ("down", "up")


def test_a_quotation_mark_behind_a_backslash_is_one_also_in_cells_without_quotes(tmp_path):
    rows = [
        [f"{n}.5", 'say "x"' if n % 2 else "quiet", "up" if n % 3 else "down"] for n in range(40)
    ]
    with (tmp_path / "said.csv").open("w", newline="") as file:
        table = csv.writer(file, doublequote=False, escapechar="\\")
        table.writerows([["size", "said", "goal"], *rows])
    opened = data.open(tmp_path / "said.csv", target="goal")
    assert opened.schema["said"].names == ("quiet", 'say "x"')


def test_a_path_that_ends_in_a_backslash_ends_its_cell(tmp_path):
    rows = [f'{n}.5,"C:\\dir{n % 3}\\",{"up" if n % 2 else "down"}\n' for n in range(40)]
    (tmp_path / "paths.csv").write_text("size,path,goal\n" + "".join(rows))
    opened = data.open(tmp_path / "paths.csv", target="goal")
    assert opened.schema["path"].names == tuple(f"C:\\dir{n}\\" for n in range(3))


def test_questions_and_ids_of_a_survey_are_no_rows(tmp_path):
    head = ["StartDate,Q1,Q2", 'Start Date,"How old are you?","Do you agree?"']
    ids = ",".join('"{""ImportId"":""' + one + '""}"' for one in ("startDate", "QID1", "QID2"))
    rows = [f"2023-01-{i % 28 + 1:02d} 10:00:00,{i + 18},{['yes', 'no'][i % 3 % 2]}"
            for i in range(60)]  # fmt: skip
    path = tmp_path / "t.csv"
    path.write_text("\n".join([*head, ids, *rows]) + "\n")
    opened = data.open(path, target="Q2")
    assert len(opened.source) == 60
    assert opened.schema["Q2"].names == ("no", "yes")
    assert opened.source.fields["Q1"].values.tolist() == [i + 18 for i in range(60)]
    assert len(read_inputs(opened.schema, (path,))) == 60
    assert "How old are you" in " ".join(opened.notes)
