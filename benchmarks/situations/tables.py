"""Cases of tables: values with two names, decimal signs, equal rows, leaks, words for missing."""

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import brique
from brique import data
from brique.data import audit
from brique.model import load
from situations import (
    WrongError,
    asked,
    column,
    csv_text,
    each,
    expect,
    expect_finding,
    expect_note,
    expect_refusal,
    found,
    values,
    variant,
    write,
)

# 08: one value has one name


def parquet(at: Path, columns: dict[str, list[Any]]) -> Path:
    """Write a table with pyarrow."""
    import pyarrow
    import pyarrow.parquet

    pyarrow.parquet.write_table(pyarrow.table(columns), at)
    return at


def tables_of(at: Path, name: str, columns: dict[str, list[Any]], end: str) -> Path:
    """Write a table as CSV, JSON Lines or Parquet."""
    if end == ".parquet":
        return parquet(at / f"{name}{end}", columns)
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    if end == ".jsonl":
        return write(at / f"{name}{end}", "".join(json.dumps(row) + "\n" for row in rows))
    return write(at / f"{name}{end}", csv_text(columns, (row.values() for row in rows)))


def one_name(at: Path, given: dict[str, Any]) -> None:
    """Check that codes written in two ways are one class, in training and when asked."""
    learn, ask, right = given["learn"], given["ask"], given["right"]
    count = 120
    codes = [learn[n % len(learn)] for n in range(count)]
    known = {"size": [n % 31 / 4 for n in range(count)], "code": codes}
    source = tables_of(at, "learn", known | {"label": ["ab"[n % 2] for n in range(count)]},
                       given.get("ends", (".csv", ".csv"))[0])  # fmt: skip
    opened = data.open(source, target="label", types={"code": "category"})
    expect(sorted(opened.schema["code"].names), sorted(given["names"]))
    file = tables_of(at, "ask", {"size": [1.0] * len(ask), "code": ask},
                     given.get("ends", (".csv", ".csv"))[1])  # fmt: skip
    expect([row.get("code", row.get("")) for row in asked(opened.schema, file)], right, "asked")


NUMBERS = {"names": ("1", "2", "3"), "right": ["1", "2", "3", "other"]}
each("08", "one class by one name, also when asked; an unknown one is 'other'", one_name, {
    "1 learned, 1.0 asked": {"learn": ["1", "2", "3"], "ask": ["1.0", "2.0", "3.0", "4.0"],
                             **NUMBERS},
    "1.0 learned, 1 asked": {"learn": ["1.0", "2.0", "3.0"], "ask": ["1", "2", "3", "4"],
                             **NUMBERS},
    "1 and 1.0 in one column": {"learn": ["1", "2.0", "3", "1.0", "2", "3.0"],
                                "ask": ["1.00", "2", "3.", "9"], **NUMBERS},
    "whole in Parquet, floats asked in JSON": {
        "learn": [1, 2, 3], "ask": [1.0, 2.0, 3.0, 4.5], "ends": (".parquet", ".jsonl"), **NUMBERS},
    "floats in Parquet, texts asked in JSON": {
        "learn": [1.0, 2.0, 3.0], "ask": ["1", "2.0", "3", "x"], "ends": (".parquet", ".jsonl"),
        **NUMBERS},
    "True in Parquet, true asked": {
        "learn": [True, False], "ask": ["true", "FALSE", "True"], "ends": (".parquet", ".csv"),
        "names": ("false", "true"), "right": ["true", "false", "true"]},
    "codes with zeros in front": {
        "learn": ["007", "01234", "12"], "ask": ["007", "7", "12", "1234"],
        "names": ("007", "01234", "12"), "right": ["007", "other", "12", "other"]},
    "versions": {"learn": ["1.1", "1.10", "2.0"], "ask": ["1.1", "1.10", "2.0"],
                 "names": ("1.1", "1.10", "2.0"), "right": ["1.1", "1.10", "2.0"]},
})  # fmt: skip


