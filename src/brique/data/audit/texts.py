"""Audit of texts: empty, long or garbled ones, unknown tokens, near-duplicates, suspect labels."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from brique.data.audit import picture_classifier, text_classifier
from brique.data.audit.examples import Examples
from brique.data.core.ragged import Ragged
from brique.data.finding import Finding, Severity
from brique.data.raw.column import Texts
from brique.data.raw.source import PARTS
from brique.data.splits.near_pairs import near_pairs
from brique.schema import Text

_MIN_LONG_TOKENS, _LONG_RATIO = 512, 8  # tokens, and times the median, of a very long text
_MIN_UNKNOWN_SHARE = 0.05  # unknown tokens in test, as a share, for a finding
_SERIOUS_SHARE = 0.01  # of the test part, from which near-duplicates are an error
_MAX_LABEL_PROBABILITY = 0.05  # highest predicted probability of a suspect label
_MIN_OTHER_PROBABILITY = 0.5  # lowest predicted probability of another class
_SERIOUS_DOUBT_SHARE = 0.01  # more suspect labels than this are not just hard examples
_MIN_EXAMPLES = 50  # below which no classifier is fitted
_MAX_QUOTED_LETTERS = 60  # of a text that is quoted
_MOJIBAKE = re.compile(  # UTF-8 decoded as Windows-1252
    "[\u00c2\u00c3\u00d0][^\x00-\x7f]|\u00ef\u00bb\u00bf"
    "|\u00e2[\u20ac\u201e\u2020\u02c6][^\x00-\x7f]"
)


@dataclass(frozen=True)
class _Field:
    """An input field of texts: its name, kind, column and token ids."""

    name: str
    kind: Text
    column: Texts
    token_ids: Ragged

    def excerpt(self, row: int) -> str:
        """Return the beginning of a text, on one line."""
        text = " ".join(self.column.text(row).split())
        return text if len(text) <= _MAX_QUOTED_LETTERS else f"{text[: _MAX_QUOTED_LETTERS - 3]}..."


def findings(examples: Examples) -> Iterable[Finding]:
    """Return problems in the texts of input fields."""
    fields = list(_fields(examples))
    for field in fields:
        yield from _empty(examples, field)
        yield from _long(examples, field)
        yield from _mojibake(examples, field)
        yield from _unknown_tokens(examples, field)
    inputs = set(examples.kinds) - set(examples.source.targets)
    if len(fields) == 1 == len(inputs) and examples.source.targets:
        yield from _near_duplicates(examples)
        yield from _suspect_labels(examples, fields[0])


def _fields(examples: Examples) -> Iterable[_Field]:
    for name, kind in examples.kinds.items():
        column, token_ids = examples.source.fields[name], examples.fields[name]
        if name in examples.source.targets or not isinstance(kind, Text):
            continue
        if isinstance(column, Texts) and isinstance(token_ids, Ragged):
            yield _Field(name, kind, column, token_ids)


def _empty(examples: Examples, field: _Field) -> Iterable[Finding]:
    rows = (field.token_ids.lengths == 0).nonzero().flatten().tolist()
    if rows:
        yield Finding(
            "empty text",
            "warning",
            None,
            tuple((examples.name(row),) for row in rows),
            len(rows),
            f"{_count_texts(len(rows), len(field.column))} in {field.name}"
            f" {_verb(len(rows), 'is')} empty: predictions for them are guesses.",
            "Remove them, or check whether their source is damaged.",
        )


def _long(examples: Examples, field: _Field) -> Iterable[Finding]:
    lengths = field.token_ids.lengths.numpy()
    min_length = max(_MIN_LONG_TOKENS, _LONG_RATIO * float(np.median(lengths)))
    rows = np.flatnonzero(lengths > min_length)
    if len(rows):
        rows = rows[np.argsort(-lengths[rows], kind="stable")].tolist()
        yield Finding(
            "long text",
            "note",
            None,
            tuple((examples.name(row), f"{lengths[row]:,}") for row in rows),
            len(rows),
            f"{_count_texts(len(rows), len(lengths))} in {field.name} {_verb(len(rows), 'has')}"
            f" more than {int(min_length):,} {field.kind.unit} (median"
            f" {int(np.median(lengths)):,}): a batch needs as much memory as its longest text.",
            "Truncate them if their beginning is enough, or leave them.",
        )


def _mojibake(examples: Examples, field: _Field) -> Iterable[Finding]:
    items: list[tuple[str, ...]] = []
    for row in range(len(field.column)):
        text = field.column.text(row)
        if not text.isascii() and (match := _find_mojibake(text)) is not None:
            items.append((examples.name(row), *match))
    if items:
        yield Finding(
            "wrong encoding",
            "warning",
            None,
            tuple(items),
            len(items),
            f"{_count_texts(len(items), len(field.column))} in {field.name}"
            f" {_verb(len(items), 'has')} characters decoded with the wrong encoding: example,"
            " characters found, characters meant (? if lost).",
            "Read the source again with its own encoding and save it as UTF-8.",
        )


def _find_mojibake(text: str) -> tuple[str, str] | None:
    """Return garbled characters of a text and what they stand for, or None."""
    if "\ufffd" in text:
        index = text.index("\ufffd")
        return text[max(0, index - 8) : index + 9], "?"
    for match in _MOJIBAKE.finditer(text):
        for encoding in ("cp1252", "latin-1"):
            try:
                return match[0], match[0].encode(encoding).decode("utf-8")
            except UnicodeError:
                continue
    return None


def _unknown_tokens(examples: Examples, field: _Field) -> Iterable[Finding]:
    lengths = field.token_ids.lengths.numpy()
    part = np.repeat(examples.part, lengths)
    is_unknown = field.kind.is_unknown(field.token_ids.values).numpy()
    in_test, total = int((is_unknown & (part == 2)).sum()), int((part == 2).sum())
    if not total or in_test < _MIN_UNKNOWN_SHARE * total:
        return
    row_of_token = np.repeat(np.arange(len(lengths)), lengths)
    rows = np.unique(row_of_token[is_unknown & (part == 2)]).tolist()
    vocabulary = set(field.kind.vocabulary)
    tokens = (p for row in rows for p in field.kind.tokenize(field.column.texts[row]))
    counts = Counter(token for token in tokens if token not in vocabulary).most_common(20)
    consequence = (
        "a net knows only their endings"
        if field.kind.signatures
        else "a net cannot distinguish them"
    )
    yield Finding(
        "unknown tokens",
        "note",
        "test",
        tuple((token, str(count)) for token, count in counts),
        in_test,
        f"{in_test / total:.1%} of the {field.kind.unit} of {field.name} in test are not in the"
        f" training vocabulary: {consequence}. The most common are listed.",
        "Nothing, if new texts will be like these; otherwise add training texts, use subwords"
        " (--unit subwords) or lowercase (--lower).",
    )


def _near_duplicates(examples: Examples) -> Iterable[Finding]:
    """Yield pairs that differ only in case, spaces and punctuation, or share most word triples."""
    pairs = near_pairs(examples.source)
    pairs = pairs[examples.digests[pairs[:, 0]] != examples.digests[pairs[:, 1]]]
    order = np.argsort(examples.part[pairs], axis=1, kind="stable")
    pairs = np.take_along_axis(pairs, order, 1)
    first_part, second_part = examples.part[pairs].T
    for index in (2, 1):
        yield from _leaked(
            examples, pairs[(first_part != second_part) & (second_part == index)], index
        )
    for index in range(len(PARTS)):
        yield from _within(examples, pairs[(first_part == index) & (second_part == index)], index)
    if examples.labels is not None:
        is_contradictory = examples.labels[pairs[:, 0]] != examples.labels[pairs[:, 1]]
        yield from _contradictory(examples, pairs[is_contradictory])


def _leaked(examples: Examples, pairs: np.ndarray, index: int) -> Iterable[Finding]:
    count, total = len(np.unique(pairs[:, 1])), int((examples.part == index).sum())
    if not count:
        return
    num_long = sum(not examples.is_short(row) for row in np.unique(pairs[:, 1]).tolist())
    severity: Severity = "error" if index == 2 and num_long >= _SERIOUS_SHARE * total else "warning"
    verb = "is" if count == 1 else "are"
    yield Finding(
        "nearly leaked",
        severity,
        PARTS[index],
        _named(examples, pairs),
        len(pairs),
        f"{count:,} of {total:,} {PARTS[index]} examples {verb} nearly identical (but for case,"
        f" spaces, punctuation or a few words) to a text in another part: the {PARTS[index]} result"
        f" may be too high by up to {count / total:.2%}.",
        f"Check the pairs; remove copies from {PARTS[index]}, or their originals from the other"
        " part.",
    )


def _within(examples: Examples, pairs: np.ndarray, index: int) -> Iterable[Finding]:
    if len(pairs):
        subject = "1 pair of texts is" if len(pairs) == 1 else f"{len(pairs):,} pairs of texts are"
        yield Finding(
            "nearly duplicate",
            "note" if index == 0 else "warning",
            PARTS[index],
            _named(examples, pairs),
            len(pairs),
            f"{subject} nearly identical (but for case, spaces, punctuation or a few words) in"
            f" {PARTS[index]}: they count several times.",
            "Check the pairs; keep one of each where they are copies.",
        )


def _contradictory(examples: Examples, pairs: np.ndarray) -> Iterable[Finding]:
    if len(pairs):
        subject = "1 pair of nearly equal texts has" if len(pairs) == 1 else (
            f"{len(pairs):,} pairs of nearly equal texts have"
        )  # fmt: skip
        yield Finding(
            "contradictory",
            "warning",
            None,
            tuple(
                tuple(f"{examples.name(row)} ({examples.class_of(row)})" for row in pair)
                for pair in pairs.tolist()
            ),
            len(pairs),
            f"{subject} different labels: one is wrong, or the few different words decide.",
            "Check each pair; correct the label, or remove both.",
        )


def _suspect_labels(examples: Examples, field: _Field) -> Iterable[Finding]:
    """Yield the examples whose class a simple classifier, fitted on others, rejects."""
    if examples.labels is None or len(examples.labels) < _MIN_EXAMPLES or len(examples.classes) < 2:
        return
    predictions = text_classifier.cross_validate(
        field.column, examples.labels, examples.digests, field.kind.unit
    )
    labels = examples.labels[predictions.rows]
    label_probability = predictions.probabilities[np.arange(len(labels)), labels]
    predicted, confidence = predictions.probabilities.argmax(1), predictions.probabilities.max(1)
    suspect = np.flatnonzero(
        (label_probability < _MAX_LABEL_PROBABILITY) & (confidence >= _MIN_OTHER_PROBABILITY)
    )
    accuracy = float((predicted == labels).mean())
    if not len(suspect) or not picture_classifier.is_reliable(accuracy, labels):
        return
    suspect = suspect[np.argsort(label_probability[suspect], kind="stable")].tolist()
    is_reliable = picture_classifier.is_reliable(accuracy, labels, is_strict=True)
    is_serious = is_reliable and len(suspect) >= _SERIOUS_DOUBT_SHARE * len(labels)
    rows: Sequence[int] = predictions.rows.tolist()
    yield Finding(
        "suspect label",
        "warning" if is_serious else "note",
        None,
        tuple(
            (examples.name(rows[i]), examples.class_of(rows[i]), examples.classes[predicted[i]],
             f"{confidence[i]:.3f}", field.excerpt(rows[i]))
            for i in suspect
        ),
        len(suspect),
        f"A simple word classifier ({accuracy:.1%} cross-validated accuracy on {len(rows):,}"
        f" examples) disagrees with {len(suspect):,} {'label' if len(suspect) == 1 else 'labels'}:"
        " the label is wrong, or the example is hard. Most suspect first: example, label,"
        " predicted class, probability, beginning of the text.",
        "Check them from the top and correct wrong labels.",
    )  # fmt: skip


def _named(examples: Examples, pairs: np.ndarray) -> tuple[tuple[str, ...], ...]:
    return tuple((examples.name(first), examples.name(second)) for first, second in pairs.tolist())


def _count_texts(count: int, total: int) -> str:
    return f"{count:,} of {total:,} texts"


def _verb(count: int, singular: str) -> str:
    return singular if count == 1 else {"has": "have", "is": "are"}[singular]
