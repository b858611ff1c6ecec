"""Each racer's steps against formulas written out; Newton's one step; where walks in noise end."""

import math
from functools import partial
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import nn

from brique import data
from brique.game import Game, Player
from brique.recipes.foundations import optimizers
from brique.recipes.foundations.optimizers import RACERS, Newton, valley

START = np.array([1.3, 1.1])
CURVATURE = np.array([[50.5, -49.5], [-49.5, 50.5]])


def gradient(w):
    return CURVATURE @ w


def sgd(rate, momentum=0.0, nesterov=False):
    w, v = START, 0.0
    for _ in range(20):
        v = momentum * v + gradient(w)
        w = w - rate * (gradient(w) + momentum * v if nesterov else v)
        yield w


def adagrad(rate):
    w, total = START, 0.0
    for _ in range(20):
        g = gradient(w)
        total = total + g**2
        w = w - rate * g / (np.sqrt(total) + 1e-10)
        yield w


def adadelta(rate):
    w, squares, moves = START, 0.0, 0.0
    for _ in range(20):
        g = gradient(w)
        squares = 0.9 * squares + 0.1 * g**2
        move = g * np.sqrt(moves + 1e-6) / np.sqrt(squares + 1e-6)
        moves = 0.9 * moves + 0.1 * move**2
        w = w - rate * move
        yield w


def rmsprop(rate):
    w, squares = START, 0.0
    for _ in range(20):
        g = gradient(w)
        squares = 0.99 * squares + 0.01 * g**2
        w = w - rate * g / (np.sqrt(squares) + 1e-8)
        yield w


def adam(rate, *, as_in_the_lecture=False):
    w, m, v = START, 0.0, 0.0
    for t in range(1, 21):
        g = gradient(w)
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        power = 1 if as_in_the_lecture else t
        w = w - rate * (m / (1 - 0.9**power)) / (np.sqrt(v / (1 - 0.999**power)) + 1e-8)
        yield w


BY_HAND = {
    "sgd": sgd,
    "momentum": partial(sgd, momentum=9 / 11),
    "nesterov": partial(sgd, momentum=9 / 11, nesterov=True),
    "adagrad": adagrad,
    "adadelta": adadelta,
    "rmsprop": rmsprop,
    "adam": adam,
}


def walked(optimizer, turns=20):
    place = nn.Parameter(torch.tensor(START))
    game = Game(Player("walker", [place], lambda _: valley(place), optimizer))
    for _ in game.play(data.nothing(turns)):
        yield place.detach().numpy().copy()


def test_the_valley_is_what_the_traces_take_it_for():
    w = torch.tensor(START, requires_grad=True)
    (slope,) = torch.autograd.grad(valley(w), w)
    assert slope.numpy() == pytest.approx(gradient(START))
    assert np.linalg.eigvalsh(CURVATURE) == pytest.approx([1, 100])


@pytest.mark.parametrize("name", BY_HAND)
def test_twenty_steps_are_those_of_the_formula(name):
    racer, rate, _ = RACERS[name]
    pairs = list(zip(walked(partial(racer, lr=rate)), BY_HAND[name](rate), strict=True))
    assert len(pairs) == 20
    assert max(np.abs(a - b).max() for a, b in pairs) < 1e-10


def test_every_racer_but_lbfgs_has_a_trace():
    assert set(RACERS) - set(BY_HAND) == {"lbfgs"}


def test_adam_begins_with_its_step_length_and_the_lectures_form_ends_at_a_third():
    first = next(iter(walked(partial(torch.optim.Adam, lr=0.1))))
    assert np.abs(first - START) == pytest.approx([0.1, 0.1], rel=1e-6)
    right, wrong = list(adam(0.1)), list(adam(0.1, as_in_the_lecture=True))
    assert np.abs(right[-1] - wrong[-1]).max() > 0.1
    # where slopes stay as they are, m -> g and v -> g^2: the step is 10 / sqrt(1000) of the length
    assert 10 / math.sqrt(1000) == pytest.approx(0.316, abs=1e-3)


def test_newton_is_at_the_bottom_in_one_step():
    (end,) = walked(partial(Newton, function=valley), turns=1)
    assert np.abs(end).max() < 1e-12


def test_lbfgs_needs_few_turns_where_sgd_needs_hundreds():
    racer, rate, _ = RACERS["lbfgs"]
    *_, end = walked(partial(racer, lr=rate), turns=4)
    assert np.abs(end).max() < 1e-4
    *_, end = walked(partial(torch.optim.SGD, lr=2 / 101), turns=100)
    assert np.abs(end).max() > 1e-2


@pytest.mark.parametrize(("rate", "comes_down"), [(1.9 / 100, True), (2.1 / 100, False)])
def test_steps_above_two_over_the_greatest_curvature_climb(rate, comes_down):
    heights = [0.5 * w @ CURVATURE @ w for w in walked(partial(torch.optim.SGD, lr=rate), turns=60)]
    assert all((b < a) == comes_down for a, b in pairwise(heights[20:]))


def test_all_nets_begin_alike():
    from brique.schema import Category, Schema

    schema = Schema({"label": Category(("a", "b", "c"))}, ("label",))
    nets = optimizers.build(optimizers.Args(), schema)
    first = nets["sgd"].state_dict()
    assert set(nets) == {*RACERS, "batch"}
    for net in nets.values():
        assert all(torch.equal(first[key], value) for key, value in net.state_dict().items())
