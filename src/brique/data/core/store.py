"""Store: all examples of a source in memory, from which batches are gathered."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from brique.data.core.batch import Values
from brique.data.core.ragged import Ragged
from brique.schema import Mask, Picture, Schema


class Store:
    """All examples of a source in memory; splits are lists of indices into it.

    fields: tensors (N, ...) and Raggeds of N sequences, pictures uint8 or float32.
    names: of the examples; by default "example 17".
    groups: (N,), int64, number of the group of each example; None without groups.
    """

    def __init__(
        self,
        fields: Mapping[str, Values],
        schema: Schema,
        names: Sequence[str] = (),
        groups: Tensor | None = None,
    ) -> None:
        self.fields: dict[str, Values] = dict(fields)
        self.schema = schema
        self.names: tuple[str, ...] = tuple(names)
        self.groups = groups
        self._copies: dict[torch.device, dict[str, Values]] = {}

    def __len__(self) -> int:
        return len(next(iter(self.fields.values())))

    def on(self, device: torch.device) -> dict[str, Values]:
        """Return the fields on `device`, copied there once."""
        if device.type == "cpu":
            return self.fields
        if device not in self._copies:
            self._copies[device] = {name: value.to(device) for name, value in self.fields.items()}
        return self._copies[device]


def gather(fields: Mapping[str, Values], schema: Schema, rows: Tensor) -> dict[str, Values]:
    """Return the examples at `rows` (N,), int64, on their device; pictures float32 in [0, 1].

    Masks come as int64, (N, H, W).
    """
    values = {name: select_rows(value, rows) for name, value in fields.items()}
    for name, field in schema.fields.items():
        if type(field) is Picture:
            values[name] = Picture.to_float(values[name])  # pyright: ignore[reportArgumentType]
        elif type(field) is Mask:
            values[name] = values[name].long()  # pyright: ignore[reportAttributeAccessIssue]
    return values


def select_rows(value: Values, rows: Tensor) -> Values:
    """Return a field of the examples at `rows` (M,), int64."""
    return value.select(rows) if isinstance(value, Ragged) else value.index_select(0, rows)