@variant("08", "targets 1 learned, 1.0 in test", "one class in both parts")
def targets(at: Path) -> None:
    """Check train.csv with 1 beside test.csv with 1.0 as the class."""
    for name, count, form in (("train", 150, "{}"), ("test", 60, "{}.0")):
        rows = [(f"{n * 0.37:.2f}", form.format(n % 3 + 1)) for n in range(count)]
        write(at / f"{name}.csv", csv_text(["x", "grade"], rows))
    opened = data.open(at, target="grade")
    expect(opened.schema["grade"].names, ("1", "2", "3"))
    expect(len(opened.test), 60, "test")
    goal = opened.schema["grade"]
    held = {opened.test.name(int(id)): goal.restore(one["grade"])
            for id, one in zip(opened.test.ids, opened.test, strict=True)}  # fmt: skip
    expect(held, {f"test.csv row {n + 2}": str(n % 3 + 1) for n in range(60)})


@variant("08", "trained, asked by predict", "1.0, '1' and 1 answer alike; an unknown code is said")
def codes_asked(at: Path) -> None:
    """Check answers of a model to codes in several forms."""
    rows = [(n % 4 + 1, f"{n % 37 / 10:.1f}", "abcd"[n % 4]) for n in range(240)]
    source = write(at / "t.csv", csv_text(["code", "noise", "kind"], rows))
    run = brique.train(source, quick=True, out=at / "run", types={"code": "category"})
    forms = [{"code": one, "noise": 1} for one in (2.0, "2.0", 2, " 2", "2")]
    said = load(run).predict([*forms, {"code": 9, "noise": 1}])
    expect([one.answer for one in said[:5]], ["b"] * 5, "answers")
    expect([one.probabilities for one in said[:5]], [said[0].probabilities] * 5, "probabilities")
    expect("'9' in 'code' never occurred in training" in str(said[5].note), True, said[5].note)


# 07: the sign before the decimals


def signs(at: Path, given: dict[str, Any]) -> None:
    """Check the numbers of a column, what is said of its sign, and those asked."""
    cells, sign = given["cells"], given.get("between", ";")
    many = [cells[n % len(cells)] for n in range(60)]
    rows = [(cell, "ab"[n % 2]) for n, cell in enumerate(many)]
    source = write(at / "t.csv", csv_text(["x", "label"], rows, sign))
    if "refused" in given:
        expect_refusal(source, given["refused"], **given.get("options", {}))
        return
    opened = data.open(source, target="label", **given.get("options", {}))
    right = given["right"]
    expect([round(x, 4) for x in column(opened, "x")], [right[n % len(right)] for n in range(60)])
    one = found(opened, "decimal sign")
    expect(one is not None and one.severity == "error", "both" in given, "an error")
    if one is not None and "both" in given:
        for words in (*given["both"], "--decimal"):
            expect(words in one.reason + one.remedy, True, f"'{words}' in '{one.reason}'")
    if "ask" in given:
        cells = ([one, "a"] for one in given["ask"])
        file = write(at / "ask.csv", csv_text(["x", "label"], cells, sign))
        got = [row.get("x", "refused") for row in asked(opened.schema, file)]
        expect([one if isinstance(one, str) else round(one, 4) for one in got], given["asked"])


each("07", "numbers as their column shows; if nothing decides, an error with both", signs,
{
    "; and three decimals behind commas": {
        "cells": ["1,234", "0,500", "12,001"], "right": [1.234, 0.5, 12.001],
        "ask": ["1,5", "1,500", "1.5", "1.500"], "asked": [1.5, 1.5, 1.5, 1.5]},
    "; and one decimal behind commas": {"cells": ["1,5", "22,5"], "right": [1.5, 22.5]},
    "; and points of thousands": {
        "cells": ["1.234,5", "12.345,25", "7,5"], "right": [1234.5, 12345.25, 7.5],
        "ask": ["1.234,5", "7,5"], "asked": [1234.5, 7.5]},
    "; and decimals behind points": {
        "cells": ["1.25", "10.5", "3.125"], "right": [1.25, 10.5, 3.125],
        "ask": ["1,5", "1.5"], "asked": [1.5, 1.5]},
    "; and three digits behind points alone": {
        "cells": ["1.234", "12.345", "10.500"], "right": [1.234, 12.345, 10.5],
        "both": ["1.234", "1234"]},
    "the same with --decimal comma": {
        "cells": ["1.234", "12.345", "10.500"], "right": [1234, 12345, 10500],
        "options": {"decimal": "comma"}},
    "the same with --decimal point": {
        "cells": ["1.234", "12.345", "10.500"], "right": [1.234, 12.345, 10.5],
        "options": {"decimal": "point"}},
    "tabs and decimal commas": {
        "between": "\t", "cells": ["1,5", "0,25", "12,125"], "right": [1.5, 0.25, 12.125]},
    "tabs and three digits behind commas alone": {
        "between": "\t", "cells": ["1,234", "12,345", "10,500"], "right": [1234, 12345, 10500],
        "both": ["1.234", "1234"]},
    "commas of thousands": {
        "between": "\t", "cells": ["1,234.5", "2,345,678", "7.5"],
        "right": [1234.5, 2345678, 7.5]},
    "blanks of thousands": {
        "cells": ["1 234,5", "12 345,25", "7,5"], "right": [1234.5, 12345.25, 7.5]},
    "minus and exponents": {
        "cells": ["-1,5", "2,5E3", "-0,25"], "right": [-1.5, 2500.0, -0.25]},
})  # fmt: skip


