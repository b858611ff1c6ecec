"""Outputs of a regressor on a split, collected in one pass."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from brique.data import Split
from brique.errors import DataError
from brique.inference import MAX_BATCH_SIZE, eval_mode, net_inputs
from brique.tasks.regress.loss import targets
from brique.tasks.regress.predict import denormalize_layer


@dataclass(frozen=True)
class Outputs:
    """Outputs of a net on a split, on the CPU, in the split's order.

    ids: (N,), int64. target, predictions: (N, K), in their units.
    half_width: (N, K), of the 90% interval of each prediction; NaN if unknown.
    """

    ids: Tensor
    target: Tensor
    predictions: Tensor
    half_width: Tensor


def collect_outputs(net: nn.Module, split: Split) -> Outputs:
    """Return the outputs of a net on a split: one pass, in eval mode and float32, no gradient.

    net: inputs -> numbers (N, K). Raises DataError when the split is empty.
    """
    if not len(split):
        raise DataError("regress: the split is empty; pass one with at least one example.")
    parts: list[tuple[Tensor, ...]] = []
    layer = denormalize_layer(net)
    with eval_mode(net) as device:
        for batch in split.batches(min(MAX_BATCH_SIZE, 256)).on(device):
            predictions = net(net_inputs(batch, split.schema, net)).float()
            half_width = (
                torch.full_like(predictions, torch.nan)
                if layer is None
                else layer.half_width_for(predictions)
            )
            target = targets(batch, split.schema)
            parts.append((batch.ids.cpu(), target.cpu(), predictions.cpu(), half_width.cpu()))
    return Outputs(*map(torch.cat, zip(*parts, strict=True)))
