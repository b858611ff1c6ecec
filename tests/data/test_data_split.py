"""Splits by content, by group and by time, and folds: what belongs together is on one side."""

import os
import time
from dataclasses import replace

import numpy as np
import pytest
import torch

import brique
from brique import data
from brique.data.dataset import build
from brique.data.splits.stratified import GroupedExamples, assign_stratified
from brique.errors import DataError
from brique.schema import Category


def parts(opened):
    return opened.train, opened.valid, opened.test


def sides(opened, of):
    """Return for each part the values `of` its examples, as a set."""
    return [set(np.asarray(of)[part.ids.numpy()].tolist()) for part in parts(opened)]


def disjoint(sets):
    return len(set().union(*sets)) == sum(map(len, sets))


def table(n=400, classes=3, groups=40, seed=0):
    draw = np.random.default_rng(seed)
    group = draw.integers(0, groups, n)
    return {"x": draw.normal(size=(n, 4)), "label": draw.integers(0, classes, n)}, group


def test_groups_stay_on_one_side_and_parts_have_their_shares():
    fields, group = table()
    opened = data.arrays(**fields, group=group)
    assert disjoint(sides(opened, group))
    assert [len(part) for part in parts(opened)] == pytest.approx([288, 32, 80], abs=12)
    shares = [torch.bincount(part["label"]) / len(part) for part in parts(opened)]
    assert float((shares[0] - shares[2]).abs().max()) < 0.1


def test_groups_of_very_unlike_sizes_are_dealt():
    sizes = [300, 100, 50, 30, 20, *[5] * 20, *[1] * 50]
    group = np.repeat(np.arange(len(sizes)), sizes)
    n = len(group)
    opened = data.arrays(x=np.random.default_rng(0).normal(size=n), group=group)
    assert disjoint(sides(opened, group))
    assert 0.17 < len(opened.test) / n < 0.23
    assert 0.05 < len(opened.valid) / n < 0.11


def test_the_group_draw_depends_on_content_alone():
    fields, group = table()
    order = np.random.default_rng(1).permutation(400)
    names = np.array([f"speaker {n * 7 % 40}" for n in group])
    first = data.arrays(**fields, group=group)
    torch.manual_seed(3)
    again = data.arrays(**{k: v[order] for k, v in fields.items()}, group=names[order])
    for part, other in zip(parts(first), parts(again), strict=True):
        assert sorted(order[other.ids].tolist()) == part.ids.tolist()


def test_equal_examples_join_the_groups_they_are_in():
    fields, group = table(groups=30)
    fields["x"][5] = fields["x"][np.flatnonzero(group != group[5])[0]]
    linked = {int(group[5]), int(group[np.flatnonzero(group != group[5])[0]])}
    opened = data.arrays(**fields, group=group)
    assert sum(bool(linked & side) for side in sides(opened, group)) == 1


def test_a_class_that_one_group_has_is_trained_on():
    fields, group = table()
    fields["label"] = np.where(group == 3, 7, fields["label"] % 2)
    opened = data.arrays(**fields, group=group)
    assert 3 in sides(opened, group)[0]
    assert opened.schema["label"].names == ("0", "1", "7")
    for seed in range(5):
        fields, group = table(seed=seed, n=60, groups=12, classes=4)
        opened = data.arrays(**fields, group=group)
        assert set(opened.train["label"].tolist()) == {0, 1, 2, 3}
        assert len(opened.test)
        assert len(opened.valid)


def test_a_group_that_is_the_target_cannot_be():
    fields, group = table()
    with pytest.raises(DataError, match="no group can be held out for test without a class losing"):
        data.arrays(x=fields["x"], label=group, group=group)
    with pytest.raises(DataError, match="all 400 examples are in one group, or equal to one in it"):
        data.arrays(**fields, group=np.zeros(400, int))
    with pytest.raises(DataError, match="arrays: group: example 2 has no group; give it one of"):
        data.arrays(x=[1.0, 2.0, 3.0], group=["a", "b", None])


