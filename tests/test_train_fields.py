"""`brique train` on tables, texts, sounds and all of them mixed: trained, judged, asked, resumed."""

import csv
import json
import wave
from pathlib import Path

import numpy as np
import pandas
import pytest
import torch
from PIL import Image

import brique
from brique import data, inference
from brique.cli import main
from brique.errors import DataError
from brique.run import read_run
from brique.tasks import eval_mode
from brique.tasks.classify import train_fields
from brique.tasks.regress import train
from resuming import alone, assert_equal, stopped

ROWS = 400


def write(path, head, rows):
    with Path(path).open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(head)
        table.writerows(rows)


@pytest.fixture(scope="module")
def houses(tmp_path_factory):
    """Return a table of houses: numbers, some missing, a class, a moment, a text, and the price."""
    folder = tmp_path_factory.mktemp("fields")
    draw = np.random.default_rng(0)
    rows = []
    for number in range(ROWS):
        rooms, town = draw.integers(1, 9), draw.choice(["Rome", "Oslo", "Lima"])
        word = draw.choice(["quiet", "noisy"])
        price = 10 * rooms + 30 * (town == "Rome") - 20 * (word == "noisy") + draw.normal()
        area = "" if number % 7 == 0 else f"{20 * rooms + draw.normal():.1f}"
        day = f"2024-{1 + number % 12:02d}-{1 + number % 28:02d}"
        rows.append([rooms, area, town, day, f"a {word} street with {rooms} trees", f"{price:.2f}"])
    write(folder / "houses.csv", ["rooms", "area", "town", "sold", "about", "price"], rows)
    return folder


@pytest.fixture(scope="module")
def priced(houses):
    out = houses / "run"
    words = ["train", str(houses / "houses.csv"), "--target", "price", "--epochs", "12"]
    assert main([*words, "--types", "about=text", "--out", str(out)]) == 0
    return out


def test_a_table_of_every_kind_of_column_is_learnt_and_judged(priced):
    record = read_run(priced)
    assert record.train == "regress"
    assert record.result["task"] == "regress"
    assert record.result["test"]["r2"] > 0.8
    assert record.result["coverage"]["nominal"] == 0.9
    assert record.numbers["test_r2"] == record.result["test"]["r2"]
    assert record.json["data"][0]["test_reads"] == 1
    assert set(record.result["baseline"]) == {"mean", "linear", "forest", "boosting"}
    page = (priced / "report.html").read_text()
    for title in ("Predictions over targets", "90% intervals cover", "Largest error of"):
        assert title in page
    assert "Missing sections" not in page


def _row(run, town):
    row = {"rooms": 3, "area": 60.0, "town": town, "sold": "2024-05-05", "about": "a street"}
    return data.prepare_inputs(brique.load(run).schema, row)


def test_rows_of_a_table_get_the_answers_of_the_validation_stream(houses, priced):
    opened = data.open(houses / "houses.csv", target="price", types={"about": "text"})
    model = brique.load(priced)
    with eval_mode(model.net):
        (batch,) = opened.valid.batches(len(opened.valid))
        said = model.net(inference.net_inputs(batch, opened.schema, model.net)).flatten()
    rows = {f"row {at}": row for at, row in enumerate(read(houses / "houses.csv"), 2)}
    asked = [rows[opened.valid.name(int(id))] for id in opened.valid.ids]
    answers = [one.answer["price"] for one in model.predict(asked)]
    assert torch.allclose(torch.tensor(answers), said, atol=1e-4, rtol=1e-6)


