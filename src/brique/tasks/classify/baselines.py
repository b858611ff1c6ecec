"""What needs no net: simple methods of scikit-learn, fitted on the inputs of the training part.

Net and baselines learn from the same part; what a baseline may choose, it chooses on valid, and
none is fitted on that. All four together take less than a minute on two cores at any size of data:
where a method would take longer it is fitted on fewer examples, in which classes keep their shares.
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
_MAX_TRAIN, _MAX_VALID = 20_000, 2_000  # examples at most that are fitted on, and chosen with
_FOREST_SIDE = 16  # pixels a side of what the trees read


@dataclass(frozen=True)
class BaselinePredictions:
    """What one method reached: its place in run.json, and its answers (B,), or None if skipped.

    Answers are numbered as the classes of the data.
    """

    entry: dict[str, Any]
    predictions: Tensor | None


def majority_class(split: Split) -> int:
    """Return the commonest class of a part; of equal ones the first."""
    return int(torch.bincount(_labels(split)).argmax())


def fit_predict(data: Data, inputs: Tensor) -> dict[str, BaselinePredictions]:
    """Return what each method says of some inputs.

    data: with a category as target; train is fitted on, valid chosen with, test not looked at.
    inputs: numbers (B, F) as `numbers_of` returns them.
    """
    reason = _unfit_reason(data)
    if reason is not None:
        return {name: BaselinePredictions({"skipped": reason}, None) for name in METHODS}
    from threadpoolctl import threadpool_limits

    # one thread a method: several for each small product cost more than they save
    with warnings.catch_warnings(), threadpool_limits(1, user_api="blas"):
        warnings.simplefilter("ignore")  # of solvers that stop early: they then stand as they are
        train, valid, test = _examples(data, inputs)
        with ThreadPoolExecutor(min(2, torch.get_num_threads())) as pool:
            predictions = pool.map(
                lambda method: _fit_predict(method, train, valid, test), METHODS.values()
            )
            return dict(zip(METHODS, predictions, strict=True))


def _fit_predict(
    method: Method, train: Examples, valid: Examples, test: Examples
) -> BaselinePredictions:
    """Fit one method and ask it."""
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
    """Return an order of examples, each beginning of which holds the classes in their shares.

    label: (N,), int64. Returns places (N,), int64; every class stands once before any stands twice.
    """
    shuffled = torch.randperm(len(label), generator=keys.generator(_KEY))
    grouped = shuffled[torch.argsort(label[shuffled], stable=True)]
    counts = torch.bincount(label)
    starts = counts.cumsum(0) - counts
    grouped_label = label[grouped]
    rank = torch.arange(len(label)) - starts[grouped_label]  # within its class
    return grouped[torch.argsort(rank.double() / counts[grouped_label], stable=True)]


def _unfit_reason(data: Data) -> str | None:
    """Say why no baseline can be fitted, if so."""
    if not has_vector_inputs(data.schema):
        return "the inputs are neither one picture nor plain numbers"
    if int((torch.bincount(_labels(data.train)) > 0).sum()) < 2:
        return "the training part has examples of one class only"
    return None


def _examples(data: Data, inputs: Tensor) -> tuple[Examples, Examples, Examples]:
    """Return train, valid, and what is to be answered, as the methods read them."""
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
    """Return inputs (M, F) and classes (M,) of examples among which classes keep their shares."""
    label = _labels(split)
    chosen = stratified_order(label)[:count]
    return select_vectors(split, split.ids[chosen]), label[chosen]


def _labels(split: Split) -> Tensor:
    """Return the classes (N,), int64, of all examples of a part."""
    labels = split[split.schema.target]
    assert isinstance(labels, Tensor)
    return labels
