"""Every sentence of the engine."""

import itertools
from functools import partial

import pytest
import torch
from torch import nn

from brique import data
from brique.errors import PlayError
from brique.game import Game, Player, cosine, linear, steps, warmup

SGD = partial(torch.optim.SGD, lr=0.1)
NET = nn.Linear(2, 1)


def mean(x):
    return NET(x).mean()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "a/b"}, r"player 'a/b': its name must be of letters, digits, - and _; rename it\."),
        ({"loss": 3}, r"player 'p': its loss is a int; pass a function of the batch\."),
        ({"optimizer": SGD(NET.parameters())}, r"player 'p': its optimizer is a SGD; pass a function of the \(name, parameter\) pairs, such as functools\.partial\(torch\.optim\.Adam, lr=1e-3\)\."),
        ({"shares": "q"}, r"player 'p': shares is a string; write shares=\('q',\)\."),
        ({"every": 0}, r"player 'p': every must be a whole number from 1, but is 0\."),
        ({"clip": 0}, r"player 'p': clip must be above 0, but is 0\."),
        ({"average": 1.0}, r"player 'p': average must be between 0 and 1, but is 1\.0\."),
        ({"idle": "no"}, r"player 'p': idle must be 'error' or 'allow', but is 'no'\."),
    ],
)  # fmt: skip
def test_a_player_with_a_wrong_setting(arguments, message):
    settings = {"name": "p", "model": NET, "loss": mean, "optimizer": SGD} | arguments
    first = [settings.pop(key) for key in ("name", "model", "loss", "optimizer")]
    with pytest.raises(PlayError, match=message):
        Player(*first, **settings)


@pytest.mark.parametrize(
    ("players", "settings", "message"),
    [
        (lambda: [], {}, r"Game: expected players, got nothing; pass Player\(\.\.\.\) objects\."),
        (lambda: [NET], {}, r"Game: expected players, got Linear; pass Player"),
        (lambda: [Player("p", NET, mean, SGD)], {"order": "both"}, r"Game: order must be 'alternate' or 'simultaneous', not 'both'\."),
        (lambda: [Player("p", NET, mean, SGD)], {"fast": "on"}, r"Game: fast must be 'auto' or 'off', but is 'on'\."),
        (lambda: [Player("p", NET, mean, SGD)], {"micro": 0}, r"Game: micro must be a whole number from 1, but is 0\."),
        (lambda: [Player("p", nn.Flatten(), mean, SGD)], {}, r"player 'p': 0 of 0 parameters are frozen or absent; give it something to move, or name its nets in Game\(reads=\.\.\.\)\."),
        (lambda: [Player("p", ["net"], mean, SGD)], {}, r"player 'p': its model holds a str; pass a module, a list of modules or a list of parameters\."),
        (lambda: [Player("p", nn.Linear(1, 1).eval(), mean, SGD)], {}, r"player 'p': its whole model is in eval mode; call \.train\(\) before the game is made, or name the net in Game\(reads=\.\.\.\) if it is only read\."),
        (lambda: [Player("p", NET, mean, lambda _: 3)], {}, r"player 'p': its optimizer function returned a int; return an optimizer or a list of them\."),
        (lambda: [Player("p", NET, mean, partial(torch.optim.SGD, lr=-1))], {}, r"player 'p': its optimizer cannot be made \(Invalid learning rate: -1\); change its settings\."),
        (lambda: [Player("p", NET, mean, lambda _: [3])], {}, r"player 'p': its optimizer function returned a int; return an optimizer or a list of them\."),
        (lambda: [Player("p", NET, mean, lambda n: SGD([next(n)]))], {}, r"player 'p': its optimizer forgets 1 of 2 parameters \(bias\); pass it every pair, or freeze them\."),
        (lambda: [Player("p", NET, mean, lambda n: SGD([*(p for _, p in n), nn.Parameter(torch.ones(1))]))], {}, r"player 'p': its optimizer moves parameters that it does not own; pass it the \(name, parameter\) pairs that it is called with\."),
        (lambda: [Player("p", NET, mean, SGD), Player("p", nn.Linear(1, 1), mean, SGD)], {}, r"two players are named 'p'; give each a name of its own\."),
        (lambda: [Player("p", NET, mean, SGD, shares=("qq",)), Player("q", nn.Linear(1, 1), mean, SGD)], {}, r"player 'p': shares names 'qq', but the other players are q"),
        (lambda: [Player("p", NET, mean, SGD, shares=("q",)), Player("q", nn.Linear(1, 1), mean, SGD)], {}, r"players 'p' and 'q': shares is given, but they own no parameter in common; leave shares out\."),
        (lambda: [Player("p", NET, mean, SGD, average=0.9), Player("q", NET, mean, SGD, shares=("p",))], {}, r"player 'p': average does not go with shared parameters \(weight, bias\); leave average out\."),
        (lambda: [Player("p", NET, mean, torch.optim.LBFGS, clip=1.0)], {}, r"player 'p': clip does not go with an optimizer that evaluates the loss itself \(LBFGS\); leave clip out\."),
        (lambda: [Player("p", NET, mean, lambda n: [torch.optim.LBFGS([p]) for _, p in n])], {}, r"player 'p': an optimizer that evaluates the loss itself \(LBFGS\) must be its only one, but there are 2\."),
        (lambda: [Player("p", NET, mean, torch.optim.LBFGS)], {"order": "simultaneous"}, r"Game: order 'simultaneous' does not go with player 'p', whose optimizer evaluates the loss itself \(LBFGS\); let them alternate\."),
    ],
)  # fmt: skip
def test_a_game_whose_claims_do_not_fit(players, settings, message):
    with pytest.raises(PlayError, match=message):
        Game(*players(), **settings)


