"""One pass of a net over a part."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from brique.data import Split
from brique.errors import DataError
from brique.inference import LARGEST_BATCH, at_rest, inputs
from brique.tasks.regress.loss import wanted
from brique.tasks.regress.predict import restoring


@dataclass(frozen=True)
class Reading:
    """What a net said of a part, on the processor, in the part's order.

    ids: (N,), int64. truth, said: (N, K), in their units.
    reach: (N, K), half the width of the 90% interval round each answer; NaN if unknown.
    """

    ids: Tensor
    truth: Tensor
    said: Tensor
    reach: Tensor


def read(net: nn.Module, split: Split) -> Reading:
    """Return what a net says of a part: one pass, in eval mode and float32, without slopes.

    net: inputs -> numbers (N, K). Raises DataError when the part is empty.
    """
    if not len(split):
        raise DataError("regress: the split is empty; pass one with at least one example.")
    parts: list[tuple[Tensor, ...]] = []
    brick = restoring(net)
    with at_rest(net) as device:
        for batch in split.batches(min(LARGEST_BATCH, 256)).on(device):
            said = net(inputs(batch, split.schema, net)).float()
            reach = torch.full_like(said, torch.nan) if brick is None else brick.around(said)
            truth = wanted(batch, split.schema)
            parts.append((batch.ids.cpu(), truth.cpu(), said.cpu(), reach.cpu()))
    return Reading(*map(torch.cat, zip(*parts, strict=True)))
