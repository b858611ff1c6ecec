"""What cells mean is the same in training and when a model is asked: names, signs, units, gaps."""

import csv
import json
import random
import re

import pytest

from brique.cli import main
from brique.run import read_run


def wrote(path, columns, delimiter=","):
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, delimiter=delimiter)
        table.writerow(columns)
        table.writerows(zip(*columns.values(), strict=True))
    return str(path)


@pytest.fixture
def asked(tmp_path, capsys):
    """Return what trains on a table and returns the answers to another, as JSON."""

    def ask(table, questions, *words):
        run = str(tmp_path / "run")
        assert main(["train", table, "--quick", "--out", run, *words]) == 0
        capsys.readouterr()
        main(["predict", run, questions, "--json"])
        return json.loads(capsys.readouterr().out)["answers"]

    return ask


def test_a_whole_number_is_one_class_when_asked(tmp_path, asked):
    import pandas as pd

    draw = random.Random(8)
    codes = [draw.randrange(1, 5) for _ in range(200)]
    columns = {"code": codes, "noise": [draw.gauss(0, 1) for _ in codes],
               "grade": [code % 3 + 1 for code in codes]}  # fmt: skip
    table = wrote(tmp_path / "train.csv", columns)
    frame = pd.DataFrame({"code": [1, 2, 3, None], "noise": [0.5] * 4})
    assert frame["code"].dtype == "float64"
    frame.to_csv(tmp_path / "ask.csv", index=False)
    words = ("--target", "grade", "--types", "code=category")
    answers = asked(table, str(tmp_path / "ask.csv"), *words)
    assert [one["note"] for one in answers[:3]] == [None] * 3
    assert "missing" in answers[3]["note"]
    assert set(answers[0]["probabilities"]) == {"1", "2", "3"}


def test_decimal_commas_are_read_alike_when_asked(tmp_path, asked):
    draw = random.Random(7)
    pairs = [(draw.uniform(0, 9), draw.uniform(0, 9)) for _ in range(200)]
    write = [[f"{value:.3f}".replace(".", ",") for value in (a, b, 2 * a + b)] for a, b in pairs]
    columns = dict(zip(("x", "y", "dose"), zip(*write, strict=True), strict=True))
    table = wrote(tmp_path / "lab.csv", columns, ";")
    cells = {"x": ["1,5", "1,500", "1.5", "1.234,5"], "y": ["2,5", "2,500", "2.5", "2"]}
    answers = asked(table, wrote(tmp_path / "ask.csv", cells, ";"), "--target", "dose")
    assert len({one["answer"] for one in answers[:3]}) == 1
    assert answers[3]["error"].startswith("x: number: expected numbers, got '1.234,5'")
    assert read_run(tmp_path / "run").result["test"]["mae"] < 15  # not of thousands


def test_units_are_kept_checked_and_answered(tmp_path, asked):
    draw = random.Random(5)
    areas = [draw.uniform(20, 90) for _ in range(200)]
    columns = {"area": [f"{area:.1f} m2" for area in areas],
               "price": [f"${1000 * area:,.2f}" for area in areas]}  # fmt: skip
    table = wrote(tmp_path / "flats.csv", columns)
    questions = wrote(tmp_path / "ask.csv", {"area": ["40 m²", "40", "40.0 m2", "40 kg"]})
    answers = asked(table, questions, "--target", "price")
    assert len({one["answer"] for one in answers[:3]}) == 1
    assert [one["unit"] for one in answers[:3]] == ["$"] * 3
    assert answers[3]["error"] == (
        "area: number: expected a number in m2, got '40 kg' in kg; convert it"
    )
    assert read_run(tmp_path / "run").result["units"] == ["$"]
    page = next((tmp_path / "run").glob("*.html")).read_text()
    assert re.search(r"Median absolute error of .*price.*: [0-9,.]+ \$", page)


def test_a_class_called_none_is_learnt_and_answered(tmp_path, asked):
    draw = random.Random(6)
    kinds = [number % 3 for number in range(240)]
    columns = {"length": [f"{kind + draw.gauss(0, 0.1):.3f}" for kind in kinds],
               "garage": [["attached", "NA", "none"][kind] for kind in kinds],
               "fault": [["None", "crack", "dent"][kind] for kind in kinds]}  # fmt: skip
    table = wrote(tmp_path / "parts.csv", columns)
    questions = wrote(tmp_path / "ask.csv", {"length": ["0", "1", "2"],
                                             "garage": ["attached", "NA", "none"]})  # fmt: skip
    answers = asked(table, questions, "--target", "fault", "--types", "fault=category")
    assert set(answers[0]["probabilities"]) == {"None", "crack", "dent"}
    assert [one["note"] for one in answers] == [None] * 3
    assert [one["answer"] for one in answers] == ["None", "crack", "dent"]


def test_what_can_be_read_in_two_ways_stops_check_until_the_sign_is_told(tmp_path, capsys):
    columns = {"x": [f"{1 + number % 8},{100 + 7 * number}" for number in range(100)],
               "y": [number % 8 for number in range(100)]}  # fmt: skip
    table = wrote(tmp_path / "t.csv", columns)
    assert main(["check", table, "--target", "y"]) == 1
    assert "--decimal comma or --decimal point" in capsys.readouterr().out
    for sign in ("point", "comma"):
        assert main(["check", table, "--target", "y", "--decimal", sign]) == 0
        assert "--decimal comma or --decimal point" not in capsys.readouterr().err
