"""Derivatives by hand are right, and a wrong one is found."""

import ast
import inspect
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import brique.bricks
from brique.bricks import gradient_error
from brique.recipes.foundations import backprop


@pytest.mark.parametrize("name", backprop.ACTIVATIONS)
def test_each_derivative_is_that_of_its_activation(name: str):
    g, derivative = backprop.ACTIVATIONS[name]
    a = torch.linspace(-3, 3, 60, dtype=torch.float64)
    step = 1e-6
    difference = (g(a + step) - g(a - step)) / (2 * step)
    assert torch.allclose(derivative(a) * torch.ones_like(a), difference, atol=1e-8)


def test_every_public_brick_is_checked_against_differences():
    nodes = list(ast.walk(ast.parse(inspect.getsource(backprop.brick_errors))))
    used = {n.id for n in nodes if isinstance(n, ast.Name)}
    used |= {n.attr for n in nodes if isinstance(n, ast.Attribute)}
    bricks = {name for name, value in vars(brique.bricks).items() if inspect.isclass(value)}
    assert bricks - used == set()


def test_all_checks_hold():
    torch.manual_seed(3)
    found = backprop.check_gradients()
    assert set(found) == set(backprop.EXPECT["generated"]) - {"output_difference"}
    for name, value in found.items():
        low, high = backprop.EXPECT["generated"][name]
        number = value.item() if isinstance(value, torch.Tensor) else value
        assert low <= number <= high, name


def test_a_wrong_derivative_by_hand_is_found(monkeypatch: pytest.MonkeyPatch):
    wrong = {**backprop.ACTIVATIONS, "tanh": (nn.Tanh(), lambda a: 1 - a.tanh())}
    monkeypatch.setattr(backprop, "ACTIVATIONS", wrong)
    assert float(backprop.check_gradients()["gradient_difference"]) > 1e-3


class WrongSquare(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return x.square()

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        return gradients[0] * 2.01


class Wrong(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return WrongSquare.apply(x)


def test_a_brick_with_wrong_gradients_is_found():
    assert gradient_error(Wrong(), torch.randn(4, 3)) > 1e-3
    brick = nn.Linear(3, 2)
    before = [p.clone() for p in brick.parameters()]
    assert gradient_error(brick, torch.randn(4, 3)) < 1e-8
    assert all(torch.equal(a, b) for a, b in zip(before, brick.parameters(), strict=True))
    assert gradient_error(nn.Embedding(5, 3), torch.tensor([[0, 4]])) < 1e-8
