"""All inputs of an example, each read by what reads its kind, joined."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from brique.data import Batch, Ragged
from brique.errors import DataError
from brique.nets.readers import columns
from brique.nets.readers.columns import Columns
from brique.nets.readers.pixels import Pixels
from brique.nets.readers.waves import Waves
from brique.nets.readers.words import Sentences
from brique.schema import Field, Number, Picture, Signal, Text

_SERIES = 8  # moments of a fixed number from which on it is read as a signal


class Joint(nn.Module):
    """A batch of N examples -> features (N, D), of all its inputs.

    kinds: the inputs by name. depth: layers of what reads columns.
    width: its features, and four times those of the first stage of what reads signals.
    dropout: share of features that are not seen in training.
    Raises DataError for a kind that nothing reads.
    """

    reads_fields: bool = True  # it is given batches

    def __init__(
        self, kinds: Mapping[str, Field], *, width: int, depth: int, dropout: float
    ) -> None:
        super().__init__()
        flat = {name: kind for name, kind in kinds.items() if columns.takes(kind)}
        self.columns: Columns | None = Columns(flat, width, depth, dropout) if flat else None
        self.only: str = next(iter(kinds))
        self.names: tuple[str, ...] = tuple(name for name in kinds if name not in flat)
        self.readers: nn.ModuleList = nn.ModuleList(
            _reader(name, kinds[name], width, dropout) for name in self.names
        )
        parts = [*self.readers] if self.columns is None else [self.columns, *self.readers]
        self.width: int = sum(int(part.width) for part in parts)  # pyright: ignore[reportArgumentType]
        self.joined: nn.Module = nn.Identity()
        if len(parts) > 1:
            self.joined = nn.Sequential(nn.Linear(self.width, 256), nn.ReLU())
            self.width = 256

    def forward(self, given: Batch | Tensor | Ragged) -> Tensor:
        """Return features (N, D).

        given: a batch; or, where there is one input alone, its values.
        """
        batch = given if isinstance(given, Batch) else Batch({self.only: given})
        found = [] if self.columns is None else [self.columns(batch)]
        for name, reader in zip(self.names, self.readers, strict=True):
            found.append(reader(batch[name]))
        return self.joined(torch.cat(found, dim=1))


def _reader(name: str, kind: Field, width: int, dropout: float) -> nn.Module:
    match kind:
        case Picture():
            return Pixels(kind)
        case Text():
            return Sentences(kind, dropout=max(0.3, dropout))
        case Signal():
            return Waves(kind, max(16, width // 4))
        case Number() if not kind.is_sequence and len(kind.shape) == 2 and kind.shape[0] >= _SERIES:
            return Waves(kind, max(16, width // 4))
        case _:
            raise DataError(
                f"fields: no net reads '{name}', a {kind.kind} such as this; leave it out with"
                f" --types '{name}=leave', or write a recipe of your own"
            )
