"""Simple methods beside a net take no more than a minute."""

import torch
from sklearn.ensemble import RandomForestClassifier

from brique.data import arrays
from brique.evaluation import baselines
from brique.evaluation.baselines import tree_ensembles
from brique.evaluation.baselines.matrix import matrix as as_matrix


def table(classes):
    draw = torch.Generator().manual_seed(0)
    x = torch.rand(600, 20, generator=draw)
    names = tuple(f"class {k}" for k in range(classes))
    kind = [names[int(k)] for k in x[:, 0] * classes]
    return arrays(x=x, kind=kind, target="kind")


def boosting(classes):
    known = table(classes)
    return baselines.fit_predict(known, known.test)["boosting"]


def test_many_classes_have_fewer_trees_each(monkeypatch):
    monkeypatch.setattr(tree_ensembles, "_MAX_SECONDS", 0.2)
    few, many = boosting(2), boosting(12)
    assert few.entry["settings"]["trees"] == 200
    assert 10 <= many.entry["settings"]["trees"] < 50
    assert many.entry["examples"] == few.entry["examples"]  # fewer trees, not fewer examples


def test_trees_that_would_take_long_are_left_out_and_say_so(monkeypatch):
    monkeypatch.setattr(tree_ensembles, "_MAX_SECONDS", 0.02)
    said = boosting(12)
    assert said.predictions is None
    assert said.entry["skipped"] == "trees for 12 outputs from 20 columns take more than a minute"


def test_numbers_are_judged_without_a_valid_part():
    x = torch.rand(40, 2, generator=torch.Generator().manual_seed(0))
    parts = ["train"] * 30 + ["test"] * 10
    known = arrays(x=x, y=x.sum(dim=1), split=parts, target="y")
    assert not len(known.valid)
    assert baselines.fit_predict(known, known.test)["linear"].predictions.shape == (10, 1)


def test_forests_and_boosting_are_those_of_scikit_learn_by_default():
    known = table(3)
    said = baselines.fit_predict(known, known.test)
    assert said["forest"].entry["settings"]["trees"] == 100
    assert said["boosting"].entry["settings"]["trees"] >= 100
    x, y = known.train["x"].numpy(), known.train["kind"].numpy()
    oracle = RandomForestClassifier(random_state=0).fit(x, y).predict(known.test["x"].numpy())
    truth = known.test["kind"].numpy()
    ours = (said["forest"].predictions.numpy() == truth).mean()
    assert ours > (oracle == truth).mean() - 0.04  # rows in another order, so other draws
    assert "reduced" not in said["forest"].entry


def test_a_forest_of_numbers_answers_for_several_targets():
    x = torch.rand(200, 3, generator=torch.Generator().manual_seed(1))
    known = arrays(x=x, y=x[:, 0] * 2, z=-x[:, 1], target=("y", "z"))
    said = baselines.fit_predict(known, known.test)["forest"]
    truth = torch.stack([known.test["y"], known.test["z"]], dim=1)
    assert said.predictions.shape == truth.shape
    assert (said.predictions - truth).square().mean() < 0.1 * truth.var(dim=0).mean()


def test_less_than_usual_is_said(monkeypatch):
    monkeypatch.setattr(tree_ensembles, "_MAX_SECONDS", 0.2)
    known = table(2)
    said = baselines.fit_predict(known, known.test)["forest"]
    assert said.entry["settings"]["trees"] < 100
    assert said.entry["reduced"].endswith("as 100 would take over a minute")
    monkeypatch.setattr(tree_ensembles, "_MAX_SECONDS", 0.001)
    assert (
        tree_ensembles.max_forest_examples(matrix(known.test), is_class=True, limit=50_000) < 2000
    )


def matrix(split):
    return as_matrix(split, torch.arange(len(split)))
