"""The search for settings: what it tries, that it never reads test, that it goes on where it was."""

import json
from dataclasses import replace
from types import SimpleNamespace
from typing import ClassVar

import numpy as np
import pytest

import brique
from brique import data
from brique.cli import main
from brique.errors import DataError, Interrupted, ModelError, PlayError, RunError, UsageError
from brique.page.tuning import compose
from brique.run import read_run
from brique.tasks.table import TASKS
from brique.workbench import tune as room
from brique.workbench import tune_parameters


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    draw = np.random.default_rng(0)
    rows = [f"{a:.3f},{b:.3f},{'yn'[int(a * b > 0)]}" for a, b in draw.normal(size=(200, 2))]
    file = tmp_path_factory.mktemp("tune") / "table.csv"
    file.write_text("\n".join(["a,b,same", *rows]))
    return file


def short(task):
    """Return a task whose plan is short."""

    def plan(opened, wishes):
        return task.plan(opened, wishes) | {"turns": 40, "width": 16, "average": 0.8}

    return replace(task, plan=plan)


@pytest.fixture(autouse=True)
def _short(monkeypatch):
    monkeypatch.setitem(TASKS, "classify", short(TASKS["classify"]))


@pytest.fixture(scope="module")
def searched(table):
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(TASKS, "classify", short(TASKS["classify"]))
        out = table.parent / "search"
        words = ["tune", str(table), "--trials", "6", "--minutes", "2", "--out", str(out)]
        assert main(words) == 0
    return out


def test_the_first_trial_is_the_plan_and_the_last_run_is_judged(searched, table):
    found = json.loads((searched / "tune.json").read_text())["result"]
    assert [one["number"] for one in found["trials"]] == list(range(6))
    first, final = read_run(searched / "trial-000"), read_run(searched / "final")
    assert first.settings["turns"] == 40
    assert first.settings["width"] == 16
    assert first.settings["options"] == {"selection": 0}
    assert final.settings["options"] == {}
    assert found["test"] == final.result["test"]
    assert found["final"] == "final"
    compared, chosen = found["comparison"], str(found["chosen"])
    best = max(found["trials"], key=lambda one: one["score"])["number"]
    is_better = best and all(a > b for a, b in zip(compared[str(best)], compared["0"], strict=True))
    assert chosen == (str(best) if is_better else "0")
    opened = data.open(table)
    assert first.result["examples"] == len(opened.valid)
    assert final.result["examples"] == len(opened.test)


def test_only_what_these_data_have_is_searched(searched):
    (first, *_) = json.loads((searched / "tune.json").read_text())["result"]["trials"]
    assert [*first["settings"]] == [
        "lr x", "weight_decay x", "dropout", "smoothing", "width x", "batch_size x"
    ]  # fmt: skip


def test_no_trial_sees_an_example_of_test(table):
    whole, rest = data.open(table), data.open(table, selection=0)
    assert rest.test.ids.tolist() == whole.valid.ids.tolist()
    inside = {*rest.train.ids.tolist(), *rest.valid.ids.tolist()}
    assert inside == set(whole.train.ids.tolist())
    assert len(rest.valid) == pytest.approx(len(whole.train) / 10, abs=8)
    assert rest.fingerprint != whole.fingerprint


def test_what_was_best_is_seen_again_on_other_examples_but_none_of_test(table):
    whole, first = data.open(table), data.open(table, selection=0)
    drawn = [data.open(table, selection=number) for number in (1, 2)]
    out = set(whole.test.ids.tolist())
    held = [set(one.test.ids.tolist()) for one in (first, *drawn)]
    for one, these in zip(drawn, held[1:], strict=True):
        seen = {*one.train.ids.tolist(), *one.valid.ids.tolist()}
        assert not (seen | these) & out
        assert not seen & these
        assert len(seen | these) == len(whole.train) + len(whole.valid)
        assert len(one.test) == pytest.approx(len(first.test), abs=6)
    assert held[0] != held[1] != held[2] != held[0]
    again = data.open(table, selection=1)
    assert again.fingerprint == drawn[0].fingerprint != first.fingerprint


