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
from brique.evaluation.classification import check_not_empty, map_classes
from brique.inference import batch_size_for, eval_mode, even_indices, tensor_of
from brique.inference import net_inputs as given
from brique.tasks.classify.vectors import max_examples, to_vectors

MAX_HIDDEN = 1000  # examples at most whose hidden features are kept
MAX_COMPARED = 10_000  # examples at most that the baselines are asked about
_MAX_HIDDEN_VALUES = 1 << 23  # of hidden features at most: 32 MiB
_EMPTY = torch.empty(0, 0)


@dataclass(frozen=True)
class Outputs:
    """What a net said of a part, on the processor, in the part's order.

    ids, label: (N,), int64; classes are numbered as the scores.
    scores: (N, K), float32.
    hidden_rows, hidden: places (M,) in the part and the features (M, D) that the last layer reads
        there; (0,) and (0, 0) where the net does not show them.
    input_rows, inputs: places (B,) in the part and the inputs there as numbers (B, F), float32, for
        the baselines; all places, and (0, 0), if they were not asked for.
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
    """Return what a net says of a part: one pass, in eval mode and float32, without slopes.

    net: inputs (N, ...) -> scores (N, K).
    names: the K classes of the scores; those of the part are found among them by name.
    keep_inputs: whether to keep the inputs for the baselines.
    unknown_names: classes that the net does not know: it never answers them, by scores of -inf.
    Raises DataError when the part is empty or has a class that `names` lacks; ShapeError when the
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
            scores = net(given(batch, split.schema, net)).float().cpu()
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
    """Catch what the last layer of a net reads, at each call of the net.

    It is the output of `net.body`, where the net has the children body and head; else the input of
    its last linear layer, at the layer's first use.
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
    """Return the features (M, D) of some examples of a batch, from what was caught first."""
    first = captured[0] if captured else None
    if not isinstance(first, Tensor) or first.ndim < 2 or len(first) != len(batch):
        return _EMPTY
    return first.detach()[rows.to(first.device)].flatten(1).float().cpu()


def _rows_in_batch(rows: Tensor, start: int, batch: Batch) -> Tensor:
    """Return which of the places lie in a batch that begins at `start`, as rows of the batch."""
    return rows[(rows >= start) & (rows < start + len(batch))] - start


def _batch_vectors(batch: Batch, split: Split, rows: Tensor) -> Tensor:
    """Return some inputs of a batch as numbers (B, F), on the processor."""
    name = split.schema.inputs[0]
    values = tensor_of(batch, name)
    return to_vectors(values[rows.to(values.device)], split.schema[name]).cpu()


def _limit_hidden(rows: Tensor, hidden: Tensor) -> tuple[Tensor, Tensor]:
    """Keep fewer examples where their features are many."""
    chosen = even_indices(len(hidden), max(1, _MAX_HIDDEN_VALUES // max(1, hidden.shape[1])))
    return rows[chosen], hidden[chosen]
