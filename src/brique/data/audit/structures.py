"""Audit of structured texts: parallel texts, word tags, trees, stories, captions."""

from collections.abc import Iterable, Sequence
from itertools import combinations

import numpy as np
from torch import Tensor

from brique.data.audit.examples import Examples
from brique.data.core.ragged import Ragged
from brique.data.finding import Finding, Severity
from brique.data.sources.texts.parallel import ParallelText
from brique.data.sources.texts.stories import Answers, StoryText
from brique.schema import MISSING, Boxes, Category, Tags, Text, Tree

_MAX_LENGTH_RATIO, _MIN_LONG_WORDS = 4, 20  # of two sides; words of the longer one
_MIN_EQUAL_WORDS = 4  # shorter equal sides may be names or numbers
_BLOCK_LINES, _MAX_SHIFT = 200, 5  # lines whose lengths are correlated; largest shift tried
_MAX_LOOSE_CORRELATION = 0.3  # of lengths of unaligned sides
_MIN_CORRELATION_GAIN = 0.3  # from the shift that aligns them
_MIN_TAG_COUNT = 5  # training examples of a tag


def findings(examples: Examples) -> Iterable[Finding]:
    """Return problems in structured texts."""
    yield from _parallel(examples)
    yield from _tags(examples)
    yield from _trees(examples)
    yield from _stories(examples)
    yield from _captions(examples)


def _parallel(examples: Examples) -> Iterable[Finding]:
    sides = [
        name for name, field in examples.source.fields.items() if isinstance(field, ParallelText)
    ]
    if len(sides) < 2:
        return
    lengths = np.stack([_lengths(examples, name) for name in sides])  # (sides, N)
    yield from _empty(
        examples, sides, lengths, "nothing can be learned from a text without its translation"
    )
    kind = examples.kinds[sides[0]]
    min_length = _MIN_LONG_WORDS * (
        5 if isinstance(kind, Text) and kind.unit == "characters" else 1
    )
    yield from _odd_lengths(examples, sides, lengths, min_length)
    yield from _misaligned(examples, sides, lengths)
    yield from _untranslated(examples, sides)


def _empty(
    examples: Examples, names: Sequence[str], lengths: np.ndarray, consequence: str
) -> Iterable[Finding]:
    positions = [(int(row), names[int(side)]) for side, row in np.argwhere(lengths == 0)]
    yield from _finding(
        "empty text",
        "warning",
        [(examples.name(row), name) for row, name in sorted(positions)],
        f"{_subject(len(positions), 'text')} no words ({' or '.join(names)}): {consequence}.",
        "Remove these examples, or fill in the text.",
    )


def _odd_lengths(
    examples: Examples, sides: Sequence[str], lengths: np.ndarray, min_length: int
) -> Iterable[Finding]:
    shortest, longest = lengths.min(0), lengths.max(0)
    rows = np.flatnonzero(
        (shortest > 0) & (longest > _MAX_LENGTH_RATIO * shortest) & (longest > min_length)
    )
    rows = rows[np.argsort(-(longest[rows] / shortest[rows]), kind="stable")]
    items = [
        (examples.name(row), *(f"{name}: {lengths[i, row]}" for i, name in enumerate(sides)))
        for row in rows.tolist()
    ]
    yield from _finding(
        "odd lengths",
        "warning",
        items,
        f"{_subject(len(rows), 'example')} a side over {_MAX_LENGTH_RATIO} times as long as another"
        f" (in {_unit(examples, sides[0])}): they are probably not translations of each other.",
        "Check the first ones; if lines are misaligned, fix the files.",
    )


def _misaligned(examples: Examples, sides: Sequence[str], lengths: np.ndarray) -> Iterable[Finding]:
    """Find blocks of lines whose lengths correlate better with shifted lines of the other side."""
    items: list[tuple[str, ...]] = []
    for first, second in combinations(range(len(sides)), 2):
        for start in range(0, lengths.shape[1] - _BLOCK_LINES // 2, _BLOCK_LINES):
            stop = min(start + _BLOCK_LINES, lengths.shape[1])
            low, high = start + _MAX_SHIFT, stop - _MAX_SHIFT
            correlations = [
                _correlation(lengths[first, low:high], lengths[second, low + shift : high + shift])
                for shift in range(-_MAX_SHIFT, _MAX_SHIFT + 1)
            ]
            best = int(np.argmax(correlations))
            if (
                correlations[_MAX_SHIFT] < _MAX_LOOSE_CORRELATION
                and correlations[best] > correlations[_MAX_SHIFT] + _MIN_CORRELATION_GAIN
            ):
                pair = f"{sides[second]} {best - _MAX_SHIFT:+d} lines against {sides[first]}"
                items.append((examples.name(start), examples.name(stop - 1), pair))
    yield from _finding(
        "misaligned",
        "error",
        items,
        f"In {len(items):,} blocks of {_BLOCK_LINES} lines, the lengths of the two sides correlate"
        " only after a shift: line n of one side is not the translation of line n of the other.",
        "Find the missing or duplicated line shortly before the first block, and fix it.",
    )


def _correlation(first: np.ndarray, second: np.ndarray) -> float:
    a, b = np.log1p(first) - np.log1p(first).mean(), np.log1p(second) - np.log1p(second).mean()
    norm = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum()) / norm if norm else 1.0


