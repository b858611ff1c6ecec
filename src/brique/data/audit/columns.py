"""Audit of columns: constant, copied, missing, coded, out of range, spelled in two ways."""

import hashlib
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from torch import Tensor

from brique.data.audit import goals
from brique.data.audit.seen import Seen
from brique.data.column import Column as Given
from brique.data.finding import Finding
from brique.data.source import PARTS
from brique.data.sources.patterns import pattern_of
from brique.schema import MISSING, Category, Field, Moment, Number, Text

_LEAST = 20  # rows below which chance alone makes columns look odd
_SENTINELS = (-1.0, -9.0, -99.0, -999.0, -9999.0, 99.0, 999.0, 9999.0, 99999.0, 999999.0)
_FAR = 20.0  # robust spreads from the median, from which a value is looked at
_RARE = 0.01  # share of values above which they are no outliers but a tail
_MANY = 100  # items that are named
_CODE = re.compile(r"(^|[_ ])(id|ids|code|zip|zipcode|postcode|plz|key)($|[_ ])", re.IGNORECASE)


@dataclass(frozen=True)
class Column:
    """One single-valued field of all examples.

    values: (N,), float64; NaN is missing, a class is its number.
    """

    name: str
    kind: Field
    values: np.ndarray

    @cached_property
    def known(self) -> np.ndarray:
        """The values that are not missing."""
        return self.values[~np.isnan(self.values)]

    @cached_property
    def distinct(self) -> np.ndarray:
        """The different values, sorted."""
        return np.unique(self.known)

    @property
    def is_whole(self) -> bool:
        """Whether all values are whole numbers."""
        return bool(len(self.known)) and bool((self.known == np.rint(self.known)).all())


def findings(seen: Seen) -> list[Finding]:
    """Return what is odd about the columns of a table, or of arrays."""
    columns = list(_columns(seen))
    if len(seen.source) < 2 or not columns:
        return []
    inputs = [column for column in columns if column.name not in seen.source.targets]
    varied = [column for column in inputs if len(column.distinct) > 1]
    numbers = [column for column in varied if isinstance(column.kind, Number)]
    goal_numbers = [
        column for column in columns
        if column.name in seen.source.targets and isinstance(column.kind, Number)
    ]  # fmt: skip
    return [
        *goals.findings(seen, columns),
        *_constant(inputs),
        *_same(varied),
        *_identifiers(seen, numbers),
        *_codes(numbers),
        *_many_classes(seen, inputs),
        *_dates(seen),
        *_spellings(seen),
        *_far(seen, [*numbers, *goal_numbers]),
        *_sentinels(seen, numbers),
        *_missing(seen, inputs),
        *_unseen(seen),
    ]


def _columns(seen: Seen) -> Iterator[Column]:
    for name, kind in seen.kinds.items():
        value = seen.fields[name]
        if not isinstance(value, Tensor) or value.ndim != 1:
            continue
        if isinstance(kind, Number | Category | Moment):
            values = value.numpy().astype(np.float64)
            if isinstance(kind, Category) and MISSING in kind.names:
                values = np.where(values == kind.names.index(MISSING), np.nan, values)
            yield Column(name, kind, values)


def _constant(inputs: list[Column]) -> Iterator[Finding]:
    names = [
        column.name
        for column in inputs
        if len(column.distinct) == 1 and len(column.known) == len(column.values)
    ]
    if names:
        has = (
            f"'{names[0]}' has"
            if len(names) == 1
            else f"'{names[0]}' and {len(names) - 1} more have"
        )
        yield Finding(
            "constant", "warning", None, tuple((name,) for name in names), len(names),
            f"{has} one value in all rows, so nothing can be learnt from it.",
            f"Leave it out: --types '{names[0]}=leave'.",
        )  # fmt: skip


def _same(columns: list[Column]) -> Iterator[Finding]:
    """Yield columns that say the same, under whatever names of values."""
    found: dict[bytes, list[str]] = {}
    for column in columns:
        values = column.values
        if 2 * len(column.distinct) <= len(values):  # else any two go one with one
            _, first, places = np.unique(values, return_index=True, return_inverse=True)
            values = np.argsort(np.argsort(first))[places].astype(np.float64)
        found.setdefault(hashlib.sha256(values.tobytes()).digest(), []).append(column.name)
    for names in found.values():
        if len(names) > 1:
            said = "' and '".join(names[:5])
            yield Finding(
                "same columns", "note", None, (tuple(names),), len(names) - 1,
                f"'{said}' say the same of each row: each"
                " value of one goes with one value of the other.",
                f"Keep one: --types '{names[1]}=leave'.",
            )  # fmt: skip


