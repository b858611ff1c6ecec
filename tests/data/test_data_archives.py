"""Archives of sequences of UCR and UEA, and ARFF: what opens, with which values."""

import numpy as np
import pytest

from brique import data
from brique.errors import DataError

RNG = np.random.default_rng(5)
CHANNELS = 2


def cases(n, lengths=(12,), channels=CHANNELS, seed=1):
    """Return n sequences (C, T), rounded, and their classes."""
    rng = np.random.default_rng(seed)
    return [
        (np.round(rng.normal(size=(channels, lengths[i % len(lengths)])), 3), ("walk", "run")[i % 2])
        for i in range(n)
    ]  # fmt: skip


def joined(values):
    return ",".join("?" if np.isnan(v) else f"{v:g}" for v in values)


def ts(several, header="@timeStamps false\n@missing false\n@classLabel true walk run\n"):
    lines = [f"{':'.join(map(joined, values))}:{label}" for values, label in several]
    return f"# notes\n@problemName Moves\n{header}@data\n" + "\n".join(lines) + "\n"


def flat_arff(several):
    length = several[0][0].shape[1]
    names = "".join(f"@attribute att{i} numeric\n" for i in range(length))
    rows = "".join(f"{joined(values[0])},{label}\n" for values, label in several)
    return f"% notes\n@relation Moves\n{names}@attribute target {{walk,run}}\n\n@data\n{rows}"


def bag_arff(several):
    length = several[0][0].shape[1]
    names = "".join(f"@attribute t{i} numeric\n" for i in range(length))
    rows = "".join(
        "'" + "\\n".join(map(joined, values)) + f"',{label}\n" for values, label in several
    )
    return (
        f"@relation 'My moves'\n@attribute bag relational\n{names}@end bag\n"
        f"@attribute class {{walk,run}}\n@data\n{rows}"
    )


def rows(several, mark="\t", form="{:g}"):
    return "".join(
        form.format(1 if label == "walk" else 2) + mark
        + mark.join("NaN" if np.isnan(v) else f"{v:.7e}" for v in values[0]) + "\n"
        for values, label in several
    )  # fmt: skip


def archive(folder, ending, write, train, test):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"Moves_TRAIN{ending}").write_text(write(train))
    (folder / f"Moves_TEST{ending}").write_text(write(test))
    return folder


def said(opened, target="label"):
    """Return the sequences (C, T) and their classes."""
    source = opened.source
    signals = [one.numpy().T for one in source.fields["signal"]]
    return signals, list(source.fields[target].names)


def check(opened, several, names=("walk", "run")):
    signals, labels = said(opened)
    assert labels == [names[0] if label == "walk" else names[1] for _, label in several]
    for signal, (values, _) in zip(signals, several, strict=True):
        assert np.allclose(signal, values, atol=1e-6)


FORMS = {
    "ts": (".ts", ts, CHANNELS),
    "ts of one channel": (".ts", ts, 1),
    "arff": (".arff", flat_arff, 1),
    "arff of bags": (".arff", bag_arff, CHANNELS),
    "tsv": (".tsv", rows, 1),
    "txt": (".txt", lambda several: rows(several, "  ", "  {:.7e}"), 1),
}


@pytest.mark.parametrize("form", FORMS)
def test_the_parts_of_an_archive_open_with_their_values(tmp_path, form):
    ending, write, channels = FORMS[form]
    train, test = cases(14, channels=channels), cases(6, channels=channels, seed=2)
    opened = data.open(archive(tmp_path / "Moves", ending, write, train, test))
    is_named = ending in (".ts", ".arff")
    check(opened, train + test, ("walk", "run") if is_named else ("1", "2"))
    assert opened.source.part.tolist() == [0] * 14 + [2] * 6
    assert opened.schema["signal"].channels == channels
    assert opened.schema.targets == ("label",)
    assert not opened.skipped
    assert opened.source.names[0].startswith(f"Moves_TRAIN{ending}:")


