"""Predictions of an autoencoder: the reconstruction error of a picture, and its latent."""

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
    """The reconstruction error of one picture.

    error: root mean square error per pixel, in [0, 1].
    error_quantile: share of validation pictures with a smaller error; None if unknown.
    latent: of the picture; empty if the net has no body.
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
        """Return the error, its quantile, and a column for each latent dimension."""
        latent_columns = {f"latent {index}": number for index, number in enumerate(self.latent, 1)}
        return {"error": self.error, "error_quantile": self.error_quantile, **latent_columns}

    def summary(self) -> tuple[str, str]:
        """Return the error and its quantile."""
        quantile_text = (
            "" if self.error_quantile is None else f"larger than {self.error_quantile:.1%} on valid"
        )
        return f"RMSE {self.error:.4f}", quantile_text


def predict(net: nn.Module, batch: Batch, schema: Schema) -> list[Answer]:
    """Return an Answer for each example of a batch. Raises ShapeError as `squared_errors` does."""
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
    """Return the layer of a net that holds the error quantiles, if it has one."""
    layers = [module for module in net.modules() if isinstance(module, ErrorQuantiles)]
    return layers[0] if len(layers) == 1 else None
