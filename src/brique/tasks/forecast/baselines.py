"""What foretells a series without a net: what it was before, and a straight line of its past."""

import numpy as np
import torch
from torch import Tensor

from brique.data import Data, Split
from brique.schema import Schema
from brique.tasks.forecast.predict import kinds, own_of, steps_of
from brique.tasks.forecast.reading import Reading

NAMES = {
    "yesterday": "the values before",
    "mean": "always answering the mean",
    "last": "the last value",
    "ridge": "a line of the target's own past",
    "all": "a line of the past of all columns",
}
"""What the methods are called in a sentence."""

_PENALTIES = (1.0, 100.0, 10_000.0)
_MOST = 20_000  # windows that a line is fitted to
_COLUMNS = 1500  # numbers of a past, at most, for a line of all columns


def fitted(data: Data, split: Split) -> dict[str, Tensor]:
    """Return what simple methods say of a part (N, A, K), in the units of the data.

    "last": the last value, again and again; "ridge": a line of the target's own past; "all": one of
    all columns. Lines are fitted to changes from the last value, by ridge regression whose penalty
    is chosen on valid. "yesterday", the values before, is known without fitting.
    """
    own = own_of(data.schema)
    ahead = kinds(data.schema)[1].shape[0]
    last = _past(split)[:, -1:, own]
    found = {"last": last.expand(-1, ahead, -1).clone()}
    found["ridge"] = torch.stack([_line(data, split, place, [place]) for place in own], dim=2)
    past = kinds(data.schema)[0]
    if past.shape[1] > 1 and past.shape[0] * past.shape[1] <= _COLUMNS:
        columns = list(range(past.shape[1]))
        found["all"] = torch.stack([_line(data, split, place, columns) for place in own], dim=2)
    return found


def mean(schema: Schema, reading: Reading) -> Tensor:
    """Return the mean of train at each step (N, A, K): what is best where a series is noise."""
    past, own = kinds(schema)[0], own_of(schema)
    assert isinstance(past.mean, tuple)
    return torch.tensor([past.mean[place] for place in own]).expand(reading.truth.shape)


def _line(data: Data, split: Split, target: int, columns: list[int]) -> Tensor:
    """Return what a line of some columns of the past says of one of them (N, A)."""
    from sklearn.linear_model import Ridge

    train, wanted = _design(data.train, target, columns)
    valid, known = _design(data.valid, target, columns) if len(data.valid) else (train, wanted)
    best, line = np.inf, Ridge(_PENALTIES[0])
    for penalty in _PENALTIES:
        tried = Ridge(penalty).fit(train, wanted)
        missed = float(np.square(tried.predict(valid) - known).mean())
        if missed < best:
            best, line = missed, tried
    asked, _ = _design(split, target, columns, most=None)
    said = torch.from_numpy(np.asarray(line.predict(asked), np.float32))
    spread = float(_spread(data, [target])[0])
    return said.view(len(asked), -1) * spread + _past(split)[:, -1, target].unsqueeze(1)


def _design(
    split: Split, target: int, columns: list[int], most: int | None = _MOST
) -> tuple[np.ndarray, np.ndarray]:
    """Return changes from the last value, in spreads: past (N, L x C), future (N, A)."""
    past, place = _past(split), own_of(split.schema).index(target)
    truth = steps_of(_values(split, split.schema.target))[:, :, place]
    spread = _spread(split, columns)
    seen = (past[:, :-1, columns] - past[:, -1:, columns]) / spread
    left = (truth - past[:, -1, target].unsqueeze(1)) / _spread(split, [target])
    every = 1 if most is None else -(-len(past) // most)
    return seen[::every].flatten(1).double().numpy(), left[::every].double().numpy()


def _spread(part: Data | Split, columns: list[int]) -> Tensor:
    past, _ = kinds(part.schema)
    assert isinstance(past.spread, tuple)
    return torch.tensor([past.spread[place] or 1.0 for place in columns])


def _past(split: Split) -> Tensor:
    return _values(split, split.schema.inputs[0])


def _values(split: Split, name: str) -> Tensor:
    values = split[name]
    assert isinstance(values, Tensor)
    return values