def read(path):
    with Path(path).open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_table_is_answered_row_by_row(houses, priced, capsys, tmp_path):
    head = ["town", "rooms", "area", "sold", "about", "extra"]
    good = ["Rome", "5", "", "2024-05-01", "a quiet street with 5 trees", "x"]
    write(tmp_path / "new.csv", head, [good, ["Rome", "five", *good[2:]], ["Paris", *good[1:]]])
    assert main(["predict", str(priced), "new.csv", "--json", "--csv", "out.csv"]) == 1
    answers = json.loads(capsys.readouterr().out)["answers"]
    low, high = answers[0]["interval"]
    assert low < answers[0]["answer"] < high
    assert 60 < answers[0]["answer"] < 100
    assert answers[0]["input"] == {"file": "new.csv", "row": 2}
    assert answers[1]["error"].startswith("rooms: number: expected numbers, got 'five'")
    assert answers[2]["error"] is None  # a town that is not known is another
    assert list(read("out.csv")[0]) == ["file", "answer", "low", "high", "error"]
    assert main(["predict", str(priced), "new.csv"]) == 1
    out, err = capsys.readouterr()
    assert out.startswith("new.csv:2  ")
    assert "new.csv:3: rooms: number" in err  # the lines of the file, as an editor counts


def test_rows_that_cannot_be_read_keep_their_place(houses, priced, capsys, tmp_path):
    lines = (houses / "houses.csv").read_text().splitlines()
    (tmp_path / "new.csv").write_text("\n".join([lines[0], lines[1], "9,9", lines[2], lines[3]]))
    assert main(["predict", str(priced), "new.csv", "--csv", "out.csv"]) == 1
    out, err = capsys.readouterr()
    assert [line.split()[0] for line in out.splitlines()] == [f"new.csv:{n}" for n in (2, 4, 5)]
    assert "new.csv:3: the row cannot be read: it has 2 fields" in err
    assert [bool(row["error"]) for row in read("out.csv")] == [False, True, False, False]


def test_one_table_that_cannot_be_asked_leaves_the_others(houses, priced, capsys, tmp_path):
    rows = read(houses / "houses.csv")[:2]
    write(tmp_path / "good.csv", list(rows[0]), [list(row.values()) for row in rows])
    (tmp_path / "empty.csv").write_text("")
    assert main(["predict", str(priced), "good.csv", "empty.csv"]) == 1
    out, err = capsys.readouterr()
    assert [line.split()[0] for line in out.splitlines()] == ["good.csv:2", "good.csv:3"]
    assert "empty.csv" in err
    assert main(["predict", str(priced), "empty.csv"]) == 2


def test_a_column_that_may_lack_values_and_is_not_there_is_told(houses, priced, capsys, tmp_path):
    rows = [{k: v for k, v in row.items() if k != "area"} for row in read(houses / "houses.csv")]
    write(tmp_path / "less.csv", list(rows[0]), [list(row.values()) for row in rows[:3]])
    assert main(["predict", str(priced), "less.csv"]) == 0
    err = capsys.readouterr().err
    assert "less.csv:2 and 2 more: 'area' is missing, filled from training." in err
    assert "3 of 3 answers rest on 3 missing values ('area' 3) filled from training." in err


@pytest.mark.parametrize("empty", ["", "NA", "nan", "?", " "])
def test_an_empty_cell_never_stops_an_answer(houses, priced, capsys, tmp_path, empty):
    first = read(houses / "houses.csv")[0]
    rows = [{**first, name: empty} for name in ("rooms", "town", "sold", "about")]
    write(tmp_path / "gaps.csv", list(first), [list(row.values()) for row in [first, *rows]])
    assert main(["predict", str(priced), "gaps.csv", "--json"]) == 0
    answers = json.loads(capsys.readouterr().out)["answers"]
    assert [one["note"] for one in answers] == [
        "'area' is missing, filled from training",
        *(f"{names} are missing, filled from training" for names in (
            "'rooms', 'area'", "'area', 'town'", "'area', 'sold'", "'area', 'about'"
        )),
    ]  # fmt: skip
    assert all(np.isfinite(one["answer"]) for one in answers)


