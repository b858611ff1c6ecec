"""Simple methods beside a net take no more than a minute."""

import torch

from brique.data import arrays
from brique.tasks import baselines
from brique.tasks.baselines import methods


def table(classes):
    draw = torch.Generator().manual_seed(0)
    x = torch.rand(600, 20, generator=draw)
    names = tuple(f"class {k}" for k in range(classes))
    kind = [names[int(k)] for k in x[:, 0] * classes]
    return arrays(x=x, kind=kind, target="kind")


def boosting(classes):
    known = table(classes)
    return baselines.fitted(known, known.test)["boosting"]


def test_many_classes_have_fewer_trees_each(monkeypatch):
    monkeypatch.setattr(methods, "_MINUTE", 0.2)
    few, many = boosting(2), boosting(12)
    assert few.entry["settings"]["trees"] == 200
    assert 10 <= many.entry["settings"]["trees"] < 50
    assert many.entry["examples"] == few.entry["examples"]  # fewer trees, not fewer examples


def test_trees_that_would_take_long_are_left_out_and_say_so(monkeypatch):
    monkeypatch.setattr(methods, "_MINUTE", 0.02)
    said = boosting(12)
    assert said.answers is None
    assert said.entry["skipped"] == "trees for 12 answers from 20 columns take more than a minute"


def test_numbers_are_judged_without_a_valid_part():
    x = torch.rand(40, 2, generator=torch.Generator().manual_seed(0))
    parts = ["train"] * 30 + ["test"] * 10
    known = arrays(x=x, y=x.sum(dim=1), split=parts, target="y")
    assert not len(known.valid)
    assert baselines.fitted(known, known.test)["linear"].answers.shape == (10, 1)
