"""Closed forms behind the plots, and the error bound of constructed nets."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from brique.game import gradient
from brique.recipes.foundations import approximation
from brique.recipes.foundations.approximation import ACTIVATIONS, LOSSES, bumps, target


@pytest.mark.parametrize("epsilon", [2.0, 0.7, 0.05])
def test_bumps_stay_within_epsilon(epsilon: float):
    x = torch.rand(2000, 1, dtype=torch.float64) * 3 - 1.5
    assert float((bumps(x, epsilon) - target(x)).abs().max()) < epsilon


def test_the_derivative_of_the_target_is_below_its_bound():
    x = torch.linspace(-1.5, 1.5, 5001, dtype=torch.float64)
    assert gradient(target, x).abs().max().item() < 13


@pytest.mark.parametrize("functions", [ACTIVATIONS, LOSSES], ids=["activations", "losses"])
def test_derivatives_are_those_of_differences(functions: dict[str, Callable[[Tensor], Tensor]]):
    x = torch.linspace(-3, 3, 61, dtype=torch.float64) + 0.017
    for name, function in functions.items():
        difference = (function(x + 1e-6) - function(x - 1e-6)) / 2e-6
        assert torch.allclose(gradient(function, x), difference, atol=1e-6), name


def test_activations_obey_their_formulas():
    x = torch.linspace(-4, 4, 81, dtype=torch.float64)
    sigmoid = torch.sigmoid(x)
    assert torch.allclose(gradient(torch.sigmoid, x), sigmoid * (1 - sigmoid))
    assert gradient(torch.sigmoid, x).max().item() == pytest.approx(0.25)
    assert torch.allclose(ACTIVATIONS["tanh"](x), 2 / (1 + torch.exp(-2 * x)) - 1)
    assert torch.equal(torch.maximum(x, 0 * x), ACTIVATIONS["relu"](x))
    assert torch.equal(torch.maximum(x, -x), x.abs())  # maxout of two contains both
    assert ACTIVATIONS["leaky relu"](torch.tensor(-2.0)).item() == pytest.approx(-0.2)


def test_cross_entropy_of_softmax():
    scores = torch.randn(5, 7, dtype=torch.float64)
    label = torch.arange(5)
    found = gradient(lambda s: functional.cross_entropy(s, label, reduction="sum"), scores)
    assert torch.allclose(found, scores.softmax(1) - functional.one_hot(label, 7), atol=1e-8)
    assert functional.cross_entropy(torch.zeros(5, 7), label).item() == pytest.approx(math.log(7))
    assert functional.cross_entropy(1e4 * scores, label).isfinite()


def test_five_linear_layers_are_one():
    net = approximation.build(approximation.Args())["linear"]
    x = torch.randn(9, 2, dtype=torch.float64)
    assert (approximation.collapsed(net, x) - net(x)).abs().max().item() < 1e-10
