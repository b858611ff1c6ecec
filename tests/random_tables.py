"""Random tables, written by csv, pandas, pyarrow and openpyxl, with what they must open to."""

import csv
import datetime as dt
import io
import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas

from brique import data
from brique.data import audit
from brique.schema import Category, Number, Text, Timestamp

MARKS = ("", "NA", "NaN", "NULL", "N/A", "?")  # of cells without a value
WORDS = ("oak", "Elm", "pine tree", "café", "Zürich", "O'Neil", "a;b", "c,d", 'say "x"', "50 | 50")


@dataclass(frozen=True)
class Column:
    """A column as it is meant.

    kind: of the field that it must become. values: as Python has them; None is a gap.
    about: what stands before and behind each number, such as "$" and "".
    """

    kind: type
    values: list[Any]
    about: tuple[str, str] | None = None

    def written(self, decimal: str = ".") -> list[Any]:
        """Return the values as they are written: texts where something stands about them."""
        if self.about is None:
            return self.values
        before, after = self.about
        texts = [None if one is None else f"{one:.2f}".replace(".", decimal) for one in self.values]
        return [None if one is None else f"{before}{one}{after}" for one in texts]


@dataclass
class Table:
    """A table as it is meant; the last column is the target, without gaps."""

    columns: dict[str, Column] = field(default_factory=dict[str, Column])

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())).values)


def gapped(draw: random.Random, values: list[Any]) -> list[Any]:
    """Return values of which some, or none, are missing."""
    share = draw.choice([0, 0, 0.1, 0.3])
    kept = [None if draw.random() < share else one for one in values]
    return kept if sum(one is not None for one in kept) > len(kept) // 2 else values


def whole(draw: random.Random, n: int) -> Column:
    """Whole numbers, some of thousands."""
    top = draw.choice([50, 5_000, 3_000_000])
    return Column(Number, gapped(draw, [draw.randrange(-top, top) for _ in range(n)]))


def decimal(draw: random.Random, n: int) -> Column:
    """Numbers with decimals, at times with three throughout."""
    digits, size = draw.choice([1, 2, 3, 3, 6]), draw.choice([1, 50, 40_000])
    values = [round(draw.uniform(-size, size), digits) for _ in range(n)]
    values[0] = 0.5  # which tells a decimal sign from one of thousands
    return Column(Number, gapped(draw, values[:1] + values[1:]))


def scientific(draw: random.Random, n: int) -> Column:
    """Numbers of far sizes, as instruments write them."""
    values = [float(f"{draw.gauss(0, 1) * 10 ** draw.randrange(-9, 9):.4e}") for _ in range(n)]
    return Column(Number, values)


def measured(draw: random.Random, n: int) -> Column:
    """Numbers with a unit."""
    about = draw.choice([("$", ""), ("", "%"), ("", " kg"), ("€ ", ""), ("", " m2")])
    values = [round(draw.uniform(0, 900), 2) for _ in range(n)]
    return Column(Number, gapped(draw, values), about)


def truth(draw: random.Random, n: int) -> Column:
    """True and False."""
    return Column(Category, gapped(draw, [draw.random() < 0.4 for _ in range(n)]))


def classes(draw: random.Random, n: int) -> Column:
    """A few words, with delimiters and quotes in them."""
    some = draw.sample(WORDS, draw.randrange(2, 6))
    return Column(Category, gapped(draw, [draw.choice(some) for _ in range(n)]))


def code(draw: random.Random, n: int) -> Column:
    """Codes of digits that begin with 0."""
    some = [f"{draw.randrange(3_000):05d}" for _ in range(5)]
    return Column(Category, gapped(draw, ["00071", *(draw.choice(some) for _ in range(n - 1))]))


def flag(draw: random.Random, n: int) -> Column:
    """Two words for yes and no."""
    pair = draw.choice([("yes", "no"), ("Y", "N"), ("on", "off"), ("male", "female")])
    return Column(Category, gapped(draw, [draw.choice(pair) for _ in range(n)]))


def day(draw: random.Random, n: int) -> Column:
    """Days, or moments to the second."""
    first = dt.datetime(2001, 2, 3)
    unit = draw.choice([dt.timedelta(days=1), dt.timedelta(seconds=97)])
    values = [first + unit * draw.randrange(9_000) for _ in range(n)]
    return Column(Timestamp, gapped(draw, values))


def note(draw: random.Random, n: int) -> Column:
    """Texts with delimiters, quotes and line breaks."""
    parts = ["it broke", "no, not yet", 'he said "so"', "two\nlines", "tab\there", "100%", "a; b"]
    parts += ["the motor ran hot", "nothing to see", "called the owner", "see page"]
    texts = [
        " ".join([*draw.sample(parts, draw.randrange(3, 7)), str(number)]) for number in range(n)
    ]
    return Column(Text, texts)


