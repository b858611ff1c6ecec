"""Audit of classes: missing in a part, rare, or much commoner than others."""

import math
from collections.abc import Iterable

import numpy as np

from brique.data.audit.examples import Examples
from brique.data.finding import Finding
from brique.data.raw.source import PARTS

_MIN_EXAMPLES = 5
_IMBALANCED_RATIO, _SEVERE_RATIO = 3, 10
_Z = 1.959964  # of a 95% interval


def findings(examples: Examples) -> list[Finding]:
    """Return what classes lack."""
    if examples.labels is None or not examples.classes:
        return []
    counts = examples.counts()
    return [*_missing(examples, counts), *_rare(examples, counts), *_imbalanced(examples, counts)]


def _missing(examples: Examples, counts: np.ndarray) -> Iterable[Finding]:
    for index in (1, 2):
        part = PARTS[index]
        missing = [
            name for name, count in zip(examples.classes, counts[index], strict=True) if not count
        ]
        if not missing or not counts[index].sum():
            continue
        subject = "it is" if len(missing) == 1 else "they are"
        consequence = (
            f"nothing can be said about how well {subject} recognized"
            if part == "test"
            else "the choice of the best weights and the calibration know nothing of it"
        )
        yield Finding(
            "missing class",
            "warning",
            part,
            tuple((name,) for name in missing),
            len(missing),
            f"{part} holds no example of {_join_names(missing)}: {consequence}.",
            f"Add examples of {'it' if len(missing) == 1 else 'them'} to {part}.",
        )


def _rare(examples: Examples, counts: np.ndarray) -> Iterable[Finding]:
    for index, part in ((0, "train"), (2, "test")):
        pairs = zip(examples.classes, counts[index].tolist(), strict=True)
        rare = sorted(
            [pair for pair in pairs if 0 < pair[1] < _MIN_EXAMPLES], key=lambda pair: pair[1]
        )
        if not rare:
            continue
        subject = f"class {rare[0][0]} has" if len(rare) == 1 else f"{len(rare):,} classes have"
        yield Finding(
            "few examples",
            "warning" if part == "train" else "note",
            part,
            tuple((name, str(count)) for name, count in rare),
            len(rare),
            f"{subject} fewer than {_MIN_EXAMPLES} examples in {part}: {_rare_consequence(part, *rare[0])}.",
            "Add examples of these classes, or join classes that belong together.",
        )


def _rare_consequence(part: str, name: str, count: int) -> str:
    """Say what so few examples allow; the bound is that of Wilson's interval where all are right.

    Source: Wilson 1927, "Probable inference, the law of succession, and statistical inference".
    """
    if part == "train":
        return "a net learns them by heart, or not at all, and which of both chance decides"
    correct = "the only example" if count == 1 else f"all {count} examples"
    return (
        f"even if {correct} of {name} in test should be answered right, the share in the long run may"
        f" be as low as {count / (count + _Z**2):.0%}; say something about all classes together, not about"
        " each"
    )


def _imbalanced(examples: Examples, counts: np.ndarray) -> Iterable[Finding]:
    train = counts[0]
    if train.min() < 1 or train.max() < _IMBALANCED_RATIO * train.min():
        return
    order = np.argsort(-train, kind="stable").tolist()
    most_common, least_common = examples.classes[order[0]], examples.classes[order[-1]]
    ratio, share = train.max() / train.min(), train.max() / train.sum()
    accuracy = f"{share:.0%}" if share < 0.995 else f"{math.floor(1e4 * share) / 1e4:.2%}"
    yield Finding(
        "imbalanced",
        "warning" if ratio >= _SEVERE_RATIO else "note",
        "train",
        tuple((examples.classes[index], f"{train[index]:,}") for index in order),
        len(order),
        f"{most_common} is {ratio:.1f} times as common in train as {least_common}: who always answers {most_common}"
        f" is right in {accuracy}, so read balanced accuracy and the recall of each class beside"
        " accuracy.",
        f"Add examples of the rare classes, {least_common} first.",
    )


def _join_names(names: list[str]) -> str:
    remaining = len(names) - 5
    return ", ".join(names[:5]) + (f" and {remaining:,} more" if remaining > 0 else "")
