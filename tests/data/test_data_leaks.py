"""What a column tells of the target is judged beside the commonest class, on rows held out."""

import numpy as np
import pytest

from brique import data
from brique.data import audit

N = 600


def table(tmp_path, columns, **options):
    """Open a table of columns by name."""
    rows = zip(*columns.values(), strict=True)
    text = "\n".join([",".join(columns), *(",".join(map(str, row)) for row in rows)]) + "\n"
    (tmp_path / "t.csv").write_text(text)
    return data.open(tmp_path / "t.csv", **options)


def leaks(opened):
    """Return severity by column of what tells the target."""
    return {f.items[0][0]: f.severity for f in audit.findings(opened) if f.kind == "target leak"}


def drawn(seed=0, n=N, share=0.5):
    """Return noise, labels yes and no, and a generator."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=n).round(4), np.where(rng.random(n) < share, "yes", "no"), rng


def test_noise_tells_nothing_where_one_class_is_rare(tmp_path):
    rng = np.random.default_rng(32)
    bad = np.arange(4000) % 1000 == 7
    columns = {
        "amount": rng.normal(3.0 * bad, 1).round(3), "age": rng.normal(size=4000).round(3),
        "city": rng.integers(0, 30, 4000), "fraud": bad.astype(int),
    }  # fmt: skip
    assert leaks(table(tmp_path, columns, target="fraud")) == {}


def test_a_copy_of_a_rare_class_is_found(tmp_path):
    rng = np.random.default_rng(32)
    bad = np.arange(4000) % 1000 == 7
    columns = {
        "age": rng.normal(size=4000).round(3), "refunded": np.where(bad, "x", "z"),
        "note": np.where(bad, "", "fine"), "fraud": bad.astype(int),
    }  # fmt: skip
    assert leaks(table(tmp_path, columns, target="fraud")) == {
        "refunded": "error", "note": "error",
    }  # fmt: skip


def test_a_strong_but_honest_column_is_none(tmp_path):
    noise, label, rng = drawn()
    strong = np.where(rng.random(N) < 0.9, label, "no")
    columns = {"noise": noise, "strong": strong, "label": label}
    assert leaks(table(tmp_path, columns)) == {}


@pytest.mark.parametrize(
    ("leak", "severity"),
    [
        (lambda label, noise, rng: label, "error"),
        (lambda label, noise, rng: np.where(label == "yes", 7, 3), "error"),
        (lambda label, noise, rng: np.where(rng.random(N) < 0.02, "no", label), "warning"),
        (lambda label, noise, rng: (10 * (label == "yes") + noise).round(3), "warning"),
        (lambda label, noise, rng: np.where(label == "yes", "", noise), "error"),
        (lambda label, noise, rng: [f"{one}_{i:04d}.png" for i, one in enumerate(label)], "error"),
        (lambda label, noise, rng: [f"d/{one}/{i}.txt" for i, one in enumerate(label)], "error"),
        (lambda label, noise, rng: noise, None),
        (lambda label, noise, rng: [f"scan_{i:04d}" for i in range(N)], None),
    ],
    ids=["copy", "code", "noisy", "apart", "missing", "name", "folder", "noise", "number"],
)
def test_what_tells_a_class_is_found(tmp_path, leak, severity):
    noise, label, rng = drawn()
    columns = {"noise": rng.normal(size=N).round(4), "it": leak(label, noise, rng), "label": label}
    found = leaks(table(tmp_path, columns, target="label"))
    assert found == ({"it": severity} if severity else {})


@pytest.mark.parametrize(
    ("it", "alone", "beside"),
    [
        (lambda label, i: f"order {i}: {label} it is", {}, {"it": "error"}),
        (lambda label, i: f"{label[0].upper()}{i % 9}", {}, {"it": "warning"}),
        (lambda label, i: f"d/{label}/{i}.txt", {}, {"it": "error"}),
        (lambda label, i: label.upper(), {"it": "error"}, {"it": "error"}),
    ],
    ids=["template", "code", "path", "copy"],
)
def test_a_text_or_code_that_is_all_there_is_may_tell_the_class(tmp_path, it, alone, beside):
    _, label, rng = drawn()
    columns = {"it": [it(one, i) for i, one in enumerate(label)], "label": label}
    assert leaks(table(tmp_path, columns, target="label")) == alone
    columns = {"noise": rng.normal(size=N).round(4), **columns}
    assert leaks(table(tmp_path, columns, target="label")) == beside


def test_a_column_that_lacks_where_one_of_several_classes_is_is_found(tmp_path):
    noise, _, rng = drawn()
    label = np.array(["a", "b", "c"])[rng.integers(0, 3, N)]
    columns = {"x": rng.normal(size=N).round(4), "it": np.where(label == "b", "", noise)}
    opened = table(tmp_path, columns | {"label": label}, target="label")
    assert leaks(opened) == {"it": "error"}
    (finding,) = [f for f in audit.findings(opened) if f.kind == "target leak"]
    assert "missing exactly where 'label' is of one class" in finding.reason


def test_a_column_that_may_name_groups_is_said_to(tmp_path):
    noise, _, rng = drawn()
    patient = np.repeat(np.arange(40), N // 40)
    ill = rng.choice(["yes", "no"], 40)[patient]
    columns = {"noise": noise, "patient": [f"p{i}" for i in patient], "ill": ill}
    (finding,) = [f for f in audit.findings(table(tmp_path, columns)) if f.kind == "target leak"]
    assert "each 'patient' has a single 'ill'." in finding.reason
    assert finding.remedy.endswith(
        "If new rows come from new groups, such as new patients: --group 'patient'."
    )
    grouped = table(tmp_path, columns, group="patient")
    assert leaks(grouped) == {}


@pytest.mark.parametrize("name", ["Unnamed: 0", "id"])
@pytest.mark.parametrize("first", [0, 1000])
def test_a_number_of_the_row_that_tells_the_class_is_an_error(tmp_path, name, first):
    noise, label, _ = drawn()
    columns = {name: range(first, first + N), "noise": noise, "label": sorted(label)}
    opened = table(tmp_path, columns, target="label")
    (column,) = [one for one in opened.schema.inputs if one != "noise"]
    assert leaks(opened) == {column: "error"}
    (finding,) = [f for f in audit.findings(opened) if f.kind == "target leak"]
    assert (
        "numbers the rows, and the rows are sorted in a way that reveals 'label'" in finding.reason
    )
    columns["label"] = label
    assert leaks(table(tmp_path, columns, target="label")) == {}


def test_a_number_of_the_row_that_tells_a_number_is_an_error(tmp_path):
    noise, _, rng = drawn()
    y = np.sort(rng.normal(size=N)).round(4)
    columns = {"id": range(N), "noise": noise, "y": y}
    assert leaks(table(tmp_path, columns, target="y")) == {"id": "error"}
    columns["y"] = rng.permutation(y)
    assert leaks(table(tmp_path, columns, target="y")) == {}


@pytest.mark.parametrize(
    ("leak", "severity"),
    [
        (lambda y, noise: (2.54 * y).round(6), "error"),
        (lambda y, noise: -y, "error"),
        (lambda y, noise: y.round(), "warning"),
        (lambda y, noise: np.where(y > 1, "high", "low"), "warning"),
        (lambda y, noise: np.exp(y).round(6), "warning"),
        (lambda y, noise: (y + 0.05 * noise).round(4), "warning"),
        (lambda y, noise: np.where(y > 1, "", noise), "error"),
        (lambda y, noise: (y + 0.5 * noise).round(4), None),
        (lambda y, noise: noise + 1000 * (np.arange(N) == 3), None),
    ],
    ids=["scaled", "turned", "rounded", "bound", "bent", "noisy", "missing", "honest", "outlier"],
)
def test_what_tells_a_number_is_found(tmp_path, leak, severity):
    noise, _, rng = drawn()
    y = rng.normal(size=N).round(4)
    y[3] = 9.0
    columns = {"noise": rng.normal(size=N).round(4), "it": leak(y, noise), "y": y}
    found = leaks(table(tmp_path, columns, target="y"))
    assert found == ({"it": severity} if severity else {})


def test_a_target_far_from_the_others_is_listed(tmp_path):
    noise, _, rng = drawn()
    y = np.where(np.arange(N) == 77, 1e9, rng.normal(size=N).round(3))
    opened = table(tmp_path, {"x": noise, "y": y}, target="y")
    (finding,) = [f for f in audit.findings(opened) if f.kind == "out of range"]
    assert finding.items[0][:2] == ("row 79", "y")


@pytest.mark.parametrize(
    ("shared", "severity"), [("Thanks !", "warning"), ("it broke on day two", "error")]
)
def test_short_texts_that_many_write_are_no_copies(tmp_path, shared, severity):
    rows = [f"the part number {n} came late,{'ab'[n % 2]},{'test' if n % 5 == 0 else 'train'}"
            for n in range(200)]  # fmt: skip
    rows += [f"{shared},a,train", f"{shared},a,test", f"{shared},a,test"]
    (tmp_path / "t.csv").write_text("\n".join(["about,label,split", *rows]) + "\n")
    opened = data.open(tmp_path / "t.csv", target="label", types={"about": "text"})
    (finding,) = [one for one in audit.findings(opened) if one.kind == "leaked"]
    assert finding.severity == severity
