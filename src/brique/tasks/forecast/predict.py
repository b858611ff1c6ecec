"""Forecasts from past windows, and what they need from the schema."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from brique.data import Batch
from brique.errors import ShapeError
from brique.evaluation.sentences import format_number
from brique.nets.prediction_interval import PredictionInterval
from brique.schema import Number, Schema

_MIN_SCALE = 0.1  # share of a column's standard deviation that is added to the scale of a window
_MAX_STEPS = 8  # steps shown in one line


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A forecast: the next values of each target, with 90% prediction intervals.

    answer: by target, a value for each step. interval: by target, (low, high) for each step; empty
        if the net has no intervals.
    """

    answer: dict[str, tuple[float, ...]]
    interval: dict[str, tuple[tuple[float, float], ...]]

    def to_json(self) -> dict[str, object]:
        """Return {"answer": [...], "interval": [[low, high], ...]}; by target, if several."""
        values = {name: list(steps) for name, steps in self.answer.items()}
        intervals = {
            name: [list(interval) for interval in steps] for name, steps in self.interval.items()
        }
        if len(values) > 1:
            return {"answer": values, "interval": intervals}
        name = next(iter(values))
        return {"answer": values[name], "interval": intervals.get(name, [])}

    def cells(self) -> dict[str, object]:
        """Return each value and the ends of its interval, under "OT +1", "OT +1 low" and so on."""
        row: dict[str, object] = {}
        for name, steps in self.answer.items():
            for step, value in enumerate(steps, 1):
                row[f"{name} +{step}"] = value
                if name in self.interval:
                    low, high = self.interval[name][step - 1]
                    row |= {f"{name} +{step} low": low, f"{name} +{step} high": high}
        return row

    def summary(self) -> tuple[str, str]:
        """Return the first values of each target; of a single target, the last interval too."""
        texts: list[str] = []
        for name, steps in self.answer.items():
            values = " ".join(format_number(value) for value in steps[:_MAX_STEPS])
            texts.append(f"{name} {values}{' ...' if len(steps) > _MAX_STEPS else ''}")
        last_intervals = [steps[-1] for steps in self.interval.values()]
        interval_text = (
            f"{' to '.join(map(format_number, last_intervals[0]))} at the last step"
            if len(last_intervals) == 1
            else ""
        )
        return "; ".join(texts), interval_text


def series_fields(schema: Schema) -> tuple[Number, Number]:
    """Return the fields of the past and of the future."""
    past, future = schema[schema.inputs[0]], schema[schema.target]
    assert isinstance(past, Number)
    assert isinstance(future, Number)
    return past, future


def target_columns(schema: Schema) -> list[int]:
    """Return the indices of the targets (K,) among the columns of the past."""
    past, future = series_fields(schema)
    return [past.names.index(column) for column in future.names]


def target_std(schema: Schema) -> Tensor:
    """Return the standard deviation of each target in train, 1 if it is constant: (K,)."""
    past, _ = series_fields(schema)
    assert isinstance(past.std, tuple)
    return torch.tensor([past.std[index] or 1.0 for index in target_columns(schema)])


def with_target_axis(values: Tensor) -> Tensor:
    """Return values (N, A) or (N, A, K) as (N, A, K)."""
    return values.unsqueeze(2) if values.ndim == 2 else values


def past_values(batch: Batch, schema: Schema) -> Tensor:
    """Return the past windows of a batch (N, L, C)."""
    values = batch[schema.inputs[0]]
    assert isinstance(values, Tensor)
    return values


def local_scale(past: Tensor, schema: Schema) -> Tensor:
    """Return the scale of each target in a window, in its unit (N, K), for interval widths.

    past: (N, L, C). The scale is the mean absolute change over one horizon (over one step if the
    past is not longer than the horizon), plus a tenth of the target's standard deviation.
    """
    horizon = series_fields(schema)[1].shape[0]
    values = past[:, :, target_columns(schema)]
    lag = horizon if values.shape[1] > horizon else 1
    changes = (values[:, lag:] - values[:, :-lag]).abs()
    mean = changes.mean(dim=1) if changes.shape[1] else torch.zeros_like(values[:, 0])
    return mean + _MIN_SCALE * target_std(schema).to(past)


def predict(net: nn.Module, batch: Batch, schema: Schema) -> list[Answer]:
    """Return an Answer for each past window of a batch.

    net: past windows (N, L, C) -> forecasts. Raises ShapeError for outputs of another shape.
    """
    past = past_values(batch, schema)
    _, future = series_fields(schema)
    predictions = net(past).float()
    check_shape("answers", predictions, (len(past), *future.shape))
    half_width = half_width_of(net, past, schema).cpu()
    predictions = with_target_axis(predictions).cpu()
    low, high = predictions - half_width, predictions + half_width
    results: list[Answer] = []
    for row in range(len(predictions)):
        forecasts: dict[str, tuple[float, ...]] = {}
        intervals: dict[str, tuple[tuple[float, float], ...]] = {}
        for index, name in enumerate(future.names):
            forecasts[name] = tuple(predictions[row, :, index].tolist())
            if not bool(half_width[row, :, index].isnan().any()):
                step_intervals = zip(
                    low[row, :, index].tolist(), high[row, :, index].tolist(), strict=True
                )
                intervals[name] = tuple(step_intervals)
        results.append(Answer(answer=forecasts, interval=intervals))
    return results


def interval_layer(net: nn.Module) -> PredictionInterval | None:
    """Return the layer of a net that holds the interval widths, if it has one."""
    layers = [module for module in net.modules() if isinstance(module, PredictionInterval)]
    return layers[0] if len(layers) == 1 else None


def half_width_of(net: nn.Module, past: Tensor, schema: Schema) -> Tensor:
    """Return the half width of the interval of each forecast (N, A, K); NaN if unknown."""
    layer, horizon = interval_layer(net), series_fields(schema)[1].shape[0]
    scale = local_scale(past, schema)
    if layer is None:
        return torch.full((len(past), horizon, scale.shape[1]), torch.nan)
    return layer.half_width_for(scale)


def check_shape(where: str, predictions: Tensor, expected: tuple[int, ...]) -> None:
    """Raise ShapeError unless forecasts have the expected shape."""
    if tuple(predictions.shape) != expected:
        raise ShapeError(
            f"forecast: {where}: the net returned {tuple(predictions.shape)}, expected forecasts"
            f" {expected}; let it return that shape."
        )
