"""What `wgan_gp` measures, on clouds whose answer is known."""

import torch

from brique.recipes.generative import wgan_gp
from brique.recipes.generative.wgan_gp import apart, heaps, modes


def test_real_points_hold_all_modes_and_half_of_the_grid_its_own():
    points = heaps(16_000).train["point"]
    assert modes(points) == 25
    assert modes(points[points[:, 0] < 0.5]) == 15
    assert modes(torch.rand(5000, 2) * 5 - 2.5) == 0, "points all over are no heaps"


def test_a_heap_counts_from_a_quarter_of_its_share_on():
    middles = torch.cartesian_prod(*[torch.arange(-2.0, 3)] * 2)
    points = middles.repeat_interleave(200, 0)  # 5000
    assert modes(points) == 25
    rare = points.clone()
    rare[49:200] = 0.5  # 49 are left in the first heap: below 50
    assert modes(rare) == 24
    rare[49] = middles[0]
    assert modes(rare) == 25


def test_clouds_alike_are_not_apart():
    points = heaps(16_000)
    assert abs(apart(points.train["point"], points.valid)) < 0.02
    assert apart(torch.zeros(1000, 2), points.valid) > 0.5


def test_the_penalty_is_the_squared_distance_of_the_slope_from_one():
    scores = torch.nn.Linear(2, 1)
    found = wgan_gp.slope(scores, torch.randn(6, 2)).norm(dim=1)
    assert torch.allclose(found, scores.weight.norm().expand(6))
