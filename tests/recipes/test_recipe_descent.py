"""What the walks must do, by closed forms."""

from itertools import pairwise

import torch

from brique.recipes.foundations.descent import DECAYS, bowl, wells


def test_the_wells_and_the_bowl_have_the_slopes_they_are_meant_to_have():
    w = torch.linspace(-2, 2, 41, dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(wells(w).sum(), w)
    assert torch.allclose(slope, w**3 - w)
    (slope,) = torch.autograd.grad(bowl(w).sum(), w)
    assert torch.allclose(slope, w)


def test_one_long_step_from_two_lands_in_the_far_well():
    assert 2 - 0.5 * (2**3 - 2) == -1
    assert 2 - 0.125 * (2**3 - 2) == 1.25


def test_decays_fall_from_one():
    for name, decay in DECAYS.items():
        values = [decay(progress / 100) for progress in range(100)]
        assert values[0] == 1
        assert all(a >= b > 0 for a, b in pairwise(values))
        assert (values[-1] < 0.05) == (name != "constant")
