import pytest
import torch

from brique.bricks import Standardize, Temperature
from brique.errors import ShapeError


def test_standardize_is_exactly_minus_mean_over_std():
    x = torch.rand(4, 3, 5, 6)
    mean, std = [0.1, 0.2, 0.3], [0.5, 1.0, 2.0]
    expected = torch.stack([(x[:, c] - mean[c]) / std[c] for c in range(3)], dim=1)
    assert torch.allclose(Standardize(mean, std)(x), expected, rtol=1e-6, atol=1e-7)


def test_one_mean_for_all_channels_takes_any_shape():
    assert Standardize(0.5, 0.5)(torch.zeros(7, 784)).shape == (7, 784)
    assert Standardize(0.5, 0.5)(torch.zeros(7, 2, 3, 3)).eq(-1).all()


def test_standardize_owns_no_parameter_and_its_numbers_are_saved():
    brick = Standardize([0.1, 0.2], [1, 2])
    assert list(brick.parameters()) == []
    assert set(brick.state_dict()) == {"mean", "std"}
    other = Standardize([0, 0], [1, 1])
    other.load_state_dict(brick.state_dict())
    assert torch.equal(other.mean.flatten(), torch.tensor([0.1, 0.2]))


def test_standardize_shows_its_numbers():
    assert repr(Standardize(0.5, 2)) == "Standardize(mean=[0.5], std=[2.0])"


def test_a_std_that_is_not_above_zero_is_named():
    with pytest.raises(ShapeError, match=r"std must be above 0, not \[1.0, 0.0\]; pass 1 for"):
        Standardize([0, 0], [1, 0])


def test_mean_and_std_of_unlike_length_are_named():
    with pytest.raises(ShapeError, match=r"mean has 2 numbers but std has 3; pass as many"):
        Standardize([0, 0], [1, 1, 1])


def test_temperature_divides_and_is_saved_but_is_no_parameter():
    brick = Temperature()
    scores = torch.randn(3, 4)
    assert torch.equal(brick(scores), scores)  # 1 at first, to the bit
    brick.value.fill_(2.5)
    assert torch.allclose(brick(scores), scores / 2.5)
    assert list(brick.parameters()) == []
    other = Temperature()
    other.load_state_dict(brick.state_dict())
    assert float(other.value) == 2.5
    assert repr(other) == "Temperature(2.5)"
