import json
import math
import warnings

import numpy as np
import pytest
import torch
from sklearn import metrics
from torch import nn

from brique import nets
from brique.bricks import Temperature
from brique.data import Ragged, arrays
from brique.errors import DataError, ShapeError
from brique.evaluation import calibration
from brique.evaluation import classification as scores
from brique.schema import Number, Picture
from brique.tasks import classify
from brique.tasks.classify import baselines, comparison, methods, outputs, summary
from brique.tasks.classify import calibration as classify_calibration
from brique.tasks.classify.vectors import select_vectors, to_vectors
from brique.tasks.table import TASKS, sentence


class Says(nn.Module):
    """Gives each picture the scores that were drawn for it, found by its first pixels."""

    def __init__(self, data, classes, *, sure=3.0, share=0.7):
        super().__init__()
        generator = torch.Generator().manual_seed(1)
        self.temperature = Temperature()
        self.table = {}
        self.calls = []
        for split in (data.train, data.valid, data.test):
            for example in split:
                said = torch.randn(classes, generator=generator)
                if torch.rand((), generator=generator) < share:
                    said[int(example["label"])] += sure
                self.table[self._key(example["image"])] = said

    @staticmethod
    def _key(picture):
        return tuple(picture.flatten()[:3].tolist())

    def forward(self, x):
        self.calls.append((self.training, torch.is_grad_enabled(), x.dtype, len(x)))
        return self.temperature(torch.stack([self.table[self._key(one)] for one in x]))


def some(count=300, classes=4, shape=(1, 4, 4), seed=0):
    generator = torch.Generator().manual_seed(seed)
    pixels = torch.rand(count, *shape, generator=generator)
    labels = torch.randint(classes, (count,), generator=generator)
    return arrays(image=pixels, label=labels, classes=[f"c{n}" for n in range(classes)])


def linear(data, classes=None):
    field, target = data.schema["image"], data.schema[data.schema.target]
    count = len(target.names) if classes is None else classes
    return nn.Sequential(nn.Flatten(), nn.Linear(math.prod(field.shape), count), Temperature())


@pytest.fixture(scope="module")
def judged():
    data = some(2000)
    net = Says(data, 4)
    net.temperature.value.fill_(1.7)
    return data, net, classify.evaluate(net, data)


# The scores, against scikit-learn


def test_scores_are_those_of_scikit_learn(judged):
    found = judged[2]
    true = found.arrays["label"].numpy()
    chances = found.arrays["probabilities"].double().numpy()
    said = chances.argmax(1)
    test = found.values["test"]
    assert test["accuracy"] == pytest.approx(metrics.accuracy_score(true, said))
    assert test["balanced_accuracy"] == pytest.approx(metrics.balanced_accuracy_score(true, said))
    macro = metrics.precision_recall_fscore_support(true, said, average="macro", zero_division=0)
    assert [test[f"macro_{name}"] for name in ("precision", "recall", "f1")] == pytest.approx(
        macro[:3]
    )
    chances /= chances.sum(1, keepdims=True)
    assert test["log_loss"] == pytest.approx(metrics.log_loss(true, chances), rel=1e-6)
    assert found.values["confusion"] == metrics.confusion_matrix(true, said).tolist()
    assert found.values["names"] == ["c0", "c1", "c2", "c3"]
    each = metrics.precision_recall_fscore_support(true, said)
    for number, entry in enumerate(found.values["classes"].values()):
        ours = [entry["precision"], entry["recall"], entry["f1"], entry["count"]]
        assert ours == pytest.approx([column[number] for column in each])
        assert entry["interval"] == list(scores.wilson_interval(entry["recall"], entry["count"]))


def test_what_is_undefined_is_null_and_counts_as_nothing():
    label = torch.tensor([0, 0, 1, 1, 1])
    answer = torch.tensor([0, 2, 0, 0, 0])  # 1 never answered, 2 never there, 3 neither
    ends = scores.recall_intervals(label, answer, 4, None)
    classes = scores.by_class(scores.confusion(label, answer, 4), ["a", "b", "c", "d"], ends)
    assert classes["b"]["precision"] is None
    assert (classes["b"]["recall"], classes["b"]["f1"]) == (0.0, 0.0)
    assert (classes["c"]["recall"], classes["c"]["interval"]) == (None, None)
    assert (classes["c"]["precision"], classes["c"]["f1"]) == (0.0, 0.0)
    assert set(classes["d"].values()) == {None, 0}
    means = scores.macro_scores(classes)
    oracle = metrics.precision_recall_fscore_support(
        label, answer, average="macro", zero_division=0
    )
    assert [means["macro_precision"], means["macro_recall"], means["macro_f1"]] == pytest.approx(
        oracle[:3]
    )
    assert means["balanced_accuracy"] == pytest.approx((1 / 2 + 0) / 2)


