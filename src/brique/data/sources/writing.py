"""Writing: long texts, whose examples are consecutive pieces of them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from brique.data.column import MOST_SUBWORDS, Texts
from brique.data.place import Place, content, plain_name
from brique.data.source import Source
from brique.data.sources.shelf import check_train, lines, parted, parts_of, shelf
from brique.data.sources.texts import gathered, is_text
from brique.errors import DataError
from brique.options import Options
from brique.schema import subwords
from brique.schema.texts import WORDS, Text, Unit

_ENDINGS = (".txt", ".text", ".md", ".asc")
_CHUNK = re.compile(r"\s*\S+|\s+$")  # no subword reaches over its ends
_LENGTH = 256
_TEST, _VALID = 0.2, 0.1  # shares: of all, and of what is left


@dataclass(frozen=True)
class _Long:
    """A long text.

    part: in which it is as a whole, or None. test, valid: shares cut from its end: of all, and of
    what is left.
    """

    file: str
    text: str
    part: int | None
    test: float
    valid: float

    @property
    def learnt(self) -> str:
        """The beginning, which is trained on."""
        share = 0 if self.part else (1 - self.test) * (1 - self.valid)
        return self.text[: int(len(self.text) * share)]

    def sides(self, n: int) -> list[int]:
        """Return the part of each of its n pieces."""
        if self.part:
            return [self.part] * n
        tests = round(n * self.test)
        valids = round((n - tests) * self.valid)
        return [0] * (n - tests - valids) + [1] * valids + [2] * tests


KIND: str = "writing"
USES: frozenset[str] = frozenset({"test", "unit", "lower", "length"})


def fits(place: Place) -> bool:
    """Tell whether a place is a text, or a folder of nothing but texts."""
    if place.is_dir() and len([entry for entry in place.iterdir() if entry.is_dir()]) > 1:
        return False
    beside = shelf(place)
    return bool(beside) and all(
        (plain_name(file).endswith(_ENDINGS) or not file.suffix) and is_text(file)
        for file in beside
    )


def read(name: str, place: Place, asked: Options) -> Source:
    """Return consecutive pieces of a text, or of each text of a folder.

    Joined they are the text again. Nothing is drawn, as neighbours would tell of each other: the
    last fifth of each text is test, and the tenth before it valid, unless files are named train,
    valid and test.
    unit: by default characters. length: of a piece, in units, by default 256; a piece of subwords
    ends where a word does, and may be shorter. test: another text, the test part.
    Raises DataError where there is no text.
    """
    unit: Unit = asked.unit or "characters"  # pyright: ignore[reportAssignmentType] - checked below
    length = _LENGTH if asked.length is None else asked.length
    if length < 1:
        raise DataError(f"{name}: length must be 1 or more {unit}, got {length}; pass a number")
    source = Source(name, {}, is_final=True)
    found = _texts(source, place, asked)
    kind = Text((), unit) if unit != "subwords" else _fitted(found, lower=asked.lower)
    pieces: list[str] = []
    parts: list[int | None] = []
    called: list[str] = []
    for one in found:
        starts = _starts(one.text, kind, length)
        pieces += [one.text[start:end] for start, end in pairwise([*starts, len(one.text)])]
        parts += one.sides(len(starts))
        called += [f"{one.file}, from character {start + 1:,}" for start in starts]
    check_train(source, parts)
    source.fields = {"text": Texts(pieces, unit, asked.lower)}
    source.part, source.names = parts_of(parts), called
    source.findings = gathered(source.findings)
    source.notes.append(
        f"{name}: cut into {len(pieces):,} consecutive pieces of {length:,} {unit}; parts are taken"
        " by place in the text, train first and test last."
    )
    return source


def _texts(source: Source, place: Place, asked: Options) -> list[_Long]:
    """Return the texts of a place. Raises DataError where the only one cannot be read."""
    files = parted(source, shelf(place), asked.test)
    given = {part for _, part in files}
    test, valid = (0.0 if 2 in given else _TEST), (0.0 if 1 in given else _VALID)
    found: list[_Long] = []
    for file, part in files:
        try:
            text = "\n".join(lines(file, source))
        except DataError as error:
            if len(files) == 1:
                raise
            source.skipped.append((file.name, str(error).removeprefix(f"{file.name}: ")))
            continue
        text += "\n" if content(file).endswith(b"\n") else ""
        found.append(_Long(file.name, text, part, test, valid))
    return [one for one in found if one.text]


def _fitted(found: Sequence[_Long], *, lower: bool) -> Text:
    """Return subwords as the column will fit them on the training pieces."""
    learnt = (one.learnt.lower() if lower else one.learnt for one in found)
    vocabulary, merges = subwords.fit(learnt, MOST_SUBWORDS, 2)
    return Text(vocabulary, "subwords", lower, merges)


def _starts(text: str, kind: Text, length: int) -> list[int]:
    """Return where the pieces of a text begin."""
    if kind.unit == "characters":
        return list(range(0, len(text), length))
    if kind.unit == "words":
        return [0, *[match.start() for match in WORDS.finditer(text)][length::length]]
    chunks = _CHUNK.findall(text)
    known = list(dict.fromkeys(chunks))
    cut = subwords.numbers(kind.cutter, [c.lower() if kind.lower else c for c in known])
    sizes = dict(zip(known, map(len, cut), strict=True))
    starts, at, held = [0], 0, 0
    for chunk in chunks:
        if held and held + sizes[chunk] > length:
            starts.append(at)
            held = 0
        held += sizes[chunk]
        at += len(chunk)
    return starts
