import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from brique import data, nets
from brique.data import Ragged, worlds
from brique.data.dataset import with_fields
from brique.errors import DataError, ShapeError, UsageError
from brique.nets.detector import detector, detector_arguments
from brique.nets.score_threshold import ScoreThreshold
from brique.planning import Request
from brique.tasks import detect
from brique.tasks.detect import boxes, metrics
from brique.tasks.detect.detections import Detections
from brique.tasks.detect.evaluate import MAX_PICTURES, _select_pictures
from brique.tasks.detect.loss import assign_targets
from brique.tasks.detect.outputs import Target
from brique.tasks.detect.plan import plan

ONCE = torch.ones(1, 1, dtype=torch.float64)


@pytest.fixture(scope="module")
def scenes():
    return worlds.scenes(40, target="boxes")


class Told(nn.Module):
    """Says rows with the boxes that there are, each with a score of its own; misses some."""

    def __init__(self, split, classes=4, *, miss=False, shift=0.0, sure=4.0):
        super().__init__()
        self.split, self.classes = split, classes
        self.miss, self.shift, self.sure = miss, shift, sure

    def forward(self, x):
        rows = torch.zeros(len(x), 8, 7 + self.classes)
        rows[..., 7:] = -20.0
        for row, one in zip(rows, x, strict=True):
            same = (self.split["image"] == (one * 255).round().byte()).flatten(1).all(1)
            at = int(same.nonzero()[0])
            own, labels = self.split["boxes"][at], self.split["classes"][at]
            for k in range(len(own) - (self.miss and len(own) > 1)):
                row[k, 3:7] = own[k] + self.shift
                row[k, 7 + int(labels[k])] = self.sure - k
        return rows


def found(*said):
    """Return the boxes (x0, y0, x1, y1, score, class) of one picture, the surest first."""
    rows = torch.tensor(sorted(said, key=lambda one: -one[4])).reshape(-1, 6)
    return Detections(rows[:, :4], rows[:, 4], rows[:, 5].long())


def truth(*there):
    rows = torch.tensor(there).reshape(-1, 5)
    return Target(rows[:, :4], rows[:, 4].long())


def test_overlap_is_the_common_area_over_that_of_either():
    a = torch.tensor([[0.0, 0, 2, 2], [0, 0, 1, 1]])
    b = torch.tensor([[1.0, 1, 3, 3], [0, 0, 2, 2], [5, 5, 6, 6]])
    assert boxes.box_iou(a, b).flatten().tolist() == pytest.approx([1 / 7, 1, 0, 0, 1 / 4, 0])
    assert boxes.generalized_iou(a, b[[0, 2]]).tolist() == pytest.approx([1 / 7 - 2 / 9, -34 / 36])
    torchvision = pytest.importorskip("torchvision")
    some = torch.rand(40, 4).sort(1).values[:, [0, 1, 2, 3]]
    torch.testing.assert_close(boxes.box_iou(some, some), torchvision.ops.box_iou(some, some))


def test_of_boxes_that_say_the_same_the_surest_is_kept():
    generator = torch.Generator().manual_seed(0)
    low = torch.rand(200, 2, generator=generator) * 20
    all_ = torch.cat([low, low + 4 + 8 * torch.rand(200, 2, generator=generator)], 1)
    sure, label = torch.rand(200, generator=generator), torch.arange(200) % 3
    kept = boxes.non_max_suppression(all_, sure, label)
    assert sure[kept].tolist() == sorted(sure[kept].tolist(), reverse=True)
    good: list[int] = []
    for k in torch.argsort(sure, descending=True).tolist():  # the plain loop
        same = [o for o in good if label[o] == label[k]]
        if not any(boxes.box_iou(all_[o][None], all_[k][None]) > boxes.NMS_IOU for o in same):
            good.append(k)
    assert kept.tolist() == good[: boxes.MAX_BOXES]