def test_calibration_error_is_that_of_a_plain_loop(judged):
    found = judged[2]
    chances, label = found.arrays["probabilities"].double(), found.arrays["label"]
    gaps = 0.0
    for number in range(15):
        low, high = number / 15, (number + 1) / 15
        inside = [
            (float(row.max()), int(row.argmax()) == int(right))
            for row, right in zip(chances, label, strict=True)
            if low < float(row.max()) <= high
        ]
        bin = found.values["calibration"]["bins"][number]
        assert (bin["from"], bin["to"], bin["count"]) == (low, high, len(inside))
        if inside:
            confidence = sum(sure for sure, _ in inside) / len(inside)
            share = sum(right for _, right in inside) / len(inside)
            assert (bin["confidence"], bin["accuracy"]) == pytest.approx((confidence, share))
            assert bin["interval"] == list(scores.wilson_interval(bin["accuracy"], len(inside)))
            gaps += len(inside) / len(label) * abs(share - confidence)
        else:
            assert (bin["confidence"], bin["accuracy"], bin["interval"]) == (None, None, None)
    assert found.values["test"]["calibration_error"] == pytest.approx(gaps)


def test_a_net_that_is_always_sure_lies_in_the_last_bin():
    found = calibration.bins(torch.eye(3), torch.tensor([0, 1, 1]))
    assert [bin["count"] for bin in found] == [0] * 14 + [3]
    assert calibration.calibration_error(found) == pytest.approx(1 / 3)


def test_the_calibration_error_by_chance_is_what_calibrated_answers_show():
    generator = torch.Generator().manual_seed(2)
    chances = (3 * torch.randn(400, 4, generator=generator, dtype=torch.float64)).softmax(1)
    errors = []
    for _ in range(300):
        label = torch.multinomial(chances, 1, generator=generator)[:, 0]
        errors.append(calibration.calibration_error(calibration.bins(chances, label)))
    assert calibration.error_by_chance(chances) == pytest.approx(np.mean(errors), rel=0.05)
    sure = torch.eye(3, dtype=torch.float64)
    assert calibration.error_by_chance(sure) == 0.0


def test_average_precision_is_that_of_scikit_learn():
    generator = torch.Generator().manual_seed(4)
    label = torch.multinomial(torch.tensor([0.8, 0.15, 0.05]), 300, True, generator=generator)
    chances = (torch.randn(300, 3, generator=generator) + nn.functional.one_hot(label, 3)).softmax(
        1
    )
    chances = (chances * 20).round() / 20  # with ties
    each = [metrics.average_precision_score(label == k, chances[:, k]) for k in range(3)]
    assert scores.average_precision(chances, label) == pytest.approx(np.mean(each))
    two, rare = chances[:, :2], (label > 0).long()
    oracle = metrics.average_precision_score(rare, two[:, 1])
    assert scores.average_precision(two, rare) == pytest.approx(oracle)  # of the rarer class


def test_imbalanced_classes_show_what_counts_rare_ones_in_the_sentence():
    label = (torch.arange(400) % 5 == 0).long()
    data = arrays(image=torch.rand(400, 1, 4, 4), label=label, classes=["fine", "ill"])
    values = classify.evaluate(Says(data, 2), data).values
    assert values["imbalanced"]
    said = summary.sentence(values)
    assert f"balanced accuracy {values['test']['balanced_accuracy']:.1%} (chance 50.0%)" in said
    precision = values["test"]["average_precision"]
    assert f"average precision of 'ill' {precision:.1%} (chance 20.0%)" in said
    even = classify.evaluate(Says(some(), 4), some(), compare=False).values
    assert not even["imbalanced"]
    assert "average_precision" not in even["test"]
    assert "balanced" not in summary.sentence(even)


def test_the_values_have_the_keys_that_reports_read(judged):
    values = judged[2].values
    assert set(values) == {
        "task", "examples", "test", "interval", "classes", "confusion", "names", "imbalanced",
        "calibration", "baseline", "comparison",
    }  # fmt: skip
    assert set(values["calibration"]) == {
        "temperature",
        "valid_examples",
        "log_loss_before",
        "log_loss",
        "error_by_chance",
        "bins",
    }
    assert set(values["baseline"]) == {"majority", "logistic", "svm", "neighbors", "forest"}
    assert set(judged[2].seconds) == {"evaluation", "baselines"}
    assert json.loads(json.dumps(values, allow_nan=False)) == values


