"""Files that people have and that go wrong: the registry of `benchmarks/cases.py` and its tools."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from brique import data
from brique.data import Data, Finding, audit
from brique.data.rows.inputs import read_inputs
from brique.errors import BriqueError
from brique.schema import Schema

Check = Callable[[Path], None]


class WrongError(Exception):
    """What came out is not what is right."""


@dataclass(frozen=True)
class Variant:
    """One input of a case: what it is, what is right, and a check that raises WrongError."""

    case: str
    name: str
    right: str
    check: Check


VARIANTS: list[Variant] = []


def variant(case: str, name: str, right: str) -> Callable[[Check], Check]:
    """Return a decorator that enters a check, which gets an empty folder."""

    def enter(check: Check) -> Check:
        VARIANTS.append(Variant(case, name, right, check))
        return check

    return enter


def each(case: str, right: str, check: Callable[[Path, Any], None], given: dict[str, Any]) -> None:
    """Enter a check once for each of several inputs by name; it gets the folder and the input."""
    for name, one in given.items():
        VARIANTS.append(Variant(case, name, right, partial(check, **{"given": one})))


def expect(got: object, right: object, what: str = "") -> None:
    """Raise WrongError unless two values are equal."""
    if got != right:
        raise WrongError(f"{what + ': ' if what else ''}got {got!r}, right is {right!r}")


def write(path: Path, text: str | bytes) -> Path:
    """Write a file, with the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def csv_text(names: Iterable[str], rows: Iterable[Iterable[object]], sign: str = ",") -> str:
    """Return the lines of a table whose cells need no quotation marks."""
    return "".join(sign.join(map(str, row)) + "\n" for row in [list(names), *rows])


def values(opened: Data) -> dict[str, dict[str, Any]]:
    """Return all examples by name: each field as its kind restores it."""
    return {
        split.name(int(id)): {
            name: kind.restore(one[name]) for name, kind in opened.schema.fields.items()
        }
        for split in (opened.train, opened.valid, opened.test)
        for id, one in zip(split.ids, split, strict=True)
    }


def column(opened: Data, name: str) -> list[Any]:
    """Return one field of all examples, in the order of the rows of a table."""
    found = values(opened)
    return [found[row][name] for row in sorted(found, key=lambda row: int(row.split()[-1]))]


def parts(opened: Data) -> dict[str, str]:
    """Return the part of each example; what is held out of train is its own."""
    splits = {"train": opened.train, "valid": opened.valid, "test": opened.test}
    return {split.name(int(id)): part for part, split in splits.items() for id in split.ids}


def found(opened: Data, kind: str) -> Finding | None:
    """Return the worst finding of a kind."""
    return next((one for one in audit.findings(opened) if one.kind == kind), None)


def expect_finding(opened: Data, kind: str, severity: str, says: str = "") -> None:
    """Raise WrongError unless the audit has a finding of this kind and severity that says so."""
    one = found(opened, kind)
    expect(one and one.severity, severity, f"severity of '{kind}'")
    if one is not None and says not in one.reason + one.remedy:
        raise WrongError(f"'{kind}' should say '{says}', says '{one.reason} {one.remedy}'")


def expect_note(opened: Data, says: str) -> None:
    """Raise WrongError unless a note of the data says so."""
    if not any(re.search(says, note) for note in opened.notes):
        raise WrongError(f"no note says '{says}': {list(opened.notes)}")


def expect_refusal(path: Path, says: str, **options: Any) -> None:  # noqa: ANN401 - of data.open
    """Raise WrongError unless opening is refused with a sentence that has these words."""
    try:
        opened = data.open(path, **options)
    except BriqueError as error:
        if not re.search(says, str(error)):
            raise WrongError(f"refused, but without '{says}': {error}") from error
    else:
        raise WrongError(f"opened as {opened!r} in place of a refusal")


def asked(schema: Schema, file: Path) -> list[dict[str, Any]]:
    """Return the rows of a table as `predict` prepares them, each input restored.

    An input is None where it is missing; a refusal is its sentence under "".
    """
    held: list[dict[str, Any]] = []
    for one in read_inputs(schema, (file,)):
        try:
            if isinstance(one.value, Exception):
                raise one.value
            ready = data.prepare_inputs(schema, one.value)
        except BriqueError as error:
            held.append({"": str(error)})
        else:
            held.append({name: schema[name].restore(ready[name]) for name in schema.inputs})
    return held
