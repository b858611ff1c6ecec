import numpy as np
import pytest
import torch

from brique import data, keys
from brique.data import Augment, Batch, Ragged
from brique.data.core.augment import default
from brique.errors import DataError
from brique.schema import Boxes, Category, Mask, Number, Picture, Schema, Tags, Text


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


EVERYTHING = Augment(mirror=True, shift=0.2, rotate=20, zoom=0.3, light=0.2)


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
    out = Augment(rotate=90, fill=0.0)(Batch({"image": disk})).image[:, 0]
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
    with pytest.raises(DataError, match=r"rotate must lie from 0 to 180, got -1"):
        Augment(rotate=-1)


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


def scene(n, seed=0, size=(48, 64)):
    """Return a batch of boxes that are painted into masks and pictures."""
    rng = np.random.default_rng(seed)
    boxes, masks = [], np.zeros((n, *size), np.int64)
    for i in range(n):
        x, y = rng.integers(18, 34), rng.integers(14, 24)
        boxes.append(torch.tensor([[x, y, x + 12, y + 10]], dtype=torch.float32))
        masks[i, y : y + 10, x : x + 12] = 1
    masks = torch.from_numpy(masks)
    pixels = masks[:, None].float().expand(-1, 3, -1, -1).contiguous()
    classes = Ragged.of([torch.tensor([i]) for i in range(n)])
    return Batch({"image": pixels, "mask": masks, "boxes": Ragged.of(boxes), "classes": classes})


WITH_ALL = {"mask": "mask", "boxes": "boxes", "classes": "classes"}


def hulls(masks):
    """Return x0, y0, x1, y1 round the pixels of class 1 of each mask."""
    found = []
    for mask in masks:
        y, x = (mask == 1).nonzero().unbind(1)
        found.append([int(x.min()), int(y.min()), int(x.max()) + 1, int(y.max()) + 1])
    return torch.tensor(found).float()


@pytest.mark.parametrize(
    "settings",
    [{"mirror": True}, {"shift": 0.1}, {"zoom": 0.3},
     {"mirror": True, "shift": 0.1, "zoom": 0.2, "fill": 0.2}],
)  # fmt: skip
def test_masks_and_boxes_move_with_their_pictures(settings):
    before = scene(60)
    after = Augment(**settings, **WITH_ALL)(before)
    assert torch.equal(after.boxes.offsets, before.boxes.offsets)
    assert float((hulls(after.mask) - after.boxes.values).abs().max()) <= 1.5
    assert float((hulls(after.image[:, 0] > 0.5) - after.boxes.values).abs().max()) <= 1.5
    assert float((after.boxes.values - before.boxes.values).abs().max()) > 2


def test_turned_boxes_lie_round_what_they_were_about():
    after = Augment(rotate=30, zoom=0.1, mirror=True, **WITH_ALL)(scene(60))
    loose = (hulls(after.mask) - after.boxes.values).abs()
    assert float(loose.max()) <= 1.5  # the hull of turned corners is that of the turned mask


def test_beyond_the_edge_no_class_is_known():
    full = Batch({"image": torch.ones(50, 3, 8, 8), "mask": torch.ones(50, 8, 8).long()})
    assert Augment(shift=0.4, fill=1.0, mask="mask")(full).mask.unique().tolist() == [1, 255]
    assert Augment(shift=0.4, mask="mask")(full).mask.unique().tolist() == [1]


def test_a_box_of_which_little_is_left_is_dropped_with_its_class():
    before = scene(200)
    after = Augment(shift=0.6, fill=0.0, **WITH_ALL)(before)
    assert torch.equal(after.boxes.offsets, after.classes.offsets)
    assert 0 < len(after.boxes.values) < 200
    for i in range(200):  # each class is the number of its example
        assert after.classes[i].tolist() in ([], [i])
    left = (after.mask == 1).flatten(1).sum(1) / 120
    is_kept = after.boxes.lengths.bool()
    assert bool((left[is_kept] > 0.2).all())
    assert bool((left[~is_kept] < 0.4).all())
    low, high = after.boxes.values.amin(0), after.boxes.values.amax(0)
    assert float(low.min()) >= 0
    assert float(high[2]) <= 64
    assert float(high[3]) <= 48


