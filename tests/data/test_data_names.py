"""Columns keep the names that the file gives them, whatever these are, from table to answer."""

import csv
import json

import pytest
import torch

import brique
from brique import data
from brique.cli import main
from brique.data import Batch
from brique.schema import Number, Schema

NAMES = (
    "ids", "to", "turn", "progress", "fields", "cut", "replace", "uniform", "at", "among", "self",
    "_id", "__init__", "__class__", "a.b", "a b", "a/b", "keys", "forward", "class", "features",
    "train", "", 'say "x"', "it's", "a=b", "a,b", "über", "数", "two\nlines", "x" * 300, "0", "None",
    "<b>", "{x}", "%s", "split?", "image",
)  # fmt: skip


def table(path, names, n=60):
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow([*names, "label"])
        for i in range(n):
            label = i * 7 % 3
            cells = [f"{(i * (k + 3) % 57) / 7 + label:.4f}" for k in range(len(names))]
            rows.writerow([*cells, "abc"[label]])
    return path


def test_columns_keep_their_names(tmp_path):
    opened = data.open(table(tmp_path / "t.csv", NAMES))
    assert opened.schema.inputs == NAMES
    assert Schema.from_json(json.loads(json.dumps(opened.schema.to_json()))) == opened.schema
    (batch,) = opened.valid.batches(99)
    assert batch.fields == (*NAMES, "label")
    for name in NAMES:
        assert torch.equal(batch[name], opened.valid[name])
        assert torch.equal(batch.to("cpu").cut(0, 2)[name], batch[name][:2])
    assert torch.equal(batch.ids, opened.valid.ids)


@pytest.mark.parametrize("name", NAMES)
def test_any_name_may_be_the_target(tmp_path, name):
    opened = data.open(table(tmp_path / "t.csv", [name, "other"]), target=name, header=True)
    assert opened.schema.targets == (name,)
    assert isinstance(opened.schema[name], Number)


def test_a_batch_replaces_fields_of_any_name():
    batch = Batch({"self": torch.zeros(3), "ids": torch.ones(3)})
    changed = batch.replace(self=torch.ones(3), ids=torch.zeros(3))
    assert changed["self"].sum() == 3
    assert changed["ids"].sum() == 0
    assert changed.ids.tolist() == [0, 1, 2]


def test_a_net_is_trained_and_asked_by_the_names_of_the_file(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    table(tmp_path / "t.csv", NAMES)
    words = ["train", "t.csv", "--epochs", "1", "--out", "run", "--target", "a.b,_id"]
    assert main([*words, "--types", "label=leave"]) == 0
    inputs = [name for name in NAMES if name not in ("a.b", "_id")]
    described = json.loads((tmp_path / "run/model/model.json").read_text())
    assert list(described["schema"]["fields"]) == list(NAMES)
    assert list(brique.load("run").schema.inputs) == inputs
    capsys.readouterr()
    assert main(["predict", "run", "t.csv", "--csv", "out.csv"]) == 0
    with (tmp_path / "out.csv").open(newline="") as file:
        answers = list(csv.DictReader(file))
    assert len(answers) == 60
    assert [name for name in answers[0] if name in ("a.b", "_id")] == ["a.b", "_id"]


def test_folds_and_pages_take_any_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    table(tmp_path / "t.csv", ["ids", "turn", "to"], n=90)
    assert main(["train", "t.csv", "--epochs", "1", "--out", "run", "--target", "ids"]) == 0
    assert "ids" in (tmp_path / "run/report.html").read_text()
    assert main(["evaluate", "run"]) == 0
    assert main(["check", "t.csv"]) in (0, 1)
