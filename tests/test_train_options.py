"""A training opens its data as the flags say, and so does all that comes after it."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import brique
from brique import catalog
from brique.cli import main
from brique.cli.recipe import run_module
from brique.errors import DataError
from brique.options import Options
from brique.run import Launch, launched, read_run
from brique.tasks.classify import train
from brique.workbench.training_data import open_run_data
from resuming import alone, assert_equal, stopped

PEOPLE, EACH = 12, 4
LEFT = dict.fromkeys(("glasses", "person", "day"), "leave")
ASKED = {"target": "mood", "types": LEFT, "rename": {"Happy": "happy"}, "group": "person"}


@pytest.fixture(scope="module")
def faces(tmp_path_factory):
    """Return a folder of pictures beside each other and a table that says whose they are."""
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("options") / "faces"
    folder.mkdir()
    draw = np.random.default_rng(0)
    with (folder / "labels.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["file", "mood", "glasses", "person", "day"])
        for number in range(PEOPLE * EACH):
            person, is_happy = number // EACH, number % 2
            pixels = draw.integers(100 * is_happy, 100 * is_happy + 156, (8, 8), np.uint8)
            Image.fromarray(pixels).save(folder / f"{number}.png")
            mood = ("sad", "happy", "sad", "Happy")[number % 4]
            rows.writerow(
                [f"{number}.png", mood, "ny"[person % 2], f"p{person}", f"2024-{1 + person:02d}-03"]
            )
    return folder


@pytest.fixture(scope="module")
def trained(faces):
    """Return the folder of a quick run on them."""
    flags = Options(**ASKED).words()
    out = faces.parent / "run"
    assert main(["train", str(faces), *flags, "--quick", "--out", str(out)]) == 0
    return out


def people(faces, part):
    with (faces / "labels.csv").open(newline="") as file:
        whose = {row["file"]: row["person"] for row in csv.DictReader(file)}
    return {whose[part.name(int(id))] for id in part.ids}


def assert_apart(faces, opened):
    """Assert that each part has people, and none of them is in another."""
    train, valid, test = (people(faces, part) for part in (opened.train, opened.valid, opened.test))
    assert train
    assert valid
    assert test
    assert not train & test | train & valid | valid & test


def test_what_was_said_stands_in_the_settings(faces, trained):
    record = read_run(trained)
    assert record.settings["options"] == ASKED
    assert "--types day=leave --rename Happy=happy --group person --out" in record.json["command"]
    opened = open_run_data(str(faces), record.settings, None)
    assert record.json["data"][0]["fingerprint"] == opened.fingerprint
    assert opened.schema.inputs == ("file",)
    assert opened.schema["mood"].names == ("happy", "sad")
    assert_apart(faces, opened)


def test_what_comes_after_opens_the_data_the_same_way(faces, trained):
    record = read_run(trained)
    again = brique.evaluate(trained)
    assert again["test"] == record.result["test"]
    assert again["notes"] == [f"the data are read from {faces}."]
    page = trained / "report.html"
    page.unlink()
    brique.report(trained)
    assert "data:image" in page.read_text()
    (answer,) = brique.predict(trained, faces / "1.png")
    assert answer.answer is not None
    assert set(answer.answer.probabilities) == {"happy", "sad"}


def test_a_copy_opens_the_data_the_same_way_and_takes_other_options(trained):
    assert main(["copy", str(trained), "mine.py"]) == 0
    mine = catalog.execute(Path("mine.py"))
    assert mine.Args().options == Options(**ASKED)
    with launched(Launch(out=Path("again"), quiet=True)):
        numbers = mine.main(mine.Args())
    assert numbers == read_run(trained).numbers
    other = {"target": "glasses", "types": dict.fromkeys(("mood", "person", "day"), "leave")}
    other["rename"] = {"y": "yes"}
    words = [*Options(**other).words(), "--turns", "2", "--out", "other"]
    assert run_module(mine, mine.Args, mine.main, words) == 0
    assert read_run("other").settings["options"] == ASKED | other  # the group stays


def test_stopped_and_resumed_it_equals_the_run_left_alone(faces, tmp_path, monkeypatch):
    options = Options(target="mood", rename={"Happy": "happy"}, time="day", size=6, types=LEFT)
    args = train.Args(data=str(faces), options=options, turns=24, batch_size=8, width=4)
    whole = alone(train.main, args, tmp_path / "whole")
    pieces = stopped(train.main, args, tmp_path / "pieces", [3, 9, 4], monkeypatch)
    assert_equal(whole, pieces)
    opened = open_run_data(str(faces), read_run(tmp_path / "pieces").settings, None)
    last = PEOPLE * EACH - len(opened.test)
    assert sorted(opened.test.name(int(id)) for id in opened.test.ids) == sorted(
        f"{number}.png" for number in range(last, PEOPLE * EACH)
    )
    assert opened.schema["file"].shape == (1, 6, 6)


def test_folds_keep_groups_on_one_side(faces, tmp_path):
    folder = brique.train(faces, quick=True, folds=2, out=tmp_path / "cv", **ASKED)
    tested = []
    for number in (1, 2):
        record = read_run(folder / f"fold-{number}")
        opened = open_run_data(str(faces), record.settings, None)
        assert record.json["data"][0]["fingerprint"] == opened.fingerprint
        assert_apart(faces, opened)
        tested += opened.test.ids.tolist()
    assert sorted(tested) == list(range(PEOPLE * EACH))
    assert brique.train(faces, quick=True, folds=2, out=folder, **ASKED) == folder
    assert brique.resume(folder) == folder


def test_another_folder_is_the_test_part(tmp_path):
    draw = np.random.default_rng(0)
    for part, each in (("mine", 12), ("held", 3)):
        for number, name in enumerate(("dark", "light")):
            (tmp_path / part / name).mkdir(parents=True)
            for i in range(each):
                pixels = draw.integers(number * 90, number * 90 + 120, (8, 8), np.uint8)
                Image.fromarray(pixels).save(tmp_path / part / name / f"{i}.png")
    with pytest.raises(DataError, match="mine: rename: no class 'drk' among .*did you mean 'dark'"):
        brique.train(tmp_path / "mine", rename={"drk": "light"}, out="run")
    out = brique.train(tmp_path / "mine", test="held", quick=True, out="run")
    record = read_run(out)
    assert record.settings["options"] == {"test": "held"}
    assert record.result["examples"] == 6
    assert brique.evaluate(out)["examples"] == 6
    judged = brique.evaluate(out, tmp_path / "mine", test=tmp_path / "held")
    assert judged["test"] == record.result["test"]


def test_other_data_are_judged_as_the_flags_say(capsys, faces, trained):
    capsys.readouterr()
    flags = ["--target", "mood", "--rename", "Happy=happy", "--group", "person", "--json"]
    assert main(["evaluate", str(trained), str(faces), *flags]) == 0
    assert json.loads(capsys.readouterr().out)["test"] == read_run(trained).result["test"]
    sentence = (
        "brique: evaluate: --target is for new data, but the run's own data are opened with the"
        " options of the run; name new data after the run, or leave the option out.\n"
    )
    assert main(["evaluate", str(trained), "--target", "mood"]) == 2
    assert capsys.readouterr() == ("", sentence)


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (
            "--group persn",
            "group: no column 'persn' among file, mood, glasses, person, day; did you mean 'pe",
        ),
        ("--target mood --rename hapy=sad", "rename: no class 'hapy' among Happy, happy, "),
        ("--size 6x", "--size: expected pixels such as 64, or width and height such as 240x180"),
        ("--time mood", "time: column 'mood' holds neither timestamps nor numbers"),
        ("--group person --time day", "--group and --time cannot both decide the split"),
        ("--target mood --time day --folds 2", "folds and a split by time cannot both be"),
        ("--kind sound", "got 'sound'; did you mean 'sounds'"),
        ("--length 3", "--length means nothing for table"),
        ("--length 0", "--length means nothing for table"),  # 0 is said, too
    ],
)
def test_what_does_not_fit_the_data_is_refused_and_nothing_written(
    capsys, faces, tmp_path, flags, sentence
):
    capsys.readouterr()
    words = ["--types", "file=leave"] if flags == "--target person" else []
    code = main(["train", str(faces), *flags.split(), *words, "--out", "run"])
    out, err = capsys.readouterr()
    assert (code, out) == (2, "")
    assert sentence in err.splitlines()[-1]
    assert list(tmp_path.iterdir()) == []