def test_three_groups_give_three_parts_and_two_give_two():
    for count, wanted in ((3, [True, True, True]), (2, [True, False, True])):
        group = np.arange(30) % count
        opened = data.arrays(x=np.arange(30.0), group=group)
        assert [len(part) > 0 for part in parts(opened)] == wanted
        assert disjoint(sides(opened, group))


def test_parts_of_the_source_that_tear_groups_apart_are_found():
    fields, group = table(n=40, groups=40)
    group = np.arange(40) // 2
    where = ["train", "test"] * 5 + ["train"] * 30
    opened = data.arrays(**fields, group=group, split=where)
    (found,) = [one for one in opened.source.findings if one.kind == "group leak"]
    assert (found.severity, found.count) == ("error", 5)
    assert found.items[0] == ("example 0",)


def test_the_last_are_test_and_those_before_them_valid():
    moments = np.random.default_rng(0).permutation(np.arange(500.0))
    opened = data.arrays(x=moments * 2, time=moments)
    assert [len(part) for part in parts(opened)] == [360, 40, 100]
    times = [moments[part.ids.numpy()] for part in parts(opened)]
    assert times[0].max() < times[1].min() <= times[1].max() < times[2].min()
    assert opened.notes == (
        "arrays: split by time: train is 0 to 359 (360), valid is 360 to 399 (40), test is 400 to"
        " 499 (100).",
    )


def test_equal_times_stay_together():
    moments = np.repeat(np.arange(12.0), 10)
    opened = data.arrays(x=np.arange(120.0), time=moments)
    assert disjoint(sides(opened, moments))
    assert [len(part) for part in parts(opened)] == [90, 10, 20]


def test_dates_are_times_and_are_said():
    days = np.arange("2020-01-01", "2020-04-10", dtype="datetime64[D]")
    opened = data.arrays(x=np.arange(100.0), time=days)
    assert "train is 2020-01-01 to 2020-03-12 (72)" in opened.notes[0]
    assert "test is 2020-03-21 to 2020-04-09 (20)" in opened.notes[0]
    same = data.arrays(x=np.arange(100.0), time=[str(day) for day in days])
    assert same.notes == opened.notes


def test_a_class_of_the_future_is_an_error():
    label = ["a"] * 50 + ["b"] * 50
    with pytest.raises(DataError, match=r"example \d+ is of class 'b', which no training example"):
        data.arrays(x=np.arange(100.0), label=["a"] * 80 + ["b"] * 20, time=np.arange(100.0))
    assert data.arrays(x=np.arange(100.0), label=label, time=np.arange(100.0)).test["label"].any()


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"time": [1.0, float("nan"), 3.0]}, "example 1 has no time, and the split is by time; gi"),
        ({"time": [1.0, 1.0, 2.0]}, "examples have 2 different times, too few for parts that foll"),
        (
            {"time": ["soon", "x", "y"]},
            "arrays: time: expected numbers or dates as 2024-12-31, got",
        ),
        ({"time": [[1], [2], [3]]}, r"time: expected a number or date per example, got int64 \(3,"),
        (
            {"time": [1, 2, 3], "group": [1, 2, 3]},
            "arrays: --group and --time cannot both decide the split; choose one of them",
        ),
    ],
)
def test_times_that_cannot_split_are_named(options, text):
    with pytest.raises(DataError, match=text):
        data.arrays(x=[1.0, 2.0, 3.0], **options)


def test_folds_are_whole_and_disjoint_and_keep_the_shares():
    from sklearn.datasets import load_breast_cancer

    x, label = load_breast_cancer(return_X_y=True)
    opened = data.arrays(x=x, label=label)
    folds = opened.folds(5)
    tests = torch.cat([fold.test.ids for fold in folds])
    assert sorted(tests.tolist()) == list(range(569))
    for number, fold in enumerate(folds):
        assert repr(fold).startswith(f"Data(arrays, fold {number + 1} of 5: x, label; train")
        held = torch.cat([part.ids for part in parts(fold)])
        assert sorted(held.tolist()) == list(range(569))
        assert len(fold.test) in (113, 114)
        assert len(fold.valid) == pytest.approx(45.5, abs=1)
        assert float(fold.test["label"].float().mean()) == pytest.approx(0.627, abs=0.01)
        rows = fold.train.ids.numpy()
        assert fold.schema["x"].mean == pytest.approx(x[rows].astype("f4").mean(0), rel=1e-4)
    assert len({fold.schema["x"].mean for fold in folds}) == 5
    assert len({fold.fingerprint for fold in folds}) == 5
    assert opened.folds(5)[2].fingerprint == folds[2].fingerprint == opened.fold(3, 5).fingerprint


