"""Equal rows stay on one side of a split, unless they are equal by chance."""

import random

import numpy as np
import pytest
import torch

from brique import data
from brique.data import audit


def opened(tmp_path, head, rows, **options):
    (tmp_path / "t.csv").write_text("\n".join([head, *rows]) + "\n")
    return data.open(tmp_path / "t.csv", **options)


def survey(n=800, seed=44):
    draw = np.random.default_rng(seed)
    sex, kind = draw.choice(["f", "m"], n), draw.choice(["x", "y", "z"], n)
    out = np.where(draw.random(n) < np.where(sex == "f", 0.7, 0.2), "yes", "no")
    return [",".join(row) for row in zip(sex, kind, out, strict=True)]


def sizes(found):
    return [len(found.train), len(found.valid), len(found.test)]


def test_rows_of_few_different_inputs_are_split(tmp_path):
    found = opened(tmp_path, "sex,kind,survived", survey(), target="survived")
    assert sizes(found) == pytest.approx([576, 64, 160], abs=3)
    assert any(
        "equal by chance (6 different ones among 800): each is drawn into a part by itself" in note
        for note in found.notes
    )
    kinds = {finding.kind: finding for finding in audit.findings(found)}
    assert not {"leaked", "duplicate", "contradictory"} & set(kinds)
    assert kinds["equal by chance"].severity == "note"
    assert kinds["equal by chance"].count == 794
    folds = found.folds(5)
    assert [len(fold.test) for fold in folds] == pytest.approx([160] * 5, abs=2)


def test_the_draw_of_such_rows_is_fixed_and_moves_few_others(tmp_path):
    rows = survey()
    first = opened(tmp_path, "sex,kind,survived", rows, target="survived").test.ids.tolist()
    again = opened(tmp_path, "sex,kind,survived", rows, target="survived").test.ids.tolist()
    more = [*rows, "f,x,yes"]
    longer = opened(tmp_path, "sex,kind,survived", more, target="survived").test.ids.tolist()
    assert first == again
    assert len(set(first) ^ set(longer)) <= 4


def test_short_texts_that_come_again_are_split(tmp_path):
    draw = np.random.default_rng(44)
    good, bad = ["thank you", "very good", "great"], ["too late", "never again", "bad"]
    rows = [
        f"{draw.choice(good if n % 2 else bad)},{'up' if n % 2 else 'down'}" for n in range(120)
    ]
    found = opened(tmp_path, "text,label", rows)
    assert sizes(found) == pytest.approx([86, 10, 24], abs=2)
    assert found.schema["label"].names == ("down", "up")


def test_groups_are_not_joined_by_rows_that_are_equal_by_chance(tmp_path):
    rows = [f"{row},p{at % 80}" for at, row in enumerate(survey())]
    found = opened(tmp_path, "sex,kind,survived,person", rows, target="survived", group="person")
    assert sizes(found) == pytest.approx([576, 64, 160], abs=25)


def measured(repeated, seed, n=600):
    """Return rows of eleven measured numbers and a class, some of them there again."""
    draw = np.random.default_rng(seed)
    x = draw.normal(size=(n, 11)).round(3)
    y = np.where(x[:, 0] + draw.normal(size=n) > 0, "b", "a")
    rows = [",".join(map(str, [*one, label])) for one, label in zip(x, y, strict=True)]
    again = draw.integers(0, n, repeated).tolist()
    return [*rows, *(rows[at] for at in again)]


def nearest(found):
    """Return the accuracy on test of the nearest neighbor in train."""
    from sklearn.neighbors import KNeighborsClassifier

    def inputs(split):
        return np.stack([split[name].numpy() for name in found.schema.inputs], 1)

    model = KNeighborsClassifier(1).fit(inputs(found.train), found.train["label"].numpy())
    return model.score(inputs(found.test), found.test["label"].numpy())


def test_measured_numbers_that_come_again_stay_on_one_side(tmp_path):
    head = ",".join([*(f"x{at}" for at in range(11)), "label"])
    scores = []
    for seed in range(3):
        plain = opened(tmp_path, head, measured(0, seed))
        found = opened(tmp_path, head, measured(90, seed))
        rows = np.stack([found.store.fields[name].numpy() for name in found.schema.inputs], 1)
        learnt = {row.tobytes() for row in rows[found.train.ids.numpy()]}
        assert not any(row.tobytes() in learnt for row in rows[found.test.ids.numpy()])
        scores.append((nearest(plain), nearest(found)))
    before, after = np.mean(scores, axis=0)
    assert after <= before + 0.05


def test_texts_of_many_words_stay_on_one_side(tmp_path):
    draw = np.random.default_rng(0)
    words = [" ".join(draw.choice(list("abcdefghij"), 12)) for _ in range(150)]
    rows = [f"{words[at % 150]},{'up' if at % 2 else 'down'}" for at in range(300)]
    found = opened(tmp_path, "text,label", rows, types={"text": "text"})
    column = found.source.fields["text"]
    learnt = {column.text(row) for row in found.train.ids.tolist()}
    assert not learnt & {column.text(row) for row in found.test.ids.tolist()}


def parts_of(rows, copies=0):
    """Return 400 rows to learn from and 100 for test, of which some repeat one of the first."""
    rows = [*rows[:400], *rows[400 : 500 - copies], *rows[:copies]]
    codes, noise = zip(*rows, strict=True)
    return data.arrays(
        code=list(codes),
        noise=torch.tensor(noise),
        label=["a" if code < "c" else "b" for code in codes],
        split=["train"] * 400 + ["test"] * 100,
    )


@pytest.mark.parametrize(("decimals", "copies", "severity"), [
    (3, 0, "warning"), (6, 3, "error"), (3, 40, "error"),
])  # fmt: skip
def test_rows_of_a_given_test_part_may_be_equal_by_chance(decimals, copies, severity):
    draw = random.Random(8)
    rows = [(draw.choice("abcd"), round(draw.gauss(0, 1), decimals)) for _ in range(500)]
    (finding,) = [one for one in audit.findings(parts_of(rows, copies)) if one.kind == "leaked"]
    assert finding.severity == severity
    assert ("equal by chance" in finding.reason) == (severity == "warning")
