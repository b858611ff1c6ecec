"""Words with tags: CoNLL-U, and files of columns with a blank line between sentences."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch

from brique.data.core.batch import Values
from brique.data.core.ragged import Ragged
from brique.data.files.place import Place, plain_name
from brique.data.raw.column import Column, Sequences, Texts
from brique.data.raw.source import Source
from brique.data.sources.layout.text_files import (
    check_train,
    data_files,
    files_with_parts,
    format_names,
    part_from_name,
    parts_tensor,
    read_head,
    read_lines,
)
from brique.data.sources.texts.tagged_lines import (
    ColumnLayout,
    blocks,
    detect_layout,
    is_tagged_file,
)
from brique.errors import DataError, did_you_mean
from brique.options import Options
from brique.schema import Number

KIND: str = "tags"
USES: frozenset[str] = frozenset({"target", "test", "rename", "lower"})

_CONLLU_COLUMNS = {"upos": 3, "xpos": 4, "deprel": 7, "head": 6}  # columns of CoNLL-U, from 0
_ENDINGS = (".conllu", ".conll", ".iob", ".iob2", ".bio", ".testa", ".testb")
_CONLLU = re.compile(r"\s*(#.*\n|\s*\n)*1(-\d+)?\t([^\t\n]*\t){8}[^\t\n]*$", re.MULTILINE)
_SAMPLE_FILES = 8  # files whose lines identify the kind


@dataclass
class _Sentences:
    """Sentences: a list of words, and for each column a list of values."""

    source: Source
    column_indices: dict[str, int]  # column of each field, from 0
    words: list[list[str]] = field(default_factory=list[list[str]])
    columns: dict[str, list[list[str]]] = field(default_factory=dict[str, list[list[str]]])
    example_names: list[str] = field(default_factory=list[str])
    parts: list[int | None] = field(default_factory=list[int | None])


def fits(place: Place) -> bool:
    """Tell whether a place holds CoNLL-U or columns of tags, by file names or lines."""
    by_suffix = data_files(place, _ENDINGS)
    if by_suffix and plain_name(by_suffix[0]).endswith(_ENDINGS):
        return True
    files = data_files(place)
    train_files = [file for file in files if part_from_name(file) == 0] or files[:_SAMPLE_FILES]
    return bool(train_files) and all(_is_tagged(file) for file in train_files)


def _is_tagged(file: Place) -> bool:
    return bool(_CONLLU.match(read_head(file))) or is_tagged_file(file)


def _select_files(place: Place, source: Source) -> list[Place]:
    """Return the files that hold tags; report others with a part in their name."""
    files = data_files(place)
    by_name = [file for file in files if plain_name(file).endswith((*_ENDINGS, ".train"))]
    if not place.is_dir():
        return files
    tagged = [file for file in files if file in by_name or _is_tagged(file)]
    if not tagged:
        return files
    for file in files:
        if file not in tagged and part_from_name(file) is not None and not by_name:
            source.skipped.append((file.name, "its lines do not hold words with tags"))
    return tagged


def read(name: str, place: Place, options: Options) -> Source:
    """Return sentences with their tags.

    Fields: `words`, and only the target, since other tags would leak it: in CoNLL-U `upos`,
    by default, `xpos` or `deprel`; for `head` (index of each word's head from 1, 0 at the root)
    both `head` and `deprel`, which are predicted together. In files of columns, with the word first
    and the tag last, it is `tag`, or a column by number from 2.
    Multiword tokens ("3-4"), empty nodes ("5.1") and comments are skipped. A sentence
    that cannot be read is left out and listed in `skipped`.
    """
    source = Source(name, {})
    pairs = files_with_parts(source, _select_files(place, source), options.test)
    is_conllu = any(_is_conllu(file) for file, _ in pairs)
    column_indices = _target_columns(name, options.target, is_conllu)
    names = tuple(column_indices)
    sentences = _Sentences(source, column_indices, columns={column: [] for column in names})
    for file, part in pairs:
        _read_sentences(sentences, file, part, is_conllu)
    check_train(source, sentences.parts)
    source.part = parts_tensor(sentences.parts)
    source.names = sentences.example_names
    source.targets = names
    words = Texts(sentences.words, lower=options.lower, use_signatures=True)
    values: dict[str, Values | Column] = {"words": words}
    for column in names:
        values[column] = _build_field(sentences, column, options)
    source.fields = values
    kinds = {"head": Number(is_sequence=True, is_integer=True)} if "head" in names else {}
    source.kinds = dict(kinds)
    _add_notes(source, names, is_conllu)
    return source


def _is_conllu(file: Place) -> bool:
    """Tell whether a file is CoNLL-U, by its name or its first word."""
    return plain_name(file).endswith(".conllu") or bool(_CONLLU.match(read_head(file)))


def _target_columns(name: str, target: str | None, is_conllu: bool) -> dict[str, int]:
    """Return the columns, from 0, that become fields. Raises DataError for an unknown target."""
    if not is_conllu:
        if target in (None, "tag"):
            return {"tag": -1}
        if str(target).isdecimal() and int(str(target)) > 1:
            return {"tag": int(str(target)) - 1}
        raise DataError(
            f"{name}: target must be tag, the last column, or a number from 2, got '{target}'; "
            "choose one"
        )
    target = target or "upos"
    if target not in _CONLLU_COLUMNS:
        raise DataError(
            f"{name}: target must be one of {', '.join(_CONLLU_COLUMNS)}, got '{target}'"
            f"{did_you_mean(target, _CONLLU_COLUMNS) or '; choose one'}"
        )
    columns = ("head", "deprel") if target == "head" else (target,)
    return {column: _CONLLU_COLUMNS[column] for column in columns}


def _read_sentences(sentences: _Sentences, file: Place, part: int | None, is_conllu: bool) -> None:
    """Add the sentences of a file."""
    try:
        text = read_lines(file, sentences.source)
    except DataError as error:
        sentences.source.skipped.append((file.name, str(error).removeprefix(f"{file.name}: ")))
        return
    layout = ColumnLayout(True, 10, 1, (), frozenset()) if is_conllu else detect_layout(text)
    if layout.header:
        sentences.source.notes.append(f"{file.name}: its first line names the columns.")
    if layout.word_column and not is_conllu:
        sentences.source.notes.append(
            f"{file.name}: its first column counts the words and is left out."
        )
    for start, block in blocks(text):
        try:
            rows = _parse_conllu(block) if is_conllu else layout.rows(start, block)
            if rows:
                _add_sentence(sentences, rows, layout.word_column)
                sentences.example_names.append(f"{file.name}:{start}")
                sentences.parts.append(part)
        except DataError as error:
            sentences.source.skipped.append((f"{file.name}:{start}", str(error)))


def _parse_conllu(rows: Sequence[str]) -> list[list[str]]:
    """Return the columns of each word of a sentence of CoNLL-U. Raises DataError."""
    cells = [row.split("\t") for row in rows if not row.startswith("#")]
    for row in cells:
        if len(row) != 10:
            raise DataError(
                f"tags: expected 10 columns at '{row[0][:20]}', got {len(row)}; correct it"
            )
    words = [row for row in cells if row[0].isdecimal()]
    for number, row in enumerate(words, 1):
        if int(row[0]) != number:
            raise DataError(f"tags: expected word {number}, got {row[0]}; number the words from 1")
    return words


def _add_sentence(sentences: _Sentences, rows: Sequence[Sequence[str]], word_column: int) -> None:
    """Add a sentence. Raises DataError if it lacks a column."""
    fields: list[list[str]] = []
    for name, index in sentences.column_indices.items():
        if index >= len(rows[0]):
            raise DataError(
                f"tags: no column {index + 1} among {len(rows[0])}; choose another target"
            )
        fields.append([row[index] for row in rows])
        if name == "head":
            _check_heads(fields[-1])
    sentences.words.append([row[word_column] for row in rows])
    for name, values in zip(sentences.column_indices, fields, strict=True):
        sentences.columns[name].append(values)


def _check_heads(heads: Sequence[str]) -> None:
    for word, head in enumerate(heads, 1):
        if not head.isdecimal() or int(head) > len(heads):
            raise DataError(
                f"tags: expected a head from 0 to {len(heads)} at word {word}, got '{head}';"
                " mend it"
            )


def _build_field(sentences: _Sentences, column: str, options: Options) -> Values | Column:
    values = sentences.columns[column]
    if column == "head":
        lengths = torch.tensor([0, *map(len, values)])
        heads = np.array([int(head) for heads in values for head in heads], dtype=np.int64)
        return Ragged(torch.from_numpy(heads), lengths.cumsum(0))
    if options.rename:
        values = [[options.renamed(tag) for tag in tags] for tags in values]
    return Sequences(values, sentences.example_names)


def _add_notes(source: Source, names: Sequence[str], is_conllu: bool) -> None:
    if source.skipped:
        source.notes.append(
            f"{source.name}: {len(source.skipped):,} sentences or files cannot be read and are left"
            f" out: {format_names([file for file, _ in source.skipped], 3)}."
        )
    other_targets = [name for name in _CONLLU_COLUMNS if name not in names]
    if is_conllu:
        source.notes.append(
            f"{source.name}: the target is {' and '.join(names)}, predicted from the words alone; "
            f"--target takes {', '.join(other_targets)}."
        )
