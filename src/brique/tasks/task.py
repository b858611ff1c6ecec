"""A task: what a net is trained by, how it does on a part, and how it is judged in the end."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn

from brique.data import Batch, Data, Split
from brique.errors import DataError
from brique.schema import Category, Number, Schema
from brique.tasks import classify, label, regress
from brique.tasks.judged import Judged


@dataclass(frozen=True)
class Look:
    """What a net does on a part.

    loss: what training makes smaller, or nearly so; NaN for an empty part.
    numbers: by name, what people want to see on the way.
    """

    loss: float
    numbers: dict[str, float]


@dataclass(frozen=True, kw_only=True)
class Task:
    """What is asked of a net.

    name: "classify", "label", "regress". main: the score that is named first.
    loss: what a net said (N, K), and the batch -> what it pays, a scalar.
    look: how a net does on a part. calibrate: fits on valid how sure it may be.
    judge: what it reaches on the test part of data, beside what needs no net.
    """

    name: str
    main: str
    loss: Callable[[Tensor, Batch], Tensor]
    look: Callable[[nn.Module, Split], Look]
    calibrate: Callable[[nn.Module, Split], object]
    judge: Callable[[nn.Module, Data], Judged]


def of(data: Data, *, balance: str = "none", smoothing: float = 0.0) -> Task:
    """Return what the targets of data ask for: one category, several, or numbers.

    balance: "weights" makes mistakes in rare classes cost more.
    smoothing: share of each label that is spread over all classes.
    Raises DataError for other targets.
    """
    schema = data.schema
    targets = [schema[name] for name in schema.targets]
    if len(targets) == 1 and isinstance(targets[0], Category):
        weights = classify.weights(data.train) if balance == "weights" else None
        return Task(
            name="classify", main="accuracy",
            loss=partial(_mistakes, schema, weights, smoothing), look=_named,
            calibrate=classify.calibrate, judge=classify.judge,
        )  # fmt: skip
    if targets and all(isinstance(kind, Category) for kind in targets):
        costs = label.weights(data.train) if balance == "weights" else None
        return Task(
            name="label", main="accuracy",
            loss=partial(_mislabelled, schema, costs, smoothing), look=_labelled,
            calibrate=label.calibrate, judge=label.judge,
        )  # fmt: skip
    if targets and all(isinstance(kind, Number) and not kind.varies for kind in targets):
        spread = regress.spread(data.train)
        return Task(
            name="regress", main="r2", loss=partial(_missed, schema, spread),
            look=partial(_told, spread), calibrate=regress.calibrate, judge=regress.judge,
        )  # fmt: skip
    kinds = ", ".join(f"{name} ({schema[name].kind})" for name in schema.targets) or "nothing"
    raise DataError(
        f"{data.name}: expected categories, or numbers, to be answered, got {kinds}; choose"
        " another target"
    )


def _mistakes(
    schema: Schema, weights: Tensor | None, smoothing: float, scores: Tensor, batch: Batch
) -> Tensor:
    truth = torch.as_tensor(batch[schema.target])
    return classify.loss(scores, truth, weights, smoothing=smoothing)


def _mislabelled(
    schema: Schema, weights: list[Tensor] | None, smoothing: float, scores: Tensor, batch: Batch
) -> Tensor:
    return label.loss(scores, batch, schema, weights, smoothing=smoothing)


def _missed(schema: Schema, spread: Tensor, said: Tensor, batch: Batch) -> Tensor:
    return regress.loss(said, regress.wanted(batch, schema), spread.to(said))


def _named(net: nn.Module, split: Split) -> Look:
    seen = classify.look(net, split)
    return Look(seen.loss, {"valid_accuracy": seen.accuracy, "valid_loss": seen.loss})


def _labelled(net: nn.Module, split: Split) -> Look:
    seen = label.look(net, split)
    return Look(seen.loss, {"valid_accuracy": seen.accuracy, "valid_loss": seen.loss})


def _told(spread: Tensor, net: nn.Module, split: Split) -> Look:
    seen = regress.look(net, split, spread)
    return Look(seen.loss, {"valid_r2": seen.r2, "valid_loss": seen.loss})
