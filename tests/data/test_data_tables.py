"""Tables: what is guessed, what is told, what is left out, and what the audit says of columns."""

import gzip
import io
import json
import tarfile
import zipfile
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from brique import data
from brique.data import audit
from brique.data.sources.table_files import delimited
from brique.errors import DataError
from brique.schema import Category, Number, Picture, Schema, Text, Timestamp

ROWS = 40


def lines(n=ROWS, label="ab"):
    """Return a small table: numbers, classes, a target."""
    rng = np.random.default_rng(0)
    colors = ["red", "green", "blue"]
    return ["size,color,label"] + [
        f"{rng.normal():.4f},{colors[i % 3]},{label[int(rng.integers(len(label)))]}"
        for i in range(n)
    ]


def write(path, rows, encoding="utf-8"):
    path.write_bytes(("\n".join(rows) + "\n").encode(encoding))
    return path


def opened(tmp_path, rows, name="t.csv", **options):
    return data.open(write(tmp_path / name, rows), **options)


def kinds(found):
    return [finding.kind for finding in found]


def one(found, kind):
    matching = [finding for finding in found if finding.kind == kind]
    assert len(matching) == 1, kinds(found)
    return matching[0]


def numbered(*columns, n=ROWS):
    """Return lines of columns, each a function of the row."""
    return [",".join(str(column(i)) for column in columns) for i in range(n)]


REAL = {
    "tabular/iris.csv": ({}, 150, "5", 3),
    "tabular/wine.csv": ({}, 178, "14", 3),
    "tabular/breast-cancer-wisconsin.data": ({}, 699, "11", 2),
    "tabular/banknote_authentication.csv": ({}, 1372, "5", 2),
    "tabular/boston-housing.csv": ({"target": "14"}, 506, "14", None),
    "tabular/california-housing.csv.gz": (
        {"target": "median_house_value"}, 20640, "median_house_value", None,
    ),
    "hep/higgs-10984.csv.gz": ({}, 10984, "label", 2),
    "timeseries/beijing-pm25.csv.gz": ({"target": "pm2.5"}, 43824 - 2067, "pm2.5", None),
    "wordvec/wordsim353.tsv": ({"target": 3}, 353, "Human (mean)", None),
}  # fmt: skip


@pytest.mark.parametrize("name", REAL)
def test_real_tables_have_the_sizes_of_their_readme(name):
    options, rows, target, classes = REAL[name]
    try:
        table = data.open(name, **options)
    except DataError as error:
        assert "BRIQUE_DATA" in str(error)  # noqa: PT017
        pytest.skip("not found by BRIQUE_DATA")
    assert sum(map(len, (table.train, table.valid, table.test))) == rows
    assert table.schema.target == target
    kind = table.schema[target]
    assert (len(kind.names) if isinstance(kind, Category) else None) == classes


def test_adult_needs_its_test_classes_renamed():
    try:
        data.open("tabular/iris.csv")
    except DataError:
        pytest.skip("not found by BRIQUE_DATA")
    name, test = "tabular/adult-train.csv.gz", "tabular/adult-test.csv.gz"
    text = r"adult-test.csv.gz row 1 is of class '<=50K.'.* --rename '<.=50K.=<.=50K' --rename"
    with pytest.raises(DataError, match=text):
        data.open(name, test=test)
    adult = data.open(name, test=test, rename={"<=50K.": "<=50K", ">50K.": ">50K"})
    assert [len(adult.train), len(adult.valid), len(adult.test)] == [29305, 3256, 16281]
    assert adult.schema["15"].names == ("<=50K", ">50K")
    missing = [name for name, kind in adult.schema.fields.items()
               if isinstance(kind, Category) and "missing" in kind.names]  # fmt: skip
    assert missing == ["2", "7", "14"]


def test_a_table_is_read_prepared_and_restored_alike(tmp_path):
    table = opened(tmp_path, lines())
    assert table.schema.target == "label"
    schema = Schema.from_json(table.schema.to_json())
    given = [line.split(",") for line in lines()[1:]]
    for split in (table.train, table.valid, table.test):
        for place, row in enumerate(split.ids.tolist()):
            for name, cell in zip(("size", "color", "label"), given[row], strict=True):
                assert schema[name].prepare(cell) == split[name][place]
            assert split.name(row) == f"row {row + 2}"
    size = schema["size"]
    known = np.array([float(given[row][0]) for row in table.train.ids.tolist()])
    assert size.mean == pytest.approx(known.mean())
    assert size.std == pytest.approx(known.std())


def gzipped(content):
    return gzip.compress(content)


@pytest.mark.parametrize("form", ["plain", "gz", "folder", "zip", "tar.gz", "folder.gz"])
def test_a_table_is_the_same_wherever_it_lies(tmp_path, form):
    plain = opened(tmp_path, lines())
    content = (tmp_path / "t.csv").read_bytes()
    name, stored = ("u.csv.gz", gzipped(content)) if "gz" in form else ("u.csv", content)
    place = tmp_path / "there"
    place.mkdir()
    if form.startswith("folder"):
        (place / name).write_bytes(stored)
        (place / "notes.txt").write_text("notes")
    elif form == "zip":
        place = place / "u.zip"
        with zipfile.ZipFile(place, "w") as archive:
            archive.writestr("u.csv", content)
    elif form == "tar.gz":
        place = place / "u.tar.gz"
        with tarfile.open(place, "w:gz") as archive:
            info = tarfile.TarInfo(name)
            info.size = len(stored)
            archive.addfile(info, io.BytesIO(stored))
    else:
        place = place / name
        place.write_bytes(stored)
    assert data.open(place).fingerprint == plain.fingerprint


