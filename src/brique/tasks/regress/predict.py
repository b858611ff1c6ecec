"""What a net that answers with numbers is trained by, and what it says of one input."""

import math
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from brique.bricks import Restore
from brique.data import Batch
from brique.errors import ShapeError
from brique.evaluation.sentences import amount
from brique.inference import inputs
from brique.schema import Schema


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a net says of one input: a number for each target, and where 90% of the truths lie.

    interval: by target, its ends; empty where the net has none.
    units: by target, what the number is measured in; empty where none is known.
    """

    answer: dict[str, float]
    interval: dict[str, tuple[float, float]]
    note: str | None = None
    units: dict[str, str] = field(default_factory=dict[str, str])

    def to_json(self) -> dict[str, object]:
        """Return {"answer": number, "interval": [low, high]}; by target where there are several.

        "unit" is there where one is known.
        """
        if len(self.answer) > 1:
            ends = {name: list(both) for name, both in self.interval.items()}
            units: dict[str, object] = {"unit": self.units} if self.units else {}
            return {"answer": self.answer, "interval": ends, **units}
        (name, number) = next(iter(self.answer.items()))
        unit: dict[str, object] = {"unit": self.units[name]} if name in self.units else {}
        return {"answer": number, "interval": list(self.interval.get(name, ())), **unit}

    def cells(self) -> dict[str, object]:
        """Return each number, the ends of its interval, and its unit where one is known."""
        row: dict[str, object] = {}
        for name, number in self.answer.items():
            called = "answer" if len(self.answer) == 1 else name
            row[called] = number
            if name in self.interval:
                ends = {"low": self.interval[name][0], "high": self.interval[name][1]}
                row |= ends if called == "answer" else {f"{name} {k}": v for k, v in ends.items()}
            if name in self.units:
                row["unit" if called == "answer" else f"{name} unit"] = self.units[name]
        return row

    def said(self) -> tuple[str, str]:
        """Return the numbers, and the 90% interval of a single one."""
        numbers = {
            name: f"{amount(number, 5)} {self.units.get(name, '')}".rstrip()
            for name, number in self.answer.items()
        }
        told = [f"{name} {number}" for name, number in numbers.items()]
        if len(told) == 1:
            told = list(numbers.values())
        ends = [f"{amount(low, 5)} to {amount(high, 5)}" for low, high in self.interval.values()]
        return " ".join(told[:8]), ends[0] if len(ends) == 1 else ""


def answers(net: nn.Module, said: Tensor, schema: Schema) -> list[Answer]:
    """Return an Answer for each row of what a net said.

    said: (N, K). schema: whose targets are K numbers in all; those of a target that holds several
        are called "name 1", "name 2" ...
    Raises ShapeError when they disagree on K.
    """
    names = named(schema)
    if said.ndim != 2 or said.shape[1] != len(names):
        raise ShapeError(
            f"answers: the net said {tuple(said.shape)} where {len(names)} numbers are asked for;"
            f" let it return (N, {len(names)})."
        )
    brick = restoring(net)
    units = {name: unit for name, unit in zip(names, units_of(schema), strict=True) if unit}
    half = torch.full_like(said, torch.nan) if brick is None else brick.around(said)
    return [
        Answer(
            answer=dict(zip(names, row.tolist(), strict=True)),
            interval={
                name: (float(one - h), float(one + h))
                for name, one, h in zip(names, row, halves, strict=True)
                if not bool(h.isnan())
            },
            units=units,
        )
        for row, halves in zip(said.cpu(), half.cpu(), strict=True)
    ]


def answered(net: nn.Module, batch: Batch, schema: Schema) -> list[Answer]:
    """Return an Answer for each example of a batch. Raises ShapeError as `answers` does."""
    return answers(net, net(inputs(batch, schema, net)).float(), schema)


def named(schema: Schema) -> list[str]:
    """Return the names of all numbers that are asked for, in the order of a net's answers."""
    counts = {name: math.prod(schema[name].shape) for name in schema.targets}
    return [
        f"{name} {place}" if schema[name].shape else name
        for name, count in counts.items()
        for place in range(1, count + 1)
    ]


def units_of(schema: Schema) -> list[str | None]:
    """Return the unit of each number that is asked for, None where none is known."""
    return [
        schema[name].unit for name in schema.targets for _ in range(math.prod(schema[name].shape))
    ]


def restoring(net: nn.Module) -> Restore | None:
    """Return the layer of a net that knows the units and intervals, if it has one."""
    bricks = [part for part in net.modules() if isinstance(part, Restore)]
    return bricks[0] if len(bricks) == 1 else None
