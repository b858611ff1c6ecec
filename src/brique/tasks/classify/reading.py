"""One pass of a net over a part: its scores, and what charts and baselines need beside them."""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from brique.data import Batch, Split
from brique.evaluation.categories import check_scores
from brique.evaluation.classes import check_not_empty, places_of
from brique.inference import at_rest, batch_size_for, evenly, tensor_of
from brique.inference import inputs as given
from brique.tasks.classify.inputs import most, numbers_of

HIDDEN = 1000  # examples at most whose hidden features are kept
COMPARED = 10_000  # examples at most that the baselines are asked about
_NUMBERS = 1 << 23  # of hidden features at most: 32 MiB
_NONE = torch.empty(0, 0)


@dataclass(frozen=True)
class Reading:
    """What a net said of a part, on the processor, in the part's order.

    ids, label: (N,), int64; classes are numbered as the scores.
    scores: (N, K), float32.
    hidden_at, hidden: places (M,) in the part and the features (M, D) that the last layer reads
        there; (0,) and (0, 0) where the net does not show them.
    inputs_at, inputs: places (B,) in the part and the inputs there as numbers (B, F), float32, for
        the baselines; all places, and (0, 0), if they were not asked for.
    """

    ids: Tensor
    label: Tensor
    scores: Tensor
    hidden_at: Tensor
    hidden: Tensor
    inputs_at: Tensor
    inputs: Tensor


def read(
    net: nn.Module,
    split: Split,
    names: Sequence[str],
    *,
    inputs: bool = False,
    more: Sequence[str] = (),
) -> Reading:
    """Return what a net says of a part: one pass, in eval mode and float32, without slopes.

    net: inputs (N, ...) -> scores (N, K).
    names: the K classes of the scores; those of the part are found among them by name.
    inputs: whether to keep the inputs for the baselines.
    more: classes that the net does not know: it never answers them, by scores of -inf.
    Raises DataError when the part is empty or has a class that `names` lacks; ShapeError when the
        scores are not (N, K).
    """
    check_not_empty(split)
    field, target = split.schema.inputs[0], split.schema.target
    places = places_of(split.schema[target].names, [*names, *more])
    hidden_at = evenly(len(split), HIDDEN)
    inputs_at = torch.arange(len(split))
    if inputs:
        inputs_at = evenly(len(split), min(COMPARED, most(split.schema[field])))
    parts: list[tuple[Tensor, ...]] = []
    start = 0
    with at_rest(net) as device, _hidden(net) as caught:
        for batch in split.batches(batch_size_for(split.schema[field])).on(device):
            caught.clear()
            scores = net(given(batch, split.schema, net)).float().cpu()
            check_scores("judge", scores, len(names))
            scores = functional.pad(scores, (0, len(more)), value=-math.inf)
            features = _features(caught, batch, _within(hidden_at, start, batch))
            label = places[tensor_of(batch, target).cpu()]
            asked = _inputs(batch, split, _within(inputs_at, start, batch)) if inputs else _NONE
            parts.append((batch.ids.cpu(), label, scores, features, asked))
            start += len(batch)
    ids, label, scores, hidden, asked = map(torch.cat, zip(*parts, strict=True))
    hidden_at, hidden = _thinned(hidden_at[: len(hidden)], hidden)
    return Reading(ids, label, scores, hidden_at, hidden, inputs_at, asked)


@contextmanager
def _hidden(net: nn.Module) -> Iterator[list[object]]:
    """Catch what the last layer of a net reads, at each call of the net.

    It is the output of `net.body`, where the net has the children body and head; else the input of
    its last linear layer, at the layer's first use.
    """
    caught: list[object] = []
    children = dict(net.named_children())
    linear = [part for part in net.modules() if isinstance(part, nn.Linear)]
    if {"body", "head"} <= children.keys():
        hook = children["body"].register_forward_hook(lambda _, given, out: caught.append(out))
    elif linear:
        hook = linear[-1].register_forward_pre_hook(lambda _, given: caught.append(given[0]))
    else:
        yield caught
        return
    try:
        yield caught
    finally:
        hook.remove()


def _features(caught: list[object], batch: Batch, rows: Tensor) -> Tensor:
    """Return the features (M, D) of some examples of a batch, from what was caught first."""
    first = caught[0] if caught else None
    if not isinstance(first, Tensor) or first.ndim < 2 or len(first) != len(batch):
        return _NONE
    return first.detach()[rows.to(first.device)].flatten(1).float().cpu()


def _within(places: Tensor, start: int, batch: Batch) -> Tensor:
    """Return which of the places lie in a batch that begins at `start`, as rows of the batch."""
    return places[(places >= start) & (places < start + len(batch))] - start


def _inputs(batch: Batch, split: Split, rows: Tensor) -> Tensor:
    """Return some inputs of a batch as numbers (B, F), on the processor."""
    name = split.schema.inputs[0]
    values = tensor_of(batch, name)
    return numbers_of(values[rows.to(values.device)], split.schema[name]).cpu()


def _thinned(places: Tensor, hidden: Tensor) -> tuple[Tensor, Tensor]:
    """Keep fewer examples where their features are many."""
    kept = evenly(len(hidden), max(1, _NUMBERS // max(1, hidden.shape[1])))
    return places[kept], hidden[kept]