def _untranslated(examples: Examples, sides: Sequence[str]) -> Iterable[Finding]:
    texts = [examples.source.fields[name] for name in sides]
    lengths = [_lengths(examples, name) for name in sides]
    items: list[tuple[str, ...]] = []
    for left, right in combinations(range(len(sides)), 2):
        first, second = texts[left], texts[right]
        assert isinstance(first, ParallelText)
        assert isinstance(second, ParallelText)
        for row in np.flatnonzero(
            (lengths[left] == lengths[right]) & (lengths[left] >= _MIN_EQUAL_WORDS)
        ):
            text = first.text(int(row))
            if text == second.text(int(row)):
                items.append(
                    (examples.name(int(row)), f"{sides[left]} = {sides[right]}", text[:80])
                )
    yield from _finding(
        "untranslated",
        "warning" if len(items) > 0.01 * len(examples.source) else "note",
        items,
        f"{_subject(len(items), 'example')} the same text on both sides: it was not translated.",
        "Remove them, or translate them.",
    )


def _tags(examples: Examples) -> Iterable[Finding]:
    tag_fields = [name for name, kind in examples.kinds.items() if isinstance(kind, Tags)]
    if not tag_fields or any(isinstance(kind, Boxes | Tree) for kind in examples.kinds.values()):
        return
    words = [name for name, kind in examples.kinds.items() if isinstance(kind, Text)]
    for name in tag_fields:
        kind, tags = examples.kinds[name], examples.fields[name]
        assert isinstance(kind, Tags)
        assert isinstance(tags, Ragged)
        if words:
            yield from _unequal_lengths(examples, words[0], name)
        yield from _rare_tags(examples, name, kind.names, tags)
        yield from _contradictory_tags(examples, name, kind.names, tags)


def _unequal_lengths(examples: Examples, words: str, name: str) -> Iterable[Finding]:
    word_lengths, tag_lengths = _lengths(examples, words), _lengths(examples, name)
    yield from _empty(examples, [words], word_lengths[None], "there is nothing to tag")
    rows = np.flatnonzero(word_lengths != tag_lengths).tolist()
    items = [
        (examples.name(row), f"{word_lengths[row]} {words}", f"{tag_lengths[row]} {name}")
        for row in rows
    ]
    yield from _finding(
        "unequal lengths",
        "error",
        items,
        f"{_subject(len(rows), 'example')} different numbers of {words} and {name}: tags are on the"
        " wrong words.",
        "Fix these examples, or remove them.",
    )


def _rare_tags(
    examples: Examples, name: str, names: Sequence[str], tags: Ragged
) -> Iterable[Finding]:
    part = np.repeat(examples.part, tags.lengths.numpy())
    counts = np.bincount(tags.values.numpy()[part == 0], minlength=len(names))
    rare = np.flatnonzero(counts < _MIN_TAG_COUNT)
    rare = rare[np.argsort(counts[rare], kind="stable")].tolist()
    yield from _finding(
        "rare tag",
        "note",
        [(str(names[tag]), str(counts[tag])) for tag in rare],
        f"{_subject(len(rare), f'class of {name}', f'classes of {name}')} fewer than"
        f" {_MIN_TAG_COUNT} training examples: hardly learned, and their scores mean little.",
        "Add examples, or merge classes (--rename 'OLD=NEW').",
        split="train",
    )


