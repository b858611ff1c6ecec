import json
import os
import subprocess
import sys
from importlib.metadata import version

import pytest

import brique
from brique import catalog
from brique.cli import main
from brique.cli.command import VERBS
from brique.cli.output import print_json, print_numbers, print_table


def said(capsys, *words):
    """Run the command line and return its exit code, stdout and stderr."""
    code = main(list(words))
    out, err = capsys.readouterr()
    return code, out, err


def refused(capsys, *words):
    """Run a command line that must be refused in one sentence, and return the sentence."""
    code, out, err = said(capsys, *words)
    assert code == 2
    assert out == ""
    assert err.startswith("brique: ")
    assert err.count("\n") == 1
    return err.removeprefix("brique: ").rstrip()


def test_help_lists_every_verb_and_only_these(capsys):
    code, out, err = said(capsys, "--help")
    assert (code, err) == (0, "")
    listed = [line.split()[0] for line in out.splitlines() if line.startswith("  ")]
    assert listed == list(VERBS)
    assert said(capsys)[1] == out
    assert said(capsys, "-h")[1] == out


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help_of_its_own(capsys, verb):
    code, out, err = said(capsys, verb, "--help")
    assert (code, err) == (0, "")
    assert out.startswith(f"Usage: brique {verb}")


def test_version(capsys):
    assert said(capsys, "--version")[1] == f"{brique.__version__}\n"
    assert version("brique") == brique.__version__


@pytest.mark.parametrize("words", ["--help", "--version", "list", "show lenet5", "train --help"])
def test_nothing_heavy_is_imported(words):
    code = (
        "import sys; from brique.__main__ import main; sys.argv[0] = 'brique'; main();"
        "heavy = {'torch', 'numpy', 'torchvision', 'sklearn', 'PIL'} & set(sys.modules);"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code, *words.split()], check=True, capture_output=True)


