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
from brique.tasks.classify.inputs import Parts, can_be_numbers, inputs_of, most, smaller
from brique.tasks.classify.methods import METHODS, Examples, Method, Unfit

_DRAW = keys.word("baselines")
_TRAIN, _VALID = 20_000, 2_000  # examples at most that are fitted on, and chosen with
_SIDE = 16  # pixels a side of what the trees read


@dataclass(frozen=True)
class Said:
    """What one method reached: its place in run.json, and its answers (B,), or None if skipped.

    Answers are numbered as the classes of the data.
    """

    entry: dict[str, Any]
    answers: Tensor | None


def majority(split: Split) -> int:
    """Return the commonest class of a part; of equal ones the first."""
    return int(torch.bincount(_labels(split)).argmax())


def fitted(data: Data, inputs: Tensor) -> dict[str, Said]:
    """Return what each method says of some inputs.

    data: with a category as target; train is fitted on, valid chosen with, test not looked at.
    inputs: numbers (B, F) as `numbers_of` returns them.
    """
    reason = _unfit(data)
    if reason is not None:
        return {name: Said({"skipped": reason}, None) for name in METHODS}
    from threadpoolctl import threadpool_limits

    # one thread a method: several for each small product cost more than they save
    with warnings.catch_warnings(), threadpool_limits(1, user_api="blas"):
        warnings.simplefilter("ignore")  # of solvers that stop early: they then stand as they are
        train, valid, asked = _examples(data, inputs)
        with ThreadPoolExecutor(min(2, torch.get_num_threads())) as pool:
            said = pool.map(lambda method: _said(method, train, valid, asked), METHODS.values())
            return dict(zip(METHODS, said, strict=True))


def _said(method: Method, train: Examples, valid: Examples, asked: Examples) -> Said:
    """Fit one method and ask it."""
    begun = time.perf_counter()
    try:
        found = method(train, valid)
    except Unfit as reason:
        return Said({"skipped": str(reason)}, None)
    answers = torch.from_numpy(found.predict(asked)).long()
    seconds = round(time.perf_counter() - begun, 3)
    entry = {"examples": found.examples, "settings": found.settings, "seconds": seconds}
    return Said(entry, answers)


def spread_out(label: Tensor) -> Tensor:
    """Return an order of examples, each beginning of which holds the classes in their shares.

    label: (N,), int64. Returns places (N,), int64; every class stands once before any stands twice.
    """
    drawn = torch.randperm(len(label), generator=keys.generator(_DRAW))
    grouped = drawn[torch.argsort(label[drawn], stable=True)]
    counts = torch.bincount(label)
    starts = counts.cumsum(0) - counts
    of = label[grouped]
    rank = torch.arange(len(label)) - starts[of]  # within its class
    return grouped[torch.argsort(rank.double() / counts[of], stable=True)]


def _unfit(data: Data) -> str | None:
    """Say why no baseline can be fitted, if so."""
    if not can_be_numbers(data.schema):
        return "the inputs are neither one picture nor plain numbers"
    if int((torch.bincount(_labels(data.train)) > 0).sum()) < 2:
        return "the training part has examples of one class only"
    return None


def _examples(data: Data, inputs: Tensor) -> tuple[Examples, Examples, Examples]:
    """Return train, valid, and what is to be answered, as the methods read them."""
    field = data.schema[data.schema.inputs[0]]
    classes = len(data.schema[data.schema.target].names)
    train, train_label = _sample(data.train, min(_TRAIN, most(field)))
    valid, valid_label = _sample(data.valid, min(_VALID, most(field)))
    parts = Parts(train, field)

    def read(numbers: Tensor, label: Tensor) -> Examples:
        few = smaller(numbers, field, _SIDE)
        return Examples(few.numpy(), parts.of(numbers), label.numpy(), classes)

    unknown = torch.empty(0, dtype=torch.int64)
    return read(train, train_label), read(valid, valid_label), read(inputs, unknown)


def _sample(split: Split, count: int) -> tuple[Tensor, Tensor]:
    """Return inputs (M, F) and classes (M,) of examples among which classes keep their shares."""
    label = _labels(split)
    chosen = spread_out(label)[:count]
    return inputs_of(split, split.ids[chosen]), label[chosen]


def _labels(split: Split) -> Tensor:
    """Return the classes (N,), int64, of all examples of a part."""
    labels = split[split.schema.target]
    assert isinstance(labels, Tensor)
    return labels