def _contradictory_tags(
    examples: Examples, name: str, names: Sequence[str], tags: Ragged
) -> Iterable[Finding]:
    """Find equal sentences with different tags, and describe the first difference."""
    _, group_of_row, sizes = np.unique(examples.digests, return_inverse=True, return_counts=True)
    first_row: dict[int, int] = {}
    items: list[tuple[str, ...]] = []
    for row in np.flatnonzero(sizes[group_of_row] > 1).tolist():
        other = first_row.setdefault(int(group_of_row[row]), row)
        other_tags, row_tags = tags[other], tags[row]
        assert isinstance(other_tags, Tensor)
        assert isinstance(row_tags, Tensor)
        if other_tags.shape == row_tags.shape and (
            differences := (other_tags != row_tags).nonzero().flatten().tolist()
        ):
            word = differences[0]
            both = f"{names[int(other_tags[word])]}, {names[int(row_tags[word])]}"
            items.append((examples.name(other), examples.name(row), f"word {word + 1}: {both}"))
    yield from _finding(
        "contradictory tags",
        "note",
        items,
        f"{_subject(len(items), 'sentence')} different {name} from an equal sentence before: one is"
        " wrong, or the words alone do not determine the tags.",
        "Check them; fix the wrong tags.",
    )


def _trees(examples: Examples) -> Iterable[Finding]:
    for name, kind in examples.kinds.items():
        if not isinstance(kind, Tree):
            continue
        rows = np.flatnonzero(_lengths(examples, name) == 1).tolist()
        yield from _finding(
            "single node",
            "note",
            [(examples.name(row), examples.source.fields[name].text(row)) for row in rows],  # pyright: ignore[reportAttributeAccessIssue]
            f"{_subject(len(rows), 'tree')} a single word and no structure.",
            "Nothing, unless they should be sentences.",
        )
        yield from _unlabeled(examples)


def _unlabeled(examples: Examples) -> Iterable[Finding]:
    for name in examples.source.targets:
        kind, value = examples.kinds[name], examples.fields[name]
        if not isinstance(kind, Category | Tags) or MISSING not in kind.names:
            continue
        missing_index = kind.names.index(MISSING)
        if isinstance(value, Ragged):
            owner = np.repeat(np.arange(len(value)), value.lengths.numpy())
            rows = np.unique(owner[value.values.numpy() == missing_index]).tolist()
        else:
            rows = (value == missing_index).nonzero().flatten().tolist()
        yield from _finding(
            "label missing",
            "warning",
            [(examples.name(row),) for row in rows],
            f"{_subject(len(rows), 'tree')} no label, or a node without one; a missing label"
            f" counts as a class of its own, '{MISSING}'.",
            "Add the labels, or remove these trees.",
        )


def _stories(examples: Examples) -> Iterable[Finding]:
    fields = examples.source.fields
    for name, field in fields.items():
        if isinstance(field, StoryText):
            lengths = _lengths(examples, name)[None]
            yield from _empty(
                examples, [name], lengths, "there is nothing to answer the question from"
            )
    for field in fields.values():
        if not isinstance(field, Answers):
            continue
        unanswered = [row for row, answer in enumerate(field.names) if not answer]
        yield from _finding(
            "no answer",
            "error",
            [(examples.name(row),) for row in unanswered],
            f"{_subject(len(unanswered), 'question')} no answer: '{MISSING}' would be learned as"
            " one.",
            "Add the answers, or remove the questions.",
        )
        known_answers = {
            answer for row, answer in enumerate(field.names) if examples.part[row] == 0
        }
        new_rows = [row for row, answer in enumerate(field.names) if answer not in known_answers]
        yield from _finding(
            "new answer",
            "note",
            [(examples.name(row), field.text(row)) for row in new_rows],
            f"{_subject(len(new_rows), 'question')} an answer that is not in train: a net cannot"
            " predict it.",
            "Nothing, if it lists the same things in another order; otherwise add such questions to"
            " train, or merge spellings with --rename.",
        )


def _captions(examples: Examples) -> Iterable[Finding]:
    if examples.source.targets == ("caption",) and isinstance(examples.kinds["caption"], Text):
        lengths = _lengths(examples, "caption")[None]
        yield from _empty(
            examples, ["caption"], lengths, "nothing can be learned from an empty caption"
        )


def _lengths(examples: Examples, name: str) -> np.ndarray:
    value = examples.fields[name]
    assert isinstance(value, Ragged)
    return value.lengths.numpy()


def _unit(examples: Examples, name: str) -> str:
    kind = examples.kinds[name]
    return kind.unit if isinstance(kind, Text) else "entries"


def _subject(count: int, singular: str, plural: str | None = None) -> str:
    return f"1 {singular} has" if count == 1 else f"{count:,} {plural or f'{singular}s'} have"


def _finding(
    kind: str,
    severity: Severity,
    items: Sequence[tuple[str, ...]],
    reason: str,
    remedy: str,
    *,
    split: str | None = None,
) -> Iterable[Finding]:
    """Yield a finding, if there is an item."""
    if items:
        yield Finding(kind, severity, split, tuple(items), len(items), reason, remedy)
