"""ARFF, Weka's form of tables: attributes with their kinds, then rows."""

import re
from dataclasses import dataclass, field

import numpy as np

from brique.data.finding import Finding
from brique.data.place import Place, content
from brique.data.sources.rows import Cells, distinct
from brique.errors import DataError

_ATTRIBUTE = re.compile(r"""@attribute\s+('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|\S+)\s+(.+)$""", re.I)
_CELL = re.compile(r"""\s*('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[^,'"]*)\s*(,|$)""")
_NUMERIC = ("numeric", "real", "integer")


@dataclass(frozen=True)
class Attribute:
    """One column.

    kind: "number", "classes", "text", "moment" or "relational". names: of its classes.
    width: how many columns a relational one has.
    """

    name: str
    kind: str
    names: tuple[str, ...] = ()
    width: int = 0


@dataclass
class Arff:
    """A file.

    rows: the number of each line, from 1, and its cells: texts, None where one is missing ("?").
    skipped: (file and line, reason) of rows that are left out.
    """

    file: str
    attributes: list[Attribute] = field(default_factory=list[Attribute])
    rows: list[tuple[int, list[str | None]]] = field(
        default_factory=list[tuple[int, list[str | None]]]
    )
    skipped: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])


def arff(file: Place) -> Arff:
    """Return what a file of ARFF holds; rows that do not fit its attributes are left out and named.

    Raises DataError where it is none, or sparse.
    """
    found, is_data, inner = Arff(file.name), False, -1
    for number, line in enumerate(_text(file).split("\n"), 1):
        line = line.strip()
        if not line or line.startswith("%"):
            continue
        where = f"{file.name} line {number}"
        if is_data:
            _add(found, number, line, where)
        elif line.casefold().startswith("@attribute"):
            attribute = _attribute(line, where)
            if inner >= 0:
                inner += 1
                continue
            found.attributes.append(attribute)
            inner = 0 if attribute.kind == "relational" else -1
        elif line.casefold().startswith("@end") and inner >= 0:
            last = found.attributes[-1]
            found.attributes[-1] = Attribute(last.name, last.kind, width=inner)
            inner = -1
        elif line.casefold().startswith("@data"):
            is_data = True
        elif not line.casefold().startswith("@relation"):
            raise DataError(f"{where}: expected @relation, @attribute or @data, got '{line[:40]}'")
    if not is_data or not found.attributes:
        raise DataError(f"{file.name}: expected ARFF with @attribute and @data; fetch it again")
    return found


def arff_cells(file: Place) -> Cells:
    """Return a file of ARFF as a table, each cell a text. Raises DataError where it is none."""
    import pyarrow as pa

    whole = arff(file)
    if any(one.kind == "relational" for one in whole.attributes):
        raise DataError(
            f"{file.name}: holds relational attributes, which are sequences; leave out --kind"
        )
    cells = Cells(file.name, {}, np.array([number for number, _ in whole.rows], int))
    cells.skipped = whole.skipped
    for place, (name, attribute) in enumerate(
        zip(distinct([one.name for one in whole.attributes]), whole.attributes, strict=True)
    ):
        values = [row[place] for _, row in whole.rows]
        cells.columns[name] = pa.array(values, pa.string())
        is_last = place == len(whole.attributes) - 1
        if not is_last and attribute.names and all(map(_is_number, attribute.names)):
            reason = (
                f"'{name}' is declared as classes {{{', '.join(attribute.names[:5])}}}, which are"
                " numbers and may be read as such."
            )
            remedy = f"--types '{name}=category' takes it for classes."
            cells.findings.append(
                Finding("declared classes", "warning", None, ((name,),), 1, reason, remedy)
            )
    return cells


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _text(file: Place) -> str:
    whole = content(file)
    try:
        return whole.decode("utf-8-sig")
    except UnicodeDecodeError:
        return whole.decode("cp1252", "replace")


def _attribute(line: str, where: str) -> Attribute:
    match = _ATTRIBUTE.match(line)
    if match is None:
        raise DataError(f"{where}: expected @attribute NAME KIND, got '{line[:40]}'; correct it")
    name, kind = _plain(match[1]), match[2].strip()
    if kind.startswith("{") and kind.endswith("}"):
        cells = _cells(kind[1:-1])
        if cells is None:
            raise DataError(f"{where}: expected classes in braces, got '{kind[:40]}'; correct it")
        return Attribute(name, "classes", tuple(cell for cell in cells if cell is not None))
    word = kind.split()[0].casefold()
    known = {"string": "text", "date": "moment", "relational": "relational"}
    known |= dict.fromkeys(_NUMERIC, "number")
    if word not in known:
        raise DataError(
            f"{where}: expected numeric, string, date, relational or classes in braces, got"
            f" '{kind[:40]}'; correct it"
        )
    return Attribute(name, known[word])


def _add(found: Arff, number: int, line: str, where: str) -> None:
    if line.startswith("{"):
        raise DataError(
            f"{where}: is a sparse row ({{place value, ...}}), which is not read; save the table as"
            " CSV (Weka: NonSparse)"
        )
    cells = _cells(line)
    if cells is None or len(cells) != len(found.attributes):
        came = "quotation marks that do not match" if cells is None else f"{len(cells)} cells"
        reason = f"expected {len(found.attributes)} cells, got {came}; correct it"
        found.skipped.append((where, reason))
        return
    for attribute, cell in zip(found.attributes, cells, strict=True):
        if attribute.kind == "classes" and cell is not None and cell not in attribute.names:
            reason = f"'{cell}' is no class of {attribute.name}; add it to @attribute"
            found.skipped.append((where, reason))
            return
    found.rows.append((number, cells))


def _cells(line: str) -> list[str | None] | None:
    """Return the cells of a row, None for "?"; None in place of all where marks do not match."""
    cells: list[str | None] = []
    at = 0
    while True:
        match = _CELL.match(line, at)
        if match is None:
            return None
        cells.append(None if match[1].strip() == "?" else _plain(match[1]))
        if not match[2]:
            return cells
        at = match.end()


def _plain(text: str) -> str:
    r"""Return a cell without its quotation marks; \n in it is a line's end."""
    text = text.strip()
    if text[:1] not in ("'", '"'):
        return text
    inner = text[1:-1].replace("\\n", "\n")
    return re.sub(r"\\(.)", r"\1", inner)
