"""Every command and flag that a message names is one that there is."""

import ast
import re
from pathlib import Path

import pytest

from brique.cli import main
from brique.cli.command import VERBS

SOURCE = Path(__file__).resolve().parents[1] / "src" / "brique"
COMMAND = re.compile(r"\bbrique (\w+)((?: (?:\.\.\.|--[a-z-]+|[\w./{}=-]+))*)")
FLAG = re.compile(r"(?<![\w-])--[a-z][a-z-]+")
OTHERS = {"--help", "--version", "--memory"}  # the last raises the limits of models


def messages(path):
    """Return the strings of a module but for docstrings; what is filled in stands as X."""
    tree = ast.parse(path.read_text())
    kept = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    parts = {
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr)
        for part in node.values
    }
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            found.append("".join(part.value if isinstance(part, ast.Constant) else "X"
                                 for part in node.values))  # fmt: skip
        elif (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and not {id(node)} & (kept | parts)
        ):
            found.append(node.value)
    return found


@pytest.fixture(scope="module")
def flags():
    import contextlib
    import io

    found = {}
    for verb in VERBS:
        with contextlib.redirect_stdout(io.StringIO()) as out:
            assert main([verb, "--help"]) == 0
        found[verb] = set(FLAG.findall(out.getvalue()))
    with contextlib.redirect_stdout(io.StringIO()) as out:
        assert main(["run", "lenet5", "--help"]) == 0
    found["run"] |= set(FLAG.findall(out.getvalue()))
    return found


ROOMS = [
    path
    for path in sorted(SOURCE.rglob("*.py"))
    if not {"recipes", "page"} & set(path.parts)  # pages have variables of CSS
]
SAID = [(path.relative_to(SOURCE).as_posix(), text) for path in ROOMS for text in messages(path)]


def test_every_command_in_a_message_has_its_verb_and_flags(flags):
    named = [
        (where, verb, FLAG.findall(rest))
        for where, text in SAID
        for verb, rest in COMMAND.findall(text)
        if re.search(rf"[':] ?brique {verb}\b", text) or text.startswith("brique ")
    ]
    assert len(named) > 12
    wrong = [one for one in named if one[1] not in VERBS and one[1] not in ("VERB", "X")]
    wrong += [
        one for one in named if not set(one[2]) <= flags.get(one[1], set(one[2])) | {"--help"}
    ]
    assert wrong == []


def test_every_flag_in_a_message_is_one_that_a_verb_takes(flags):
    known = set.union(*flags.values()) | OTHERS
    named = [(where, flag) for where, text in SAID for flag in FLAG.findall(text)]
    assert len(named) > 100
    assert sorted({one for one in named if one[1] not in known}) == []
