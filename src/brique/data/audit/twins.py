"""Audit of examples that are there twice: equal, or nearly so."""

from collections.abc import Iterable, Sequence

import numpy as np

from brique.data.audit.seen import Seen
from brique.data.chance import equal_by_chance, leaked_by_chance
from brique.data.finding import Finding, Severity
from brique.data.source import PARTS

_SERIOUS = 0.01  # share of a test part: so many are an error even if they may be equal by chance
_MEMBERS = 10  # of one group that are named
_NEARLY = "nearly the same (scaled, compressed again or slightly cut)"


def findings(seen: Seen) -> list[Finding]:
    """Return what is there twice."""
    groups = _groups(seen.digests)
    if groups and equal_by_chance(seen.source):
        return [_by_chance(seen, groups)]
    pairs = [(int(a), int(b)) for a, b in seen.near_pairs]
    return [
        *_leaked(seen, [pair for group in groups for pair in _across(seen, group)]),
        *_nearly_leaked(seen, [pair for pair in pairs if _differ(seen.part, pair)]),
        *_contradictory(seen, groups, pairs),
        *_within(seen, groups),
        *_nearly_within(seen, [pair for pair in pairs if not _differ(seen.part, pair)]),
    ]


def _groups(digests: np.ndarray) -> list[np.ndarray]:
    """Return the places of equal examples, an array for each group of several, by first place."""
    order = np.argsort(digests, kind="stable")
    ordered = digests[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    ends = np.r_[starts[1:], len(ordered)]
    several = np.flatnonzero(ends - starts > 1)
    groups = [order[starts[i] : ends[i]] for i in several]
    return sorted(groups, key=lambda group: int(group[0]))


def _by_chance(seen: Seen, groups: list[np.ndarray]) -> Finding:
    repeats = sum(len(group) - 1 for group in groups)
    return Finding(
        "equal by chance", "note", None,
        tuple(_named(seen, group.tolist()) for group in groups), repeats,
        f"{repeats:,} of {len(seen.source):,} examples are equal to another, as the inputs take few"
        " values: so many are equal by chance, and are no copies. They may differ in their target.",
        "Nothing; add columns if the inputs should tell more.",
    )  # fmt: skip


def _differ(values: np.ndarray, pair: tuple[int, int]) -> bool:
    return bool(values[pair[0]] != values[pair[1]])


def _across(seen: Seen, group: np.ndarray) -> Iterable[tuple[int, int]]:
    """Yield (first, other) for each example of a group that is in another part than the first."""
    ordered = group[np.argsort(seen.part[group], kind="stable")]
    for other in ordered[1:]:
        if seen.part[other] != seen.part[ordered[0]]:
            yield int(ordered[0]), int(other)


def _by_goal(
    seen: Seen, pairs: Sequence[tuple[int, int]]
) -> Iterable[tuple[str, list[list[int]], str]]:
    """Yield (part, pairs, how much of it) for test and valid: the part that is judged on."""
    ordered = [sorted(pair, key=lambda row: int(seen.part[row])) for pair in pairs]
    for place in (2, 1):
        here = [pair for pair in ordered if seen.part[pair[1]] == place]
        if here:
            n, whole = len({pair[1] for pair in here}), int((seen.part == place).sum())
            are = "example is" if n == 1 else "examples are"
            yield PARTS[place], here, f"{n:,} of {whole:,} {PARTS[place]} {are}"


def _leaked(seen: Seen, pairs: Sequence[tuple[int, int]]) -> Iterable[Finding]:
    for part, here, share in _by_goal(seen, pairs):
        inside = seen.part == PARTS.index(part)
        telling = {pair[1] for pair in here if not seen.is_short(pair[1])}
        is_serious = seen.pictures is not None or len(telling) >= _SERIOUS * int(inside.sum())
        by_chance = is_serious and leaked_by_chance(seen.source, inside)
        cost = (
            "the score counts what was learnt by heart"
            if part == "test"
            else "the choice of the best weights and the calibration count what was learnt by heart"
        )
        yield Finding(
            "leaked",
            "error" if is_serious and not by_chance else "warning",
            part,
            tuple(_named(seen, pair) for pair in here),
            len(here),
            f"{share} also in another part: {cost}."
            + by_chance * " So many may be equal by chance, as the inputs take few values.",
            f"Remove them from {part}, or their equals from the other part.",
        )


def _nearly_leaked(seen: Seen, pairs: Sequence[tuple[int, int]]) -> Iterable[Finding]:
    for part, here, share in _by_goal(seen, pairs):
        n, whole = len({pair[1] for pair in here}), int((seen.part == PARTS.index(part)).sum())
        is_serious = part == "test" and n >= _SERIOUS * whole
        yield Finding(
            "nearly leaked",
            "error" if is_serious else "warning",
            part,
            tuple(_named(seen, pair) for pair in here),
            len(here),
            f"{share} {_NEARLY} as one in another part: what is reached on {part} may be too good"
            f" by up to {n / whole:.1%}.",
            f"Look at the pairs; remove copies from {part}, or what they copy from the other part.",
        )


def _contradictory(
    seen: Seen, groups: list[np.ndarray], pairs: list[tuple[int, int]]
) -> Iterable[Finding]:
    if (labels := seen.labels) is None:
        return
    decides = "what is known of them does" if seen.pictures is None else "the picture does"
    split = [group.tolist() for group in groups if len(set(labels[group].tolist())) > 1]
    near = [list(pair) for pair in pairs if _differ(labels, pair)]
    for rows, word in ((split, "equal"), (near, "nearly equal")):
        if not rows:
            continue
        is_judged = any((seen.part[group] == 2).any() for group in rows)
        is_serious = is_judged and word == "equal" and seen.pictures is not None
        severity: Severity = "error" if is_serious else "warning"
        what = f"1 group of {word} examples has" if len(rows) == 1 else (
            f"{len(rows):,} groups of {word} examples have"
        )  # fmt: skip
        yield Finding(
            "contradictory",
            severity,
            None,
            tuple(_classed(seen, group) for group in rows),
            len(rows),
            f"{what} different labels: at least one of each is wrong, or {decides} not decide.",
            "Look at each; correct the label, or remove all of the group.",
        )


def _within(seen: Seen, groups: list[np.ndarray]) -> Iterable[Finding]:
    for place, part in enumerate(PARTS):
        inside = [group[seen.part[group] == place] for group in groups]
        inside = [group for group in inside if len(group) > 1]
        extra = sum(len(group) - 1 for group in inside)
        if inside:
            yield Finding(
                "duplicate",
                "warning",
                part,
                tuple(_named(seen, group.tolist()) for group in inside),
                extra,
                f"{extra:,} {'example' if extra == 1 else 'examples'} of {part} repeat another of"
                f" {part}: {_cost(part)}.",
                "Keep one of each.",
            )


def _nearly_within(seen: Seen, pairs: list[tuple[int, int]]) -> Iterable[Finding]:
    for place, part in enumerate(PARTS):
        here = [pair for pair in pairs if seen.part[pair[0]] == place]
        are = "1 pair is" if len(here) == 1 else f"{len(here):,} pairs are"
        if here:
            yield Finding(
                "nearly duplicate",
                "note" if part == "train" else "warning",
                part,
                tuple(_named(seen, pair) for pair in here),
                len(here),
                f"{are} {_NEARLY} in {part}: {_cost(part)}.",
                "Look at the pairs; keep one of each where they are copies.",
            )


def _cost(part: str) -> str:
    if part == "train":
        return "they count several times in training"
    return (
        "they count several times, and the interval round the score is narrower than it should be"
    )


def _named(seen: Seen, rows: Sequence[int]) -> tuple[str, ...]:
    return tuple(seen.name(row) for row in rows[:_MEMBERS])


def _classed(seen: Seen, rows: Sequence[int]) -> tuple[str, ...]:
    return tuple(f"{seen.name(row)} ({seen.class_of(row)})" for row in rows[:_MEMBERS])
