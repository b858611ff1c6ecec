"""Audit of columns: constant, duplicate, missing, coded, out of range, inconsistent spelling."""

import hashlib
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from torch import Tensor

from brique.data.audit import target_leaks
from brique.data.audit.examples import Examples
from brique.data.finding import Finding
from brique.data.raw.column import Column as SourceColumn
from brique.data.raw.source import PARTS
from brique.data.sources.columns.date_patterns import pattern_of
from brique.options import pair_text
from brique.schema import MISSING, Category, Field, Number, Text, Timestamp

_MIN_ROWS = 20  # with fewer rows, columns look odd by chance
_SENTINELS = (-1.0, -9.0, -99.0, -999.0, -9999.0, 99.0, 999.0, 9999.0, 99999.0, 999999.0)
_OUTLIER_DISTANCE = 20.0  # robust standard deviations from the median
_MAX_OUTLIER_SHARE = 0.01  # more values than this are a tail, not outliers
_MAX_ITEMS = 100  # items of a finding
_CODE_NAME = re.compile(
    r"(^|[_ ])(id|ids|code|zip|zipcode|postcode|plz|key)($|[_ ])", re.IGNORECASE
)


@dataclass(frozen=True)
class Column:
    """One single-valued field of all examples.

    values: (N,), float64; NaN is missing, a class is its number.
    """

    name: str
    kind: Field
    values: np.ndarray

    @cached_property
    def present(self) -> np.ndarray:
        """The values that are not missing."""
        return self.values[~np.isnan(self.values)]

    @cached_property
    def distinct(self) -> np.ndarray:
        """The different values, sorted."""
        return np.unique(self.present)

    @property
    def is_integer(self) -> bool:
        """Whether all values are whole numbers."""
        return bool(len(self.present)) and bool((self.present == np.rint(self.present)).all())


def findings(examples: Examples) -> list[Finding]:
    """Return problems in the columns of a table, or in one-dimensional arrays."""
    columns = list(_columns(examples))
    if len(examples.source) < 2 or not columns:
        return []
    inputs = [column for column in columns if column.name not in examples.source.targets]
    varying = [column for column in inputs if len(column.distinct) > 1]
    numbers = [column for column in varying if isinstance(column.kind, Number)]
    target_numbers = [
        column for column in columns
        if column.name in examples.source.targets and isinstance(column.kind, Number)
    ]  # fmt: skip
    return [
        *target_leaks.findings(examples, columns),
        *_constant(inputs),
        *_duplicates(varying),
        *_identifiers(examples, numbers),
        *_codes(numbers),
        *_many_classes(examples, inputs),
        *_dates(examples),
        *_spellings(examples),
        *_outliers(examples, [*numbers, *target_numbers]),
        *_sentinels(examples, numbers),
        *_missing(examples, inputs),
        *_unseen_classes(examples),
    ]


def _columns(examples: Examples) -> Iterator[Column]:
    for name, kind in examples.kinds.items():
        value = examples.fields[name]
        if not isinstance(value, Tensor) or value.ndim != 1:
            continue
        if isinstance(kind, Number | Category | Timestamp):
            values = value.numpy().astype(np.float64)
            if isinstance(kind, Category) and MISSING in kind.names:
                values = np.where(values == kind.names.index(MISSING), np.nan, values)
            yield Column(name, kind, values)


def _constant(inputs: list[Column]) -> Iterator[Finding]:
    names = [
        column.name
        for column in inputs
        if len(column.distinct) == 1 and len(column.present) == len(column.values)
    ]
    if names:
        subject = (
            f"'{names[0]}' has"
            if len(names) == 1
            else f"'{names[0]}' and {len(names) - 1} more have"
        )
        yield Finding(
            "constant", "warning", None, tuple((name,) for name in names), len(names),
            f"{subject} the same value in all rows and carries no information.",
            f"Leave it out: --types '{names[0]}=leave'.",
        )  # fmt: skip


def _duplicates(columns: list[Column]) -> Iterator[Finding]:
    """Yield columns whose values map one to one."""
    groups: dict[bytes, list[str]] = {}
    for column in columns:
        values = column.values
        if 2 * len(column.distinct) <= len(values):  # else any two columns map one to one
            _, first_rows, inverse = np.unique(values, return_index=True, return_inverse=True)
            values = np.argsort(np.argsort(first_rows))[inverse].astype(np.float64)
        groups.setdefault(hashlib.sha256(values.tobytes()).digest(), []).append(column.name)
    for names in groups.values():
        if len(names) > 1:
            joined = "' and '".join(names[:5])
            yield Finding(
                "same columns", "note", None, (tuple(names),), len(names) - 1,
                f"'{joined}' carry the same information: their values map one to one.",
                f"Keep one: --types '{names[1]}=leave'.",
            )  # fmt: skip