def test_lengths_may_differ(tmp_path):
    train, test = cases(14, (9, 12, 15)), cases(6, (8,), seed=2)
    header = "@timestamps false\n@equalLength false\n@ClassLabel true run walk\n"
    folder = archive(tmp_path / "a", ".ts", lambda several: ts(several, header), train, test)
    check(data.open(folder), train + test)


def test_what_is_missing_at_the_end_ends_a_sequence(tmp_path):
    train, test = cases(14, channels=1), cases(6, channels=1, seed=2)
    padded = [(np.pad(v[:, :7], ((0, 0), (0, 5)), constant_values=np.nan), c) for v, c in train]
    opened = data.open(archive(tmp_path / "a", ".tsv", rows, padded, test))
    signals, _ = said(opened)
    assert [one.shape for one in signals] == [(1, 7)] * 14 + [(1, 12)] * 6
    assert not opened.source.findings


def test_values_that_are_missing_are_filled_and_counted(tmp_path):
    train, test = cases(14), cases(6, seed=2)
    train[0][0][1, 3:5] = np.nan
    train[1][0][0, :] = np.nan
    opened = data.open(archive(tmp_path / "a", ".ts", ts, train, test))
    signals, _ = said(opened)
    before, after = train[0][0][1, [2, 5]]
    assert np.allclose(signals[0][1, 3:5], before + (after - before) * np.array([1, 2]) / 3)
    finding = opened.source.findings[0]
    assert (finding.kind, finding.severity, finding.count) == ("missing values", "warning", 1)
    assert finding.items == (("Moves_TRAIN.ts:6", "2 values"),) or finding.items[0][1] == "2 values"
    assert [reason for _, reason in opened.skipped] == ["has a channel without any value"]


def test_numbers_are_predicted_where_the_file_says_so(tmp_path):
    several = [(values, f"{i / 4}") for i, (values, _) in enumerate(cases(20))]
    (tmp_path / "Flood.ts").write_text(ts(several, "@timestamps false\n@targetlabel true\n"))
    opened = data.open(tmp_path / "Flood.ts")
    assert opened.schema.targets == ("target",)
    assert opened.source.fields["target"].values.tolist() == [i / 4 for i in range(20)]
    assert opened.source.part is None
    assert len(opened.test) > 0


def test_a_file_may_be_the_test_part_of_another(tmp_path):
    train, test = cases(14), cases(6, seed=2)
    folder = archive(tmp_path / "a", ".ts", ts, train, test)
    opened = data.open(folder / "Moves_TRAIN.ts", test=folder / "Moves_TEST.ts")
    check(opened, train + test)
    assert len(opened.test) == 6
    with pytest.raises(DataError, match="--test must be a file of sequences, where there is no te"):
        data.open(folder, test=folder / "Moves_TEST.ts")


def test_of_several_forms_of_one_archive_one_is_read(tmp_path):
    train, test = cases(14, channels=1), cases(6, channels=1, seed=2)
    for ending, write in ((".ts", ts), (".arff", flat_arff), (".txt", rows)):
        folder = archive(tmp_path / "a", ending, write, train, test)
    (folder / "README.md").write_text("about it")
    opened = data.open(folder)
    check(opened, train + test)
    assert any("4 files of the same sequences in other forms are not read; .ts is" in note
               for note in opened.notes)  # fmt: skip


def test_several_archives_are_refused(tmp_path):
    folder = archive(tmp_path / "a", ".ts", ts, cases(9), cases(9))
    (folder / "Other_TRAIN.ts").write_text(ts(cases(9)))
    with pytest.raises(DataError, match=r"expected one archive of sequences .* got Moves, Other"):
        data.open(folder)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (ts(cases(9), "@timeStamps true\n@classLabel true walk run\n"),
         "@timeStamps: its sequences have time stamps, which are not read"),
        (ts(cases(9), "@timeStamps false\n@classLabel false\n"),
         "expected @classLabel true or @targetLabel true, got neither"),
        (ts(cases(9)).replace("@data\n", "@data\n(0,1.5),(1,2.5):walk\n"),
         "one.ts:7: its sequences have time stamps"),
        (ts([]), "none of its sequences can be read"),
    ],
)  # fmt: skip
def test_other_sequences_are_refused_by_name(tmp_path, text, says):
    (tmp_path / "one.ts").write_text(text)
    with pytest.raises(DataError, match=says):
        data.open(tmp_path / "one.ts")