@variant("07", "trained, asked with other decimals", "1,5, 1,500 and 1.5 answer alike")
def decimals_asked(at: Path) -> None:
    """Check the answers of a model to three spellings of a number."""
    draw = random.Random(7)
    rows: list[list[str]] = []
    for _ in range(200):
        x, y = draw.uniform(0, 9), draw.uniform(0, 9)
        rows.append([f"{one:.3f}".replace(".", ",") for one in (x, y, 2 * x + y)])
    source = write(at / "t.csv", csv_text(["a", "b", "dose"], rows, ";"))
    run = brique.train(source, target="dose", quick=True, out=at / "run")
    forms = [{"a": one, "b": "2,5"} for one in ("1,5", "1,500", "1.5", 1.5)]
    said = [one.answer["dose"] for one in load(run).predict(forms)]
    expect(said, [said[0]] * 4)
    expect(0 < said[0] < 12, True, f"{said[0]} near 5.5")


# 44: rows that are equal by chance are drawn one by one


def people(n: int, draw: random.Random) -> list[list[str]]:
    """Return rows of two inputs with six kinds, as of a list of passengers."""
    rows: list[list[str]] = []
    for _ in range(n):
        sex, rank = draw.choice("fm"), draw.choice("123")
        likely = {"f": 0.7, "m": 0.2}[sex] + {"1": 0.2, "2": 0, "3": -0.1}[rank]
        rows.append([sex, rank, "yes" if draw.random() < likely else "no"])
    return rows


def bits(n: int, draw: random.Random) -> list[list[str]]:
    """Return rows of four bits, and whether their sum is odd."""
    made = [[draw.randrange(2) for _ in range(4)] for _ in range(n)]
    return [[*map(str, one), ["even", "odd"][sum(one) % 2]] for one in made]


def answers(n: int, draw: random.Random) -> list[list[str]]:
    """Return rows of a survey: three questions of five marks each."""
    made = [[draw.randrange(1, 6) for _ in range(3)] for _ in range(n)]
    return [[*map(str, one), "yes" if sum(one) + draw.gauss(0, 2) > 9 else "no"] for one in made]


def short_texts(n: int, draw: random.Random) -> list[list[str]]:
    """Return short texts, three for each class."""
    words = {"up": ["thank you", "very good", "great"], "down": ["late", "never again", "bad"]}
    kinds = [["up", "down"][i % 2] for i in range(n)]
    return [[draw.choice(words[kind]), kind] for kind in kinds]


def few_values(
    at: Path, given: tuple[Callable[[int, random.Random], list[list[str]]], int]
) -> None:
    """Check the sizes of the parts, the note, and that nothing is called a leak."""
    made, count = given
    rows = made(count, random.Random(44))
    names = [*"abcdef"[: len(rows[0]) - 1], "label"]
    opened = data.open(write(at / "t.csv", csv_text(names, rows)), target="label")
    expect(abs(len(opened.test) - 0.2 * count) <= 0.05 * count, True, f"{opened!r}")
    expect(abs(len(opened.valid) - 0.08 * count) <= 0.04 * count, True, f"{opened!r}")
    expect_note(opened, "equal by chance")
    expect([one.kind for one in audit.findings(opened) if one.severity == "error"], [], "errors")