def identity(draw: random.Random, n: int) -> Column:
    """Whole numbers beyond 2^53, which a float would change."""
    return Column(Text, [str(9_007_199_254_740_993 + draw.randrange(10**16) * 2) for _ in range(n)])


KINDS: tuple[Callable[[random.Random, int], Column], ...] = (
    whole, decimal, scientific, measured, classes, truth, code, flag, day, note, identity,
)  # fmt: skip


def drawn(draw: random.Random) -> Table:
    """Return a random table with a target."""
    n, table = draw.randrange(60, 160), Table()
    names = ["a", "Größe (cm)", "x.y", "order", "Unnamed", "size", "2", "class of", "k"]
    draw.shuffle(names)
    for name, make in zip(names, draw.choices(KINDS, k=draw.randrange(2, 7)), strict=False):
        table.columns[name] = make(draw, n)
    goal = draw.choice(["words", "zero or one", "None", "number"])
    match goal:
        case "words":
            target = Column(Category, [draw.choice(["up", "down", "still"]) for _ in range(n)])
        case "zero or one":
            target = Column(Category, [draw.choice([0, 1]) for _ in range(n)])
        case "None":
            target = Column(Category, [draw.choice(["None", "crack", "dent"]) for _ in range(n)])
        case _:
            target = Column(Number, [round(draw.gauss(0, 30), 2) for _ in range(n)])
            target.values[0] = 0.25
    table.columns["goal"] = target
    return table


# Dialects: each writes a table as other programs do


def frame(table: Table, *, floats: bool = False, european: bool = False) -> pandas.DataFrame:
    """Return the table as pandas holds it: whole numbers with gaps are floats there."""
    decimal = "," if european else "."
    columns = {name: one.written(decimal) for name, one in table.columns.items()}
    found = pandas.DataFrame(columns)
    if floats and set(table.columns["goal"].values) == {0, 1}:
        found["goal"] = found["goal"].astype(float)  # 0.0 and 1.0
    return found


def cells(table: Table, mark: str, decimal: str = ".") -> list[list[str]]:
    """Return the rows as texts, the head first; `mark` stands in gaps."""

    def written(one: Any) -> str:
        if isinstance(one, float):
            return repr(one).replace(".", decimal)
        return mark if one is None else str(one)

    columns = [map(written, column.written(decimal)) for column in table.columns.values()]
    return [list(table.columns), *map(list, zip(*columns, strict=True))]


def by_csv(**form: Any) -> Callable[[random.Random, Table, Path], Path]:
    """Return what writes a table by Python's csv."""
    encoding, decimal = form.pop("encoding", "utf-8"), form.pop("decimal", ".")
    ending = form.pop("ending", ".csv")

    def write(draw: random.Random, table: Table, folder: Path) -> Path:
        held = io.StringIO()
        writer = csv.writer(held, **form)
        writer.writerows(cells(table, draw.choice(MARKS), decimal))
        path = folder / f"table{ending}"
        path.write_bytes(held.getvalue().encode(encoding))
        return path

    return write


def by_pandas(**form: Any) -> Callable[[random.Random, Table, Path], Path]:
    """Return what writes a table by pandas' to_csv."""

    def write(draw: random.Random, table: Table, folder: Path) -> Path:
        path = folder / "table.csv"
        mark = draw.choice(MARKS)
        held = frame(table, floats=draw.random() < 0.5, european=form.get("decimal") == ",")
        held.to_csv(path, index=False, na_rep=mark, **form)
        return path

    return write


def json_lines(draw: random.Random, table: Table, folder: Path) -> Path:
    """JSON Lines, gaps as null or left out."""
    drops = draw.random() < 0.5
    rows = [dict(zip(table.columns, row, strict=True)) for row in zip(*_plain(table), strict=True)]
    kept = [{k: v for k, v in row.items() if v is not None or not drops} for row in rows]
    path = folder / "table.jsonl"
    path.write_text("".join(json.dumps(row, ensure_ascii=drops) + "\n" for row in kept))
    return path


def json_list(draw: random.Random, table: Table, folder: Path) -> Path:
    """A JSON list of objects."""
    rows = [dict(zip(table.columns, row, strict=True)) for row in zip(*_plain(table), strict=True)]
    path = folder / "table.json"
    path.write_text(json.dumps(rows, indent=draw.choice([None, 2])))
    return path