def _identifiers(examples: Examples, numbers: list[Column]) -> Iterator[Finding]:
    n = len(examples.source)
    if n < _MIN_ROWS:
        return
    for column in numbers:
        if not column.is_integer or len(column.present) < n or len(column.distinct) < 0.9 * n:
            continue
        steps = np.diff(column.values)
        is_monotonic = bool((steps > 0).all()) or bool((steps < 0).all())
        is_dense = float(np.ptp(column.values)) < 2 * n
        if not (is_monotonic or is_dense or column.distinct[0] >= 10_000):
            continue
        reason = (
            "counts the rows" if is_monotonic else "has a different integer in nearly every row"
        )
        yield Finding(
            "identifier", "warning", None, ((column.name,),), 1,
            f"'{column.name}' {reason}: it looks like an identifier, from which a net would"
            " memorize rows or learn the order of collection.",
            f"Leave it out if it is an identifier: --types '{column.name}=leave'.",
        )  # fmt: skip


def _codes(numbers: list[Column]) -> Iterator[Finding]:
    for column in numbers:
        if column.is_integer and _CODE_NAME.search(column.name):
            yield Finding(
                "numeric code", "note", None, ((column.name,),), 1,
                f"'{column.name}' is read as a number, but its name suggests codes, whose order"
                " has no meaning.",
                f"Read it as a category, or leave it out: --types '{column.name}=category'.",
            )  # fmt: skip


def _many_classes(examples: Examples, inputs: list[Column]) -> Iterator[Finding]:
    n = len(examples.source)
    high_cardinality = [
        (column.name, len(column.distinct))
        for column in inputs
        if isinstance(column.kind, Category) and len(column.distinct) > max(_MIN_ROWS, n / 3)
    ]
    for name, kind in examples.kinds.items():
        if isinstance(kind, Text) and name not in examples.source.targets and n >= _MIN_ROWS:
            texts = _texts(examples, name)
            if len(set(texts)) > 0.9 * n and all(" " not in text for text in texts):
                high_cardinality.append((name, len(set(texts))))
    for name, count in high_cardinality:
        yield Finding(
            "many classes", "warning", None, ((name,),), 1,
            f"'{name}' has {count:,} distinct values in {n:,} rows, too many to learn from, like a"
            " name or an identifier.",
            f"Leave it out, or merge values that belong together: --types '{name}=leave'.",
        )  # fmt: skip


def _texts(examples: Examples, name: str) -> list[str]:
    """Return the values of a source column as texts; [] for other fields."""
    column = examples.source.fields[name]
    return (
        [column.text(row) for row in range(len(column))] if isinstance(column, SourceColumn) else []
    )


def _dates(examples: Examples) -> Iterator[Finding]:
    """Yield columns of texts or classes that are mostly dates."""
    for name, kind in examples.kinds.items():
        if not isinstance(kind, Text | Category):
            continue
        names = kind.names if isinstance(kind, Category) else _texts(examples, name)
        sample = [text for text in dict.fromkeys(names) if text and text != MISSING][:200]
        dates = [text for text in sample if pattern_of([text]) is not None]
        if len(sample) > 1 and 2 * len(dates) > len(sample):
            yield Finding(
                "date as text", "warning", None, ((name, dates[0]),), 1,
                f"'{name}' holds dates such as {dates[0]}, but in mixed formats, so it is read as"
                f" {'classes' if isinstance(kind, Category) else 'text'} and their order is lost.",
                f"Write all dates as 2024-03-01 and use --types '{name}=timestamp'.",
            )  # fmt: skip


def _spellings(examples: Examples) -> Iterator[Finding]:
    for name, kind in examples.kinds.items():
        if not isinstance(kind, Category):
            continue
        by_spelling: dict[str, list[str]] = {}
        for class_name in kind.names:
            normalized = re.sub(
                "[\u200b-\u200f\u2060\ufeff\xad]", "", unicodedata.normalize("NFKC", class_name)
            )
            spaced = re.sub(
                r"[_\s]+|-(?!\d)", " ", normalized.casefold()
            )  # the minus of a number stays
            by_spelling.setdefault(" ".join(spaced.split()).strip(" .:;,'\""), []).append(
                class_name
            )
        groups = [
            tuple(names)
            for normalized, names in by_spelling.items()
            if len(names) > 1 and normalized
        ]
        if groups:
            flags = [
                f"--rename '{pair_text(class_name, names[0])}'"
                for names in groups
                for class_name in names[1:]
            ]
            yield Finding(
                "spelling", "warning", None, tuple(groups[:_MAX_ITEMS]), len(groups),
                f"'{name}' has classes that differ only in case, spaces, punctuation or invisible"
                f" characters, such as {_quoted(groups[0][0])} and {_quoted(groups[0][1])}; they"
                " count as different classes.",
                f"Merge the same classes: {' '.join(flags[:10])}.",
            )  # fmt: skip


def _quoted(name: str) -> str:
    """Return a name in quotes, with invisible characters escaped."""
    return (
        ascii(name)
        if re.search(r"[^\S ]|[\u0300-\u036f\u200b-\u200f\u2060\ufeff\xad]", name)
        else f"'{name}'"
    )


