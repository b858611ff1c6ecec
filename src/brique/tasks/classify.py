"""Which of K classes a thing belongs to."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from brique.data import Split
from brique.errors import DataError, ShapeError, nearest
from brique.tasks.rest import at_rest, batch_size_for, tensor_of


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a net says of one input: a class by name, and how likely each class is."""

    answer: str
    probabilities: dict[str, float]

    def to_json(self) -> dict[str, object]:
        """Return {"answer": name, "probabilities": {name: share}}."""
        return {"answer": self.answer, "probabilities": self.probabilities}


def loss(scores: Tensor, label: Tensor) -> Tensor:
    """Return the mean cross entropy in nats.

    scores: (N, K), any real numbers.
    label: class indices (N,), int64 in [0, K).
    """
    return functional.cross_entropy(scores, label)


def answers(scores: Tensor, names: Sequence[str]) -> list[Answer]:
    """Return an Answer for each row of scores; of equal scores the first class wins.

    scores: (N, K), on any device.
    names: the K classes, in the order of the scores.
    Raises ShapeError when scores and names disagree on K.
    """
    if scores.ndim != 2 or scores.shape[1] != len(names):
        shape = tuple(scores.shape)
        raise ShapeError(
            f"answers: scores have shape {shape} but there are {len(names)} classes;"
            f" pass scores (N, {len(names)})."
        )
    rows = functional.softmax(scores.detach().float().cpu(), dim=1)  # (N, K)
    return [
        Answer(
            answer=names[int(row.argmax())],
            probabilities=dict(zip(names, row.tolist(), strict=True)),
        )
        for row in rows
    ]


def accuracy(net: nn.Module, split: Split, names: Sequence[str] | None = None) -> float:
    """Return the share of a split's examples that the net names rightly.

    net: inputs (N, ...) -> scores (N, K). It is asked in eval mode, without slopes and in float32,
        on its own device; each of its parts is in its own mode again afterwards.
    names: the K classes, if they are not those of the split; classes are compared by name.
    Raises DataError when the split is empty or has a class that `names` lacks.
    """
    right, total, _ = _judged(net, split, names)
    return right / total


def certainty(net: nn.Module, split: Split) -> float:
    """Return the mean log-probability, in nats, that the net gives to the right classes.

    It is 0 at best, and tells apart nets that name the same share of a small split rightly.
    net, split: as for `accuracy`.
    """
    _, total, certain = _judged(net, split, None)
    return certain / total


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


def judge(
    net: nn.Module, split: Split, *, beside: Split, names: Sequence[str] | None = None
) -> dict[str, Any]:
    """Return what a net reaches on a split, beside what needs no net, as JSON values.

    net, split, names: as for `accuracy`.
    beside: the training part, whose commonest class the baseline always answers.
    Returns "task", "test": {"accuracy"}, its 95% "interval", "baseline": {"majority": {"accuracy",
    "answer"}} and "examples", how many were judged.
    """
    share = accuracy(net, split, names)
    target = beside.schema.target
    answer = beside.schema[target].names[int(torch.bincount(_labels(beside, target)).argmax())]
    classes = split.schema[split.schema.target].names
    right = [classes[label] == answer for label in _labels(split, split.schema.target).tolist()]
    return {
        "task": "classify",
        "test": {"accuracy": share},
        "interval": {"accuracy": list(interval(share, len(split)))},
        "baseline": {"majority": {"accuracy": sum(right) / len(right), "answer": answer}},
        "examples": len(split),
    }


def sentence(judged: Mapping[str, Any]) -> str:
    """Return what `judge` returned in words."""
    low, high = judged["interval"]["accuracy"]
    majority = judged["baseline"]["majority"]
    return (
        f"{judged['test']['accuracy']:.1%} of {judged['examples']:,} test examples named rightly"
        f" (95% interval {low:.1%} to {high:.1%}); always answering '{majority['answer']}' would"
        f" reach {majority['accuracy']:.1%}"
    )


def _labels(split: Split, target: str) -> Tensor:
    """Return the classes (N,), int64, of all things in a split."""
    labels = split[target]
    assert isinstance(labels, Tensor)
    return labels


def _judged(net: nn.Module, split: Split, names: Sequence[str] | None) -> tuple[int, int, float]:
    """Return how many are named rightly, of how many, and the sum of log-probabilities."""
    if len(split) == 0:
        raise DataError("accuracy: the split is empty; pass one with at least one example.")
    given, target = split.schema.inputs[0], split.schema.target
    places = _places(split.schema[target].names, names)
    right, certain = 0, 0.0
    with at_rest(net) as device:
        for batch in split.batches(batch_size_for(split.schema[given])).on(device):
            scores, label = net(batch[given]).float(), places.to(device)[tensor_of(batch, target)]
            right += int((scores.argmax(dim=1) == label).sum())  # scores (N, K), label (N,)
            certain -= float(functional.cross_entropy(scores, label, reduction="sum"))
    return right, len(split), certain


def _places(classes: Sequence[str], names: Sequence[str] | None) -> Tensor:
    """Return where each class of a split stands among the classes of the scores: (K,), int64."""
    known = list(classes if names is None else names)
    for name in classes:
        if name not in known:
            hint = nearest(name, known) or "; rename or remove it."
            listed = ", ".join(known[:10]) + (", ..." if len(known) > 10 else "")
            raise DataError(
                f"accuracy: the data have the class '{name}', which the net does not know"
                f" (it knows {listed}){hint}"
            )
    return torch.tensor([known.index(name) for name in classes])
