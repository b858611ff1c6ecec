"""Baselines of scikit-learn, fitted on the inputs of the training part.

The net and the baselines train on the same part; hyperparameters of a baseline are chosen on valid.
All four take less than a minute on two cores, at any size of data: a method that would take longer
is fitted on a stratified subset.
"""

import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from brique import keys
from brique.data import Data, Split
from brique.evaluation.baselines.names import NAMES as NAMES
from brique.tasks.classify.methods import METHODS, Examples, Method, UnfitError
from brique.tasks.classify.vectors import (
    PrincipalComponents,
    downsample,
    has_vector_inputs,
    max_examples,
    select_vectors,
)

_KEY = keys.text_key("baselines")
_MAX_TRAIN, _MAX_VALID = 20_000, 2_000  # training and validation examples
_FOREST_SIDE = 16  # side in pixels of the pictures for the random forest


@dataclass(frozen=True)
class BaselinePredictions:
    """The predictions of one method.

    entry: its JSON values in run.json. predictions: class indices of the data (B,), int64; None if
        the method was skipped.
    """

    entry: dict[str, Any]
    predictions: Tensor | None


def majority_class(split: Split) -> int:
    """Return the most frequent class of a split; of equal ones the first."""
    return int(torch.bincount(_labels(split)).argmax())


def fit_predict(data: Data, inputs: Tensor) -> dict[str, BaselinePredictions]:
    """Return the predictions of each method for some inputs.

    data: with a category as target; fits on train, selects on valid, does not read test.
    inputs: vectors (B, F) as `to_vectors` returns them.
    """
    reason = _unfit_reason(data)
    if reason is not None:
        return {name: BaselinePredictions({"skipped": reason}, None) for name in METHODS}
    from threadpoolctl import threadpool_limits

    # one thread per method: several for each small product cost more than they save
    with warnings.catch_warnings(), threadpool_limits(1, user_api="blas"):
        warnings.simplefilter("ignore")  # solvers that stop early are used as they are
        train, valid, test = _examples(data, inputs)
        with ThreadPoolExecutor(min(2, torch.get_num_threads())) as pool:
            predictions = pool.map(
                lambda method: _fit_predict(method, train, valid, test), METHODS.values()
            )
            return dict(zip(METHODS, predictions, strict=True))


def _fit_predict(
    method: Method, train: Examples, valid: Examples, test: Examples
) -> BaselinePredictions:
    """Fit one method and predict."""
    started = time.perf_counter()
    try:
        model = method(train, valid)
    except UnfitError as reason:
        return BaselinePredictions({"skipped": str(reason)}, None)
    predictions = torch.from_numpy(model.predict(test)).long()
    seconds = round(time.perf_counter() - started, 3)
    entry = {"examples": model.examples, "settings": model.settings, "seconds": seconds}
    return BaselinePredictions(entry, predictions)


def stratified_order(label: Tensor) -> Tensor:
    """Return an order of examples whose every prefix is stratified by class.

    label: (N,), int64. Returns indices (N,), int64; every class comes once before any comes twice.
    """
    shuffled = torch.randperm(len(label), generator=keys.generator(_KEY))
    grouped = shuffled[torch.argsort(label[shuffled], stable=True)]
    counts = torch.bincount(label)
    starts = counts.cumsum(0) - counts
    grouped_label = label[grouped]
    rank = torch.arange(len(label)) - starts[grouped_label]  # within its class
    return grouped[torch.argsort(rank.double() / counts[grouped_label], stable=True)]


def _unfit_reason(data: Data) -> str | None:
    """Return why no baseline can be fitted, or None."""
    if not has_vector_inputs(data.schema):
        return "the inputs are neither one picture nor plain numbers"
    if int((torch.bincount(_labels(data.train)) > 0).sum()) < 2:
        return "the training part has examples of one class only"
    return None


def _examples(data: Data, inputs: Tensor) -> tuple[Examples, Examples, Examples]:
    """Return train, valid and test as the methods read them."""
    field = data.schema[data.schema.inputs[0]]
    classes = len(data.schema[data.schema.target].names)
    train, train_label = _sample(data.train, min(_MAX_TRAIN, max_examples(field)))
    valid, valid_label = _sample(data.valid, min(_MAX_VALID, max_examples(field)))
    pca = PrincipalComponents(train, field)

    def as_examples(vectors: Tensor, label: Tensor) -> Examples:
        small = downsample(vectors, field, _FOREST_SIDE)
        return Examples(small.numpy(), pca.transform(vectors), label.numpy(), classes)

    no_label = torch.empty(0, dtype=torch.int64)
    return (
        as_examples(train, train_label),
        as_examples(valid, valid_label),
        as_examples(inputs, no_label),
    )


def _sample(split: Split, count: int) -> tuple[Tensor, Tensor]:
    """Return inputs (M, F) and labels (M,) of a stratified sample."""
    label = _labels(split)
    chosen = stratified_order(label)[:count]
    return select_vectors(split, split.ids[chosen]), label[chosen]


def _labels(split: Split) -> Tensor:
    """Return the labels (N,), int64, of a split."""
    labels = split[split.schema.target]
    assert isinstance(labels, Tensor)
    return labels