def test_average_precision_is_that_of_a_sum_done_by_hand():
    there = [truth((0, 0, 10, 10, 0), (20, 0, 30, 10, 0)), truth((0, 0, 10, 10, 0)), truth()]
    said = [
        found((0, 0, 10, 10, 0.9, 0), (0, 0, 10, 9, 0.6, 0), (21, 0, 30, 10, 0.5, 0)),
        found((50, 50, 60, 60, 0.8, 0), (0, 0, 10, 6, 0.3, 0)),
        found((0, 0, 5, 5, 0.7, 0)),
    ]
    (marks,) = metrics.match_boxes(there, said, 1)
    # from the surest on: hit, miss (nothing there), miss (no box), miss (found already), hit, hit
    assert marks.true_positive[0].tolist() == [True, False, False, False, True, True]
    once = torch.ones(1, 3, dtype=torch.float64)
    # precision at the recalls 1/3, 2/3, 1: 1, then the best from there on: 3/6
    assert float(metrics.average_precision(marks, 0, once)) == pytest.approx((1 + 0.5 + 0.5) / 3)
    # 21..30 has 0.9 of 20..30, and 0..6 has 0.6 of 0..10
    assert marks.true_positive[:, 4].tolist() == [level <= 0.9 for level in metrics.IOU_THRESHOLDS]
    assert marks.true_positive[:, 5].tolist() == [level <= 0.6 for level in metrics.IOU_THRESHOLDS]
    by_level = [2 / 3] * 3 + [(1 + 2 / 5) / 3] * 6 + [1 / 3]
    told = metrics.compute_metrics([marks])
    assert told == pytest.approx({"ap50": 2 / 3, "ap": sum(by_level) / 10}, abs=1e-6)
    twice = torch.tensor([[1.0, 0.0, 0.0], [0.0, 2.0, 1.0]], dtype=torch.float64)
    assert metrics.average_precision(marks, 0, twice).tolist() == pytest.approx(
        [(1 + 2 / 3) / 2, 2 / 5]
    )


def test_each_class_counts_alike_and_absent_ones_not():
    there = [truth((0, 0, 10, 10, 0), (20, 0, 30, 10, 2))]
    said = [found((0, 0, 10, 10, 0.9, 0), (0, 0, 10, 10, 0.8, 1))]
    marks = metrics.match_boxes(there, said, 3)
    each = metrics.average_precision_by_class(marks, [0], ONCE)[0]
    assert each[0] == 1
    assert math.isnan(each[1])
    assert each[2] == 0
    assert metrics.compute_metrics(marks)["ap50"] == 0.5
    assert metrics.ap50_by_picture(there, said, 3).tolist() == [0.5]
    assert metrics.ap50_by_picture([truth()], [found((0, 0, 1, 1, 0.25, 0))], 3).tolist() == [0.75]
    assert metrics.ap50_by_picture([truth()], [found()], 3).tolist() == [1.0]


def test_a_net_that_knows_the_answers_finds_all_boxes(scenes):
    judged = detect.evaluate(Told(scenes.test), scenes)
    assert judged.values["test"] == {"ap50": 1.0, "ap": 1.0}
    assert judged.values["comparison"]["outcome"] == "better"
    assert judged.values["operating_point"]["recall"] > 0.9
    assert set(judged.values["baseline"]) == {"mean_box", "frequent_boxes", "nearest_picture"}
    less = detect.evaluate(Told(scenes.test, miss=True, shift=1.5), scenes, compare=False)
    assert 0.2 < less.values["test"]["ap"] < less.values["test"]["ap50"] < 1
    low, high = less.values["interval"]["ap50"]
    assert low < less.values["test"]["ap50"] < high
    assert "on 8 pictures with" in detect.sentence(less.values)
    said, shown = judged.arrays["predicted"], judged.arrays["shown_ids"]
    assert said.shape[1] == 7
    assert set(said[:, 0].long().tolist()) == set(range(len(shown)))


def test_pictures_without_boxes_are_among_the_best_for_want_of_others_only():
    each = torch.tensor([1.0, 0.2, 1.0, 0.9, 0.8, 0.1])
    is_full = torch.tensor([False, True, False, True, True, True])
    assert _select_pictures(each, is_full).tolist() == [5, 1, 4, 0, 2, 3]
    half, worst = MAX_PICTURES // 2, torch.linspace(0, 0.5, 100)
    each = torch.cat([torch.ones(50), worst])
    shown = _select_pictures(each, torch.arange(150) >= 50).tolist()
    assert shown[:half] == [*range(50, 50 + half)]
    assert shown[half:] == [*range(150 - half, 150)]


