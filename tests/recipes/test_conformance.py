"""What every recipe must do, a line of the table each; a new recipe is in it from its first day.

The quick form of a recipe is run once and shared by its tests, which xdist keeps in one process.
"""

import ast
import inspect
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

import brique
from brique import catalog
from brique.cli import main
from brique.data import Ragged, worlds
from brique.model import Model, describe
from brique.recipes.attention.translate import Seq2Seq, search
from brique.recipes.recursive.treelstm import formulas
from brique.recipes.reinforcement.q_learning import GRID
from brique.run import read_run
from brique.schema import Schema
from resuming import Outcome, alone, assert_equal, stopped

Finished = Callable[[str], Outcome]
RECIPES = [entry.name for entry in catalog.entries()]
TRAINING = {f"train-{name}": path.read_text() for name, path in catalog.training_files().items()}
SOURCES = {entry.name: entry.path.read_text() for entry in catalog.entries()} | TRAINING
MECHANICS = {"detach", "zero_grad", "backward", "requires_grad_", "requires_grad", "step"}
BY_HAND = {"backprop"}  # whose subject the mechanics are

DAY = date.today().toordinal()
KILLED = [RECIPES[(2 * DAY + k) % len(RECIPES)] for k in range(2)]  # each day others


def table(names: list[str]) -> pytest.MarkDecorator:
    """Run a test for each of these recipes, in the process where the recipe's other tests run."""
    rows = [pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in names]
    return pytest.mark.parametrize("name", rows)


def quick(name: str):
    """Return the settings of a recipe's quick form."""
    module = catalog.load(name)
    return module.Args(**module.QUICK)


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """Return a function from a recipe to its finished quick run."""
    folder = tmp_path_factory.mktemp("quick")

    @cache
    def outcome(name: str) -> Outcome:
        return alone(catalog.load(name).main, quick(name), folder / name)

    return outcome


# As it is written