each("44", "test is 20%, valid 8%, a note counts the equal ones, no leak is reported", few_values, {
    "800 rows of six kinds": (people, 800), "400 rows of sixteen kinds": (bits, 400),
    "120 rows of six short texts": (short_texts, 120),
    "200 rows of six kinds": (people, 200), "600 answers of a survey": (answers, 600),
    "5,000 rows of six kinds": (people, 5000),
})  # fmt: skip


@variant("44", "eleven measured numbers, 15% repeated rows", "equal rows stay on one side")
def repeated(at: Path) -> None:
    """Check that copies of measured rows are in one part."""
    draw = random.Random(11)
    rows = [[f"{draw.gauss(0, 1):.3f}" for _ in range(11)] for _ in range(340)]
    rows = [[*row, "ab"[draw.randrange(2)]] for row in rows]
    rows += [rows[draw.randrange(340)] for _ in range(60)]
    draw.shuffle(rows)
    names = [*(f"x{n}" for n in range(11)), "label"]
    opened = data.open(write(at / "t.csv", csv_text(names, rows)))
    sides: dict[str, set[str]] = {}
    for part in ("train", "valid", "test"):
        split = getattr(opened, part)
        for id in split.ids.tolist():
            sides.setdefault(",".join(rows[int(split.name(id).split()[-1]) - 2]), set()).add(part)
    expect([row for row, held in sides.items() if len(held) > 1], [])


# 32: leaks are judged against the base rate


def leak(
    at: Path, given: tuple[Callable[[int, random.Random], tuple[str, str]], str | None]
) -> None:
    """Check what is said of a column beside a rare class, or a number that is mostly one value."""
    made, severity = given
    draw = random.Random(32)
    rows = [(*made(n, draw), f"{draw.gauss(0, 1):.3f}") for n in range(3000)]
    rows = [(x, noise, y) for x, y, noise in rows]
    opened = data.open(write(at / "t.csv", csv_text(["x", "noise", "y"], rows)), target="y")
    of = [one for one in audit.findings(opened) if one.kind == "target leak"]
    expect(next((one.severity for one in of if one.items[0][0] == "x"), None), severity, "'x'")
    expect([one.reason for one in of if one.items[0][0] == "noise"], [], "'noise'")


def gauss(draw: random.Random, mean: float = 0) -> str:
    """Return a number about a mean."""
    return f"{draw.gauss(mean, 1):.3f}"


each("32", "no leak of noise; a column that tells the target is one", leak, {
    "0.1% of a class, noise": (lambda n, d: (gauss(d), str(int(n % 1000 == 7))), None),
    "0.1% of a class, a column moved by 3": (
        lambda n, d: (gauss(d, 3 * (n % 1000 == 7)), str(int(n % 1000 == 7))), None),
    "1% of a class, noise": (lambda n, d: (gauss(d), ["no", "yes"][n % 100 == 7]), None),
    "1% of a class, its copy": (
        lambda n, d: (["good", "bad"][n % 100 == 7], ["no", "yes"][n % 100 == 7]), "error"),
    "three classes, two of them rare": (
        lambda n, d: (gauss(d), "b" if n % 100 == 7 else "c" if n % 200 == 9 else "a"), None),
    "97% zeros as a number, noise": (
        lambda n, d: (gauss(d), f"{d.gauss(50, 9):.2f}" if n % 33 == 7 else "0"), None),
    "97% zeros as a number, its copy": (
        lambda n, d: (lambda v: (v, v))(f"{d.gauss(50, 9):.2f}" if n % 33 == 7 else "0"), "error"),
    "half and half, a copy with 1% of slips": (
        lambda n, d: (gauss(d, 40 * (n % 2 == (n % 100 != 50))), ["no", "yes"][n % 2]), "warning"),
})  # fmt: skip


@variant("32", "a class of one row", "opened; the class is named as rare")
def single(at: Path) -> None:
    """Check a class that one row has."""
    draw = random.Random(1)
    rows = [(gauss(draw), "odd" if n == 77 else "ab"[n % 2]) for n in range(400)]
    opened = data.open(write(at / "t.csv", csv_text(["x", "kind"], rows)))
    expect(opened.schema["kind"].names, ("a", "b", "odd"))
    expect_finding(opened, "few examples", "warning", "odd")


