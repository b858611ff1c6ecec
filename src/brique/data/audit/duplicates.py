"""Audit of duplicates: equal and nearly equal examples."""

from collections.abc import Iterable, Sequence

import numpy as np

from brique.data.audit.examples import Examples
from brique.data.finding import Finding, Severity
from brique.data.raw.source import PARTS
from brique.data.splits.chance import equal_by_chance, leaked_by_chance

_SERIOUS_SHARE = 0.01  # of the test part, from which short texts and near copies are an error
_MAX_MEMBERS = 10  # names of one group that are listed
_NEARLY = "nearly identical (rescaled, recompressed or slightly cropped)"


def findings(examples: Examples) -> list[Finding]:
    """Return equal and nearly equal examples."""
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
    """Return the rows of each group of equal examples, ordered by the first row."""
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
        f"{repeats:,} of {len(examples.source):,} examples equal another one. The inputs take few"
        " values, so that many are equal by chance and are not copies; targets may differ.",
        "Nothing; add columns if the inputs should be more informative.",
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
    """Yield (part, pairs, subject of the sentence) for test and valid."""
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
            "the test result rewards memorization"
            if part == "test"
            else "model selection and calibration reward memorization"
        )
        yield Finding(
            "leaked",
            "error" if is_serious and not by_chance else "warning",
            part,
            tuple(_names(examples, pair) for pair in part_pairs),
            len(part_pairs),
            f"{subject} also in another part: {consequence}."
            + by_chance * " The inputs take few values, so that many may be equal by chance.",
            f"Remove them from {part}, or their copies from the other part.",
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
            f"{subject} {_NEARLY} to one in another part: the {part} result may be too high by up"
            f" to {count / total:.1%}.",
            f"Check the pairs; remove copies from {part}, or their originals from the other part.",
        )


def _contradictory(
    examples: Examples, groups: list[np.ndarray], pairs: list[tuple[int, int]]
) -> Iterable[Finding]:
    if (labels := examples.labels) is None:
        return
    inputs = "inputs do" if examples.pictures is None else "picture does"
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
            f"{subject} different labels: some labels are wrong, or the {inputs} not determine the"
            " class.",
            "Check each group; correct the labels, or remove the group.",
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
                f"{repeats:,} {part} {'example repeats' if repeats == 1 else 'examples repeat'}"
                f" another one in {part}: {_consequence(part)}.",
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
                "Check the pairs; keep one of each where they are copies.",
            )


def _consequence(part: str) -> str:
    if part == "train":
        return "they count several times in training"
    return "they count several times, and confidence intervals are too narrow"


def _names(examples: Examples, rows: Sequence[int]) -> tuple[str, ...]:
    return tuple(examples.name(row) for row in rows[:_MAX_MEMBERS])


def _names_and_classes(examples: Examples, rows: Sequence[int]) -> tuple[str, ...]:
    return tuple(f"{examples.name(row)} ({examples.class_of(row)})" for row in rows[:_MAX_MEMBERS])
