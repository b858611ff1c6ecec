"""Audit of labels: which ones a cheap reader, who has seen all other examples, does not believe."""

from collections.abc import Iterable

import torch

from brique.data.audit import doubt
from brique.data.audit.seen import Seen
from brique.data.finding import Finding

_DOUBTFUL, _SURE = 0.05, 0.5  # most chance of the label, least of another class, to the reader
_MANY = 0.01  # share of doubted labels from which more than hard examples must be among them
_LEAST = 20  # examples below which no reader is asked


def findings(seen: Seen) -> Iterable[Finding]:
    """Return the examples whose label a cheap reader doubts, most doubtful first."""
    if seen.labels is None or seen.pictures is None:
        return
    if len(seen.labels) < _LEAST or len(seen.classes) < 2:
        return
    labels = torch.from_numpy(seen.labels)
    reading = doubt.read(seen.pictures, labels, len(seen.classes))
    own = reading.probabilities.gather(1, labels[:, None]).squeeze(1)
    sure, said = reading.probabilities.max(1)
    rows = ((own < _DOUBTFUL) & (sure >= _SURE)).nonzero().flatten()
    if not len(rows) or not doubt.is_heard(reading.accuracy, seen.labels):
        return
    rows = rows[torch.argsort(own[rows], stable=True)].tolist()
    answers = [(seen.classes[int(said[row])], f"{float(sure[row]):.3f}") for row in rows]
    pairs = zip(rows, answers, strict=True)
    is_sure = doubt.is_heard(reading.accuracy, seen.labels, well=True)
    is_serious = is_sure and len(rows) >= _MANY * len(labels)
    yield Finding(
        "doubtful",
        "warning" if is_serious else "note",
        None,
        tuple((seen.name(row), seen.class_of(row), *answer) for row, answer in pairs),
        len(rows),
        f"A cheap reader of pixels, which says the label of {reading.accuracy:.1%} of all examples"
        f" when it has seen the others, does not believe {len(rows):,} of them: the label is wrong,"
        " or the example is hard. Most doubtful first: the example, its label, what the reader"
        " says, and how sure it is.",
        "Look at the first ones; correct the labels that are wrong, and leave the others.",
    )
