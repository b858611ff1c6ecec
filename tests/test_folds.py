"""Training of folds, and of classes that are balanced."""

import json
import os
import shutil
import signal
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import brique
from brique import data, files
from brique.cli import main
from brique.errors import DataError, Interrupted, RunError, UsageError
from brique.game.play import Play
from brique.run import read_run
from brique.tasks import classify
from brique.tasks.classify import train as training
from brique.tasks.table import TASKS
from brique.workbench.folds import aggregate, interval


@pytest.fixture(scope="module")
def folded(tmp_path_factory):
    """Return the folder of a quick training of two folds."""
    torch.set_num_threads(1)
    return brique.train("digits", quick=True, folds=2, out=tmp_path_factory.mktemp("runs") / "cv")


def test_each_fold_is_a_run_of_its_own_and_all_are_told_together(folded):
    found = json.loads((folded / "folds.json").read_text())["result"]
    runs = [read_run(folded / f"fold-{number}") for number in (1, 2)]
    scores = [run.result["test"]["accuracy"] for run in runs]
    assert found["test"]["accuracy"] == pytest.approx(np.mean(scores))
    assert found["std"]["accuracy"] == pytest.approx(np.std(scores, ddof=1))
    assert found["examples"] == sum(run.result["examples"] for run in runs) == 1797
    assert found["folds"] == len(found["by_fold"]) == 2
    whole = data.open("digits")
    for number, run in enumerate(runs, 1):
        assert run.state == "finished"
        assert run.settings["options"] == {"fold": [number, 2]}
        (entry,) = run.json["data"]
        assert entry["fingerprint"] == whole.fold(number, 2).fingerprint
        assert entry["test_reads"] == 1
    report = (folded / "report.html").read_text()
    assert f"accuracy {np.mean(scores):.1%}, mean of 2 folds" in report
    assert 'href="fold-2/report.html"' in report


def test_a_fold_is_evaluated_on_its_own_test_part(folded):
    again = brique.evaluate(folded / "fold-2")
    assert again["test"] == read_run(folded / "fold-2").result["test"]
    assert again["notes"] == []


