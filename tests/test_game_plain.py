"""One player is the plain torch loop, bit for bit."""

from functools import partial

import pytest
import torch
from torch import nn

from brique.game import Game, Player, cosine, warmup

TURNS = 200


def small_net():
    torch.manual_seed(1)
    return nn.Sequential(nn.Linear(5, 8), nn.BatchNorm1d(8), nn.Tanh(), nn.Linear(8, 1))


def problem():
    torch.manual_seed(0)
    x = torch.randn(TURNS, 16, 5)
    return x, torch.sin(x.sum(2, keepdim=True))


def plain_loop(make, schedule=None, clip=None):
    x, y = problem()
    net = small_net()
    optimizer = make(net.parameters())
    rate = optimizer.param_groups[0]["lr"]
    losses = []
    for i in range(TURNS):
        if schedule:
            optimizer.param_groups[0]["lr"] = rate * schedule(i / TURNS)

        def closure(i=i):
            optimizer.zero_grad()
            loss = ((net(x[i]) - y[i]) ** 2).mean()
            loss.backward()
            return loss

        if isinstance(optimizer, torch.optim.LBFGS):
            losses.append(optimizer.step(closure).item())
        else:
            losses.append(closure().item())
            if clip:
                nn.utils.clip_grad_norm_(net.parameters(), clip)
            optimizer.step()
    return net, losses


CASES = {
    "sgd": (partial(torch.optim.SGD, lr=0.1), None, None),
    "momentum": (partial(torch.optim.SGD, lr=0.1, momentum=0.9), None, None),
    "adam": (partial(torch.optim.Adam, lr=0.01), None, None),
    "adamw, schedule, clip": (partial(torch.optim.AdamW, lr=0.01), cosine, 0.5),
    "adamw, warmup": (partial(torch.optim.AdamW, lr=0.01), warmup(0.1), None),
    "lbfgs": (partial(torch.optim.LBFGS, lr=0.5, max_iter=4), None, None),
    "lbfgs, schedule": (partial(torch.optim.LBFGS, lr=0.5, max_iter=4), cosine, None),
}


@pytest.mark.parametrize("case", CASES)
def test_one_player_equals_the_plain_loop(case):
    make, schedule, clip = CASES[case]
    expected, losses = plain_loop(make, schedule, clip)
    x, y = problem()
    net = small_net()
    game = Game(
        Player(
            "p", net, lambda i: ((net(x[i]) - y[i]) ** 2).mean(), make, schedule=schedule, clip=clip
        )
    )
    assert [turn.losses["p"].item() for turn in game.play(range(TURNS))] == losses
    for own, other in zip(net.state_dict().values(), expected.state_dict().values(), strict=True):
        assert torch.equal(own, other)


def test_sum_and_count_equals_the_mean():
    x, y = problem()
    nets = small_net(), small_net()

    def mean(i):
        return ((nets[0](x[i]) - y[i]) ** 2).mean()

    def parts(i):
        errors = (nets[1](x[i]) - y[i]) ** 2
        return errors.sum(), torch.tensor(errors.numel())

    adam = partial(torch.optim.Adam, lr=0.01)
    games = [
        Game(Player("p", net, loss, adam)) for net, loss in zip(nets, (mean, parts), strict=True)
    ]
    lines = [[t.losses["p"].item() for t in game.play(range(50))] for game in games]
    assert lines[0] == pytest.approx(lines[1], rel=1e-5)


def test_two_optimizers_move_one_player():
    x, y = problem()
    net, expected = small_net(), small_net()

    def both(named):
        named = dict(named)
        first = [p for name, p in named.items() if name.startswith("0.")]
        rest = [p for name, p in named.items() if not name.startswith("0.")]
        return [torch.optim.SGD(first, lr=0.1), torch.optim.Adam(rest, lr=0.01)]

    optimizers = both(expected.named_parameters())
    for i in range(20):
        for optimizer in optimizers:
            optimizer.zero_grad()
        ((expected(x[i]) - y[i]) ** 2).mean().backward()
        for optimizer in optimizers:
            optimizer.step()
    for _ in Game(Player("p", net, lambda i: ((net(x[i]) - y[i]) ** 2).mean(), both)).play(
        range(20)
    ):
        pass
    for own, other in zip(net.parameters(), expected.parameters(), strict=True):
        assert torch.equal(own, other)


def test_average_follows_from_the_first_weights():
    x, y = problem()
    net = small_net()
    adam = partial(torch.optim.Adam, lr=0.01)
    game = Game(Player("p", net, lambda i: ((net(x[i]) - y[i]) ** 2).mean(), adam, average=0.9))
    expected = [p.detach().clone() for p in net.parameters()]
    for _ in game.play(range(30)):
        expected = [
            a.lerp(p.detach(), 1 - 0.9) for a, p in zip(expected, net.parameters(), strict=True)
        ]
    twin = game.averaged(net)
    assert twin is not net
    for own, other in zip(twin.parameters(), expected, strict=True):
        torch.testing.assert_close(own, other, rtol=1e-6, atol=1e-7)
    assert torch.equal(twin[1].running_mean, net[1].running_mean)
