"""A run that ends in any phase, by an error or a kill, goes on to what one never stopped leaves."""

import copy
import json
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
import torch
from torch import nn

from brique import files
from brique.errors import RunError
from brique.game import Game, Player
from brique.run import Launch, Run, launched
from brique.run.checkpoints import fitting
from brique.run.nets import Nets
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


def test_what_nets_are_fed_first_outlives_a_resume() -> None:
    nets, net = Nets(), nn.Conv1d(1, 1, 1)
    nets.add(net, None)
    twin = copy.deepcopy(net)
    twin(torch.zeros(1, 1, 9))
    assert nets.inputs(net) is None  # what its copy is fed does not count
    assert nets.state()["inputs"] == {}
    net(torch.zeros(5, 1, 3))
    value, tensors = files.pack(nets.state())
    state = files.unpack(json.loads(json.dumps(value)), tensors)
    resumed = Nets()
    resumed.add(twin, None)
    resumed.restore(state)
    twin(torch.zeros(5, 1, 7))
    assert resumed.inputs(twin) == nets.inputs(net) == [((2, 1, 3), torch.float32)]
    state["inputs"] = {0: [([2], "load")]}
    with pytest.raises(RunError, match="load is no type of tensors"), fitting(Path("r")):
        resumed.restore(state)
    del state["inputs"]  # of an older version
    resumed.restore(state)