def test_faulty_sequences_are_named(tmp_path):
    bad = "1,2,x:1,2,3:walk\n1,2,3:1,2:walk\n1,2,3:1,2,3:fly\n1,2,3:walk\n1,2:3,4:?\n"
    (tmp_path / "one.ts").write_text(ts(cases(20)) + bad)
    opened = data.open(tmp_path / "one.ts")
    assert [reason for _, reason in opened.skipped] == [
        "holds an invalid number; correct it",
        "its channels differ in length (3, 2); cut them",
        "'fly' is not among the classes walk, run",
        "its target is missing",
        "has 1 channels, others 2",
    ]
    assert len(opened.source) == 20


IRIS = """% flowers
@RELATION iris
@ATTRIBUTE 'sepal length' REAL
@ATTRIBUTE width INTEGER
@ATTRIBUTE color {red, 'light blue', "it\\'s"}
@ATTRIBUTE seen date "yyyy-MM-dd"
@ATTRIBUTE class {setosa,virginica}
@DATA
"""


def test_arff_of_columns_is_a_table(tmp_path):
    colors = ("red", "'light blue'", "?")
    lines = "".join(
        f"{i / 10},{i}, {colors[i % 3]},2024-01-{1 + i % 28:02},{('setosa', 'virginica')[i % 2]}\n"
        for i in range(60)
    )
    (tmp_path / "iris.arff").write_text(IRIS + lines + "1,2,green,2024-01-01,setosa\n1,2\n")
    opened = data.open(tmp_path / "iris.arff")
    assert {name: kind.kind for name, kind in opened.schema.fields.items()} == {
        "sepal length": "number", "width": "number", "color": "category", "seen": "timestamp",
        "class": "category",
    }  # fmt: skip
    assert opened.schema.targets == ("class",)
    assert opened.source.fields["sepal length"].values[:3].tolist() == [0.0, 0.1, 0.2]
    assert "light blue" in opened.schema["color"].names
    assert dict(opened.skipped) == {
        "iris.arff line 69": "'green' is not a class of color; add it to @attribute",
        "iris.arff line 70": "expected 5 cells, got 2 cells; correct it",
    }


def test_classes_that_are_written_as_numbers_are_said(tmp_path):
    lines = "".join(f"{i % 3},{i / 7},{'ab'[i % 2]}\n" for i in range(60))
    header = "@relation x\n@attribute zone {0,1,2}\n@attribute b real\n@attribute class {a,b}\n"
    (tmp_path / "one.arff").write_text(f"{header}@data\n{lines}")
    found = {one.kind: one for one in data.open(tmp_path / "one.arff").source.findings}
    assert found["declared classes"].severity == "warning"
    assert "--types 'zone=category'" in found["declared classes"].remedy


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("@relation x\n@attribute a real\n@data\n{0 1}\n", "line 4: is a sparse row"),
        ("@relation x\n@attribute a thing\n@data\n1\n", "line 2: expected numeric, string, date"),
        ("@relation x\n@data\n1\n", "expected ARFF with @attribute and @data"),
        ("a,b\n1,2\n", "line 1: expected @relation, @attribute or @data, got 'a,b'"),
    ],
)
def test_other_arff_is_refused_by_name(tmp_path, text, says):
    (tmp_path / "one.arff").write_text(text)
    with pytest.raises(DataError, match=says):
        data.open(tmp_path / "one.arff")


def test_a_table_is_no_archive(tmp_path):
    lines = "".join(f"{i % 2}\t" + "\t".join(f"{i}.5" for _ in range(9)) + "\n" for i in range(40))
    (tmp_path / "data_train.tsv").write_text(lines)
    assert "signal" not in data.open(tmp_path / "data_train.tsv").schema.fields