def test_what_is_missing_of_a_training_of_folds_is_made_up(folded, tmp_path, capsys):
    before = json.loads((folded / "folds.json").read_text())
    mine = shutil.copytree(folded, tmp_path / "cv")
    shutil.rmtree(mine / "fold-2")
    (mine / "report.html").unlink()
    kept = (mine / "fold-1" / "run.json").read_bytes()
    assert main(["resume", str(mine)]) == 0
    out = capsys.readouterr().out.splitlines()
    assert f"accuracy {before['result']['test']['accuracy']:.1%}, mean of" in out[0]
    rivals = [one["accuracy"] for one in before["result"]["baseline"].values()]
    is_behind = max(rivals) > before["result"]["test"]["accuracy"]
    assert out[0].startswith("Below a baseline on average: ") == is_behind
    assert out[1:] == [f"report: {mine / 'report.html'}", str(mine)]
    assert json.loads((mine / "folds.json").read_text()) == before
    assert (mine / "fold-1" / "run.json").read_bytes() == kept
    assert (mine / "report.html").is_file()
    assert main(["resume", str(mine), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["test"] == before["result"]["test"]


@pytest.fixture
def cut(folded, tmp_path, monkeypatch):
    """Return a copy of that training in which Ctrl-C stopped the second fold after 31 turns."""
    mine = shutil.copytree(folded, tmp_path / "cut")
    shutil.rmtree(mine / "fold-2")
    play_next = Play.__next__

    def next_and_stop(play):
        turn = play_next(play)
        if turn.index == 30:
            os.kill(os.getpid(), signal.SIGINT)
        return turn

    with monkeypatch.context() as patch, pytest.raises(Interrupted, match="stopped after turn 31"):
        patch.setattr(Play, "__next__", next_and_stop)
        brique.resume(mine)
    return mine


def test_folds_that_were_stopped_can_be_ended_there(cut, capsys):
    told = json.loads((cut / "folds.json").read_text())
    told["request"]["folds"] = 3  # of which one is not begun
    files.write_sealed(cut / "folds.json", told)
    capsys.readouterr()
    assert main(["resume", str(cut), "--finish"]) == 0
    out, err = capsys.readouterr()
    assert (
        f"brique: 2 of 3 folds are in the result; 'brique resume {cut}' trains the others.\n" in err
    )
    assert ", mean of 2 folds" in out
    runs = [read_run(cut / f"fold-{number}") for number in (1, 2)]
    assert [(run.state, run.turns) for run in runs] == [("finished", 100), ("finished", 31)]
    found = json.loads((cut / "folds.json").read_text())["result"]
    assert [one["accuracy"] for one in found["by_fold"]] == [
        run.result["test"]["accuracy"] for run in runs
    ]
    assert not (cut / "fold-3").exists()


def test_one_fold_alone_is_not_told_as_folds(cut):
    shutil.rmtree(cut / "fold-2")
    with pytest.raises(
        RunError,
        match="cut has started 1 of 2 folds, and a standard deviation needs two; go on without --finish, or finish"
        " that one alone with 'brique resume .*fold-1 --finish'",
    ):
        brique.resume(cut, finish=True)


def test_code_that_is_not_installed_goes_on_if_it_is_trusted(cut):
    source = cut / "fold-2" / "source.py"
    source.write_text(source.read_text() + "# another\n")
    record = json.loads((cut / "fold-2" / "run.json").read_text())
    record["source"]["sha256"] = files.sha256(source)
    files.write_sealed(cut / "fold-2" / "run.json", record)
    with pytest.raises(RunError, match="the code that .*fold-2 began with is not installed"):
        brique.resume(cut)
    assert brique.resume(cut, trust=True) == cut
    assert read_run(cut / "fold-2").turns == 100


def test_a_folder_of_other_folds_is_refused(folded, tmp_path):
    with pytest.raises(RunError, match="cv: holds the folds of another training; name another fol"):
        brique.train("digits", quick=True, folds=3, out=folded)
    (tmp_path / "cv").mkdir()
    (tmp_path / "cv" / "folds.json").write_text('{"format": 1, "request": {"folds": 2}}')
    with pytest.raises(RunError, match="folds.json: is not as brique writes it"):
        brique.resume(tmp_path / "cv")
    (tmp_path / "cv" / "folds.json").write_text("{")
    with pytest.raises(RunError, match="folds.json: is no JSON"):
        brique.resume(tmp_path / "cv")


def test_folds_that_cannot_be_are_refused_before_anything_is_written(tmp_path):
    with pytest.raises(DataError, match="digits: folds must be 2 to"):
        brique.train("digits", folds=1, out="cv")
    assert not (tmp_path / "cv").exists()


def test_the_interval_is_wider_than_that_of_independent_scores():
    low, high = interval([0.9, 0.92, 0.94, 0.9, 0.94])
    assert (low + high) / 2 == pytest.approx(0.92)
    assert high - low == pytest.approx(2 * 2.776445 * 0.02 * (1 / 5 + 1 / 4) ** 0.5)
    assert interval([1.0, 0.9])[1] == 1.0


def test_a_method_that_was_skipped_in_a_fold_has_no_mean():
    one = {"task": "classify", "examples": 4, "test": {"accuracy": 0.5},
           "baseline": {"a": {"accuracy": 1.0}, "b": {"accuracy": 0.0}}}  # fmt: skip
    other = {**one, "baseline": {"a": {"accuracy": 0.5}, "b": {"skipped": "too large"}}}
    assert aggregate([one, other])["baseline"] == {
        "a": {"accuracy": 0.75, "std": pytest.approx(0.5**0.5 / 2)}
    }


def test_a_score_that_a_fold_lacks_has_no_mean():
    one = {"task": "classify", "examples": 4, "test": {"accuracy": 0.5, "auc": 0.6},
           "baseline": {"a": {"accuracy": 1.0}}}  # fmt: skip
    other = {**one, "test": {"accuracy": 1.0, "auc": None}, "baseline": {"a": {"accuracy": None}}}
    found = aggregate([one, other])
    assert found["test"] == {"accuracy": 0.75}
    assert found["baseline"] == {}


def test_numbers_are_told_by_their_own_score(tmp_path):
    rows = [f"{x},{2 * x + x % 3}" for x in range(90)]
    table = tmp_path / "numbers.csv"
    table.write_text("\n".join(["x,y", *rows]))
    words = ["train", str(table), "--target", "y", "--folds", "2", "--epochs", "2", "--out", "cv"]
    assert main(words) == 0
    found = json.loads(Path("cv/folds.json").read_text())["result"]
    assert found["task"] == "regress"
    assert set(found["by_fold"][0]) == {"r2", "examples"}
    assert "linear" in found["baseline"]
    page = Path("cv/report.html").read_text()
    assert "standard deviation" in page
    assert "linear regression" in page
    assert (
        interval([-0.5, 0.9], TASKS["regress"].bounds["r2"])[0] < 0
    )  # what may lie below 0 is not cut there
    assert interval([0.9, 0.7, 0.95, 0.6], TASKS["classify"].bounds["log_loss"])[1] > 1


def lopsided():
    pixels = torch.randint(0, 256, (110, 1, 8, 8), dtype=torch.uint8)
    return data.arrays(image=pixels, label=[0] * 90 + [1] * 20, split=["train"] * 110)


def test_weights_make_all_classes_weigh_the_same():
    photos = lopsided()
    weights = classify.weights(photos.train)
    label = photos.train["label"]
    assert float(weights[label].mean()) == pytest.approx(1)
    assert float(weights[0] * 90) == pytest.approx(float(weights[1] * 20))
    scores = torch.randn(110, 2)
    costs = torch.nn.functional.cross_entropy(scores, label, reduction="none")
    assert float(classify.loss(scores, label, weights)) == pytest.approx(
        (float(costs[:90].mean()) + float(costs[90:].mean())) / 2, rel=1e-5
    )
    assert torch.equal(classify.loss(scores, label), costs.mean())
    with pytest.raises(DataError, match="weights: the split is empty; pass one with"):
        classify.weights(photos.test)


def test_balance_reaches_the_loss_and_the_stream():
    photos = lopsided()
    plain, sampler = (
        training.build_stream(training.Args(turns=3, batch_size=20, balance=how), photos)
        for how in ("weights", "sampler")
    )
    assert next(sampler).label.tolist().count(1) == 10
    assert next(plain).label.tolist().count(1) < 10
    torch.manual_seed(0)
    net = training.build(training.Args(width=4), photos.schema)
    batch = next(plain)
    losses = {}
    for how in ("none", "weights"):
        args = training.Args(turns=1, balance=how)
        game = training.build_game(args, net.train(), photos)
        net.eval()
        losses[how] = float(game.state.players[0].spec.loss(batch).detach())
    expected = classify.loss(net(batch.image), batch.label, classify.weights(photos.train))
    assert losses["weights"] == pytest.approx(float(expected.detach()), rel=1e-5)
    assert losses["weights"] != pytest.approx(losses["none"], rel=1e-3)


def test_a_balanced_training_is_told_in_its_settings(tmp_path):
    draw = np.random.default_rng(0)
    for name, count, low in (("rare", 9, 120), ("often", 60, 0)):
        (tmp_path / "pets" / name).mkdir(parents=True)
        for i in range(count):
            pixels = draw.integers(low, low + 136, (9, 9), np.uint8)
            Image.fromarray(pixels).save(tmp_path / "pets" / name / f"{i}.png")
    record = read_run(brique.train("pets", quick=True, balance="sampler", out="run"))
    assert record.settings["balance"] == "sampler"
    assert record.json["command"] == "brique train pets --balance sampler --out run --quick"
    with pytest.raises(UsageError, match="balance must be one of none, weights, sampler, not 'sam"):
        brique.train("pets", balance="sample")
