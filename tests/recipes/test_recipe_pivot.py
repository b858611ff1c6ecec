"""What `pivot` measures, against closed forms and scipy-free counts."""

import math

import pytest
import torch
from torch import nn

from brique.recipes.fairness import pivot
from brique.recipes.fairness.pivot import Args, collisions, judged


def reader(first: float, second: float) -> nn.Module:
    """Return a net that answers by a weighted sum of both coordinates."""
    net = nn.Linear(2, 1)
    nn.init.constant_(net.bias, 0.0)
    with torch.no_grad():
        net.weight.copy_(torch.tensor([[first, second]]))
    return net


def whole(split):
    (batch,) = split.batches(len(split))
    return batch


def below(x: float) -> float:
    """Return the chance that a standard normal number is below x."""
    return 0.5 * (1 + math.erf(x / math.sqrt(2)))


def test_a_reader_of_the_first_coordinate_tells_nothing_and_has_the_known_auc():
    events, three = collisions(torch.Generator().manual_seed(0))
    found = judged(reader(1, 0), whole(events.test), three["test"])
    assert found["told"] < 0.02
    assert found["auc"] == pytest.approx(below(1 / math.sqrt(2)), abs=0.02)


def test_a_reader_of_the_second_coordinate_tells_as_much_as_two_normals_two_apart():
    events, three = collisions(torch.Generator().manual_seed(0))
    found = judged(reader(0, 1), whole(events.test), three["test"])
    assert found["told"] == pytest.approx(2 * below(1) - 1, abs=0.02)
    # signal: mean 1, variance 1 + 1 of z; background: mean 0, variance 1
    assert found["auc"] == pytest.approx(below(1 / math.sqrt(3)), abs=0.02)


def test_background_has_the_covariance_of_the_paper():
    events, _ = collisions(torch.Generator().manual_seed(0))
    background = events.train["point"][events.train["truth"] == 0]
    expected = torch.tensor([[1.0, -0.5], [-0.5, 1.0]])
    assert torch.allclose(background.T.cov(), expected, atol=0.03)


def test_the_adversary_pays_the_likelihood_of_a_mixture():
    args = Args()
    nets = pivot.build(args, collisions(torch.Generator().manual_seed(0))[0].schema)
    net, adversary = nets["lambda_0"], nets["adversary"]
    seen = pivot.Batch({
        "point": torch.randn(8, 2), "truth": torch.ones(8), "nuisance": torch.randn(8),
    })  # fmt: skip
    share, mean, spread = adversary(4 * net(seen.point).sigmoid() - 2).chunk(3, dim=1)
    mixture = torch.distributions.MixtureSameFamily(
        torch.distributions.Categorical(logits=share),
        torch.distributions.Normal(mean, 0.1 + nn.functional.softplus(spread)),
    )
    turn = next(pivot.game(net, adversary, 3.0).play([seen], turns=1))
    assert turn.losses["adversary"] == pytest.approx(
        -mixture.log_prob(seen.nuisance).mean().item(), abs=1e-5
    )
