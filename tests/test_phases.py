"""A run that ends in any phase, by an error or a kill, goes on to what one never stopped leaves."""

import copy
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from torch import nn

import brique.page
import killing
from brique import data, files
from brique.errors import Interrupted, RunError
from brique.game import Game, Player
from brique.page import write
from brique.run import Launch, Record, Run, launched, outcome, read_run
from brique.run.checkpoints import mismatch_as_run_error
from brique.run.claim import lock_folder, reopen
from brique.run.nets import PlacedNets
from brique.run.storage import Storage
from brique.workbench.resume import resume
from brique.workbench.train import train
from resuming import alone


@dataclass(frozen=True, kw_only=True)
class Args:
    """Settings of `rivals`."""

    seed: int = 0


def rivals(args: Args) -> dict[str, float]:
    """Play a critic against a generator; after the turns nothing calls the critic again."""
    run = Run.start(__file__, args)
    nets = run.place({"generator": nn.Linear(3, 2), "critic": nn.Linear(2, 1)})
    generator, critic = nets["generator"], nets["critic"]
    sgd = partial(torch.optim.SGD, lr=0.1)

    def d_loss(batch: torch.Tensor) -> torch.Tensor:
        return critic(generator(run.noise(len(batch), 3))).mean() - critic(batch).mean()

    def g_loss(batch: torch.Tensor) -> torch.Tensor:
        return -critic(generator(run.noise(len(batch), 3))).mean()

    game = Game(Player("critic", critic, d_loss, sgd), Player("generator", generator, g_loss, sgd))
    for _ in run.play(game, [torch.rand(4, 2)] * 3):
        pass
    spread = generator(run.noise(9, 3, name="judged")).std()
    return run.finish(task="generate", spread=spread, generator=generator, critic=critic)


def test_a_run_that_ended_after_its_turns_keeps_the_checks_of_its_nets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone(rivals, Args(), tmp_path / "whole")
    with monkeypatch.context() as patch, launched(Launch(out=tmp_path / "r", quiet=True)):
        patch.setattr(Run, "finish", None)
        with pytest.raises(TypeError):
            rivals(Args())
    with launched(Launch(out=tmp_path / "r", quiet=True, resume=True)):
        rivals(Args())
    whole, resumed = (json.loads((tmp_path / name / "model/model.json").read_text())["nets"]
                      for name in ("whole", "r"))  # fmt: skip
    assert all(net["check"]["inputs"] for net in whole.values())
    assert whole == resumed


def left_early(args: Args) -> dict[str, float]:
    """Leave the loop by break, which ends the stage at `finish`, after test was read."""
    run = Run.start(__file__, args)
    digits = data.open("digits")
    net = run.place(nn.Linear(1, 1))
    sgd = partial(torch.optim.SGD, lr=0.1)
    game = Game(Player("p", net, lambda _: net(torch.ones(2, 1)).pow(2).mean(), sgd))
    for _ in run.play(game, digits.train.batches(2, turns=3)):
        break
    next(iter(digits.test.batches(10)))
    return run.finish(task="none", x=1.0, net=net)


def test_test_is_counted_once_where_the_run_ended_after_it_was_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch, launched(Launch(out=tmp_path, quiet=True)):
        patch.setattr(outcome.FinalModel, "save", None)
        with pytest.raises(TypeError):
            left_early(Args())
    assert [one["test_reads"] for one in read_run(tmp_path).json["data"]] == [1]
    with launched(Launch(out=tmp_path, quiet=True, resume=True)):
        left_early(Args())
    assert [one["test_reads"] for one in read_run(tmp_path).json["data"]] == [1]