@pytest.mark.parametrize(
    ("loss", "message"),
    [
        (lambda x: 3.0, r"player 'p': its loss returned a float; return a scalar tensor \(a mean over the batch\) or \(sum, count\)\."),
        (lambda x: NET(x), r"player 'p': its loss returned a tensor of shape \(4, 1\), a scalar was expected; take its mean\."),
        (lambda x: x.mean(), r"player 'p': its loss depends on none of its 2 parameters; compute it from its own net\."),
    ],
)  # fmt: skip
def test_a_loss_that_is_none(loss, message):
    with pytest.raises(PlayError, match=message):
        next(Game(Player("p", NET, loss, SGD)).play([torch.ones(4, 2)]))


@pytest.mark.parametrize(
    ("stream", "turns", "message"),
    [
        (3, None, r"play: a stream of batches was expected, got a int; pass split\.batches\(\.\.\.\), or data\.nothing\(turns\) for a game without data\."),
        ([1], 0, r"play: turns must be a whole number from 1, but is 0\."),
    ],
)  # fmt: skip
def test_a_stream_that_is_none(stream, turns, message):
    with pytest.raises(PlayError, match=message):
        Game(Player("p", NET, mean, SGD)).play(stream, turns=turns)


def test_turns_said_twice():
    game = Game(Player("p", NET, mean, SGD))
    message = "play: turns=5, but the stream has 3 turns; set it in one of them."
    with pytest.raises(PlayError, match=message):
        game.play(data.nothing(3), turns=5)


def test_a_stream_that_ends_too_early():
    game = Game(Player("p", NET, mean, SGD))
    play = game.play((torch.ones(1, 2) for _ in range(3)), turns=5)
    message = "play: the stream ended before 5 turns and cannot be started again; pass something that can, or fewer turns."
    with pytest.raises(PlayError, match=message):
        list(play)


def test_a_schedule_needs_the_length_of_the_game():
    game = Game(Player("p", NET, mean, SGD, schedule=cosine))
    message = r"player 'p': its schedule needs the length of the game; pass play\(\.\.\., turns=\.\.\.\)\."
    with pytest.raises(PlayError, match=message):
        game.play(torch.ones(1, 2) for _ in range(3))


