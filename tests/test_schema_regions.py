"""Masks and boxes: prepared as their pictures are."""

import numpy as np
import pytest
import torch
from PIL import Image

from brique.errors import DataError
from brique.schema import Boxes, Mask, Picture
from brique.schema.label_maps import read_label_map
from brique.schema.regions import box_areas, clip_boxes, transform_boxes

SIZES = [(40, 60), (60, 40), (33, 47), (200, 31), (12, 12), (7, 90)]


def marked(height, width, box):
    """Return a black picture with a white box."""
    pixels = np.zeros((height, width), np.uint8)
    x0, y0, x1, y1 = box
    pixels[y0:y1, x0:x1] = 255
    return pixels


def hull(pixels):
    """Return x0, y0, x1, y1 round what is set."""
    rows, columns = np.flatnonzero(pixels.any(1)), np.flatnonzero(pixels.any(0))
    return torch.tensor([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1.0])


@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize("size", SIZES)
def test_placing_says_where_points_of_a_picture_come_to_lie(size, inside):
    height, width = size
    picture = Picture((1, 32, 48), letterbox=inside)
    box = (width // 3, height // 3, 2 * width // 3 + 1, 2 * height // 3 + 1)
    pixels = picture.prepare(Image.fromarray(marked(*size, box)))[0].numpy()
    far = torch.tensor([48.0, 32, 48, 32])
    placing = torch.tensor([picture.resize_transform(size)])
    expected, _ = clip_boxes(transform_boxes(torch.tensor([box]).float(), placing), far)
    assert (
        float((hull(pixels > 128 + 0.4 * (int(pixels.max()) - 128)) - expected[0]).abs().max())
        <= 1.5
    )


def test_inside_nothing_is_lost_and_grey_lies_round_it():
    picture = Picture((3, 20, 40), letterbox=True)
    wide = picture.prepare(np.full((10, 100, 3), 200, np.uint8))
    assert wide.shape == (3, 20, 40)
    assert bool((wide[:, 8:12] == 200).all())
    assert bool((wide[:, :8] == 128).all())
    assert bool((wide[:, 12:] == 128).all())
    tall = picture.prepare(np.full((3, 100, 10), 0.75, np.float32))
    assert tall[:, 5].unique().tolist() == [0.5, 0.75]
    grey = Picture((1, 20, 40), letterbox=True).prepare(np.zeros((5, 5), np.uint8))
    assert float((grey == 0).float().mean()) == 0.5  # enlarged to 20 x 20
    assert Picture((1, 4, 4), letterbox=True).prepare(np.ones((300, 1), bool)).shape == (1, 4, 4)


def test_boxes_go_where_their_pictures_go():
    placing = Picture((3, 64, 64), letterbox=True).resize_transform((100, 31))
    boxes = torch.tensor([[0.0, 0, 31, 100], [10, 20, 20, 60]])
    there = transform_boxes(boxes, torch.tensor([placing, placing]))
    assert torch.allclose(there[0, 1::2], torch.tensor([0.0, 64]))
    assert torch.allclose(there[0, [0, 2]].sum(), torch.tensor(64.0))  # grey on both sides alike
    assert torch.allclose(there[1, 2:] - there[1, :2], torch.tensor([6.4, 25.6]))
    assert Picture((3, 64, 64)).resize_transform((64, 64)) == (1.0, 0.0, 0.0)


def test_boxes_beyond_the_edge_are_cut_or_dropped():
    boxes = torch.tensor(
        [[-5.0, 0, 5, 10], [-8, 0, 2, 10], [2, 2, 2, 9], [8, 8, 6, 9], [1, 1, 2, 2]]
    )
    cut, kept = clip_boxes(boxes, torch.tensor([10.0, 10, 10, 10]))
    assert kept.tolist() == [True, False, False, False, True]
    assert cut[0].tolist() == [0, 0, 5, 10]
    assert box_areas(boxes).tolist() == [100, 100, 0, 0, 1]


@pytest.mark.parametrize("size", SIZES)
def test_a_mask_is_cut_as_its_picture_is(size):
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 2, (3, 3))
    classes = np.kron(coarse, np.ones((30, 30)))[: size[0] * 2, : size[1] * 2]
    classes = np.asarray(Image.fromarray(classes.astype(np.uint8)).resize(size[::-1], 0))
    mask = Mask(("a", "b"), (32, 48)).prepare(classes)
    picture = Picture((1, 32, 48)).prepare(Image.fromarray(classes * 255))[0]
    assert mask.dtype == torch.uint8
    assert mask.shape == (32, 48)
    assert float(((picture > 127) == mask.bool()).float().mean()) > 0.97