def _plain(table: Table) -> list[list[Any]]:
    return [
        [str(one) if isinstance(one, dt.datetime) else one for one in column.written()]
        for column in table.columns.values()
    ]


def parquet(draw: random.Random, table: Table, folder: Path) -> Path:
    """Parquet by pyarrow or pandas."""
    import pyarrow
    import pyarrow.parquet

    path = folder / "table.parquet"
    if draw.random() < 0.5:
        frame(table, floats=True).to_parquet(path)
    else:
        held = {name: column.written() for name, column in table.columns.items()}
        pyarrow.parquet.write_table(pyarrow.table(held), path)
    return path


def excel(draw: random.Random, table: Table, folder: Path) -> Path:
    """A workbook by openpyxl, with a first sheet of notes at times."""
    import openpyxl

    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(list(table.columns))
    for row in zip(*(column.written() for column in table.columns.values()), strict=True):
        sheet.append(list(row))
    if draw.random() < 0.5:
        book.create_sheet("empty", 0)
    path = folder / "table.xlsx"
    book.save(path)
    return path


DIALECTS: dict[str, Callable[[random.Random, Table, Path], Path]] = {
    "csv comma": by_csv(),
    "csv semicolon, decimal comma": by_csv(delimiter=";", decimal=","),
    "csv pipe, all quoted": by_csv(delimiter="|", quoting=csv.QUOTE_ALL),
    "csv backslash": by_csv(doublequote=False, escapechar="\\"),
    "tabs, UTF-16": by_csv(dialect="excel-tab", encoding="utf-16", ending=".tsv"),
    "csv Windows-1252, CRLF": by_csv(lineterminator="\r\n", encoding="cp1252"),
    "csv BOM, LF": by_csv(lineterminator="\n", encoding="utf-8-sig"),
    "pandas": by_pandas(),
    "pandas European": by_pandas(sep=";", decimal=","),
    "JSON lines": json_lines,
    "JSON list": json_list,
    "Parquet": parquet,
    "Excel": excel,
}


def differences(draw: random.Random, dialect: str, folder: Path) -> tuple[list[str], int]:
    """Write a random table in a dialect, open it, and compare it with what is meant.

    Returns in what they differ, and how many columns are read otherwise with an error-level finding
    that says so: their cells can be read in two ways.
    """
    table = drawn(draw)
    path = DIALECTS[dialect](draw, table, folder)
    opened = data.open(path, target="goal")
    errors = [one for one in audit.findings(opened) if one.severity == "error"]
    assert opened.store is not None
    if len(opened.store) != len(table):  # a class called None may be taken for a gap, and said
        is_all = len(opened.store) == len(table) - table.columns["goal"].values.count("None")
        is_said = any("None" in one.reason for one in errors)
        said = [] if is_all and is_said else [f"{len(table)} rows, opened {len(opened.store)}"]
        return said, 1 - len(said)
    said, found = list[str](), 0
    for name, column in table.columns.items():
        odd = _odd(opened, name, column)
        if odd and any(f"'{name}'" in one.reason for one in errors):
            found += 1
        elif odd:
            said.append(f"{name}: {odd}")
    return said, found


def _odd(opened: data.Data, name: str, column: Column) -> str:
    """Say how a column differs from what is meant, or ""."""
    if name not in opened.schema:
        return "not opened"
    kind = type(opened.schema[name])
    if kind is not column.kind and not (column.kind is Text and kind is Category):
        return f"{column.kind.__name__}, opened as {kind.__name__}"
    held = [_held(opened, name, row) for row in range(len(column.values))]
    if column.kind is Category:  # among words a mark may be a class of its own
        held = ["gap" if one in MARKS else one for one in held]
    meant = [_meant(one, column.kind) for one in column.values]
    odd = [pair for pair in zip(meant, held, strict=True) if pair[0] != pair[1]]
    return f"{len(odd)} differ, such as {odd[0][0]!r}, opened as {odd[0][1]!r}" if odd else ""


def _held(opened: data.Data, name: str, row: int) -> Any:
    """Return a value as the data set has it."""
    assert opened.source is not None
    assert opened.store is not None
    if isinstance(opened.schema[name], Number):
        value = float(opened.store.fields[name][row])
        return "gap" if np.isnan(value) else value
    said = opened.source.fields[name].text(row)
    return " ".join(said.replace("T", " ").split()) or "gap"


def _meant(value: Any, kind: type) -> Any:
    """Return a value as the data set must have it."""
    if value is None:
        return "gap"
    if isinstance(value, bool):
        return str(value).casefold()
    return (
        float(np.float32(value))
        if kind is Number
        else " ".join(str(value).replace("T", " ").split())
    )
