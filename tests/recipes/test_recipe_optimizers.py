"""The steps of each optimizer against formulas in numpy; convergence on the quadratic."""

import math
from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from brique import data
from brique.game import Game, Player
from brique.recipes.foundations import optimizers
from brique.recipes.foundations.optimizers import OPTIMIZERS, Newton, quadratic

Array = np.ndarray[Any, Any]
START = np.array([1.3, 1.1])
HESSIAN = np.array([[50.5, -49.5], [-49.5, 50.5]])


def gradient(w: Array) -> Array:
    return HESSIAN @ w


def sgd(lr: float, momentum: float = 0.0, nesterov: bool = False) -> Iterator[Array]:
    w, v = START, np.zeros(2)
    for _ in range(20):
        v = momentum * v + gradient(w)
        w = w - lr * (gradient(w) + momentum * v if nesterov else v)
        yield w


def adagrad(lr: float) -> Iterator[Array]:
    w, total = START, np.zeros(2)
    for _ in range(20):
        g = gradient(w)
        total = total + g**2
        w = w - lr * g / (np.sqrt(total) + 1e-10)
        yield w


def adadelta(lr: float) -> Iterator[Array]:
    w, squares, updates = START, np.zeros(2), np.zeros(2)
    for _ in range(20):
        g = gradient(w)
        squares = 0.9 * squares + 0.1 * g**2
        update = g * np.sqrt(updates + 1e-6) / np.sqrt(squares + 1e-6)
        updates = 0.9 * updates + 0.1 * update**2
        w = w - lr * update
        yield w


def rmsprop(lr: float) -> Iterator[Array]:
    w, squares = START, np.zeros(2)
    for _ in range(20):
        g = gradient(w)
        squares = 0.99 * squares + 0.01 * g**2
        w = w - lr * g / (np.sqrt(squares) + 1e-8)
        yield w


def adam(lr: float, *, powers: bool = True) -> Iterator[Array]:
    """Yield the steps of Adam; without powers the bias correction is 1 - beta, not 1 - beta^t."""
    w, m, v = START, np.zeros(2), np.zeros(2)
    for t in range(1, 21):
        g = gradient(w)
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        power = t if powers else 1
        w = w - lr * (m / (1 - 0.9**power)) / (np.sqrt(v / (1 - 0.999**power)) + 1e-8)
        yield w


FORMULAS: dict[str, Callable[[float], Iterator[Array]]] = {
    "sgd": sgd,
    "momentum": partial(sgd, momentum=9 / 11),
    "nesterov": partial(sgd, momentum=9 / 11, nesterov=True),
    "adagrad": adagrad,
    "adadelta": adadelta,
    "rmsprop": rmsprop,
    "adam": adam,
}


def path(optimizer: Callable[..., Any], turns: int = 20) -> Iterator[Array]:
    w = nn.Parameter(torch.tensor(START))
    game = Game(Player("point", [w], lambda _: quadratic(w), optimizer))
    for _ in game.play(data.nothing(turns)):
        yield w.detach().numpy().copy()


def test_the_quadratic_has_the_gradient_and_curvatures_of_the_formulas():
    w = torch.tensor(START, requires_grad=True)
    (found,) = torch.autograd.grad(quadratic(w), w)
    assert found.numpy() == pytest.approx(gradient(START))
    assert np.linalg.eigvalsh(HESSIAN) == pytest.approx([1, 100])


@pytest.mark.parametrize("name", FORMULAS)
def test_twenty_steps_are_those_of_the_formula(name: str):
    kind, lr, _ = OPTIMIZERS[name]
    pairs = list(zip(path(partial(kind, lr=lr)), FORMULAS[name](lr), strict=True))
    assert len(pairs) == 20
    assert max(np.abs(a - b).max() for a, b in pairs) < 1e-10


def test_every_optimizer_but_lbfgs_has_a_formula():
    assert set(OPTIMIZERS) - set(FORMULAS) == {"lbfgs"}


def test_the_first_step_of_adam_is_its_learning_rate_and_its_correction_has_powers():
    first = next(iter(path(partial(torch.optim.Adam, lr=0.1))))
    assert np.abs(first - START) == pytest.approx([0.1, 0.1], rel=1e-6)
    right, wrong = list(adam(0.1)), list(adam(0.1, powers=False))
    assert np.abs(right[-1] - wrong[-1]).max() > 0.1
    # for a constant gradient, m -> g and v -> g^2: the step is 10 / sqrt(1000) of the learning rate
    assert 10 / math.sqrt(1000) == pytest.approx(0.316, abs=1e-3)


def test_newton_is_at_the_minimum_in_one_step():
    (end,) = path(partial(Newton, function=quadratic), turns=1)
    assert np.abs(end).max() < 1e-12


def test_lbfgs_needs_few_turns_where_sgd_needs_hundreds():
    kind, lr, _ = OPTIMIZERS["lbfgs"]
    *_, end = path(partial(kind, lr=lr), turns=4)
    assert np.abs(end).max() < 1e-4
    *_, end = path(partial(torch.optim.SGD, lr=2 / 101), turns=100)
    assert np.abs(end).max() > 1e-2


@pytest.mark.parametrize(("lr", "converges"), [(1.9 / 100, True), (2.1 / 100, False)])
def test_sgd_diverges_above_two_over_the_greatest_curvature(lr: float, converges: bool):
    losses = [0.5 * w @ HESSIAN @ w for w in path(partial(torch.optim.SGD, lr=lr), turns=60)]
    assert all((b < a) == converges for a, b in pairwise(losses[20:]))


def test_all_nets_have_equal_initial_weights():
    from brique.schema import Category, Schema

    schema = Schema({"label": Category(("a", "b", "c"))}, ("label",))
    nets = optimizers.build(optimizers.Args(), schema)
    first = nets["sgd"].state_dict()
    assert set(nets) == {*OPTIMIZERS, "full_batch"}
    for net in nets.values():
        assert all(torch.equal(first[key], value) for key, value in net.state_dict().items())
