"""Inputs of predictions on the command line: files, folders and rows of tables."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from brique.data.raw.source import Source
from brique.data.rows.cell_formats import check_cell_formats
from brique.data.rows.last_window import last_windows
from brique.data.rows.prepare import may_be_missing
from brique.data.sources.layout.text_files import read_lines
from brique.data.sources.manifests.file_finder import FileFinder
from brique.data.sources.manifests.table_selection import part_of_table
from brique.data.sources.table_files.any_format import (
    is_table,
    may_be_table,
    may_have_header,
    read_cells,
)
from brique.data.sources.table_files.raw_cells import Cells
from brique.errors import DataError, UsageError, did_you_mean
from brique.schema import Field, Number, Picture, Schema, Signal, Text, natural_key

PICTURE_SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm", ".pgm", ".pbm"}
)
_SUFFIXES = {
    "picture": PICTURE_SUFFIXES,
    "signal": frozenset({".wav", ".csv"}),
    "text": frozenset({".txt"}),
}
_PLURALS = {"picture": "pictures", "signal": "sounds or tables of numbers", "text": "texts"}


@dataclass(frozen=True)
class PredictionInput:
    """One input.

    file, row: its position; the header of a CSV file is row 1, as in an editor. None: whole file.
    value: what `Model.predict` takes; or a DataError, if it cannot be predicted.
    note: about the prediction.
    series: its name, if the file has several.
    """

    file: Path
    row: int | None
    value: object
    note: str | None = None
    series: str | None = None

    @property
    def location(self) -> dict[str, object]:
        """Its position, as JSON."""
        where: dict[str, object] = {"file": str(self.file)}
        where |= {} if self.series is None else {"series": self.series}
        return where if self.row is None else where | {"row": self.row}

    def __str__(self) -> str:
        if self.series is not None:
            return f"{self.file} ({self.series})"
        return str(self.file) if self.row is None else f"{self.file}:{self.row}"


def read_inputs(schema: Schema, paths: tuple[Path, ...]) -> list[PredictionInput]:
    """Return the inputs in files and folders for a model with the inputs of a schema.

    A picture or a sound is a file, or each file of a folder; a text is a line of a .txt file, or
    each file of a folder; a series is the last rows of a table; other inputs are rows of a table,
    whose columns are found by name, or by position without a header.
    Raises DataError if there is no such file or folder, or no input in it.
    """
    fields: list[Field] = [schema[name] for name in schema.inputs]
    only_field = fields[0] if len(fields) == 1 else None
    inputs: list[PredictionInput] = []
    for path in paths:
        if not path.exists():
            raise _not_found(path)
        if isinstance(only_field, Picture | Signal | Text) and not (
            path.is_file() and is_table(path) and not isinstance(only_field, Signal)
        ):
            inputs += _file_inputs(path, only_field)
        elif isinstance(only_field, Number) and _is_series(only_field) and may_be_table(path):
            inputs += _series_inputs(path, only_field)
        elif path.is_dir():
            raise UsageError(
                f"predict: '{path}' is a folder, and this model is asked in rows; name a table with"
                f" the columns {', '.join(schema.inputs[:8])}."
            )
        else:
            inputs += (
                _row_inputs(path, schema) if len(paths) == 1 else _row_inputs_or_error(path, schema)
            )
    return inputs


def _file_inputs(path: Path, kind: Field) -> Iterator[PredictionInput]:
    """Yield the file, the lines of a text, or the files in a folder."""
    if _is_text(kind):
        for file in _files_of_kind(path, kind.kind) if path.is_dir() else [path]:
            text_lines, note = _read_lines(file)
            if isinstance(text_lines, DataError):
                yield PredictionInput(file, None, text_lines)
            elif path.is_dir():
                yield PredictionInput(file, None, "\n".join(text_lines), note)
            else:
                numbered = [
                    (number, line) for number, line in enumerate(text_lines, 1) if line.strip()
                ]
                yield from (PredictionInput(file, number, line, note) for number, line in numbered)
    elif path.is_dir():
        yield from (PredictionInput(file, None, file) for file in _files_of_kind(path, kind.kind))
    else:
        yield PredictionInput(path, None, path)


def _read_lines(file: Path) -> tuple[list[str] | DataError, str | None]:
    """Return the lines of a text, read as in training, or the error; and notes."""
    source = Source(file.name, {})
    try:
        text_lines = read_lines(file, source)
    except DataError as error:
        return DataError(str(error).removeprefix(f"{file.name}: ")), None
    if not any(line.strip() for line in text_lines):
        return DataError("it is empty; write a text into it"), None
    return text_lines, "; ".join(
        finding.reason.removesuffix(".") for finding in source.findings
    ) or None


def _is_text(kind: Field) -> bool:
    return isinstance(kind, Text)


def _files_of_kind(folder: Path, kind: str) -> list[Path]:
    """Return the files of a kind in a folder, in the order of their names."""
    relative_paths = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    visible = [
        path for path in relative_paths if not any(part.startswith(".") for part in path.parts)
    ]
    matching = [folder / path for path in visible if path.suffix.lower() in _SUFFIXES[kind]]
    if not matching:
        raise DataError(
            f"predict: the folder '{folder}' holds no {_PLURALS[kind]} ({len(visible)} other"
            f" files); name a folder of {_PLURALS[kind]}, or the files one by one."
        )
    return sorted(matching, key=lambda path: natural_key(path.as_posix()))


def _row_inputs(path: Path, schema: Schema) -> list[PredictionInput]:
    """Return the rows of a table in their order, with their cells by the names of the inputs."""
    if not may_be_table(path):
        raise UsageError(
            f"predict: '{path}' is no table (.csv, .xlsx, .parquet, .json), and this model is asked"
            f" in rows; name one with the columns {', '.join(schema.inputs[:8])}."
        )
    cells = _table_cells(path, schema.inputs)
    _check_columns(path, list(cells.columns), schema)
    note = "; ".join(check_cell_formats(cells, schema)) or None
    columns = {name: values.to_pylist() for name, values in cells.columns.items()}
    pictures = [name for name in schema.inputs if isinstance(schema[name], Picture)]
    picture_paths = {
        name: _picture_paths(path, columns[name]) for name in pictures if name in columns
    }
    by_line: dict[int, object] = {  # by line of the file
        int(location.rpartition(" ")[2]): DataError(f"the row cannot be read: it {reason}")
        for location, reason in cells.skipped
    }
    for row, line in enumerate(cells.rows.tolist()):
        value = {name: column[row] for name, column in columns.items()}
        for name in pictures:
            value[name] = picture_paths[name][row] if name in picture_paths else None
        empty_column = next((name for name in pictures if value[name] is None), None)
        by_line[line] = _fill_empty_texts(value, schema) if empty_column is None else DataError(
            f"expected the path of a picture in the column '{empty_column}', got an empty cell;"
            " name one"
        )  # fmt: skip
    return [PredictionInput(path, line, by_line[line], note) for line in sorted(by_line)]


def _table_cells(path: Path, inputs: Sequence[str]) -> Cells:
    """Return the cells of a table; columns named by numbers are also found by position."""
    if not all(name.isdecimal() for name in inputs):
        return read_cells(path, None, expected_names=inputs)
    cells = read_cells(path, False if may_have_header(path) else None)
    if {*inputs} <= {*cells.columns} and not may_have_header(path):
        return cells
    if {*inputs} <= {str(values[0].as_py()).strip() for values in cells.columns.values()}:
        are_positions = all(0 < int(name) <= len(cells.columns) for name in inputs)
        with_header = read_cells(path, None, expected_names=() if are_positions else inputs)
        if with_header.has_header and {*inputs} <= {*with_header.columns}:
            return with_header
    cells.columns = {
        str(position): column for position, column in enumerate(cells.columns.values(), 1)
    }
    return cells


def _picture_paths(path: Path, cells: Sequence[object]) -> list[Path | None]:
    """Return the picture of each cell of a table, None for an empty cell.

    Files are found as in training. Raises DataError if a cell matches several.
    """
    texts = [None if cell is None else str(cell) for cell in cells]
    finder = FileFinder(path.parent, part=part_of_table(path, path.parent), owns_folder=False)
    matches = finder.find(texts)
    if matches.ambiguous:
        cell, candidates = next(iter(matches.ambiguous.items()))
        raise DataError(
            f"predict: '{cell}' in {path.name} may be {' or '.join(candidates)}; write the folder"
            " before the name"
        )
    return [
        None
        if not text or not text.strip()
        else Path(str(matches.files.get(text, path.parent / text)))
        for text in texts
    ]


def _row_inputs_or_error(path: Path, schema: Schema) -> list[PredictionInput]:
    """Return the rows of a table, or the error."""
    try:
        return _row_inputs(path, schema)
    except (DataError, UsageError) as error:
        return [PredictionInput(path, None, error)]


def _check_columns(path: Path, names: list[str], schema: Schema) -> None:
    missing = [
        name for name in schema.inputs if name not in names and not may_be_missing(schema[name])
    ]
    if missing:
        raise DataError(
            f"predict: '{path}' has no column '{missing[0]}', which the model was trained with, but"
            f" {', '.join(names[:8])}{did_you_mean(missing[0], names) or '; add it.'}"
        )


def _is_series(kind: Number) -> bool:
    return len(kind.shape) == 2 and bool(kind.names)


def _series_inputs(path: Path, kind: Number) -> list[PredictionInput]:
    """Return the last rows of each series of a table, or the error."""
    try:
        windows = last_windows(path, kind)
    except DataError as error:
        return [PredictionInput(path, None, error)]
    return [
        PredictionInput(
            path, None, window.values, "; ".join(window.notes) or None, series=window.name
        )
        for window in windows
    ]


def _fill_empty_texts(row: Mapping[str, object], schema: Schema) -> object:
    """Return a row in which empty cells of text inputs are empty texts."""
    return {
        name: "" if cell is None and name in schema and isinstance(schema[name], Text) else cell
        for name, cell in row.items()
    }


def _not_found(path: Path) -> DataError:
    folder = path.parent if path.parent.is_dir() else Path()
    hint = (
        did_you_mean(path.name, [sibling.name for sibling in folder.iterdir()])
        or "; check the path."
    )
    return DataError(f"predict: no file or folder '{path}'{hint}")
