"""Predictions of a regressor, with intervals and units."""

import math
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from brique.data import Batch
from brique.errors import ShapeError
from brique.evaluation.sentences import format_number
from brique.inference import net_inputs
from brique.nets.denormalize import Denormalize
from brique.schema import Schema


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A prediction: a number for each target, with its 90% prediction interval.

    interval: by target, (low, high); empty if the net has no intervals.
    units: by target, its unit if known.
    """

    answer: dict[str, float]
    interval: dict[str, tuple[float, float]]
    note: str | None = None
    units: dict[str, str] = field(default_factory=dict[str, str])

    def to_json(self) -> dict[str, object]:
        """Return {"answer": number, "interval": [low, high]}; by target, if several.

        "unit" is added if known.
        """
        if len(self.answer) > 1:
            intervals = {name: list(interval) for name, interval in self.interval.items()}
            units: dict[str, object] = {"unit": self.units} if self.units else {}
            return {"answer": self.answer, "interval": intervals, **units}
        (name, number) = next(iter(self.answer.items()))
        unit: dict[str, object] = {"unit": self.units[name]} if name in self.units else {}
        return {"answer": number, "interval": list(self.interval.get(name, ())), **unit}

    def cells(self) -> dict[str, object]:
        """Return each number, the ends of its interval, and its unit if known."""
        row: dict[str, object] = {}
        for name, number in self.answer.items():
            column = "answer" if len(self.answer) == 1 else name
            row[column] = number
            if name in self.interval:
                bounds = {"low": self.interval[name][0], "high": self.interval[name][1]}
                row |= (
                    bounds
                    if column == "answer"
                    else {f"{name} {bound}": value for bound, value in bounds.items()}
                )
            if name in self.units:
                row["unit" if column == "answer" else f"{name} unit"] = self.units[name]
        return row

    def summary(self) -> tuple[str, str]:
        """Return the numbers; of a single target, the 90% interval too."""
        numbers = {
            name: f"{format_number(number, 5)} {self.units.get(name, '')}".rstrip()
            for name, number in self.answer.items()
        }
        texts = [f"{name} {number}" for name, number in numbers.items()]
        if len(texts) == 1:
            texts = list(numbers.values())
        intervals = [
            f"{format_number(low, 5)} to {format_number(high, 5)}"
            for low, high in self.interval.values()
        ]
        return " ".join(texts[:8]), intervals[0] if len(intervals) == 1 else ""


def predictions(net: nn.Module, outputs: Tensor, schema: Schema) -> list[Answer]:
    """Return an Answer for each row of a net's outputs.

    outputs: (N, K). schema: its targets have K numbers in all; the numbers of a vector target are
        named "name 1", "name 2" ...
    Raises ShapeError when they disagree on K.
    """
    names = target_names(schema)
    if outputs.ndim != 2 or outputs.shape[1] != len(names):
        raise ShapeError(
            f"regress: answers: the net returned {tuple(outputs.shape)}, expected {len(names)}"
            f" numbers per example; let it return (N, {len(names)})."
        )
    layer = denormalize_layer(net)
    units = {name: unit for name, unit in zip(names, target_units(schema), strict=True) if unit}
    half_widths = (
        torch.full_like(outputs, torch.nan) if layer is None else layer.half_width_for(outputs)
    )
    return [
        Answer(
            answer=dict(zip(names, row.tolist(), strict=True)),
            interval={
                name: (float(number - half_width), float(number + half_width))
                for name, number, half_width in zip(names, row, row_half_widths, strict=True)
                if not bool(half_width.isnan())
            },
            units=units,
        )
        for row, row_half_widths in zip(outputs.cpu(), half_widths.cpu(), strict=True)
    ]


def predict(net: nn.Module, batch: Batch, schema: Schema) -> list[Answer]:
    """Return an Answer for each example of a batch. Raises ShapeError as `predictions` does."""
    return predictions(net, net(net_inputs(batch, schema, net)).float(), schema)


def target_names(schema: Schema) -> list[str]:
    """Return the names of all target numbers, in the order of a net's outputs."""
    counts = {name: math.prod(schema[name].shape) for name in schema.targets}
    return [
        f"{name} {index}" if schema[name].shape else name
        for name, count in counts.items()
        for index in range(1, count + 1)
    ]


def target_units(schema: Schema) -> list[str | None]:
    """Return the unit of each target number, None if unknown."""
    return [
        schema[name].unit for name in schema.targets for _ in range(math.prod(schema[name].shape))
    ]


def denormalize_layer(net: nn.Module) -> Denormalize | None:
    """Return the layer of a net that holds scales and intervals, if it has one."""
    layers = [module for module in net.modules() if isinstance(module, Denormalize)]
    return layers[0] if len(layers) == 1 else None
