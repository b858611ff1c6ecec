"""What is told reaches terminals and tables as text alone, and an output that fails fails nothing."""

import csv
import io
import subprocess
import sys

import pytest

from brique.cli import main
from brique.cli.output import print_json, print_table
from brique.console import GuardedStream, csv_cell, echo, escape, notify
from brique.run import read_run

EVIL = "a\x1b[2J\x07\x9b31m\r\nb\u202ec\ud83d"
TOLD = r"a\x1b[2J\x07\x9b31m\r\nb\u202ec\ud83d"


def test_no_terminal_obeys_a_name():
    assert escape(EVIL) == TOLD
    assert escape("Zoë 日本 \U0001f642 \u05d0 x\u200dy") == "Zoë 日本 \U0001f642 \u05d0 x\u200dy"


def test_every_way_to_the_terminal_tells_names_so(capsys):
    echo(EVIL)
    notify(EVIL)
    print_table([(EVIL, "x"), ("y", "z")])
    out, err = capsys.readouterr()
    assert out == f"{TOLD}\n{TOLD}  x\ny{' ' * len(TOLD)} z\n"
    assert err == "brique: " + TOLD.replace(r"\n", " ") + "\n"


def test_errors_tell_names_so(capsys):
    assert main(["runs", "x\x1b[2J\ny"]) == 2
    assert r"no folder 'x\x1b[2J y'" in capsys.readouterr().err


def test_json_carries_a_name_as_it_is(capsys):
    import json

    print_json({"name": EVIL})
    out = capsys.readouterr().out
    assert escape(out[:-1]) == out[:-1]
    assert json.loads(out)["name"] == EVIL


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("=1+1", "'=1+1"), ("+cmd", "'+cmd"), ("-cmd|' /C calc'!A0", "'-cmd|' /C calc'!A0"),
        ("@SUM(1)", "'@SUM(1)"), ("\tx", "'\tx"), ("\r=1", "'\r=1"), ("\n=1", "'\n=1"),
        ("-1_0", "'-1_0"), ("-inf", "'-inf"), ("-", "'-"), ("--", "'--"), ("+1-1", "'+1-1"),
        ("-1.5", "-1.5"), ("+3", "+3"), ("-2e-05", "-2e-05"), (-1.5, -1.5), (-7, -7),
        (float("-inf"), float("-inf")), ("a=b", "a=b"), ("", ""), (None, None), ("a\nb", "a\nb"),
        (EVIL, r"a\x1b[2J\x07\x9b31m" + "\r\n" + r"b\u202ec\ud83d"),
    ],
)  # fmt: skip
def test_no_text_in_csv_is_a_formula(value, written):
    assert csv_cell(value) == written
    io.StringIO().write(f"{csv_cell(value)}")


def test_an_output_that_fails_takes_no_more_and_does_not_complain():
    class Full(io.StringIO):
        tries = 0

        def write(self, text):
            self.tries += 1
            raise OSError(28, "No space left on device")

    stream = Full()
    out = GuardedStream(stream)
    assert [out.write("ab"), out.write("c")] == [2, 1]
    assert (stream.tries, out.error.errno) == (1, 28)
    closed = io.StringIO()
    closed.close()
    for stream in (closed, None):
        out = GuardedStream(stream)
        out.write("x")
        out.flush()
        assert out.error is not None
        assert not out.isatty()


def test_an_output_that_lacks_a_letter_gets_it_spelled():
    raw = io.BytesIO()
    out = GuardedStream(io.TextIOWrapper(raw, encoding="ascii"))
    out.write("Zoë")
    out.flush()
    assert raw.getvalue() == rb"Zo\xeb"


TRAINING = ["run", "lenet5", "--turns", "3", "--out"]


@pytest.mark.parametrize("full", ["stdout", "stderr"])
def test_a_training_goes_on_when_it_cannot_be_told(full, capsys, monkeypatch):
    with open("/dev/full", "w") as file, monkeypatch.context() as patch:
        patch.setattr(sys, full, file)
        assert main([*TRAINING, "r"]) == 1
    out, err = capsys.readouterr()
    assert read_run("r").state == "finished"
    if full == "stderr":
        assert out.splitlines()[-1] == "r"
    else:
        assert err.splitlines()[-1] == (
            "brique: stdout could not be written (No space left on device); all else is done."
        )


BRIQUE = f"{sys.executable} -m brique"
TRAIN = f"{BRIQUE} {' '.join(TRAINING)}"


@pytest.mark.parametrize(
    ("command", "code", "said"),
    [
        (f"{TRAIN} r 2>&1 | head -c1 >/dev/null; exit ${{PIPESTATUS[0]}}", 1, ""),
        (f"{TRAIN} r 2>/dev/full >&-", 1, ""),
        (f"{TRAIN} r >&- 2>&-", 1, ""),
        (f"{BRIQUE} list >/dev/full", 1, "No space left on device"),
        (f"{BRIQUE} --version >/dev/full", 1, "No space left on device"),
        (f"{BRIQUE} runs nowhere 2>/dev/full", 2, ""),
    ],
)
def test_what_cannot_be_told_is_in_the_exit_code(command, code, said, tmp_path):
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    assert said in done.stderr
    assert done.returncode == code
    if " run " in command:
        assert read_run(tmp_path / "r").state == "finished"


def test_answers_and_findings_are_written_by_one_rule(tmp_path):
    lines = ["x,y"] + [f"{n % 2},{'=no' if n % 2 else '@yes'}" for n in range(60)]
    (tmp_path / "t.csv").write_text("\n".join(lines) + "\n")
    assert main(["train", "t.csv", "--target", "y", "--quick", "--out", "r"]) == 0
    assert main(["predict", "r", "t.csv", "--csv", "a.csv"]) == 0
    with open("a.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["answer"] for row in rows} == {"'=no", "'@yes"}
    assert {row["error"] for row in rows} == {""}
