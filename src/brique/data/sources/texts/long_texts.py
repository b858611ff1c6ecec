"""Long texts, cut into consecutive segments as examples."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from brique.data.files.place import Place, plain_name, read_content
from brique.data.raw.column import MAX_SUBWORDS, Texts
from brique.data.raw.source import Source
from brique.data.sources.layout.text_files import (
    check_train,
    data_files,
    files_with_parts,
    parts_tensor,
    read_lines,
)
from brique.data.sources.texts.documents import is_text, merge_encoding_findings
from brique.errors import DataError
from brique.options import Options
from brique.schema import subwords
from brique.schema.texts import WORD_PATTERN, Text, Unit

_ENDINGS = (".txt", ".text", ".md", ".asc")
_CHUNK = re.compile(r"\s*\S+|\s+$")  # no subword crosses its ends
_DEFAULT_LENGTH = 256
_TEST_SHARE, _VALID_SHARE = 0.2, 0.1  # shares: of all, and of the rest


@dataclass(frozen=True)
class _LongText:
    """A long text.

    part: of the whole text, or None. test, valid: shares cut from its end: of all, and of
    the rest.
    """

    file: str
    text: str
    part: int | None
    test_share: float
    valid_share: float

    @property
    def train_text(self) -> str:
        """The beginning, for training."""
        share = 0 if self.part else (1 - self.test_share) * (1 - self.valid_share)
        return self.text[: int(len(self.text) * share)]

    def segment_parts(self, n: int) -> list[int]:
        """Return the part of each of its n segments."""
        if self.part:
            return [self.part] * n
        test_count = round(n * self.test_share)
        valid_count = round((n - test_count) * self.valid_share)
        return [0] * (n - test_count - valid_count) + [1] * valid_count + [2] * test_count


KIND: str = "writing"
USES: frozenset[str] = frozenset({"test", "unit", "lower", "length"})


def fits(place: Place) -> bool:
    """Tell whether a place is a text, or a folder of nothing but texts."""
    if place.is_dir() and len([entry for entry in place.iterdir() if entry.is_dir()]) > 1:
        return False
    files = data_files(place)
    return bool(files) and all(
        (plain_name(file).endswith(_ENDINGS) or not file.suffix) and is_text(file) for file in files
    )


def read(name: str, place: Place, options: Options) -> Source:
    """Return consecutive segments of a text, or of each text of a folder.

    Joined they are the text again. The split is by position, as neighbors would leak: the
    last fifth of each text is test, and a tenth of the rest valid, unless files are named train,
    valid and test.
    unit: by default characters. length: of a segment, in units, by default 256; with subwords it
    ends with a word, and may be shorter. test: another text, the test part.
    Raises DataError without a text.
    """
    unit: Unit = options.unit or "characters"  # pyright: ignore[reportAssignmentType] - checked below
    length = _DEFAULT_LENGTH if options.length is None else options.length
    if length < 1:
        raise DataError(f"{name}: length must be 1 or more {unit}, got {length}; pass a number")
    source = Source(name, {}, is_final=True)
    long_texts = _read_texts(source, place, options)
    kind = Text((), unit) if unit != "subwords" else _fit_subwords(long_texts, lower=options.lower)
    segments: list[str] = []
    parts: list[int | None] = []
    example_names: list[str] = []
    for long_text in long_texts:
        starts = _segment_starts(long_text.text, kind, length)
        segments += [
            long_text.text[start:end] for start, end in pairwise([*starts, len(long_text.text)])
        ]
        parts += long_text.segment_parts(len(starts))
        example_names += [f"{long_text.file}, from character {start + 1:,}" for start in starts]
    check_train(source, parts)
    source.fields = {"text": Texts(segments, unit, options.lower)}
    source.part, source.names = parts_tensor(parts), example_names
    source.findings = merge_encoding_findings(source.findings)
    source.notes.append(
        f"{name}: cut into {len(segments):,} consecutive segments of {length:,} {unit}; parts are"
        " taken by position in the text, train first and test last."
    )
    return source


def _read_texts(source: Source, place: Place, options: Options) -> list[_LongText]:
    """Return the texts of a place. Raises DataError if the only one cannot be read."""
    files = files_with_parts(source, data_files(place), options.test)
    named_parts = {part for _, part in files}
    test_share, valid_share = (
        (0.0 if 2 in named_parts else _TEST_SHARE),
        (0.0 if 1 in named_parts else _VALID_SHARE),
    )
    long_texts: list[_LongText] = []
    for file, part in files:
        try:
            text = "\n".join(read_lines(file, source))
        except DataError as error:
            if len(files) == 1:
                raise
            source.skipped.append((file.name, str(error).removeprefix(f"{file.name}: ")))
            continue
        text += "\n" if read_content(file).endswith(b"\n") else ""
        long_texts.append(_LongText(file.name, text, part, test_share, valid_share))
    return [long_text for long_text in long_texts if long_text.text]


def _fit_subwords(long_texts: Sequence[_LongText], *, lower: bool) -> Text:
    """Return the subwords that the column will fit on the training segments."""
    train_texts = (
        long_text.train_text.lower() if lower else long_text.train_text for long_text in long_texts
    )
    vocabulary, merges = subwords.fit(train_texts, MAX_SUBWORDS, 2)
    return Text(vocabulary, "subwords", lower, merges)


def _segment_starts(text: str, kind: Text, length: int) -> list[int]:
    """Return where the segments of a text begin."""
    if kind.unit == "characters":
        return list(range(0, len(text), length))
    if kind.unit == "words":
        return [0, *[match.start() for match in WORD_PATTERN.finditer(text)][length::length]]
    chunks = _CHUNK.findall(text)
    unique_chunks = list(dict.fromkeys(chunks))
    tokens = subwords.encode(
        kind.tokenizer, [c.lower() if kind.lower else c for c in unique_chunks]
    )
    sizes = dict(zip(unique_chunks, map(len, tokens), strict=True))
    starts, position, token_count = [0], 0, 0
    for chunk in chunks:
        if token_count and token_count + sizes[chunk] > length:
            starts.append(position)
            token_count = 0
        token_count += sizes[chunk]
        position += len(chunk)
    return starts
