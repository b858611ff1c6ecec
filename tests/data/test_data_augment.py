import numpy as np
import pytest
import torch

from brique import data, keys
from brique.data import Augment, Batch
from brique.errors import DataError


def pictures(n, seed=0, size=(9, 12), channels=3):
    return torch.rand(n, channels, *size, generator=torch.Generator().manual_seed(seed))


def seen(split, batch_size, augment, turns=None, seed=5):
    """Return the pixels of each example as seen in the first epoch, by its id."""
    found = {}
    stream = split.batches(batch_size, turns=turns or len(split) // batch_size, seed=seed,
                           augment=augment)  # fmt: skip
    for batch in stream:
        rounded = (batch.image * 255).round().to(torch.uint8)
        found |= {int(i): p.numpy().tobytes() for i, p in zip(batch.ids, rounded, strict=True)}
    return found


EVERYTHING = Augment(mirror=True, shift=0.2, turn=20, zoom=0.3, light=0.2)


def test_what_an_example_looks_like_does_not_depend_on_its_batch():
    train = data.open("digits").train
    whole = seen(train, len(train), EVERYTHING)
    assert len(whole) == len(train)
    for size in (1, 7, 64):
        part = seen(train, size, EVERYTHING)
        assert all(whole[i] == pixels for i, pixels in part.items())


def test_each_epoch_and_seed_shows_it_otherwise():
    train = data.open("digits").train.select(data.open("digits").train.ids[:50])
    first = seen(train, 50, EVERYTHING)
    both = list(train.batches(50, turns=2, seed=5, augment=EVERYTHING))
    second = {int(i): p for i, p in zip(both[1].ids, both[1].image, strict=True)}
    later = {i: (p * 255).round().to(torch.uint8).numpy().tobytes() for i, p in second.items()}
    other = seen(train, 50, EVERYTHING, seed=6)
    assert sum(first[i] == later[i] for i in first) < 5
    assert sum(first[i] == other[i] for i in first) < 5


def test_without_settings_nothing_changes():
    batch = Batch({"image": (pictures(5) * 255).round() / 255})
    assert torch.equal(Augment()(batch).image, batch.image)


def test_a_mirrored_picture_is_the_picture_mirrored():
    batch = Batch({"image": (pictures(200) * 255).round() / 255})
    out = Augment(mirror=True)(batch).image
    same = (out == batch.image).flatten(1).all(1)
    flipped = (out == batch.image.flip(3)).flatten(1).all(1)
    assert bool((same ^ flipped).all())
    assert 70 < int(flipped.sum()) < 130
    moved = Augment(mirror=True, shift=1e-9)(batch).image
    assert torch.allclose(moved, out, atol=1 / 255)  # the resampling mirrors the same ones


def test_a_shift_moves_by_at_most_its_share():
    dot = torch.zeros(300, 1, 21, 21)
    dot[:, :, 10, 10] = 1
    out = Augment(shift=0.2, fill=0.0)(Batch({"image": dot})).image
    places = torch.arange(21.0)
    mass = out.sum((1, 2, 3))
    x = (out.sum((1, 2)) * places).sum(1) / mass - 10
    y = (out.sum((1, 3)) * places).sum(1) / mass - 10
    for moved in (x, y):
        assert 3.5 < float(moved.abs().max()) <= 4.3  # 0.2 * 21 = 4.2, to a rounding
        assert abs(float(moved.mean())) < 0.6


def test_a_turn_is_a_rotation_about_the_middle_also_of_oblong_pictures():
    # a disk off the middle: turned, its distance from the middle stays
    y, x = torch.meshgrid(torch.arange(41.0) - 20, torch.arange(61.0) - 30, indexing="ij")
    disk = (((x - 12) ** 2 + y**2) < 9).float().expand(200, 1, 41, 61)
    out = Augment(turn=90, fill=0.0)(Batch({"image": disk})).image[:, 0]
    mass = out.sum((1, 2))
    cx, cy = (out * x).sum((1, 2)) / mass, (out * y).sum((1, 2)) / mass
    assert torch.allclose((cx**2 + cy**2).sqrt(), torch.full((200,), 12.0), atol=0.1)
    angles = torch.atan2(cy, cx).rad2deg()
    assert float(angles.min()) < -70
    assert float(angles.max()) > 70


def test_beyond_the_edge_lies_what_was_asked_for():
    white = torch.ones(50, 1, 8, 8)
    assert float(Augment(shift=0.4, fill=1.0)(Batch({"image": white})).image.min()) == 1.0
    assert float(Augment(shift=0.4, fill=0.0)(Batch({"image": white})).image.min()) == 0.0
    assert float(Augment(shift=0.4)(Batch({"image": white})).image.min()) == 1.0


def test_light_stays_in_range_and_leaves_the_shape():
    batch = Batch({"image": pictures(100)})
    out = Augment(light=0.5)(batch).image
    assert float(out.min()) >= 0
    assert float(out.max()) <= 1
    change = (out - batch.image).flatten(1).mean(1)
    assert float(change.min()) < -0.1
    assert float(change.max()) > 0.1


def test_numbers_out_of_range_are_refused():
    with pytest.raises(DataError, match=r"Augment: shift must lie from 0 to 1, got 3; choose one"):
        Augment(shift=3)
    with pytest.raises(DataError, match=r"turn must lie from 0 to 180, got -1"):
        Augment(turn=-1)


def test_draws_are_even_and_independent_of_each_other():
    draws = keys.uniform(keys.mix(1, 2), torch.arange(20_000), 4).double().numpy()
    assert draws.min() >= 0
    assert draws.max() < 1
    for column in draws.T:
        counts, _ = np.histogram(column, bins=20, range=(0, 1))
        assert ((counts - 1000) ** 2 / 1000).sum() < 45  # chi squared of 19: 45 is p = 0.0007
    assert np.abs(np.corrcoef(draws.T) - np.eye(4)).max() < 0.03
    assert np.abs(np.corrcoef(draws[1:, 0], draws[:-1, 0])[0, 1]) < 0.03


def test_draws_are_those_of_the_published_finalizer():
    def mixed(state):  # splitmix64's finalizer in Python's integers
        mask = (1 << 64) - 1
        state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & mask
        state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & mask
        return state ^ (state >> 31)

    key, golden, mask = keys.mix(3), 0x9E3779B97F4A7C15, (1 << 64) - 1
    found = keys.uniform(key, torch.tensor([0, 9, 2**40]), 2)
    for row, place in enumerate([0, 9, 2**40]):
        for column in range(2):
            state = mixed((mixed((place + key) & mask) + (column + 1) * golden) & mask)
            assert float(found[row, column]) == (state >> 40) / 2**24
