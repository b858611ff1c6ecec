"""Words with tags: CoNLL-U, and files of columns with a blank line between sentences."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch

from brique.data.batch import Values
from brique.data.column import Column, Sequences, Texts
from brique.data.place import Place, plain_name
from brique.data.ragged import Ragged
from brique.data.source import Source
from brique.data.sources.columns import Form, are_tagged, blocks, form_of
from brique.data.sources.shelf import (
    beginning,
    check_train,
    few,
    lines,
    part_of,
    parted,
    parts_of,
    shelf,
)
from brique.errors import DataError, nearest
from brique.options import Options
from brique.schema import Number

KIND: str = "tags"
USES: frozenset[str] = frozenset({"target", "test", "rename", "lower"})

_UNIVERSAL = {"upos": 3, "xpos": 4, "deprel": 7, "head": 6}  # columns of CoNLL-U, from 0
_ENDINGS = (".conllu", ".conll", ".iob", ".iob2", ".bio", ".testa", ".testb")
_UNIVERSALLY = re.compile(r"\s*(#.*\n|\s*\n)*1(-\d+)?\t([^\t\n]*\t){8}[^\t\n]*$", re.MULTILINE)
_LOOKED_AT = 8  # files by whose lines the kind is known


@dataclass
class _Read:
    """Sentences as they were found: a list of words, and for each column a list of values."""

    source: Source
    places: dict[str, int]  # column of each field, from 0
    words: list[list[str]] = field(default_factory=list[list[str]])
    columns: dict[str, list[list[str]]] = field(default_factory=dict[str, list[list[str]]])
    called: list[str] = field(default_factory=list[str])
    parts: list[int | None] = field(default_factory=list[int | None])


def fits(place: Place) -> bool:
    """Tell whether a place holds files named as CoNLL-U or as columns of tags, or lines of such."""
    found = shelf(place, _ENDINGS)
    if found and plain_name(found[0]).endswith(_ENDINGS):
        return True
    beside = shelf(place)
    train = [file for file in beside if part_of(file) == 0] or beside[:_LOOKED_AT]
    return bool(train) and all(_is_tagged(file) for file in train)


def _is_tagged(file: Place) -> bool:
    return bool(_UNIVERSALLY.match(beginning(file))) or are_tagged(file)


def _chosen(place: Place, source: Source) -> list[Place]:
    """Return the files that hold tags; others of which the name tells a part are named."""
    beside = shelf(place)
    named = [file for file in beside if plain_name(file).endswith((*_ENDINGS, ".train"))]
    if not place.is_dir():
        return beside
    tagged = [file for file in beside if file in named or _is_tagged(file)]
    if not tagged:
        return beside
    for file in beside:
        if file not in tagged and part_of(file) is not None and not named:
            source.skipped.append((file.name, "its lines do not hold words with tags"))
    return tagged


def read(name: str, place: Place, asked: Options) -> Source:
    """Return sentences with their tags.

    Fields: `words`, and the target alone, since any other tag would tell of it: in CoNLL-U `upos`,
    by default, `xpos` or `deprel`; for `head` (place of each word's head from 1, 0 at the root)
    both `head` and `deprel`, which are found together. In files of columns, where the first holds
    the word and the last the tag, it is `tag`, or a column by number from 2.
    Lines of several words ("3-4"), of words left out ("5.1") and comments are no words. A sentence
    that cannot be read is left out, and named in `skipped`.
    """
    source = Source(name, {})
    pairs = parted(source, _chosen(place, source), asked.test)
    is_universal = any(_is_universal(file) for file, _ in pairs)
    places = _wanted(name, asked.target, is_universal)
    names = tuple(places)
    found = _Read(source, places, columns={column: [] for column in names})
    for file, part in pairs:
        _sentences(found, file, part, is_universal)
    check_train(source, found.parts)
    source.part = parts_of(found.parts)
    source.names = found.called
    source.targets = names
    words = Texts(found.words, lower=asked.lower, endings=True)
    values: dict[str, Values | Column] = {"words": words}
    for column in names:
        values[column] = _field(found, column, asked)
    source.fields = values
    kinds = {"head": Number(varies=True, whole=True)} if "head" in names else {}
    source.kinds = dict(kinds)
    _say(source, names, is_universal)
    return source


def _is_universal(file: Place) -> bool:
    """Tell whether a file is CoNLL-U, by its name or its first word."""
    return plain_name(file).endswith(".conllu") or bool(_UNIVERSALLY.match(beginning(file)))


def _wanted(name: str, target: str | None, is_universal: bool) -> dict[str, int]:
    """Return the columns, from 0, that become fields. Raises DataError for an unknown target."""
    if not is_universal:
        if target in (None, "tag"):
            return {"tag": -1}
        if str(target).isdecimal() and int(str(target)) > 1:
            return {"tag": int(str(target)) - 1}
        raise DataError(
            f"{name}: target must be tag, the last column, or a number from 2, got '{target}'; "
            "choose one"
        )
    target = target or "upos"
    if target not in _UNIVERSAL:
        raise DataError(
            f"{name}: target must be one of {', '.join(_UNIVERSAL)}, got '{target}'"
            f"{nearest(target, _UNIVERSAL) or '; choose one'}"
        )
    wanted = ("head", "deprel") if target == "head" else (target,)
    return {column: _UNIVERSAL[column] for column in wanted}


def _sentences(found: _Read, file: Place, part: int | None, is_universal: bool) -> None:
    """Add the sentences of a file."""
    try:
        text = lines(file, found.source)
    except DataError as error:
        found.source.skipped.append((file.name, str(error).removeprefix(f"{file.name}: ")))
        return
    form = Form(True, 10, 1, (), frozenset()) if is_universal else form_of(text)
    if form.header:
        found.source.notes.append(f"{file.name}: its first line names the columns.")
    if form.word and not is_universal:
        found.source.notes.append(
            f"{file.name}: its first column counts the words and is left out."
        )
    for start, block in blocks(text):
        try:
            rows = _universal(block) if is_universal else form.rows(start, block)
            if rows:
                _keep(found, rows, form.word)
                found.called.append(f"{file.name}:{start}")
                found.parts.append(part)
        except DataError as error:
            found.source.skipped.append((f"{file.name}:{start}", str(error)))


def _universal(rows: Sequence[str]) -> list[list[str]]:
    """Return the columns of each word of a sentence of CoNLL-U. Raises DataError."""
    cells = [row.split("\t") for row in rows if not row.startswith("#")]
    for row in cells:
        if len(row) != 10:
            raise DataError(
                f"tags: expected 10 columns at '{row[0][:20]}', got {len(row)}; mend it"
            )
    words = [row for row in cells if row[0].isdecimal()]
    for place, row in enumerate(words, 1):
        if int(row[0]) != place:
            raise DataError(f"tags: expected word {place}, got {row[0]}; number the words from 1")
    return words


def _keep(found: _Read, rows: Sequence[Sequence[str]], word: int) -> None:
    """Add a sentence. Raises DataError where it lacks a column."""
    taken: list[list[str]] = []
    for name, place in found.places.items():
        if place >= len(rows[0]):
            raise DataError(
                f"tags: no column {place + 1} among {len(rows[0])}; choose another target"
            )
        taken.append([row[place] for row in rows])
        if name == "head":
            _check_heads(taken[-1])
    found.words.append([row[word] for row in rows])
    for name, values in zip(found.places, taken, strict=True):
        found.columns[name].append(values)


def _check_heads(heads: Sequence[str]) -> None:
    for word, head in enumerate(heads, 1):
        if not head.isdecimal() or int(head) > len(heads):
            raise DataError(
                f"tags: expected a head from 0 to {len(heads)} at word {word}, got '{head}';"
                " mend it"
            )


def _field(found: _Read, column: str, asked: Options) -> Values | Column:
    values = found.columns[column]
    if column == "head":
        lengths = torch.tensor([0, *map(len, values)])
        heads = np.array([int(head) for heads in values for head in heads], dtype=np.int64)
        return Ragged(torch.from_numpy(heads), lengths.cumsum(0))
    if asked.rename:
        values = [[asked.renamed(tag) for tag in tags] for tags in values]
    return Sequences(values, found.called)


def _say(source: Source, names: Sequence[str], is_universal: bool) -> None:
    if source.skipped:
        source.notes.append(
            f"{source.name}: {len(source.skipped):,} sentences or files cannot be read and are left"
            f" out: {few([file for file, _ in source.skipped], 3)}."
        )
    rest = [name for name in _UNIVERSAL if name not in names]
    if is_universal:
        source.notes.append(
            f"{source.name}: the target is {' and '.join(names)}, told from the words alone; "
            f"--target takes {', '.join(rest)}."
        )
