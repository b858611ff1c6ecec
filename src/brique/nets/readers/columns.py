"""The columns of a table that are numbers, moments or classes, read together."""

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, as_tensor, nn

from brique.data import Batch
from brique.errors import DataError
from brique.nets.readers.ripples import EACH, MOST, Ripples
from brique.schema import Category, Field, Timestamp, Number

_DAY, _YEAR = 86_400, 31_556_952  # seconds


def takes(kind: Field) -> bool:
    """Tell whether a field is a column: a class, a moment, or a few numbers of one shape."""
    if isinstance(kind, Number):
        return not kind.is_sequence and len(kind.shape) < 2
    return isinstance(kind, Category | Timestamp)


def moments(kinds: Sequence[Field]) -> tuple[list[float], list[float]]:
    """Return mean and spread of each number in fields of numbers, laid side by side.

    Raises DataError for fields of other kinds.
    """
    strange = [kind.kind for kind in kinds if not isinstance(kind, Number) or kind.is_sequence]
    if strange:
        raise DataError(f"fields: no net answers with a {strange[0]} yet; choose another target")
    fitted = [one for kind in kinds if isinstance(kind, Number) for one in _fitted(kind)]
    return [mean for mean, _, _ in fitted], [spread for _, spread, _ in fitted]


class Columns(nn.Module):
    """Reads columns: a batch of N rows -> features (N, width).

    A number is centered, brought to spread 1 and its far ends drawn in (asinh); one that is missing
    counts as its fill, and is marked where training had such. Beside it stand waves of it, whose
    lengths are learnt. A moment is a number with its place in the day, week and year. A class is a
    row of an embedding; one that training has not had is the mean of all rows.

    kinds: the columns by name.
    width: W. depth: residual layers. dropout: share of features that a layer does not see.
    Source: Gorishniy, Rubachev, Babenko 2022, arXiv:2203.05556, section 3.3 (waves);
        Gorishniy et al. 2021, arXiv:2106.11959, section 3.2 (layers).
    """

    mean: Tensor
    spread: Tensor
    fill: Tensor
    optional: Tensor

    def __init__(self, kinds: Mapping[str, Field], width: int, depth: int, dropout: float) -> None:
        super().__init__()
        self.numbers: dict[str, Number] = {n: k for n, k in kinds.items() if isinstance(k, Number)}
        self.moments: dict[str, Timestamp] = {n: k for n, k in kinds.items() if isinstance(k, Timestamp)}
        self.classes: dict[str, Category] = {
            n: k for n, k in kinds.items() if isinstance(k, Category)
        }
        fitted = [one for kind in self.numbers.values() for one in _fitted(kind)]
        fitted += [(k.mean or 0.0, k.std or 1.0, math.nan) for k in self.moments.values()]
        optional = [k.optional for k in self.numbers.values() for _ in range(math.prod(k.shape))]
        optional += [False] * len(self.moments)  # they are filled before
        self.register_buffer("optional", torch.tensor(optional, dtype=torch.bool))
        mean, spread, fill = zip(*fitted, strict=True) if fitted else ((), (), ())
        for name, values in (("mean", mean), ("spread", spread), ("fill", fill)):
            self.register_buffer(name, torch.tensor(values, dtype=torch.float64))
        count = len(fitted)
        lacking = sum(optional)
        self.waves: nn.Module | None = Ripples(count) if 0 < count <= MOST else None
        self.embeddings: nn.ModuleList = nn.ModuleList(
            nn.Embedding(len(kind.names) + kind.has_other, _size(len(kind.names)))
            for kind in self.classes.values()
        )
        sizes = [_size(len(kind.names)) for kind in self.classes.values()]
        total = count + lacking + 6 * len(self.moments) + sum(sizes)
        total += EACH * count if self.waves is not None else 0
        self.first: nn.Linear = nn.Linear(total, width)
        self.blocks: nn.Sequential = nn.Sequential(*(_Block(width, dropout) for _ in range(depth)))
        self.last: nn.Sequential = nn.Sequential(nn.BatchNorm1d(width), nn.ReLU())
        self.width: int = width

    def forward(self, batch: Batch) -> Tensor:
        """Return features (N, W), none below 0."""
        parts = list[Tensor]()
        if len(self.mean):
            parts += self._told(batch)
        for name in self.moments:
            parts.append(_circles(as_tensor(batch[name])))
        for (name, kind), rows in zip(self.classes.items(), self.embeddings, strict=True):
            parts.append(rows(batch[name]))
            if kind.has_other and not self.training:  # then the last row is as it was drawn
                is_other = as_tensor(batch[name]) == len(kind.names)
                parts[-1] = torch.where(
                    is_other[:, None], as_tensor(rows.weight)[:-1].mean(0), parts[-1]
                )
        return self.last(self.blocks(self.first(torch.cat(parts, dim=1))))

    def _told(self, batch: Batch) -> list[Tensor]:
        """Return numbers (N, F), marks of those missing (N, L), and waves (N, 8 F)."""
        names = [*self.numbers, *self.moments]
        columns = [as_tensor(batch[name]).double().reshape(len(batch), -1) for name in names]
        values = torch.cat(columns, dim=1)  # (N, F)
        is_lost = values.isnan()
        values = torch.where(is_lost, self.fill, values)
        told = ((values - self.mean) / self.spread).float().asinh()
        marks = is_lost[:, self.optional].float()
        return [told, marks, *([] if self.waves is None else [self.waves(told)])]


class _Block(nn.Module):
    """A layer whose features are added to what it was given: (N, W) -> (N, W)."""

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


def _fitted(kind: Number) -> list[tuple[float, float, float]]:
    """Return mean, spread and fill (NaN where there is none) of each of a column's numbers."""
    count = math.prod(kind.shape)
    means, spreads = (
        list(value) if isinstance(value, tuple) else [default if value is None else value] * count
        for value, default in ((kind.mean, 0.0), (kind.std, 1.0))
    )
    fill = math.nan if kind.fill is None else kind.fill
    return [(m, s or 1.0, fill) for m, s in zip(means, spreads, strict=True)]


def _circles(seconds: Tensor) -> Tensor:
    """Return where in the day, the week and the year moments (N,) lie: (N, 6)."""
    turns = [seconds % length / length for length in (_DAY, 7 * _DAY, _YEAR)]
    angles = 2 * math.pi * torch.stack(turns, dim=1)
    return torch.cat([angles.sin(), angles.cos()], dim=1).float()


def _size(count: int) -> int:
    """Return how many numbers stand for one of so many classes."""
    return min(48, max(2, round(1.6 * count**0.56)))
