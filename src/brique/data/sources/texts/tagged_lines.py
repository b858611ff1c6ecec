"""Columns of words and tags (CoNLL format): detection and parsing."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from brique.data.files.place import Place, plain_name
from brique.data.sources.layout.text_files import read_head
from brique.errors import DataError

_BLANKS = re.compile(r"[ \t]+")
_DOCUMENT = "-DOCSTART-"  # CoNLL 2003: the beginning of a document, no sentence
_BIO = re.compile(r"O|[BIESLUMW](-\S.*)?")
_NUMBER = re.compile(r"[+-]?(\d+[.,]?\d*|[.,]\d+)(e[+-]?\d+)?%?", re.IGNORECASE)
_OTHER_SUFFIXES = (
    ".csv", ".json", ".jsonl", ".ndjson", ".xml", ".html", ".md", ".rst", ".yaml", ".yml", ".py",
    ".ts", ".arff", ".log", ".parquet", ".names",
)  # fmt: skip # which are never columns of tags
_MAX_COLUMNS = 10  # columns
_MAX_LINES = 5000  # lines to detect the format from
_MIN_SAME_WIDTH, _MIN_BIO = 0.9, 0.98  # share of lines of one width, and of tags in BIO form
_MAX_TAGS, _MAX_TAG_LENGTH = 200, 24  # distinct tags at most, and letters of a tag
_MAX_SENTENCE = 300  # words of a file without a blank line, at most


@dataclass(frozen=True)
class ColumnLayout:
    """How to split the lines of a file.

    is_tabbed: whether tabs separate columns, or any blanks. width: number of columns.
    word_column: the column of the word, from 0. header: the line that names the columns, if any.
    tags: the values of the last column.
    """

    is_tabbed: bool
    width: int
    word_column: int
    header: tuple[str, ...]
    tags: frozenset[str]

    def rows(self, start: int, block: Sequence[str]) -> list[list[str]]:
        """Return the columns of each word of a sentence, without comments and document marks.

        start: number of the first line. Raises DataError, with the line, for another width.
        """
        found: list[list[str]] = []
        for number, line in enumerate(block, start):
            row = _split_line(line, self.is_tabbed)
            is_header = bool(row) and tuple(row) == self.header
            if line.startswith(_DOCUMENT) or is_header or self._is_comment(line, row, not found):
                continue
            if len(row) != self.width:
                raise DataError(
                    f"tags: line {number}: expected {self.width} columns at '{row[0][:20]}', got"
                    f" {len(row)}; correct it"
                )
            found.append(row)
        return found

    def _is_comment(self, line: str, row: Sequence[str], is_first: bool) -> bool:
        """Tell whether a line is a comment; above a sentence "# newdoc" may look like a word."""
        is_word = len(row) == self.width and (row[-1] in self.tags or not is_first)
        return line.startswith("#") and not is_word


def detect_layout(all_lines: Sequence[str]) -> ColumnLayout:
    """Return how to split lines, if they are columns, by most of the first ones."""
    lines = [line for line in all_lines[:_MAX_LINES] if _is_row(line)]
    is_tabbed = 2 * sum("\t" in line for line in lines) > len(lines)
    cells = [_split_line(line, is_tabbed) for line in lines]
    counts = Counter(len(row) for row in cells if len(row) > 1)
    width = counts.most_common(1)[0][0] if counts else 2
    rows = [row for row in cells if len(row) == width]
    uncommented = [row for row in rows if not row[0].startswith("#")]
    has_header = (
        len(uncommented) > 1 and not _BIO.fullmatch(uncommented[0][-1]) and are_bio(uncommented[1:])
    )
    tags = frozenset(row[-1] for row in uncommented[has_header:])
    word_column = int(
        width > 2 and all(_are_numbered(block) for block in _split_blocks(all_lines, is_tabbed))
    )
    return ColumnLayout(
        is_tabbed, width, word_column, tuple(uncommented[0]) if has_header else (), tags
    )


def is_tagged_file(file: Place) -> bool:
    """Tell whether the lines of a file are words and tags, with blank lines between sentences."""
    if plain_name(file).endswith(_OTHER_SUFFIXES):
        return False
    all_lines = read_head(file).replace("\r\n", "\n").split("\n")
    lines = [line for line in all_lines if _is_row(line)]
    layout = detect_layout(all_lines)
    cells = [_split_line(line, layout.is_tabbed) for line in lines if not line.startswith("#")]
    rows = [row for row in cells if len(row) == layout.width and tuple(row) != layout.header]
    if len(rows) < 4 or layout.width > _MAX_COLUMNS or len(rows) < _MIN_SAME_WIDTH * len(cells):
        return False
    if 5 * sum(" " in row[layout.word_column] for row in rows) > len(rows):
        return False  # texts, not words
    block_sizes = [len(block) for _, block in blocks(all_lines)]
    if are_bio(rows):
        return len(block_sizes) > 1 or len(rows) <= _MAX_SENTENCE
    has_few_tags = len(layout.tags) <= min(_MAX_TAGS, max(2, len(rows) / 2))
    are_short = all(len(tag) <= _MAX_TAG_LENGTH and " " not in tag for tag in layout.tags)
    are_words = 2 * sum(_NUMBER.fullmatch(row[-1]) is None for row in rows) > len(rows)
    are_sentences = len(block_sizes) > 1 and 2 <= len(rows) / len(block_sizes) <= _MAX_SENTENCE
    return has_few_tags and are_short and are_words and are_sentences and len(layout.tags) > 1


def are_bio(rows: Sequence[Sequence[str]]) -> bool:
    """Tell whether the last column holds BIO tags: B-PER, I-PER, O."""
    bio_tags = [row[-1] for row in rows if _BIO.fullmatch(row[-1])]
    return len(bio_tags) >= _MIN_BIO * len(rows) and any("-" in tag for tag in bio_tags)


def blocks(lines: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    """Yield the number of the first line of each sentence, from 1, and its lines."""
    block: list[str] = []
    for number, line in enumerate(lines, 1):
        if line and not line.isspace():
            block.append(line)
        elif block:
            yield number - len(block), block
            block = []
    if block:
        yield len(lines) - len(block) + 1, block


def _split_blocks(all_lines: Sequence[str], is_tabbed: bool) -> Iterator[list[list[str]]]:
    for _, block in blocks(all_lines[:_MAX_LINES]):
        if rows := [
            _split_line(line, is_tabbed) for line in block if _is_row(line) and line[0] != "#"
        ]:
            yield rows


def _are_numbered(rows: Sequence[Sequence[str]]) -> bool:
    """Tell whether the first column counts the words of a sentence, from 0 or 1."""
    first = [row[0] for row in rows]
    return any(first == [str(start + offset) for offset in range(len(first))] for start in (0, 1))


def _is_row(line: str) -> bool:
    return bool(line) and not line.isspace() and not line.startswith(_DOCUMENT)


def _split_line(line: str, is_tabbed: bool) -> list[str]:
    """Return the columns of a line; between tabs a word may hold or be a blank."""
    if is_tabbed:
        return [cell.strip(" \r") or cell for cell in line.rstrip("\r").split("\t")]
    return _BLANKS.split(line.strip(" \t\r"))
