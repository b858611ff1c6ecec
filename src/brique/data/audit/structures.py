"""Audit of texts with a structure: parallel texts, tags of words, trees, stories, captions."""

from collections.abc import Iterable, Sequence
from itertools import combinations

import numpy as np
from torch import Tensor

from brique.data.audit.seen import Seen
from brique.data.finding import Finding, Severity
from brique.data.ragged import Ragged
from brique.data.sources.parallel import Side
from brique.data.sources.stories import Answers, Told
from brique.schema import MISSING, Boxes, Category, Tags, Text, Tree

_FAR, _LONG = 4, 20  # ratio of lengths, and words of the longer side, that are far off
_SAID = 4  # words from which equal sides are no name or number
_BLOCK, _SHIFTS = 200, 5  # lines whose lengths are compared, and how far they may be shifted
_LOOSE, _CLOSER = 0.3, 0.3  # correlation of lengths that is none, and what a shift must add to it
_RARE = 5  # training examples of a tag


def findings(seen: Seen) -> Iterable[Finding]:
    """Return what is odd about texts with a structure."""
    yield from _parallel(seen)
    yield from _tags(seen)
    yield from _trees(seen)
    yield from _stories(seen)
    yield from _captions(seen)


def _parallel(seen: Seen) -> Iterable[Finding]:
    sides = [name for name, field in seen.source.fields.items() if isinstance(field, Side)]
    if len(sides) < 2:
        return
    lengths = np.stack([_lengths(seen, name) for name in sides])  # (sides, N)
    yield from _empty(seen, sides, lengths, "a text without its translation teaches nothing")
    kind = seen.kinds[sides[0]]
    many = _LONG * (5 if isinstance(kind, Text) and kind.unit == "characters" else 1)
    yield from _far(seen, sides, lengths, many)
    yield from _shifted(seen, sides, lengths)
    yield from _untranslated(seen, sides)


def _empty(
    seen: Seen, names: Sequence[str], lengths: np.ndarray, meaning: str
) -> Iterable[Finding]:
    at = [(int(row), names[int(side)]) for side, row in np.argwhere(lengths == 0)]
    yield from _found(
        "empty text",
        "warning",
        [(seen.name(row), name) for row, name in sorted(at)],
        f"{_have(len(at), 'text')} no word ({' or '.join(names)}): {meaning}.",
        "Remove these examples, or fill in the text.",
    )


def _far(seen: Seen, sides: Sequence[str], lengths: np.ndarray, many: int) -> Iterable[Finding]:
    least, most = lengths.min(0), lengths.max(0)
    rows = np.flatnonzero((least > 0) & (most > _FAR * least) & (most > many))
    rows = rows[np.argsort(-(most[rows] / least[rows]), kind="stable")]
    items = [
        (seen.name(row), *(f"{name}: {lengths[i, row]}" for i, name in enumerate(sides)))
        for row in rows.tolist()
    ]
    yield from _found(
        "odd lengths",
        "warning",
        items,
        f"{_have(len(rows), 'example')} a side more than {_FAR} times as long as another"
        f" (counted in {_unit(seen, sides[0])}): they are hardly translations of each other.",
        "Look at the first ones; where lines have slipped, mend the files.",
    )


def _shifted(seen: Seen, sides: Sequence[str], lengths: np.ndarray) -> Iterable[Finding]:
    """Find blocks of lines whose lengths fit the other side better some lines further."""
    items: list[tuple[str, ...]] = []
    for one, two in combinations(range(len(sides)), 2):
        for start in range(0, lengths.shape[1] - _BLOCK // 2, _BLOCK):
            stop = min(start + _BLOCK, lengths.shape[1])
            low, high = start + _SHIFTS, stop - _SHIFTS
            fits = [
                _correlation(lengths[one, low:high], lengths[two, low + shift : high + shift])
                for shift in range(-_SHIFTS, _SHIFTS + 1)
            ]
            best = int(np.argmax(fits))
            if fits[_SHIFTS] < _LOOSE and fits[best] > fits[_SHIFTS] + _CLOSER:
                pair = f"{sides[two]} {best - _SHIFTS:+d} lines against {sides[one]}"
                items.append((seen.name(start), seen.name(stop - 1), pair))
    yield from _found(
        "misaligned",
        "error",
        items,
        f"In {len(items):,} blocks of {_BLOCK} lines the lengths of the sides do not go"
        " together, but do where one side is shifted: line n of one is not the translation of line"
        " n of the other.",
        "Find the line that is missing or doubled shortly before the first block, and mend it.",
    )


def _correlation(one: np.ndarray, two: np.ndarray) -> float:
    a, b = np.log1p(one) - np.log1p(one).mean(), np.log1p(two) - np.log1p(two).mean()
    size = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum()) / size if size else 1.0


