import pytest
import torch
from torch import nn

from brique import data
from brique.errors import ShapeError
from brique.evaluation import classifier
from brique.tasks.reconstruct import class_accuracy, labeled_rows, principal_components, reconstruct
from brique.tasks.reconstruct.analysis import GAP, LABEL_WIDTH


class Halves(nn.Module):
    """Halves its input; remembers how it was asked."""

    def __init__(self):
        super().__init__()
        self.share = nn.Parameter(torch.tensor(0.5))
        self.asked = []

    def forward(self, x):
        self.asked.append((len(x), self.training, torch.is_grad_enabled()))
        return x * self.share


@pytest.fixture(scope="module")
def digits():
    return data.open("digits")


def test_pictures_are_rebuilt_at_rest_and_some_at_once():
    net, pictures = Halves(), torch.rand(2500, 1, 4, 4)
    assert torch.equal(reconstruct(net, pictures), pictures / 2)
    assert net.asked == [(1000, False, False), (1000, False, False), (500, False, False)]
    assert net.training


def test_principal_components_lose_what_the_small_singular_values_hold(digits):
    pictures = digits.train["image"].flatten(1).double() / 255
    values = torch.linalg.svdvals(pictures - pictures.mean(dim=0))
    given = pictures.float().view(-1, 1, 8, 8)
    for size, coder in zip(
        (1, 2, 10, 64), principal_components(digits.train, (1, 2, 10, 64)), strict=True
    ):
        encoder, decoder = coder
        codes = reconstruct(encoder, given)
        assert codes.shape == (len(given), size)
        assert torch.allclose(codes.mean(dim=0), torch.zeros(size), atol=1e-5)
        error = (reconstruct(decoder, codes) - given).square().mean().item()
        lost = values[size:].square().sum().item() / pictures.numel()
        assert error == pytest.approx(lost, rel=1e-4, abs=1e-9)


def test_principal_components_are_those_of_the_split_alone(digits):
    (coder,) = principal_components(digits.train.select(digits.train.ids[:3]), [2])
    three = digits.train["image"][:3].float() / 255
    assert torch.allclose(reconstruct(coder, three), three, atol=1e-4), "two axes hold three points"


def test_a_size_out_of_range_is_refused(digits):
    with pytest.raises(
        ShapeError,
        match=r"principal_components: size 65 is out of range .* \(1, 8, 8\); pass one in",
    ):
        principal_components(digits.train, [2, 65])
    with pytest.raises(ShapeError, match="principal_components: size 0 is"):
        principal_components(digits.train, [0])


def test_a_reader_names_real_digits_and_is_lost_on_noise(digits, monkeypatch):
    monkeypatch.setattr(classifier, "_TURNS", 100)
    pictures, label = digits.test["image"].float() / 255, digits.test["label"]
    assert class_accuracy(pictures, label, digits) > 0.9
    assert class_accuracy(pictures, (label + 1) % 10, digits) < 0.1
    assert class_accuracy(torch.rand_like(pictures), label, digits) < 0.3


def test_rows_stand_below_one_another_behind_their_names():
    dark, bright = torch.zeros(3, 1, 20, 30), torch.ones(3, 1, 20, 30)
    drawn = labeled_rows({"dark": dark, "bright": bright})
    assert drawn.shape == (3, 2 * (20 + GAP), LABEL_WIDTH + GAP + 3 * (30 + GAP))
    assert drawn[:, : 20 + GAP, :LABEL_WIDTH].min() < 0.5, "a name is written"
    cells = drawn[:, :20, LABEL_WIDTH + GAP :]
    assert torch.equal(cells[:, :, :30], torch.zeros(3, 20, 30))
    assert cells[:, :, 30 : 30 + GAP].min() == 1, "a gap is white"
    assert drawn[:, 20 + GAP :, LABEL_WIDTH + GAP :].min() == 1


def test_rows_of_unlike_pictures_are_refused():
    with pytest.raises(
        ShapeError, match="labeled_rows: expected pictures of one shape, got {'a': "
    ):
        labeled_rows({"a": torch.zeros(2, 1, 8, 8), "b": torch.zeros(3, 1, 8, 8)})