def test_averaged_without_an_average():
    game = Game(Player("p", NET, mean, SGD))
    with pytest.raises(
        PlayError, match=r"averaged: no player averages this net; pass Player\(average=0\.999\)\."
    ):
        game.averaged(NET)


def exploding(where):
    net = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2), nn.Linear(2, 1))

    class Broken(nn.Module):
        def forward(self, x):
            return x / torch.zeros_like(x)

    if where is not None:
        net.insert(where, Broken())
    return net


def test_the_first_module_that_is_not_finite_is_named():
    net = exploding(1)
    game = Game(Player("critic", net, lambda x: net(x).mean(), SGD))
    before = net[0].weight.detach().clone()
    play = game.play([torch.ones(4, 2)] * 3)
    message = r"player 'critic', turn 0: its loss is (nan|inf|-inf); the first module with such an output is 1 \(Broken\)\. Lower the learning rate, clip, or check the batch; the weights are as before this move\."
    with pytest.raises(PlayError, match=message):
        next(play)
    assert torch.equal(before, net[0].weight)


def test_the_second_forward_sees_the_same_draws():
    net = nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.5), nn.Linear(2, 1))
    seen = []

    def loss(x):
        seen.append((torch.rand(1).item(), game.noise(1).item()))
        return net(x).mean() * float("nan")

    game = Game(Player("p", net, loss, SGD))
    with pytest.raises(PlayError, match="every module's output is finite"):
        next(game.play([torch.ones(4, 2)]))
    assert len(seen) == 2
    assert seen[0] == seen[1]


def test_gradients_that_are_not_finite_are_named():
    net = nn.Linear(2, 1)
    game = Game(Player("p", net, lambda x: net(x * 0).sum().sqrt().nan_to_num(1.0), SGD))
    nn.init.zeros_(net.bias)
    message = r"player 'p', turn 0: gradients of weight, bias are not finite; every module's output is finite\."
    with pytest.raises(PlayError, match=message):
        next(game.play([torch.ones(4, 2)]))


def test_a_closure_that_leaves_the_finite_numbers():
    net = nn.Linear(1, 1, bias=False)
    nn.init.ones_(net.weight)
    lbfgs = partial(torch.optim.LBFGS, lr=1e38, max_iter=3)
    game = Game(Player("p", net, lambda x: (net(x) * 1e10).pow(2).mean(), lbfgs))
    with pytest.raises(
        PlayError,
        match=r"player 'p', turn 0: its step left numbers that are not finite in weight; lower the learning rate, or use strong_wolfe\.",
    ):
        next(game.play([torch.ones(1, 1)]))


def test_schedules():
    assert [cosine(0.0), cosine(0.5), cosine(1.0)] == pytest.approx([1, 0.5, 0])
    assert [linear(0.0), linear(0.25)] == [1, 0.75]
    assert [steps(0.5, 0.75)(p) for p in (0.49, 0.5, 0.9)] == pytest.approx([1, 0.1, 0.01])
    assert min(warmup(0.1)(i / 1000) for i in range(100)) == 0.01
    assert warmup(0.1)(0.1) == 1


@pytest.mark.parametrize(("turns", "looks"), [(20, 20), (100, 20), (7, 7), (1000, 20)])
def test_looks_are_twenty_even_places(turns, looks):
    net = nn.Linear(2, 1)
    places = [
        t.index
        for t in Game(Player("p", net, lambda x: net(x).mean(), SGD)).play(
            [torch.ones(1, 2)], turns=turns
        )
        if t.evaluate
    ]
    assert len(places) == looks
    assert places[-1] == turns - 1
    gaps = {b - a for a, b in itertools.pairwise(places)}
    assert max(gaps, default=1) - min(gaps, default=1) <= 1


def test_epochs_of_a_list():
    net = nn.Linear(2, 1)
    turns = list(
        Game(Player("p", net, lambda x: net(x).mean(), SGD)).play([torch.ones(1, 2)] * 3, turns=7)
    )
    assert [t.epoch for t in turns] == [0, 0, 0, 1, 1, 1, 2]
    assert [t.index for t in turns if t.ends_epoch] == [2, 5, 6]
