"""Audit of examples that are there twice: equal, or nearly so."""

from collections.abc import Iterable, Sequence

import numpy as np

from brique.data.audit.examples import Examples
from brique.data.finding import Finding, Severity
from brique.data.raw.source import PARTS
from brique.data.splits.chance import equal_by_chance, leaked_by_chance

_SERIOUS_SHARE = (
    0.01  # share of a test part: so many are an error even if they may be equal by chance
)
_MAX_MEMBERS = 10  # of one group that are named
_NEARLY = "nearly the same (scaled, compressed again or slightly cut)"


def findings(examples: Examples) -> list[Finding]:
    """Return what is there twice."""
    groups = _groups(examples.digests)
    if groups and equal_by_chance(examples.source):
        return [_by_chance(examples, groups)]
    pairs = [(int(first), int(second)) for first, second in examples.near_pairs]
    return [
        *_leaked(
            examples, [pair for group in groups for pair in _cross_part_pairs(examples, group)]
        ),
        *_nearly_leaked(examples, [pair for pair in pairs if _are_different(examples.part, pair)]),
        *_contradictory(examples, groups, pairs),
        *_within(examples, groups),
        *_nearly_within(
            examples, [pair for pair in pairs if not _are_different(examples.part, pair)]
        ),
    ]


def _groups(digests: np.ndarray) -> list[np.ndarray]:
    """Return the places of equal examples, an array for each group of several, by first place."""
    order = np.argsort(digests, kind="stable")
    sorted_digests = digests[order]
    starts = np.flatnonzero(np.r_[True, sorted_digests[1:] != sorted_digests[:-1]])
    ends = np.r_[starts[1:], len(sorted_digests)]
    repeated = np.flatnonzero(ends - starts > 1)
    groups = [order[starts[i] : ends[i]] for i in repeated]
    return sorted(groups, key=lambda group: int(group[0]))


def _by_chance(examples: Examples, groups: list[np.ndarray]) -> Finding:
    repeats = sum(len(group) - 1 for group in groups)
    return Finding(
        "equal by chance", "note", None,
        tuple(_names(examples, group.tolist()) for group in groups), repeats,
        f"{repeats:,} of {len(examples.source):,} examples are equal to another, as the inputs take few"
        " values: so many are equal by chance, and are no copies. They may differ in their target.",
        "Nothing; add columns if the inputs should tell more.",
    )  # fmt: skip


def _are_different(values: np.ndarray, pair: tuple[int, int]) -> bool:
    return bool(values[pair[0]] != values[pair[1]])


def _cross_part_pairs(examples: Examples, group: np.ndarray) -> Iterable[tuple[int, int]]:
    """Yield (first, other) for each example of a group that is in another part than the first."""
    ordered = group[np.argsort(examples.part[group], kind="stable")]
    for other in ordered[1:]:
        if examples.part[other] != examples.part[ordered[0]]:
            yield int(ordered[0]), int(other)


def _by_evaluation_part(
    examples: Examples, pairs: Sequence[tuple[int, int]]
) -> Iterable[tuple[str, list[list[int]], str]]:
    """Yield (part, pairs, how much of it) for test and valid: the part that is judged on."""
    ordered = [sorted(pair, key=lambda row: int(examples.part[row])) for pair in pairs]
    for index in (2, 1):
        part_pairs = [pair for pair in ordered if examples.part[pair[1]] == index]
        if part_pairs:
            count, total = (
                len({pair[1] for pair in part_pairs}),
                int((examples.part == index).sum()),
            )
            subject = "example is" if count == 1 else "examples are"
            yield PARTS[index], part_pairs, f"{count:,} of {total:,} {PARTS[index]} {subject}"


def _leaked(examples: Examples, pairs: Sequence[tuple[int, int]]) -> Iterable[Finding]:
    for part, part_pairs, subject in _by_evaluation_part(examples, pairs):
        in_part = examples.part == PARTS.index(part)
        informative = {pair[1] for pair in part_pairs if not examples.is_short(pair[1])}
        is_serious = examples.pictures is not None or len(informative) >= _SERIOUS_SHARE * int(
            in_part.sum()
        )
        by_chance = is_serious and leaked_by_chance(examples.source, in_part)
        consequence = (
            "the score counts what was learnt by heart"
            if part == "test"
            else "the choice of the best weights and the calibration count what was learnt by heart"
        )
        yield Finding(
            "leaked",
            "error" if is_serious and not by_chance else "warning",
            part,
            tuple(_names(examples, pair) for pair in part_pairs),
            len(part_pairs),
            f"{subject} also in another part: {consequence}."
            + by_chance * " So many may be equal by chance, as the inputs take few values.",
            f"Remove them from {part}, or their equals from the other part.",
        )


