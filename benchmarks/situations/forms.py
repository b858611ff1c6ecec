"""Cases of tables in the forms that programs write: what stands round their rows is no row."""

import csv
import io
import json
import random
from pathlib import Path
from typing import Any

import openpyxl
import pandas

from brique import data
from brique.data import audit
from brique.errors import BriqueError
from situations import asked, each, expect, expect_finding, expect_refusal, values, variant, write

NAMES = ["a", "b", "kind"]


def drawn(count: int = 120) -> list[list[str]]:
    """Return rows of two numbers and a class."""
    draw = random.Random(22)
    made = [(draw.uniform(-1, 1), draw.uniform(-1, 1)) for _ in range(count)]
    return [[f"{a:.3f}", f"{b:.3f}", "high" if a + b > 0 else "low"] for a, b in made]


ROWS = drawn()


def lines(sign: str = ",", end: str = "\n", names: list[str] = NAMES) -> str:
    """Return the table as plain CSV."""
    return "".join(sign.join(row) + end for row in [names, *ROWS])


def written(sign: str = ",", **more: Any) -> str:  # noqa: ANN401 - options of csv.writer
    """Return the table with a note in each row, as Python's csv writes it."""
    text = io.StringIO()
    table = csv.writer(text, delimiter=sign, lineterminator="\n", **more)
    table.writerows(
        [["a", "b", "note", "kind"], *([a, b, f'"{k}", he said', k] for a, b, k in ROWS)]
    )
    return text.getvalue()


def excel(at: Path, above: list[list[str]], sheets: int = 1) -> None:
    """Write a book of Excel by openpyxl, with lines above the table."""
    book = openpyxl.Workbook()
    for number in range(1, sheets):
        book.create_sheet(f"empty {number}", 0)
    sheet = book.worksheets[-1]
    for row in [*above, NAMES, *([float(a), float(b), k] for a, b, k in ROWS)]:
        sheet.append(row)
    book.save(at)


def held(opened: data.Data) -> list[list[str]]:
    """Return numbers and classes of all rows in their order."""
    kept = values(opened)
    order = sorted(kept, key=lambda row: int(row.split()[-1]))
    return [[f"{kept[r]['a']:.3f}", f"{kept[r]['b']:.3f}", kept[r]["kind"]] for r in order]


def form(at: Path, given: dict[str, Any]) -> None:
    """Check names, rows, and the same rows when asked."""
    path = at / given.get("file", "t.csv")
    content = given["text"]
    content(path) if callable(content) else write(path, content)
    opened = data.open(path, target="kind")
    inputs = ["a", "b", *given.get("more", [])]
    expect(list(opened.schema.inputs), inputs, "inputs")
    expect(held(opened), ROWS, "rows")
    got = [one for one in asked(opened.schema, path) if "a" in one]
    expect(
        [[f"{one['a']:.3f}", f"{one['b']:.3f}"] for one in got], [row[:2] for row in ROWS], "asked"
    )
    if "note" in given:
        notes = {one["note"] for one in values(opened).values()}
        expect(notes, {given["note"].format("high"), given["note"].format("low")}, "note")


def slashed(sign: str) -> str:
    """Return the table with quotation marks behind backslashes."""
    rows = [f'{a}{sign}{b}{sign}"he said \\"{k}\\"{sign} then left"{sign}{k}' for a, b, k in ROWS]
    return "\n".join([sign.join(["a", "b", "note", "kind"]), *rows]) + "\n"


def quoted(between: str) -> str:
    """Return the table, each cell in quotation marks, with blanks between."""
    return "".join(between.join(f'"{cell}"' for cell in row) + "\n" for row in [NAMES, *ROWS])


def frame() -> pandas.DataFrame:
    """Return the rows as a frame."""
    return pandas.DataFrame([[float(a), float(b), k] for a, b, k in ROWS], columns=NAMES)


