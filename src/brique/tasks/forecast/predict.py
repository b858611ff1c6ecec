"""What a net that foretells a series is trained by, and what it says of one past."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from brique.bricks import Band
from brique.data import Batch
from brique.errors import ShapeError
from brique.evaluation.sentences import amount
from brique.schema import Number, Schema

_CALM = 0.1  # of a column's spread that is added to what a window moves
_SAID = 8  # steps that are told in one line


@dataclass(frozen=True, kw_only=True)
class Answer:
    """How a series goes on: for each target its next values, and the band that holds 90% of them.

    answer: by target, a value for each step. interval: by target, the ends of the band at each
        step; empty where the net has none.
    """

    answer: dict[str, tuple[float, ...]]
    interval: dict[str, tuple[tuple[float, float], ...]]

    def to_json(self) -> dict[str, object]:
        """Return {"answer": [...], "interval": [[low, high], ...]}; by target, if several."""
        values = {name: list(steps) for name, steps in self.answer.items()}
        ends = {name: [list(one) for one in steps] for name, steps in self.interval.items()}
        if len(values) > 1:
            return {"answer": values, "interval": ends}
        name = next(iter(values))
        return {"answer": values[name], "interval": ends.get(name, [])}

    def cells(self) -> dict[str, object]:
        """Return each value, and the ends of its band, under "OT +1", "OT +1 low" and so on."""
        row: dict[str, object] = {}
        for name, steps in self.answer.items():
            for step, value in enumerate(steps, 1):
                row[f"{name} +{step}"] = value
                if name in self.interval:
                    low, high = self.interval[name][step - 1]
                    row |= {f"{name} +{step} low": low, f"{name} +{step} high": high}
        return row

    def said(self) -> tuple[str, str]:
        """Return the first values of each target, and the band of the last step of a single one."""
        told: list[str] = []
        for name, steps in self.answer.items():
            values = " ".join(amount(value) for value in steps[:_SAID])
            told.append(f"{name} {values}{' ...' if len(steps) > _SAID else ''}")
        ends = [steps[-1] for steps in self.interval.values()]
        sure = f"{' to '.join(map(amount, ends[0]))} at the last step" if len(ends) == 1 else ""
        return "; ".join(told), sure


def kinds(schema: Schema) -> tuple[Number, Number]:
    """Return what the past and the future are."""
    past, future = schema[schema.inputs[0]], schema[schema.target]
    assert isinstance(past, Number)
    assert isinstance(future, Number)
    return past, future


def own_of(schema: Schema) -> list[int]:
    """Return the places of the targets (K,) among the columns of the past."""
    past, future = kinds(schema)
    return [past.names.index(name) for name in future.names]


def spread_of(schema: Schema) -> Tensor:
    """Return the spread of each target over the training part, 1 where it is constant: (K,)."""
    past, _ = kinds(schema)
    assert isinstance(past.spread, tuple)
    return torch.tensor([past.spread[place] or 1.0 for place in own_of(schema)])


def steps_of(values: Tensor) -> Tensor:
    """Return futures (N, A) or (N, A, K) as (N, A, K)."""
    return values.unsqueeze(2) if values.ndim == 2 else values


def past_of(batch: Batch, schema: Schema) -> Tensor:
    """Return the pasts of a batch (N, L, C)."""
    values = batch[schema.inputs[0]]
    assert isinstance(values, Tensor)
    return values


def unrest(past: Tensor, schema: Schema) -> Tensor:
    """Return how much each target moves in a window, in its unit (N, K): what a band is wide by.

    past: (N, L, C). It is the mean change over as many steps as are foretold, or over one where the
    past is no longer than that, and a tenth of the target's spread.
    """
    ahead = kinds(schema)[1].shape[0]
    values = past[:, :, own_of(schema)]
    step = ahead if values.shape[1] > ahead else 1
    moved = (values[:, step:] - values[:, :-step]).abs()
    mean = moved.mean(dim=1) if moved.shape[1] else torch.zeros_like(values[:, 0])
    return mean + _CALM * spread_of(schema).to(past)


def answered(net: nn.Module, batch: Batch, schema: Schema) -> list[Answer]:
    """Return an Answer for each past of a batch.

    net: pasts (N, L, C) -> futures. Raises ShapeError when it says anything else.
    """
    past = past_of(batch, schema)
    _, future = kinds(schema)
    said = net(past).float()
    check_shape("answers", said, (len(past), *future.shape))
    half = half_of(net, past, schema).cpu()
    said = steps_of(said).cpu()
    low, high = said - half, said + half
    found: list[Answer] = []
    for row in range(len(said)):
        values: dict[str, tuple[float, ...]] = {}
        ends: dict[str, tuple[tuple[float, float], ...]] = {}
        for place, name in enumerate(future.names):
            values[name] = tuple(said[row, :, place].tolist())
            if not bool(half[row, :, place].isnan().any()):
                pairs = zip(low[row, :, place].tolist(), high[row, :, place].tolist(), strict=True)
                ends[name] = tuple(pairs)
        found.append(Answer(answer=values, interval=ends))
    return found


def banding(net: nn.Module) -> Band | None:
    """Return the layer of a net that knows the band, if it has one."""
    bricks = [part for part in net.modules() if isinstance(part, Band)]
    return bricks[0] if len(bricks) == 1 else None


def half_of(net: nn.Module, past: Tensor, schema: Schema) -> Tensor:
    """Return half the width of the band of each future (N, A, K); NaN where it is unknown."""
    brick, ahead = banding(net), kinds(schema)[1].shape[0]
    moved = unrest(past, schema)
    if brick is None:
        return torch.full((len(past), ahead, moved.shape[1]), torch.nan)
    return brick.around(moved)


def check_shape(where: str, said: Tensor, wanted: tuple[int, ...]) -> None:
    """Raise ShapeError unless a net said what is wanted of it."""
    if tuple(said.shape) != wanted:
        raise ShapeError(
            f"forecast: {where}: the net said {tuple(said.shape)} where futures {wanted} are asked"
            " for; let it return them."
        )