@pytest.mark.parametrize(
    "gap", [None, float("nan"), np.float32("nan"), np.datetime64("NaT"), pandas.NA, pandas.NaT]
)
def test_python_asks_with_gaps_of_any_library(priced, gap):
    row = {
        "rooms": 3,
        "area": 60.0,
        "town": "Rome",
        "sold": "2024-05-05",
        "about": "a quiet street",
    }
    model = brique.load(priced)
    usual = model.schema["rooms"].fill
    asked = [row, {**row, "rooms": gap}, {**row, "rooms": usual}, {**row, "town": gap}]
    whole, lacking, filled, nowhere = model.predict(asked)
    assert whole.note is None
    assert lacking.note == "'rooms' is missing, filled from training"
    assert lacking.answer == filled.answer  # of a column that was complete in training
    assert nowhere.note == "'town' is missing, filled from training"


def test_a_class_that_never_came_is_other_and_said(houses, priced, capsys, tmp_path):
    first = {**read(houses / "houses.csv")[1], "town": "Bern"}
    write(tmp_path / "new.csv", list(first), [list(first.values())])
    assert main(["predict", str(priced), "new.csv"]) == 0
    err = capsys.readouterr().err
    assert "new.csv:2: 'Bern' in 'town' never occurred in training, taken as 'other'." in err
    assert "1 of 1 answers rest on 1 unknown class ('town' 1) taken as 'other'." in err


def test_an_unknown_class_is_the_mean_of_the_known(priced):
    read = brique.load(priced).net.body.columns
    rows = read.embeddings[0].weight
    batch = data.collate(brique.load(priced).schema, [_row(priced, "Bern")])
    seen = {}
    read.input_layer.register_forward_pre_hook(lambda _, given: seen.update(x=given[0]))
    read(batch)
    assert torch.equal(seen["x"][0, -rows.shape[1] :], rows[:-1].mean(0))


def test_the_table_that_is_asked_is_not_replaced_by_the_answers(houses, priced, capsys, tmp_path):
    content = (houses / "houses.csv").read_text()
    (tmp_path / "mine.csv").write_text(content)
    assert main(["predict", str(priced), "mine.csv", "--csv", "mine.csv"]) == 2
    assert "mine.csv: is an input, and would be lost; name another" in capsys.readouterr().err
    assert main(["check", "mine.csv", "--target", "price", "--html", "mine.csv"]) == 2
    assert (tmp_path / "mine.csv").read_text() == content
    for words in (["predict", str(priced), "mine.csv"], ["check", "mine.csv", "--target", "price"]):
        assert main([*words, "--csv", "beside.csv"]) == 0
        assert main([*words, "--csv", "beside.csv"]) == 0  # what was written so before is replaced
    (tmp_path / "part.csv").write_text(content)
    words = ["check", "mine.csv", "--target", "price", "--test", "part.csv", "--csv", "part.csv"]
    assert main(words) == 2
    assert (tmp_path / "part.csv").read_text() == content


def test_what_a_table_lacks_is_named(houses, priced, capsys, tmp_path):
    write(tmp_path / "new.csv", ["rooms", "area"], [[1, 2]])
    assert main(["predict", str(priced), "new.csv"]) == 2
    said = "'new.csv' has no column 'town', which the model was trained with, but rooms, area"
    assert f"{said}; add it" in capsys.readouterr().err
    (tmp_path / "some.xyz").touch()
    assert main(["predict", str(priced), "some.xyz"]) == 2
    assert "'some.xyz' is no table (.csv, .xlsx, .parquet, .json)" in capsys.readouterr().err
    assert main(["predict", str(priced), str(tmp_path)]) == 2
    assert "is a folder, and this model is asked in rows" in capsys.readouterr().err
    with pytest.raises(DataError, match="predict: expected the inputs rooms, area, town, sold"):
        brique.load(priced).predict([3.0])