@pytest.mark.parametrize("name", SOURCES)
def test_it_is_short_an_island_and_leaves_mechanics_to_the_engine(name: str):
    tree = ast.parse(SOURCES[name])
    assert 60 <= len(SOURCES[name].splitlines()) <= 200
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    names |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    if name not in BY_HAND:
        assert names & MECHANICS == set()
    modules = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    modules |= {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    assert not {module for module in modules if module.startswith("brique.recipes")}


@pytest.mark.parametrize("name", SOURCES)
def test_it_says_what_its_readers_need_in_one_order(name: str):
    tree = ast.parse(SOURCES[name])
    lines = (ast.get_docstring(tree) or "").splitlines()
    starts = [line.split()[0] for line in lines if line[:1].isupper()][1:]
    assert starts == ["Paper", "Departs", "Run", "Reached"]
    parts = [
        ast.unparse(node.targets[0] if isinstance(node, ast.Assign) else node.target)
        if isinstance(node, ast.Assign | ast.AnnAssign)
        else getattr(node, "name", "")
        for node in tree.body
    ]
    wanted = ["EXPECT", "QUICK", "Args", "build", "main"]
    assert [part for part in parts if part in wanted] == wanted
    assert ast.unparse(tree.body[-1]) == "if __name__ == '__main__':\n    cli.main_with(Args, main)"
    assert [s.name for s in catalog.settings(SOURCES[name]) if not s.description] == []


@table(RECIPES)
def test_it_is_listed_shown_and_copied(name: str, capsys: pytest.CaptureFixture[str]):
    assert main(["list"]) == 0
    listed = [line.split()[1:3] for line in capsys.readouterr().out.splitlines()]
    assert [name, str(catalog.find(name).year)] in listed
    assert main(["show", name]) == 0
    shown = capsys.readouterr().out
    assert f"brique run {name}" in shown
    for data, figures in catalog.constant(SOURCES[name], "EXPECT").items():
        assert f"Expected results on {data}: {next(iter(figures))} " in shown
    assert main(["copy", name, "mine.py"]) == 0
    assert Path("mine.py").read_text() == SOURCES[name]


# As it runs


@table(RECIPES)
def test_its_quick_form_learns(name: str, finished: Finished):
    outcome, module = finished(name), catalog.load(name)
    rows = [json.loads(line) for line in outcome.log.splitlines()]
    first = next(key for key in rows[0] if key != "turn")  # the loss of the first player
    for number, goal in getattr(module, "LEARNS", {first: "falls"}).items():
        values = [row[number] for row in rows if number in row]
        tenth = max(1, len(values) // 10)
        before, after = sum(values[:tenth]) / tenth, sum(values[-tenth:]) / tenth
        assert after <= 0.8 * before if goal == "falls" else after >= 1.2 * before, number


@table(RECIPES)
def test_its_figures_are_among_its_numbers_and_test_was_read_once(name: str, finished: Finished):
    outcome, expect = finished(name), catalog.load(name).EXPECT
    data = getattr(quick(name), "data", "generated")
    assert set(expect.get(data, {})) <= set(outcome.numbers)
    reads = [entry["test_reads"] for entry in read_run(outcome.folder).json["data"]]
    assert reads == [1] * len(reads)
    assert bool(reads) or not hasattr(quick(name), "data")


@table(RECIPES)
def test_its_nets_are_built_from_settings_and_schema_alone(
    name: str, finished: Finished, monkeypatch: pytest.MonkeyPatch
):
    module, (folder, model) = catalog.load(name), describe(finished(name).folder)
    monkeypatch.setattr("brique.data.opening.open", None)
    monkeypatch.setattr("brique.data.open", None)
    assert list(inspect.signature(module.build).parameters) == ["args", "schema"]
    schema = None if model["schema"] is None else Schema.from_json(model["schema"])
    nets = module.build(quick(name), schema)
    nets = nets if isinstance(nets, dict) else {"net": nets}
    for saved, entry in model["nets"].items():
        built = nets[entry["pick"] or saved].state_dict()
        kept = load_file(folder / entry["file"])
        assert {k: v.shape for k, v in built.items()} == {k: v.shape for k, v in kept.items()}
        assert {value.device.type for value in built.values()} == {"cpu"}


def sentences(model: Model) -> None:
    text = next(worlds.grammar(10).test.batches(2)).en
    assert isinstance(model.net, Seq2Seq)
    assert len(search(model.net, text)) == 2


def trees(model: Model) -> None:
    tree = formulas(10).train["tree"]
    assert isinstance(tree, Ragged)
    assert model.net(tree).isfinite().all()
    assert len(model.net(tree)) == len(tree.values)


def positions(model: Model) -> None:
    (w,) = model.net.parameters()
    assert w.isfinite().all()


def states(model: Model) -> None:
    for part in ("q_table", "q_network"):
        assert model.nets[part](torch.arange(len(GRID))).shape == (len(GRID), 4)


ANSWERS = {"translate": sentences, "treelstm": trees, "descent": positions, "q_learning": states}
"""Checks of nets whose model file holds none, as their inputs are no plain batches."""


@table(RECIPES)
def test_its_model_loads_and_answers(name: str, finished: Finished):
    folder = finished(name).folder
    model, entries = brique.load(folder), describe(folder)[1]["nets"]
    assert set(model.nets) == set(entries)
    unchecked = {part for part in entries if entries[part]["check"] is None}
    if name in ANSWERS:
        ANSWERS[name](model)
    elif unchecked:  # nets of which the game asks a part only
        assert model.schema is not None
        pictures = torch.rand(2, *model.schema["image"].shape)
        assert all(model.nets[part](pictures).isfinite().all() for part in unchecked)
    for part in entries.keys() - unchecked:
        inputs = entries[part]["check"]["inputs"]
        for kind in (torch.zeros, torch.ones):
            asked = [kind(e["shape"], dtype=getattr(torch, e["dtype"])) for e in inputs]
            output = model.nets[part](*asked)
            assert output.numel() > 0
            assert output.isfinite().all()
    if model.task == "classify":
        assert model.schema is not None
        _, height, width = model.schema["image"].shape
        prediction: Any = model.predict([Image.new("L", (width, height))])[0]
        assert prediction.answer in model.schema["label"].names


@table(RECIPES)
def test_a_copy_stopped_on_the_way_ends_in_equal_numbers(
    name: str, finished: Finished, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    whole = finished(name)
    turns = read_run(whole.folder).turns
    stops = sorted(random.Random(f"{name} {DAY}").sample(range(1, turns), 2))
    main(["copy", name, str(tmp_path / "mine.py")])
    mine = catalog.execute(tmp_path / "mine.py")
    args = mine.Args(**mine.QUICK)
    pieces = stopped(mine.main, args, tmp_path / "pieces", stops, monkeypatch, in_all=True)
    assert_equal(whole, pieces)


def run(*words: str) -> None:
    done = subprocess.run([sys.executable, *words], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def kill_and_resume(name: str, whole: Outcome, out: Path) -> None:
    """Kill a quick run once it has logged some of its rows; resume it; compare."""
    rows = random.Random(f"{name} {DAY}").randint(1, len(whole.log.splitlines()) // 2)
    command = [sys.executable, "-m", "brique", "run", name, "--quick", "--out", str(out)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    log, limit = out / "log.jsonl", time.monotonic() + 300
    while process.poll() is None and time.monotonic() < limit:
        if log.exists() and log.read_bytes().count(b"\n") >= rows:
            process.send_signal(signal.SIGKILL)
            break
        time.sleep(0.002)
    assert process.wait() == -signal.SIGKILL
    assert read_run(out).state == "running"
    run("-m", "brique", "resume", str(out))
    assert_equal(whole, Outcome.of(out, read_run(out).numbers))


@table(KILLED)
def test_killed_and_resumed_it_ends_in_equal_numbers(
    name: str, finished: Finished, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    kill_and_resume(name, finished(name), tmp_path / "killed")


@pytest.mark.slow
@table(RECIPES)
def test_as_a_command_it_is_killed_resumed_and_run_from_a_copy(
    name: str, finished: Finished, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    kill_and_resume(name, finished(name), tmp_path / "killed")
    main(["copy", name, "mine.py"])
    run("mine.py", "--quick", "--out", "copied")
    assert_equal(finished(name), Outcome.of(Path("copied"), read_run("copied").numbers))


# With data that are not for it

WITH_DATA = [n for n in RECIPES if any(s.name == "data" for s in catalog.settings(SOURCES[n]))]
BUILT_IN = {n: ast.literal_eval(catalog.settings(SOURCES[n])[0].default or "") for n in WITH_DATA}


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """Run a recipe that must be refused in one line before anything is written; return the line."""
    capsys.readouterr()
    before = set(os.listdir())
    assert main(["run", *words, "--quick"]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n"), set(os.listdir())) == ("", 1, before)
    return err


@table(WITH_DATA)
def test_other_data_are_answered_with_what_it_needs_and_what_came(
    name: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
):
    rows = [f"{k},{k % 3},{'ab'[k % 2]}" for k in range(60)]
    (tmp_path / "wine.csv").write_text("\n".join(["age,sweetness,cellar", *rows]))
    said = refused(capsys, name, "--data", "wine.csv")
    assert said.startswith("brique: wine.csv: expected the fields ")
    assert ", got age (number), sweetness (" in said
    assert f"leave --data out for '{BUILT_IN[name]}', built in" in said
    if BUILT_IN[name] != "digits":
        assert ", got image (picture), label (category); " in refused(
            capsys, name, "--data", "digits"
        )


@table(WITH_DATA)
@pytest.mark.parametrize("shelf", ["", "shelf"])
def test_data_that_are_missing_are_named_with_the_place_and_a_stand_in(
    name: str,
    shelf: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    (tmp_path / "shelf").mkdir()
    monkeypatch.setenv("BRIQUE_DATA", shelf)
    said = refused(capsys, name, "--data", "multi30k")
    assert "no 'multi30k'" in said
    assert f"in BRIQUE_DATA ({shelf})" in said if shelf else "as BRIQUE_DATA is not set" in said
    assert f"leave --data out for '{BUILT_IN[name]}', built in" in said
