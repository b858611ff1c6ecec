import pytest
import torch

from brique import data
from brique.errors import ShapeError
from brique.tasks import generate, samples
from brique.tasks.samples import (
    SHAPES,
    classes,
    clouds,
    few_of_each,
    nearest_neighbor_test,
    told_apart,
)


def slowly(first, second):
    """Return what the test says, point by point, without any tie."""
    points = [*first, *second]
    right = 0
    for i, point in enumerate(points):
        far = [float((point - other).square().sum()) for other in points]
        far[i] = float("inf")
        right += (far.index(min(far)) < len(first)) == (i < len(first))
    return right / len(points)


@pytest.mark.parametrize(("shift", "at_once"), [(0.0, 500), (0.3, 7), (9.0, 40)])
def test_neighbors_are_those_of_a_slow_loop(shift, at_once, monkeypatch):
    monkeypatch.setattr(samples, "_AT_ONCE", at_once)
    drawn = torch.Generator().manual_seed(int(shift * 10))
    first, second = torch.randn(2, 30, 3, generator=drawn).double()
    found = nearest_neighbor_test(first, second + shift)
    assert found == pytest.approx(slowly(first, second + shift), abs=1e-12)


def test_samples_drawn_alike_are_told_apart_half_the_time_others_always():
    drawn = torch.Generator().manual_seed(0)
    first, second = torch.randn(2, 1000, 2, generator=drawn)
    assert nearest_neighbor_test(first, second) == pytest.approx(0.5, abs=0.04)
    assert nearest_neighbor_test(first, second + 20) == 1
    assert nearest_neighbor_test(first, first) == 0, "each has its twin in the other sample"


def test_of_equally_near_points_the_share_counts():
    one = torch.zeros(3, 2)
    assert nearest_neighbor_test(one, one) == pytest.approx(2 / 5)  # 2 of 5 others are its own


@pytest.mark.parametrize("shapes", [((3, 2), (4, 2)), ((3,), (3,)), ((0, 2), (0, 2))])
def test_samples_of_two_sizes_are_refused(shapes):
    with pytest.raises(ShapeError, match=r"the samples have shapes .*; pass two of one shape"):
        nearest_neighbor_test(*(torch.zeros(shape) for shape in shapes))


def test_each_shape_lies_where_it_says():
    noise = torch.randn(20_000, 3, generator=torch.Generator().manual_seed(0))
    drawn = {name: shape(noise) for name, shape in SHAPES.items()}
    assert drawn["gaussian"].std(dim=0) == pytest.approx([1, 1], abs=0.03)
    assert drawn["ring"].norm(dim=1).mean() == pytest.approx(2, abs=0.03)
    turn = torch.atan2(drawn["ring"][:, 1], drawn["ring"][:, 0]) * 10 / (2 * torch.pi)
    heaps = torch.bincount(turn.round().long() % 10, minlength=10) / len(turn)
    assert heaps == pytest.approx([0.1] * 10, abs=0.01)
    thin = SHAPES["swiss_roll"](noise * torch.tensor([0.0, 0.0, 1.0]))
    far = thin.norm(dim=1) / 2.5
    off = torch.stack([(4 * torch.pi * far).cos(), (4 * torch.pi * far).sin()], 1)
    assert torch.allclose(thin, 2.5 * far[:, None] * off, atol=1e-3)
    even = far.square()  # twice as far out the line is twice as long
    assert even.quantile(torch.tensor([0.0, 0.5, 1.0])) == pytest.approx([0.05, 0.525, 1], abs=0.02)


def test_codes_of_classes_are_of_one_class_and_a_style():
    noise = torch.randn(10_000, 4, generator=torch.Generator().manual_seed(0))
    code = classes(5, noise)
    assert code.shape == (10_000, 8)
    assert set(code[:, :5].unique().tolist()) == {0, 1}
    assert code[:, :5].mean(dim=0) == pytest.approx([0.2] * 5, abs=0.015)
    assert torch.equal(code[:, :5].sum(dim=1), torch.ones(10_000))
    assert torch.equal(code[:, 5:], noise[:, 1:])
    assert classes(5, torch.full((1, 1), 40.0)).argmax() == 4, "the far end is the last class"


def test_a_few_of_each_class_are_those_with_the_smallest_numbers():
    label = [0, 1, 0, 1, 0, 1, 1, 1, 0, 0]
    points = data.arrays(
        x=torch.arange(10.0),
        label=label,
        classes=["a", "b"],
        split=["train"] * 8 + ["valid", "test"],
    )
    few = few_of_each(points.train, 2, torch.tensor([3.0, 7, 2, 6, 1, 5, 4, 0]))
    assert sorted(few.x.tolist()) == [2, 4, 6, 7]
    assert len(few_of_each(points.train, 100, torch.randn(8))) == 8


def test_draws_stand_above_codes_colored_by_their_label():
    codes, noise = {"ring": torch.zeros(4, 2), "gaussian": torch.ones(4, 2)}, torch.randn(9, 3)
    plain, both = (clouds(codes, torch.tensor(label), noise) for label in ([0] * 4, [0, 0, 0, 1]))
    assert plain.shape == (4, 3, 220, 220)
    assert torch.equal(plain[:2], both[:2]), "draws have no label"
    assert not torch.equal(plain[2:], both[2:])


def test_codes_are_told_apart_in_pieces_as_large_as_the_draws():
    draws = torch.randn(50, 2)
    near, far = torch.randn(50, 2), torch.randn(50, 2) + 100
    one, other = nearest_neighbor_test(near, draws), nearest_neighbor_test(far, draws)
    assert other == 1
    assert told_apart(torch.cat([near, far, near[:7]]), draws) == (one + other) / 2
    assert told_apart(near[:20], draws) == nearest_neighbor_test(near[:20], draws[:20])


def test_pictures_that_are_all_too_much_alike_do_not_count_as_mixed():
    draw = torch.Generator().manual_seed(0)
    real, narrow = torch.randn(2, 1000, 32, generator=draw)
    alike = generate.judging._scores(generate.judging._own(real, narrow))
    tight = generate.judging._scores(generate.judging._own(real, 0.5 * narrow))
    assert alike["mixed"] > 0.85
    assert tight["mixed"] < 0.1
    assert tight["real"] > 0.5  # as real ones have those in the middle as nearest