def test_the_arrays_hold_every_example_and_some_hidden_features():
    data = some(6000)
    net = nn.Sequential()
    net.body = nn.Sequential(nn.Flatten(), nn.Linear(16, 5), nn.ReLU())
    net.head = nn.Sequential(nn.Linear(5, 4), Temperature())
    found = classify.evaluate(net, data, compare=False).arrays
    assert torch.equal(found["ids"], data.test.ids)
    assert torch.equal(found["label"], data.test["label"])
    assert len(found["hidden_ids"]) == 1000
    assert set(found["hidden_ids"].tolist()) <= set(data.test.ids.tolist())
    rows = torch.searchsorted(data.test.ids, found["hidden_ids"])
    gaps = rows.diff()
    assert int(gaps.max()) - int(gaps.min()) <= 1  # evenly chosen
    pixels = data.test["image"][rows]
    torch.testing.assert_close(found["hidden"], net.body(pixels).detach())
    expected = net(data.test["image"]).softmax(1).detach()
    torch.testing.assert_close(found["probabilities"], expected)
    assert found["probabilities"].dtype == torch.float32


def test_hidden_features_are_what_the_last_linear_layer_reads():
    data = some()
    net = nn.Sequential(nn.Flatten(), nn.Linear(16, 6), nn.Tanh(), nn.Linear(6, 4))
    found = classify.evaluate(net, data, compare=False).arrays
    torch.testing.assert_close(found["hidden"], net[:3](data.test["image"]).detach())
    assert torch.equal(found["hidden_ids"], data.test.ids)
    assert not net[3]._forward_pre_hooks  # it is left as it was


def test_a_net_that_shows_no_features_has_none():
    data = some()
    found = classify.evaluate(Says(data, 4), data, compare=False).arrays
    assert set(found) == {"ids", "label", "probabilities"}


def test_many_features_are_kept_of_fewer_examples(monkeypatch):
    data = some()
    net = nn.Sequential(nn.Flatten(), nn.Linear(16, 4))
    monkeypatch.setattr(outputs, "_MAX_HIDDEN_VALUES", 160)
    found = classify.evaluate(net, data, compare=False).arrays
    assert found["hidden"].shape == (10, 16)
    assert len(found["hidden_ids"]) == 10


def test_the_test_part_is_read_once_at_rest_in_float32(judged):
    data, net, _ = judged
    before = data.test._record.test_reads
    net.calls.clear()
    net.train()
    classify.evaluate(net, data)
    assert data.test._record.test_reads == before + 1
    assert sum(count for *_, count in net.calls) == len(data.test)
    assert {call[:3] for call in net.calls} == {(False, False, torch.float32)}
    assert net.training


# Names


def test_a_net_with_more_classes_than_the_data_is_judged_by_name():
    data = some(classes=2)  # c0, c1
    names = ["zebra", "c1", "c0", "ant"]
    net = linear(data, 4)
    found = classify.evaluate(net, data, names=names).values
    said = net(data.test["image"]).argmax(1)
    right = [
        names[int(n)] == f"c{int(label)}" for n, label in zip(said, data.test["label"], strict=True)
    ]
    assert found["test"]["accuracy"] == pytest.approx(sum(right) / len(right))
    assert found["names"] == names
    assert found["classes"]["zebra"]["count"] == 0
    assert sum(found["confusion"][1]) == int((data.test["label"] == 1).sum())
    assert found["baseline"]["majority"]["answer"] in ("c0", "c1")
    assert found["baseline"]["forest"]["accuracy"] > 0.2
    assert list(found["classes"]) == names


def test_a_class_that_the_net_lacks_and_scores_of_another_width_are_refused():
    data = some(classes=2)
    with pytest.raises(DataError, match="the data have the class 'c0', which the net does not"):
        classify.evaluate(linear(data), data, names=["c1", "cat"])
    with pytest.raises(ShapeError, match=r"evaluate: scores have shape \(\d+, 2\) but there are 3"):
        classify.evaluate(linear(data), data, names=["c0", "c1", "c2"])


def test_an_empty_test_part_is_refused():
    data = arrays(image=torch.rand(4, 1, 4, 4), label=[0, 1, 0, 1], split=["train"] * 4)
    with pytest.raises(DataError, match="the split is empty; pass one with at least one example"):
        classify.evaluate(linear(data), data)


