"""The judgement of a net that makes pictures: can they be told from real ones, are they copies."""

import time
from typing import Any

import torch
from torch import Tensor, nn

from brique import keys
from brique.data import Data, Split
from brique.errors import DataError, ShapeError
from brique.evaluation import bootstrap
from brique.evaluation.principal import Axes
from brique.evaluation.result import Judged, finite
from brique.inference import LARGEST_BATCH, at_rest, batch_size_for, evenly, tensor_of
from brique.tasks.generate import baselines
from brique.tasks.generate.metrics import mixed, own_kind, scores

MOST = 2000  # test pictures, and as many that are made, that are told apart
SHOWN = 48
AXES = 32  # principal components in which pictures are near or far
_TRAIN = 20_000  # training pictures among which copies are looked for, at most
_DRAW = keys.word("generated")


def judge(net: nn.Module, data: Data, *, compare: bool = True) -> Judged:
    """Return how well made pictures mix with those of `data.test`, beside what needs no net.

    net: normal noise (N, `net.noise`) -> pictures (N, C, H, W) of the data's shape. It makes
        as many as there are in test, 2,000 at most, by a fixed draw, and never sees them.
    compare: whether pictures drawn along principal components stand beside; else the mean picture.
    Returns Judged. In 32 principal components of train the nearest other picture of each is found:
    "real" and "made" are the shares of the real and the made ones whose nearest is of the other
    kind; "mixed" is twice the smaller of both: 0 where all of one kind can be told, 1 where none
    can. (Pictures that are all too much alike have each other as nearest, though real ones have
    them.) "copied" is the share of made pictures that are nearer to one of train than 99% of test.
    Its arrays are made (48, C, H, W), uint8, nearest, the ids of the training pictures beside them.
    Raises DataError when the test part is empty; ShapeError when a net does not tell its noise.
    """
    begun = time.perf_counter()
    count = min(MOST, len(data.test))
    if not count:
        raise DataError("generate: the split is empty; pass one with at least one example.")
    axes = Axes.of(data.train, AXES)
    real = _places(axes, data.test, evenly(len(data.test), MOST))
    known = evenly(len(data.train), _TRAIN)
    train = _places(axes, data.train, known)
    made = _made(net, count)
    codes = axes.places(made)
    own = own_kind(real, codes)
    gaps = torch.cdist(codes, train)
    usual = float(torch.cdist(real, train).amin(dim=1).double().quantile(0.01))
    values: dict[str, Any] = {
        "task": "generate",
        "examples": count,
        "test": scores(own) | {"copied": float((gaps.amin(dim=1) < usual).double().mean())},
        "interval": {"mixed": list(bootstrap.interval(mixed(own), own))},
    }
    arrays = {
        "made": (made[:SHOWN].clamp(0, 1) * 255).round().byte(),
        "nearest": data.train.ids[known[gaps[:SHOWN].argmin(dim=1)]],
    }
    judged = time.perf_counter()
    drawn = baselines.codes(real, axes, fit=compare)
    rivals = {name: own_kind(real, one) for name, one in drawn.items()}
    entries = {name: scores(one) for name, one in rivals.items()}
    best = max(entries, key=lambda name: entries[name]["mixed"])
    ours, other = mixed(own), mixed(rivals[best])
    beside = bootstrap.beside_score(best, lambda often: ours(often) - other(often), own)
    values |= {"baseline": entries, "comparison": beside}
    seconds = {"judging": judged - begun, "baselines": time.perf_counter() - judged}
    return Judged(finite(values), arrays, {key: round(one, 3) for key, one in seconds.items()})


def _made(net: nn.Module, count: int) -> Tensor:
    """Return pictures that a net makes of a fixed draw, on the processor."""
    columns: Any = getattr(net, "noise", None)
    if not isinstance(columns, int):
        raise ShapeError(
            f"generate: a {type(net).__name__} does not say which noise it takes; give it an"
            " attribute `noise`, how many columns, or see the numbers of the run in its run.json."
        )
    noise = torch.randn(count, columns, generator=keys.generator(_DRAW))
    with at_rest(net) as device:
        pieces = noise.split(min(256, LARGEST_BATCH))
        return torch.cat([net(some.to(device)).float().cpu() for some in pieces])


def _places(axes: Axes, split: Split, rows: Tensor) -> Tensor:
    """Return where the pictures at some places of a part lie along the axes: (M, D)."""
    field = split.schema.inputs[0]
    some = split.select(split.ids[rows]).batches(batch_size_for(split.schema[field]))
    return torch.cat([axes.places(tensor_of(batch, field)) for batch in some])