def test_of_series_in_time_the_last_of_train_takes_the_place_of_valid():
    moments = np.arange(100.0)
    opened = data.arrays(x=np.random.rand(100, 2), y=np.random.rand(100), target="y", time=moments)
    rest = opened.for_selection()
    assert rest.train.ids.max() < rest.valid.ids.min() <= rest.valid.ids.max() < rest.test.ids.min()
    assert rest.test.ids.tolist() == opened.valid.ids.tolist()


def test_data_without_a_valid_part_cannot_be_searched():
    few = data.arrays(x=np.random.rand(3, 2), label=[0, 1, 0], split=["train", "train", "test"])
    with pytest.raises(DataError, match="has 0 examples to select settings on and 2 to learn from"):
        few.for_selection()


def test_the_page_of_a_trial_does_not_speak_of_test(searched):
    trial = (searched / "trial-000" / "report.html").read_text()
    assert "test here is a validation split" in trial
    assert "were used neither for training" not in trial
    assert "were used neither for training" in (searched / "final" / "report.html").read_text()


def test_its_page_shows_the_importance_of_settings(searched):
    page = (searched / "report.html").read_text()
    assert "trial 0, the plan" in page
    assert ">Importance</h2>" in page
    assert "6 trials, best first" in page
    assert 'href="final/report.html"' in page
    assert (searched / "final/report.html").is_file()


@pytest.mark.parametrize(
    ("chosen", "compared", "says"),
    [
        (2, {"0": [0.5] * 3, "2": [0.6] * 3}, "Trial 2 beats the plan in every repetition"),
        (0, {"0": [0.5] * 3, "2": [0.4] * 3}, "The plan is kept: the best trial does not beat it"),
        (0, {"0": [0.5]}, "The plan is kept: no trial was better"),
    ],
)
def test_its_title_says_what_was_compared(chosen, compared, says):
    trials = [{"number": number, "score": 0.5, "settings": {}} for number in (0, 2)]
    found = {"score": "r2", "trials": trials, "comparison": compared, "chosen": chosen,
             "importance": {}, "final": "final", "test": {"r2": 0.5}}  # fmt: skip
    assert says in compose("brique tune t.csv", found)


def test_a_search_that_was_stopped_goes_on_with_its_trial(table, tmp_path, monkeypatch, capsys):
    train, count = room.train_prepared, []

    def stop(order, made, folder):
        count.append(folder)
        if len(count) == 3:
            from brique.game.play import Play

            begin = Play.__next__

            def next_and_stop(play):
                turn = begin(play)
                if turn.index == 9:
                    import os
                    import signal

                    os.kill(os.getpid(), signal.SIGINT)
                return turn

            with monkeypatch.context() as patch:
                patch.setattr(Play, "__next__", next_and_stop)
                return train(order, made, folder)
        return train(order, made, folder)

    monkeypatch.setattr(room, "train_prepared", stop)
    with pytest.raises(
        Interrupted, match=r"stopped after turn \d+; go on with: brique resume \S*/search$"
    ):
        brique.tune(table, trials=7, minutes=2, out=tmp_path / "search")
    assert read_run(tmp_path / "search/trial-002").state == "stopped"
    capsys.readouterr()
    assert main(["resume", str(tmp_path / "search")]) == 0  # as what was said told to
    assert capsys.readouterr().out.splitlines()[-1] == str(tmp_path / "search/final")
    found = json.loads((tmp_path / "search/tune.json").read_text())["result"]
    assert len(found["trials"]) == 7
    runs = sorted((tmp_path / "search").glob("trial-*"))
    assert [read_run(path).state for path in runs] == ["finished"] * 7
    monkeypatch.setattr(room, "train_prepared", train)
    brique.tune(table, trials=7, minutes=2, out=tmp_path / "whole")
    whole = json.loads((tmp_path / "whole/tune.json").read_text())["result"]
    assert found["trials"] == whole["trials"]  # also those that depend on others before
    assert found["comparison"] == whole["comparison"]
    assert found["test"] == whole["test"]
    assert brique.resume(tmp_path / "search") == tmp_path / "search/final"  # there is no more to do
    with pytest.raises(UsageError, match="--finish ends one training, and .* holds a search"):
        brique.resume(tmp_path / "search", finish=True)
    with pytest.raises(RunError, match="holds the runs of a search; name what it chose, .*final"):
        read_run(tmp_path / "search")
    with pytest.raises(ModelError, match="holds the runs of a search; name what it chose, .*final"):
        brique.load(tmp_path / "search")


