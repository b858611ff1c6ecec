"""`brique check`: what it prints, its JSON, its exit code."""

import csv
import json

import numpy as np
import pytest
from PIL import Image

import brique
from brique import data
from brique.cli import main
from brique.data import Finding, audit
from brique.data.audit import verdict


def picture(path, seed, size=(24, 24)):
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (*size, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)


def zoo(root, *, leaks=0, n=8):
    """Write pictures in train and test, some of test the same as in train."""
    for c, name in enumerate(("cat", "dog")):
        for i in range(n):
            picture(root / "train" / name / f"{i}.png", c * 100 + i)
            seed = c * 100 + i if i < leaks else 1000 + c * 100 + i
            picture(root / "test" / name / f"{i}.png", seed)
    return root


def said(capsys, *words):
    capsys.readouterr()
    code = main([str(word) for word in words])
    return code, *capsys.readouterr()


def test_clean_data_have_a_table_and_a_verdict(capsys, tmp_path):
    code, out, err = said(capsys, "check", zoo(tmp_path / "zoo"))
    assert code == 0
    lines = out.splitlines()
    assert lines[0].startswith("image  picture, 24 x 24, color")
    assert lines[1].startswith("label  2 classes: cat, dog  (target)")
    assert lines[1].endswith("cat")
    assert lines[3].split() == ["train", "valid", "test"]
    assert lines[4].split() == ["cat", "7", "1", "8"]
    assert lines[6].split() == ["all", "14", "2", "16"]
    assert lines[-1] == "No problems found."
    assert "zoo: valid is 2 of its 16 training examples" in err


def test_a_leak_exits_with_one_and_names_the_files(capsys, tmp_path):
    code, out, _ = said(capsys, "check", zoo(tmp_path / "zoo", leaks=4))
    assert code == 1
    lines = out.splitlines()
    start = lines.index("ERROR  leaked in test: 8")
    assert lines[start + 1].startswith("  8 of 16 test examples are also in another part")
    assert "    train/cat/0.png  test/cat/0.png" in lines[start:]
    assert "    and 3 more" in lines[start:]
    assert lines[-1] == "1 error: results on this data would not be valid; fix the errors first."
    assert max(map(len, lines)) <= 100


def test_unreadable_files_are_listed_and_do_not_stop_it(capsys, tmp_path):
    root = zoo(tmp_path / "zoo")
    (root / "test" / "cat" / "empty.jpg").write_bytes(b"")
    code, out, _ = said(capsys, "check", root)
    assert code == 0
    assert "WARNING  unreadable: 1" in out
    assert "    test/cat/empty.jpg  expected a picture (JPEG," in out
    assert out.endswith("1 warning: nothing that invalidates a result.\n")


def test_json_is_one_line_and_equals_the_function(capsys, tmp_path):
    root = zoo(tmp_path / "zoo", leaks=2)
    code, out, err = said(capsys, "check", root, "--json")
    assert (code, err, out.count("\n")) == (1, "", 1)
    came = json.loads(out)
    assert came.pop("format") == 1
    expected = brique.check(root)
    assert came.pop("seconds").keys() == expected.pop("seconds").keys() == {"opening", "audit"}
    assert came == expected
    assert came["name"] == "zoo"
    (finding,) = came["findings"]
    assert finding["kind"] == "leaked"
    assert finding["severity"] == "error"
    assert finding["split"] == "test"
    assert finding["count"] == len(finding["items"]) == 4
    assert finding["reason"]
    assert finding["remedy"]
    assert came["splits"]["train"] == {"count": 14, "classes": {"cat": 7, "dog": 7}}
    assert [finding.to_json() for finding in audit.findings(data.open(root))] == came["findings"]


def test_size_is_that_of_the_pictures_used(capsys, tmp_path):
    root = zoo(tmp_path / "zoo")
    _, small, _ = said(capsys, "check", root, "--size", "16")
    _, large, _ = said(capsys, "check", root, "--size", "60")
    assert "NOTE  small" not in small
    assert "NOTE  small: 32" in large
    assert "Less than half of the 60 x 60 pixels to which they are upscaled: 32 of 32" in large


def test_data_that_do_not_exist_are_refused(capsys):
    code, out, err = said(capsys, "check", "dogits")
    assert (code, out) == (2, "")
    assert "did you mean 'digits'?" in err