def test_version_comes_without_the_parser():
    code = (
        "import sys; from brique.__main__ import main; sys.argv = ['brique', '--version']; main();"
        "assert not {'cyclopts', 'rich', 'brique.cli'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_importing_brique_is_cheap_and_its_names_come_when_asked_for():
    code = (
        "import sys, brique; assert not {'torch', 'numpy'} & set(sys.modules);"
        "brique.data; brique.train; brique.load; brique.predict; brique.evaluate; brique.resume;"
        "assert set(dir(brique)) >= {'data', 'game', 'train', 'load', '__version__'}"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    with pytest.raises(AttributeError, match="module 'brique' has no attribute 'trainn'"):
        brique.trainn


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("trainn digits", "no command 'trainn'; did you mean 'train'? 'brique --help' shows all."),
        ("xyz", "no command 'xyz'; 'brique --help' shows all."),
        ("--jsn", "no flag '--jsn'; 'brique --help' shows all."),
        (
            "train digits --sed 3",
            "train: no flag '--sed'; did you mean '--seed'? 'brique train --help' shows all.",
        ),
        ("train digits -x", "train: no flag '-x'; 'brique train --help' shows all."),
        ("train", "train: DATA is missing; 'brique train --help' shows the arguments."),
        (
            "train digits --seed",
            "train: --seed needs a value; 'brique train --help' shows the arguments.",
        ),
        (
            "train digits --seed 1.5",
            "train: --seed must be a whole number, not '1.5'; 'brique train --help' shows all.",
        ),
        (
            "train digits --seed 99999999999999999999",
            "train: --seed must be a whole number of at most 18 digits, not"
            " '99999999999999999999'; 'brique train --help' shows all.",
        ),
        (
            "train digits --json=maybe",
            "train: --json must be yes or no, not 'maybe'; 'brique train --help' shows all.",
        ),
        ("train digits --seed 1 --seed 2", "train: --seed is repeated; pass it once."),
        (
            "train digits mnist",
            "train: 'mnist' is unexpected; 'brique train --help' shows the arguments.",
        ),
        ("predict", "predict: RUN is missing; 'brique predict --help' shows the arguments."),
        ("predict x", "predict: FILE is missing; name files, folders, or a table."),
        ("run", "run: RECIPE is missing; 'brique run --help' shows the arguments."),
        ("run lenet", "no recipe 'lenet'; did you mean 'lenet5'? 'brique list' shows all."),
        (
            "run --quick lenet5",
            "run: expected the name of a recipe, not '--quick'; put flags after it, as in"
            " 'brique run lenet5 --quick'.",
        ),
        ("show lenet", "no recipe 'lenet'; did you mean 'lenet5'? 'brique list' shows all."),
        (
            "runs nowhere",
            "runs: no folder 'nowhere'; train something first ('brique train digits'), or name the"
            " folder of your runs.",
        ),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_in_one_sentence(capsys, words, sentence):
    assert refused(capsys, *words.split()) == sentence


def test_list_says_family_name_year_and_what_it_does(capsys):
    code, out, _ = said(capsys, "list")
    assert code == 0
    assert "convolutional lenet5 1998 LeNet-5 classifies handwritten digits" in " ".join(
        out.split()
    )
    code, out, _ = said(capsys, "list", "--json")
    assert out.count("\n") == 1
    whole = json.loads(out)
    assert whole["format"] == 1
    assert [set(r) for r in whole["recipes"]] == [{"name", "family", "year", "summary"}] * len(
        catalog.entries()
    )


def test_show_says_settings_figures_and_file(capsys):
    _, out, _ = said(capsys, "show", "lenet5")
    assert "Paper    LeCun et al. 1998" in out
    assert "--batch-size  128" in out
    assert "Expected results on mnist: test_accuracy 0.987 to 1.0" in out
    assert f"File: {catalog.find('lenet5').path}" in out
    shown = json.loads(said(capsys, "show", "lenet5", "--json")[1])
    assert shown["settings"][0] == {
        "name": "data", "default": "'digits'", "help": "Built-in name or path."
    }  # fmt: skip


def test_copy_writes_the_recipe_and_never_overwrites(capsys, tmp_path):
    code, out, err = said(capsys, "copy", "lenet5", "mine.py")
    assert (code, out) == (0, "mine.py\n")
    assert err == "brique: run it with: python mine.py\n"
    source = catalog.find("lenet5").path.read_text()
    assert (tmp_path / "mine.py").read_text() == source
    (tmp_path / "mine.py").write_text("my own work")
    assert refused(capsys, "copy", "lenet5", "mine.py") == (
        "copy: mine.py exists already, and is left as it is; choose another name."
    )
    assert (tmp_path / "mine.py").read_text() == "my own work"
    assert said(capsys, "copy", "gan", ".")[1] == "gan.py\n"
    assert refused(capsys, "copy", "gann", "x.py").startswith(
        "no recipe 'gann'; did you mean 'gan'?"
    )
    assert refused(capsys, "copy", "runs/x", "x.py") == (
        "runs/x: no such run folder; 'brique runs' lists all runs."
    )


def test_about_says_versions_and_device(capsys):
    facts = json.loads(said(capsys, "about", "--json")[1])
    assert facts["brique"] == brique.__version__
    assert set(facts) >= {"format", "Python", "torch", "device", "threads"}
    assert said(capsys, "about")[1].startswith("brique     ")


def test_an_empty_folder_of_runs_is_no_error(capsys, tmp_path):
    code, out, err = said(capsys, "runs", str(tmp_path))
    assert (code, out) == (0, "")
    assert err.startswith("brique: no runs in")


def test_a_reader_who_leaves_is_no_error():
    command = f"{sys.executable} -m brique list | head -0; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
    assert done.stderr == ""
    assert done.returncode in (0, 141)  # 0 if all was written before it left


def test_ctrl_c_outside_of_a_game_says_one_word(monkeypatch, capsys):
    def interrupt():
        raise KeyboardInterrupt

    monkeypatch.setattr(catalog, "entries", interrupt)
    assert said(capsys, "list") == (130, "", "brique: interrupted.\n")


def test_a_fault_of_ours_shows_its_traceback(monkeypatch):
    def fail():
        raise ZeroDivisionError("ours")

    monkeypatch.setattr(catalog, "entries", fail)
    with pytest.raises(ZeroDivisionError, match="ours"):
        main(["list"])


def test_json_is_one_line_without_numbers_that_json_lacks(capsys):
    print_json({"a": float("nan"), "b": [1.5, float("inf")], "c": {"d": "ä\n"}})
    out = capsys.readouterr().out
    assert out == '{"format": 1, "a": null, "b": [1.5, null], "c": {"d": "ä\\n"}}\n'


def test_long_lists_in_json_end_and_say_how_many_more(capsys):
    print_json({"answers": list(range(1003))})
    whole = json.loads(capsys.readouterr().out)
    assert len(whole["answers"]) == 1000
    assert whole["more"] == 3


def test_tables_are_as_wide_as_they_need(capsys):
    print_table([("a", "bb", "c"), ("aaa", "b", "")])
    assert capsys.readouterr().out == "a    bb  c\naaa  b\n"
    print_table([])
    print_numbers({})
    assert capsys.readouterr().out == ""
    print_numbers({"a": 1 / 3, "bbb": 2e-9})
    assert capsys.readouterr().out == "a    0.333333\nbbb  2e-09\n"


def test_no_output_is_lost_when_stdout_is_a_file(tmp_path):
    with open(tmp_path / "out", "w") as file:
        subprocess.run([sys.executable, "-m", "brique", "list"], check=True, stdout=file)
    assert len((tmp_path / "out").read_text().splitlines()) == len(catalog.entries())
    assert os.path.getsize(tmp_path / "out") > 0
