"""The closed table of what brique can run: its recipes and its own training files.

Listing reads the files by `ast` and imports none of them. This is the only module of the project
that imports code by a name from outside (`load`, `load_train`, `tasks`: of installed files), or
executes a file that is not installed (`execute`: after --trust).
"""

import ast
import importlib
import importlib.util
import json
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from brique import files, reader
from brique.errors import RunError, UsageError, nearest
from brique.options import Options
from brique.voice import tell

_HOUSE = Path(__file__).parent


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A recipe: its name, its family, its file, what it says it does and the year of its paper."""

    name: str
    family: str
    path: Path
    says: str
    year: int | None


@dataclass(frozen=True, kw_only=True)
class Setting:
    """A field of a recipe's Args, as its file spells it."""

    name: str
    kind: str
    default: str | None
    says: str


def entries() -> list[Entry]:
    """Return every installed recipe, by family and name."""
    return list(_entries())


def find(name: str) -> Entry:
    """Return the recipe of that name. Raises UsageError with the nearest name."""
    known = {entry.name: entry for entry in _entries()}
    if name not in known:
        hint = nearest(name, known) or ";"
        raise UsageError(f"no recipe '{name}'{hint} 'brique list' shows all.")
    return known[name]


def load(name: str) -> ModuleType:
    """Import the recipe of that name. Raises UsageError with the nearest name."""
    entry = find(name)
    return importlib.import_module(f"brique.recipes.{entry.family}.{entry.name}")


def training_files() -> dict[str, Path]:
    """Return the files that `brique train` runs, by name: tasks/NAME/train.py, or train_*.py."""
    paths = sorted(_HOUSE.glob("tasks/*/train*.py"))
    return {f"{path.parent.name}{path.stem.removeprefix('train')}": path for path in paths}


def train_file(name: str) -> Path:
    """Return a training file by name. Raises UsageError."""
    known = training_files()
    if name not in known:
        raise UsageError(f"no training file '{name}'; there are: {', '.join(known)}.")
    return known[name]


def load_train(name: str) -> ModuleType:
    """Import a training file by name. Raises UsageError."""
    path = train_file(name)
    return importlib.import_module(f"brique.tasks.{path.parent.name}.{path.stem}")


def tasks() -> Mapping[str, Any]:
    """Return the table of tasks, `brique.tasks.table.TASKS`: it stands above this module."""
    return importlib.import_module("brique.tasks.table").TASKS


def identify(file: Path) -> tuple[str | None, str | None]:
    """Return (recipe, training file): which of those installed a path is, None for others."""
    path = file.resolve()
    recipe = next((e.name for e in _entries() if e.path.resolve() == path), None)
    task = next((t for t, p in training_files().items() if p.resolve() == path), None)
    return recipe, task


def load_by_source(sha256: str) -> ModuleType | None:
    """Import the installed recipe or training file whose SHA-256 is `sha256`; None if none is."""
    for entry in _entries():
        if files.sha256(entry.path) == sha256:
            return load(entry.name)
    for name, path in training_files().items():
        if files.sha256(path) == sha256:
            return load_train(name)
    return None


def execute(source: Path) -> ModuleType:
    """Execute a file of Python, say so, and return it as a module: for files that are trusted.

    Raises RunError where it is no file.
    """
    if (said := reader.fault(source)) is not None:
        raise RunError(f"{source}: {said}; put the file back.")
    tell(f"executing {source}, which you said to trust.")
    name = f"brique_trusted_{source.resolve().parent.name}_{source.stem}"
    spec = importlib.util.spec_from_file_location(name, source)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up by name
    spec.loader.exec_module(module)
    return module


def docstring(source: str) -> str:
    """Return the docstring of a recipe's source."""
    return ast.get_docstring(ast.parse(source)) or ""


def constant(source: str, name: str) -> Any:  # noqa: ANN401 - any literal
    """Return the literal that a recipe's source gives to a name, such as EXPECT; None if none."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign) and any(_is_name(goal, name) for goal in node.targets):
            return ast.literal_eval(node.value)
        if isinstance(node, ast.AnnAssign) and node.value and _is_name(node.target, name):
            return ast.literal_eval(node.value)
    return None


def settings(source: str, name: str = "Args") -> list[Setting]:
    """Return the fields of the class Args in a recipe's source, with the docstring line of each.

    name: of another class.
    """
    found = next((n for n in ast.parse(source).body if _is_class(n, name)), None)
    body = found.body if isinstance(found, ast.ClassDef) else []
    return [
        Setting(
            name=node.target.id,
            kind=ast.unparse(node.annotation),
            default=ast.unparse(node.value) if node.value else None,
            says=_text(after),
        )
        for node, after in zip(body, [*body[1:], None], strict=False)
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    ]


def with_settings(source: str, values: Mapping[str, object]) -> str:
    """Return a recipe's source with other defaults in its Args: what a run was given stands in it.

    values: by field; a value that the default already equals changes nothing.
    """
    found = next((n for n in ast.parse(source).body if _is_class(n, "Args")), None)
    lines = source.splitlines(keepends=True)
    for node in reversed(found.body if isinstance(found, ast.ClassDef) else []):
        if not (isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)):
            continue
        if node.target.id not in values or _spells(node.value, values[node.target.id]):
            continue
        kind = ast.get_source_segment(source, node.annotation)
        spelled = f"{node.target.id}: {kind} = {_spelled(values[node.target.id])}\n"
        first, last = node.lineno - 1, node.end_lineno or node.lineno
        lines[first:last] = [" " * node.col_offset + spelled]
    return "".join(lines)


@cache
def _entries() -> tuple[Entry, ...]:
    paths = sorted((_HOUSE / "recipes").glob("[!_]*/[!_]*.py"))
    return tuple(_entry(path) for path in paths)


def _entry(path: Path) -> Entry:
    says = docstring(path.read_text(encoding="utf-8"))
    paper = re.search(r"^Paper\b.*?\b((?:1[6-9]|20)\d\d)\b", says, re.MULTILINE)
    return Entry(
        name=path.stem,
        family=path.parent.name,
        path=path,
        says=says.partition("\n")[0],
        year=int(paper[1]) if paper else None,
    )


def _is_class(node: ast.stmt, name: str) -> bool:
    return isinstance(node, ast.ClassDef) and node.name == name


def _is_name(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _text(node: ast.stmt | None) -> str:
    """Return the text of a bare string, or nothing if the statement is something else."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return str(node.value.value).strip() if isinstance(node.value.value, str) else ""
    return ""


def _spelled(value: object) -> str:
    """Return the literal of a value, texts in double quotes."""
    if isinstance(value, tuple):
        inside = ", ".join(map(_spelled, cast("tuple[object, ...]", value)))
        return f"({inside},)" if len(value) == 1 else f"({inside})"
    if isinstance(value, Options):
        given = (f"{name}={_spelled(one)}" for name, one in value.given().items())
        return f"Options({', '.join(given)})"
    if isinstance(value, Mapping):
        pairs = cast("Mapping[str, object]", value).items()
        return f"{{{', '.join(f'{_spelled(name)}: {_spelled(one)}' for name, one in pairs)}}}"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


def _spells(node: ast.expr | None, value: object) -> bool:
    """Tell whether the expression is the literal `value`."""
    if node is None:
        return False
    if isinstance(value, Options):
        return ast.unparse(node) == ast.unparse(ast.parse(_spelled(value)))
    try:
        return ast.literal_eval(node) == value
    except ValueError:
        return False
