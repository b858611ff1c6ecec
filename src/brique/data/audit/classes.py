"""Audit of classes: missing in a part, rare, or imbalanced."""

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
    """Return missing, rare and imbalanced classes."""
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
        pronoun = "it" if len(missing) == 1 else "them"
        consequence = (
            f"the test result says nothing about {pronoun}"
            if part == "test"
            else f"model selection and calibration ignore {pronoun}"
        )
        yield Finding(
            "missing class",
            "warning",
            part,
            tuple((name,) for name in missing),
            len(missing),
            f"{part} has no examples of {_join_names(missing)}: {consequence}.",
            f"Add examples of {pronoun} to {part}.",
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
            f"{subject} fewer than {_MIN_EXAMPLES} examples in {part}:"
            f" {_rare_consequence(part, *rare[0])}.",
            "Add examples of these classes, or merge classes that belong together.",
        )


def _rare_consequence(part: str, name: str, count: int) -> str:
    """Return what so few examples mean; the bound is Wilson's interval if all are correct.

    Source: Wilson 1927, "Probable inference, the law of succession, and statistical inference".
    """
    if part == "train":
        return "a net can only memorize them"
    correct = "the only example" if count == 1 else f"all {count} examples"
    return (
        f"even if {correct} of {name} in test are classified correctly, the true recall may be as"
        f" low as {count / (count + _Z**2):.0%}; report results over all classes, not per class"
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
        f"{most_common} is {ratio:.1f} times as common in train as {least_common}: always"
        f" predicting {most_common} reaches {accuracy} accuracy, so look at balanced accuracy"
        " and per-class recall as well.",
        f"Add examples of the rare classes, {least_common} first.",
    )


def _join_names(names: list[str]) -> str:
    remaining = len(names) - 5
    return ", ".join(names[:5]) + (f" and {remaining:,} more" if remaining > 0 else "")
