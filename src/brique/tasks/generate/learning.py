"""What a net that makes pictures from codes is trained by, and where its codes are drawn from."""

import math
from typing import Any

import torch
from torch import Tensor, nn

from brique.bricks import Mixture
from brique.data import Split
from brique.evaluation.pictures import missed
from brique.inference import at_rest, batch_size_for, evenly, tensor_of

LARGEST = 20_000  # codes that a mixture is fitted to, at most


def look(net: nn.Module, split: Split) -> float:
    """Return the mean squared error a pixel of what `net.rebuilt` makes of a part; NaN of none."""
    if not len(split):
        return math.nan
    field = split.schema.inputs[0]
    total = 0.0
    with at_rest(net) as device:
        for batch in split.batches(min(256, batch_size_for(split.schema[field]))).on(device):
            pictures = tensor_of(batch, field)
            total += float(missed(_rebuilt(net, pictures), pictures).sum())
    return total / len(split)


def learn(net: nn.Module, train: Split) -> None:
    """Fit the mixture of a net, from which codes are drawn, to the codes of training pictures.

    net: with `body`, pictures -> codes, and one `brique.bricks.Mixture`; without, nothing is done.
    """
    bricks = [part for part in net.modules() if isinstance(part, Mixture)]
    if len(bricks) != 1:
        return
    body, field = net.get_submodule("body"), train.schema.inputs[0]
    some = train.select(train.ids[evenly(len(train), LARGEST)])
    codes: list[Tensor] = []
    with at_rest(net) as device:
        for batch in some.batches(min(256, batch_size_for(train.schema[field]))).on(device):
            codes.append(body(tensor_of(batch, field)).cpu())
        bricks[0].learn(torch.cat(codes))


def _rebuilt(net: nn.Module, pictures: Tensor) -> Tensor:
    made: Any = getattr(net, "rebuilt")(pictures)  # noqa: B009 - nn.Module has no such method
    return made