def _nearly_leaked(examples: Examples, pairs: Sequence[tuple[int, int]]) -> Iterable[Finding]:
    for part, part_pairs, subject in _by_evaluation_part(examples, pairs):
        count, total = (
            len({pair[1] for pair in part_pairs}),
            int((examples.part == PARTS.index(part)).sum()),
        )
        is_serious = part == "test" and count >= _SERIOUS_SHARE * total
        yield Finding(
            "nearly leaked",
            "error" if is_serious else "warning",
            part,
            tuple(_names(examples, pair) for pair in part_pairs),
            len(part_pairs),
            f"{subject} {_NEARLY} as one in another part: what is reached on {part} may be too good"
            f" by up to {count / total:.1%}.",
            f"Look at the pairs; remove copies from {part}, or what they copy from the other part.",
        )


def _contradictory(
    examples: Examples, groups: list[np.ndarray], pairs: list[tuple[int, int]]
) -> Iterable[Finding]:
    if (labels := examples.labels) is None:
        return
    decides = "what is known of them does" if examples.pictures is None else "the picture does"
    mixed = [group.tolist() for group in groups if len(set(labels[group].tolist())) > 1]
    near = [list(pair) for pair in pairs if _are_different(labels, pair)]
    for rows, word in ((mixed, "equal"), (near, "nearly equal")):
        if not rows:
            continue
        is_evaluated = any((examples.part[group] == 2).any() for group in rows)
        is_serious = is_evaluated and word == "equal" and examples.pictures is not None
        severity: Severity = "error" if is_serious else "warning"
        subject = f"1 group of {word} examples has" if len(rows) == 1 else (
            f"{len(rows):,} groups of {word} examples have"
        )  # fmt: skip
        yield Finding(
            "contradictory",
            severity,
            None,
            tuple(_names_and_classes(examples, group) for group in rows),
            len(rows),
            f"{subject} different labels: at least one of each is wrong, or {decides} not decide.",
            "Look at each; correct the label, or remove all of the group.",
        )


def _within(examples: Examples, groups: list[np.ndarray]) -> Iterable[Finding]:
    for index, part in enumerate(PARTS):
        part_groups = [group[examples.part[group] == index] for group in groups]
        part_groups = [group for group in part_groups if len(group) > 1]
        repeats = sum(len(group) - 1 for group in part_groups)
        if part_groups:
            yield Finding(
                "duplicate",
                "warning",
                part,
                tuple(_names(examples, group.tolist()) for group in part_groups),
                repeats,
                f"{repeats:,} {'example' if repeats == 1 else 'examples'} of {part} repeat another of"
                f" {part}: {_consequence(part)}.",
                "Keep one of each.",
            )


def _nearly_within(examples: Examples, pairs: list[tuple[int, int]]) -> Iterable[Finding]:
    for index, part in enumerate(PARTS):
        part_pairs = [pair for pair in pairs if examples.part[pair[0]] == index]
        subject = "1 pair is" if len(part_pairs) == 1 else f"{len(part_pairs):,} pairs are"
        if part_pairs:
            yield Finding(
                "nearly duplicate",
                "note" if part == "train" else "warning",
                part,
                tuple(_names(examples, pair) for pair in part_pairs),
                len(part_pairs),
                f"{subject} {_NEARLY} in {part}: {_consequence(part)}.",
                "Look at the pairs; keep one of each where they are copies.",
            )


def _consequence(part: str) -> str:
    if part == "train":
        return "they count several times in training"
    return (
        "they count several times, and the interval round the score is narrower than it should be"
    )


def _names(examples: Examples, rows: Sequence[int]) -> tuple[str, ...]:
    return tuple(examples.name(row) for row in rows[:_MAX_MEMBERS])


def _names_and_classes(examples: Examples, rows: Sequence[int]) -> tuple[str, ...]:
    return tuple(f"{examples.name(row)} ({examples.class_of(row)})" for row in rows[:_MAX_MEMBERS])
