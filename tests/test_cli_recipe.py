import json
import os
import subprocess
import sys

import pytest

from brique.cli import main

HEAD = '''"""Adds numbers up.

Paper    Nobody 1999, "Nothing".
"""

from dataclasses import dataclass
from typing import Literal

from brique import cli

'''
BODY = '''

@dataclass(frozen=True, kw_only=True)
class Args:
    """Settings."""

    whole: int = 3
    """A whole number."""
    real: float = 0.5
    """A number."""
    widths: tuple[int, ...] = (1, 2)
    """Several."""
    kind: Literal["sum", "product"] = "sum"
    """How."""
    deep: bool = False
    """Whether."""
    limit: int | None = None
    """Or none."""


def main(args: Args) -> dict[str, float]:
    print("said by the recipe", args)
    return {"total": args.whole + args.real + sum(args.widths)}


if __name__ == "__main__":
    cli.main_with(Args, main)
'''


@pytest.fixture
def script(tmp_path):
    """Return a function that runs a recipe's file with flags: (exit code, stdout, stderr)."""

    def run(text, *words):
        (tmp_path / "sums.py").write_text(text)
        done = subprocess.run(
            [sys.executable, "sums.py", *words], capture_output=True, text=True,
            cwd=tmp_path, env={**os.environ, "OMP_NUM_THREADS": "1"},
        )  # fmt: skip
        return done.returncode, done.stdout, done.stderr

    return run


def test_every_field_is_a_flag(script):
    flags = "--whole 4 --real 1e-1 --widths 1 2 3 --kind product --deep --limit 9"
    code, out, err = script(HEAD + BODY, *flags.split())
    assert (code, err) == (0, "")
    said, number = out.splitlines()
    assert said == (
        "said by the recipe Args(whole=4, real=0.1, widths=(1, 2, 3), kind='product', deep=True,"
        " limit=9)"
    )
    assert number == "total  10.1"


def test_quick_puts_its_settings_over_the_defaults_and_under_the_flags(script):
    text = HEAD + 'QUICK = {"whole": 100, "real": 7.0}\n' + BODY
    assert script(text, "--quick")[1].splitlines()[-1] == "total  110"
    assert script(text, "--quick", "--real", "0.5")[1].splitlines()[-1] == "total  103.5"
    assert script(text)[1].splitlines()[-1] == "total  6.5"


def test_json_is_the_only_line_on_stdout(script):
    code, out, err = script(HEAD + BODY, "--json")
    assert code == 0
    assert json.loads(out) == {"format": 1, "run": None, "numbers": {"total": 6.5}}
    assert out.count("\n") == 1
    assert err.startswith("said by the recipe")


def test_help_shows_docstring_lines_and_defaults(script):
    code, out, err = script(HEAD + BODY, "--help")
    assert (code, err) == (0, "")
    text = " ".join(out.split())
    assert "Usage: python sums.py" in text
    assert "Adds numbers up." in text
    assert "--whole INT A whole number. [default: 3]" in text
    for flag in ("--out", "--quick", "--json", "--device", "--exact"):
        assert flag in text


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        ("--whole 1.5", "--whole must be a whole number, not '1.5'"),
        ("--limit x", "--limit must be a whole number, not 'x'"),
        ("--real nan", "--real must be a number, not 'nan'"),
        ("--real inf", "--real must be a number, not 'inf'"),
        ("--widths 1 2.5", "--widths must be a whole number, not '1 2.5'"),
        ("--kind mean", "--kind must be one of sum, product, not 'mean'"),
        ("--hole 3", "no flag '--hole'; did you mean '--whole'?"),
        ("--no-json", "no flag '--no-json'"),
        ("7", "'7' is unexpected"),
    ],
)
def test_a_flag_that_does_not_fit_is_named(script, flags, sentence):
    code, out, err = script(HEAD + BODY, *flags.split())
    assert (code, out) == (2, "")
    assert err.startswith(f"brique: python sums.py: {sentence}")
    assert err.count("\n") == 1
    assert "'python sums.py --help'" in err


@pytest.mark.parametrize("name", ["out", "quick", "json", "device", "exact", "help"])
def test_no_field_may_take_a_flag_that_every_recipe_has(script, name):
    code, out, err = script(HEAD + BODY.replace("whole", name))
    assert (code, out) == (2, "")
    assert err == (
        f"brique: sums: the field '{name}' of Args would be the flag --{name}, which every recipe"
        " has (--out, --quick, --json, --device, --exact, --help); rename the field.\n"
    )


def test_a_quick_form_of_unknown_settings_is_refused(script):
    code, _, err = script(HEAD + 'QUICK = {"hole": 1}\n' + BODY)
    assert code == 2
    assert err == (
        "brique: sums: QUICK sets 'hole', which Args does not have; did you mean 'whole'?\n"
    )


def test_an_args_that_is_no_dataclass_is_refused(script):
    text = (HEAD + BODY).replace("@dataclass(frozen=True, kw_only=True)\n", "")
    code, _, err = script(text)
    assert code == 2
    assert err == (
        "brique: sums: Args must be a dataclass; put @dataclass(frozen=True) above it.\n"
    )


def test_an_installed_recipe_runs_by_name(capsys, tmp_path):
    flags = ["--turns", "20", "--batch-size", "16", "--out", "mine", "--json"]
    assert main(["run", "lenet5", *flags]) == 0
    whole = json.loads(capsys.readouterr().out)
    assert whole["run"] == "mine"
    assert set(whole["numbers"]) == {"classifier", "valid_accuracy", "test_accuracy"}
    record = json.loads((tmp_path / "mine" / "run.json").read_text())
    assert record["recipe"] == "lenet5"
    assert record["settings"]["turns"] == 20
    assert record["command"] == "brique run lenet5 " + " ".join(flags)


def test_the_last_line_of_a_run_is_its_folder(capsys):
    assert main(["run", "lenet5", "--turns", "5", "--out", "mine"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "mine"
    assert [line.split()[0] for line in lines[:-1]] == [
        "classifier",
        "valid_accuracy",
        "test_accuracy",
    ]
