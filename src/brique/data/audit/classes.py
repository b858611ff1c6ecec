"""Audit of classes: missing in a part, rare, or much commoner than others."""

import math
from collections.abc import Iterable

import numpy as np

from brique.data.audit.seen import Seen
from brique.data.finding import Finding
from brique.data.source import PARTS

_FEW = 5
_LOPSIDED, _VERY_LOPSIDED = 3, 10
_Z = 1.959964  # of a 95% interval


def findings(seen: Seen) -> list[Finding]:
    """Return what classes lack."""
    if seen.labels is None or not seen.classes:
        return []
    counts = seen.counts()
    return [*_missing(seen, counts), *_few(seen, counts), *_imbalanced(seen, counts)]


def _missing(seen: Seen, counts: np.ndarray) -> Iterable[Finding]:
    for place in (1, 2):
        part = PARTS[place]
        absent = [name for name, n in zip(seen.classes, counts[place], strict=True) if not n]
        if not absent or not counts[place].sum():
            continue
        it = "it is" if len(absent) == 1 else "they are"
        cost = (
            f"nothing can be said about how well {it} recognized"
            if part == "test"
            else "the choice of the best weights and the calibration know nothing of it"
        )
        yield Finding(
            "missing class",
            "warning",
            part,
            tuple((name,) for name in absent),
            len(absent),
            f"{part} holds no example of {_few_names(absent)}: {cost}.",
            f"Add examples of {'it' if len(absent) == 1 else 'them'} to {part}.",
        )


def _few(seen: Seen, counts: np.ndarray) -> Iterable[Finding]:
    for place, part in ((0, "train"), (2, "test")):
        pairs = zip(seen.classes, counts[place].tolist(), strict=True)
        rare = sorted([pair for pair in pairs if 0 < pair[1] < _FEW], key=lambda pair: pair[1])
        if not rare:
            continue
        are = f"class {rare[0][0]} has" if len(rare) == 1 else f"{len(rare):,} classes have"
        yield Finding(
            "few examples",
            "warning" if part == "train" else "note",
            part,
            tuple((name, str(n)) for name, n in rare),
            len(rare),
            f"{are} fewer than {_FEW} examples in {part}: {_said_of_few(part, *rare[0])}.",
            "Add examples of these classes, or join classes that belong together.",
        )


def _said_of_few(part: str, name: str, n: int) -> str:
    """Say what so few examples allow; the bound is that of Wilson's interval where all are right.

    Source: Wilson 1927, "Probable inference, the law of succession, and statistical inference".
    """
    if part == "train":
        return "a net learns them by heart, or not at all, and which of both chance decides"
    right = "the only example" if n == 1 else f"all {n} examples"
    return (
        f"even if {right} of {name} in test should be answered right, the share in the long run may"
        f" be as low as {n / (n + _Z**2):.0%}; say something about all classes together, not about"
        " each"
    )


def _imbalanced(seen: Seen, counts: np.ndarray) -> Iterable[Finding]:
    train = counts[0]
    if train.min() < 1 or train.max() < _LOPSIDED * train.min():
        return
    order = np.argsort(-train, kind="stable").tolist()
    often, rarely = seen.classes[order[0]], seen.classes[order[-1]]
    times, share = train.max() / train.min(), train.max() / train.sum()
    right = f"{share:.0%}" if share < 0.995 else f"{math.floor(1e4 * share) / 1e4:.2%}"
    yield Finding(
        "imbalanced",
        "warning" if times >= _VERY_LOPSIDED else "note",
        "train",
        tuple((seen.classes[i], f"{train[i]:,}") for i in order),
        len(order),
        f"{often} is {times:.1f} times as common in train as {rarely}: who always answers {often}"
        f" is right in {right}, so read balanced accuracy and the recall of each class beside"
        " accuracy.",
        f"Add examples of the rare classes, {rarely} first.",
    )


def _few_names(names: list[str]) -> str:
    more = len(names) - 5
    return ", ".join(names[:5]) + (f" and {more:,} more" if more > 0 else "")
