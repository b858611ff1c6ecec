"""One pass of a classifier over a split: scores, hidden features, inputs for baselines."""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from brique.data import Batch, Split
from brique.evaluation.categories import check_scores
from brique.evaluation.classification import check_not_empty, map_classes
from brique.inference import batch_size_for, eval_mode, even_indices, net_inputs, tensor_of
from brique.tasks.classify.vectors import max_examples, to_vectors

MAX_HIDDEN = 1000  # examples whose hidden features are kept
MAX_COMPARED = 10_000  # examples on which baselines are evaluated
_MAX_HIDDEN_VALUES = 1 << 23  # of hidden features: 32 MiB
_EMPTY = torch.empty(0, 0)


@dataclass(frozen=True)
class Outputs:
    """The outputs of a net on a split, on the CPU, in the order of the split.

    ids, label: (N,), int64; label indexes the columns of scores.
    scores: (N, K), float32.
    hidden_rows, hidden: rows (M,) of the split and the input (M, D) of the last layer there; (0,)
        and (0, 0) where it cannot be captured.
    input_rows, inputs: rows (B,) of the split and the inputs there as vectors (B, F), float32, for
        the baselines; all rows, and (0, 0), unless `keep_inputs`.
    """

    ids: Tensor
    label: Tensor
    scores: Tensor
    hidden_rows: Tensor
    hidden: Tensor
    input_rows: Tensor
    inputs: Tensor


def collect_outputs(
    net: nn.Module,
    split: Split,
    names: Sequence[str],
    *,
    keep_inputs: bool = False,
    unknown_names: Sequence[str] = (),
) -> Outputs:
    """Return the outputs of a net on a split: one pass, in eval mode and float32, no gradient.

    net: inputs (N, ...) -> scores (N, K).
    names: the K classes of the scores; those of the split are matched by name.
    keep_inputs: whether to keep the inputs for the baselines.
    unknown_names: classes that the net does not know; their scores are -inf.
    Raises DataError when the split is empty or has a class that `names` lacks; ShapeError when the
        scores are not (N, K).
    """
    check_not_empty(split)
    field, target = split.schema.inputs[0], split.schema.target
    class_index = map_classes(split.schema[target].names, [*names, *unknown_names])
    hidden_rows = even_indices(len(split), MAX_HIDDEN)
    input_rows = torch.arange(len(split))
    if keep_inputs:
        input_rows = even_indices(len(split), min(MAX_COMPARED, max_examples(split.schema[field])))
    chunks: list[tuple[Tensor, ...]] = []
    start = 0
    with eval_mode(net) as device, _capture_hidden(net) as captured:
        for batch in split.batches(batch_size_for(split.schema[field])).on(device):
            captured.clear()
            scores = net(net_inputs(batch, split.schema, net)).float().cpu()
            check_scores("evaluate", scores, len(names))
            scores = functional.pad(scores, (0, len(unknown_names)), value=-math.inf)
            features = _features(captured, batch, _rows_in_batch(hidden_rows, start, batch))
            label = class_index[tensor_of(batch, target).cpu()]
            vectors = (
                _batch_vectors(batch, split, _rows_in_batch(input_rows, start, batch))
                if keep_inputs
                else _EMPTY
            )
            chunks.append((batch.ids.cpu(), label, scores, features, vectors))
            start += len(batch)
    ids, label, scores, hidden, vectors = map(torch.cat, zip(*chunks, strict=True))
    hidden_rows, hidden = _limit_hidden(hidden_rows[: len(hidden)], hidden)
    return Outputs(ids, label, scores, hidden_rows, hidden, input_rows, vectors)


@contextmanager
def _capture_hidden(net: nn.Module) -> Iterator[list[object]]:
    """Capture the input of the last layer at each call of a net.

    It is the output of `net.body`, if the net has the children body and head; else the input of its
    last linear layer, at the first use of the layer.
    """
    captured: list[object] = []
    children = dict(net.named_children())
    linear = [module for module in net.modules() if isinstance(module, nn.Linear)]
    if {"body", "head"} <= children.keys():
        hook = children["body"].register_forward_hook(
            lambda _, args, output: captured.append(output)
        )
    elif linear:
        hook = linear[-1].register_forward_pre_hook(lambda _, args: captured.append(args[0]))
    else:
        yield captured
        return
    try:
        yield captured
    finally:
        hook.remove()


def _features(captured: list[object], batch: Batch, rows: Tensor) -> Tensor:
    """Return the features (M, D) of some rows of a batch, from the first captured tensor."""
    first = captured[0] if captured else None
    if not isinstance(first, Tensor) or first.ndim < 2 or len(first) != len(batch):
        return _EMPTY
    return first.detach()[rows.to(first.device)].flatten(1).float().cpu()


def _rows_in_batch(rows: Tensor, start: int, batch: Batch) -> Tensor:
    """Return the rows of a split that lie in the batch from `start` on, as rows of the batch."""
    return rows[(rows >= start) & (rows < start + len(batch))] - start


def _batch_vectors(batch: Batch, split: Split, rows: Tensor) -> Tensor:
    """Return some inputs of a batch as vectors (B, F), on the CPU."""
    name = split.schema.inputs[0]
    values = tensor_of(batch, name)
    return to_vectors(values[rows.to(values.device)], split.schema[name]).cpu()


def _limit_hidden(rows: Tensor, hidden: Tensor) -> tuple[Tensor, Tensor]:
    """Keep fewer examples if they have many features."""
    chosen = even_indices(len(hidden), max(1, _MAX_HIDDEN_VALUES // max(1, hidden.shape[1])))
    return rows[chosen], hidden[chosen]