def test_scores_that_are_not_finite_become_null():
    data = some()
    net = linear(data)
    with torch.no_grad():
        net[1].weight.fill_(math.nan)
    values = classify.evaluate(net, data, compare=False).values
    assert values["test"]["log_loss"] is None
    json.dumps(values, allow_nan=False)


# Temperature


def known(count, temperature, classes=10, seed=0):
    """Scores whose true temperature is known: labels are drawn from scores / temperature."""
    generator = torch.Generator().manual_seed(seed)
    raw = 4 * torch.randn(count, classes, generator=generator, dtype=torch.float64)
    label = torch.multinomial((raw / temperature).softmax(1), 1, generator=generator)[:, 0]
    return raw, label


@pytest.mark.parametrize("temperature", [0.4, 1.0, 2.5])
def test_the_temperature_of_drawn_labels_is_found(temperature):
    raw, label = known(20_000, temperature)
    assert calibration.fit_temperature([(raw, label, 1)]) == pytest.approx(temperature, rel=0.03)


def test_what_half_trained_nets_say_counts_at_the_square():
    raw, label = known(20_000, 2.25)
    assert calibration.fit_temperature([(raw, label, 2)]) == pytest.approx(1.5, rel=0.02)


def test_the_temperature_is_where_a_fine_grid_is_least():
    raw, label = known(300, 1.6)
    grid = torch.linspace(math.log(0.05), math.log(20), 4001, dtype=torch.float64)
    costs = [
        300 * float(nn.functional.cross_entropy(raw / math.exp(x), label))
        + calibration.prior_penalty(float(x))
        for x in grid
    ]
    best = math.exp(float(grid[int(np.argmin(costs))]))
    assert calibration.fit_temperature([(raw, label, 1)]) == pytest.approx(best, rel=2e-3)


def test_without_a_mistake_a_small_part_makes_no_net_absurdly_sure():
    raw = torch.zeros(143, 10, dtype=torch.float64)
    raw[:, 3] = 9.0  # 0.1% of doubt
    label = torch.full((143,), 3)
    assert 0.95 < calibration.fit_temperature([(raw, label, 1)]) < 1
    raw[:, 3] = 4.0  # 14% of doubt, and never wrong
    assert 0.3 < calibration.fit_temperature([(raw, label, 1)]) < 0.8
    assert 0.8 < calibration.fit_temperature([(raw[:5], label[:5], 1)]) < 1  # five say little
    label[:5] = 4  # five mistakes, each sure
    raw[:, 3] = 12.0
    assert 1.5 < calibration.fit_temperature([(raw, label, 1)]) < 6
    assert 3 < calibration.fit_temperature([(raw[:5], label[:5], 1)]) < 20  # short of the bound


@pytest.mark.parametrize(("answers", "is_fitted"), [(19, False), (20, True)])
def test_the_temperature_is_exactly_1_only_below_20_answers_and_that_is_said(answers, is_fitted):
    parts = ["train"] * 40 + ["valid"] * answers + ["test"] * 40
    label = torch.arange(len(parts)) % 2
    data = arrays(image=torch.rand(len(parts), 1, 4, 4), label=label, split=parts)
    net = Says(data, 2)
    assert (classify.calibrate(net, data.valid) != 1) == is_fitted
    values = TASKS["classify"].evaluate(net, data, data.schema, compare=False).values
    assert values["calibration"]["valid_examples"] == answers
    says = " Probabilities are not calibrated: fewer than 20 validation examples."
    assert sentence(values).endswith(says) == (not is_fitted)


def test_the_temperature_stays_whatever_the_test_part_would_have():
    found = []
    for wrong in (False, True):
        pixels = torch.rand(400, 1, 4, 4, generator=torch.Generator().manual_seed(5))
        parts = ["train"] * 100 + ["valid"] * 150 + ["test"] * 150
        label = (pixels[:, 0, 0, 0] > 0.5).long()
        if wrong:  # a test part in which sure answers are wrong, so that it would want doubt
            label[250:] = torch.randint(2, (150,), generator=torch.Generator().manual_seed(6))
        data = arrays(image=pixels, label=label, classes=["a", "b"], split=parts)
        torch.manual_seed(0)
        net = nn.Sequential(nn.Flatten(), nn.Linear(16, 2), Temperature())
        with torch.no_grad():
            net[1].weight.zero_()
            net[1].weight[:, 0], net[1].bias[:] = (
                torch.tensor([-4.0, 4.0]),
                torch.tensor([2.0, -2.0]),
            )
        before = data.test._record.test_reads
        halves = [(net, data.train)]
        value = classify.calibrate(net, data.valid, halves)
        assert data.test._record.test_reads == before  # nothing of it was looked at
        classify.evaluate(net, data)
        assert float(net[2].value) == value
        found.append(value)
    assert found[0] == found[1]