def _outliers(examples: Examples, numbers: list[Column]) -> Iterator[Finding]:
    """Yield values far from the others, by the median and the median distance from it.

    Source: Hampel 1974, "The influence curve and its role in robust estimation".
    """
    outliers: list[tuple[float, int, Column]] = []
    for column in numbers:
        median = np.median(column.present)
        scale = 1.4826 * float(np.median(np.abs(column.present - median)))
        if not scale or len(column.present) < _MIN_ROWS:
            continue
        distance = np.abs(column.values - median) / scale
        rows = np.flatnonzero(distance > _OUTLIER_DISTANCE)
        if len(rows) <= _MAX_OUTLIER_SHARE * len(column.present):
            outliers += [(float(distance[row]), row, column) for row in rows.tolist()]
    outliers.sort(key=lambda outlier: -outlier[0])
    if outliers:
        ratio, row, column = outliers[0]
        yield Finding(
            "out of range", "note", None,
            tuple(item for _, row, column in outliers[:_MAX_ITEMS]
                  for item in _items(examples, column, [row])),
            len(outliers),
            f"{len(outliers):,} {'number lies' if len(outliers) == 1 else 'numbers lie'} more than"
            f" {_OUTLIER_DISTANCE:g} robust standard deviations from the median of the column; the"
            f" farthest is {column.values[row]:g} in '{column.name}', at {ratio:,.0f}.",
            "Check whether they are real, typos, or in another unit.",
        )  # fmt: skip


def _sentinels(examples: Examples, numbers: list[Column]) -> Iterator[Finding]:
    """Yield numbers such as -999 that stand apart and may mean that a value is missing."""
    for column in numbers:
        distinct = column.distinct
        if len(distinct) < 4 or len(column.present) < _MIN_ROWS:
            continue
        for value, others in ((distinct[0], distinct[1:]), (distinct[-1], distinct[:-1])):
            gap = float(np.abs(others - value).min())
            rows = np.flatnonzero(column.values == value)
            stands_apart = gap > 0.5 * float(np.ptp(others)) and gap > 1
            if float(value) in _SENTINELS and stands_apart and len(rows) > 1:
                yield Finding(
                    "sentinel", "warning", None, _items(examples, column, rows), len(rows),
                    f"'{column.name}' is {value:g} in {len(rows):,} rows, far from all other"
                    " values: it may mark a missing or clipped value.",
                    "If these values are missing, leave their cells empty.",
                )  # fmt: skip


def _missing(examples: Examples, inputs: list[Column]) -> Iterator[Finding]:
    shares = [(item, float(np.isnan(item.values).mean())) for item in inputs]
    shares = sorted((pair for pair in shares if pair[1]), key=lambda pair: -pair[1])
    if shares:
        name, max_share = shares[0][0].name, shares[0][1]
        yield Finding(
            "missing values", "warning" if max_share > 0.5 else "note", None,
            tuple((item.name, f"{share:.1%}") for item, share in shares), len(shares),
            f"{len(shares)} {'column has' if len(shares) == 1 else 'columns have'} missing"
            f" values, most of all '{name}' ({max_share:.1%}).",
            "Fill them in where possible; the net gets a flag for each missing value.",
        )  # fmt: skip
    for column, _ in shares:
        is_missing = np.isnan(column.values)
        rates = [
            float(is_missing[examples.part == part].mean())
            for part in (0, 2)
            if (examples.part == part).any()
        ]
        if len(rates) == 2 and abs(rates[0] - rates[1]) > 0.1:
            yield Finding(
                "missing differs", "warning", "test", ((column.name,),), 1,
                f"'{column.name}' is missing in {rates[0]:.0%} of train and {rates[1]:.0%} of"
                " test: the two were not collected in the same way.",
                "Find out why; leave the column out if it is unknown at prediction time.",
            )  # fmt: skip


def _unseen_classes(examples: Examples) -> Iterator[Finding]:
    """Yield input classes in valid or test that are not in train."""
    for name, kind in examples.kinds.items():
        value = examples.fields[name]
        if not isinstance(kind, Category) or not kind.has_other or not isinstance(value, Tensor):
            continue
        rows = np.flatnonzero(value.numpy() == len(kind.names))
        if len(rows):
            texts = _texts(examples, name)
            items = tuple(
                (examples.name(row), texts[row] if texts else "")
                for row in rows[:_MAX_ITEMS].tolist()
            )
            parts = ", ".join(sorted({PARTS[part] for part in examples.part[rows].tolist()}))
            yield Finding(
                "unseen class", "note", None, items, len(rows),
                f"'{name}' has classes in {parts} that are not in train, in {len(rows):,} rows;"
                " they count as 'other'.",
                "Nothing, if new data will have them too; otherwise add examples of them to train.",
            )  # fmt: skip


def _items(
    examples: Examples, column: Column, rows: np.ndarray | list[int]
) -> tuple[tuple[str, ...], ...]:
    return tuple(
        (examples.name(row), column.name, f"{column.values[row]:.15g}")
        for row in np.asarray(rows)[:_MAX_ITEMS].tolist()
    )
