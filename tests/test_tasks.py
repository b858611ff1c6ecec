import math

import pytest
import torch
from torch import nn

from brique.data import arrays
from brique.errors import DataError, ShapeError
from brique.inference import batch_size_for, device_of, eval_mode, even_indices
from brique.schema import Category, Picture
from brique.tasks import accuracy, classify


def some(count=200, names=("a", "b", "c")):
    torch.manual_seed(0)
    pixels = torch.rand(count, 1, 4, 4)
    labels = torch.arange(count) % len(names)
    return arrays(image=pixels, label=labels, classes=list(names))


class Knows(nn.Module):
    """Scores that are right for a share of the pictures, found by their first pixel."""

    def __init__(self, data, wrong=0):
        super().__init__()
        self.drop = nn.Dropout(0.5)
        self.seen = []
        self.table = {}
        for split in (data.train, data.valid, data.test):
            for place, example in enumerate(split):
                label = int(example["label"])
                right = label if place >= wrong else (label + 1) % 3
                self.table[float(example["image"][0, 0, 0])] = right

    def forward(self, x):
        self.seen.append((self.training, len(x), x.dtype, torch.is_grad_enabled()))
        labels = torch.tensor([self.table[float(value)] for value in x[:, 0, 0, 0]])
        return nn.functional.one_hot(labels, 3).double() * 10


def test_accuracy_counts_what_is_named_rightly():
    data = some()
    assert accuracy(Knows(data), data.test) == 1.0
    assert accuracy(Knows(data, wrong=10), data.test) == 1 - 10 / len(data.test)


def test_accuracy_asks_in_eval_mode_without_slopes_in_pieces_of_a_thousand():
    data = some(4000)
    net = Knows(data).train()
    accuracy(net, data.train)
    assert {seen[0] for seen in net.seen} == {False}
    assert {seen[3] for seen in net.seen} == {False}
    assert {seen[2] for seen in net.seen} == {torch.float32}
    assert max(seen[1] for seen in net.seen) == 1000


def test_accuracy_leaves_every_part_in_its_own_mode():
    data = some()
    net = nn.Sequential(nn.Flatten(), nn.BatchNorm1d(16), nn.Dropout(), nn.Linear(16, 3))
    net.train()
    net[1].eval()
    before = [part.training for part in net.modules()]
    buffers = [buffer.clone() for buffer in net.buffers()]
    accuracy(net, data.test)
    assert [part.training for part in net.modules()] == before
    assert all(torch.equal(a, b) for a, b in zip(buffers, net.buffers(), strict=True))


def test_modes_come_back_when_the_net_fails():
    net = nn.Sequential(nn.Linear(2, 2), nn.Dropout())
    with pytest.raises(RuntimeError, match="mat1"), eval_mode(net):
        net(torch.zeros(1, 3))
    assert all(part.training for part in net.modules())


def test_accuracy_is_the_same_under_autocast():
    data = some()
    net = nn.Sequential(nn.Flatten(), nn.Linear(16, 3))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        inside = classify.validate(net, data.test)
    assert inside == classify.validate(net, data.test)


def test_a_look_is_accuracy_and_mean_cross_entropy():
    data = some()
    net = nn.Sequential(nn.Flatten(), nn.Linear(16, 3))
    scores = net(data.test["image"]).detach()
    expected = float(classify.loss(scores, data.test["label"]))
    seen = classify.validate(net, data.test)
    assert seen.loss == pytest.approx(expected, abs=1e-6)
    assert seen.accuracy == accuracy(net, data.test)
    nobody = data.test.select(torch.zeros(len(data.test), dtype=torch.bool))
    assert math.isnan(classify.validate(net, nobody).loss)


def test_classes_are_compared_by_name():
    data = some(names=("c", "a", "b"))
    net = Knows(data)  # its scores stand in the order c, a, b
    assert accuracy(net, data.test, names=("c", "a", "b")) == 1.0
    assert accuracy(net, data.test, names=("a", "b", "c")) == 0.0


def test_a_class_that_the_net_does_not_know_is_named():
    data = some(names=("cat", "dog", "caat"))
    with pytest.raises(DataError, match=r"the class 'caat', which .* \(it knows cat, dog, cow\)"):
        accuracy(Knows(data), data.test, names=("cat", "dog", "cow"))


def test_an_empty_split_is_refused():
    data = some()
    with pytest.raises(DataError, match="the split is empty; pass one with at least one example"):
        accuracy(Knows(data), data.test.select(torch.zeros(len(data.test), dtype=torch.bool)))


def test_answers_name_classes_and_are_float32_shares():
    scores = torch.tensor([[0.0, math.log(3)], [5.0, 5.0]], dtype=torch.float64)
    first, second = classify.predictions(scores, ["cat", "dog"])
    assert first.answer == "dog"
    assert first.probabilities == pytest.approx({"cat": 0.25, "dog": 0.75})
    assert second.answer == "cat"  # of equals the first
    assert first.to_json() == {"answer": "dog", "probabilities": first.probabilities}
    assert first.summary() == ("dog", "75.0%")
    chances = {"p(cat)": 0.25, "p(dog)": 0.75}
    assert first.cells() == pytest.approx({"answer": "dog", "probability": 0.75} | chances)


def test_scores_of_another_width_are_refused():
    with pytest.raises(ShapeError, match=r"shape \(2, 3\) but there are 2 classes; pass scores"):
        classify.predictions(torch.zeros(2, 3), ["cat", "dog"])


@pytest.mark.parametrize(
    ("right", "total", "low", "high"),
    [
        (0, 10, 0.0, 0.2775),
        (10, 10, 0.7225, 1.0),
        (50, 100, 0.4038, 0.5962),
        (353, 360, 0.9604, 0.9906),
    ],
)
def test_interval_is_that_of_wilson(right, total, low, high):
    assert classify.wilson_interval(right / total, total) == pytest.approx((low, high), abs=1e-4)


def test_large_pictures_come_in_smaller_batches():
    assert batch_size_for(Picture((1, 28, 28))) == 1000
    assert batch_size_for(Picture((3, 1024, 1024))) == 1
    assert batch_size_for(Category(("a",))) == 1000


def test_the_device_of_a_net_without_numbers_is_the_cpu():
    assert device_of(nn.ReLU()) == torch.device("cpu")
    assert device_of(nn.BatchNorm1d(2, affine=False)) == torch.device("cpu")


def test_examples_are_chosen_evenly_from_the_first_on():
    assert even_indices(10, 4).tolist() == [0, 2, 5, 7]
    assert even_indices(3, 4).tolist() == [0, 1, 2]
    assert even_indices(0, 4).tolist() == []
    gaps = even_indices(1_000_003, 999).diff()
    assert int(gaps.max() - gaps.min()) == 1