# 06: a class name is never taken for missing in silence


def absent(at: Path, given: dict[str, Any]) -> None:
    """Check classes, rows and what is said where a class is called as what is missing."""
    words = given["words"]
    rows = [(f"{n % 23 / 7:.3f}", f"{n % 31 / 9:.3f}", words[n % len(words)]) for n in range(300)]
    names = ["x", "fault", "z"] if given.get("as_input") else ["x", "z", "fault"]
    rows = [(x, word, "ab"[n % 2]) if given.get("as_input") else (x, z, word)
            for n, (x, z, word) in enumerate(rows)]  # fmt: skip
    source = write(at / "t.csv", csv_text(names, rows))
    target = "z" if given.get("as_input") else "fault"
    opened = data.open(source, target=target, **given.get("options", {}))
    expect(sorted(opened.schema["fault"].names), sorted(given["names"]))
    expect(sum(map(len, (opened.train, opened.valid, opened.test))), given.get("rows", 300), "rows")
    if "right" in given:
        expect(column(opened, "fault")[: len(words)], given["right"])
    one = found(opened, "missing or class")
    expect(one and one.severity, given.get("says"), "severity")


WORDS = {"types": {"fault": "category"}}
each("06", "a class where it is frequent, and said; what the person says overrules", absent, {
    "None, a target": {"words": ["None", "crack", "dent"], "names": ["None", "crack", "dent"],
                       "right": ["None", "crack", "dent"], "says": "warning"},
    "None, a target, --types": {"words": ["None", "crack", "dent"], "options": WORDS,
                                "names": ["None", "crack", "dent"]},
    "NA and none, an input": {
        "words": ["attached", "NA", "none"], "as_input": True, "names": ["NA", "attached", "none"],
        "right": ["attached", "NA", "none"], "says": "note"},
    "null": {"words": ["null", "one", "two"], "names": ["null", "one", "two"], "says": "error"},
    "n/a": {"words": ["n/a", "low", "high"], "names": ["n/a", "low", "high"], "says": "error"},
    "a country NA among twenty, --types": {
        "words": ["NA", *(f"K{n}" for n in range(19))], "options": WORDS,
        "names": ["NA", *(f"K{n}" for n in range(19))]},
    "empty cells beside None": {
        "words": ["None", "crack", "", "dent", "crack"], "names": ["None", "crack", "dent"],
        "rows": 240, "says": "warning"},
    "empty cells, an input": {
        "words": ["a", "b", "", "c"], "as_input": True, "names": ["a", "b", "c", "missing"],
        "right": ["a", "b", "missing", "c"]},
})  # fmt: skip


@variant("06", "trained, asked by predict", "the answer is the class None")
def none_answered(at: Path) -> None:
    """Check that the class None is answered by its name."""
    draw = random.Random(6)
    rows = [(f"{n % 3 + draw.gauss(0, 0.1):.3f}", ["None", "crack", "dent"][n % 3])
            for n in range(300)]  # fmt: skip
    source = write(at / "t.csv", csv_text(["x", "fault"], rows))
    run = brique.train(source, quick=True, out=at / "run", types={"fault": "category"})
    said = load(run).predict([{"x": 0}, {"x": 1}, {"x": 2}])
    expect([one.answer for one in said], ["None", "crack", "dent"])


@variant("06", "two of 400 cells NA, a target", "left out, counted, with the way out")
def rare_mark(at: Path) -> None:
    """Check that a rare mark is not silent."""
    rows = [(n % 17, n % 13, "NA" if n in (50, 250) else "ab"[n % 2]) for n in range(400)]
    opened = data.open(write(at / "t.csv", csv_text(["x", "z", "kind"], rows)))
    expect(opened.schema["kind"].names, ("a", "b"))
    said = [
        one for one in audit.findings(opened) if one.severity != "note" and "kind" in one.reason
    ]
    if not said:
        raise WrongError("nothing is said of the two cells")
    expect(values(opened).keys() & {"row 52", "row 252"}, set())