def test_folds_keep_equal_examples_and_groups_on_one_side():
    fields, group = table(n=300, groups=60)
    fields["x"][100:120] = fields["x"][:20]
    doubled = data.arrays(**fields)
    for fold in doubled.folds(4):
        assert disjoint([{row.tobytes() for row in part["x"].numpy()} for part in parts(fold)])
    grouped = data.arrays(**fields, group=group)
    folds = grouped.folds(4)
    assert sorted(torch.cat([fold.test.ids for fold in folds]).tolist()) == list(range(300))
    for fold in folds:
        assert disjoint(sides(fold, group))
        assert len(fold.test) == pytest.approx(75, abs=8)
        assert len(fold.valid) == pytest.approx(22, abs=8)


def test_halves_cut_train_alone_and_what_belongs_together_stays_so():
    fields, group = table(n=300, groups=60)
    fields["x"][100:120] = fields["x"][:20]
    for opened, of in ((data.arrays(**fields), fields["x"][:, 0]),
                       (data.arrays(**fields, group=group), group)):  # fmt: skip
        halves = opened.halves()
        assert {repr(half.schema) for half in halves} == {repr(opened.schema)}
        whole, ids = set(opened.train.ids.tolist()), [half.train.ids.tolist() for half in halves]
        assert set(ids[0]) | set(ids[1]) == whole
        assert [half.valid.ids.tolist() for half in halves] == ids[::-1]
        assert disjoint([set(of[rows].tolist()) for rows in ids])
        assert len(ids[0]) == pytest.approx(len(whole) / 2, abs=8)
        shares = [half.train["label"].bincount() / len(half.train) for half in halves]
        assert torch.allclose(*shares, atol=0.05)


def test_the_test_part_of_a_source_is_in_no_fold():
    where = ["train", "train", "train", "valid", "test"] * 20
    opened = data.arrays(x=np.arange(100.0), label=[0, 1, 0, 1, 0] * 20, split=where)
    folds = opened.folds(4)
    own = set(opened.test.ids.tolist())
    assert disjoint([set(fold.test.ids.tolist()) for fold in folds])
    assert set(torch.cat([fold.test.ids for fold in folds]).tolist()) == set(range(100)) - own
    for fold in folds:
        assert own.isdisjoint(torch.cat([part.ids for part in parts(fold)]).tolist())


def test_parts_and_streams_carry_the_record_of_their_data_set():
    opened = data.arrays(x=np.random.default_rng(0).normal(size=50), label=[0, 1] * 25)
    fold = opened.fold(2, 5)
    for dataset in (opened, fold, opened.for_selection()):
        record = dataset.record
        assert (record.name, record.fingerprint) == (dataset.name, dataset.fingerprint)
        assert record.schema is dataset.schema
        for part in parts(dataset):
            stream = part.batches(4)
            streams = (stream, stream.seek(1), stream.on("cpu"), part.select(part.ids).batches(2))
            assert all(one.record is record for one in streams)
    assert opened.record.fingerprint != fold.record.fingerprint


def test_the_record_counts_streams_of_test():
    opened = data.arrays(x=np.arange(50.0), label=[0, 1] * 25)
    assert opened.record.test_reads == 0
    opened.train.batches(4, epochs=2)
    opened.valid.batches(4)
    assert opened.record.test_reads == 0
    stream = opened.test.batches(4)
    assert len(list(stream)) == len(list(stream.seek(0))) == len(stream)
    opened.test.select(opened.test.ids[:2]).batches(1)
    assert opened.record.test_reads == 2
    assert opened.fold(1, 5).record.test_reads == 0