def test_a_net_behind_a_simple_method_is_said_to_be_so(scenes):
    judged = detect.evaluate(Told(scenes.test, shift=500.0), scenes)
    values = judged.values | {"comparison": {"best": "frequent_boxes", "p": 0.9, "outcome": "even"}}
    values["baseline"]["frequent_boxes"]["ap50"] = 0.2
    assert detect.sentence(values).startswith("No better than the best baseline. Test AP50 0.0%")
    values["comparison"] = {"best": "frequent_boxes", "p": 0.001, "outcome": "worse"}
    assert detect.sentence(values).startswith("Worse than the best baseline")


def test_places_answer_for_the_box_they_lie_in():
    rows = torch.zeros(1, 16, 8)
    rows[0, :, 0] = torch.arange(16) % 4 * 10 + 5.0
    rows[0, :, 1] = torch.arange(16) // 4 * 10 + 5.0
    rows[0, :, 3:5], rows[0, :, 5:7] = rows[0, :, :2] - 10, rows[0, :, :2] + 10
    there = torch.tensor([[[0.0, 0, 20, 20], [31, 31, 33, 33]]])
    owner, worth = assign_targets(rows, there, torch.zeros(1, 2).long(), torch.ones(1, 2).bool())
    assert (worth[0] > 0).nonzero().flatten().tolist() == [0, 1, 4, 5, 15]
    assert owner[0, [0, 1, 4, 5]].tolist() == [0] * 4
    assert owner[0, 15] == 1  # it is smaller than the step between places: the nearest answers
    best = boxes.box_iou(there[0], rows[0, :, 3:7]).amax(1)
    assert float(worth[0, :8].max()) == pytest.approx(float(best[0]))
    padded = torch.cat([there, torch.zeros(1, 1, 4)], 1)
    exists = torch.tensor([[True, True, False]])
    again = assign_targets(rows, padded, torch.zeros(1, 3).long(), exists)
    assert torch.equal(again[1], worth)


def test_the_loss_falls_as_boxes_come_nearer_and_takes_pictures_without_any():
    torch.manual_seed(0)
    net = detector(1, 2, 0.5, 0.3, width=4, stem=1, neck=8)
    picture = torch.rand(2, 1, 48, 48)
    own = Ragged.of([torch.tensor([[4.0, 4, 24, 30], [20, 20, 44, 44]]), torch.empty(0, 4)])
    labels = Ragged.of([torch.tensor([0, 1]), torch.empty(0, dtype=torch.int64)])
    sgd = torch.optim.Adam(net.parameters(), lr=1e-2)
    losses = []
    for _ in range(40):
        total, count = detect.loss(net(picture), own, labels)
        sgd.zero_grad()
        (total / count).backward()
        sgd.step()
        losses.append((total / count).item())
    assert losses[-1] < 0.5 * losses[0]
    none = Ragged(torch.empty(0, 4), torch.zeros(3, dtype=torch.int64))
    net.zero_grad()
    total, count = detect.loss(net(picture), none, Ragged(torch.empty(0).long(), none.offsets))
    total.backward()
    assert all(parameter.grad is not None for parameter in net.parameters())
    assert math.isfinite(total.item())
    assert float(count) == 1


def test_boxes_lie_in_pixels_whatever_the_size_of_the_grid():
    for size in ((64, 64), (70, 45)):
        for backbone in ("residual", "squeezenet"):
            net = detector(3, 2, width=4, stem=1, neck=8, backbone=backbone).eval()
            rows = net(torch.rand(1, 3, *size))[0]
            x, y, step = rows[:, :3].unbind(1)
            assert ((x > 0) & (x < size[1]) & (y > 0) & (y < size[0])).all()
            middle = (rows[:, 3:5] + rows[:, 5:7]) / 2
            assert ((middle - rows[:, :2]).abs() < step[:, None]).all()  # before it has learnt
            grids = rows[:, 2].unique()
            assert len(grids) == 3
    origin = nets.built_by(net)
    assert origin["builder"] in nets.BUILDERS


