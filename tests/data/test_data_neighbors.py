"""Pictures of one kind that are drawn anew are no copies of each other; copies among them are."""

import numpy as np
import torch
from PIL import Image, ImageDraw

from brique.data.near_duplicates import images


def trousers(count, seed=0):
    """Return thumbnails of silhouettes of one shape: place, size and legs are drawn."""
    draw = np.random.default_rng(seed)
    pictures = []
    for _ in range(count):
        image = Image.new("L", (112, 112))
        x, y = draw.normal(56, 3, 2)
        wide, high, gap = draw.uniform(16, 26), draw.uniform(38, 50), draw.uniform(2, 9)
        pen = ImageDraw.Draw(image)
        pen.polygon([(x - wide, y - high), (x + wide, y - high), (x + wide, y + high),
                     (x + gap, y + high), (x, y - high / 3), (x - gap, y + high),
                     (x - wide, y + high)], fill=255)  # fmt: skip
        pictures.append(np.asarray(image.resize((28, 28), Image.Resampling.BOX)))
    return np.stack(pictures)


def thumbs(pixels):
    return images.thumbnails(torch.from_numpy(pixels)[:, None])


def test_silhouettes_of_one_shape_are_no_copies():
    found = images.near_pairs(thumbs(trousers(700)), side=28)
    assert len(found) <= 1


def test_copies_among_other_pictures_stand_out():
    draw = np.random.default_rng(0)
    rough = torch.from_numpy(draw.normal(size=(300, 1, 7, 7)).astype(np.float32))
    pixels = torch.nn.functional.interpolate(rough, (28, 28), mode="bicubic")
    pixels = ((pixels - pixels.amin()) / (pixels.amax() - pixels.amin()) * 255).squeeze(1).numpy()
    noise = draw.normal(0, 2, (30, 28, 28))
    copies = np.clip(1.04 * pixels[:30] + 4 + noise, 0, 255)
    both = np.concatenate([pixels, copies]).round().astype(np.uint8)
    found = {tuple(pair) for pair in images.near_pairs(thumbs(both), side=28).tolist()}
    assert found == {(at, 300 + at) for at in range(30)}


def test_several_copies_of_one_picture_do_not_hide_each_other():
    draw = np.random.default_rng(1)
    rough = torch.from_numpy(draw.normal(size=(60, 1, 7, 7)).astype(np.float32))
    pixels = torch.nn.functional.interpolate(rough, (28, 28), mode="bicubic")
    pixels = ((pixels - pixels.amin()) / (pixels.amax() - pixels.amin()) * 255).squeeze(1).numpy()
    copies = [np.clip(pixels[0] + draw.normal(0, 2, (28, 28)), 0, 255) for _ in range(4)]
    both = np.concatenate([pixels, copies]).round().astype(np.uint8)
    found = images.near_pairs(thumbs(both), side=28)
    assert set(found.flatten().tolist()) == {0, 60, 61, 62, 63}
    assert len(found) == 10