def test_calibrate_sets_the_brick_and_says_the_same_each_time():
    data = some(2000)
    net = Says(data, 4, sure=6)
    net.temperature.value.fill_(3.0)
    torch.manual_seed(3)
    state = torch.get_rng_state()
    value = classify.calibrate(net, data.valid)
    assert torch.equal(torch.get_rng_state(), state)
    assert float(net.temperature.value) == pytest.approx(value)
    assert value != 1
    assert classify.calibrate(net, data.valid) == pytest.approx(value, rel=1e-4)  # not twice
    before = classify.evaluate(net, data, compare=False).values
    assert before["calibration"]["temperature"] == pytest.approx(value)
    assert before["calibration"]["log_loss"] < before["calibration"]["log_loss_before"]
    net.temperature.value.fill_(1.0)
    plain = classify.evaluate(net, data, compare=False).values
    assert plain["calibration"]["log_loss"] == pytest.approx(
        before["calibration"]["log_loss_before"], rel=1e-5
    )
    assert plain["test"]["accuracy"] == before["test"]["accuracy"]  # answers stay


def test_halves_tell_where_valid_says_nothing():
    data = some(2000)
    net, other = Says(data, 4, sure=6), Says(data, 4, sure=6)
    alone = classify.calibrate(other, data.valid)
    nothing = data.valid.select(data.valid.ids[:0])
    assert classify.calibrate(net, nothing) == 1.0
    helped = classify.calibrate(net, nothing, [(Says(data, 4, sure=6), data.valid)])
    assert helped == float(net.temperature.value) == pytest.approx(alone**0.5, rel=0.05)
    both = classify.calibrate(net, data.valid, [(Says(data, 4, sure=6), data.valid)])
    assert min(alone, helped) < both < max(alone, helped)


def test_a_large_valid_part_is_read_in_part(monkeypatch):
    data = some(2000)
    net = Says(data, 4, sure=6)
    whole = classify.calibrate(net, data.valid)
    monkeypatch.setattr(classify_calibration, "_MAX_SCORES", 4 * 80)
    half = classify.calibrate(net, data.valid)
    assert half != whole
    assert half == pytest.approx(whole, rel=0.5)


def test_an_empty_valid_part_leaves_the_temperature():
    data = arrays(image=torch.rand(4, 1, 4, 4), label=[0, 1, 0, 1], split=["train"] * 4)
    net = linear(data)
    assert classify.calibrate(net, data.valid) == 1.0


def test_a_net_without_a_temperature_is_refused():
    data = some()
    net = nn.Sequential(nn.Flatten(), nn.Linear(16, 4))
    with pytest.raises(
        ShapeError, match="expected a net with one brique.bricks.Temperature, got 0 in a Sequential"
    ):
        classify.calibrate(net, data.valid)
    net.append(nn.Sequential(Temperature(), Temperature()))
    with pytest.raises(ShapeError, match="got 2 in a Sequential; end its head in one"):
        classify.calibrate(net, data.valid)


# Baselines


@pytest.fixture(scope="module")
def digits():
    from brique import data

    return data.open("digits")


@pytest.fixture(scope="module")
def beside(digits):
    return classify.evaluate(linear(digits), digits).values["baseline"]


@pytest.mark.parametrize(
    ("method", "least"),
    [("logistic", 0.96), ("svm", 0.986), ("neighbors", 0.975), ("forest", 0.97)],
)
def test_baselines_on_digits_are_as_good_as_these_methods_are(beside, method, least):
    entry = beside[method]
    assert entry["accuracy"] >= least
    assert entry["interval"] == list(scores.wilson_interval(entry["accuracy"], 359))
    assert entry["examples"] == 1295
    assert entry["seconds"] < 30
    assert entry["settings"]


def test_a_baseline_says_the_same_each_time_and_disturbs_no_draws(digits, beside):
    torch.manual_seed(5)
    np.random.seed(5)
    expected = torch.rand(3), np.random.rand()
    torch.manual_seed(5)
    np.random.seed(5)
    again = classify.evaluate(linear(digits), digits).values["baseline"]
    torch.manual_seed(5)  # linear() drew
    np.random.seed(5)
    classify.evaluate(nn.Sequential(nn.Flatten(), nn.Identity(), First()), digits)
    assert torch.equal(torch.rand(3), expected[0])
    assert np.random.rand() == expected[1]
    for name, entry in beside.items():
        same = {key: value for key, value in again[name].items() if key != "seconds"}
        assert same == {key: value for key, value in entry.items() if key != "seconds"}