def test_results_of_turns_outlive_a_kill(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def play(*, is_resumed: bool) -> None:
        with launched(Launch(out=tmp_path / "run", quiet=True, resume=is_resumed)):
            run = Run.start(__file__, Args())
            net = run.place(nn.Linear(1, 1))
            sgd = partial(torch.optim.SGD, lr=0.1)
            game = Game(Player("p", net, lambda x: net(x).pow(2).mean(), sgd))
            for turn in run.play(game, [torch.ones(2, 1)] * 3):
                run.result(**{f"turn {turn.index}": turn.index})
            run.result(end={"score": 1.5})
            run.finish(x=1.0)

    with monkeypatch.context() as patch:
        patch.setattr(Storage, "write_json", None)  # right after the checkpoint of the stage
        with pytest.raises(TypeError):
            play(is_resumed=False)
    play(is_resumed=True)
    expected = {"turn 0": 0, "turn 1": 1, "turn 2": 2, "end": {"score": 1.5}}
    assert read_run(tmp_path / "run").result == expected


def test_what_nets_are_fed_first_outlives_a_resume() -> None:
    nets, net = PlacedNets(), nn.Conv1d(1, 1, 1)
    nets.add(net, None)
    twin = copy.deepcopy(net)
    twin(torch.zeros(1, 1, 9))
    assert nets.inputs(net) is None  # what its copy is fed does not count
    assert nets.state()["inputs"] == {}
    net(torch.zeros(5, 1, 3))
    value, tensors = files.pack(nets.state())
    state = files.unpack(json.loads(json.dumps(value)), tensors)
    resumed = PlacedNets()
    resumed.add(twin, None)
    resumed.restore(state)
    twin(torch.zeros(5, 1, 7))
    assert resumed.inputs(twin) == nets.inputs(net) == [((2, 1, 3), torch.float32)]
    state["inputs"] = {0: [([2], "load")]}
    with (
        pytest.raises(RunError, match="load is not a tensor type"),
        mismatch_as_run_error(Path("r")),
    ):
        resumed.restore(state)


def rest(folder: Path, name: str) -> Path:
    """Leave what a write by another process, which was killed, would."""
    part = folder / f".{name}.17.part"
    part.mkdir()
    (part / "half").write_text("{")
    return part


def test_rests_of_a_finished_run_go_when_it_is_resumed(tmp_path: Path) -> None:
    run = tmp_path / "run"
    alone(rivals, Args(), run)
    left = [rest(run, "report.html"), rest(run / "model", "model.json"), rest(run, "run.json")]
    own = [run / ".notes.part", run / ".old"]  # of the user
    for path in own:
        path.write_text("")
    with lock_folder(run), pytest.raises(RunError, match="another process works on this run"):
        resume(run)
    assert all(path.exists() for path in left)
    resume(run)
    assert not any(path.exists() for path in left)
    assert all(path.exists() for path in own)


def test_rests_within_another_run_are_left_to_it(tmp_path: Path) -> None:
    (tmp_path / "fold-1").mkdir()
    outer, inner = rest(tmp_path, "folds.json"), rest(tmp_path / "fold-1", "run.json")
    with lock_folder(tmp_path / "fold-1"), reopen(tmp_path):
        assert (outer.exists(), inner.exists()) == (False, True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "remove_leftovers", None)
        with pytest.raises(TypeError):
            reopen(tmp_path)
    lock_folder(tmp_path).release()  # it is free again


def test_a_report_that_was_not_written_is_written_with_pictures_from_any_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for label, light in ("dark", 40), ("bright", 200):
        (tmp_path / "photos" / label).mkdir(parents=True)
        for number in range(20):
            shades = (light + torch.arange(64).reshape(8, 8) % (7 + number)).byte()
            Image.fromarray(shades.numpy()).save(tmp_path / "photos" / label / f"{number}.png")
    monkeypatch.chdir(tmp_path)
    run, written = tmp_path / "run", list[bytes]()

    def killed(record: Record, *given: Any) -> None:
        written.append(write(record, *given).read_bytes())
        (run / "report.html").rename(rest(run, "report.html") / "half.html")
        with pytest.raises(RunError, match="another process works on this run"):
            resume(run)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(brique.page, "write", killed)
        with pytest.raises(Interrupted, match="brique resume"):
            train("photos", quick=True, device="cpu", out=run)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    resume(run)
    assert files.leftovers(run) == []
    assert (run / "report.html").read_bytes() == written[0]
    assert written[0].count(b"<img") > 5


def test_two_kills_of_the_day_outside_the_turns(tmp_path: Path) -> None:
    day = date.today().toordinal()
    words = ["train", str(killing.small(tmp_path)), "--epochs", "1", "--device", "cpu"]
    command = [sys.executable, str(Path(killing.__file__)), str(tmp_path), str(day), "2", *words]
    done = subprocess.run(
        command, capture_output=True, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"}
    )
    assert done.returncode == 0, f"seed {day}: {done.stdout}{done.stderr}"
    assert done.stdout.count("equal") == 2
