"""The prior, the labeled examples and the accuracy of `semi_supervised_aae`."""

import pytest
import torch

from brique import data
from brique.data import Batch
from brique.recipes.generative.semi_supervised_aae import (
    STYLE_SIZE,
    Args,
    ClassAndStyle,
    accuracy,
    build,
    examples_per_class,
    prior,
)


def noise(columns: int):
    return torch.randn(10_000, columns, generator=torch.Generator().manual_seed(0))


def test_the_prior_is_a_uniform_class_and_a_normal_style():
    latents = prior(5, noise(4))
    assert latents.shape == (10_000, 8)
    assert set(latents[:, :5].unique().tolist()) == {0, 1}
    assert latents[:, :5].mean(dim=0) == pytest.approx([0.2] * 5, abs=0.015)
    assert torch.equal(latents[:, :5].sum(dim=1), torch.ones(10_000))
    assert torch.equal(latents[:, 5:], noise(4)[:, 1:])
    assert prior(5, torch.full((1, 1), 40.0)).argmax() == 4, "the far end is the last class"


def test_latents_hold_class_probabilities_and_the_style_as_it_is():
    numbers = torch.randn(6, 3 + STYLE_SIZE)
    latents = ClassAndStyle()(numbers)
    assert torch.allclose(latents[:, :3], numbers[:, :3].softmax(dim=1))
    assert torch.equal(latents[:, 3:], numbers[:, 3:])


def test_few_of_each_class_are_the_lowest_in_order():
    points = data.arrays(
        x=torch.arange(10.0),
        label=[0, 1, 0, 1, 0, 1, 1, 1, 0, 0],
        classes=["a", "b"],
        split=["train"] * 8 + ["valid", "test"],
    )
    few = examples_per_class(points.train, 2, torch.tensor([3.0, 7, 2, 6, 1, 5, 4, 0]))
    assert sorted(few.x.tolist()) == [2, 4, 6, 7]
    assert len(examples_per_class(points.train, 100, torch.randn(8))) == 8


def test_accuracy_is_that_of_the_most_probable_class():
    latents = prior(3, noise(1 + STYLE_SIZE)[:1000])
    label = latents[:, :3].argmax(dim=1)
    label[:100] = (label[:100] + 1) % 3
    batch = Batch({"image": latents, "label": label})
    assert accuracy(torch.nn.Identity(), batch) == pytest.approx(0.9)


def test_all_encoders_and_the_discriminator_have_latents_of_one_size():
    digits = data.open("digits", size=28, channels=1)
    nets = build(Args(), digits.schema)
    pictures = torch.rand(4, 1, 28, 28)
    assert nets["autoencoder"](pictures).shape == pictures.shape
    for encoder in (nets["autoencoder"][0], nets["supervised"]):
        latents = encoder(pictures)
        assert latents.shape == (4, 10 + STYLE_SIZE)
        assert nets["discriminator"](latents).shape == (4, 1)
