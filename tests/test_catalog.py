import ast
import subprocess
import sys

import pytest

from brique import catalog, files
from brique.errors import UsageError

SOURCE = '''"""Says one thing.

Paper    Somebody et al. 1998, "A title of 2001", section 3.
"""

EXPECT = {"digits": {"test_accuracy": (0.9, 1.0)}}


class Args:
    """Settings."""

    data: str = "digits"
    """Where from."""
    widths: tuple[int, ...] = (
        1,
        2,
    )
    """How wide."""
    lr: float = 2e-4  # a comment
    seed: int = 0
    """Seed."""
    needed: int
'''


def test_every_recipe_is_listed_with_family_year_and_first_line():
    found = {entry.name: entry for entry in catalog.entries()}
    assert found["lenet5"].family == "convolutional"
    assert found["lenet5"].year == 1998
    assert (
        found["gan"].summary
        == "A generator learns to draw digits by fooling a discriminator (GAN)."
    )
    for entry in found.values():
        assert entry.path.is_file()
        assert entry.summary.endswith(".")
        assert entry.year is not None


def test_listing_imports_no_recipe_and_nothing_heavy():
    code = (
        "import sys; from brique import catalog; catalog.entries(); catalog.find('lenet5');"
        "heavy = {'torch', 'numpy', 'torchvision', 'sklearn', 'PIL'} & set(sys.modules);"
        "assert not heavy, heavy;"
        "assert not [name for name in sys.modules if name.startswith('brique.recipes')]"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_an_unknown_recipe_is_answered_with_the_nearest():
    with pytest.raises(UsageError) as caught:
        catalog.find("lenet")
    assert str(caught.value) == (
        "no recipe 'lenet'; did you mean 'lenet5'? 'brique list' shows all."
    )
    with pytest.raises(UsageError, match=r"^no recipe 'zzz'; 'brique list' shows all.$"):
        catalog.load("zzz")


@pytest.mark.parametrize("name", ["../files", "os", "os.system", "convolutional.lenet5", "", "."])
def test_no_name_but_that_of_a_recipe_is_imported(name):
    with pytest.raises(UsageError, match="no recipe"):
        catalog.load(name)


def test_a_recipe_is_imported_by_its_name():
    assert catalog.load("lenet5").__name__ == "brique.recipes.convolutional.lenet5"


def test_training_files_are_found_by_task():
    assert list(catalog.training_files()) == [
        "classify", "classify_fields", "detect", "forecast", "generate", "label", "reconstruct",
        "regress", "segment", "tag", "translate",
    ]  # fmt: skip
    assert catalog.training_file("classify").parent.name == "classify"
    assert catalog.load_training_file("classify").__name__ == "brique.tasks.classify.train"
    with pytest.raises(UsageError, match="no training file 'x'; there are: classify, classify_f"):
        catalog.training_file("x")


def test_code_is_found_by_its_content(tmp_path):
    lenet5 = catalog.find("lenet5").path
    assert catalog.load_by_source(files.sha256(lenet5)) is catalog.load("lenet5")
    training = catalog.training_file("classify")
    assert catalog.load_by_source(files.sha256(training)) is catalog.load_training_file("classify")
    assert catalog.load_by_source("0" * 64) is None


def test_a_file_is_identified_by_its_place(tmp_path):
    assert catalog.identify(catalog.find("gan").path) == ("gan", None)
    assert catalog.identify(catalog.training_file("classify")) == (None, "classify")
    copy = tmp_path / "gan.py"
    copy.write_bytes(catalog.find("gan").path.read_bytes())
    assert catalog.identify(copy) == (None, None)


def test_executing_a_file_is_said(tmp_path, capsys):
    file = tmp_path / "source.py"
    file.write_text("value = 3\n")
    assert catalog.execute(file).value == 3
    assert capsys.readouterr().err == f"brique: executing {file}, as --trust allows.\n"


def test_settings_are_read_with_their_help():
    found = catalog.settings(SOURCE)
    assert [(s.name, s.annotation, s.default, s.description) for s in found] == [
        ("data", "str", "'digits'", "Where from."),
        ("widths", "tuple[int, ...]", "(1, 2)", "How wide."),
        ("lr", "float", "0.0002", ""),
        ("seed", "int", "0", "Seed."),
        ("needed", "int", None, ""),
    ]
    assert catalog.settings("x = 1") == []


def test_constants_and_docstring_are_read():
    assert catalog.constant(SOURCE, "EXPECT") == {"digits": {"test_accuracy": (0.9, 1.0)}}
    assert catalog.constant(SOURCE, "QUICK") is None
    assert catalog.docstring(SOURCE).startswith("Says one thing.")


def test_settings_of_a_run_become_defaults_and_nothing_else_changes():
    values = {"data": 'a "b"', "widths": (3,), "lr": 0.0002, "seed": 7, "needed": 1}
    changed = catalog.with_settings(SOURCE, values)
    ast.parse(changed)
    defaults = {s.name: s.default for s in catalog.settings(changed)}
    assert defaults == {
        "data": "'a \"b\"'", "widths": "(3,)", "lr": "0.0002", "seed": "7", "needed": "1"
    }  # fmt: skip
    assert "lr: float = 2e-4  # a comment" in changed  # the same number, spelled as it was
    assert '"""How wide."""' in changed
    assert catalog.with_settings(SOURCE, {"seed": 0}) == SOURCE