def test_many_classes_are_cut_in_the_table(capsys, tmp_path):
    for c in range(23):
        for i in range(6):
            picture(tmp_path / "zoo" / f"c{c}" / f"{i}.png", c * 10 + i)
    _, out, _ = said(capsys, "check", tmp_path / "zoo")
    assert "and 3 more classes\n" in out
    assert "\nc19 " in out
    assert "\nc20 " not in out


@pytest.mark.parametrize(
    ("severities", "sentence"),
    [
        ([], "No problems found."),
        (["note"], "1 note: nothing that invalidates a result."),
        (["warning", "note", "note"], "1 warning, 2 notes: nothing that invalidates a result."),
        (
            ["error", "error", "note"],
            "2 errors, 1 note: results on this data would not be valid; fix the errors first.",
        ),
    ],
)
def test_the_verdict_counts(severities, sentence):
    found = [Finding("leaked", one, None, (), 1, "why", "how") for one in severities]
    assert verdict(found) == sentence


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            ["--size", "6x"],
            "--size: expected pixels such as 64, or width and height such as 240x180, got '6x'; write it so.",
        ),
        (["--header", "maybe"], "--header: expected yes or no, got 'maybe'; write one of them."),
        (
            ["--rename", "cat"],
            "--rename: expected two sides, such as OLD=NEW, got 'cat'; write it so.",
        ),
        (["--types", "=a"], "--types: expected two sides, such as OLD=NEW, got '=a'; write it so."),
        (["--horizon", "3"], "zoo: --horizon means nothing for pictures"),
        (["--kind", "picture"], "zoo: kind must be one of"),
    ],
)
def test_options_that_are_wrong_are_one_sentence(capsys, tmp_path, words, sentence):
    code, out, err = said(capsys, "check", zoo(tmp_path / "zoo"), *words)
    assert (code, out) == (2, "")
    assert sentence in err
    assert len(err.splitlines()) == 1


def test_a_class_with_signs_of_equality_is_renamed(capsys, tmp_path):
    picture(tmp_path / "zoo" / "<=50K." / "1.png", 1)
    for i in range(2, 8):
        picture(tmp_path / "zoo" / "<=50K" / f"{i}.png", i)
        picture(tmp_path / "zoo" / ">50K" / f"{i}.png", 100 + i)
    code, out, _ = said(
        capsys, "check", tmp_path / "zoo", "--rename", r"<\=50K.=<=50K", "--size", "20x10"
    )
    assert code == 0
    assert "2 classes: <=50K, >50K" in out
    assert "picture, 20 x 10" in out


def test_strict_makes_warnings_count(capsys, tmp_path):
    root = zoo(tmp_path / "zoo")
    (root / "train" / "cat" / "9.png").write_bytes(b"")
    assert said(capsys, "check", root)[0] == 0
    assert said(capsys, "check", root, "--strict")[0] == 1


def test_findings_are_written_as_a_table(capsys, tmp_path):
    root = zoo(tmp_path / "zoo", leaks=2)
    said(capsys, "check", root, "--csv", tmp_path / "found.csv")
    with (tmp_path / "found.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0][:3] == ["kind", "severity", "split"]
    leaks = [row for row in rows if row[0] == "leaked"]
    assert len(leaks) == 4
    assert all("train/" in row[3] and "test/" in row[3] for row in leaks)


def test_the_verdict_names_the_tests_that_were_not_run():
    note = Finding("not tested", "note", None, (("near copies", "tiny"),), 1, "why", "how")
    warning = Finding("duplicate", "warning", None, (), 1, "why", "how")
    assert verdict([note]) == (
        "Nothing found; the tests that were run found nothing that invalidates a result. Not tested: near"
        " copies (tiny)."
    )
    assert verdict([warning, note]).startswith("1 warning; the tests that were run found")
    digits = verdict(audit.findings(data.open("digits")))
    assert "Not tested: near-duplicates (images smaller than 16 pixels a side)." in digits
    assert ": nothing that invalidates" not in digits


def test_rows_without_a_target_are_counted(tmp_path):
    rows = [f"{i * 0.37 % 5:.3f},{'' if i % 10 else ('a' if i % 20 else 'b')}" for i in range(600)]
    (tmp_path / "t.csv").write_text("\n".join(["x,y", *rows]) + "\n")
    (finding,) = [
        f for f in audit.findings(data.open(tmp_path / "t.csv")) if f.kind == "target missing"
    ]
    assert (finding.severity, finding.count) == ("warning", 540)
    assert "Left out, since the target is missing: 540 of 600 examples." in finding.reason
