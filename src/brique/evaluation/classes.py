"""Scores of a classifier on a part of the data."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from brique.data import Split
from brique.errors import DataError, nearest
from brique.evaluation import bootstrap
from brique.inference import at_rest, batch_size_for, inputs, tensor_of


def accuracy(net: nn.Module, split: Split, names: Sequence[str] | None = None) -> float:
    """Return the share of a split's examples that the net names rightly.

    net: inputs (N, ...) -> scores (N, K). It is asked in eval mode, without slopes and in float32,
        on its own device; each of its parts is in its own mode again afterwards.
    names: the K classes, if they are not those of the split; classes are compared by name.
    Raises DataError when the split is empty or has a class that `names` lacks.
    """
    right, total, _ = _judged(net, split, names)
    return right / total


UNEVEN = 3  # times the examples of the rarest class that make the commonest one too common


@dataclass(frozen=True)
class Look:
    """What a net does on a part: the share named rightly, and the mean loss in nats."""

    accuracy: float
    loss: float


def look(net: nn.Module, split: Split) -> Look:
    """Return accuracy and loss of a net on a part, in one pass; of an empty part, NaN.

    The loss tells apart nets that name the same share of a small part rightly.
    net, split: as for `accuracy`.
    """
    if not len(split):
        return Look(math.nan, math.nan)
    right, total, loss = _judged(net, split, None)
    return Look(right / total, loss / total)


def interval(share: float, total: int) -> tuple[float, float]:
    """Return the 95% interval of a share that was counted on `total` things.

    Source: Wilson 1927, "Probable inference, the law of succession, and statistical inference".

    >>> [round(end, 3) for end in interval(0.98, 360)]
    [0.96, 0.99]
    """
    z = 1.959963984540054
    middle = (share + z * z / (2 * total)) / (1 + z * z / total)
    half = z * math.sqrt(share * (1 - share) / total + (z / (2 * total)) ** 2) / (1 + z * z / total)
    return max(0.0, middle - half), min(1.0, middle + half)


def share_interval(right: Tensor, together: Tensor | None) -> list[float]:
    """Return the 95% interval of a share of right answers (N,), bool.

    It is Wilson's, or, where examples hang together, found by drawing groups again.
    together: (N,), int64, their groups; None where each stands alone.
    """
    if together is None:
        return list(interval(float(right.double().mean()), len(right)))
    held = right.double()
    return list(bootstrap.interval(lambda often: often @ held / often.sum(dim=1), held, together))


def recall_intervals(
    label: Tensor, answer: Tensor, classes: int, together: Tensor | None
) -> list[list[float] | None]:
    """Return the 95% interval of the recall of each class; None of one without examples.

    label, answer: class indices (N,), int64 in [0, K). together: as for `share_interval`.
    """
    found: list[list[float] | None] = []
    for place in range(classes):
        at = label == place
        hung = None if together is None else together[at]
        found.append(share_interval(answer[at] == place, hung) if bool(at.any()) else None)
    return found


def confusion(label: Tensor, answer: Tensor, classes: int) -> Tensor:
    """Return how often each class (rows) got each answer (columns): (K, K), int64.

    label, answer: class indices (N,), int64 in [0, K).
    """
    return torch.bincount(label * classes + answer, minlength=classes**2).view(classes, classes)


def auc(chance: Tensor, label: Tensor) -> float:
    """Return how likely the second of two classes gets a higher chance than the first.

    chance: of the second class (N,). label: (N,), 0 or 1. NaN where a class has no example.
    Source: Hanley, McNeil 1982, "The meaning and use of the area under a ROC curve"; ties count
        half.
    """
    ones, zeros = int(label.sum()), int((1 - label).sum())
    if not ones or not zeros:
        return math.nan
    _, place, counts = chance.double().unique(return_inverse=True, return_counts=True)
    below = counts.cumsum(0) - counts
    rank = (below + (counts + 1) / 2)[place]  # from 1, ties share theirs
    return float((rank[label == 1].sum() - ones * (ones + 1) / 2) / (ones * zeros))


def imbalanced(label: Tensor) -> bool:
    """Tell whether the commonest class has three times the examples of the rarest, or more.

    label: class indices (N,), int64; classes without an example do not count.
    """
    counts = torch.bincount(label)
    counts = counts[counts > 0]
    return bool(counts.max() >= UNEVEN * counts.min())


def average_precision(chances: Tensor, label: Tensor) -> float:
    """Return the average precision: of two classes that of the rarer, of more their mean.

    chances: (N, K). label: (N,), int64. Examples are ranked by the chance of the class; it is the
    mean precision at each example of it, and by chance the share of the class. Classes without an
    example do not count; of equally likely examples none stands before another.
    """
    counts = torch.bincount(label, minlength=chances.shape[1])
    known = (counts > 0).nonzero().flatten()
    if chances.shape[1] == 2 and len(known) == 2:
        known = counts.argmin().view(1)
    each = [_precision(chances[:, place], label == place) for place in known.tolist()]
    return math.fsum(each) / len(each)


def _precision(chance: Tensor, is_it: Tensor) -> float:
    values, place = chance.double().unique(return_inverse=True)
    hits = torch.zeros(len(values), dtype=torch.float64).index_add_(0, place, is_it.double())
    total = torch.bincount(place, minlength=len(values)).double()
    found, among = hits.flip(0).cumsum(0), total.flip(0).cumsum(0)
    return float((hits.flip(0) * found / among).sum() / is_it.sum())


def by_class(
    counts: Tensor, names: Sequence[str], ends: Sequence[list[float] | None]
) -> dict[str, dict[str, Any]]:
    """Return precision, recall, F1, count and the 95% interval of recall of each class.

    counts: (K, K) of `confusion`. ends: of `recall_intervals`.
    What is a share of nothing is None: the precision of a class that was never answered, the recall
    of one without examples, the F1 of one with neither.
    """
    rows = zip(
        names,
        counts.diagonal().tolist(),
        counts.sum(dim=1).tolist(),
        counts.sum(dim=0).tolist(),
        ends,
        strict=True,
    )
    return {
        name: {
            "precision": right / said if said else None,
            "recall": right / count if count else None,
            "f1": 2 * right / (count + said) if count + said else None,
            "count": count,
            "interval": low_high,
        }
        for name, right, count, said, low_high in rows
    }


def overall(classes: dict[str, dict[str, Any]]) -> dict[str, float]:
    """Return the scores in which all classes count alike.

    balanced_accuracy is the mean recall of the classes with examples. The macro scores are means
    over the classes that have examples or were answered; what is undefined there counts as 0 (as
    in scikit-learn with zero_division=0).
    """
    seen = [c for c in classes.values() if c["f1"] is not None]
    recalls = [c["recall"] for c in classes.values() if c["count"]]
    means = {
        f"macro_{score}": math.fsum(c[score] or 0.0 for c in seen) / len(seen)
        for score in ("precision", "recall", "f1")
    }
    return {"balanced_accuracy": math.fsum(recalls) / len(recalls), **means}


def _judged(net: nn.Module, split: Split, names: Sequence[str] | None) -> tuple[int, int, float]:
    """Return how many are named rightly, of how many, and the sum of their losses."""
    check_not_empty(split)
    given, target = split.schema.inputs[0], split.schema.target
    classes = split.schema[target].names
    places = places_of(classes, classes if names is None else names)
    right, loss = 0, 0.0
    with at_rest(net) as device:
        for batch in split.batches(batch_size_for(split.schema[given])).on(device):
            scores = net(inputs(batch, split.schema, net)).float()
            label = places.to(device)[tensor_of(batch, target)]
            right += int((scores.argmax(dim=1) == label).sum())  # scores (N, K), label (N,)
            loss += float(functional.cross_entropy(scores, label, reduction="sum"))
    return right, len(split), loss


def check_not_empty(split: Split) -> None:
    """Raise DataError on a part without examples."""
    if len(split) == 0:
        raise DataError("accuracy: the split is empty; pass one with at least one example.")


def places_of(classes: Sequence[str], names: Sequence[str]) -> Tensor:
    """Return where each class of the data stands among the classes of the scores: (K,), int64.

    Raises DataError when `names` lacks one.
    """
    known = list(names)
    for name in classes:
        if name not in known:
            hint = nearest(name, known) or "; rename or remove it."
            listed = ", ".join(known[:10]) + (", ..." if len(known) > 10 else "")
            raise DataError(
                f"accuracy: the data have the class '{name}', which the net does not know"
                f" (it knows {listed}){hint}"
            )
    return torch.tensor([known.index(name) for name in classes])
