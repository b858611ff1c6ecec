"""What a net that rebuilds pictures is trained by, and what it says of one of them."""

import math
from dataclasses import dataclass

import torch
from torch import nn

from brique.data import Batch
from brique.evaluation.reconstruction import squared_errors
from brique.inference import tensor_of
from brique.nets.error_quantiles import ErrorQuantiles
from brique.schema import Schema


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a net says of one picture.

    error: root mean square of what is off, a pixel, in [0, 1].
    error_quantile: share of known pictures that are rebuilt better; None if it is not known.
    latent: the numbers that the picture became; none where the net has no body.
    """

    error: float
    error_quantile: float | None
    latent: tuple[float, ...]

    def to_json(self) -> dict[str, object]:
        """Return {"answer": error, "error_quantile": share, "latent": [numbers]}."""
        return {
            "answer": self.error,
            "error_quantile": self.error_quantile,
            "latent": list(self.latent),
        }

    def cells(self) -> dict[str, object]:
        """Return how far off it is, how unusual that is, and the code, a column for each number."""
        latent_columns = {f"latent {index}": number for index, number in enumerate(self.latent, 1)}
        return {"error": self.error, "error_quantile": self.error_quantile, **latent_columns}

    def summary(self) -> tuple[str, str]:
        """Return how far off the rebuilt picture is, and how unusual that is."""
        quantile_text = (
            "" if self.error_quantile is None else f"more unusual than {self.error_quantile:.1%}"
        )
        return f"off by {self.error:.4f}", quantile_text


def predict(net: nn.Module, batch: Batch, schema: Schema) -> list[Answer]:
    """Return an Answer for each example of a batch. Raises ShapeError as `missed` does."""
    pictures = tensor_of(batch, schema.inputs[0])
    squared_error = squared_errors(net(pictures), pictures)
    layer, encoder = quantile_layer(net), dict(net.named_children()).get("body")
    quantiles = (
        torch.full_like(squared_error, math.nan) if layer is None else layer.rank(squared_error)
    )
    latents = pictures.new_empty(len(squared_error), 0) if encoder is None else encoder(pictures)
    return [
        Answer(
            error=math.sqrt(error),
            error_quantile=None if math.isnan(quantile) else quantile,
            latent=tuple(latent),
        )
        for error, quantile, latent in zip(
            squared_error.tolist(), quantiles.tolist(), latents.tolist(), strict=True
        )
    ]


def quantile_layer(net: nn.Module) -> ErrorQuantiles | None:
    """Return the brick of a net that knows what is usual, if it has one."""
    layers = [module for module in net.modules() if isinstance(module, ErrorQuantiles)]
    return layers[0] if len(layers) == 1 else None