def test_masks_and_boxes_do_not_depend_on_the_batch():
    augment = Augment(mirror=True, shift=0.3, rotate=20, zoom=0.3, **WITH_ALL)
    whole = scene(24)
    all_at_once = augment(whole)
    for size in (1, 5):
        parts = [augment(whole.cut(i, min(i + size, 24))) for i in range(0, 24, size)]
        assert torch.equal(torch.cat([part.mask for part in parts]), all_at_once.mask)
        boxes = torch.cat([part.boxes.values for part in parts])
        assert torch.equal(boxes, all_at_once.boxes.values)


def test_examples_without_boxes_stay_so():
    empty = Ragged.of([torch.zeros(0, 4)] * 3)
    none = Ragged.of([torch.zeros(0, dtype=torch.long)] * 3)
    batch = Batch({"image": torch.rand(3, 3, 8, 8), "boxes": empty, "classes": none})
    out = Augment(shift=0.1, boxes="boxes", classes="classes")(batch)
    assert out.boxes.lengths.tolist() == [0, 0, 0]


def test_fields_that_do_not_fit_are_named():
    batch = Batch({"image": torch.rand(2, 3, 8, 8), "mask": torch.zeros(2, 4, 8).long()})
    with pytest.raises(DataError, match=r"mask 'mask' must have shape \(2, 8, 8\), as its pict"):
        Augment(mirror=True, mask="mask")(batch)
    with pytest.raises(DataError, match=r"boxes 'mask' and classes 'mask' must be of varying leng"):
        Augment(mirror=True, boxes="mask", classes="mask")(batch)
    with pytest.raises(DataError, match=r"boxes='b' may be dropped, and their classes with them"):
        Augment(mirror=True, boxes="b")


def schema_of(*targets, image=(3, 64, 64), **inputs):
    named = {f"target{i}": kind for i, kind in enumerate(targets)}
    return Schema({"image": Picture(image), **inputs, **named}, tuple(named))


def test_the_default_keeps_what_a_picture_means():
    photos = default(schema_of(Category(("cat", "dog"))))
    assert photos == Augment(mirror=True, shift=0.1, rotate=10, zoom=0.1, light=0.2)
    assert not default(schema_of(Category(("0", "1")))).mirror
    assert not default(schema_of(Category(("turn left", "stop")))).mirror
    assert not default(
        Schema(
            {"image": Picture((3, 64, 64)), "eye: side": Category(("left", "right"))},
            ("eye: side",),
        )
    ).mirror
    borne = {f"hand:{side}": Category(("no", "yes")) for side in ("left", "right")}
    labels = Schema({"image": Picture((3, 64, 64)), **borne}, tuple(borne))
    assert not default(labels).mirror
    assert not default(schema_of(Category(("cat", "dog")), image=(1, 64, 64))).mirror
    assert default(schema_of(Category(("cat", "dog")), image=(3, 32, 32))).rotate == 0
    assert not default(schema_of(Category(("a cat", "x")), question=Text(("left",)))).mirror
    masks = default(schema_of(Mask(("0", "1"), (64, 64))))
    assert (masks.mirror, masks.mask, masks.fill) == (True, "target0", None)
    boxes = default(schema_of(Boxes((64, 64)), Tags(("cat",))))
    assert (boxes.boxes, boxes.classes, boxes.rotate, boxes.fill) == ("target0", "target1", 0, 0.5)
    assert not default(schema_of(Boxes((64, 64)), Tags(("a", "b")))).mirror


def test_the_default_leaves_alone_what_would_mean_something_else():
    assert default(schema_of(Number())) == Augment(light=0.2)
    assert default(schema_of(Number(), image=(1, 8, 8))) is None
    assert default(schema_of()) is None
    assert default(schema_of(Category(("a", "b")), other=Picture((3, 64, 64)))) is None
    assert default(Schema({"x": Number(), "y": Category(("a",))}, ("y",))) is None