class First(nn.Module):
    """The first ten pixels are the scores."""

    def forward(self, x):
        return x[:, :10]


def test_baselines_are_fitted_on_train_alone():
    def fitted(valid_labels, test_labels):
        generator = torch.Generator().manual_seed(0)
        pixels = torch.rand(90, 1, 3, 3, generator=generator)
        train = (pixels[:50].mean((1, 2, 3)) > 0.5).long()
        data = arrays(
            image=pixels,
            label=torch.cat([train, valid_labels, test_labels]),
            classes=["a", "b"],
            split=["train"] * 50 + ["valid"] * 20 + ["test"] * 20,
        )
        numbers = select_vectors(data.test, data.test.ids)
        return {
            name: said.predictions for name, said in baselines.fit_predict(data, numbers).items()
        }

    zeros, ones = torch.zeros(20, dtype=torch.long), torch.ones(20, dtype=torch.long)
    first, second = fitted(zeros, zeros), fitted(zeros, ones)
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert {0, 1} == set(first["logistic"].tolist())  # valid alone would make them all answer a


@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 40, 20), (4, 9, 9), (2, 33, 64), (40, 12, 12)])
@pytest.mark.parametrize("floats", [True, False])
def test_pictures_of_any_kind_have_baselines(shape, floats):
    data = some(60, classes=3, shape=shape)
    pixels = torch.cat([data.train["image"], data.valid["image"], data.test["image"]])
    label = torch.cat([data.train["label"], data.valid["label"], data.test["label"]])
    data = arrays(image=pixels if floats else (255 * pixels).byte(), label=label)
    entries = classify.evaluate(linear(data), data).values["baseline"]
    assert all(0 <= entry["accuracy"] <= 1 for entry in entries.values())


@pytest.mark.parametrize("shape", [(), (1,), (5,), (3, 70)])
def test_plain_numbers_have_baselines_too(shape):
    generator = torch.Generator().manual_seed(0)
    label = torch.arange(120) % 2
    values = torch.randn(120, *shape, generator=generator) + 3 * label.view(-1, *[1] * len(shape))
    data = arrays(size=1000 * values, label=label)  # a large unit is no harm
    net = nn.Sequential(nn.Flatten(0) if shape == () else nn.Flatten(), Column(), nn.LazyLinear(2))
    net(data.test["size"][:1])
    entries = classify.evaluate(net, data).values["baseline"]
    assert min(entry["accuracy"] for entry in entries.values() if "seconds" in entry) >= 0.8


class Column(nn.Module):
    def forward(self, x):
        return x if x.ndim > 1 else x[:, None]


def test_inputs_of_several_kinds_are_given_together_and_have_baselines_of_their_own():
    label = torch.arange(60) % 2
    data = arrays(image=torch.rand(60, 1, 4, 4), weight=torch.rand(60) + 3 * label, label=label)
    values = classify.evaluate(nets.fields(data.schema.to_json(), width=8), data).values
    assert values["baseline"]["logistic"]["accuracy"] == 1
    assert values["baseline"]["boosting"]["accuracy"] == 1
    assert values["baseline"]["bayes"] == {"skipped": "there is no text"}
    assert values["comparison"]["best"] in ("logistic", "boosting")


def test_inputs_of_which_simple_methods_know_nothing_have_no_baselines_but_the_majority():
    walks = Ragged.of([torch.rand(3, 2) for _ in range(30)])
    data = arrays(walk=walks, weight=torch.rand(30), label=torch.arange(30) % 2)
    values = classify.evaluate(Weighs(), data).values
    reason = "the baselines do not support inputs of these kinds"
    assert values["baseline"]["boosting"] == {"skipped": reason}
    assert values["comparison"]["best"] == "majority"


class Weighs(nn.Module):
    takes_batch = True

    def forward(self, batch):
        return torch.stack([batch.weight, 1 - batch.weight], dim=1)


@pytest.mark.parametrize("train", [["a"], ["a"] * 5, ["a", "b"], ["a", "b", "c"], ["a", "a", "b"]])
def test_tiny_training_parts_are_fitted_or_skipped_with_a_reason(train):
    names = [*train, "a", "b", "c"]
    split = ["train"] * len(train) + ["test"] * 3
    data = arrays(
        image=torch.rand(len(names), 1, 3, 3), label=names, split=split, classes=["a", "b", "c"]
    )
    values = classify.evaluate(linear(data), data).values
    for entry in list(values["baseline"].values())[1:]:
        if len(set(train)) == 1:
            reason = "the training part has examples of one class only"
            assert entry == {"skipped": reason}
        else:
            assert entry["examples"] == len(train)