RECORDS = [{"a": float(a), "b": float(b), "kind": k} for a, b, k in ROWS]
each("22", "the names and rows that were written, for training and when asked", form, {
    "plain": {"text": lines()},
    "sep=; in the first line": {"text": "sep=;\n" + lines(";")},
    "sep= and a tab": {"text": "sep=\t\n" + lines("\t")},
    "titles above": {"text": "Measurements of line 3\nExported 2024-05-01 by unit A\n\n" + lines()},
    "titles above, ;": {"text": "Line 3\n\n" + lines(";")},
    "sep= and titles": {"text": "sep=;\nMeasurements\n\n" + lines(";")},
    "pairs above": {"text": "Unit,A\nOperator,anna\n\n" + lines()},
    "units below the names": {"text": lines().replace("\n", "\n[mm],[kg],[-]\n", 1)},
    "a row of sums": {
        "text": lines() + f"{sum(float(r[0]) for r in ROWS):.3f},"
                          f"{sum(float(r[1]) for r in ROWS):.3f},Total\n"},
    "notes below": {"text": lines() + "\nSource: own measurements; not for sale\n(c) 2024\n"},
    "blanks behind commas": {"text": lines(", ")},
    "blanks on both sides of ;": {"text": lines(" ; ")},
    "blanks before quotation marks": {"text": quoted(", ")},
    "tabs before quotation marks": {"text": quoted(",\t")},
    "tabs behind commas": {"text": lines(",\t")},
    "\\\" in cells": {"text": slashed(","), "more": ["note"], "note": 'he said "{}", then left'},
    "\\\" in cells, ;": {"text": slashed(";"), "more": ["note"], "note": 'he said "{}"; then left'},
    "\"\" in cells": {"text": written(), "more": ["note"], "note": '"{}", he said'},
    "all in quotation marks": {"text": written(";", quoting=csv.QUOTE_ALL), "more": ["note"],
                               "note": '"{}", he said'},
    "BOM": {"text": b"\xef\xbb\xbf" + lines().encode()},
    "UTF-16 and tabs": {"text": lines("\t").encode("utf-16")},
    "CR line ends": {"text": lines(end="\r")},
    "pipes": {"text": lines("|")},
    ".tab": {"file": "t.tab", "text": lines("\t")},
    ".txt": {"file": "t.txt", "text": lines()},
    "a JSON list": {"file": "t.json", "text": json.dumps(RECORDS)},
    "JSON by columns": {"file": "t.json", "text": lambda path: frame().to_json(path)},
    "JSON in an object": {"file": "t.json", "text": json.dumps({"data": RECORDS})},
    "JSON Lines by pandas": {
        "file": "t.jsonl",
        "text": lambda path: frame().to_json(path, orient="records", lines=True)},
    "the index of pandas": {"text": lambda path: frame().to_csv(path)},
    "names of rows as R writes them": {
        "text": "a,b,kind\n"
                + "".join(f'"{n}",{",".join(row)}\n' for n, row in enumerate(ROWS, 1))},
    "Excel": {"file": "t.xlsx", "text": lambda path: excel(path, [])},
    "Excel with titles": {"file": "t.xlsx", "text": lambda path: excel(path, [["Line 3"], []])},
    "Excel, the second sheet": {"file": "t.xlsx", "text": lambda path: excel(path, [], 2)},
})  # fmt: skip


def refused(at: Path, given: tuple[str, str | bytes, str]) -> None:
    """Check what cannot be read."""
    name, content, says = given
    expect_refusal(write(at / name, content), says)


each("22", "refused by name, with what to do", refused, {
    "an empty file": ("t.csv", "", r"t\.csv: is empty; give a table"),
    "a header alone": ("t.csv", "a,b,kind\n", "no rows below a header"),
    "NUL bytes": ("t.csv", lines().encode().replace(b"0.1", b"0\x001", 2), "NUL bytes.*line"),
    "no book of Excel": ("t.xlsx", b"PK\x03\x04 nothing", "save it as .xlsx or CSV"),
})  # fmt: skip