def test_the_least_score_is_the_best_on_valid(scenes):
    net = Told(scenes.valid, sure=2.0)
    net.least = ScoreThreshold()
    detect.calibrate(net, scenes.valid)
    lowest = min(1 / (1 + math.exp(-(2.0 - k))) for k in range(3))
    assert 0 < float(net.least.value) < lowest
    before = Told(scenes.valid, shift=500.0)
    before.least = ScoreThreshold()
    detect.calibrate(before, scenes.valid)
    assert float(before.least.value) == pytest.approx(0.3)


def test_classes_are_found_by_name(scenes):
    names = scenes.schema["classes"].names

    class Turned(Told):
        def forward(self, x):
            rows = super().forward(x)
            return torch.cat([rows[..., :7], rows[..., 7:].roll(1, dims=2)], 2)

    other = (names[-1], *names[:-1])
    judged = detect.evaluate(Turned(scenes.test), scenes, names=other)
    assert judged.values["test"]["ap50"] == 1
    with pytest.raises(DataError, match="the data have the class '.*', which the net does not"):
        detect.evaluate(Told(scenes.test), scenes, names=(*names[:-1], "dog"))


def test_what_does_not_fit_is_refused(scenes):
    digits = data.open("digits")
    with pytest.raises(DataError, match="detect: expected boxes and their classes as targets, got"):
        detect.evaluate(nn.Identity(), digits)
    with pytest.raises(DataError, match="detector: expected one picture, and boxes with their"):
        detector_arguments(digits.schema)
    with pytest.raises(
        ShapeError, match=r"detect: the net returned \(8, 3, 64, 64\) for 4 classes; let"
    ):
        detect.evaluate(nn.Identity(), scenes)
    empty = replace(scenes, test=scenes.test.select(torch.empty(0, dtype=torch.int64)))
    with pytest.raises(DataError, match="detect: the test part is empty"):
        detect.evaluate(Told(scenes.test), empty)
    none = torch.zeros(len(scenes.store) + 1, dtype=torch.int64)
    bare = {"boxes": Ragged(torch.empty(0, 4), none), "classes": Ragged(none[:0], none)}
    without = with_fields(scenes, {**scenes.store.fields, **bare}, scenes.schema)
    with pytest.raises(
        DataError, match="detect: expected boxes in the test pictures, got none in 8; annotate"
    ):
        detect.evaluate(Told(scenes.test), without)


def test_boxes_are_moved_back_to_the_picture_as_it_was(scenes):
    schema = scenes.schema
    answer = detect.Answer(
        answer={"a": 1}, boxes=((0.0, 16.0, 64.0, 48.0),), classes=("a",), scores=(0.9,)
    )
    wide = np.zeros((100, 200, 3), np.uint8)
    kind = replace(schema["image"], letterbox=True)
    inside = type(schema)(dict(schema.fields) | {"image": kind}, schema.targets)
    (box,) = detect.postprocess(answer, wide, inside).boxes
    assert box == pytest.approx((0, 0, 200, 100))
    (box,) = detect.postprocess(answer, wide, schema).boxes  # cut about the middle
    assert box == pytest.approx((50, 25, 150, 75))
    assert answer.summary() == ("1 a", "90.0%")
    assert answer.cells()["boxes"] == "a 0.900 0.0 16.0 64.0 48.0"


def test_the_plan_is_a_function_of_data_and_minutes(scenes):
    one = plan(scenes, Request(source="made", minutes=10))
    assert one == plan(scenes, Request(source="made", minutes=10))
    assert plan(scenes, Request(source="made", minutes=0.1))["turns"] < one["turns"]
    assert plan(scenes, Request(source="made", epochs=3))["turns"] == 6
    with pytest.raises(UsageError, match="applies to classes of examples or pixels, not to"):
        plan(scenes, Request(source="made", balance="weights"))
    started = plan(scenes, Request(source="made", start="w.safetensors", freeze=True))
    assert (started["start"], started["freeze"], started["body_lr"]) == ("w.safetensors", True, 1.0)