def test_pictures_that_are_all_alike_are_no_trouble():
    data = arrays(
        image=torch.zeros(40, 1, 12, 12), label=torch.arange(40) // 20, split=["train", "test"] * 20
    )
    found = classify.evaluate(linear(data), data).values["baseline"]
    assert found["svm"]["examples"] == 20


def test_more_classes_than_pairs_allow_go_without_the_machine(monkeypatch):
    monkeypatch.setattr(methods, "_MAX_SVM_CLASSES", 3)
    data = some(classes=4)
    found = classify.evaluate(linear(data), data).values["baseline"]
    assert found["svm"] == {"skipped": "more than 3 classes have too many pairs"}
    assert "accuracy" in found["logistic"]


def test_large_data_are_cut_so_that_classes_keep_their_shares(monkeypatch):
    monkeypatch.setattr(baselines, "_MAX_TRAIN", 50)
    data = some(1000)
    found = classify.evaluate(linear(data), data).values["baseline"]
    assert {found[name]["examples"] for name in methods.METHODS} == {50}


def test_a_machine_takes_as_many_examples_as_its_support_vectors_leave_time_for(monkeypatch):
    monkeypatch.setattr(methods, "_TUNING_EXAMPLES", 40)
    monkeypatch.setattr(methods, "_MAX_PRODUCTS", 100.0**2)
    data = some(1000)
    entry = classify.evaluate(linear(data), data).values["baseline"]["svm"]
    assert 100 <= entry["examples"] < 150  # noise: nearly every example is a support vector


def test_a_large_test_part_is_answered_in_part(monkeypatch):
    monkeypatch.setattr(outputs, "MAX_COMPARED", 30)
    data = some(1000)
    values = classify.evaluate(Says(data, 4), data).values
    assert values["examples"] == len(data.test)
    assert values["comparison"]["best"] != "majority" or values["comparison"]["examples"] > 30
    svm = values["baseline"]["svm"]
    assert (30 * svm["accuracy"]) % 1 == pytest.approx(0, abs=1e-9)


def test_each_beginning_of_the_order_holds_the_classes_in_their_shares():
    label = torch.tensor([0] * 600 + [1] * 300 + [2] * 100)
    order = baselines.stratified_order(label)
    assert sorted(order.tolist()) == list(range(1000))
    for count in (3, 10, 50, 500):
        shares = torch.bincount(label[order[:count]], minlength=3)
        expected = count * torch.tensor([0.6, 0.3, 0.1])
        assert float((shares - expected).abs().max()) <= 1.5
    assert torch.equal(order, baselines.stratified_order(label))
    assert order.tolist() != sorted(order.tolist())


def test_pixels_become_the_means_of_areas():
    pictures = torch.randint(0, 256, (2, 3, 64, 128), dtype=torch.uint8)
    numbers = to_vectors(pictures, Picture((3, 64, 128)))
    expected = (pictures.double() / 255).view(2, 3, 32, 2, 32, 4).mean((3, 5)).flatten(1)
    torch.testing.assert_close(numbers.double(), expected, atol=1e-6, rtol=0)
    small = torch.rand(2, 1, 8, 8)
    assert torch.equal(to_vectors(small, Picture((1, 8, 8))), small.flatten(1))
    assert to_vectors(torch.rand(2, 48, 20, 20), Picture((48, 20, 20))).shape == (2, 48 * 8 * 8)
    assert to_vectors(torch.arange(3), Number(is_integer=True)).shape == (3, 1)


def test_without_a_comparison_only_the_majority_stands_beside():
    labels = torch.tensor([0] * 150 + [1] * 50)
    data = arrays(image=torch.rand(200, 1, 4, 4), label=labels, classes=["cat", "dog"])
    values = classify.evaluate(linear(data), data, compare=False).values
    cats = float((data.test["label"] == 0).double().mean())
    assert values["baseline"] == {"majority": {"accuracy": pytest.approx(cats), "answer": "cat"}}
    assert values["comparison"]["best"] == "majority"


def test_warnings_of_solvers_stay_inside(monkeypatch):
    data = some(100, shape=(1, 20, 20))
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        classify.evaluate(linear(data), data)
    assert heard == []


# The comparison


