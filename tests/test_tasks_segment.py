import math

import pytest
import torch
from PIL import Image
from torch import nn
from torch.nn import functional

from brique import data, nets
from brique.data import worlds
from brique.errors import DataError, ShapeError, UsageError
from brique.nets.unet import unet, unet_arguments
from brique.planning import Request
from brique.schema import IGNORE_INDEX
from brique.tasks import segment
from brique.tasks.segment import metrics
from brique.tasks.segment.evaluate import downsample
from brique.tasks.segment.plan import plan


@pytest.fixture(scope="module")
def scenes():
    return worlds.scenes(40, target="mask")


class Told(nn.Module):
    """Says of each pixel what it is, by looking at the answers, but for some classes."""

    def __init__(self, split, classes, blind=()):
        super().__init__()
        self.masks = split["mask"]
        self.pictures, self.classes, self.blind = split["image"], classes, blind

    def forward(self, x):
        rows = [(self.pictures == (one * 255).round().byte()).flatten(1).all(1) for one in x]
        masks = torch.stack([self.masks[int(row.nonzero()[0])] for row in rows]).long()
        for number in self.blind:
            masks = torch.where(masks == number, 0, masks)
        masks = torch.where(masks == IGNORE_INDEX, 0, masks)
        return functional.one_hot(masks, self.classes).permute(0, 3, 1, 2).float()


class Constant(nn.Module):
    """Says the first of two classes everywhere."""

    def forward(self, x):
        return torch.tensor([1.0, 0.0]).view(1, 2, 1, 1).expand(len(x), 2, *x.shape[2:])


def test_loss_is_the_mean_cross_entropy_of_the_pixels_that_count():
    said = torch.randn(3, 4, 5, 6, dtype=torch.float64)
    truth = torch.randint(4, (3, 5, 6)).byte()
    truth[0, :2] = IGNORE_INDEX
    total, count = segment.loss(said, truth)
    expected = functional.cross_entropy(said.float(), truth.long(), ignore_index=IGNORE_INDEX)
    torch.testing.assert_close(total / count, expected)
    weights = torch.tensor([1.0, 2.0, 3.0, 4.0])
    total, count = segment.loss(said, truth, weights)
    expected = functional.cross_entropy(
        said.float(), truth.long(), weights, ignore_index=IGNORE_INDEX
    )
    torch.testing.assert_close(total / count, expected)
    whole = segment.loss(said, truth, weights)
    parts = [segment.loss(said[k : k + 1], truth[k : k + 1], weights) for k in range(3)]
    torch.testing.assert_close(sum(p[0] for p in parts), whole[0])
    torch.testing.assert_close(sum(p[1] for p in parts), whole[1])


def test_a_batch_in_which_no_pixel_counts_costs_nothing():
    total, count = segment.loss(torch.randn(1, 2, 3, 3), torch.full((1, 3, 3), IGNORE_INDEX).byte())
    assert float(total / count) == 0


def test_weights_have_a_mean_of_one_and_make_classes_alike(scenes):
    shares = torch.bincount(scenes.train["mask"].flatten(), minlength=5).double()
    shares /= shares.sum()
    for power in (0.0, 0.5, 1.0):
        weights = segment.weights(scenes.train, power=power).double()
        assert float((weights * shares).sum()) == pytest.approx(1, abs=1e-5)
        each = weights * shares**power
        assert float(each.max() / each.min()) == pytest.approx(1, rel=1e-4)


def test_iou_is_the_common_part_of_what_is_and_what_was_said():
    truth = torch.tensor(
        [[[0, 0, 1, 1], [0, 0, 1, IGNORE_INDEX]], [[2, 2, 2, 2], [0, 0, 0, 0]]]
    ).byte()
    said = torch.tensor([[[0, 1, 1, 1], [0, 0, 0, 1]], [[2, 2, 0, 0], [0, 0, 0, 0]]])
    counts = metrics.confusion(truth, said, 4)
    assert counts.sum().item() == 15
    assert counts[0, :2, :2].tolist() == [[3, 1], [1, 2]]
    found = metrics.count_pixels(counts)
    assert metrics.class_ious(found)[:3].tolist() == pytest.approx([7 / 11, 2 / 4, 2 / 4])
    assert math.isnan(metrics.class_ious(found)[3])
    told = metrics.compute_metrics(found)
    assert told["mean_iou"] == pytest.approx((7 / 11 + 1 / 2 + 1 / 2) / 3)
    assert told["pixel_accuracy"] == pytest.approx(11 / 15)
    assert told["mean_accuracy"] == pytest.approx((7 / 8 + 2 / 3 + 2 / 4) / 3)
    assert metrics.mean_iou_by_picture(found).tolist() == pytest.approx(
        [(3 / 5 + 2 / 4) / 2, (2 / 4 + 4 / 6) / 2]
    )


