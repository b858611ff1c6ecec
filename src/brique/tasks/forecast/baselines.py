"""Forecasts without a net: the last values, the mean, and linear models of the past."""

import numpy as np
import torch
from torch import Tensor

from brique.data import Data, Split
from brique.schema import Schema
from brique.tasks.forecast.outputs import Outputs
from brique.tasks.forecast.predict import series_fields, target_columns, with_target_axis

NAMES = {
    "naive": "naive forecast",
    "mean": "the mean",
    "last": "last value",
    "ridge": "linear model of the target's past",
    "all": "linear model of all columns' past",
}
"""Titles in sentences and tables."""

_PENALTIES = (1.0, 100.0, 10_000.0)
_MAX_WINDOWS = 20_000  # windows that a linear model is fitted on, at most
_MAX_INPUTS = 1500  # values in a past window, at most, for the model of all columns


def fit_predict(data: Data, split: Split) -> dict[str, Tensor]:
    """Return the forecasts of each baseline for a split (N, A, K), in the units of the data.

    "last": the last value, repeated; "ridge": linear model of the target's own past; "all": linear
    model of the past of all columns. The models predict changes from the last value by ridge
    regression; the penalty is chosen on valid.
    """
    target_indices = target_columns(data.schema)
    horizon = series_fields(data.schema)[1].shape[0]
    last = _past(split)[:, -1:, target_indices]
    forecasts = {"last": last.expand(-1, horizon, -1).clone()}
    forecasts["ridge"] = torch.stack(
        [_linear_forecast(data, split, index, [index]) for index in target_indices], dim=2
    )
    past = series_fields(data.schema)[0]
    if past.shape[1] > 1 and past.shape[0] * past.shape[1] <= _MAX_INPUTS:
        columns = list(range(past.shape[1]))
        forecasts["all"] = torch.stack(
            [_linear_forecast(data, split, index, columns) for index in target_indices], dim=2
        )
    return forecasts


def mean(schema: Schema, outputs: Outputs) -> Tensor:
    """Return the mean of train at each step (N, A, K): the best forecast of white noise."""
    past, target_indices = series_fields(schema)[0], target_columns(schema)
    assert isinstance(past.mean, tuple)
    return torch.tensor([past.mean[index] for index in target_indices]).expand(outputs.target.shape)


def _linear_forecast(data: Data, split: Split, target: int, columns: list[int]) -> Tensor:
    """Return the forecasts of one column (N, A), by a linear model of the past of some columns."""
    from sklearn.linear_model import Ridge

    train, train_target = _design(data.train, target, columns)
    valid, valid_target = (
        _design(data.valid, target, columns) if len(data.valid) else (train, train_target)
    )
    best_error, best_model = np.inf, Ridge(_PENALTIES[0])
    for penalty in _PENALTIES:
        model = Ridge(penalty).fit(train, train_target)
        error = float(np.square(model.predict(valid) - valid_target).mean())
        if error < best_error:
            best_error, best_model = error, model
    features, _ = _design(split, target, columns, limit=None)
    predictions = torch.from_numpy(np.asarray(best_model.predict(features), np.float32))
    std = float(_std(data, [target])[0])
    return predictions.view(len(features), -1) * std + _past(split)[:, -1, target].unsqueeze(1)


def _design(
    split: Split, target: int, columns: list[int], limit: int | None = _MAX_WINDOWS
) -> tuple[np.ndarray, np.ndarray]:
    """Return changes from the last value, in standard deviations: past (N, F), future (N, A)."""
    past, index = _past(split), target_columns(split.schema).index(target)
    future = with_target_axis(_values(split, split.schema.target))[:, :, index]
    std = _std(split, columns)
    past_changes = (past[:, :-1, columns] - past[:, -1:, columns]) / std
    future_changes = (future - past[:, -1, target].unsqueeze(1)) / _std(split, [target])
    stride = 1 if limit is None else -(-len(past) // limit)
    features = past_changes[::stride].flatten(1).double().numpy()
    return features, future_changes[::stride].double().numpy()


def _std(data: Data | Split, columns: list[int]) -> Tensor:
    past, _ = series_fields(data.schema)
    assert isinstance(past.std, tuple)
    return torch.tensor([past.std[index] or 1.0 for index in columns])


def _past(split: Split) -> Tensor:
    return _values(split, split.schema.inputs[0])


def _values(split: Split, name: str) -> Tensor:
    values = split[name]
    assert isinstance(values, Tensor)
    return values
