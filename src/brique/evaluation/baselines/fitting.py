"""Fits the methods on train and predicts a split."""

import time
import warnings
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from brique import keys
from brique.data import Data, Split
from brique.evaluation.baselines.matrix import Matrix, is_supported, matrix
from brique.evaluation.baselines.methods import (  # fmt: skip
    Method,
    MethodData,
    UnfitError,
    bayes,
    linear,
    logistic,
    max_examples,
    per_target,
)
from brique.evaluation.baselines.tree_ensembles import (
    boosting_classifier,
    boosting_regressor,
    forest_classifier,
    forest_regressor,
    max_forest_examples,
)
from brique.inference import as_rows, even_indices
from brique.schema import Category, Schema

CLASSIFIERS: dict[str, Method] = {
    "logistic": logistic, "bayes": bayes, "forest": forest_classifier,
    "boosting": boosting_classifier,
}  # fmt: skip
REGRESSORS: dict[str, Method] = {
    "linear": linear,
    "forest": forest_regressor,
    "boosting": boosting_regressor,
}
_MAX_VALID = 5_000  # examples for choosing settings, at most
_KEY = keys.text_key("baselines")


@dataclass(frozen=True)
class BaselinePredictions:
    """The entry of a method in run.json, and its predictions, None if skipped.

    predictions: class indices (N,), int64, or (N, T) of several targets; or numbers (N, K),
        float32.
    """

    entry: dict[str, Any]
    predictions: Tensor | None


def constant(data: Data, split: Split) -> dict[str, BaselinePredictions]:
    """Return the constant baseline: the most frequent class, or the mean."""
    target = _target_values(data.train)
    if not target.is_floating_point() and target.ndim == 2:
        most_common = torch.stack([torch.bincount(column).argmax() for column in target.unbind(1)])
        pairs = zip(data.schema.targets, most_common.tolist(), strict=True)
        answer = {name: data.schema[name].names[index] for name, index in pairs}
        return {
            "majority": BaselinePredictions({"answer": answer}, most_common.expand(len(split), -1))
        }
    if not target.is_floating_point():
        most_frequent = torch.bincount(target).argmax()
        name = data.schema[data.schema.target].names[int(most_frequent)]
        return {"majority": BaselinePredictions({"answer": name}, most_frequent.expand(len(split)))}
    mean = target.mean(dim=0)
    return {"mean": BaselinePredictions({}, mean.expand(len(split), -1))}


def fit_predict(data: Data, split: Split) -> dict[str, BaselinePredictions]:
    """Return the predictions of each method for a split, in its order.

    data: with categories or numbers as targets; methods are fitted on train, and their settings are
        chosen on valid.
    """
    from threadpoolctl import threadpool_limits

    constants = constant(data, split)
    methods = CLASSIFIERS if "majority" in constants else REGRESSORS
    num_targets = len(data.schema.targets) if "majority" in constants else 1
    if num_targets > 1:
        methods = {name: per_target(method) for name, method in methods.items()}
    reason = _unfit_reason(data)
    if reason is not None:
        return constants | {
            name: BaselinePredictions({"skipped": reason}, None) for name in methods
        }
    permutation = torch.randperm(len(data.train), generator=keys.generator(_KEY))
    inputs = matrix(split, torch.arange(len(split)))
    valid_rows = even_indices(len(data.valid), _MAX_VALID)
    valid = matrix(data.valid, valid_rows), _target_values(data.valid)[valid_rows]
    fitted_methods: dict[str, BaselinePredictions] = {}
    with warnings.catch_warnings(), threadpool_limits(torch.get_num_threads(), user_api="blas"):
        warnings.simplefilter("ignore")  # of solvers that stop before convergence
        for name, method in methods.items():
            count = max_examples(name, inputs)
            if name == "forest":
                count = max_forest_examples(inputs, is_class="majority" in constants, limit=count)
            rows = permutation[: max(1000, count // num_targets)]
            train = matrix(data.train, rows), _target_values(data.train)[rows]
            fitted_methods[name] = _fit_predict(method, train, valid, inputs, len(permutation))
    return constants | fitted_methods


def _fit_predict(
    method: Method,
    train: tuple[Matrix, Tensor],
    valid: tuple[Matrix, Tensor],
    inputs: Matrix,
    total: int,
) -> BaselinePredictions:
    started = time.perf_counter()
    try:
        fitted = method(MethodData(train[0], train[1].numpy(), valid[0], valid[1].numpy()))
    except UnfitError as reason:
        return BaselinePredictions({"skipped": str(reason)}, None)
    predictions = torch.as_tensor(fitted.predict(inputs))
    if not train[1].is_floating_point():
        predictions = predictions.long()
    else:
        predictions = predictions.float().view(len(inputs), -1)
    seconds = round(time.perf_counter() - started, 3)
    entry: dict[str, Any] = {
        "examples": len(train[0]), "settings": fitted.settings, "seconds": seconds,
    }  # fmt: skip
    subset = f"{len(train[0]):,} of {total:,} examples" if len(train[0]) < total else ""
    if reduced := ", ".join(filter(None, (subset, fitted.reduced))):
        entry["reduced"] = reduced
    return BaselinePredictions(entry, predictions)


def _unfit_reason(data: Data) -> str | None:
    """Return why no method can be fitted, or None."""
    schema: Schema = data.schema
    if not is_supported(schema):
        return "the baselines do not support inputs of these kinds"
    target = _target_values(data.train)
    is_single = not target.is_floating_point() and target.ndim == 1
    if is_single and int((torch.bincount(target) > 0).sum()) < 2:
        return "the training part has examples of one class only"
    return None


def _target_values(split: Split) -> Tensor:
    """Return the targets: classes of one (N,) or several (N, T), int64, or numbers (N, K)."""
    schema = split.schema
    columns = [torch.as_tensor(split[name]) for name in schema.targets]
    if all(isinstance(schema[name], Category) for name in schema.targets):
        return columns[0] if len(columns) == 1 else torch.stack(columns, dim=1)
    return torch.cat([as_rows(column) for column in columns], dim=1)
