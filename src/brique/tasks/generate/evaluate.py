"""The evaluation of a net that makes pictures: can they be told from real ones, are they copies."""

import time
from typing import Any

import torch
from torch import Tensor, nn

from brique import keys
from brique.data import Data, Split
from brique.errors import DataError, ShapeError
from brique.evaluation import bootstrap
from brique.evaluation.pca import PrincipalComponents
from brique.evaluation.result import Result, finite
from brique.inference import MAX_BATCH_SIZE, batch_size_for, eval_mode, even_indices, tensor_of
from brique.tasks.generate import baselines
from brique.tasks.generate.metrics import compute_metrics, is_own_kind, mixing_statistic

MAX_PICTURES = 2000  # test pictures, and as many that are made, that are told apart
NUM_SHOWN = 48
NUM_COMPONENTS = 32  # principal components in which pictures are near or far
_MAX_TRAIN = 20_000  # training pictures among which copies are looked for, at most
_KEY = keys.text_key("generated")


def evaluate(net: nn.Module, data: Data, *, compare: bool = True) -> Result:
    """Return how well made pictures mix with those of `data.test`, beside what needs no net.

    net: normal noise (N, `net.noise`) -> pictures (N, C, H, W) of the data's shape. It makes
        as many as there are in test, 2,000 at most, by a fixed draw, and never sees them.
    compare: whether pictures drawn along principal components stand beside; else the mean picture.
    Returns Result. In 32 principal components of train the nearest other picture of each is found:
    "real" and "generated" are the shares of the real and the made ones whose nearest is of the
    other kind; "mixing" is twice the smaller of both: 0 where all of one kind can be told, 1 where
    none can. (Pictures that are all too much alike have each other as nearest, though real ones
    have them.) "copied" is the share of made pictures that are nearer to one of train than 99% of
    test.
    Its arrays are made (48, C, H, W), uint8, nearest, the ids of the training pictures beside them.
    Raises DataError when the test part is empty; ShapeError when a net does not tell its noise.
    """
    started = time.perf_counter()
    count = min(MAX_PICTURES, len(data.test))
    if not count:
        raise DataError("generate: the split is empty; pass one with at least one example.")
    components = PrincipalComponents.fit(data.train, NUM_COMPONENTS)
    real = _project(components, data.test, even_indices(len(data.test), MAX_PICTURES))
    train_rows = even_indices(len(data.train), _MAX_TRAIN)
    train = _project(components, data.train, train_rows)
    generated = _generate(net, count)
    latents = components.project(generated)
    is_own = is_own_kind(real, latents)
    distances = torch.cdist(latents, train)
    copy_threshold = float(torch.cdist(real, train).amin(dim=1).double().quantile(0.01))
    values: dict[str, Any] = {
        "task": "generate",
        "examples": count,
        "test": compute_metrics(is_own)
        | {"copied": float((distances.amin(dim=1) < copy_threshold).double().mean())},
        "interval": {"mixing": list(bootstrap.interval(mixing_statistic(is_own), is_own))},
    }
    arrays = {
        "generated": (generated[:NUM_SHOWN].clamp(0, 1) * 255).round().byte(),
        "nearest": data.train.ids[train_rows[distances[:NUM_SHOWN].argmin(dim=1)]],
    }
    evaluated = time.perf_counter()
    baseline_latents = baselines.baseline_latents(real, components, fit=compare)
    baseline_is_own = {name: is_own_kind(real, z) for name, z in baseline_latents.items()}
    entries = {name: compute_metrics(value) for name, value in baseline_is_own.items()}
    best = max(entries, key=lambda name: entries[name]["mixing"])
    net_mixing, baseline_mixing = mixing_statistic(is_own), mixing_statistic(baseline_is_own[best])
    comparison = bootstrap.compare_scores(
        best, lambda weights: net_mixing(weights) - baseline_mixing(weights), is_own
    )
    values |= {"baseline": entries, "comparison": comparison}
    seconds = {"evaluation": evaluated - started, "baselines": time.perf_counter() - evaluated}
    return Result(finite(values), arrays, {key: round(value, 3) for key, value in seconds.items()})


def _generate(net: nn.Module, count: int) -> Tensor:
    """Return pictures that a net makes of a fixed draw, on the CPU."""
    noise_size: Any = getattr(net, "noise_size", None)
    if not isinstance(noise_size, int):
        raise ShapeError(
            f"generate: a {type(net).__name__} does not say which noise it takes; give it an"
            " attribute `noise_size`, how many columns, or see the numbers of the run in its"
            " run.json."
        )
    noise = torch.randn(count, noise_size, generator=keys.generator(_KEY))
    with eval_mode(net) as device:
        chunks = noise.split(min(256, MAX_BATCH_SIZE))
        return torch.cat([net(chunk.to(device)).float().cpu() for chunk in chunks])


def _project(components: PrincipalComponents, split: Split, rows: Tensor) -> Tensor:
    """Return where the pictures at some places of a part lie along the axes: (M, D)."""
    field = split.schema.inputs[0]
    batches = split.select(split.ids[rows]).batches(batch_size_for(split.schema[field]))
    return torch.cat([components.project(tensor_of(batch, field)) for batch in batches])
