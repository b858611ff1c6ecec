"""A net that forecasts a series: a linear model of its past plus residual convolutions."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from brique.errors import DataError
from brique.nets.builder import builder
from brique.nets.prediction_interval import PredictionInterval
from brique.schema import Number, Schema

_SEGMENTS = 12  # segments of the past whose features are averaged and concatenated


class Forecaster(nn.Module):
    """Pasts (N, L, C) -> futures (N, A), or (N, A, K) of several targets, in their units.

    The last value of each column is its level: the net subtracts it first and adds it at the end,
    so that it extrapolates to new levels. A linear layer sees the target's own past, residual
    convolutions see the past of all columns; at the start of training they add 0.
    past, future: fields of the data. width, depth: of the residual layers.
    dropout: dropout rate of the features. column_dropout: of whole columns that are no targets.
    Source: Zeng et al. 2023, arXiv:2205.13504, section 3 (NLinear); Bai, Kolter, Koltun 2018,
        arXiv:1803.01271 (dilated convolutions).
    """

    mean: Tensor
    std: Tensor
    target_columns: Tensor
    is_target: Tensor

    def __init__(
        self,
        past: Number,
        future: Number,
        *,
        width: int,
        depth: int,
        dropout: float,
        column_dropout: float,
    ) -> None:
        super().__init__()
        length, columns = past.shape
        self.shape: tuple[int, ...] = future.shape
        horizon, targets = (*future.shape, 1)[:2]
        for name, values in (("mean", past.mean), ("std", past.std)):
            numbers = values if isinstance(values, tuple) else (1.0,) * columns
            self.register_buffer(
                name, torch.tensor([value or float(name != "mean") for value in numbers])
            )
        target_columns = torch.tensor([past.names.index(value) for value in future.names])
        self.register_buffer("target_columns", target_columns, persistent=False)
        is_target = torch.zeros(columns, 1, dtype=torch.bool)
        is_target[target_columns] = True
        self.register_buffer("is_target", is_target, persistent=False)
        self.column_dropout = column_dropout
        self.linear: nn.Linear = nn.Linear(length, horizon)
        nn.init.constant_(self.linear.weight, 1 / length)
        self.input_layer: nn.Conv1d = nn.Conv1d(columns, width, 3, padding=1)
        self.blocks: nn.Sequential = nn.Sequential(
            *(_Block(width, 2**layer, dropout) for layer in range(depth))
        )
        self.segments: int = min(_SEGMENTS, length)
        self.output_layer: nn.Linear = nn.Linear(width * self.segments, horizon * targets)
        nn.init.zeros_(self.output_layer.weight)
        self.dropout: nn.Dropout = nn.Dropout(dropout)
        self.interval: PredictionInterval = PredictionInterval((horizon, targets))

    def forward(self, past: Tensor) -> Tensor:
        """Return futures, in the units of the data."""
        normalized = (past - self.mean) / self.std  # (N, L, C)
        level = normalized[:, -1:]
        normalized = (normalized - level).transpose(1, 2)  # (N, C, L)
        linear_forecast = self.linear(normalized[:, self.target_columns])  # (N, K, A)
        normalized = normalized - normalized.mean(dim=2, keepdim=True)
        masked = functional.dropout1d(
            normalized, self.column_dropout, self.training
        )  # whole columns
        hidden = self.blocks(self.input_layer(torch.where(self.is_target, normalized, masked)))
        hidden = functional.adaptive_avg_pool1d(hidden, self.segments).flatten(1)
        correction = self.output_layer(self.dropout(hidden)).view(
            len(past), -1, linear_forecast.shape[2]
        )  # (N, K, A)
        future = (linear_forecast + correction).transpose(1, 2) + level[:, :, self.target_columns]
        future = self.interval(
            future * self.std[self.target_columns] + self.mean[self.target_columns]
        )  # (N, A, K)
        return future.reshape(len(past), *self.shape)


class _Block(nn.Module):
    """A residual block of dilated convolutions: (N, W, L) -> (N, W, L)."""

    def __init__(self, width: int, dilation: int, dropout: float) -> None:
        super().__init__()
        self.layers: nn.Sequential = nn.Sequential(
            nn.BatchNorm1d(width),
            nn.ReLU(),
            nn.Conv1d(width, width, 3, padding=dilation, dilation=dilation),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Conv1d(width, width, 1),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return features (N, W, L)."""
        return x + self.layers(x)


@builder
def forecaster(
    schema: dict[str, Any],
    *,
    width: int = 32,
    depth: int = 3,
    dropout: float = 0.7,
    column_dropout: float = 0.8,
) -> Forecaster:
    """Return a net: pasts (N, L, C) -> futures (N, A), or (N, A, K) of several targets.

    schema: of a series, as JSON: `past`, L time steps of C named columns, and as target `future`,
        A time steps of one or more of them.
    width, depth: of the residual layers.
    dropout: dropout rate of the features.
    column_dropout: dropout rate of whole columns that are no targets.
    Raises DataError for other inputs or targets.
    """
    parsed_schema = Schema.from_json(schema)
    fields = [parsed_schema[name] for name in (*parsed_schema.inputs, *parsed_schema.targets)]
    number_fields = [field for field in fields if isinstance(field, Number)]
    if (
        len(fields) != 2
        or len(number_fields) != 2
        or not set(number_fields[1].names) <= {*number_fields[0].names}
    ):
        description = ", ".join(
            f"{name} ({field.kind})" for name, field in parsed_schema.fields.items()
        )
        raise DataError(
            "forecaster: expected the past of named columns and the future of some, got "
            f"{description}; pass the schema of a series"
        )
    return Forecaster(
        number_fields[0],
        number_fields[1],
        width=width,
        depth=depth,
        dropout=dropout,
        column_dropout=column_dropout,
    )