@pytest.mark.parametrize(
    ("first", "second"), [(0, 0), (1, 0), (5, 1), (1, 5), (12, 30), (700, 640)]
)
def test_mcnemar_is_the_exact_binomial_test(first, second):
    from scipy.stats import binomtest

    total = first + second
    expected = binomtest(first, total).pvalue if total else 1.0
    assert comparison.mcnemar(first, second) == pytest.approx(expected, rel=1e-9)


def test_a_net_that_knows_is_better_and_one_that_guesses_is_worse(digits):
    class Knows(nn.Module):
        def __init__(self, wrong):
            super().__init__()
            self.wrong, self.start = wrong, 0

        def forward(self, x):
            label = digits.test["label"][self.start : self.start + len(x)]
            self.start += len(x)
            return nn.functional.one_hot((label + self.wrong) % 10, 10).float()

    found = classify.evaluate(Knows(0), digits).values["comparison"]
    assert found["only_baseline"] == 0
    assert found["outcome"] == "even"  # the best baseline makes too few mistakes to be told apart
    found = classify.evaluate(Knows(1), digits).values["comparison"]
    assert (found["outcome"], found["only_net"]) == ("worse", 0)
    assert found["p"] < 1e-50
    found = classify.evaluate(Knows(0), digits, compare=False).values["comparison"]
    assert (found["best"], found["outcome"]) == ("majority", "better")


# The sentence


def said(share=0.98, other=0.95, *, outcome="better", p=0.012, count=360, best="svm", chance=0.01):
    baseline = {"majority": {"accuracy": 0.103, "answer": "3"}}
    baseline[best] = {"accuracy": other, "answer": "3"}
    return classify.sentence(
        {
            "test": {"accuracy": share},
            "interval": {"accuracy": [0.96, 0.9904]},
            "baseline": baseline,
            "examples": count,
            "comparison": {"best": best, "p": p, "outcome": outcome, "p_majority": chance},
        }
    )


def test_a_net_that_wins_says_so():
    assert said() == (
        "Test accuracy 98.0% on 360 examples (95% CI 96.0 to 99.0%). Best baseline: RBF-SVM, 95.0%;"
        " the difference is significant (p = 0.012)."
    )


def test_a_difference_that_may_be_chance_is_called_so():
    assert said(outcome="even", p=0.34).endswith(
        "RBF-SVM, 95.0%; the difference is not significant (p = 0.34)."
    )


def test_a_net_that_loses_says_so_first():
    assert said(0.9, 0.95, outcome="worse", p=1e-9, best="logistic") == (
        "Worse than the best baseline. Test accuracy 90.0% on 360 examples (95% CI 96.0 to 99.0%)."
        " Best baseline: logistic regression, 95.0%; the difference is significant (p < 0.0001)."
    )
    assert said(0.9, 0.92, outcome="even", p=0.3).startswith(
        "No better than the best baseline. Test"
    )
    assert said(0.95, 0.95, outcome="even", p=1.0).startswith(
        "No better than the best baseline. Test"
    )


def test_a_net_that_may_be_no_better_than_the_commonest_class_says_so():
    more = " Always '3': 10.3%; the difference is not significant (p = 0.2)."
    assert said(chance=0.2).endswith(f"(p = 0.012).{more}")
    assert said(0.9, 0.92, outcome="even", p=0.5, chance=0.2).endswith(f"(p = 0.5).{more}")
    assert "lways" not in said()
    assert said(other=0.103, best="majority", chance=0.2).lower().count("always") == 1


def test_shares_that_would_look_alike_get_another_digit():
    assert "accuracy 99.72% on" in said(0.9972, 0.9968, outcome="even")
    assert "RBF-SVM, 99.68%;" in said(0.9972, 0.9968, outcome="even")
    assert "accuracy 99.98% on" in said(0.9998, 0.95)  # not 100.0%
    assert "accuracy 100.0% on" in said(1.0, 0.95)


def test_few_test_examples_are_said_to_be_few():
    assert said(count=12).endswith(" Small test set: 12 examples.")
    assert "Small test set" not in said(count=30)


def test_the_majority_alone_is_named_by_its_answer():
    text = said(best="majority", other=0.103)
    assert "Best baseline: always '3', 10.3%; the difference is" in text


def test_values_without_a_comparison_still_have_their_sentence():
    judged = {
        "test": {"accuracy": 0.98},
        "interval": {"accuracy": [0.96, 0.9904]},
        "baseline": {"majority": {"accuracy": 0.103, "answer": "3"}},
        "examples": 1360,
    }
    assert classify.sentence(judged).startswith("Test accuracy 98.0% on 1,360 examples (95% CI")
