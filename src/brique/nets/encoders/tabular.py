"""An encoder of table columns: numbers, timestamps and classes."""

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, as_tensor, nn

from brique.data import Batch
from brique.errors import DataError
from brique.nets.encoders.periodic import FEATURES_PER_NUMBER, MAX_NUMBERS, PeriodicEmbedding
from brique.schema import Category, Field, Number, Timestamp

_DAY, _YEAR = 86_400, 31_556_952  # seconds


def is_column(field: Field) -> bool:
    """Tell whether a field is a column: a class, a timestamp, or a number or vector."""
    if isinstance(field, Number):
        return not field.is_sequence and len(field.shape) < 2
    return isinstance(field, Category | Timestamp)


def mean_and_std(fields: Sequence[Field]) -> tuple[list[float], list[float]]:
    """Return mean and std of each number in fields of numbers, concatenated.

    Raises DataError for fields of other kinds.
    """
    unsupported = [
        field.kind for field in fields if not isinstance(field, Number) or field.is_sequence
    ]
    if unsupported:
        raise DataError(
            f"fields: no net answers with a {unsupported[0]} yet; choose another target"
        )
    fitted = [
        entry for field in fields if isinstance(field, Number) for entry in _statistics(field)
    ]
    return [mean for mean, _, _ in fitted], [std for _, std, _ in fitted]


class TabularEncoder(nn.Module):
    """Encodes columns: a batch of N rows -> features (N, width).

    A number is standardized, compressed by asinh, and has a periodic embedding; a missing one gets
    its fill, and a flag where training had missing ones. A timestamp is a number with its phases
    in the day, week and year. A class is a row of an embedding; an unknown one is the mean of all
    rows.

    fields: the columns by name.
    width: W. depth: residual layers. dropout: dropout rate of the layers.
    Source: Gorishniy, Rubachev, Babenko 2022, arXiv:2203.05556, section 3.3 (periodic embedding);
        Gorishniy et al. 2021, arXiv:2106.11959, section 3.2 (layers).
    """

    mean: Tensor
    std: Tensor
    fill: Tensor
    optional: Tensor

    def __init__(self, fields: Mapping[str, Field], width: int, depth: int, dropout: float) -> None:
        super().__init__()
        self.numbers: dict[str, Number] = {n: k for n, k in fields.items() if isinstance(k, Number)}
        self.timestamps: dict[str, Timestamp] = {
            n: k for n, k in fields.items() if isinstance(k, Timestamp)
        }
        self.classes: dict[str, Category] = {
            n: k for n, k in fields.items() if isinstance(k, Category)
        }
        fitted = [entry for field in self.numbers.values() for entry in _statistics(field)]
        fitted += [(k.mean or 0.0, k.std or 1.0, math.nan) for k in self.timestamps.values()]
        optional = [k.optional for k in self.numbers.values() for _ in range(math.prod(k.shape))]
        optional += [False] * len(self.timestamps)  # already filled
        self.register_buffer("optional", torch.tensor(optional, dtype=torch.bool))
        mean, std, fill = zip(*fitted, strict=True) if fitted else ((), (), ())
        for name, values in (("mean", mean), ("std", std), ("fill", fill)):
            self.register_buffer(name, torch.tensor(values, dtype=torch.float64))
        count = len(fitted)
        optional_count = sum(optional)
        self.periodic: nn.Module | None = (
            PeriodicEmbedding(count) if 0 < count <= MAX_NUMBERS else None
        )
        self.embeddings: nn.ModuleList = nn.ModuleList(
            nn.Embedding(len(field.names) + field.has_other, _embedding_size(len(field.names)))
            for field in self.classes.values()
        )
        sizes = [_embedding_size(len(field.names)) for field in self.classes.values()]
        total = count + optional_count + 6 * len(self.timestamps) + sum(sizes)
        total += FEATURES_PER_NUMBER * count if self.periodic is not None else 0
        self.input_layer: nn.Linear = nn.Linear(total, width)
        self.blocks: nn.Sequential = nn.Sequential(*(_Block(width, dropout) for _ in range(depth)))
        self.output_layer: nn.Sequential = nn.Sequential(nn.BatchNorm1d(width), nn.ReLU())
        self.width: int = width

    def forward(self, batch: Batch) -> Tensor:
        """Return features (N, W), >= 0."""
        parts = list[Tensor]()
        if len(self.mean):
            parts += self._numeric_features(batch)
        for name in self.timestamps:
            parts.append(_cyclic_features(as_tensor(batch[name])))
        for (name, field), embedding in zip(self.classes.items(), self.embeddings, strict=True):
            parts.append(embedding(batch[name]))
            if field.has_other and not self.training:  # the last row was never trained
                is_other = as_tensor(batch[name]) == len(field.names)
                parts[-1] = torch.where(
                    is_other[:, None], as_tensor(embedding.weight)[:-1].mean(0), parts[-1]
                )
        return self.output_layer(self.blocks(self.input_layer(torch.cat(parts, dim=1))))

    def _numeric_features(self, batch: Batch) -> list[Tensor]:
        """Return numbers (N, F), missing flags (N, L), and periodic embeddings (N, 8 F)."""
        names = [*self.numbers, *self.timestamps]
        columns = [as_tensor(batch[name]).double().reshape(len(batch), -1) for name in names]
        values = torch.cat(columns, dim=1)  # (N, F)
        is_missing = values.isnan()
        values = torch.where(is_missing, self.fill, values)
        scaled = ((values - self.mean) / self.std).float().asinh()
        missing_flags = is_missing[:, self.optional].float()
        return [scaled, missing_flags, *([] if self.periodic is None else [self.periodic(scaled)])]


class _Block(nn.Module):
    """A residual layer: (N, W) -> (N, W)."""

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.layers: nn.Sequential = nn.Sequential(
            nn.BatchNorm1d(width),
            nn.Linear(width, 2 * width),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(2 * width, width),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return features (N, W)."""
        return x + self.layers(x)


def _statistics(field: Number) -> list[tuple[float, float, float]]:
    """Return mean, std and fill (NaN where there is none) of each of a column's numbers."""
    count = math.prod(field.shape)
    means, stds = (
        list(value) if isinstance(value, tuple) else [default if value is None else value] * count
        for value, default in ((field.mean, 0.0), (field.std, 1.0))
    )
    fill = math.nan if field.fill is None else field.fill
    return [(m, s or 1.0, fill) for m, s in zip(means, stds, strict=True)]


def _cyclic_features(seconds: Tensor) -> Tensor:
    """Return sine and cosine of the phases of timestamps (N,) in day, week and year: (N, 6)."""
    phases = [seconds % length / length for length in (_DAY, 7 * _DAY, _YEAR)]
    angles = 2 * math.pi * torch.stack(phases, dim=1)
    return torch.cat([angles.sin(), angles.cos()], dim=1).float()


def _embedding_size(count: int) -> int:
    """Return the embedding size for a number of classes."""
    return min(48, max(2, round(1.6 * count**0.56)))