def test_formats_hold_the_same_table(tmp_path):
    from pyarrow import csv, parquet

    plain = opened(tmp_path, lines())
    parquet.write_table(csv.read_csv(tmp_path / "t.csv"), tmp_path / "t.parquet")
    rows = [line.split(",") for line in lines()[1:]]
    entries = [{"size": float(a), "color": b, "label": c} for a, b, c in rows]
    write(tmp_path / "t.jsonl", [json.dumps(entry) for entry in entries])
    write(tmp_path / "t.tsv", [line.replace(",", "\t") for line in lines()])
    write(tmp_path / "s.csv", [line.replace(",", ";") for line in lines()])
    write(tmp_path / "p.csv", [line.replace(",", "|") for line in lines()])
    write(tmp_path / "b.data", [line.replace(",", "  ") for line in lines()])
    write(tmp_path / "w.csv", lines(), "utf-16")
    (tmp_path / "m.csv").write_bytes(("\ufeff" + "\r\n".join(lines())).encode())
    for name in ("t.parquet", "t.jsonl", "t.tsv", "p.csv", "b.data", "w.csv", "m.csv"):
        assert data.open(tmp_path / name).fingerprint == plain.fingerprint, name
    other = data.open(tmp_path / "s.csv")  # between ; a comma may stand before decimals
    assert other.schema["size"] == replace(plain.schema["size"], decimal="either")
    assert all(torch.equal(other.store.fields[key], plain.store.fields[key])
               for key in plain.schema.fields)  # fmt: skip
    assert torch.equal(other.test.ids, plain.test.ids)


