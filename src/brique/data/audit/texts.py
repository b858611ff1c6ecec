"""Audit of texts: empty, long or broken ones, unknown words, near copies, doubtful classes."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from brique.data.audit import doubt, reading
from brique.data.audit.seen import Seen
from brique.data.column import Texts
from brique.data.finding import Finding, Severity
from brique.data.nearness import near_pairs
from brique.data.ragged import Ragged
from brique.data.source import PARTS
from brique.schema import Text

_LONG, _TIMES = 512, 8  # pieces, and times as long as the median, from which a text is very long
_UNKNOWN = 0.05  # share of unknown pieces in test that is worth a word
_SERIOUS = 0.01  # share of a test part that near copies must reach to be an error
_DOUBTFUL, _SURE = 0.05, 0.5  # most chance of the label, least of another class, to the reader
_MANY = 0.01  # share of doubted labels from which more than hard examples must be among them
_LEAST = 50  # examples below which no reader is asked
_SHOWN = 60  # letters of a text that is quoted
_SUSPECT = re.compile(  # how UTF-8 looks that was read as Windows-1252
    "[\u00c2\u00c3\u00d0][^\x00-\x7f]|\u00ef\u00bb\u00bf"
    "|\u00e2[\u20ac\u201e\u2020\u02c6][^\x00-\x7f]"
)


@dataclass(frozen=True)
class _Field:
    """An input field of texts: its name, kind, column and numbers."""

    name: str
    kind: Text
    column: Texts
    numbers: Ragged

    def quoted(self, row: int) -> str:
        """Return the beginning of a text, on one line."""
        said = " ".join(self.column.said(row).split())
        return said if len(said) <= _SHOWN else f"{said[: _SHOWN - 3]}..."


def findings(seen: Seen) -> Iterable[Finding]:
    """Return what is odd about the texts of input fields."""
    fields = list(_fields(seen))
    for field in fields:
        yield from _empty(seen, field)
        yield from _long(seen, field)
        yield from _broken(seen, field)
        yield from _unknown(seen, field)
    inputs = set(seen.kinds) - set(seen.source.targets)
    if len(fields) == 1 == len(inputs) and seen.source.targets:
        yield from _near(seen)
        yield from _doubtful(seen, fields[0])


def _fields(seen: Seen) -> Iterable[_Field]:
    for name, kind in seen.kinds.items():
        column, numbers = seen.source.fields[name], seen.fields[name]
        if name in seen.source.targets or not isinstance(kind, Text):
            continue
        if isinstance(column, Texts) and isinstance(numbers, Ragged):
            yield _Field(name, kind, column, numbers)


def _empty(seen: Seen, field: _Field) -> Iterable[Finding]:
    rows = (field.numbers.lengths == 0).nonzero().flatten().tolist()
    if rows:
        yield Finding(
            "empty text",
            "warning",
            None,
            tuple((seen.name(row),) for row in rows),
            len(rows),
            f"{_of(len(rows), len(field.column))} of {field.name} {_have(len(rows))} nothing to"
            " read: whatever is answered to them is a guess.",
            "Remove them, or look whether their source is damaged.",
        )


def _long(seen: Seen, field: _Field) -> Iterable[Finding]:
    lengths = field.numbers.lengths.numpy()
    least = max(_LONG, _TIMES * float(np.median(lengths)))
    rows = np.flatnonzero(lengths > least)
    if len(rows):
        rows = rows[np.argsort(-lengths[rows], kind="stable")].tolist()
        yield Finding(
            "long text",
            "note",
            None,
            tuple((seen.name(row), f"{lengths[row]:,}") for row in rows),
            len(rows),
            f"{_of(len(rows), len(lengths))} of {field.name} {_have(len(rows))} more than"
            f" {int(least):,} {field.kind.unit}, while the median has {int(np.median(lengths)):,}:"
            " a batch takes the memory of its longest.",
            "Cut them, if their beginning says enough; or leave them.",
        )


def _broken(seen: Seen, field: _Field) -> Iterable[Finding]:
    found: list[tuple[str, ...]] = []
    for row in range(len(field.column)):
        said = field.column.said(row)
        if not said.isascii() and (sign := _broken_at(said)) is not None:
            found.append((seen.name(row), *sign))
    if found:
        yield Finding(
            "broken letters",
            "warning",
            None,
            tuple(found),
            len(found),
            f"{_of(len(found), len(field.column))} of {field.name} {_have(len(found))} letters that"
            " were read in the wrong encoding: the example, what stands there, and what was meant"
            " (? where it is lost).",
            "Read the source again in its own encoding, and save it as UTF-8.",
        )


def _broken_at(text: str) -> tuple[str, str] | None:
    """Return broken letters of a text and what was meant, or None."""
    if "\ufffd" in text:
        at = text.index("\ufffd")
        return text[max(0, at - 8) : at + 9], "?"
    for match in _SUSPECT.finditer(text):
        for encoding in ("cp1252", "latin-1"):
            try:
                return match[0], match[0].encode(encoding).decode("utf-8")
            except UnicodeError:
                continue
    return None


def _unknown(seen: Seen, field: _Field) -> Iterable[Finding]:
    lengths = field.numbers.lengths.numpy()
    part = np.repeat(seen.part, lengths)
    is_unknown = field.kind.is_unknown(field.numbers.values).numpy()
    in_test, total = int((is_unknown & (part == 2)).sum()), int((part == 2).sum())
    if not total or in_test < _UNKNOWN * total:
        return
    owner = np.repeat(np.arange(len(lengths)), lengths)
    rows = np.unique(owner[is_unknown & (part == 2)]).tolist()
    known = set(field.kind.vocabulary)
    pieces = (p for row in rows for p in field.kind.pieces(field.column.texts[row]))
    counts = Counter(piece for piece in pieces if piece not in known).most_common(20)
    told = "knows of them how they end" if field.kind.endings else "cannot tell them apart"
    yield Finding(
        "unknown pieces",
        "note",
        "test",
        tuple((piece, str(n)) for piece, n in counts),
        in_test,
        f"{in_test / total:.1%} of the {field.kind.unit} of {field.name} in test are not in the"
        f" vocabulary of train: a net {told}. The commonest are listed.",
        "Nothing, if new texts will be so too; else add training texts, or cut into subwords"
        " (--unit subwords) or small letters (--lower).",
    )


def _near(seen: Seen) -> Iterable[Finding]:
    """Yield near copies: all but case, blanks and marks, or most runs of three words, are equal."""
    pairs = near_pairs(seen.source)
    pairs = pairs[seen.digests[pairs[:, 0]] != seen.digests[pairs[:, 1]]]
    order = np.argsort(seen.part[pairs], axis=1, kind="stable")
    pairs = np.take_along_axis(pairs, order, 1)
    a, b = seen.part[pairs].T
    for place in (2, 1):
        yield from _leaked(seen, pairs[(a != b) & (b == place)], place)
    for place in range(len(PARTS)):
        yield from _within(seen, pairs[(a == place) & (b == place)], place)
    if seen.labels is not None:
        differ = seen.labels[pairs[:, 0]] != seen.labels[pairs[:, 1]]
        yield from _contradictory(seen, pairs[differ])


def _leaked(seen: Seen, pairs: np.ndarray, place: int) -> Iterable[Finding]:
    n, whole = len(np.unique(pairs[:, 1])), int((seen.part == place).sum())
    if not n:
        return
    telling = sum(not seen.is_short(row) for row in np.unique(pairs[:, 1]).tolist())
    severity: Severity = "error" if place == 2 and telling >= _SERIOUS * whole else "warning"
    are = "is" if n == 1 else "are"
    yield Finding(
        "nearly leaked",
        severity,
        PARTS[place],
        _named(seen, pairs),
        len(pairs),
        f"{n:,} of {whole:,} {PARTS[place]} examples {are} nearly the same text (but for case,"
        f" blanks, marks or a few words) as one in another part: what is reached on {PARTS[place]}"
        f" may be too good by up to {n / whole:.2%}.",
        f"Look at the pairs; remove copies from {PARTS[place]}, or what they copy from the other"
        " part.",
    )


def _within(seen: Seen, pairs: np.ndarray, place: int) -> Iterable[Finding]:
    if len(pairs):
        are = "1 pair of texts is" if len(pairs) == 1 else f"{len(pairs):,} pairs of texts are"
        yield Finding(
            "nearly duplicate",
            "note" if place == 0 else "warning",
            PARTS[place],
            _named(seen, pairs),
            len(pairs),
            f"{are} nearly the same (but for case, blanks, marks or a few words) in"
            f" {PARTS[place]}: they count several times.",
            "Look at the pairs; keep one of each where they are copies.",
        )


def _contradictory(seen: Seen, pairs: np.ndarray) -> Iterable[Finding]:
    if len(pairs):
        have = "1 pair of nearly equal texts has" if len(pairs) == 1 else (
            f"{len(pairs):,} pairs of nearly equal texts have"
        )  # fmt: skip
        yield Finding(
            "contradictory",
            "warning",
            None,
            tuple(
                tuple(f"{seen.name(row)} ({seen.class_of(row)})" for row in pair)
                for pair in pairs.tolist()
            ),
            len(pairs),
            f"{have} different labels: one of each is wrong, or the few words decide.",
            "Look at each; correct the label, or remove both.",
        )


def _doubtful(seen: Seen, field: _Field) -> Iterable[Finding]:
    """Yield the examples whose class a cheap reader, who has not seen them, does not believe."""
    if seen.labels is None or len(seen.labels) < _LEAST or len(seen.classes) < 2:
        return
    said = reading.read(field.column, seen.labels, seen.digests, field.kind.unit)
    labels = seen.labels[said.rows]
    own = said.probabilities[np.arange(len(labels)), labels]
    best, sure = said.probabilities.argmax(1), said.probabilities.max(1)
    places = np.flatnonzero((own < _DOUBTFUL) & (sure >= _SURE))
    accuracy = float((best == labels).mean())
    if not len(places) or not doubt.is_heard(accuracy, labels):
        return
    places = places[np.argsort(own[places], kind="stable")].tolist()
    is_sure = doubt.is_heard(accuracy, labels, well=True)
    is_serious = is_sure and len(places) >= _MANY * len(labels)
    rows: Sequence[int] = said.rows.tolist()
    yield Finding(
        "doubtful",
        "warning" if is_serious else "note",
        None,
        tuple(
            (seen.name(rows[i]), seen.class_of(rows[i]), seen.classes[best[i]], f"{sure[i]:.3f}",
             field.quoted(rows[i]))
            for i in places
        ),
        len(places),
        f"A cheap reader of words, which says the label of {accuracy:.1%} of {len(rows):,} examples"
        f" when it has seen others, does not believe {len(places):,} of them: the label is wrong,"
        " or the example is hard. Most doubtful first: the example, its label, what the reader"
        " says, how sure it is, and how the text begins.",
        "Look at the first ones; correct the labels that are wrong, and leave the others.",
    )  # fmt: skip


def _named(seen: Seen, pairs: np.ndarray) -> tuple[tuple[str, ...], ...]:
    return tuple((seen.name(a), seen.name(b)) for a, b in pairs.tolist())


def _of(n: int, total: int) -> str:
    return f"{n:,} of {total:,} texts"


def _have(n: int) -> str:
    return "has" if n == 1 else "have"
