import numpy as np
import pytest
import torch
from torch import nn

from brique import data
from brique.errors import ShapeError
from brique.evaluation import classifier
from brique.tasks.generate import gap, recognized


class Shows(nn.Module):
    """Makes the pictures that it was given, by number."""

    def __init__(self, pictures):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(()))
        self.pictures = pictures
        self.modes = []

    def forward(self, numbers):
        self.modes.append((self.training, torch.is_grad_enabled()))
        return self.pictures[numbers.long()] * self.scale


@pytest.fixture(scope="module")
def digits():
    return data.open("digits")


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def _kept(cache, monkeypatch):
    monkeypatch.setenv("BRIQUE_CACHE", str(cache))


def test_real_digits_are_recognized(digits):
    pictures = digits.test["image"].float() / 255
    judged = recognized(Shows(pictures), torch.arange(len(pictures)), digits)
    assert set(judged) == {"recognized", "rarest", "classifier_accuracy"}
    assert judged["recognized"] >= 0.9
    assert 0.06 <= judged["rarest"] <= 0.1
    assert judged["classifier_accuracy"] >= 0.97


def test_one_digit_over_and_over_is_seen_by_the_rarest(digits):
    pictures = digits.test["image"].float() / 255
    judged = recognized(Shows(pictures), torch.zeros(50), digits)
    assert judged["rarest"] == 0.0


def test_the_reader_is_kept_and_the_same_each_time(digits, monkeypatch, tmp_path):
    monkeypatch.setattr(classifier, "_TURNS", 30)
    cache = tmp_path / "new"
    monkeypatch.setenv("BRIQUE_CACHE", str(cache))
    pictures = digits.valid["image"].float() / 255
    numbers = torch.arange(len(pictures))
    first = recognized(Shows(pictures), numbers, digits)
    (kept,) = (cache / "classifiers").iterdir()
    content = kept.read_bytes()
    assert recognized(Shows(pictures), numbers, digits) == first
    assert kept.read_bytes() == content
    kept.write_bytes(b"damaged")
    assert recognized(Shows(pictures), numbers, digits) == first
    assert kept.read_bytes() == content  # fitted anew, to the same bits
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("BRIQUE_CACHE", str(tmp_path / "file"))  # nothing can be kept below a file
    assert recognized(Shows(pictures), numbers, digits) == first


def test_judging_disturbs_neither_draws_nor_modes(digits, monkeypatch, tmp_path):
    monkeypatch.setattr(classifier, "_TURNS", 30)
    monkeypatch.setenv("BRIQUE_CACHE", str(tmp_path / "new"))
    pictures = digits.valid["image"].float() / 255
    net = Shows(pictures)
    torch.manual_seed(5)
    np.random.seed(5)
    expected = torch.rand(3), np.random.rand()
    torch.manual_seed(5)
    np.random.seed(5)
    recognized(net, torch.arange(10), digits)
    assert torch.equal(torch.rand(3), expected[0])
    assert np.random.rand() == expected[1]
    assert net.training
    assert set(net.modes) == {(False, False)}
    assert net.scale.requires_grad
    assert net.scale.grad is None


def test_pictures_of_another_shape_are_refused(digits):
    with pytest.raises(
        ShapeError, match=r"the net returns pictures of shape \(1, 9, 9\) but the data have"
    ):
        recognized(Shows(torch.zeros(1, 1, 9, 9)), torch.zeros(2), digits)


def test_gap_is_the_distance_of_the_mean_pictures(digits):
    real = digits.valid["image"].float() / 255
    assert gap(real, digits.valid) == pytest.approx(0, abs=1e-7)
    expected = float((torch.full((1, 8, 8), 0.5) - real.mean(dim=0)).abs().mean())
    assert gap(torch.full((3, 1, 8, 8), 0.5), digits.valid) == pytest.approx(expected, abs=1e-6)
    with pytest.raises(ShapeError, match=r"gap: the pictures have shape \(1, 9, 9\) but those of"):
        gap(torch.zeros(2, 1, 9, 9), digits.valid)


@pytest.mark.slow
def test_the_reader_of_mnist_is_good():
    mnist = data.open("mnist")
    pictures = mnist.test["image"][:500].float() / 255
    assert recognized(Shows(pictures), torch.arange(500), mnist)["classifier_accuracy"] >= 0.985