def _untranslated(seen: Seen, sides: Sequence[str]) -> Iterable[Finding]:
    texts = [seen.source.fields[name] for name in sides]
    lengths = [_lengths(seen, name) for name in sides]
    items: list[tuple[str, ...]] = []
    for one, two in combinations(range(len(sides)), 2):
        first, second = texts[one], texts[two]
        assert isinstance(first, Side)
        assert isinstance(second, Side)
        for row in np.flatnonzero((lengths[one] == lengths[two]) & (lengths[one] >= _SAID)):
            said = first.said(int(row))
            if said == second.said(int(row)):
                items.append((seen.name(int(row)), f"{sides[one]} = {sides[two]}", said[:80]))
    yield from _found(
        "untranslated",
        "warning" if len(items) > 0.01 * len(seen.source) else "note",
        items,
        f"{_have(len(items), 'example')} the same text on two sides: it was not translated.",
        "Remove them, or translate them.",
    )


def _tags(seen: Seen) -> Iterable[Finding]:
    tagged = [name for name, kind in seen.kinds.items() if isinstance(kind, Tags)]
    if not tagged or any(isinstance(kind, Boxes | Tree) for kind in seen.kinds.values()):
        return
    words = [name for name, kind in seen.kinds.items() if isinstance(kind, Text)]
    for name in tagged:
        kind, tags = seen.kinds[name], seen.fields[name]
        assert isinstance(kind, Tags)
        assert isinstance(tags, Ragged)
        if words:
            yield from _unequal(seen, words[0], name)
        yield from _rare(seen, name, kind.names, tags)
        yield from _unlike(seen, name, kind.names, tags)


def _unequal(seen: Seen, words: str, name: str) -> Iterable[Finding]:
    there, tagged = _lengths(seen, words), _lengths(seen, name)
    yield from _empty(seen, [words], there[None], "there is nothing to tag")
    rows = np.flatnonzero(there != tagged).tolist()
    items = [(seen.name(row), f"{there[row]} {words}", f"{tagged[row]} {name}") for row in rows]
    yield from _found(
        "unequal lengths",
        "error",
        items,
        f"{_have(len(rows), 'example')} not one of {name} for each of {words}: tags stand at"
        " the wrong words.",
        "Mend these examples, or remove them.",
    )


def _rare(seen: Seen, name: str, names: Sequence[str], tags: Ragged) -> Iterable[Finding]:
    part = np.repeat(seen.part, tags.lengths.numpy())
    counts = np.bincount(tags.values.numpy()[part == 0], minlength=len(names))
    rare = np.flatnonzero(counts < _RARE)
    rare = rare[np.argsort(counts[rare], kind="stable")].tolist()
    yield from _found(
        "rare tag",
        "note",
        [(str(names[tag]), str(counts[tag])) for tag in rare],
        f"{_have(len(rare), f'class of {name}', f'classes of {name}')} fewer than {_RARE} training"
        " examples: they will hardly be learnt, and their scores mean little.",
        "Add examples, or join classes (--rename 'OLD=NEW').",
        split="train",
    )


