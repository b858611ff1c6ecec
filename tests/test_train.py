import csv
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import torch
from PIL import Image

import brique
from brique import data
from brique.cli import main
from brique.errors import DataError, Interrupted, UsageError
from brique.game.play import Play
from brique.model import load
from brique.run import read_run
from brique.tasks import classify
from brique.workbench.training_data import choose_task


def said(capsys, *words):
    """Run the command line and return its exit code, stdout and stderr."""
    capsys.readouterr()
    code = main([str(word) for word in words])
    out, err = capsys.readouterr()
    return code, out, err


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Return the folder of a quick run on digits."""
    torch.set_num_threads(1)
    return brique.train("digits", quick=True, out=tmp_path_factory.mktemp("runs") / "digits")


@pytest.fixture
def digit(tmp_path):
    """Return a picture file of an eight from the test part, as its name tells."""
    test = data.open("digits").test
    eight = next(example for example in test if int(example["label"]) == 8)
    pixels = (eight["image"][0] * 255).round().to(torch.uint8).numpy()
    Image.fromarray(pixels).save(tmp_path / "eight.png")
    return tmp_path / "eight.png"


def photographs(folder, classes=("cat", "dog"), each=12, size=(20, 24)):
    """Make a folder of pictures by class: cats are dark, dogs are light, roughly."""
    generator = np.random.default_rng(0)
    for number, name in enumerate(classes):
        (folder / name).mkdir(parents=True)
        for i in range(each):
            pixels = generator.integers(number * 100, number * 100 + 156, (*size, 3), np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{i}.png")
    return folder


def test_a_training_ends_in_a_sentence_and_the_folder(capsys, tmp_path):
    code, out, err = said(capsys, "train", "digits", "--quick", "--out", "mine")
    assert code == 0
    sentence, page, folder = out.splitlines()
    assert folder == "mine"
    assert page == "report: mine/report.html"
    assert (tmp_path / "mine" / "report.html").stat().st_size > 20_000
    assert sentence == classify.sentence(read_run("mine").result)
    assert "Test accuracy" in sentence
    assert "on 359 examples" in sentence
    assert "step 100/100" in err
    record = read_run(tmp_path / "mine")
    assert record.train == "classify"
    assert record.state == "finished"
    assert record.json["command"] == "brique train digits --out mine --quick"
    assert record.json["data"][0]["test_reads"] == 1


def test_a_training_in_json_is_one_line(capsys, trained):
    code, out, _ = said(capsys, "train", "digits", "--quick", "--json")
    assert code == 0
    assert out.count("\n") == 1
    whole = json.loads(out)
    assert set(whole) >= {
        "format", "run", "task", "test", "interval", "baseline", "examples", "seconds"
    }  # fmt: skip
    assert whole["format"] == 1
    assert whole["task"] == "classify"
    low, high = whole["interval"]["accuracy"]
    assert low < whole["test"]["accuracy"] < high
    seconds = whole["seconds"]
    parts = {
        "imports",
        "opening",
        "audit",
        "planning",
        "training",
        "evaluation",
        "baselines",
        "report",
    }
    assert set(seconds) == parts | {"total"}
    assert sum(seconds[part] for part in parts) <= seconds["total"]
    assert seconds["total"] - sum(seconds[part] for part in parts) < 2  # nothing long is untold
    assert whole["run"].startswith("runs/")
    same = read_run(trained)  # the same seed and plan: the same run
    assert whole["test"] == same.result["test"]


def test_evaluate_repeats_what_the_training_found(capsys, trained):
    found = json.loads(said(capsys, "evaluate", trained, "--json")[1])
    record = read_run(trained)
    assert found["run"] == str(trained)
    assert found["test"] == record.result["test"]
    assert found["comparison"] == record.result["comparison"]
    assert found["classes"] == record.result["classes"]
    for name, entry in record.result["baseline"].items():
        assert found["baseline"][name]["accuracy"] == entry["accuracy"]
    assert found["notes"] == []
    out = said(capsys, "evaluate", trained)[1]
    assert out == classify.sentence(record.result) + "\n"
    assert brique.evaluate(trained)["test"] == record.result["test"]


def test_evaluate_on_other_data_joins_classes_by_name(capsys, trained, tmp_path):
    digits = data.open("digits")
    for place in range(len(digits.test)):
        example = digits.test[place]
        name = str(int(example["label"]))
        if name in ("3", "1"):  # a folder of two of the ten classes
            folder = tmp_path / "two" / name
            folder.mkdir(parents=True, exist_ok=True)
            pixels = (example["image"][0] * 255).round().to(torch.uint8).numpy()
            Image.fromarray(pixels).save(folder / f"{place}.png")
    found = json.loads(said(capsys, "evaluate", trained, tmp_path / "two", "--json")[1])
    assert found["test"]["accuracy"] >= 0.8  # by number, 3 would be class 1
    assert found["baseline"]["majority"]["answer"] in ("1", "3")


def test_evaluate_names_a_class_that_the_model_lacks(capsys, trained, tmp_path):
    photographs(tmp_path / "pets")
    code, out, err = said(capsys, "evaluate", trained, "pets")
    assert (code, out) == (2, "")
    assert (
        "'label' has the classes cat, dog, and the model answers none of them, but 0, 1, 2" in err
    )


def test_evaluate_says_when_the_data_have_changed(capsys, tmp_path):
    photographs(tmp_path / "pets")
    folder = brique.train("pets", quick=True, out="run")
    (tmp_path / "pets" / "cat" / "0.png").unlink()
    code, out, err = said(capsys, "evaluate", folder)
    assert code == 2
    assert "1 removed (cat/0.png); put them back, or take them as they are now with" in err
    code, out, err = said(capsys, "evaluate", folder, "--changed")
    assert code == 0
    assert (
        "brique: pets has changed since the run: its test part may hold examples that the net was"
        " trained on.\n"
    ) in err
    assert "Test accuracy" in out


def test_predict_answers_by_class_name(capsys, trained, digit):
    code, out, err = said(capsys, "predict", trained, digit)
    assert (code, err) == (0, "")
    assert re.fullmatch(rf"{re.escape(str(digit))}  8  \d+\.\d%\n", out)
    answers = json.loads(said(capsys, "predict", trained, digit, "--json")[1])["answers"]
    (only,) = answers
    assert set(only) == {"input", "answer", "probabilities", "error", "note"}
    assert only["input"] == {"file": str(digit)}
    assert only["answer"] == "8"
    assert only["error"] is None
    assert list(only["probabilities"]) == [str(n) for n in range(10)]
    assert sum(only["probabilities"].values()) == pytest.approx(1, abs=1e-6)
    (prediction,) = brique.predict(trained, digit)
    assert prediction.answer is not None
    assert prediction.answer.answer == "8"


def test_a_picture_of_another_kind_is_changed_and_that_is_said(capsys, trained, digit, tmp_path):
    small = Image.open(digit)
    small.resize((30, 30), Image.Resampling.NEAREST).convert("RGB").save(tmp_path / "large.png")
    small.resize((8, 20)).save(tmp_path / "long.png")
    code, out, err = said(capsys, "predict", trained, "large.png", "long.png", digit)
    assert code == 0
    assert out.split()[:2] == ["large.png", "8"]
    assert err == (
        "brique: large.png: scaled from 30 x 30 to 8 x 8 pixels and turned to grey.\n"
        "brique: long.png: scaled from 8 x 20 to 8 x 8 pixels, and cut to fit.\n"
    )
    notes = [one.note for one in brique.predict(trained, "large.png", "long.png", digit)]
    assert notes[1:] == ["scaled from 8 x 20 to 8 x 8 pixels, and cut to fit", None]


def test_a_file_that_is_no_picture_gets_its_own_error(capsys, trained, digit, tmp_path):
    (tmp_path / "broken.png").write_text("no picture")
    code, out, err = said(capsys, "predict", trained, "broken.png", digit)
    assert code == 1
    assert out.split()[1] == "8"
    assert err == (
        "brique: picture broken.png: expected a picture (JPEG, PNG, WebP, BMP, GIF, TIFF, PGM or"
        " PPM), got a text; convert it or leave it out\n"
    )
    code, out, err = said(capsys, "predict", trained, "broken.png", digit, "--json")
    assert (code, err) == (1, "")
    first, second = json.loads(out)["answers"]
    assert first["answer"] is None
    assert first["error"].startswith("picture broken.png: expected a picture")
    assert second["answer"] == "8"


def test_predict_takes_folders_and_writes_a_table(capsys, trained, digit, tmp_path):
    folder = tmp_path / "many"
    (folder / "below").mkdir(parents=True)
    (folder / ".hidden").mkdir()
    for name in ("10.png", "9.png", "below/1.png", ".hidden/1.png"):
        shutil.copy(digit, folder / name)
    (folder / "notes.txt").write_text("no picture")
    (folder / "11.png").write_text("broken")
    code, _, _ = said(capsys, "predict", trained, "many", "--csv", "answers.csv")
    assert code == 1
    with (tmp_path / "answers.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    names = ["many/9.png", "many/10.png", "many/11.png", "many/below/1.png"]
    assert [row["file"] for row in rows] == names
    assert [row["answer"] for row in rows] == ["8", "8", "", "8"]
    assert rows[0]["probability"] == rows[0]["p(8)"]
    assert rows[2]["error"].startswith("picture many/11.png: expected a picture")


def test_one_class_only_is_refused():
    cats = data.arrays(image=torch.rand(20, 1, 4, 4), label=["cat"] * 20)
    with pytest.raises(
        DataError, match=r"arrays: 'label' has one class only \('cat'\); a net needs at least"
    ):
        choose_task(cats, "train")


def test_no_epoch_at_all_is_refused():
    with pytest.raises(UsageError, match="train: epochs must be 1 or more, not 0"):
        brique.train("digits", epochs=0)


def test_no_time_at_all_is_refused():
    for minutes in (0, -1, float("inf"), float("nan")):
        with pytest.raises(UsageError, match="train: minutes must be above 0 and finite, not "):
            brique.train("digits", minutes=minutes)


def test_freezing_a_new_net_is_refused():
    with pytest.raises(UsageError, match="--freeze keeps what weights know, and there are none"):
        brique.train("digits", freeze=True)


def test_too_few_pictures_to_hold_any_out_are_refused(tmp_path):
    photographs(tmp_path / "pets", each=2)
    with pytest.raises(
        DataError, match="pets: 4 examples are too few to hold any out for a test; add some"
    ):
        brique.train("pets")


def test_what_the_audit_found_is_said_and_kept(capsys, tmp_path):
    photographs(tmp_path / "pets", each=30)
    shutil.copy(tmp_path / "pets" / "cat" / "0.png", tmp_path / "pets" / "dog" / "copy.png")
    code, _, err = said(capsys, "train", "pets", "--quick", "--out", "run")
    assert code == 0
    assert "brique: pets: warning: 1 group of equal examples has different labels" in err
    audit = read_run("run").json["audit"]
    worst = audit["findings"][0]
    assert (worst["kind"], worst["count"]) == ("contradictory", 1)
    assert worst["items"][0] == ["cat/0.png (cat)", "dog/copy.png (dog)"]
    assert sum(part["count"] for part in audit["splits"].values()) == 61


def test_a_folder_of_photographs_trains_and_names_what_it_leaves_out(capsys, tmp_path):
    photographs(tmp_path / "pets", each=30)
    (tmp_path / "pets" / "cat" / "bad.png").write_text("no picture")
    code, out, err = said(capsys, "train", "pets", "--epochs", "40", "--out", "run")
    assert code == 0
    assert out.endswith("\nrun\n")
    assert "brique: left out cat/bad.png: " in err
    assert "brique: pets: 1 of 61 pictures cannot be read and are left out." in err
    assert read_run("run").result["test"]["accuracy"] >= 0.9
    said_of = load("run").predict([tmp_path / "pets" / "dog" / "3.png"])
    assert said_of[0].answer == "dog"


def test_what_train_ran_can_be_copied_edited_and_run(capsys, trained, tmp_path):
    assert said(capsys, "copy", trained, "mine.py")[0] == 0
    source = (tmp_path / "mine.py").read_text()
    assert "turns: int = 100\n" in source  # the plan of the run stands in it
    command = [sys.executable, "mine.py", "--out", "again", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=_one_thread())
    whole = json.loads(done.stdout)
    assert whole["numbers"] == read_run(trained).numbers
    ours, theirs = (load(run).net.state_dict() for run in ("again", trained))
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    assert said(capsys, "predict", "again", "mine.py")[0] == 1  # its net is brique.nets.residual


def test_runs_lists_them(capsys, trained):
    code, out, _ = said(capsys, "runs", trained.parent)
    assert code == 0
    titles, line = out.splitlines()
    assert titles.split() == ["RUN", "RECIPE", "STATE", "TURNS", "RESULT"]
    assert "train classify  finished  100" in line
    listed = json.loads(said(capsys, "runs", trained.parent, "--json")[1])
    assert listed["runs"][0]["run"] == str(trained)
    assert listed["runs"][0]["numbers"]["test_accuracy"] > 0.9


def test_a_run_that_has_finished_is_left_as_it_is(capsys, trained):
    before = (trained / "run.json").read_bytes()
    code, out, err = said(capsys, "resume", trained)
    assert code == 0
    assert err == f"brique: {trained} has finished already; nothing to do.\n"
    assert out.splitlines()[-1] == str(trained)
    assert (trained / "run.json").read_bytes() == before


def test_ctrl_c_stops_after_the_turn_and_resume_ends_in_the_same(capsys, tmp_path):
    whole = brique.train("digits", epochs=3, out="whole")
    command = [sys.executable, "-m", "brique", "train", "digits", "--epochs", "3", "--out", "cut"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=_one_thread()
    )
    assert process.stderr is not None
    while "step 1" not in process.stderr.readline():
        time.sleep(0.01)
    process.send_signal(2)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert out == ""
    assert err.splitlines()[-1].endswith("go on with: brique resume cut")
    assert read_run("cut").state == "stopped"
    code, out, _ = said(capsys, "resume", "cut")
    assert (code, out.splitlines()[-1]) == (0, "cut")
    assert read_run("cut").numbers == read_run(whole).numbers
    ours, theirs = (load(run).net.state_dict() for run in ("cut", whole))
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_small_data_have_a_temperature_from_halves_and_resume_to_the_same(tmp_path, monkeypatch):
    pets = photographs(tmp_path / "pets", each=80, size=(9, 9))
    whole = brique.train(pets, epochs=15, out="whole")
    play_next = Play.__next__

    def next_and_stop(play):
        turn = play_next(play)
        if turn.index == 30:
            os.kill(os.getpid(), signal.SIGINT)
        return turn

    with monkeypatch.context() as patch, pytest.raises(Interrupted, match="stopped after turn 31"):
        patch.setattr(
            "brique.workbench.training.seconds_per_turn", lambda *_: 0.01
        )  # it plays, too
        patch.setattr(Play, "__next__", next_and_stop)
        brique.train(pets, epochs=15, out="cut")
    brique.resume("cut")
    ours, theirs = read_run("cut"), read_run(whole)
    assert ours.settings["halves"]
    assert {"half-1", "half-2"} < ours.numbers.keys()
    assert ours.numbers == theirs.numbers
    assert ours.result["calibration"] == theirs.result["calibration"]
    assert ours.result["calibration"]["temperature"] != 1
    assert load("cut").net.state_dict().keys() == load(whole).net.state_dict().keys()
    report = (tmp_path / "cut" / "report.html").read_text()
    assert "fitted on valid and halves of train" in report
    assert "half-1" not in report  # their curves would only be in the way


def test_a_run_that_was_stopped_can_be_ended_there(capsys, tmp_path, monkeypatch):
    play_next = Play.__next__

    def next_and_stop(play):
        turn = play_next(play)
        if turn.index == 60:
            os.kill(os.getpid(), signal.SIGINT)
        return turn

    with monkeypatch.context() as patch, pytest.raises(Interrupted, match="stopped after turn 61"):
        patch.setattr(Play, "__next__", next_and_stop)
        brique.train("digits", quick=True, out="cut")
    assert not (tmp_path / "cut" / "report.html").exists()
    code, out, _ = said(capsys, "resume", "cut", "--finish")
    record = read_run("cut")
    assert (code, record.state, record.turns) == (0, "finished", 61)
    assert out.splitlines()[1:] == ["report: cut/report.html", "cut"]
    assert record.result["test"]["accuracy"] > 0.5
    assert record.json["data"][0]["test_reads"] == 1
    assert (tmp_path / "cut" / "report.html").stat().st_size > 20_000


def _one_thread():
    return {**os.environ, "OMP_NUM_THREADS": "1"}


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_digits_reach_99_percent_in_20_seconds_of_training(seed):
    record = read_run(brique.train("digits", seed=seed, out=f"run{seed}"))
    best = max(entry["accuracy"] for entry in record.result["baseline"].values())
    assert record.json["seconds"]["training"] < 20
    assert record.numbers["test_accuracy"] >= max(0.99, best)


def test_a_result_on_data_that_falsify_it_says_so_first(capsys, tmp_path):
    photographs(tmp_path / "pets" / "train", each=30)
    photographs(tmp_path / "pets" / "test", each=8)  # cats: the first ones again
    code, out, err = said(capsys, "train", "pets", "--quick", "--out", "run")
    assert code == 0
    start = "Result not trustworthy: 8 of 16 test examples are also in another part"
    assert out.startswith(start)
    assert "brique: pets: error: 8 of 16 test examples are also in another part" in err
    assert start in (tmp_path / "run" / "report.html").read_text()
    assert read_run("run").result["trust_errors"][0].startswith("8 of 16 test examples")
