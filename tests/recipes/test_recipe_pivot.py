"""The metrics, data and losses of `pivot`, against closed forms."""

import math

import pytest
import torch
from torch import nn

from brique.data import Batch, Split
from brique.recipes.fairness import pivot
from brique.recipes.fairness.pivot import Args, metrics, toy_events


def linear(first: float, second: float) -> nn.Module:
    """Return a net whose output is a weighted sum of both coordinates."""
    net = nn.Linear(2, 1)
    nn.init.constant_(net.bias, 0.0)
    with torch.no_grad():
        net.weight.copy_(torch.tensor([[first, second]]))
    return net


def whole(split: Split) -> Batch:
    (batch,) = split.batches(len(split))
    return batch


def cdf(x: float) -> float:
    """Return the standard normal distribution function."""
    return 0.5 * (1 + math.erf(x / math.sqrt(2)))


def test_the_first_coordinate_is_independent_of_z_and_has_the_known_auc():
    events, signal = toy_events(torch.Generator().manual_seed(0))
    found = metrics(linear(1, 0), whole(events.test), signal["test"])
    assert found["ks"] < 0.02
    assert found["auc"] == pytest.approx(cdf(1 / math.sqrt(2)), abs=0.02)


def test_the_second_coordinate_has_the_ks_distance_of_two_normals_two_apart():
    events, signal = toy_events(torch.Generator().manual_seed(0))
    found = metrics(linear(0, 1), whole(events.test), signal["test"])
    assert found["ks"] == pytest.approx(2 * cdf(1) - 1, abs=0.02)
    # signal: mean 1, variance 1 + 1 of z; background: mean 0, variance 1
    assert found["auc"] == pytest.approx(cdf(1 / math.sqrt(3)), abs=0.02)


def test_background_has_the_covariance_of_the_paper():
    events, _ = toy_events(torch.Generator().manual_seed(0))
    train = whole(events.train)
    expected = torch.tensor([[1.0, -0.5], [-0.5, 1.0]])
    assert torch.allclose(train.x[train.y == 0].T.cov(), expected, atol=0.03)


def test_the_adversary_pays_the_negative_log_likelihood_of_a_mixture():
    nets = pivot.build(Args(), toy_events(torch.Generator().manual_seed(0))[0].schema)
    net, adversary = nets["lambda_0"], nets["adversary"]
    batch = Batch({"x": torch.randn(8, 2), "y": torch.ones(8), "z": torch.randn(8)})
    logits, mean, std = adversary(4 * net(batch.x).sigmoid() - 2).chunk(3, dim=1)
    mixture = torch.distributions.MixtureSameFamily(
        torch.distributions.Categorical(logits=logits),
        torch.distributions.Normal(mean, 0.1 + nn.functional.softplus(std)),
    )
    turn = next(pivot.game(net, adversary, 3.0).play([batch], turns=1))
    assert turn.losses["adversary"] == pytest.approx(
        -mixture.log_prob(batch.z).mean().item(), abs=1e-5
    )