def _identifiers(seen: Seen, numbers: list[Column]) -> Iterator[Finding]:
    n = len(seen.source)
    if n < _LEAST:
        return
    for column in numbers:
        if not column.is_whole or len(column.known) < n or len(column.distinct) < 0.9 * n:
            continue
        steps = np.diff(column.values)
        counts = bool((steps > 0).all()) or bool((steps < 0).all())
        is_dense = float(np.ptp(column.values)) < 2 * n
        if not (counts or is_dense or column.distinct[0] >= 10_000):
            continue
        how = "counts the rows" if counts else "has another whole number in nearly each row"
        yield Finding(
            "identifier", "warning", None, ((column.name,),), 1,
            f"'{column.name}' {how}: it looks like an identifier, by which a net learns rows by"
            " heart, or the order in which they were gathered.",
            f"Leave it out if it is one: --types '{column.name}=leave'.",
        )  # fmt: skip


def _codes(numbers: list[Column]) -> Iterator[Finding]:
    for column in numbers:
        if column.is_whole and _CODE.search(column.name):
            yield Finding(
                "code", "note", None, ((column.name,),), 1,
                f"'{column.name}' is taken for numbers, but by its name it holds codes, of which"
                " one is not more than another.",
                f"Take it for classes, or leave it out: --types '{column.name}=category'.",
            )  # fmt: skip


def _many_classes(seen: Seen, inputs: list[Column]) -> Iterator[Finding]:
    n = len(seen.source)
    found = [
        (one.name, len(one.distinct))
        for one in inputs
        if isinstance(one.kind, Category) and len(one.distinct) > max(_LEAST, n / 3)
    ]
    for name, kind in seen.kinds.items():
        if isinstance(kind, Text) and name not in seen.source.targets and n >= _LEAST:
            texts = _texts(seen, name)
            if len(set(texts)) > 0.9 * n and all(" " not in text for text in texts):
                found.append((name, len(set(texts))))
    for name, count in found:
        yield Finding(
            "many classes", "warning", None, ((name,),), 1,
            f"'{name}' has {count:,} different values in {n:,} rows: there is hardly one to learn"
            " from for each, as with a name or an identifier.",
            f"Leave it out, or join values that belong together: --types '{name}=leave'.",
        )  # fmt: skip


def _texts(seen: Seen, name: str) -> list[str]:
    """Return what a field's values are as a person writes them; for fields of the source alone."""
    column = seen.source.fields[name]
    return [column.said(row) for row in range(len(column))] if isinstance(column, Given) else []


def _dates(seen: Seen) -> Iterator[Finding]:
    """Yield columns of texts or classes most of which are dates."""
    for name, kind in seen.kinds.items():
        if not isinstance(kind, Text | Category):
            continue
        names = kind.names if isinstance(kind, Category) else _texts(seen, name)
        sample = [text for text in dict.fromkeys(names) if text and text != MISSING][:200]
        dated = [text for text in sample if pattern_of([text]) is not None]
        if len(sample) > 1 and 2 * len(dated) > len(sample):
            yield Finding(
                "date as text", "warning", None, ((name, dated[0]),), 1,
                f"'{name}' holds dates such as {dated[0]}, and is taken for"
                f" {'classes' if isinstance(kind, Category) else 'texts'}, as not all are written"
                " in one way: their order is lost.",
                f"Write all as 2024-03-01, then they are moments: --types '{name}=moment'.",
            )  # fmt: skip


def _spellings(seen: Seen) -> Iterator[Finding]:
    for name, kind in seen.kinds.items():
        if not isinstance(kind, Category):
            continue
        alike: dict[str, list[str]] = {}
        for one in kind.names:
            plain = re.sub(
                "[\u200b-\u200f\u2060\ufeff\xad]", "", unicodedata.normalize("NFKC", one)
            )
            words = re.sub(r"[_\s]+|-(?!\d)", " ", plain.casefold())  # the minus of a number stays
            alike.setdefault(" ".join(words.split()).strip(" .:;,'\""), []).append(one)
        groups = [tuple(names) for plain, names in alike.items() if len(names) > 1 and plain]
        if groups:
            flags = [f"--rename '{one}={names[0]}'" for names in groups for one in names[1:]]
            yield Finding(
                "spelling", "warning", None, tuple(groups[:_MANY]), len(groups),
                f"'{name}' has classes that differ in case, blanks or dots alone, or in signs that"
                f" cannot be seen, such as {_seen(groups[0][0])} and {_seen(groups[0][1])}: they"
                " count as different.",
                f"Join those that are one: {' '.join(flags[:10])}.",
            )  # fmt: skip


def _seen(name: str) -> str:
    """Return a name between quotes, with what cannot be seen in it as its number."""
    return (
        ascii(name)
        if re.search(r"[^\S ]|[\u0300-\u036f\u200b-\u200f\u2060\ufeff\xad]", name)
        else f"'{name}'"
    )


