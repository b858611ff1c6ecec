"""A net that foretells a series: a straight line of its past, and what convolutions add to it."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from brique.bricks import Band
from brique.errors import DataError
from brique.nets.builder import builder
from brique.schema import Number, Schema

_PIECES = 12  # into which the past is cut before its features are joined


class Forecaster(nn.Module):
    """Pasts (N, L, C) -> futures (N, A), or (N, A, K) of several targets, in their units.

    The last value of each column is its level: it is taken away, and given back at the end, so that
    a level that was never met is no trouble. A linear layer sees the target's own past, residual
    layers of convolutions that of all columns; at the start of training these add nothing.
    past, future: of the data. width, depth: of the residual layers.
    dropout: share of the features that are not seen in training.
    Source: Zeng et al. 2023, arXiv:2205.13504, section 3 (NLinear); Bai, Kolter, Koltun 2018,
        arXiv:1803.01271 (convolutions whose places lie ever farther apart).
    """

    mean: Tensor
    spread: Tensor
    own: Tensor

    is_own: Tensor

    def __init__(
        self, past: Number, future: Number, *, width: int, depth: int, dropout: float, lost: float
    ) -> None:
        super().__init__()
        length, columns = past.shape
        self.shape: tuple[int, ...] = future.shape
        ahead, targets = (*future.shape, 1)[:2]
        for name, values in (("mean", past.mean), ("spread", past.std)):
            given = values if isinstance(values, tuple) else (1.0,) * columns
            self.register_buffer(
                name, torch.tensor([one or float(name != "mean") for one in given])
            )
        own = torch.tensor([past.names.index(one) for one in future.names])
        self.register_buffer("own", own, persistent=False)
        is_own = torch.zeros(columns, 1, dtype=torch.bool)
        is_own[own] = True
        self.register_buffer("is_own", is_own, persistent=False)
        self.lost = lost
        self.straight: nn.Linear = nn.Linear(length, ahead)
        nn.init.constant_(self.straight.weight, 1 / length)
        self.first: nn.Conv1d = nn.Conv1d(columns, width, 3, padding=1)
        self.blocks: nn.Sequential = nn.Sequential(
            *(_Block(width, 2**place, dropout) for place in range(depth))
        )
        self.pieces: int = min(_PIECES, length)
        self.last: nn.Linear = nn.Linear(width * self.pieces, ahead * targets)
        nn.init.zeros_(self.last.weight)
        self.drop: nn.Dropout = nn.Dropout(dropout)
        self.band: Band = Band((ahead, targets))

    def forward(self, past: Tensor) -> Tensor:
        """Return futures, in the units of the data."""
        told = (past - self.mean) / self.spread  # (N, L, C)
        level = told[:, -1:]
        told = (told - level).transpose(1, 2)  # (N, C, L)
        straight = self.straight(told[:, self.own])  # (N, K, A)
        told = told - told.mean(dim=2, keepdim=True)
        seen = functional.dropout1d(told, self.lost, self.training)  # whole columns
        found = self.blocks(self.first(torch.where(self.is_own, told, seen)))
        found = functional.adaptive_avg_pool1d(found, self.pieces).flatten(1)
        curved = self.last(self.drop(found)).view(len(past), -1, straight.shape[2])  # (N, K, A)
        future = (straight + curved).transpose(1, 2) + level[:, :, self.own]
        future = self.band(future * self.spread[self.own] + self.mean[self.own])  # (N, A, K)
        return future.reshape(len(past), *self.shape)


class _Block(nn.Module):
    """Features (N, W, L) -> (N, W, L): what a convolution finds is added to them."""

    def __init__(self, width: int, apart: int, dropout: float) -> None:
        super().__init__()
        self.layers: nn.Sequential = nn.Sequential(
            nn.BatchNorm1d(width),
            nn.ReLU(),
            nn.Conv1d(width, width, 3, padding=apart, dilation=apart),
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
    lost: float = 0.8,
) -> Forecaster:
    """Return a net: pasts (N, L, C) -> futures (N, A), or (N, A, K) of several targets.

    schema: of a series, as JSON: `past`, L moments of C named columns, and as target `future`, A
        moments of one or more of them.
    width, depth: of the residual layers.
    dropout: share of the features that are not seen in training. lost: of the columns that are not
        foretold.
    Raises DataError for other inputs or targets.
    """
    read = Schema.from_json(schema)
    kinds = [read[name] for name in (*read.inputs, *read.targets)]
    numbers = [kind for kind in kinds if isinstance(kind, Number)]
    if len(kinds) != 2 or len(numbers) != 2 or not set(numbers[1].names) <= {*numbers[0].names}:
        held = ", ".join(f"{name} ({kind.kind})" for name, kind in read.fields.items())
        raise DataError(
            f"forecaster: expected the past of named columns and the future of some, got {held};"
            " pass the schema of a series"
        )
    return Forecaster(numbers[0], numbers[1], width=width, depth=depth, dropout=dropout, lost=lost)
