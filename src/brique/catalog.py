"""The closed table of runnable code: recipes and training files.

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
from brique.console import notify
from brique.errors import RunError, UsageError, did_you_mean
from brique.options import Options

_PACKAGE = Path(__file__).parent


@dataclass(frozen=True, kw_only=True)
class RecipeEntry:
    """A recipe: name, family, file, summary and year of its paper."""

    name: str
    family: str
    path: Path
    summary: str
    year: int | None


@dataclass(frozen=True, kw_only=True)
class Setting:
    """A field of a recipe's Args, as written in its file."""

    name: str
    annotation: str
    default: str | None
    description: str


def entries() -> list[RecipeEntry]:
    """Return every installed recipe, by family and name."""
    return list(_entries())


def find(name: str) -> RecipeEntry:
    """Return the recipe of that name. Raises UsageError with the nearest name."""
    entries_by_name = {entry.name: entry for entry in _entries()}
    if name not in entries_by_name:
        hint = did_you_mean(name, entries_by_name) or ";"
        raise UsageError(f"no recipe '{name}'{hint} 'brique list' shows all.")
    return entries_by_name[name]


def load(name: str) -> ModuleType:
    """Import the recipe of that name. Raises UsageError with the nearest name."""
    entry = find(name)
    return importlib.import_module(f"brique.recipes.{entry.family}.{entry.name}")


def training_files() -> dict[str, Path]:
    """Return the files run by `brique train`, by name: tasks/NAME/train.py, or train_*.py."""
    paths = sorted(_PACKAGE.glob("tasks/*/train*.py"))
    return {f"{path.parent.name}{path.stem.removeprefix('train')}": path for path in paths}


def training_file(name: str) -> Path:
    """Return a training file by name. Raises UsageError."""
    files_by_name = training_files()
    if name not in files_by_name:
        raise UsageError(f"no training file '{name}'; there are: {', '.join(files_by_name)}.")
    return files_by_name[name]


def load_training_file(name: str) -> ModuleType:
    """Import a training file by name. Raises UsageError."""
    path = training_file(name)
    return importlib.import_module(f"brique.tasks.{path.parent.name}.{path.stem}")


def tasks() -> Mapping[str, Any]:
    """Return `brique.tasks.table.TASKS`; that module imports this one."""
    return importlib.import_module("brique.tasks.table").TASKS


def identify(file: Path) -> tuple[str | None, str | None]:
    """Return the names (recipe, training file) of an installed path; None where it is neither."""
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
            return load_training_file(name)
    return None


def execute(source: Path) -> ModuleType:
    """Execute a trusted Python file, print a notice, and return it as a module.

    Raises RunError if it is not a file.
    """
    if (problem := reader.unreadable_reason(source)) is not None:
        raise RunError(f"{source}: {problem}; put the file back.")
    notify(f"executing {source}, as --trust allows.")
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
    """Return the literal assigned to a name such as EXPECT in a recipe's source, or None."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign) and any(_is_name(target, name) for target in node.targets):
            return ast.literal_eval(node.value)
        if isinstance(node, ast.AnnAssign) and node.value and _is_name(node.target, name):
            return ast.literal_eval(node.value)
    return None


def settings(source: str, name: str = "Args") -> list[Setting]:
    """Return the fields of the class Args in a recipe's source, with the docstring line of each.

    name: of another class.
    """
    args_class = next((n for n in ast.parse(source).body if _is_class(n, name)), None)
    body = args_class.body if isinstance(args_class, ast.ClassDef) else []
    return [
        Setting(
            name=node.target.id,
            annotation=ast.unparse(node.annotation),
            default=ast.unparse(node.value) if node.value else None,
            description=_string_value(next_node),
        )
        for node, next_node in zip(body, [*body[1:], None], strict=False)
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    ]


def with_settings(source: str, values: Mapping[str, object]) -> str:
    """Return a recipe's source with new defaults in its Args.

    values: by field; a value equal to the default changes nothing.
    """
    args_class = next((n for n in ast.parse(source).body if _is_class(n, "Args")), None)
    lines = source.splitlines(keepends=True)
    for node in reversed(args_class.body if isinstance(args_class, ast.ClassDef) else []):
        if not (isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)):
            continue
        if node.target.id not in values or _is_literal(node.value, values[node.target.id]):
            continue
        annotation = ast.get_source_segment(source, node.annotation)
        assignment = f"{node.target.id}: {annotation} = {_literal(values[node.target.id])}\n"
        first, last = node.lineno - 1, node.end_lineno or node.lineno
        lines[first:last] = [" " * node.col_offset + assignment]
    return "".join(lines)


@cache
def _entries() -> tuple[RecipeEntry, ...]:
    paths = sorted((_PACKAGE / "recipes").glob("[!_]*/[!_]*.py"))
    return tuple(_entry(path) for path in paths)


def _entry(path: Path) -> RecipeEntry:
    text = docstring(path.read_text(encoding="utf-8"))
    match = re.search(r"^Paper\b.*?\b((?:1[6-9]|20)\d\d)\b", text, re.MULTILINE)
    return RecipeEntry(
        name=path.stem,
        family=path.parent.name,
        path=path,
        summary=text.partition("\n")[0],
        year=int(match[1]) if match else None,
    )


def _is_class(node: ast.stmt, name: str) -> bool:
    return isinstance(node, ast.ClassDef) and node.name == name


def _is_name(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _string_value(node: ast.stmt | None) -> str:
    """Return the text of a bare string statement, or "" for another."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return str(node.value.value).strip() if isinstance(node.value.value, str) else ""
    return ""


def _literal(value: object) -> str:
    """Return the literal of a value, texts in double quotes."""
    if isinstance(value, tuple):
        items = ", ".join(map(_literal, cast("tuple[object, ...]", value)))
        return f"({items},)" if len(value) == 1 else f"({items})"
    if isinstance(value, Options):
        given = (f"{name}={_literal(one)}" for name, one in value.given().items())
        return f"Options({', '.join(given)})"
    if isinstance(value, Mapping):
        pairs = cast("Mapping[str, object]", value).items()
        return f"{{{', '.join(f'{_literal(name)}: {_literal(one)}' for name, one in pairs)}}}"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


def _is_literal(node: ast.expr | None, value: object) -> bool:
    """Tell whether the expression is the literal `value`."""
    if node is None:
        return False
    if isinstance(value, Options):
        return ast.unparse(node) == ast.unparse(ast.parse(_literal(value)))
    try:
        return ast.literal_eval(node) == value
    except ValueError:
        return False
