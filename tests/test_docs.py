"""The examples in docstrings and in the pages of the documentation run, and show what they say."""

import ast
import doctest
import importlib
import re
from pathlib import Path

import pytest
import torch

HOUSE = Path(__file__).resolve().parents[1]
SOURCE = HOUSE / "src"
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
MODULES = [
    ".".join(path.relative_to(SOURCE).with_suffix("").parts)
    for path in sorted(SOURCE.rglob("*.py"))
    if ">>> " in path.read_text()
]
PAGES = sorted([*HOUSE.glob("docs/*.md"), HOUSE / "README.md", HOUSE / "CONTRIBUTING.md"])


def fenced(page: Path, language: str) -> list[tuple[int, str]]:
    """Return (line, text) of each fenced block of a language."""
    text = page.read_text()
    blocks = re.finditer(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [(text.count("\n", 0, block.start(1)), block[1]) for block in blocks]


def room_of(name: str) -> dict[str, object]:
    """Return the public names of a module's package: examples may use them."""
    room = importlib.import_module(".".join(name.split(".")[:2]))
    return {key: value for key, value in vars(room).items() if not key.startswith("_")}


def failures(runner: doctest.DocTestRunner, test: doctest.DocTest) -> str:
    said: list[str] = []
    runner.run(test, out=said.append, clear_globs=False)
    return "".join(said)


@pytest.mark.parametrize("name", MODULES)
def test_examples_of_docstrings(name):
    module = importlib.import_module(name)
    finder = doctest.DocTestFinder(exclude_empty=True)
    runner = doctest.DocTestRunner(optionflags=FLAGS)
    names = {"torch": torch, **room_of(name), **vars(module)}  # its own names come first
    tests = finder.find(module, name, globs=names)
    assert "".join(failures(runner, test) for test in tests) == ""
    assert runner.summarize(verbose=False).attempted > 0


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_examples_of_pages(page, tmp_path):
    """Blocks ```pycon of one page are one session, from top to bottom, in an empty folder."""
    parser, runner = doctest.DocTestParser(), doctest.DocTestRunner(optionflags=FLAGS)
    names: dict[str, object] = {"__name__": "__main__"}
    found = ""
    for line, text in fenced(page, "pycon"):
        test = parser.get_doctest(text, names, page.name, str(page), line)
        test.globs = names  # shared by the blocks that follow
        found += failures(runner, test)
    assert found == ""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_code_of_pages_is_python(page):
    for line, text in fenced(page, "python"):
        try:
            ast.parse(text)
        except SyntaxError as error:
            pytest.fail(f"{page.name}, line {line + (error.lineno or 0)}: {error.msg}")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_commands_of_pages_exist(page):
    from brique.cli import command

    for _, text in fenced(page, "console"):
        for verb in re.findall(r"^\$ brique (\S+)", text, re.MULTILINE):
            assert verb in {*command.VERBS, "--help", "--version"}, f"{page.name}: {verb}"
        makes = re.findall(r"^\$ make (\w+)", text, re.MULTILINE)
        rules = re.findall(r"^(\w+):", (HOUSE / "Makefile").read_text(), re.MULTILINE)
        assert set(makes) <= set(rules)


def test_every_verb_is_described():
    from brique.cli import command

    text = (HOUSE / "docs" / "cli.md").read_text()
    assert [verb for verb in command.VERBS if f"\n## {verb}\n" not in text] == []


def test_links_between_pages_lead_somewhere():
    for page in PAGES:
        prose = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", prose):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
