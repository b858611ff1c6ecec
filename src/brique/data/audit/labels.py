"""Audit of labels: a simple pixel classifier, fitted on all other examples, disagrees."""

from collections.abc import Iterable

import torch

from brique.data.audit import picture_classifier
from brique.data.audit.examples import Examples
from brique.data.finding import Finding

_MAX_LABEL_PROBABILITY = 0.05  # highest predicted probability of a suspect label
_MIN_OTHER_PROBABILITY = 0.5  # lowest predicted probability of another class
_SERIOUS_SHARE = 0.01  # more suspect labels than this are not just hard examples
_MIN_EXAMPLES = 20  # below which no classifier is fitted


def findings(examples: Examples) -> Iterable[Finding]:
    """Return the examples whose label a simple classifier rejects, most suspect first."""
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
        "suspect label",
        "warning" if is_serious else "note",
        None,
        tuple((examples.name(row), examples.class_of(row), *detail) for row, detail in pairs),
        len(rows),
        f"A simple classifier on pixels ({predictions.accuracy:.1%} cross-validated accuracy)"
        f" disagrees with {len(rows):,} {'label' if len(rows) == 1 else 'labels'}: either the label"
        " is wrong or the example is hard. The most suspect come first (example, label,"
        " predicted class, probability).",
        "Check them from the top and correct wrong labels.",
    )