def test_a_net_that_knows_the_answers_is_right_and_shows_its_worst_pictures(scenes):
    judged = segment.evaluate(Told(scenes.test, 5), scenes)
    assert judged.values["test"] == {"mean_iou": 1.0, "pixel_accuracy": 1.0, "mean_accuracy": 1.0}
    low, high = judged.values["interval"]["mean_iou"]
    assert low < 1 == high  # a few pictures do not say that all others would be right
    assert judged.values["comparison"]["outcome"] == "better"
    blind = segment.evaluate(Told(scenes.test, 5, blind=(2,)), scenes, compare=False)
    classes = blind.values["classes"]
    assert classes["square"]["iou"] == 0
    assert classes["circle"]["iou"] == 1
    each = blind.arrays["iou"]
    worst = int(blind.arrays["ids"][each.argmin()])
    assert each[blind.arrays["ids"] == blind.arrays["shown_ids"][0]] == each.min()
    assert worst in blind.arrays["shown_ids"].tolist()
    assert list(blind.values["baseline"]) == ["majority"]
    low, high = blind.values["interval"]["mean_iou"]
    assert low < blind.values["test"]["mean_iou"] < high
    assert "over 5 classes on 8 pictures" in segment.sentence(blind.values)


def test_logistic_regression_knows_colors_and_places():
    image = torch.rand(30, 3, 24, 24) * 0.3
    mask = torch.zeros(30, 24, 24, dtype=torch.uint8)
    image[:, 0, :, 12:], mask[:, :, 12:] = 0.9, 1  # by color
    mask[:, :4, :12] = 2  # by place
    found = scenes_of(image, mask, ("left", "right", "top"))
    judged = segment.evaluate(Told(found.test, 3), found)
    entry = judged.values["baseline"]["logistic"]
    assert entry["mean_iou"] > 0.9
    assert entry["seconds"] < 30
    assert judged.values["comparison"]["best"] == "logistic"


def test_a_net_behind_the_baseline_is_said_to_be_so(scenes):
    judged = segment.evaluate(Told(scenes.test, 5, blind=(1, 2, 3, 4)), scenes, compare=False)
    assert segment.sentence(judged.values).startswith("No better than the best baseline") or \
        judged.values["test"]["mean_iou"] >= judged.values["baseline"]["majority"]["mean_iou"]  # fmt: skip
    values = judged.values | {"comparison": {"best": "majority", "p": 0.001, "outcome": "worse"}}
    values["test"] = values["test"] | {"mean_iou": 0.01}
    assert segment.sentence(values).startswith("Worse than the best baseline. Test mean IoU 1.0%")


def scenes_of(image, mask, names):
    """Return data of pictures and masks in memory."""
    from brique.data.dataset import build
    from brique.data.raw.source import Source
    from brique.schema import Mask, Picture

    shape = tuple(image.shape[1:])
    kinds = {"image": Picture(shape), "mask": Mask(names, shape[1:])}
    part = torch.tensor([(0, 0, 0, 1, 2)[k % 5] for k in range(len(image))], dtype=torch.uint8)
    pixels = (image * 255).byte()
    return build(Source("made", {"image": pixels, "mask": mask}, kinds, ("mask",), part))


def test_classes_are_found_by_name(scenes):
    names = scenes.schema["mask"].names
    other = (*names[1:], names[0])  # the net numbers them otherwise

    class Turned(Told):
        def forward(self, x):
            return super().forward(x).roll(-1, dims=1)

    judged = segment.evaluate(Turned(scenes.test, 5), scenes, names=other, compare=False)
    assert judged.values["test"]["mean_iou"] == 1
    with pytest.raises(DataError, match="the data have the class 'star', which the net does not"):
        segment.evaluate(Told(scenes.test, 5), scenes, names=names[:-1])


