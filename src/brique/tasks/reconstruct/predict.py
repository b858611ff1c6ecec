"""What a net that rebuilds pictures is trained by, and what it says of one of them."""

import math
from dataclasses import dataclass

import torch
from torch import nn

from brique.bricks import Usual
from brique.data import Batch
from brique.evaluation.pictures import missed
from brique.inference import tensor_of
from brique.schema import Schema


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a net says of one picture.

    error: root mean square of what is off, a pixel, in [0, 1].
    unusual: share of known pictures that are rebuilt better; None if it is not known.
    code: the numbers that the picture became; none where the net has no body.
    """

    error: float
    unusual: float | None
    code: tuple[float, ...]

    def to_json(self) -> dict[str, object]:
        """Return {"answer": error, "unusual": share, "code": [numbers]}."""
        return {"answer": self.error, "unusual": self.unusual, "code": list(self.code)}

    def cells(self) -> dict[str, object]:
        """Return how far off it is, how unusual that is, and the code, a column for each number."""
        each = {f"code {place}": number for place, number in enumerate(self.code, 1)}
        return {"off": self.error, "unusual": self.unusual, **each}

    def said(self) -> tuple[str, str]:
        """Return how far off the rebuilt picture is, and how unusual that is."""
        rare = "" if self.unusual is None else f"more unusual than {self.unusual:.1%}"
        return f"off by {self.error:.4f}", rare


def answered(net: nn.Module, batch: Batch, schema: Schema) -> list[Answer]:
    """Return an Answer for each example of a batch. Raises ShapeError as `missed` does."""
    pictures = tensor_of(batch, schema.inputs[0])
    off = missed(net(pictures), pictures)
    brick, body = knowing(net), dict(net.named_children()).get("body")
    rare = torch.full_like(off, math.nan) if brick is None else brick.rank(off)
    codes = pictures.new_empty(len(off), 0) if body is None else body(pictures)
    return [
        Answer(error=math.sqrt(one), unusual=None if math.isnan(share) else share, code=tuple(code))
        for one, share, code in zip(off.tolist(), rare.tolist(), codes.tolist(), strict=True)
    ]


def knowing(net: nn.Module) -> Usual | None:
    """Return the brick of a net that knows what is usual, if it has one."""
    bricks = [part for part in net.modules() if isinstance(part, Usual)]
    return bricks[0] if len(bricks) == 1 else None
