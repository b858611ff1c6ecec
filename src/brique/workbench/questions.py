"""What a model is asked on the command line: files, folders and rows of tables."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from brique.data.conventions import check_conventions
from brique.data.latest import latest
from brique.data.prepared import may_lack
from brique.data.source import Source
from brique.data.sources.cells import is_table, may_be_table, may_have_header, read_cells
from brique.data.sources.illustrated import Finder
from brique.data.sources.listing import part_of_table
from brique.data.sources.rows import Cells
from brique.data.sources.shelf import lines
from brique.errors import DataError, UsageError, nearest
from brique.schema import Field, Number, Picture, Schema, Signal, Text, natural

PICTURES = frozenset(
    {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm", ".pgm", ".pbm"}
)
_ENDINGS = {"picture": PICTURES, "signal": frozenset({".wav", ".csv"}), "text": frozenset({".txt"})}
_CALLED = {"picture": "pictures", "signal": "sounds or tables of numbers", "text": "texts"}


@dataclass(frozen=True)
class Question:
    """One input.

    file, row: where it stands, as the file counts its rows: in a CSV file the names are the first,
        as an editor shows them. None: the whole file.
    value: what `Model.predict` takes; or a DataError, why it cannot be asked.
    note: what a reader of the answer should know.
    series: which of several in the file.
    """

    file: Path
    row: int | None
    value: object
    note: str | None = None
    series: str | None = None

    @property
    def place(self) -> dict[str, object]:
        """Where it stands, as JSON."""
        where: dict[str, object] = {"file": str(self.file)}
        where |= {} if self.series is None else {"series": self.series}
        return where if self.row is None else where | {"row": self.row}

    def __str__(self) -> str:
        if self.series is not None:
            return f"{self.file} ({self.series})"
        return str(self.file) if self.row is None else f"{self.file}:{self.row}"


def questions(schema: Schema, given: tuple[Path, ...]) -> list[Question]:
    """Return what files and folders ask a model whose inputs are those of a schema.

    A picture or a sound is a file, and a folder asks for all that it holds; a text is a line of a
    .txt file, or each file of a folder; of a series a table asks how its last rows go on; otherwise
    it is a row of a table, whose columns are found by name, or by place where it names none.
    Raises DataError where there is no such file or folder, or nothing in it can be asked.
    """
    kinds: list[Field] = [schema[name] for name in schema.inputs]
    alone = kinds[0] if len(kinds) == 1 else None
    found: list[Question] = []
    for path in given:
        if not path.exists():
            raise _absent(path)
        if isinstance(alone, Picture | Signal | Text) and not (
            path.is_file() and is_table(path) and not isinstance(alone, Signal)
        ):
            found += _files(path, alone)
        elif isinstance(alone, Number) and _is_past(alone) and may_be_table(path):
            found += _series(path, alone)
        elif path.is_dir():
            raise UsageError(
                f"predict: '{path}' is a folder, and this model is asked in rows; name a table with"
                f" the columns {', '.join(schema.inputs[:8])}."
            )
        else:
            found += _rows(path, schema) if len(given) == 1 else _rows_or_why(path, schema)
    return found


def _files(path: Path, kind: Field) -> Iterator[Question]:
    """Yield the file, the lines of a text, or the files in a folder."""
    if _is_text(kind):
        for file in _inside(path, kind.kind) if path.is_dir() else [path]:
            found, note = _lines(file)
            if isinstance(found, DataError):
                yield Question(file, None, found)
            elif path.is_dir():
                yield Question(file, None, "\n".join(found), note)
            else:
                some = [(number, line) for number, line in enumerate(found, 1) if line.strip()]
                yield from (Question(file, number, line, note) for number, line in some)
    elif path.is_dir():
        yield from (Question(file, None, file) for file in _inside(path, kind.kind))
    else:
        yield Question(path, None, path)


def _lines(file: Path) -> tuple[list[str] | DataError, str | None]:
    """Return the lines of a text, read as in training, or why there are none; and what to know."""
    held = Source(file.name, {})
    try:
        found = lines(file, held)
    except DataError as error:
        return DataError(str(error).removeprefix(f"{file.name}: ")), None
    if not any(line.strip() for line in found):
        return DataError("it is empty; write a text into it"), None
    return found, "; ".join(one.reason.removesuffix(".") for one in held.findings) or None


def _is_text(kind: Field) -> bool:
    return isinstance(kind, Text)


def _inside(folder: Path, kind: str) -> list[Path]:
    """Return the files of a kind in a folder, in the order of their names."""
    inside = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    seen = [path for path in inside if not any(part.startswith(".") for part in path.parts)]
    found = [folder / path for path in seen if path.suffix.lower() in _ENDINGS[kind]]
    if not found:
        raise DataError(
            f"predict: the folder '{folder}' holds no {_CALLED[kind]} ({len(seen)} other files);"
            f" name a folder of {_CALLED[kind]}, or the files one by one."
        )
    return sorted(found, key=lambda path: natural(path.as_posix()))


def _rows(path: Path, schema: Schema) -> list[Question]:
    """Return the rows of a table in their order, with their cells by the names of the inputs."""
    if not may_be_table(path):
        raise UsageError(
            f"predict: '{path}' is no table (.csv, .xlsx, .parquet, .json), and this model is asked"
            f" in rows; name one with the columns {', '.join(schema.inputs[:8])}."
        )
    cells = _cells(path, schema.inputs)
    _check_columns(path, list(cells.columns), schema)
    note = "; ".join(check_conventions(cells, schema)) or None
    columns = {name: values.to_pylist() for name, values in cells.columns.items()}
    pictures = [name for name in schema.inputs if isinstance(schema[name], Picture)]
    places = {name: _places(path, columns[name]) for name in pictures if name in columns}
    found: dict[int, object] = {  # by line of the file
        int(where.rpartition(" ")[2]): DataError(f"the row cannot be read: it {reason}")
        for where, reason in cells.skipped
    }
    for row, line in enumerate(cells.rows.tolist()):
        value = {name: column[row] for name, column in columns.items()}
        for name in pictures:
            value[name] = places[name][row] if name in places else None
        empty = next((name for name in pictures if value[name] is None), None)
        found[line] = _only(value, schema) if empty is None else DataError(
            f"expected the path of a picture in the column '{empty}', got an empty cell; name one"
        )  # fmt: skip
    return [Question(path, line, found[line], note) for line in sorted(found)]


def _cells(path: Path, inputs: Sequence[str]) -> Cells:
    """Return the cells of a table; columns that are called by numbers are found by place too."""
    if not all(name.isdecimal() for name in inputs):
        return read_cells(path, None, known=inputs)
    cells = read_cells(path, False if may_have_header(path) else None)
    if {*inputs} <= {*cells.columns} and not may_have_header(path):
        return cells
    if {*inputs} <= {str(values[0].as_py()).strip() for values in cells.columns.values()}:
        are_places = all(0 < int(name) <= len(cells.columns) for name in inputs)
        named = read_cells(path, None, known=() if are_places else inputs)
        if named.has_header and {*inputs} <= {*named.columns}:
            return named
    cells.columns = {str(place): one for place, one in enumerate(cells.columns.values(), 1)}
    return cells


def _places(path: Path, cells: Sequence[object]) -> list[Path | None]:
    """Return the picture that each cell of a table names, None where it is empty.

    They are found as in training. Raises DataError where a cell may mean several files.
    """
    texts = [None if cell is None else str(cell) for cell in cells]
    finder = Finder(path.parent, part=part_of_table(path, path.parent), is_whole=False)
    found = finder.find(texts)
    if found.unclear:
        cell, several = next(iter(found.unclear.items()))
        raise DataError(
            f"predict: '{cell}' in {path.name} may be {' or '.join(several)}; write the folder"
            " before the name"
        )
    return [
        None
        if not text or not text.strip()
        else Path(str(found.files.get(text, path.parent / text)))
        for text in texts
    ]


def _rows_or_why(path: Path, schema: Schema) -> list[Question]:
    """Return the rows of a table among others, or why it cannot be asked."""
    try:
        return _rows(path, schema)
    except (DataError, UsageError) as error:
        return [Question(path, None, error)]


def _check_columns(path: Path, names: list[str], schema: Schema) -> None:
    lacking = [name for name in schema.inputs if name not in names and not may_lack(schema[name])]
    if lacking:
        raise DataError(
            f"predict: '{path}' has no column '{lacking[0]}', which the model was trained with, but"
            f" {', '.join(names[:8])}{nearest(lacking[0], names) or '; add it.'}"
        )


def _is_past(kind: Number) -> bool:
    return len(kind.shape) == 2 and bool(kind.names)


def _series(path: Path, kind: Number) -> list[Question]:
    """Return the last rows of each series of a table, or why they cannot be asked."""
    try:
        found = latest(path, kind)
    except DataError as error:
        return [Question(path, None, error)]
    return [
        Question(path, None, one.values, "; ".join(one.notes) or None, series=one.name)
        for one in found
    ]


def _only(value: Mapping[str, object], schema: Schema) -> object:
    """Return a row; texts are asked for as such where a cell is empty."""
    return {
        name: "" if cell is None and name in schema and isinstance(schema[name], Text) else cell
        for name, cell in value.items()
    }


def _absent(path: Path) -> DataError:
    beside = path.parent if path.parent.is_dir() else Path()
    hint = nearest(path.name, [one.name for one in beside.iterdir()]) or "; check the path."
    return DataError(f"predict: no file or folder '{path}'{hint}")
