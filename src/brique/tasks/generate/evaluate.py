"""Evaluation of a generator: a nearest-neighbor two-sample test, and near-copies of train."""

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

MAX_PICTURES = 2000  # test pictures, and as many generated ones, in the two-sample test
NUM_SHOWN = 48
NUM_COMPONENTS = 32  # principal components in which distances are measured
_MAX_TRAIN = 20_000  # training pictures that are searched for near-copies, at most
_KEY = keys.text_key("generated")


def evaluate(net: nn.Module, data: Data, *, compare: bool = True) -> Result:
    """Return how well generated pictures mix with those of `data.test`, with baselines.

    net: normal noise (N, `net.noise_size`) -> pictures (N, C, H, W) of the data's shape. It
        generates as many as there are in test, at most 2,000, from fixed noise.
    compare: whether to sample the Gaussian baseline too; else only the mean picture.
    Returns Result. Nearest neighbors are found in 32 principal components of train. "real" and
    "generated" are the shares of real and generated pictures whose nearest neighbor is of the other
    kind; "mixing" is twice the smaller share: 0 for distinct samples, 1 for indistinguishable ones.
    "copied" is the share of generated pictures that are nearer to train than 99% of test.
    Its arrays are generated (48, C, H, W), uint8, and nearest, ids of the nearest train pictures.
    Raises DataError when the test part is empty; ShapeError for a net without `noise_size`.
    """
    started = time.perf_counter()
    count = min(MAX_PICTURES, len(data.test))
    if not count:
        raise DataError("generate: the split is empty; pass one with at least one example.")
    components = PrincipalComponents.fit(data.train, NUM_COMPONENTS)
    real = _project(components, data.test, even_indices(len(data.test), MAX_PICTURES))
    generated = _generate(net, count)
    latents = components.project(generated)
    is_own = is_own_kind(real, latents)
    nearest, copied = _nearest_in_train(components, data.train, real, latents)
    values: dict[str, Any] = {
        "task": "generate",
        "examples": count,
        "test": compute_metrics(is_own) | {"copied": copied},
        "interval": {"mixing": list(bootstrap.interval(mixing_statistic(is_own), is_own))},
    }
    samples = (generated[:NUM_SHOWN].clamp(0, 1) * 255).round().byte()
    evaluated = time.perf_counter()
    values |= _compare_with_baselines(components, real, is_own, fit=compare)
    seconds = {"evaluation": evaluated - started, "baselines": time.perf_counter() - evaluated}
    seconds = {key: round(value, 3) for key, value in seconds.items()}
    return Result(finite(values), {"generated": samples, "nearest": nearest}, seconds)


def _nearest_in_train(
    components: PrincipalComponents, train: Split, real: Tensor, latents: Tensor
) -> tuple[Tensor, float]:
    """Return the ids of the nearest training pictures, and the share of near-copies."""
    rows = even_indices(len(train), _MAX_TRAIN)
    train_latents = _project(components, train, rows)
    distances = torch.cdist(latents, train_latents)
    threshold = float(torch.cdist(real, train_latents).amin(dim=1).double().quantile(0.01))
    copied = float((distances.amin(dim=1) < threshold).double().mean())
    return train.ids[rows[distances[:NUM_SHOWN].argmin(dim=1)]], copied


def _compare_with_baselines(
    components: PrincipalComponents, real: Tensor, is_own: Tensor, *, fit: bool
) -> dict[str, Any]:
    """Return the metrics of the baselines, and a comparison with the best of them."""
    latents = baselines.baseline_latents(real, components, fit=fit)
    baseline_is_own = {name: is_own_kind(real, value) for name, value in latents.items()}
    entries = {name: compute_metrics(value) for name, value in baseline_is_own.items()}
    best = max(entries, key=lambda name: entries[name]["mixing"])
    net_mixing = mixing_statistic(is_own)
    baseline_mixing = mixing_statistic(baseline_is_own[best])
    comparison = bootstrap.compare_scores(
        best, lambda weights: net_mixing(weights) - baseline_mixing(weights), is_own
    )
    return {"baseline": entries, "comparison": comparison}


def _generate(net: nn.Module, count: int) -> Tensor:
    """Return pictures that a net generates from fixed noise, on the CPU."""
    noise_size: Any = getattr(net, "noise_size", None)
    if not isinstance(noise_size, int):
        raise ShapeError(
            f"generate: the size of the noise of a {type(net).__name__} is unknown; give it an"
            " attribute `noise_size` (number of columns), or see the metrics in run.json."
        )
    noise = torch.randn(count, noise_size, generator=keys.generator(_KEY))
    with eval_mode(net) as device:
        chunks = noise.split(min(256, MAX_BATCH_SIZE))
        return torch.cat([net(chunk.to(device)).float().cpu() for chunk in chunks])


def _project(components: PrincipalComponents, split: Split, rows: Tensor) -> Tensor:
    """Return the PCA coordinates of the pictures in some rows of a split: (M, D)."""
    field = split.schema.inputs[0]
    batches = split.select(split.ids[rows]).batches(batch_size_for(split.schema[field]))
    return torch.cat([components.project(tensor_of(batch, field)) for batch in batches])