def _far(seen: Seen, numbers: list[Column]) -> Iterator[Finding]:
    """Yield values far from the others, by the median and the median distance from it.

    Source: Hampel 1974, "The influence curve and its role in robust estimation".
    """
    found: list[tuple[float, int, Column]] = []
    for column in numbers:
        middle = np.median(column.known)
        spread = 1.4826 * float(np.median(np.abs(column.known - middle)))
        if not spread or len(column.known) < _LEAST:
            continue
        distance = np.abs(column.values - middle) / spread
        rows = np.flatnonzero(distance > _FAR)
        if len(rows) <= _RARE * len(column.known):
            found += [(float(distance[row]), row, column) for row in rows.tolist()]
    found.sort(key=lambda one: -one[0])
    if found:
        times, row, column = found[0]
        yield Finding(
            "out of range", "note", None,
            tuple(item for _, row, column in found[:_MANY] for item in _items(seen, column, [row])),
            len(found),
            f"{len(found):,} {'number is' if len(found) == 1 else 'numbers are'} more than"
            f" {_FAR:g} times as far from the median of the column as is usual; the farthest,"
            f" {column.values[row]:g} of '{column.name}', {times:,.0f} times.",
            "Look whether they are true, slips of the pen, or another unit.",
        )  # fmt: skip


def _sentinels(seen: Seen, numbers: list[Column]) -> Iterator[Finding]:
    """Yield numbers such as -999 that stand apart and may mean that a value is missing."""
    for column in numbers:
        distinct = column.distinct
        if len(distinct) < 4 or len(column.known) < _LEAST:
            continue
        for value, rest in ((distinct[0], distinct[1:]), (distinct[-1], distinct[:-1])):
            gap = float(np.abs(rest - value).min())
            rows = np.flatnonzero(column.values == value)
            stands_apart = gap > 0.5 * float(np.ptp(rest)) and gap > 1
            if float(value) in _SENTINELS and stands_apart and len(rows) > 1:
                yield Finding(
                    "sentinel", "warning", None, _items(seen, column, rows), len(rows),
                    f"'{column.name}' is {value:g} in {len(rows):,} rows, far from all other"
                    " values: it may stand for a missing or a cut one.",
                    "Leave such cells empty if they are missing: then they count as missing.",
                )  # fmt: skip


def _missing(seen: Seen, inputs: list[Column]) -> Iterator[Finding]:
    shares = [(one, float(np.isnan(one.values).mean())) for one in inputs]
    shares = sorted((pair for pair in shares if pair[1]), key=lambda pair: -pair[1])
    if shares:
        name, most = shares[0][0].name, shares[0][1]
        yield Finding(
            "missing values", "warning" if most > 0.5 else "note", None,
            tuple((one.name, f"{share:.1%}") for one, share in shares), len(shares),
            f"{len(shares)} {'column lacks' if len(shares) == 1 else 'columns lack'} values, most"
            f" of all '{name}' ({most:.1%}).",
            "Fill them where that is possible; a net is told which are missing.",
        )  # fmt: skip
    for column, _ in shares:
        lacks = np.isnan(column.values)
        rates = [float(lacks[seen.part == p].mean()) for p in (0, 2) if (seen.part == p).any()]
        if len(rates) == 2 and abs(rates[0] - rates[1]) > 0.1:
            yield Finding(
                "missing differs", "warning", "test", ((column.name,),), 1,
                f"'{column.name}' is missing in {rates[0]:.0%} of train and {rates[1]:.0%} of"
                " test: they were not gathered alike.",
                "Find out why; leave the column out if it cannot be known when it is needed.",
            )  # fmt: skip


def _unseen(seen: Seen) -> Iterator[Finding]:
    """Yield classes of inputs that are in valid or test and not in train."""
    for name, kind in seen.kinds.items():
        value = seen.fields[name]
        if not isinstance(kind, Category) or not kind.others or not isinstance(value, Tensor):
            continue
        rows = np.flatnonzero(value.numpy() == len(kind.names))
        if len(rows):
            texts = _texts(seen, name)
            items = tuple(
                (seen.name(row), texts[row] if texts else "") for row in rows[:_MANY].tolist()
            )
            parts = ", ".join(sorted({PARTS[p] for p in seen.part[rows].tolist()}))
            yield Finding(
                "unseen class", "note", None, items, len(rows),
                f"'{name}' has classes in {parts} that train has not, in {len(rows):,} rows: they"
                " count as 'other'.",
                "Nothing, if that is how it will be; else add examples of them to train.",
            )  # fmt: skip


def _items(seen: Seen, column: Column, rows: np.ndarray | list[int]) -> tuple[tuple[str, ...], ...]:
    return tuple(
        (seen.name(row), column.name, f"{column.values[row]:.15g}")
        for row in np.asarray(rows)[:_MANY].tolist()
    )
