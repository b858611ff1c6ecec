"""Fits the methods on train, and asks them about a part."""

import time
import warnings
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from brique import keys
from brique.data import Data, Split
from brique.evaluation.baselines.matrix import Matrix, can_be_read, matrix
from brique.evaluation.baselines.methods import (  # fmt: skip
    Lesson,
    Method,
    Unfit,
    bayes,
    each,
    linear,
    logistic,
    most,
)
from brique.evaluation.baselines.trees import boosted, boosting, forest, forested, most_of_forest
from brique.inference import evenly, rows_of_numbers
from brique.schema import Category, Schema

OF_CLASSES: dict[str, Method] = {
    "logistic": logistic, "bayes": bayes, "forest": forest, "boosting": boosting,
}  # fmt: skip
OF_NUMBERS: dict[str, Method] = {"linear": linear, "forest": forested, "boosting": boosted}
_VALID = 5_000  # examples that settings are chosen with, at most
_DRAW = keys.word("baselines")


@dataclass(frozen=True)
class Said:
    """What one method reached: its place in run.json, and its answers, or None if skipped.

    answers: numbers of classes (N,), int64, or of several targets (N, T); or numbers (N, K),
        float32.
    """

    entry: dict[str, Any]
    answers: Tensor | None


def constant(data: Data, asked: Split) -> dict[str, Said]:
    """Return what always answering the same reaches: the commonest class, or the mean."""
    truth = _truth(data.train)
    if not truth.is_floating_point() and truth.ndim == 2:
        commonest = torch.stack([torch.bincount(column).argmax() for column in truth.unbind(1)])
        pairs = zip(data.schema.targets, commonest.tolist(), strict=True)
        answer = {name: data.schema[name].names[place] for name, place in pairs}
        return {"majority": Said({"answer": answer}, commonest.expand(len(asked), -1))}
    if not truth.is_floating_point():
        usual = torch.bincount(truth).argmax()
        name = data.schema[data.schema.target].names[int(usual)]
        return {"majority": Said({"answer": name}, usual.expand(len(asked)))}
    mean = truth.mean(dim=0)
    return {"mean": Said({}, mean.expand(len(asked), -1))}


def fitted(data: Data, asked: Split) -> dict[str, Said]:
    """Return what each method says of the examples of a part, in its order.

    data: with categories as targets, or numbers; train is fitted on, valid chosen with.
    """
    from threadpoolctl import threadpool_limits

    known = constant(data, asked)
    methods = OF_CLASSES if "majority" in known else OF_NUMBERS
    targets = len(data.schema.targets) if "majority" in known else 1
    if targets > 1:
        methods = {name: each(method) for name, method in methods.items()}
    reason = _unfit(data)
    if reason is not None:
        return known | {name: Said({"skipped": reason}, None) for name in methods}
    drawn = torch.randperm(len(data.train), generator=keys.generator(_DRAW))
    inputs = matrix(asked, torch.arange(len(asked)))
    valid_rows = evenly(len(data.valid), _VALID)
    valid = matrix(data.valid, valid_rows), _truth(data.valid)[valid_rows]
    found: dict[str, Said] = {}
    with warnings.catch_warnings(), threadpool_limits(torch.get_num_threads(), user_api="blas"):
        warnings.simplefilter("ignore")  # of solvers that stop early: they then stand as they are
        for name, method in methods.items():
            count = most(name, inputs)
            if name == "forest":
                count = most_of_forest(inputs, is_class="majority" in known, most=count)
            some = drawn[: max(1000, count // targets)]
            train = matrix(data.train, some), _truth(data.train)[some]
            found[name] = _said(method, train, valid, inputs, len(drawn))
    return known | found


def _said(
    method: Method,
    train: tuple[Matrix, Tensor],
    valid: tuple[Matrix, Tensor],
    inputs: Matrix,
    whole: int,
) -> Said:
    begun = time.perf_counter()
    try:
        learnt = method(Lesson(train[0], train[1].numpy(), valid[0], valid[1].numpy()))
    except Unfit as reason:
        return Said({"skipped": str(reason)}, None)
    answers = torch.as_tensor(learnt.predict(inputs))
    if not train[1].is_floating_point():
        answers = answers.long()
    else:
        answers = answers.float().view(len(inputs), -1)
    seconds = round(time.perf_counter() - begun, 3)
    entry: dict[str, Any] = {
        "examples": len(train[0]), "settings": learnt.settings, "seconds": seconds,
    }  # fmt: skip
    few = f"{len(train[0]):,} of {whole:,} examples" if len(train[0]) < whole else ""
    if reduced := ", ".join(filter(None, (few, learnt.reduced))):
        entry["reduced"] = reduced
    return Said(entry, answers)


def _unfit(data: Data) -> str | None:
    """Say why no method can be fitted, if so."""
    schema: Schema = data.schema
    if not can_be_read(schema):
        return "the inputs are of kinds that simple methods do not read"
    truth = _truth(data.train)
    is_alone = not truth.is_floating_point() and truth.ndim == 1
    if is_alone and int((torch.bincount(truth) > 0).sum()) < 2:
        return "the training part has examples of one class only"
    return None


def _truth(split: Split) -> Tensor:
    """Return what is to be answered.

    That is the classes of one target (N,) or of several (N, T), int64, or numbers (N, K), float32.
    """
    schema = split.schema
    columns = [torch.as_tensor(split[name]) for name in schema.targets]
    if all(isinstance(schema[name], Category) for name in schema.targets):
        return columns[0] if len(columns) == 1 else torch.stack(columns, dim=1)
    return torch.cat([rows_of_numbers(one) for one in columns], dim=1)
