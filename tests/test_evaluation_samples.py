import pytest
import torch
from torch import Tensor

from brique.errors import ShapeError
from brique.evaluation import two_sample
from brique.evaluation.two_sample import nearest_neighbor_test
from brique.tasks.generate import metrics


def slowly(first: Tensor, second: Tensor) -> float:
    """Return the accuracy point by point, without any tie."""
    points = [*first, *second]
    right = 0
    for i, point in enumerate(points):
        far = [float((point - other).square().sum()) for other in points]
        far[i] = float("inf")
        right += (far.index(min(far)) < len(first)) == (i < len(first))
    return right / len(points)


@pytest.mark.parametrize(("shift", "at_once"), [(0.0, 500), (0.3, 7), (9.0, 40)])
def test_neighbors_are_those_of_a_slow_loop(
    shift: float, at_once: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(two_sample, "_CHUNK", at_once)
    drawn = torch.Generator().manual_seed(int(shift * 10))
    first, second = torch.randn(2, 30, 3, generator=drawn).double()
    found = nearest_neighbor_test(first, second + shift)
    assert found == pytest.approx(slowly(first, second + shift), abs=1e-12)


def test_the_accuracy_is_a_half_for_one_distribution_and_one_for_distant_samples():
    drawn = torch.Generator().manual_seed(0)
    first, second = torch.randn(2, 1000, 2, generator=drawn)
    assert nearest_neighbor_test(first, second) == pytest.approx(0.5, abs=0.04)
    assert nearest_neighbor_test(first, second + 20) == 1
    assert nearest_neighbor_test(first, first) == 0, "each point equals one of the other sample"


def test_of_several_nearest_neighbors_the_share_counts():
    one = torch.zeros(3, 2)
    assert nearest_neighbor_test(one, one) == pytest.approx(2 / 5)  # 2 of 5 others are its own


@pytest.mark.parametrize("shapes", [((3, 2), (4, 2)), ((3,), (3,)), ((0, 2), (0, 2))])
def test_samples_of_two_sizes_are_refused(shapes: tuple[tuple[int, ...], tuple[int, ...]]):
    with pytest.raises(ShapeError, match=r"the samples have shapes .*; pass two of one shape"):
        nearest_neighbor_test(*(torch.zeros(shape) for shape in shapes))


def test_pictures_that_are_all_too_much_alike_do_not_count_as_mixed():
    draw = torch.Generator().manual_seed(0)
    real, narrow = torch.randn(2, 1000, 32, generator=draw)
    alike = metrics.compute_metrics(metrics.is_own_kind(real, narrow))
    tight = metrics.compute_metrics(metrics.is_own_kind(real, 0.5 * narrow))
    assert alike["mixing"] > 0.85
    assert tight["mixing"] < 0.1
    assert tight["real"] > 0.5  # as real ones have those in the middle as nearest
