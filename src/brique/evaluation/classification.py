"""Metrics of a classifier on a split."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from brique.data import Split
from brique.errors import DataError, did_you_mean
from brique.evaluation import bootstrap
from brique.inference import batch_size_for, eval_mode, net_inputs, tensor_of


def accuracy(net: nn.Module, split: Split, names: Sequence[str] | None = None) -> float:
    """Return the accuracy of a net on a split.

    net: inputs (N, ...) -> scores (N, K). It runs in eval mode, without gradients and in float32,
        on its own device; the mode of each module is restored afterwards.
    names: the K classes, if they are not those of the split; classes are matched by name.
    Raises DataError when the split is empty or has a class that `names` lacks.
    """
    correct, total, _ = _evaluate(net, split, names)
    return correct / total


IMBALANCE_RATIO = 3  # from this ratio of the largest to the smallest class on


@dataclass(frozen=True)
class Validation:
    """Metrics on a split: accuracy, and the mean loss in nats."""

    accuracy: float
    loss: float


def validate(net: nn.Module, split: Split) -> Validation:
    """Return accuracy and loss of a net on a split, in one pass; NaN on an empty split.

    On a small split the loss distinguishes nets of equal accuracy.
    net, split: as for `accuracy`.
    """
    if not len(split):
        return Validation(math.nan, math.nan)
    correct, total, loss = _evaluate(net, split, None)
    return Validation(correct / total, loss / total)


def wilson_interval(share: float, total: int) -> tuple[float, float]:
    """Return the 95% confidence interval of a share of `total` trials.

    Source: Wilson 1927, "Probable inference, the law of succession, and statistical inference".

    >>> [round(end, 3) for end in wilson_interval(0.98, 360)]
    [0.96, 0.99]
    """
    z = 1.959963984540054
    center = (share + z * z / (2 * total)) / (1 + z * z / total)
    half_width = (
        z * math.sqrt(share * (1 - share) / total + (z / (2 * total)) ** 2) / (1 + z * z / total)
    )
    return max(0.0, center - half_width), min(1.0, center + half_width)


def share_interval(is_correct: Tensor, groups: Tensor | None) -> list[float]:
    """Return the 95% interval of the share of correct predictions (N,), bool.

    It is Wilson's for independent examples, else the bootstrap over groups.
    groups: (N,), int64; None for independent examples.
    """
    if groups is None:
        return list(wilson_interval(float(is_correct.double().mean()), len(is_correct)))
    values = is_correct.double()
    return list(
        bootstrap.interval(lambda weights: weights @ values / weights.sum(dim=1), values, groups)
    )


def recall_intervals(
    label: Tensor, predictions: Tensor, num_classes: int, groups: Tensor | None
) -> list[list[float] | None]:
    """Return the 95% interval of the recall of each class; None for one without examples.

    label, predictions: class indices (N,), int64 in [0, K). groups: as for `share_interval`.
    """
    intervals: list[list[float] | None] = []
    for index in range(num_classes):
        is_class = label == index
        class_groups = None if groups is None else groups[is_class]
        intervals.append(
            share_interval(predictions[is_class] == index, class_groups)
            if bool(is_class.any())
            else None
        )
    return intervals


def confusion(label: Tensor, predictions: Tensor, num_classes: int) -> Tensor:
    """Return the confusion matrix, rows by label, columns by prediction: (K, K), int64.

    label, predictions: class indices (N,), int64 in [0, K).
    """
    return torch.bincount(label * num_classes + predictions, minlength=num_classes**2).view(
        num_classes, num_classes
    )


def auc(probability: Tensor, label: Tensor) -> float:
    """Return the area under the ROC curve of two classes.

    probability: of class 1 (N,). label: (N,), 0 or 1. NaN where a class has no example.
    Source: Hanley, McNeil 1982, "The meaning and use of the area under a ROC curve"; ties count
        half.
    """
    ones, zeros = int(label.sum()), int((1 - label).sum())
    if not ones or not zeros:
        return math.nan
    _, index, counts = probability.double().unique(return_inverse=True, return_counts=True)
    below = counts.cumsum(0) - counts
    rank = (below + (counts + 1) / 2)[index]  # from 1; ties have the mean rank
    return float((rank[label == 1].sum() - ones * (ones + 1) / 2) / (ones * zeros))


def has_class_imbalance(label: Tensor) -> bool:
    """Tell whether the largest class has at least three times the examples of the smallest.

    label: class indices (N,), int64; classes without an example do not count.
    """
    counts = torch.bincount(label)
    counts = counts[counts > 0]
    return bool(counts.max() >= IMBALANCE_RATIO * counts.min())


def average_precision(probabilities: Tensor, label: Tensor) -> float:
    """Return the average precision of the rarer of two classes, or the mean over more classes.

    probabilities: (N, K). label: (N,), int64. Examples are ranked by the probability of the class;
    average precision is the mean precision at each of its examples. A random ranking reaches the
    share of the class. Classes without examples do not count; ties have one rank.
    """
    counts = torch.bincount(label, minlength=probabilities.shape[1])
    present = (counts > 0).nonzero().flatten()
    if probabilities.shape[1] == 2 and len(present) == 2:
        present = counts.argmin().view(1)
    precisions = [_precision(probabilities[:, index], label == index) for index in present.tolist()]
    return math.fsum(precisions) / len(precisions)


def _precision(probability: Tensor, is_positive: Tensor) -> float:
    values, index = probability.double().unique(return_inverse=True)
    hits = torch.zeros(len(values), dtype=torch.float64).index_add_(0, index, is_positive.double())
    total = torch.bincount(index, minlength=len(values)).double()
    true_positives, retrieved = hits.flip(0).cumsum(0), total.flip(0).cumsum(0)
    return float((hits.flip(0) * true_positives / retrieved).sum() / is_positive.sum())


def by_class(
    counts: Tensor, names: Sequence[str], intervals: Sequence[list[float] | None]
) -> dict[str, dict[str, Any]]:
    """Return precision, recall, F1, count and the 95% interval of recall of each class.

    counts: (K, K) of `confusion`. intervals: of `recall_intervals`.
    Undefined values are None: the precision of a class without predictions, the recall of one
    without examples, the F1 of one with neither.
    """
    rows = zip(
        names,
        counts.diagonal().tolist(),
        counts.sum(dim=1).tolist(),
        counts.sum(dim=0).tolist(),
        intervals,
        strict=True,
    )
    return {
        name: {
            "precision": correct / predicted if predicted else None,
            "recall": correct / count if count else None,
            "f1": 2 * correct / (count + predicted) if count + predicted else None,
            "count": count,
            "interval": interval,
        }
        for name, correct, count, predicted, interval in rows
    }


def macro_scores(classes: dict[str, dict[str, Any]]) -> dict[str, float]:
    """Return the metrics averaged over classes.

    balanced_accuracy is the mean recall of the classes with examples. The macro scores are means
    over the classes with examples or predictions; undefined values count as 0 (as in scikit-learn
    with zero_division=0).
    """
    defined = [entry for entry in classes.values() if entry["f1"] is not None]
    recalls = [entry["recall"] for entry in classes.values() if entry["count"]]
    means = {
        f"macro_{score}": math.fsum(entry[score] or 0.0 for entry in defined) / len(defined)
        for score in ("precision", "recall", "f1")
    }
    return {"balanced_accuracy": math.fsum(recalls) / len(recalls), **means}


def _evaluate(net: nn.Module, split: Split, names: Sequence[str] | None) -> tuple[int, int, float]:
    """Return the number of correct predictions, of all, and the summed loss."""
    check_not_empty(split)
    field, target = split.schema.inputs[0], split.schema.target
    classes = split.schema[target].names
    indices = map_classes(classes, classes if names is None else names)
    correct, loss = 0, 0.0
    with eval_mode(net) as device:
        for batch in split.batches(batch_size_for(split.schema[field])).on(device):
            scores = net(net_inputs(batch, split.schema, net)).float()
            label = indices.to(device)[tensor_of(batch, target)]
            correct += int((scores.argmax(dim=1) == label).sum())  # scores (N, K), label (N,)
            loss += float(functional.cross_entropy(scores, label, reduction="sum"))
    return correct, len(split), loss


def check_not_empty(split: Split) -> None:
    """Raise DataError for a split without examples."""
    if len(split) == 0:
        raise DataError("accuracy: the split is empty; pass one with at least one example.")


def map_classes(classes: Sequence[str], names: Sequence[str]) -> Tensor:
    """Return the index of each class of the data among the classes of the scores: (K,), int64.

    Raises DataError when `names` lacks one.
    """
    available = list(names)
    for name in classes:
        if name not in available:
            hint = did_you_mean(name, available) or "; rename or remove it."
            known = ", ".join(available[:10]) + (", ..." if len(available) > 10 else "")
            raise DataError(
                f"accuracy: the data have the class '{name}', which the net does not know"
                f" (it knows {known}){hint}"
            )
    return torch.tensor([available.index(name) for name in classes])
