"""The metrics of `wgan_gp` on samples whose answer is known."""

import torch

from brique.recipes.generative import wgan_gp
from brique.recipes.generative.wgan_gp import count_modes, energy_distance, gaussians


def test_real_points_have_all_modes_and_half_of_the_grid_its_own():
    points = next(gaussians(16_000).train.batches(5000)).point
    assert count_modes(points) == 25
    assert count_modes(points[points[:, 0] < 0.5]) == 15
    assert count_modes(torch.rand(5000, 2) * 5 - 2.5) == 0, "a uniform sample has no modes"


def test_a_mode_counts_from_a_quarter_of_its_share_on():
    means = torch.cartesian_prod(*[torch.arange(-2.0, 3)] * 2)
    points = means.repeat_interleave(200, 0)  # 5000
    assert count_modes(points) == 25
    rare = points.clone()
    rare[49:200] = 0.5  # 49 are left in the first mode: below 50
    assert count_modes(rare) == 24
    rare[49] = means[0]
    assert count_modes(rare) == 25


def test_samples_of_one_distribution_have_no_energy_distance():
    points = gaussians(16_000)
    real = next(points.train.batches(1000)).point
    assert abs(energy_distance(real, points.valid)) < 0.02
    assert energy_distance(torch.zeros(1000, 2), points.valid) > 0.5


def test_the_gradient_norm_of_a_linear_critic_is_that_of_its_weights():
    critic = torch.nn.Linear(2, 1)
    norm = wgan_gp.gradient(critic, torch.randn(6, 2)).norm(dim=1)
    assert torch.allclose(norm, critic.weight.norm().expand(6))
