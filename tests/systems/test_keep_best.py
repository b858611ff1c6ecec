"""A loop left early with the best weights, averages of them, and a second stage that goes on."""

import json
import os
import signal
from dataclasses import dataclass
from functools import partial

import pytest
import torch
from curves import curve
from torch import Tensor, nn
from torch.nn import functional

from brique import data
from brique.data import Batch
from brique.errors import Interrupted
from brique.game import Game, Player, linear
from brique.game.play import Play
from brique.run import Launch, Run, launched
from brique.tasks import accuracy
from resuming import Outcome, assert_equal, stopped


@dataclass(frozen=True, kw_only=True)
class Args:
    turns: int = 240
    second_turns: int = 240
    batch_size: int = 32
    lr: float = 1e-2
    seed: int = 0


def moons(n: int) -> data.Data:
    """Return points of two half circles that reach into each other."""
    generator = torch.Generator().manual_seed(0)
    label = torch.randint(2, (n,), generator=generator)
    angle = torch.pi * torch.rand(n, generator=generator)
    upper = torch.stack([angle.cos(), angle.sin()], dim=1)
    point = torch.where(label.unsqueeze(1) == 0, upper, torch.tensor([1.0, 0.5]) - upper)
    point = point + 0.2 * torch.randn(n, 2, generator=generator)
    return data.arrays(point=point, label=label, classes=["upper", "lower"])


def main(args: Args) -> dict[str, float]:
    run = Run.start(__file__, args)
    points = moons(1000)
    net = run.place(
        nn.Sequential(
            nn.Linear(2, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Dropout(0.2),
            nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 2),
        )
    )  # fmt: skip
    tilt = 0.05 * run.noise(1, 2, name="tilt")  # the same in every turn, before and after a stop

    def loss(batch: Batch) -> Tensor:
        noisy = batch.point + tilt + 0.05 * run.noise(len(batch), 2)
        return functional.cross_entropy(net(noisy), batch.label)

    adam = partial(torch.optim.Adam, lr=args.lr)
    game = Game(Player("classifier", net, loss, adam, average=0.99))
    stream = points.train.batches(args.batch_size, turns=args.turns, seed=args.seed)
    for turn in run.play(game, stream, name="search"):
        if turn.evaluate:
            score = accuracy(net, points.valid)
            run.log(turn, accuracy=score)
            run.keep_best(net, score)
            if run.stop_when_flat("accuracy", patience=3):
                break
    best_accuracy = accuracy(net, points.valid)
    averaged_accuracy = accuracy(game.averaged(net), points.valid)
    run.memory["best_accuracy"] = best_accuracy

    game = Game(Player("classifier", net, loss, adam, average=0.99, schedule=linear))
    stream = points.train.batches(args.batch_size, turns=args.second_turns, seed=args.seed + 1)
    for turn in run.play(game, stream, name="rest"):
        if turn.evaluate:
            run.log(
                turn,
                accuracy=accuracy(net, points.valid),
                gain=accuracy(net, points.valid) - run.memory["best_accuracy"],
            )

    return run.finish(
        net=net, average=game.averaged(net), best_accuracy=best_accuracy, averaged=averaged_accuracy,
        test_accuracy=accuracy(net, points.test),
    )  # fmt: skip


def interrupt(out, index: int, patch: pytest.MonkeyPatch) -> None:
    """Stop the run by one Ctrl-C, in a turn of its first stage."""
    pending, play_next = [index], Play.__next__

    def next_and_stop(play: Play):
        turn = play_next(play)
        if pending == [turn.index]:
            pending.clear()
            os.kill(os.getpid(), signal.SIGINT)
        return turn

    with patch.context() as inner, launched(Launch(out=out, quiet=True)):
        inner.setattr(Play, "__next__", next_and_stop)
        with pytest.raises(Interrupted):
            main(Args())


def last_turn(outcome: Outcome, stage: str) -> int:
    lines = [json.loads(line) for line in outcome.log.splitlines()]
    return max(line["turn"] for line in lines if f"{stage}/accuracy" in line)


def test_the_best_weights_are_kept_and_learn_on(uninterrupted):
    scores, losses = (
        curve(uninterrupted, "search/accuracy"),
        curve(uninterrupted, "rest/classifier"),
    )
    assert uninterrupted.numbers["best_accuracy"] == max(scores)
    assert last_turn(uninterrupted, "search") < Args().turns - 1, "the loop was left early"
    assert uninterrupted.numbers["test_accuracy"] > 0.9, "chance is 0.5"
    assert curve(uninterrupted, "search/classifier")[0] / losses[-1] > 2, losses


def test_it_stops_and_resumes_exactly(uninterrupted, tmp_path, monkeypatch):
    end = last_turn(uninterrupted, "search")
    stops = [0, end // 2, end - 1, 230, 239]  # the first three fall into the search
    resumed = stopped(main, Args(), tmp_path / "pieces", stops, monkeypatch)
    assert_equal(uninterrupted, resumed)


def test_a_stop_in_the_turn_that_leaves_the_loop(uninterrupted, tmp_path, monkeypatch):
    out = tmp_path / "run"
    interrupt(out, last_turn(uninterrupted, "search"), monkeypatch)
    with launched(Launch(out=out, quiet=True, resume=True)):
        numbers = main(Args())
    assert_equal(uninterrupted, Outcome.of(out, numbers))


def test_finish_ends_it_where_it_stands(uninterrupted, tmp_path, monkeypatch):
    out, index = tmp_path / "run", last_turn(uninterrupted, "search") - 1
    interrupt(out, index, monkeypatch)
    with launched(Launch(out=out, quiet=True, resume=True, finish=True)):
        numbers = main(Args())
    record = json.loads((out / "run.json").read_text())
    assert (record["state"], record["turns"]) == ("finished", index + 1)
    scores = curve(Outcome.of(out, numbers), "search/accuracy")
    assert scores == curve(uninterrupted, "search/accuracy")[: len(scores)]
    assert numbers["best_accuracy"] == max(scores)
    assert "rest/classifier" not in numbers