@variant("22", "a name twice", "both columns are kept under two names")
def doubled(at: Path) -> None:
    """Check two columns of one name."""
    opened = data.open(write(at / "t.csv", lines(names=["a", "a", "kind"])), target="kind")
    expect(opened.schema.inputs, ("a", "a_2"))
    got = list(values(opened).values())
    expect(sorted(f"{one['a_2']:.3f}" for one in got), sorted(row[1] for row in ROWS))


@variant("22", "a last row 'Total' that is no sum", "a warning")
def total(at: Path) -> None:
    """Check that a row of a word for sums is not silent."""
    opened = data.open(write(at / "t.csv", lines() + "1.5,2.5,Total\n"), target="kind")
    expect_finding(opened, "row of sums", "warning")


# 23: a delimiter at the end of rows


def ended(sign: str, head: int, body: int) -> str:
    """Return the table, a number behind its class, with delimiters at the ends of lines."""
    rows = [[*row, f"{n % 9 + 0.5:.2f}"] for n, row in enumerate(ROWS)]
    first = sign.join([*NAMES, "weight"]) + sign * head
    return "\n".join([first, *(sign.join(row) + sign * body for row in rows)]) + "\n"


def trailing(at: Path, given: tuple[str, dict[str, Any]]) -> None:
    """Check that names and columns belong together."""
    text, options = given
    path = write(at / "t.csv", text)
    opened = data.open(path, target="kind", **options)
    expect(opened.schema.inputs, ("a", "b", "weight"))
    expect(held(opened), ROWS, "rows")
    kept = values(opened)
    weights = [kept[row]["weight"] for row in sorted(kept, key=lambda one: int(one.split()[-1]))]
    expect(weights, [n % 9 + 0.5 for n in range(len(ROWS))], "weight")
    got = [[f"{one['a']:.3f}", f"{one['b']:.3f}"] for one in asked(opened.schema, path)]
    expect(got, [row[:2] for row in ROWS], "asked")


each("23", "names over their own columns; the empty last one is dropped", trailing, {
    "rows alone, comma": (ended(",", 0, 1), {}), "rows alone, ;": (ended(";", 0, 1), {}),
    "rows alone, tab": (ended("\t", 0, 1), {}), "header and rows": (ended(",", 1, 1), {}),
    "two at rows, one at the header": (ended(",", 1, 2), {}),
    "two at rows": (ended(";", 0, 2), {}), "the header alone": (ended(",", 1, 0), {}),
    "pipes at both ends of rows": (
        "".join(f"|{line}|\n" for line in ended("|", 0, 0).splitlines()), {}),
    "a blank behind it": (ended(",", 0, 1).replace(",\n", ", \n"), {}),
})  # fmt: skip


@variant("23", "rows of R: the first cell has no name", "it is the row's name, and no input")
def row_names(at: Path) -> None:
    """Check the other way in which a header may be one name short."""
    rows = [f"{n},{','.join(row)}" for n, row in enumerate(ROWS, 1)]
    opened = data.open(write(at / "t.csv", "\n".join(["a,b,kind", *rows]) + "\n"), target="kind")
    expect(opened.schema.inputs, ("a", "b"))
    expect(held(opened), ROWS, "rows")


@variant("23", "one name, two cells in each row", "no guess in silence: 1,5 may be 1.5")
def one_name_short(at: Path) -> None:
    """Check a column of decimal commas that no delimiter surrounds."""
    rows = [f"{n % 7},{n % 10}" for n in range(60)]
    path = write(at / "t.csv", "\n".join(["x", *rows]) + "\n")
    try:
        opened = data.open(path)
    except BriqueError as error:
        expect("x" in str(error), True, str(error))
        return
    loud = [one for one in audit.findings(opened) if one.severity in ("warning", "error")]
    got = sorted(one["x"] for one in values(opened).values())
    is_decimal = [round(x, 1) for x in got] == sorted(float(f"{n % 7}.{n % 10}") for n in range(60))
    expect(is_decimal or bool(loud), True, f"x is {got[:3]} ... and nothing is said")