def _unlike(seen: Seen, name: str, names: Sequence[str], tags: Ragged) -> Iterable[Finding]:
    """Find equal sentences whose tags differ, and what is known of the first difference."""
    _, group, sizes = np.unique(seen.digests, return_inverse=True, return_counts=True)
    first: dict[int, int] = {}
    items: list[tuple[str, ...]] = []
    for row in np.flatnonzero(sizes[group] > 1).tolist():
        other = first.setdefault(int(group[row]), row)
        one, two = tags[other], tags[row]
        assert isinstance(one, Tensor)
        assert isinstance(two, Tensor)
        if one.shape == two.shape and (at := (one != two).nonzero().flatten().tolist()):
            says = f"word {at[0] + 1}: {names[int(one[at[0]])]}, {names[int(two[at[0]])]}"
            items.append((seen.name(other), seen.name(row), says))
    yield from _found(
        "contradictory tags",
        "note",
        items,
        f"{_have(len(items), 'sentence')} other {name} than an equal sentence before: one is"
        " wrong, or the words alone do not decide.",
        "Look at them; mend what is wrong.",
    )


def _trees(seen: Seen) -> Iterable[Finding]:
    for name, kind in seen.kinds.items():
        if not isinstance(kind, Tree):
            continue
        rows = np.flatnonzero(_lengths(seen, name) == 1).tolist()
        yield from _found(
            "single node",
            "note",
            [(seen.name(row), seen.source.fields[name].said(row)) for row in rows],  # pyright: ignore[reportAttributeAccessIssue]
            f"{_have(len(rows), 'tree')} one word and no structure.",
            "Nothing, unless they should be sentences.",
        )
        yield from _unlabelled(seen)


def _unlabelled(seen: Seen) -> Iterable[Finding]:
    for name in seen.source.targets:
        kind, value = seen.kinds[name], seen.fields[name]
        if not isinstance(kind, Category | Tags) or MISSING not in kind.names:
            continue
        number = kind.names.index(MISSING)
        if isinstance(value, Ragged):
            inside = np.repeat(np.arange(len(value)), value.lengths.numpy())
            rows = np.unique(inside[value.values.numpy() == number]).tolist()
        else:
            rows = (value == number).nonzero().flatten().tolist()
        yield from _found(
            "label missing",
            "warning",
            [(seen.name(row),) for row in rows],
            f"{_have(len(rows), 'tree')} no label, or none at some node, which counts as a class"
            f" of its own, '{MISSING}'.",
            "Add the labels, or remove these trees.",
        )


def _stories(seen: Seen) -> Iterable[Finding]:
    fields = seen.source.fields
    for name, field in fields.items():
        if isinstance(field, Told):
            lengths = _lengths(seen, name)[None]
            yield from _empty(seen, [name], lengths, "there is nothing to answer from")
    for field in fields.values():
        if not isinstance(field, Answers):
            continue
        bare = [row for row, answer in enumerate(field.names) if not answer]
        yield from _found(
            "no answer",
            "error",
            [(seen.name(row),) for row in bare],
            f"{_have(len(bare), 'question')} no answer, and '{MISSING}' would be learnt as one.",
            "Add the answers, or remove the questions.",
        )
        known = {answer for row, answer in enumerate(field.names) if seen.part[row] == 0}
        new = [row for row, answer in enumerate(field.names) if answer not in known]
        yield from _found(
            "new answer",
            "note",
            [(seen.name(row), field.said(row)) for row in new],
            f"{_have(len(new), 'question')} an answer that no training question has, which will be"
            " answered wrong.",
            "Nothing, where it is another order of the same things; else add such questions to"
            " train, or join spellings with --rename.",
        )


def _captions(seen: Seen) -> Iterable[Finding]:
    if seen.source.targets == ("caption",) and isinstance(seen.kinds["caption"], Text):
        lengths = _lengths(seen, "caption")[None]
        yield from _empty(seen, ["caption"], lengths, "a picture would be learnt to say nothing")


def _lengths(seen: Seen, name: str) -> np.ndarray:
    value = seen.fields[name]
    assert isinstance(value, Ragged)
    return value.lengths.numpy()


def _unit(seen: Seen, name: str) -> str:
    kind = seen.kinds[name]
    return kind.unit if isinstance(kind, Text) else "entries"


def _have(n: int, word: str, words: str | None = None) -> str:
    return f"1 {word} has" if n == 1 else f"{n:,} {words or f'{word}s'} have"


def _found(
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