def test_parquet_has_moments_truths_and_lists(tmp_path):
    import pyarrow as pa
    from pyarrow import parquet

    n = 30
    table = pa.table({
        "when": pa.array(np.arange(n) * 86400_000_000 + 500_000, pa.timestamp("us")),
        "is_new": pa.array([i % 2 == 0 for i in range(n)]),
        "count": pa.array([None if i == 3 else i * i for i in range(n)]),
        "many": pa.array([[1, 2]] * n),
        "kind": pa.array(["a", "b"] * (n // 2)).dictionary_encode(),
        "y": pa.array([i / 7 for i in range(n)]),
    })  # fmt: skip
    parquet.write_table(table, tmp_path / "t.parquet")
    found = data.open(tmp_path / "t.parquet", target="y")
    assert isinstance(found.schema["when"], Timestamp)
    assert found.store.fields["when"].tolist() == [i * 86400 for i in range(n)]
    assert found.schema["is_new"].names == ("false", "true")
    assert found.schema["count"].fill is not None
    assert torch.isnan(found.store.fields["count"][3])
    assert "many" not in found.schema
    assert one(audit.findings(found), "left out").items == (("many", "list<element: int64>"),)


def test_json_lines_name_what_is_no_object(tmp_path):
    rows = [json.dumps({"x": i, "y": "ab"[i % 2], "deep": [i]}) for i in range(20)]
    table = opened(tmp_path, [*rows[:3], "{broken", "[1]", "", *rows[3:]], "t.jsonl", target="y")
    assert [name for name, _ in table.skipped] == ["t.jsonl row 4", "t.jsonl row 5"]
    assert table.train.name(3) == "row 7"
    assert one(audit.findings(table), "left out").reason == (
        "t.jsonl: 'deep' (lists) holds several values per cell and is left out."
    )
    text = "t.jsonl: 2 of 3 lines are not JSON objects, the first t.jsonl row 1: is not valid JSON"
    with pytest.raises(DataError, match=text):
        opened(tmp_path, ["no", "no", rows[0]], "t.jsonl")


@pytest.mark.parametrize(
    ("rows", "has_header"),
    [
        (["a,b", "1,2", "3,4"], True),
        (["1,2", "3,4", "5,6"], False),
        (["1.5,red", "2.5,blue"], False),
        (["text,label", "it works,good", "it fails,bad", "so so,bad"], True),
        (["good,it works", "bad,it fails", "good,so so"], False),
        (["year,1999,2000", "a,3,4", "b,5,6", "c,7,8"], False),
        (["?,1", "2,2", "3,1"], False),
        (["when,y", "2020-01-01,x", "2020-01-02,y"], True),
        (["$1,a", "$2,b", "$3,a"], False),
        (["a,b"], True),
        (["when,x", "2020-01-01,1", "2020-01-02,2"], True),
    ],
)
def test_a_header_is_guessed(rows, has_header):
    first, *below = [row.split(",") for row in rows]
    assert delimited.is_header(first, below, len(rows[-1].split(","))) == has_header


def test_a_header_can_be_told(tmp_path):
    rows = numbered(lambda i: i, lambda i: "ab"[i % 2])
    assert list(opened(tmp_path, rows).schema.fields) == ["1", "2"]
    assert list(opened(tmp_path, rows, header=True).schema.fields) == ["0", "a"]
    assert "t.csv: its first line is not a header, so its columns are named 1 to 2; --header." in (
        opened(tmp_path, rows).notes
    )
    with pytest.raises(DataError, match=r"t.jsonl: --header is for .csv, .tsv and .data; leave"):
        opened(tmp_path, ['{"a": 1}'], "t.jsonl", header=False)


def test_comments_and_blank_lines_are_counted_but_no_rows(tmp_path):
    rows = numbered(lambda i: i * 1.5, lambda i: "ab"[i % 2])
    table = opened(tmp_path, ["# about", "# size,label", *rows[:2], "", *rows[2:], "", ""])
    assert list(table.schema.fields) == ["size", "label"]
    assert len(table.source) == ROWS
    assert [table.train.name(row) for row in (0, 1, 2)] == ["row 3", "row 4", "row 6"]


def test_quoted_cells_hold_delimiters_and_lines(tmp_path):
    rows = ["text,label", *[f'"one, {i}\nand ""two""",{"ab"[i % 2]}' for i in range(20)]]
    table = opened(tmp_path, rows)
    assert table.source.fields["text"].text(3) == 'one, 3\nand "two"'
    assert table.train.name(3) == "row 5"


def test_a_sign_within_the_cells_is_no_delimiter(tmp_path):
    rows = ["size,tags", *[f"{i},{'ab'[i % 2]};c" for i in range(20)]]
    table = opened(tmp_path, rows, target="tags", types={"tags": "category"})
    assert list(table.schema.fields) == ["size", "tags"]


def test_ragged_rows_are_left_out_by_number(tmp_path):
    rows = lines()
    rows[16] = "1,2,3,4,5"
    rows[20] = "only"
    table = opened(tmp_path, rows)
    assert table.skipped == (
        ("t.csv row 17", "has 5 fields, 3 expected"),
        ("t.csv row 21", "has 1 fields, 3 expected"),
    )
    assert table.train.name(15) == "row 18"
    assert one(audit.findings(table), "ragged rows").count == 2


def test_a_row_of_sums_is_not_called_ragged(tmp_path):
    total = sum(float(line.split(",")[0]) for line in lines()[1:])
    table = opened(tmp_path, [*lines(), f"{total:.4f},,"])
    assert len(table.skipped) == 1
    kinds = [finding.kind for finding in audit.findings(table)]
    assert "row of sums" in kinds
    assert "ragged rows" not in kinds


def test_mostly_ragged_tables_are_refused(tmp_path):
    rows = [*lines(250)[:201], *["1,2"] * 900]
    text = r"t.csv: 900 rows of 1,100 do not fit, the first: t.csv row 202 has 2 fields, 3"
    with pytest.raises(DataError, match=text):
        opened(tmp_path, rows)


def test_an_open_quotation_mark_swallows_no_rows(tmp_path):
    rows = lines()
    rows[5] = '"1.5,red,a'
    table = opened(tmp_path, rows, types={"size": "text"})
    assert len(table.source) == ROWS
    assert one(audit.findings(table), "quotes").severity == "warning"


def test_broken_letters_are_found(tmp_path):
    rows = ["town,label", *[f"{'Köln' if i == 7 else 'Paris'},{'ab'[i % 2]}" for i in range(30)]]
    write(tmp_path / "t.csv", rows, "cp1252")
    table = data.open(tmp_path / "t.csv")
    assert "Köln" in table.schema["town"].names or "Köln" in table.source.fields["town"].names
    finding = one(audit.findings(table), "encoding")
    assert finding.items == (("line 9", "Köln,b"),)
    mixed = "\n".join(["town,label", *["Köln,a", "Zürich,b"] * 20]).encode() + b"\nM\xfcnchen,a\n"
    (tmp_path / "u.csv").write_bytes(mixed)
    table = data.open(tmp_path / "u.csv")
    assert one(audit.findings(table), "encoding").items == (("line 42", "M\ufffdnchen,a"),)


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (lambda i: i * 0.5, Number),
        (lambda i: "" if i == 3 else i, Number),
        (lambda i: f'"{i + 1},{i:03d}.5"', Number),
        (lambda i: f"+{i}e-2", Number),
        (lambda i: "rare" if i == 5 else i, Number),
        (lambda i: f"{i % 3 + 1:03d}", Category),
        (lambda i: "yn"[i % 2], Category),
        (lambda i: f"2020-01-{i % 28 + 1:02d}", Timestamp),
        (lambda i: f"2020-01-01T10:{i:02d}:00Z", Timestamp),
        (lambda i: f"{i % 28 + 1:02d}/02/2010 12:30", Timestamp),
        (lambda i: f"{i % 28 + 1} Mar 2011", Timestamp),
        (lambda i: f"this is the long text number {i} of all", Text),
    ],
)
def test_kinds_are_guessed_and_prepare_reads_the_same(tmp_path, cells, kind):
    rows = ["x,y", *numbered(cells, lambda i: "ab"[i // 2 % 2])]
    table = opened(tmp_path, rows, target="y")
    found = table.schema["x"]
    assert type(found) is kind
    stored = Schema.from_json(table.schema.to_json())["x"]
    assert stored == found
    for i in range(ROWS):
        value = table.store.fields["x"][i]
        cell = str(cells(i)).strip('"')
        if cell == "rare":
            assert torch.isnan(value)
        elif kind is Number:
            assert torch.equal(stored.prepare(cell).nan_to_num(), value.nan_to_num())
        elif kind is Text:
            assert torch.equal(stored.prepare(cell), value)
        else:
            assert int(stored.prepare(cell)) == int(value)


def test_a_comma_before_decimals_is_read_and_kept(tmp_path):
    rows = [
        "x;y",
        *[f"{i % 7}.{100 + i}{',5' if i % 2 else ''};{'ab'[i % 2]}" for i in range(ROWS)],
    ]
    table = opened(tmp_path, rows)
    kind = Schema.from_json(table.schema.to_json())["x"]
    assert kind.decimal == "comma"
    assert float(table.store.fields["x"][1]) == float(kind.prepare("1.101,5")) == 1101.5
    assert "before the decimals" in one(audit.findings(table), "comma").reason


def test_plus_and_minus_are_classes(tmp_path):
    rows = ["x,y", *[f"{i},{'+-'[i % 2]}" for i in range(ROWS)]]
    table = opened(tmp_path, rows)
    assert table.schema["y"].names == ("+", "-")
    assert [table.schema["y"].prepare(name) for name in "+-"] == [0, 1]


def test_missing_marks_are_missing(tmp_path):
    marks = ["", "NA", "n/a", "NaN", "null", "None", "?", "-"]
    rows = [f"{marks[i % 8] if i % 3 == 0 else i},{marks[i % 8] if i % 3 == 1 else 'red'},{i % 2}"
            for i in range(48)]  # fmt: skip
    table = opened(tmp_path, ["x,c,y", *rows])
    assert int(torch.isnan(table.store.fields["x"]).sum()) == 16
    kind = table.schema["c"]
    assert kind.names == ("missing", "red")
    assert {kind.prepare(mark) for mark in [*marks, None]} == {0}
    assert all(torch.isnan(table.schema["x"].prepare(mark)) for mark in [*marks, float("nan")])
    assert kind.prepare("green") == 2
    assert one(audit.findings(table), "missing values").items[0] == ("x", "33.3%")


def test_missing_moments_are_filled(tmp_path):
    rows = ["when,y", *[f"{'' if i == 4 else f'2020-01-{i + 1:02d}'},{i % 2}" for i in range(28)]]
    table = opened(tmp_path, rows)
    kind = table.schema["when"]
    assert float(table.store.fields["when"][4]) == kind.fill == float(kind.prepare(""))
    assert Schema.from_json(table.schema.to_json())["when"] == kind
    with pytest.raises(DataError, match=r"timestamp: mean, std and fill must be finite, got inf"):
        Timestamp(fill=float("inf"))


def test_ambiguous_dates_are_said(tmp_path):
    rows = ["when,y", *[f"{i % 12 + 1:02d}/{i % 11 + 1:02d}/2020,{i % 2}" for i in range(ROWS)]]
    table = opened(tmp_path, rows)
    assert table.schema["when"].pattern == "%d/%m/%Y"
    finding = one(audit.findings(table), "date as text")
    assert finding.severity == "warning"
    assert "The other order fits all of them too" in finding.reason


def test_targets_are_classes_where_they_look_so(tmp_path):
    def kind(cells, **options):
        rows = ["x,y", *numbered(lambda i: i * 0.5, cells, n=100)]
        return type(opened(tmp_path, rows, target="y", **options).schema["y"])

    assert kind(lambda i: i % 3) is Category
    assert kind(lambda i: i % 3, types={"y": "number"}) is Number
    assert kind(lambda i: i % 30) is Number
    assert kind(lambda i: i % 3 + 0.5) is Number
    assert kind(lambda i: ["1.0", "0.0"][i % 2]) is Category
    assert kind(lambda i: f"class {i % 40}") is Category


def test_the_target_is_chosen_and_said(tmp_path):
    table = opened(tmp_path, ["y,x", *numbered(lambda i: "ab"[i % 2], lambda i: i)])
    assert table.schema.target == "y"
    assert "t.csv: the target is column 'y', by its name; --target chooses another." in table.notes
    rows = ["u,v", *numbered(lambda i: i * 0.5, lambda i: i * 0.1)]
    assert opened(tmp_path, rows).schema.targets == ()
    assert opened(tmp_path, rows, target=2).schema.target == "v"
    assert opened(tmp_path, rows, target="u").schema.target == "u"
    assert "numbers: x; classes: y" in table.notes[1] or "classes: y; numbers: x" in table.notes[1]


def test_kinds_can_be_told(tmp_path):
    rows = ["zip,id,y", *numbered(lambda i: 90210 + i % 3, lambda i: i, lambda i: "ab"[i % 2])]
    table = opened(tmp_path, rows, types={"zip": "category", "id": "leave"})
    assert table.schema["zip"].names == ("90210", "90211", "90212")
    assert table.schema["zip"].prepare(90211) == 1
    assert "id" not in table.schema


def test_columns_of_one_name_stay_apart(tmp_path):
    rows = ["a,a,,y", *numbered(*[lambda i: i * 0.5] * 3, lambda i: "ab"[i % 2])]
    assert list(opened(tmp_path, rows).schema.fields) == ["a", "a_2", "", "y"]


def test_a_split_column_is_obeyed(tmp_path):
    parts = ["train", "train", "val", "test"]
    rows = ["split,x,y", *numbered(lambda i: parts[i % 4], lambda i: i, lambda i: "ab"[i // 4 % 2])]
    table = opened(tmp_path, rows)
    assert [len(table.train), len(table.valid), len(table.test)] == [20, 10, 10]
    assert table.test.ids.tolist() == list(range(3, ROWS, 4))
    assert "split" not in table.schema
    assert len(opened(tmp_path, rows, types={"split": "category"}).test) != 10
    assert opened(tmp_path, rows, target="split").schema.target == "split"
    other = ["split,x,y", *numbered(lambda i: f"s{i % 4}", lambda i: i, lambda i: "ab"[i % 2])]
    table = opened(tmp_path, other, "u.csv")
    assert isinstance(table.schema["split"], Category)
    assert any("does not hold only train, valid and test" in note for note in table.notes)


def test_a_test_table_is_joined_by_name(tmp_path):
    write(tmp_path / "more.csv", ["label,extra,color,size", *["a,1,red,2", "b,2,pink,?"] * 5])
    table = opened(tmp_path, lines(), test="more.csv")
    assert len(table.test) == 10
    assert table.test["label"].tolist() == [0, 1] * 5
    assert table.test["color"].tolist() == [table.schema["color"].prepare("red"), 3] * 5
    assert table.test.name(int(table.test.ids[1])) == "more.csv row 3"
    assert "more.csv: extra not in t.csv, ignored." in table.notes
    assert one(audit.findings(table), "unseen class").items[0] == ("more.csv row 3", "pink")
    same = opened(tmp_path, lines(), test=tmp_path / "more.csv")
    assert same.fingerprint == table.fingerprint


def test_tables_of_parts_lie_in_a_folder(tmp_path):
    for part, n in (("train", 30), ("valid", 6), ("test", 9)):
        write(tmp_path / f"some-{part}.csv", lines(n))
    table = data.open(tmp_path)
    assert [len(table.train), len(table.valid), len(table.test)] == [30, 6, 9]


def test_test_is_chosen_by_a_column(tmp_path):
    rows = ["year,x,y", *numbered(lambda i: 2000 + i % 5, lambda i: i, lambda i: "ab"[i // 5 % 2])]
    table = opened(tmp_path, rows, test="year=2003,2004")
    assert {int(i) % 5 for i in table.test.ids} == {3, 4}
    assert len(table.test) == 16
    assert "year" not in table.schema
    assert "t.csv: test is 16 rows by 'year', which is not an input then." in table.notes


def test_groups_and_times_are_handed_on(tmp_path):
    rows = ["who,when,x,y", *numbered(
        lambda i: f"p{i % 8}" if i else "", lambda i: f"2020-01-{i % 28 + 1:02d}", lambda i: i,
        lambda i: "ab"[i // 3 % 2],
    )]  # fmt: skip
    table = opened(tmp_path, rows, group="who")
    sides = [{int(i) % 8 for i in part.ids if i} for part in (table.train, table.valid, table.test)]
    assert not sides[0] & sides[2]
    assert not sides[0] & sides[1]
    assert len(set(table.source.groups.tolist())) == 9
    assert "who" not in table.schema
    assert any(note.startswith("t.csv: 'who' names groups, each in") for note in
               table.notes)  # fmt: skip
    assert "who" in opened(tmp_path, rows, group="who", types={"who": "category"}).schema
    timed = opened(tmp_path, rows, time="when")
    assert timed.source.times[3] == Timestamp().seconds("2020-01-04")
    assert max(timed.source.times[timed.train.ids]) < min(timed.source.times[timed.test.ids])
    assert opened(tmp_path, rows, time="x").source.times.tolist() == list(range(ROWS))


def test_rows_without_a_target_are_left_out(tmp_path):
    rows = ["x,y", *[f"{i},{'NA' if i in (3, 9) else 'ab'[i % 2]}" for i in range(ROWS)]]
    table = opened(tmp_path, rows)
    assert len(table.source) == ROWS - 2
    assert table.skipped == (
        ("row 5", "its target is missing: y"), ("row 11", "its target is missing: y"),
    )  # fmt: skip
    assert table.train.name(3) == "row 6"
    assert "t.csv: 2 rows have no 'y' and are left out." in table.notes


def test_classes_are_renamed(tmp_path):
    rows = ["x,y", *[f"{['New York', 'new york', 'LA'][i % 3]},{'ab'[i % 2]}" for i in range(ROWS)]]
    table = opened(tmp_path, rows)
    finding = one(audit.findings(table), "spelling")
    assert finding.items == (("New York", "new york"),)
    assert "--rename 'new york=New York'" in finding.remedy
    table = opened(tmp_path, rows, rename={"new york": "New York", "a": "b2"})
    assert table.schema["x"].names == ("LA", "New York")
    assert table.schema["y"].names == ("b", "b2")
    assert "spelling" not in kinds(audit.findings(table))


def photos(folder, n=24):
    folder.mkdir(parents=True, exist_ok=True)
    for i in range(n):
        pixels = np.random.default_rng(i).integers(0, 256, (12, 10, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"p{i}.png")


@pytest.mark.parametrize("cell", ["p{}.png", "p{}", "files/p{}.png"])
def test_pictures_are_labelled_by_a_table_beside_them(tmp_path, cell):
    photos(tmp_path / "some" / "files")
    rows = ["file,age,label", *[f"{cell.format(i)},{i % 5},{'ab'[i % 2]}" for i in range(24)]]
    rows.append(f"{cell.format('gone')},3,a")
    write(tmp_path / "some" / "labels.csv", rows)
    table = data.open(tmp_path / "some")
    kind = table.schema["file"]
    assert isinstance(kind, Picture)
    assert kind.shape == (3, 12, 10)
    assert list(table.schema.fields) == ["file", "age", "label"]
    for split in (table.train, table.test):
        for place, row in enumerate(split.ids.tolist()):
            path = tmp_path / "some" / "files" / f"p{row}.png"
            assert torch.equal(kind.prepare(path), split["file"][place])
            assert split.name(row) == f"files/p{row}.png"
    assert len(table.skipped) == 1
    assert table.skipped[0][1] == "there is no such file; check the path"
    assert table.skipped[0][0].startswith(cell.format("gone"))


def test_a_table_of_paths_opens_with_its_pictures(tmp_path):
    photos(tmp_path)
    rows = ["path,other,y", *[f"p{i}.png,p{(i + 1) % 24}.png,{i * 0.1}" for i in range(24)]]
    table = opened(tmp_path, rows, target="y", size=8, channels=1)
    assert table.schema["path"].shape == table.schema["other"].shape == (1, 8, 8)
    assert torch.equal(table.store.fields["path"][1], table.store.fields["other"][0])
    (tmp_path / "p3.png").write_bytes(b"no")
    table = opened(tmp_path, rows, target="y", size=8, channels=3)
    assert len(table.source) == 22
    assert torch.equal(table.store.fields["path"][1], table.store.fields["other"][0])
    gone = ["path,y", *[f"q{i}.png,{i * 0.1}" for i in range(24)]]
    assert one(audit.findings(opened(tmp_path, gone, target="y")), "no pictures").items == (
        ("path",),
    )


def test_a_picture_named_by_several_rows_is_there_in_each(tmp_path):
    photos(tmp_path, n=5)
    table = opened(tmp_path, ["path,y", *[f"p{i % 5}.png,{i * 0.1}" for i in range(40)]])
    kind, pixels = table.schema["path"], table.store.fields["path"]
    for row in range(40):
        assert torch.equal(kind.prepare(tmp_path / f"p{row % 5}.png"), pixels[row])


PLAIN = numbered(lambda i: i * 0.5, lambda i: "ab"[i % 2])


@pytest.mark.parametrize(
    ("rows", "options", "text"),
    [
        (["a,b"], {"header": True}, "t.csv: expected a table, got no rows below a header; add"),
        (["a\0b,c"], {}, "t.csv: expected a table of text, got NUL bytes, the first in line 1; save it as CSV in"),
        (["x,y", *PLAIN], {"target": "z"}, "t.csv: target: no column 'z' among x, y"),
        (["size,y", *PLAIN], {"target": "sizes"}, r"no column 'sizes' .* did you mean 'size'\?"),
        (["x,y", *PLAIN], {"target": "9"}, "t.csv: target: no column '9' among x, y"),
        (["x,y", *PLAIN], {"types": {"x": "figure"}}, "types: no kind 'figure' for column 'x' among"),
        (["x,y", *PLAIN], {"types": {"y": "leave"}}, "column 'y' is the target; do not leave it"),
        (["x,y", *PLAIN], {"types": {"x": "leave"}},
         "t.csv: expected at least one column beside the target, got none"),
        (["x,y", *PLAIN], {"types": {"y": "number"}},
         "t.csv: y: expected numbers, got 'a' in row 2 and 39 more; correct it, or read"),
        (["x,y", *PLAIN], {"types": {"y": "timestamp"}},
         "t.csv: y: expected timestamps such as 2024-03-01 17:30:00, got 'a' in row 2 and 39 more"),
        (["x,y", *[f"{i},c" for i in range(9)]], {"target": "y"},
         "t.csv: the target 'y' is 'c' in every row, so there is nothing to learn; choose"),
        (["x,y", *[f"{i}," for i in range(9)]], {"target": "y"},
         "t.csv: column 'y' is empty; choose another target"),
        (["x,y", *[f"{i},{'inf' if i == 3 else i / 2}" for i in range(30)]], {"target": "y"},
         "t.csv: y: the target is not finite in row 5; correct it, or remove the row"),
        (["x,y", *PLAIN], {"rename": {"c": "d"}}, "t.csv: rename: no class 'c' among a, b"),
        (["x,y", *PLAIN], {"group": "g"}, "t.csv: group: no column 'g' among x, y"),
        (["x,y", *PLAIN], {"time": "y"},
         "time: column 'y' holds neither timestamps nor numbers, but 'a'; choose another"),
        (["x,y", *PLAIN], {"size": 8}, "--size and --channels are for pictures, and no column names"),
        (["x,y", *PLAIN], {"test": "no.csv"}, "t.csv: --test no.csv is neither a file nor COLUMN=VALUE"),
        (["x,y", *PLAIN], {"test": "x=99"}, "t.csv: test: column 'x' has no '99' among"),
        (["split,x,y", *[f"{p},{q}" for p, q in zip(["train", "test"] * 20, PLAIN, strict=True)]],
         {"test": "x=0.5"}, "t.csv: it already has parts; leave out --test"),
    ],
)  # fmt: skip
def test_bad_tables_are_named(tmp_path, rows, options, text):
    with pytest.raises(DataError, match=text):
        opened(tmp_path, rows, **options)


def test_bad_pairs_of_tables_are_named(tmp_path):
    write(tmp_path / "u.csv", ["sizes,label,color", "1,a,red"])
    text = r"u.csv: has no column 'size', which t.csv has; did you mean 'sizes'\?"
    with pytest.raises(DataError, match=text):
        opened(tmp_path, lines(), test="u.csv")
    write(tmp_path / "u.csv", ["1,a", "2,b"])
    with pytest.raises(DataError, match=r"u.csv: has 2 columns, t.csv 3; give both the same"):
        opened(tmp_path, lines(), test="u.csv")
    both = tmp_path / "both"
    both.mkdir()
    for part in ("train", "test"):
        write(both / f"{part}.csv", lines())
    with pytest.raises(DataError, match=r"both: it already has a test table; leave out --test"):
        data.open(both, test=tmp_path / "t.csv")
    (both / "train.csv").rename(both / "valid.csv")
    text = r"both: expected a table of the train part, or one table, got valid.csv, test.csv"
    with pytest.raises(DataError, match=text):
        data.open(both)
    with pytest.raises(DataError, match=r"none: expected a table \(.csv, .tsv, .xlsx, .parquet"):
        (tmp_path / "none").mkdir()
        data.open(tmp_path / "none", kind="table")


def test_damaged_files_are_named(tmp_path, monkeypatch):
    (tmp_path / "t.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(DataError, match=r"t.parquet: cannot be read as Parquet \(.*; fetch it"):
        data.open(tmp_path / "t.parquet")
    (tmp_path / "t.jsonl").write_bytes(b"\n")
    with pytest.raises(DataError, match=r"t.jsonl: expected a table, got 0 rows of 0 columns of"):
        data.open(tmp_path / "t.jsonl")
    monkeypatch.setattr(delimited, "_BLOCK_SIZE", 16)
    with pytest.raises(DataError, match=r"t.csv: cannot be read as a table \(.*; save it as CSV"):
        opened(tmp_path, ["x,y", "1," + "a" * 99, "2," + "b" * 99])


def test_a_column_without_moments_in_train_is_named(tmp_path):
    rows = ["split,when,x,y"]
    rows += [f"{'test' if i > 30 else 'train'},{f'2020-01-0{i % 9 + 1}' if i > 30 else ''},{i},{i % 2}"
             for i in range(ROWS)]  # fmt: skip
    with pytest.raises(DataError, match=r"t.csv: when: no training example has a timestamp; leave"):
        opened(tmp_path, rows, types={"when": "timestamp"})
    assert "when" not in opened(tmp_path, rows).schema


def planted(tmp_path, n=200):
    """Return a table with faults, each in a column of its own."""
    rng = np.random.default_rng(1)
    label = rng.integers(0, 2, n)
    columns = {
        "good": rng.normal(size=n).round(3),
        "constant": ["always"] * n,
        "copy": np.where(label, "yes", "no"),
        "leak": (label * 3.0 + rng.uniform(0, 2, n)).round(3),
        "mixed": ["oops" if i in (3, 5) else i * 0.25 for i in range(n)],
        "row": range(1, n + 1),
        "far": [1e6 if i == 9 else x for i, x in enumerate(rng.normal(size=n).round(3))],
        "gap": [-999 if i % 20 == 0 else x for i, x in enumerate(rng.uniform(0, 50, n).round(1))],
        "user": [f"u{i}" for i in range(n)],
        "twice": rng.integers(0, 5, n),
        "again": None,
        "when": [f"{i % 28 + 1:02d}/12/2020" if i % 9 else "Christmas" for i in range(n)],
        "endless": ["inf" if i == 11 else i * 0.5 for i in range(n)],
        "zip_code": rng.integers(10, 99, n),
        "nothing": [""] * n,
        "label": np.where(label, "b", "a"),
    }
    columns["again"] = ["vwxyz"[value] for value in columns["twice"]]
    rows = [",".join(map(str, row)) for row in zip(*columns.values(), strict=True)]
    return opened(tmp_path, [",".join(columns), *rows])


def test_planted_faults_are_found(tmp_path):
    found = audit.findings(planted(tmp_path))
    about = {
        "constant": "constant", "mixed types": "mixed", "many classes": "user",
        "same columns": "twice", "out of range": "far", "sentinel": "gap", "not finite": "endless",
        "date as text": "when", "numeric code": "zip_code", "empty column": "nothing",
    }  # fmt: skip
    for kind, column in about.items():
        finding = one(found, kind)
        assert any(column in item for item in finding.items), kind
        assert f"'{column}'" in finding.reason
    assert {item for f in found if f.kind == "identifier" for item in f.items} >= {("row",)}
    copies = {f.items[0][0]: f.severity for f in found if f.kind == "target leak"}
    assert copies == {"copy": "error", "leak": "warning"}
    assert one(found, "mixed types").items[0] == ("row 5", "mixed", "oops")
    assert one(found, "out of range").items == (("row 11", "far", "1000000"),)


def test_good_columns_are_left_in_peace(tmp_path):
    rows = lines(300)
    assert set(kinds(audit.findings(opened(tmp_path, rows)))) <= {"duplicate"}


@pytest.mark.parametrize(
    ("cells", "severity"),
    [
        (lambda y, noise: 2.54 * y, "error"),
        (lambda y, noise: y + 0.001 * noise, "warning"),
        (lambda y, noise: np.exp(y), "warning"),
        (lambda y, noise: y + noise, None),
    ],
)
def test_copies_of_a_number_are_found(tmp_path, cells, severity):
    rng = np.random.default_rng(0)
    y, noise = rng.normal(size=100), rng.normal(size=100)
    rows = [f"{a:.9g},{b:.9g}" for a, b in zip(cells(y, noise), y, strict=True)]
    found = audit.findings(opened(tmp_path, ["x,y", *rows], target="y"))
    assert [f.severity for f in found if f.kind == "target leak"] == (
        [severity] if severity else []
    )


def test_missing_that_differs_between_parts_is_found(tmp_path):
    rows = [f"{'test' if i > 70 else 'train'},{'' if i > 80 else i % 7},{i % 5},{i % 2}"
            for i in range(100)]  # fmt: skip
    found = audit.findings(opened(tmp_path, ["split,x,z,y", *rows]))
    assert one(found, "missing differs").items == (("x",),)


def test_the_split_does_not_hang_on_the_order_of_columns(tmp_path):
    first = opened(tmp_path, lines())
    turned = [",".join(reversed(line.split(","))) for line in lines()]
    second = opened(tmp_path, turned, "u.csv", target="label")
    assert first.test.ids.tolist() == second.test.ids.tolist()


def test_a_large_table_opens_quickly(tmp_path):
    import time

    rng = np.random.default_rng(0)
    table = np.char.mod("%.4f", rng.normal(size=(50_000, 8)))
    rows = [",".join(row) + f",{i % 2}" for i, row in enumerate(table.tolist())]
    write(tmp_path / "t.csv", rows)
    began = time.process_time()  # whatever else the machine does
    assert len(data.open(tmp_path / "t.csv").source) == 50_000
    assert time.process_time() - began < 6  # 0.6 s on a quiet machine


def stamped(tmp_path, steps, last=lambda row: str(row % 7)):
    """Return a table whose rows are so many hours after each other."""
    start, hours = np.datetime64("2024-01-01T00", "h"), np.cumsum([0, *steps])
    rows = [f"{start + int(hour)}:00:00,{last(row)},{row % 5}" for row, hour in enumerate(hours)]
    return opened(tmp_path, ["when,y,a", *rows], target="y")


def test_rows_in_time_that_are_drawn_at_random_are_said(tmp_path):
    found = one(audit.findings(stamped(tmp_path, [1] * 99, lambda row: str(row / 8))), "in time")
    assert "The rows of t.csv follow each other in time by 1 hour ('when')" in found.reason
    assert (
        found.remedy
        == "Evaluate on the last rows with --time 'when', or forecast with --kind series."
    )
    found = one(
        audit.findings(stamped(tmp_path, [1, 9] * 40, lambda row: "ab"[row % 2])), "in time"
    )
    assert "follow each other in time ('when')" in found.reason
    assert found.remedy == "Evaluate on the last rows with --time 'when'."
    found = one(audit.findings(stamped(tmp_path, [-48] * 60)), "in time")
    assert "in time by 2 days ('when')" in found.reason


def test_rows_in_no_order_of_time_are_left_alone(tmp_path):
    assert "in time" not in kinds(audit.findings(stamped(tmp_path, [1] * 50 + [-7] + [1] * 50)))
    assert "in time" not in kinds(audit.findings(stamped(tmp_path, [1] * 30)))
    rows = [f"2024-01-01T{row // 60:02}:{row % 60:02},{row % 7}" for row in range(100)]
    timed = opened(tmp_path, ["when,y", *rows], target="y", time="when")
    assert "in time" not in kinds(audit.findings(timed))


def test_classes_that_look_like_several_others_together_are_said(tmp_path):
    rows = [f"{row},{('comedy', 'drama')[row % 2]}" for row in range(60)]
    rows += [f'{row},"drama, comedy"' for row in range(60, 64)]
    table = opened(tmp_path, ["a,genre", *rows], target="genre")
    found = one(audit.findings(table), "joined labels")
    assert "'genre' is read as classes, and drama, comedy as separate classes" in found.reason
    assert found.remedy == "To predict each label separately, say --types 'genre=labels'."
    told = opened(tmp_path, ["a,genre", *rows], target="genre", types={"genre": "category"})
    assert "joined labels" not in kinds(audit.findings(told))
    rows = [f'{row},"{("Paris, France", "Rome, Italy")[row % 2]}"' for row in range(60)]
    table = opened(tmp_path, ["a,place", *rows], target="place")
    assert "joined labels" not in kinds(audit.findings(table))
