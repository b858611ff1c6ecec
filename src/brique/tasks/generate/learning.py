"""What a net that makes pictures from codes is trained by, and where its codes are drawn from."""

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from brique.bricks import Mixture
from brique.data import Batch, Split
from brique.errors import ModelError
from brique.schema import Schema
from brique.tasks.reconstruct.answer import missed
from brique.tasks.rest import at_rest, batch_size_for, evenly, tensor_of

LARGEST = 20_000  # codes that a mixture is fitted to, at most


def loss(made: Tensor, pictures: Tensor, codes: Tensor, *, pull: float) -> Tensor:
    """Return the mean squared error a pixel, and that of the codes, times `pull`.

    made, pictures: (N, C, H, W). codes: (N, D), which are to stay near 0, so that a distribution
    can be fitted to them.
    Source: Ghosh et al. 2020, arXiv:1903.12436, equation 6, with weight decay on all layers.
    """
    return functional.mse_loss(made, pictures) + pull * codes.square().mean()


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


def answered(net: nn.Module, batch: Batch, schema: Schema) -> list[Any]:
    """Raise ModelError: such a net is asked about nothing."""
    raise ModelError(
        "predict: this model makes pictures of noise, and has no answer to one that is given; in"
        " Python, model.net(torch.randn(count, model.net.noise)) makes some."
    )