def test_it_is_judged_again_and_on_other_data(houses, priced, tmp_path):
    record = read_run(priced)
    again = brique.evaluate(priced)
    assert again["test"] == record.result["test"]
    rows = read(houses / "houses.csv")[::2]
    write(tmp_path / "half.csv", list(rows[0]), [list(row.values()) for row in rows])
    other = brique.evaluate(priced, tmp_path / "half.csv", target="price", types={"about": "text"})
    assert other["test"]["r2"] > 0.8
    assert other["examples"] == other["train_duplicates"] + other["unseen"]["examples"] == len(rows)
    assert "half.csv: all 200 examples are evaluated." in other["notes"]
    with pytest.raises(DataError, match="the model answers 'price'"):
        brique.evaluate(priced, "digits")


def quick(houses, target="price", **more):
    options = data.Options(target=target, types={"about": "text"})
    settings = {"turns": 30, "batch_size": 32, "width": 16, "average": 0.8} | more
    room = train if target == "price" else train_fields
    return room.Args(data=str(houses / "houses.csv"), options=options, **settings)


@pytest.mark.parametrize("target", ["price", "town"])
def test_stopped_and_resumed_it_ends_in_equal_bits(houses, target, tmp_path, monkeypatch):
    args, main_of = quick(houses, target), (train if target == "price" else train_fields).main
    whole = alone(main_of, args, tmp_path / "whole")
    pieces = stopped(main_of, args, tmp_path / "pieces", [4, 11, 12, 20, 27], monkeypatch)
    assert_equal(whole, pieces)


def test_numbers_have_no_classes_to_balance(houses, capsys):
    words = ["train", str(houses / "houses.csv"), "--target", "price", "--types", "about=text"]
    assert main([*words, "--balance", "weights", "--out", "run"]) == 2
    assert capsys.readouterr().err.endswith(
        "brique: train: --balance weights is for classes, but the targets are numbers; leave it out.\n"
    )


