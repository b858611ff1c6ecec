"""ARFF, Weka's form of tables: attributes with their kinds, then rows."""

import re
from dataclasses import dataclass, field

import numpy as np

from brique.data.files.place import Place, read_content
from brique.data.finding import Finding
from brique.data.sources.table_files.raw_cells import Cells, unique_names
from brique.errors import DataError

_ATTRIBUTE = re.compile(r"""@attribute\s+('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|\S+)\s+(.+)$""", re.I)
_CELL = re.compile(r"""\s*('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[^,'"]*)\s*(,|$)""")
_NUMERIC = ("numeric", "real", "integer")


@dataclass(frozen=True)
class Attribute:
    """One column.

    kind: "number", "classes", "text", "timestamp" or "relational". names: of its classes.
    num_columns: number of columns of a relational attribute.
    """

    name: str
    kind: str
    classes: tuple[str, ...] = ()
    num_columns: int = 0


@dataclass
class ArffFile:
    """The content of a file.

    rows: the line number, from 1, and the cells: texts, None where missing ("?").
    skipped: (file and line, reason) of dropped rows.
    """

    file: str
    attributes: list[Attribute] = field(default_factory=list[Attribute])
    rows: list[tuple[int, list[str | None]]] = field(
        default_factory=list[tuple[int, list[str | None]]]
    )
    skipped: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])


def read_arff(file: Place) -> ArffFile:
    """Return the content of an ARFF file; rows that do not fit its attributes are skipped.

    Raises DataError if it is not ARFF, or sparse.
    """
    arff_file, is_data, num_inner = ArffFile(file.name), False, -1
    for number, line in enumerate(_decode(file).split("\n"), 1):
        line = line.strip()
        if not line or line.startswith("%"):
            continue
        where = f"{file.name} line {number}"
        if is_data:
            _add_row(arff_file, number, line, where)
        elif line.casefold().startswith("@attribute"):
            attribute = _parse_attribute(line, where)
            if num_inner >= 0:
                num_inner += 1
                continue
            arff_file.attributes.append(attribute)
            num_inner = 0 if attribute.kind == "relational" else -1
        elif line.casefold().startswith("@end") and num_inner >= 0:
            last = arff_file.attributes[-1]
            arff_file.attributes[-1] = Attribute(last.name, last.kind, num_columns=num_inner)
            num_inner = -1
        elif line.casefold().startswith("@data"):
            is_data = True
        elif not line.casefold().startswith("@relation"):
            raise DataError(f"{where}: expected @relation, @attribute or @data, got '{line[:40]}'")
    if not is_data or not arff_file.attributes:
        raise DataError(f"{file.name}: expected ARFF with @attribute and @data; fetch it again")
    return arff_file


def read_arff_cells(file: Place) -> Cells:
    """Return an ARFF file as a table of texts. Raises DataError if it is not ARFF."""
    import pyarrow as pa

    arff_file = read_arff(file)
    if any(attr.kind == "relational" for attr in arff_file.attributes):
        raise DataError(
            f"{file.name}: holds relational attributes, which are sequences; leave out --kind"
        )
    cells = Cells(file.name, {}, np.array([number for number, _ in arff_file.rows], int))
    cells.skipped = arff_file.skipped
    for index, (name, attribute) in enumerate(
        zip(
            unique_names([attr.name for attr in arff_file.attributes]),
            arff_file.attributes,
            strict=True,
        )
    ):
        values = [row[index] for _, row in arff_file.rows]
        cells.columns[name] = pa.array(values, pa.string())
        is_last = index == len(arff_file.attributes) - 1
        if not is_last and attribute.classes and all(map(_is_number, attribute.classes)):
            reason = (
                f"'{name}' is declared as classes {{{', '.join(attribute.classes[:5])}}}, which are"
                " numbers and may be read as such."
            )
            remedy = f"--types '{name}=category' reads it as classes."
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


def _decode(file: Place) -> str:
    raw = read_content(file)
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")


def _parse_attribute(line: str, where: str) -> Attribute:
    match = _ATTRIBUTE.match(line)
    if match is None:
        raise DataError(f"{where}: expected @attribute NAME KIND, got '{line[:40]}'; correct it")
    name, kind = _unquote(match[1]), match[2].strip()
    if kind.startswith("{") and kind.endswith("}"):
        classes = _split_cells(kind[1:-1])
        if classes is None:
            raise DataError(f"{where}: expected classes in braces, got '{kind[:40]}'; correct it")
        return Attribute(
            name, "classes", tuple(class_name for class_name in classes if class_name is not None)
        )
    type_name = kind.split()[0].casefold()
    kinds = {"string": "text", "date": "timestamp", "relational": "relational"}
    kinds |= dict.fromkeys(_NUMERIC, "number")
    if type_name not in kinds:
        raise DataError(
            f"{where}: expected numeric, string, date, relational or classes in braces, got"
            f" '{kind[:40]}'; correct it"
        )
    return Attribute(name, kinds[type_name])


def _add_row(arff_file: ArffFile, number: int, line: str, where: str) -> None:
    if line.startswith("{"):
        raise DataError(
            f"{where}: is a sparse row ({{place value, ...}}), which is not read; save the table as"
            " CSV (Weka: NonSparse)"
        )
    cells = _split_cells(line)
    if cells is None or len(cells) != len(arff_file.attributes):
        actual = "quotation marks that do not match" if cells is None else f"{len(cells)} cells"
        reason = f"expected {len(arff_file.attributes)} cells, got {actual}; correct it"
        arff_file.skipped.append((where, reason))
        return
    for attribute, cell in zip(arff_file.attributes, cells, strict=True):
        if attribute.kind == "classes" and cell is not None and cell not in attribute.classes:
            reason = f"'{cell}' is not a class of {attribute.name}; add it to @attribute"
            arff_file.skipped.append((where, reason))
            return
    arff_file.rows.append((number, cells))


def _split_cells(line: str) -> list[str | None] | None:
    """Return the cells of a row, None for "?"; None if quotation marks do not match."""
    cells: list[str | None] = []
    position = 0
    while True:
        match = _CELL.match(line, position)
        if match is None:
            return None
        cells.append(None if match[1].strip() == "?" else _unquote(match[1]))
        if not match[2]:
            return cells
        position = match.end()


def _unquote(text: str) -> str:
    r"""Return a cell without its quotation marks; \n in it is a line feed."""
    text = text.strip()
    if text[:1] not in ("'", '"'):
        return text
    inner = text[1:-1].replace("\\n", "\n")
    return re.sub(r"\\(.)", r"\1", inner)