def test_a_training_opens_its_data_once(monkeypatch, tmp_path):
    calls = []
    original = data.open

    def counted(source, *args, **more):
        calls.append(source)
        return original(source, *args, **more)

    monkeypatch.setattr(data, "open", counted)
    brique.train("digits", quick=True, out=tmp_path / "run", device="cpu")
    assert calls == ["digits"]


@pytest.mark.parametrize(
    ("fields", "count", "text"),
    [
        ({"x": [1.0, 2.0, 3.0]}, 4, "folds must be 2 to 3, as many as there are different examp"),
        ({"x": [1.0, 2.0, 3.0]}, 1, "folds must be 2 to 3, as many as there are"),
        ({"x": np.arange(9.0), "label": [0] * 8 + [1]}, 3, "all of class '1' is one example, and"),
        (
            {"x": np.arange(9.0), "label": list("aabbaabbc"), "group": [1, 1, 1, 1, 2, 2, 2, 2, 2]},
            2,
            "all of class 'c' is one group, and would be missing where it is for test",
        ),
        ({"x": np.arange(9.0), "time": np.arange(9)}, 3, "folds and a split by time cannot both"),
    ],
)
def test_folds_that_cannot_be_are_named(fields, count, text):
    with pytest.raises(DataError, match=text):
        data.arrays(**fields).folds(count)


def test_a_fold_that_there_is_not_is_named():
    with pytest.raises(DataError, match="arrays: there is no fold 4 of 3; pass a number from 1 to"):
        data.arrays(x=np.arange(9.0)).fold(4, 3)


def test_each_side_gets_what_it_should_whatever_the_units():
    draw = np.random.default_rng(0)
    for _ in range(30):
        n, groups, classes = draw.integers(20, 200), draw.integers(10, 60), draw.integers(1, 5)
        units = np.unique(draw.integers(0, groups, n), return_inverse=True)[1]
        keys = draw.integers(0, 1 << 62, units.max() + 1).astype(np.uint64)
        hand = GroupedExamples(units, draw.integers(0, classes, n), keys)
        found = assign_stratified(hand, (0.72, 0.08, 0.2), home=0)
        assert len(np.unique(np.stack([units, found]), axis=1).T) == units.max() + 1
        assert set(hand.strata[found == 0].tolist()) == set(hand.strata.tolist())
        folds = assign_stratified(hand, (0.25,) * 4)
        assert set(folds.tolist()) == {0, 1, 2, 3}


def test_many_groups_are_dealt_in_time():
    group = np.arange(20_000) // 3
    begun = time.perf_counter()
    opened = data.arrays(x=np.arange(20_000.0), label=np.arange(20_000) % 10, group=group)
    assert time.perf_counter() - begun < 5
    assert disjoint(sides(opened, group))


@pytest.mark.skipif(
    not any(
        os.path.isdir(os.path.join(shelf, "orl-faces"))
        for shelf in os.environ.get("BRIQUE_DATA", "").split(os.pathsep)
    ),
    reason="no orl-faces in BRIQUE_DATA",
)
def test_no_face_is_on_two_sides():
    faces = data.open("orl-faces").source
    person = np.array([name.split("/")[0] for name in faces.names])
    groups = np.unique(person, return_inverse=True)[1]
    assert len(set(groups.tolist())) == 40
    with pytest.raises(DataError, match="orl-faces: no group can be held out for test"):
        build(replace(faces, groups=groups))
    kinds = {**faces.kinds, "label": Category(("even", "odd"))}
    fields = {"image": faces.fields["image"], "label": torch.arange(400) % 2}
    opened = build(replace(faces, fields=fields, kinds=kinds, groups=groups))
    assert [len(part) for part in parts(opened)] == [290, 30, 80]
    assert disjoint(sides(opened, person))
    folds = opened.folds(5)
    assert all(disjoint(sides(fold, person)) for fold in folds)
    assert sorted(torch.cat([fold.test.ids for fold in folds]).tolist()) == list(range(400))