def test_what_does_not_fit_is_refused(scenes):
    digits = data.open("digits")
    with pytest.raises(DataError, match="segment: expected a mask as target, got category"):
        segment.evaluate(nn.Identity(), digits)
    with pytest.raises(DataError, match="segment.weights: expected a mask as target, got categ"):
        segment.weights(digits.train, power=0.5)
    with pytest.raises(DataError, match="unet: expected one picture and a mask as target"):
        unet_arguments(digits.schema)
    with pytest.raises(ShapeError, match=r"segment.loss: scores \(2, 3, 4\) do not fit masks"):
        segment.loss(torch.zeros(2, 3, 4), torch.zeros(2, 4, 4))
    with pytest.raises(ShapeError, match=r"the net returned \(2, 3, 4, 4\) for 2 classes; let it"):
        segment.predictions(torch.zeros(2, 3, 4, 4), ("a", "b"))

    class Coarse(Told):
        def forward(self, x):
            return super().forward(x)[:, :, ::2]

    with pytest.raises(ShapeError, match="but the targets are"):
        segment.evaluate(Coarse(scenes.test, 5), scenes, compare=False)
    from dataclasses import replace

    empty = replace(scenes, test=scenes.test.select(torch.empty(0, dtype=torch.int64)))
    with pytest.raises(DataError, match="segment: the test part is empty"):
        segment.evaluate(Told(scenes.test, 5), empty)
    blank = scenes_of(
        torch.rand(10, 1, 4, 4), torch.full((10, 4, 4), IGNORE_INDEX).byte(), ("a", "b")
    )
    with pytest.raises(DataError, match="expected labeled pixels in the training masks, got none"):
        segment.weights(blank.train, power=0.5)
    with pytest.raises(
        DataError, match="expected labeled pixels in the test masks, got none in 2; check"
    ):
        segment.evaluate(Constant(), blank, compare=False)


def test_a_mask_is_laid_over_the_picture_as_it_was_given(scenes):
    mask = torch.arange(64)[None].expand(64, -1).byte() // 32  # left 0, right 1
    names = scenes.schema["mask"].names
    (answer,) = segment.predictions(
        functional.one_hot(mask[None].long(), 5).permute(0, 3, 1, 2), names
    )
    assert answer.answer == {"background": 0.5, "circle": 0.5}
    twice = segment.postprocess(answer, torch.zeros(3, 128, 128).numpy(), scenes.schema).mask
    assert torch.equal(twice, torch.arange(128)[None].expand(128, -1).byte() // 64)
    wide = segment.postprocess(answer, torch.zeros(3, 100, 200).numpy(), scenes.schema).mask
    assert wide.shape == (100, 200)  # cut about the middle, 100 x 100
    assert wide[50].tolist() == [255] * 50 + [0] * 50 + [1] * 50 + [255] * 50
    assert answer.summary() == ("background 50%, circle 50%", "")
    assert answer.cells()["star"] == 0


@pytest.mark.parametrize("ending", [".jpg", ".tif"])
def test_a_mask_is_laid_over_a_turned_photograph_as_it_is_seen(scenes, tmp_path, ending):
    exif = Image.Exif()
    exif[0x0112] = 6  # stored on its side: 100 wide and 60 high, seen 60 wide and 100 high
    path = tmp_path / f"a{ending}"
    Image.new("RGB", (100, 60)).save(path, exif=exif)
    scores = torch.zeros(1, len(scenes.schema["mask"].names), 64, 64)
    scores[:, 1, :32] = 1  # the upper half as seen
    answer = segment.predictions(scores, scenes.schema["mask"].names)[0]
    mask = segment.postprocess(answer, path, scenes.schema).mask
    assert tuple(mask.shape) == (100, 60)
    assert mask[25:49].unique().tolist() == [1]
    assert mask[51:75].unique().tolist() == [0]


def test_masks_of_the_report_are_small():
    assert downsample(torch.zeros(2, 400, 300).byte()).shape == (2, 192, 144)
    masks = torch.randint(5, (2, 30, 40)).byte()
    assert torch.equal(downsample(masks), masks)


def test_unet_takes_pictures_of_any_size_and_is_built_from_json():
    net = unet(1, 3, 0.5, 0.2, width=4, stages=3, stem=4)
    for size in ((32, 32), (45, 61), (17, 90)):
        assert net(torch.rand(2, 1, *size)).shape == (2, 3, *size)
    origin = nets.built_by(net)
    assert origin["builder"] in nets.BUILDERS
    again = nets.BUILDERS[origin["builder"]](**origin["arguments"])
    assert again.state_dict().keys() == net.state_dict().keys()


def test_the_plan_is_a_function_of_data_and_minutes(scenes):
    one = plan(scenes, Request(source="made", minutes=10))
    assert one == plan(scenes, Request(source="made", minutes=10))
    assert one["turns"] == 200 * 5  # 40 pictures, 8 a turn
    short = plan(scenes, Request(source="made", minutes=0.2))
    assert short["turns"] < one["turns"]
    assert short["width"] < one["width"]
    assert plan(scenes, Request(source="made", epochs=3))["turns"] == 15
    assert plan(scenes, Request(source="made", balance="weights"))["class_weight_power"] == 1
    with pytest.raises(UsageError, match="draws examples of rare classes more often, but a"):
        plan(scenes, Request(source="made", balance="sampler"))
