"""Audit of labels: which ones a cheap reader, who has seen all other examples, does not believe."""

from collections.abc import Iterable

import torch

from brique.data.audit import picture_classifier
from brique.data.audit.examples import Examples
from brique.data.finding import Finding

_MAX_LABEL_PROBABILITY, _MIN_OTHER_PROBABILITY = (
    0.05,
    0.5,
)  # most chance of the label, least of another class, to the reader
_SERIOUS_SHARE = (
    0.01  # share of doubted labels from which more than hard examples must be among them
)
_MIN_EXAMPLES = 20  # examples below which no reader is asked


def findings(examples: Examples) -> Iterable[Finding]:
    """Return the examples whose label a cheap reader doubts, most doubtful first."""
    if examples.labels is None or examples.pictures is None:
        return
    if len(examples.labels) < _MIN_EXAMPLES or len(examples.classes) < 2:
        return
    labels = torch.from_numpy(examples.labels)
    predictions = picture_classifier.leave_one_out(examples.pictures, labels, len(examples.classes))
    label_probability = predictions.probabilities.gather(1, labels[:, None]).squeeze(1)
    confidence, predicted = predictions.probabilities.max(1)
    rows = (
        ((label_probability < _MAX_LABEL_PROBABILITY) & (confidence >= _MIN_OTHER_PROBABILITY))
        .nonzero()
        .flatten()
    )
    if not len(rows) or not picture_classifier.is_reliable(predictions.accuracy, examples.labels):
        return
    rows = rows[torch.argsort(label_probability[rows], stable=True)].tolist()
    details = [
        (examples.classes[int(predicted[row])], f"{float(confidence[row]):.3f}") for row in rows
    ]
    pairs = zip(rows, details, strict=True)
    is_reliable = picture_classifier.is_reliable(
        predictions.accuracy, examples.labels, is_strict=True
    )
    is_serious = is_reliable and len(rows) >= _SERIOUS_SHARE * len(labels)
    yield Finding(
        "doubtful",
        "warning" if is_serious else "note",
        None,
        tuple((examples.name(row), examples.class_of(row), *detail) for row, detail in pairs),
        len(rows),
        f"A cheap reader of pixels, which says the label of {predictions.accuracy:.1%} of all examples"
        f" when it has seen the others, does not believe {len(rows):,} of them: the label is wrong,"
        " or the example is hard. Most doubtful first: the example, its label, what the reader"
        " says, and how sure it is.",
        "Look at the first ones; correct the labels that are wrong, and leave the others.",
    )
