"""An encoder of all inputs of an example: their features, concatenated."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from brique.data import Batch, Ragged
from brique.errors import DataError
from brique.nets.encoders import tabular
from brique.nets.encoders.picture import PictureEncoder
from brique.nets.encoders.signal import SignalEncoder
from brique.nets.encoders.tabular import TabularEncoder
from brique.nets.encoders.text import TextEncoder
from brique.schema import Field, Number, Picture, Signal, Text

_MIN_SERIES_LENGTH = 8  # time steps; a shorter fixed-length series is not encoded as a signal


class MultiInput(nn.Module):
    """A batch of N examples -> features (N, D), of all its inputs.

    fields: the inputs by name.
    width, depth: features and layers of the encoder of columns; the encoder of signals has a
        quarter of the features in its first stage.
    dropout: dropout rate of the features.
    Raises DataError for a kind without an encoder.
    """

    takes_batch: bool = True

    def __init__(
        self, fields: Mapping[str, Field], *, width: int, depth: int, dropout: float
    ) -> None:
        super().__init__()
        column_fields = {name: field for name, field in fields.items() if tabular.is_column(field)}
        self.columns: TabularEncoder | None = (
            TabularEncoder(column_fields, width, depth, dropout) if column_fields else None
        )
        self.first_input: str = next(iter(fields))
        self.encoded_inputs: tuple[str, ...] = tuple(
            name for name in fields if name not in column_fields
        )
        self.encoders: nn.ModuleList = nn.ModuleList(
            _encoder(name, fields[name], width, dropout) for name in self.encoded_inputs
        )
        parts = [*self.encoders] if self.columns is None else [self.columns, *self.encoders]
        self.width: int = sum(int(part.width) for part in parts)  # pyright: ignore[reportArgumentType]
        self.projection: nn.Module = nn.Identity()
        if len(parts) > 1:
            self.projection = nn.Sequential(nn.Linear(self.width, 256), nn.ReLU())
            self.width = 256

    def forward(self, inputs: Batch | Tensor | Ragged) -> Tensor:
        """Return features (N, D).

        inputs: a batch; or, where there is one input alone, its values.
        """
        batch = inputs if isinstance(inputs, Batch) else Batch({self.first_input: inputs})
        features = [] if self.columns is None else [self.columns(batch)]
        for name, encoder in zip(self.encoded_inputs, self.encoders, strict=True):
            features.append(encoder(batch[name]))
        return self.projection(torch.cat(features, dim=1))


def _encoder(name: str, field: Field, width: int, dropout: float) -> nn.Module:
    match field:
        case Picture():
            return PictureEncoder(field)
        case Text():
            return TextEncoder(field, dropout=max(0.3, dropout))
        case Signal():
            return SignalEncoder(field, max(16, width // 4))
        case Number() if (
            not field.is_sequence and len(field.shape) == 2 and field.shape[0] >= _MIN_SERIES_LENGTH
        ):
            return SignalEncoder(field, max(16, width // 4))
        case _:
            raise DataError(
                f"fields: no net reads '{name}', a {field.kind} such as this; leave it out with"
                f" --types '{name}=leave', or write a recipe of your own"
            )
