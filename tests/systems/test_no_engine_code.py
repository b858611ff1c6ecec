"""A system is a recipe: no recipe repeats the work of the engine."""

from pathlib import Path

import pytest

FILES = [
    file
    for file in sorted(Path(__file__).parent.glob("test_*.py"))
    if file.name != "test_no_engine_code.py"
]
ENGINE = ("detach", "zero_grad", "backward", "requires_grad", "no_grad", ".step(")


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_no_recipe_does_the_work_of_the_engine(file):
    assert [word for word in ENGINE if word in file.read_text()] == []
