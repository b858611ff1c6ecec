"""The losses and schedules of `descent`, by closed forms."""

from itertools import pairwise

import torch

from brique.recipes.foundations.descent import SCHEDULES, double_well, parabola


def test_both_losses_have_the_gradients_of_their_formulas():
    w = torch.linspace(-2, 2, 41, dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad(double_well(w).sum(), w)
    assert torch.allclose(gradient, w**3 - w)
    (gradient,) = torch.autograd.grad(parabola(w).sum(), w)
    assert torch.allclose(gradient, w)


def test_at_the_large_rate_one_step_from_two_reaches_the_far_minimum():
    assert 2 - 0.5 * (2**3 - 2) == -1
    assert 2 - 0.125 * (2**3 - 2) == 1.25


def test_schedules_fall_from_one():
    for name, schedule in SCHEDULES.items():
        values = [schedule(progress / 100) for progress in range(100)]
        assert values[0] == 1
        assert all(a >= b > 0 for a, b in pairwise(values))
        assert (values[-1] < 0.05) == (name != "constant")