def test_a_mask_keeps_its_numbers(tmp_path):
    classes = np.array([[0, 1, 2, 255]], np.uint8).repeat(2, 0)
    kind = Mask(("a", "b", "c"), (4, 8))
    expected = classes.repeat(2, 0).repeat(2, 1)
    for image in (
        Image.fromarray(classes),
        indexed(classes),
        Image.fromarray(classes[..., None].repeat(3, 2)),
    ):
        image.save(tmp_path / "m.png")
        assert np.array_equal(kind.restore(kind.prepare(tmp_path / "m.png")), expected)
    assert np.array_equal(kind.prepare(torch.from_numpy(classes).long()), expected)
    assert bool((Mask(("a",), (2, 2)).prepare(np.zeros((2, 2), bool)) == 0).all())
    Image.fromarray(classes > 0).save(tmp_path / "one.png")
    assert read_label_map(tmp_path / "one.png").numbers.max() == 1


def indexed(classes):
    image = Image.fromarray(classes).convert("P")
    image.putdata(classes.ravel().tolist())
    image.putpalette(np.random.default_rng(0).integers(0, 256, 768).astype(np.uint8).tobytes())
    return image


def test_a_wrong_mask_is_named(tmp_path):
    kind = Mask(("a", "b"), (4, 4))
    Image.fromarray(np.array([[0, 7], [7, 1]], np.uint8)).save(tmp_path / "m.png")
    with pytest.raises(DataError, match=r"m.png: expected classes from 0 to 1 .*, got 7 in 2 pix"):
        kind.prepare(tmp_path / "m.png")
    colors = np.random.default_rng(0).integers(0, 256, (9, 9, 3), np.uint8)
    Image.fromarray(colors).save(tmp_path / "c.png")
    with pytest.raises(DataError, match=r"class number for each pixel .* got colors \(RGB\)"):
        kind.prepare(tmp_path / "c.png")
    Image.fromarray(colors[..., 0]).save(tmp_path / "j.jpg")
    with pytest.raises(DataError, match="got a JPEG, which blurs numbers"):
        kind.prepare(tmp_path / "j.jpg")
    with pytest.raises(DataError, match=r"mask: expected whole numbers \(height, width\)"):
        kind.prepare(np.zeros((2, 2)))
    with pytest.raises(DataError, match="mask: expected a file or an array, got"):
        kind.prepare([[1, 2], [3]])
    with pytest.raises(DataError, match="1 to 254 classes, got 0"):
        Mask((), (4, 4))
    with pytest.raises(DataError, match=r"mask: shape must be \(height, width\)"):
        Mask(("a",), (4, 0))


def test_boxes_are_four_finite_numbers_each():
    kind = Boxes((8, 8))
    assert kind.prepare([]).shape == (0, 4)
    assert kind.restore(kind.prepare([[1, 2, 3, 4]])) == [[1.0, 2, 3, 4]]
    for wrong in ([[1, 2, 3]], [[1, 2, 3, float("nan")]]):
        with pytest.raises(DataError, match=r"boxes: expected finite numbers \(T, 4\)"):
            kind.prepare(wrong)
    with pytest.raises(DataError, match=r"boxes: expected numbers \(T, 4\), got 'x'"):
        kind.prepare("x")
    with pytest.raises(DataError, match=r"boxes: shape must be \(height, width\)"):
        Boxes((8,))