def test_time_is_kept_for_seeing_again_whether_the_best_beats_the_plan(monkeypatch):
    spent = {0: 10.0, 1: 40.0, 2: 10.0}
    monkeypatch.setattr(room._Search, "_seconds_by_trial", lambda self: spent)
    search, state = room._Search.__new__(room._Search), SimpleNamespace(name="COMPLETE")

    def needed(*scores):
        trials = [
            SimpleNamespace(number=number, value=score, state=state)
            for number, score in enumerate(scores)
        ]
        return search._seconds_needed(SimpleNamespace(trials=trials))

    assert needed(0.1, 0.2, 0.0) == 20 + 2 * (10 + 40)
    assert needed(0.3, 0.2, 0.0) == 20 + 2 * (10 + 20)  # the next may be better, and usual
    spent.clear()
    assert needed(0.3) == 0


def test_what_is_asked_must_be_one_search_in_some_minutes(searched, table, monkeypatch):
    with pytest.raises(UsageError, match="tune: minutes must be above 0 and finite, not 0"):
        brique.tune(table, minutes=0)
    with pytest.raises(RunError, match="holds another search; name another folder with --out"):
        brique.tune(table, minutes=3, out=searched)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(DataError, match=r"needs the package optuna; install 'brique\[tune\]'"):
        brique.tune(table)


def test_a_trial_that_breaks_off_is_none_and_the_search_goes_on(table, tmp_path, monkeypatch):
    train = room.train_prepared

    def diverge(order, made, folder):
        if folder.name == "trial-001":
            raise PlayError("game: the loss of reader is not finite")
        return train(order, made, folder)

    monkeypatch.setattr(room, "train_prepared", diverge)
    brique.tune(table, trials=4, minutes=2, out=tmp_path / "odd")
    found = json.loads((tmp_path / "odd" / "tune.json").read_text())["result"]
    assert [one["number"] for one in found["trials"]] == [0, 2, 3]
    settings = {one["number"]: one["settings"] for one in found["trials"]}
    assert found["settings"] == settings[found["chosen"]]
    monkeypatch.setattr(room, "train_prepared", lambda *_: (_ for _ in ()).throw(PlayError("no")))
    with pytest.raises(RunError, match="none of 2 trials ended, as their losses were not finite"):
        brique.tune(table, trials=2, minutes=2, out=tmp_path / "none")


@pytest.mark.parametrize("is_luck", [True, False])
def test_the_best_is_compared_by_scores_that_it_was_not_chosen_by(
    table, tmp_path, monkeypatch, is_luck
):
    asked = []

    def scored(self, name, params, seed, *more):
        asked.append((name, seed, *more))
        if name.startswith("trial"):
            return 1.0 if name == "trial-002" else 0.5
        if name.startswith("again-0"):
            return 0.5
        return ([0.6, 0.4] if is_luck else [0.6, 0.7, 0.6])[int(name[-1])]

    monkeypatch.setattr(room._Search, "_trial_score", scored)
    brique.tune(table, trials=4, minutes=2, out=tmp_path / "lucky")
    found = json.loads((tmp_path / "lucky" / "tune.json").read_text())["result"]
    assert found["chosen"] == (0 if is_luck else 2)
    again = [0.6, 0.4] if is_luck else [0.6, 0.7, 0.6]  # one time worse is not better
    assert found["comparison"] == {"0": [0.5] * len(again), "2": again}
    assert asked[4:] == [
        (f"again-{number}-{turn}", 10_000 + turn, turn + 1)
        for turn in range(2 if is_luck else 3)
        for number in (0, 2)
    ]


def test_settings_of_the_plan_that_lie_beyond_the_search_are_tried_first():
    plan = {"dropout": 0.7, "smoothing": 0.0}
    assert tune_parameters.plan_params(plan)["dropout"] == 0.7

    class Asked:
        params: ClassVar = {}

        def suggest_float(self, name, low, high, **_):
            self.params[name] = (low, high)

    assert tune_parameters.suggest(Asked(), plan)["dropout"] == (0.0, 0.7)


def test_no_trials_are_refused(table):
    with pytest.raises(UsageError, match="trials must be 1 or more, not 0"):
        brique.tune(table, trials=0)