def test_texts_are_named_line_by_line(tmp_path, capsys):
    (tmp_path / "mood").mkdir()
    for label, words in ("good", ["fine", "nice", "kind"]), ("bad", ["ugly", "mean", "poor"]):
        lines = [f"it was {words[n % 3]} and {words[n * n % 3]} number {n}" for n in range(60)]
        (tmp_path / "mood" / f"{label}.txt").write_text("\n".join(lines))
    assert main(["train", "mood", "--epochs", "8", "--out", "run"]) == 0
    result = read_run("run").result
    assert result["test"]["accuracy"] == 1
    assert {"majority", "logistic", "bayes", "forest", "boosting"} == set(result["baseline"])
    (tmp_path / "new.txt").write_text("it was fine and nice\n\nugly and mean\n")
    capsys.readouterr()
    assert main(["predict", "run", "new.txt"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines] == [["new.txt:1", "good"], ["new.txt:3", "bad"]]
    (tmp_path / "odd").mkdir()
    for name, content in ("a", b"fine\0"), ("b", b"  \n"), ("c", "ugl\u00fc".encode("latin-1")):
        (tmp_path / "odd" / f"{name}.txt").write_bytes(content)
    assert main(["predict", "run", "odd", "odd/b.txt", "new.txt"]) == 1
    out, err = capsys.readouterr()
    assert len(out.splitlines()) == 3
    assert "odd/a.txt: holds NUL bytes, so it is not a text; leave it out" in err
    assert err.count("odd/b.txt: it is empty; write a text into it") == 2
    assert "odd/c.txt: c.txt is not UTF-8 from line 1 on, so it is read as Windows-1252" in err
    page = Path("run/report.html").read_text()
    assert "it was" in page  # mistakes and sure answers are quoted


def test_sounds_are_named_by_file(tmp_path, capsys):
    draw = np.random.default_rng(1)
    for label, pitch in ("low", 300), ("high", 1500):
        (tmp_path / "tones" / label).mkdir(parents=True)
        for number in range(24):
            time = np.arange(1600 + 40 * number) / 8000
            tone = np.sin(2 * np.pi * pitch * time) + 0.1 * draw.normal(size=len(time))
            with wave.open(str(tmp_path / "tones" / label / f"{number}.wav"), "wb") as file:
                file.setnchannels(1)
                file.setsampwidth(2)
                file.setframerate(8000)
                file.writeframes((8000 * tone).astype("<i2").tobytes())
    assert main(["train", "tones", "--epochs", "25", "--out", "run"]) == 0
    assert read_run("run").result["test"]["accuracy"] == 1
    capsys.readouterr()
    assert main(["predict", "run", "tones/high", "--json"]) == 0
    answers = json.loads(capsys.readouterr().out)["answers"]
    assert [one["answer"] for one in answers] == ["high"] * 24


def test_a_picture_and_a_text_in_one_table_say_more_than_either(tmp_path):
    """One half of the label is seen in the picture alone, the other stands in the text alone."""
    draw = np.random.default_rng(2)
    rows = []
    for number in range(240):
        is_bright, is_red = draw.integers(2), draw.integers(2)
        pixels = draw.integers(0, 100, (8, 8)) + 150 * is_bright
        Image.fromarray(pixels.astype(np.uint8)).save(tmp_path / f"{number}.png")
        text = f"it is {'red' if is_red else 'blue'} number {number % 9}"
        rows.append([f"{number}.png", text, "ab"[is_bright] + "cd"[is_red]])
    write(tmp_path / "seen.csv", ["file", "says", "kind"], rows)
    words = ["train", "seen.csv", "--target", "kind", "--types", "says=text", "--epochs", "8"]
    reached = {}
    for name, left in ("both", []), ("picture", ["says"]), ("text", ["file"]):
        more = [word for one in left for word in ("--types", f"{one}=leave")]
        assert main([*words[: 4 if "says" in left else 6], *words[6:], *more, "--out", name]) == 0
        reached[name] = read_run(name).result["test"]["accuracy"]
    assert reached["both"] > 0.95
    assert reached["picture"] < 0.75
    assert reached["text"] < 0.75


@pytest.mark.parametrize(
    ("content", "words", "said"),
    [
        ("a,b\n" + "\n".join(f"{n},{n * 0.5}" for n in range(40)), [],
         "train must know what to predict, and no target is named; say it with --target; likely"
         " are a, b"),
        ("a,b\n" + "\n".join(f"{n},same" for n in range(40)), ["--target", "b"],
         "the target 'b' is 'same' in every row, so there is nothing to learn"),
        ("a,b\n" + "\n".join(f"{n},{n * 0.5}" for n in range(40)) + "\n3,seven", ["--target", "b"],
         "seven"),
        ("a,b\n" + "\n".join(f"{n},k{n}" for n in range(40)),
         ["--target", "b", "--types", "b=category"],
         "'b' has 40 classes for 40 training examples; a net needs several of each: choose another"
         " target, or give classes that are alike one name with --rename 'OLD=NEW'"),
        ("a,b,c\n" + "\n".join(f"{n},{'xy'[n % 2]},{'uv'[n // 2 % 2]}" for n in range(40)),
         ["--target", "b,c", "--balance", "sampler"],
         "--balance sampler needs one target with classes, but there are 2 targets; use --balance wei"),
        ("a,b\n" + "\n".join(f"{n},{n * 7}" for n in range(40)),
         ["--target", "b", "--types", "b=category"],
         "or take its 40 values as numbers: --types 'b=number'"),
    ],
)  # fmt: skip
def test_bad_input_gets_its_sentence(content, words, said, tmp_path, capsys):
    (tmp_path / "bad.csv").write_text(content)
    assert main(["train", "bad.csv", *words, "--quick"]) == 2
    err = capsys.readouterr().err.splitlines()[-1]
    assert said in err
    assert not Path("runs").exists()
