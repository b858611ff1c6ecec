"""Nets that answer with numbers: loss, intervals, scores, judgement, sentence."""

import math

import pytest
import torch
from torch import nn

from brique.data import arrays
from brique.errors import DataError, ShapeError
from brique.evaluation import bootstrap
from brique.evaluation.conformal import quantile
from brique.nets.denormalize import Denormalize
from brique.schema import Number, Schema
from brique.tasks import eval_mode, regress
from brique.tasks.regress.evaluate import _coverage
from brique.tasks.regress.metrics import compute_metrics
from brique.tasks.regress.outputs import Outputs


class Says(nn.Module):
    """Answers with twice its input, in a spread of 10 about 3."""

    def __init__(self) -> None:
        super().__init__()
        self.last = Denormalize([3.0], [10.0])

    def forward(self, x):
        return self.last((2 * x - 3) / 10)


def noisy(count=4000, spread=lambda x: 1.0, seed=0):
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(count, 1, generator=generator)
    off = torch.randn(count, 1, generator=generator) * spread(x)
    split = ["train", "valid", "test", "test"] * (count // 4)
    return arrays(x=x, y=(2 * x + off)[:, 0], target="y", split=split)


def test_loss_is_hubers_in_spreads():
    said, truth = torch.tensor([[1.0], [9.0]]), torch.tensor([[0.0], [0.0]])
    small, large = 0.5 * 0.5**2, 4.5 - 0.5
    assert regress.loss(said, truth, torch.tensor([2.0])).item() == pytest.approx(
        (small + large) / 2
    )


def test_targets_are_put_side_by_side():
    data = arrays(x=torch.rand(20, 2), y=torch.arange(20.0), target="y")
    batch = next(data.train.batches(4))
    assert regress.targets(batch, data.schema).shape == (4, 1)


def test_scores_agree_with_scikit_learn():
    from sklearn import metrics

    said, truth = torch.randn(50, 2), torch.randn(50, 2) * torch.tensor([1.0, 30.0])
    found = compute_metrics(said, truth)
    assert found["r2"] == pytest.approx(metrics.r2_score(truth, said))
    one = compute_metrics(said[:, :1], truth[:, :1])
    assert one["rmse"] == pytest.approx(metrics.root_mean_squared_error(truth[:, 0], said[:, 0]))
    assert one["mae"] == pytest.approx(metrics.mean_absolute_error(truth[:, 0], said[:, 0]))


def test_the_rank_of_the_interval_is_that_of_split_conformal_prediction():
    missed = torch.arange(1.0, 20)  # 19 of them: ceil(20 * 0.9) = 18
    assert quantile(missed) == 18
    assert quantile(torch.ones(8)) == math.inf  # too few to speak of 90%


def test_intervals_hold_nine_tenths_and_are_as_wide_as_the_misses_there():
    data, net = noisy(8000, spread=lambda x: 0.2 + x.clamp(min=0)), Says()
    regress.calibrate(net, data.valid)
    values = regress.evaluate(net, data, compare=False).values
    assert 0.88 < values["coverage"]["empirical"] < 0.92
    with eval_mode(net):
        low, high = net.last.half_width_for(torch.tensor([[-3.0], [4.0]])).flatten().tolist()
    assert 2 * low < high


def test_without_enough_of_valid_no_interval_is_known():
    data, net = noisy(16), Says()
    regress.calibrate(net, data.valid)
    (answer,) = regress.predictions(net, net(torch.ones(1, 1)), data.schema)
    assert answer.to_json() == {"answer": pytest.approx(2.0), "interval": []}
    assert "coverage" not in regress.evaluate(net, data).values


def test_judgement_beside_linear_regression_that_is_as_good():
    judged = regress.evaluate(Says(), noisy())
    values = judged.values
    assert values["test"]["r2"] == pytest.approx(0.8, abs=0.03)
    low, high = values["interval"]["r2"]
    assert low < values["test"]["r2"] < high
    assert abs(values["baseline"]["mean"]["r2"]) < 0.01
    assert values["comparison"]["best"] == "linear"
    assert values["comparison"]["outcome"] == "even"
    assert judged.arrays["target"].shape == judged.arrays["predictions"].shape == (2000, 1)
    said = regress.sentence(values)
    assert said.startswith(f"Test R² {values['test']['r2']:.1%} for 'y' on 2,000 examples (95% CI ")
    assert "Best baseline: linear regression, " in said
    assert "the difference is not significant (p = " in said


def test_a_net_that_is_worse_is_said_to_be_so_first():
    class Mean(nn.Module):
        def forward(self, x):
            return torch.zeros(len(x), 1)

    said = regress.sentence(regress.evaluate(Mean(), noisy()).values)
    assert said.startswith("Worse than the best baseline. Test R² 0.0% for 'y' on 2,000 examples")
    assert "Best baseline: linear regression, " in said


def said_of(r2, interval, best, rival):
    """Return the sentence of scores that are given."""
    return regress.sentence({
        "test": {"r2": r2, "mae": 1.0}, "interval": {"r2": interval}, "examples": 120,
        "targets": ["y"], "baseline": {best: {"r2": rival}},
        "comparison": {"best": best, "p": 0.001, "outcome": "better", "examples": 120},
    })  # fmt: skip


def test_what_a_constant_would_reach_is_no_success():
    end = " The interval includes R² = 0, that of the mean of the test targets."
    assert said_of(0.02, [-0.05, 0.06], "linear", 0.002).endswith(end)
    below = said_of(-1.454, [-20.7, -0.28], "mean", -2.858)
    assert below.startswith("No better than a constant. Test R² -145.4% for 'y' on 120 examples")
    assert below.endswith(" R² = 0 is that of the mean of the test targets.")
    far = said_of(-1.5e12, [-2e12, -1e12], "linear", 0.9)
    assert far.startswith("No better than the best baseline. Test R² less than -10,000% for")
    assert "interval includes" not in said_of(0.5, [0.4, 0.6], "linear", 0.4)


def test_several_targets_are_scored_in_their_own_spreads():
    x = torch.randn(200, 3)
    kinds = {"x": Number(shape=(3,)), "y": Number(shape=(2,))}
    data = arrays(x=x, y=x[:, :2] * torch.tensor([1.0, 1000.0]), target="y")
    assert {name: type(kind) for name, kind in data.schema.fields.items()} == {
        name: type(kind) for name, kind in kinds.items()
    }

    class Both(nn.Module):
        def forward(self, x):
            return torch.stack([x[:, 0], 0 * x[:, 1]], dim=1)

    values = regress.evaluate(Both(), data).values
    assert values["targets"] == ["y 1", "y 2"]
    assert values["test"]["r2"] == pytest.approx(0.5, abs=0.05)
    assert values["test"]["rmse"] == pytest.approx(0.5**0.5, abs=0.1)
    assert values["baseline"]["boosting"]["r2"] > 0.5
    assert "2 targets" in regress.sentence(values)
    assert "standard deviations" in regress.sentence(values)
    each = values["by_target"]
    assert set(each) == {"y 1", "y 2"}
    assert each["y 2"]["mae"] > 100  # in its own unit
    assert f"y 2 {each['y 2']['mae']:.4g})" in regress.sentence(values)


def test_the_width_of_intervals_is_in_the_unit_of_one_target_and_in_spreads_of_several():
    truth = torch.tensor([[1.0, 1000.0], [3.0, 5000.0]])  # spreads 1 and 2,000
    both = Outputs(torch.arange(2), truth, truth, torch.tensor([[0.5, 3000.0]]).expand(2, 2))
    assert _coverage(both)["coverage"]["width"] == pytest.approx((1.0 + 3.0) / 2)
    alone = Outputs(*(one[:, 1:] if one.ndim == 2 else one for one in vars(both).values()))
    assert _coverage(alone)["coverage"]["width"] == 6000


def test_large_numbers_are_said_without_powers_of_ten():
    told = regress.Answer(answer={"price": 131811.2}, interval={"price": (90512.0, 2.5e6)})
    assert told.summary() == ("131,811", "90,512 to 2,500,000")
    small = regress.Answer(answer={"price": 0.0123456}, interval={})
    assert small.summary() == ("0.012346", "")


def test_the_unit_of_an_answer_is_said():
    told = regress.Answer(
        answer={"price": 1200.5}, interval={"price": (900.0, 1500.0)}, units={"price": "$"}
    )
    assert told.summary() == ("1200.5 $", "900 to 1500")
    assert told.to_json() == {"answer": 1200.5, "interval": [900, 1500], "unit": "$"}
    assert told.cells() == {"answer": 1200.5, "low": 900, "high": 1500, "unit": "$"}
    both = regress.Answer(answer={"a": 1, "b": 2}, interval={}, units={"b": "kg"})
    assert both.summary() == ("a 1 b 2 kg", "")
    assert both.to_json() == {"answer": {"a": 1, "b": 2}, "interval": {}, "unit": {"b": "kg"}}
    assert both.cells() == {"a": 1, "b": 2, "b unit": "kg"}


def test_what_a_net_says_must_be_as_many_numbers_as_are_asked_for():
    schema = Schema({"x": Number(), "y": Number()}, ("y",))
    with pytest.raises(
        ShapeError, match=r"the net returned \(4, 2\), expected 1 numbers per example"
    ):
        regress.predictions(Says(), torch.zeros(4, 2), schema)


def test_an_empty_part_cannot_be_judged():
    data = noisy(16)
    nothing = data.test.select(torch.zeros(len(data.test), dtype=torch.bool))
    from dataclasses import replace

    with pytest.raises(DataError, match="regress: the split is empty; pass one with at least one"):
        regress.evaluate(Says(), replace(data, test=nothing))


def test_the_bootstrap_interval_of_a_mean_is_that_of_the_normal_law():
    values = torch.randn(400, generator=torch.Generator().manual_seed(1)).double()

    def mean(often):
        return often @ values / often.sum(dim=1)

    low, high = bootstrap.interval(mean, values)
    half = 1.96 * float(values.std()) / 20
    assert low == pytest.approx(float(values.mean()) - half, abs=0.02)
    assert high == pytest.approx(float(values.mean()) + half, abs=0.02)
    assert (low, high) == bootstrap.interval(mean, values)  # the same each time


def test_two_nets_that_lose_alike_are_even_and_others_are_not():
    lost = torch.rand(100, generator=torch.Generator().manual_seed(2))
    assert bootstrap.compare("mean", lost, lost)["outcome"] == "even"
    assert bootstrap.compare("mean", lost, lost + 1)["outcome"] == "better"
    assert bootstrap.compare("mean", lost + 1 + 0.1 * lost, lost)["outcome"] == "worse"


class Steps(nn.Module):
    """Answers with one of four numbers."""

    def __init__(self):
        super().__init__()
        self.last = Denormalize([0.0], [1.0])

    def forward(self, x):
        return self.last((4 * x).floor())


def test_equal_answers_share_a_range_of_their_intervals():
    draw, net = torch.Generator().manual_seed(0), Steps()
    x = torch.rand(1500, 1, generator=draw)
    y = (4 * x[:, 0]).floor() + torch.randn(1500, generator=draw)
    parts = ["valid"] * 1000 + ["test"] * 490 + ["train"] * 10
    data = arrays(x=x, y=y, target="y", split=parts)
    regress.calibrate(net, data.valid)
    values = regress.evaluate(net, data).values
    assert 0.86 < values["coverage"]["empirical"] < 0.94
    assert 2.8 < values["coverage"]["width"] < 3.8  # 90% of a normal distribution: 3.3


def test_small_units_and_equal_truths_have_honest_scores():
    truth = 1e-13 * torch.randn(100, 1, generator=torch.Generator().manual_seed(0))
    assert abs(compute_metrics(torch.zeros(100, 1), truth)["r2"]) < 0.1
    assert compute_metrics(torch.ones(5, 1), torch.ones(5, 1))["r2"] == 1
    assert compute_metrics(torch.zeros(5, 1), torch.ones(5, 1))["r2"] == 0


class Far(nn.Module):
    """Answers far from 0."""

    def forward(self, x):
        return 1000 + 0.01 * x


def test_the_interval_of_numbers_far_from_zero_keeps_its_digits():
    draw = torch.Generator().manual_seed(0)
    x, off = torch.randn(300, 1, generator=draw), 0.001 * torch.randn(300, generator=draw)
    data = arrays(x=x, y=1000 + 0.01 * x[:, 0] + off, target="y", split=["test"] * 299 + ["train"])
    low, high = regress.evaluate(Far(), data, compare=False).values["interval"]["r2"]
    assert 0.95 < low < high < 1
