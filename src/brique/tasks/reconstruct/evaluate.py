"""Evaluation of an autoencoder on test, with PCA as baseline."""

import time
from typing import Any

import torch
from torch import Tensor, nn

from brique.data import Data, Split
from brique.evaluation import bootstrap
from brique.evaluation.pca import PrincipalComponents
from brique.evaluation.reconstruction import select_pictures, squared_errors
from brique.evaluation.result import Result, finite
from brique.inference import eval_mode
from brique.tasks.reconstruct.analysis import reconstruct
from brique.tasks.reconstruct.baselines import mean_picture, picture_batches
from brique.tasks.reconstruct.metrics import compute_metrics
from brique.tasks.reconstruct.outputs import collect_errors

NUM_SHOWN = 12  # evenly spaced pictures in the report; as many with the largest errors


def evaluate(net: nn.Module, data: Data, *, compare: bool = True) -> Result:
    """Return the reconstruction metrics of a net on `data.test`, with baselines.

    net: pictures (N, C, H, W) -> pictures. It runs once over test, in eval mode, without gradients
        and in float32, on its own device.
    compare: whether to fit PCA on `data.train`, with as many components as `net.body` has latent
        dimensions (32 without a body); else only the mean picture, with R² = 0.
    Returns Result; its arrays are ids, squared_errors (N,), and for the pictures in the report
    shown_ids, reconstructions and pca.
    Raises DataError when the test part is empty.
    """
    started = time.perf_counter()
    errors, mean = collect_errors(net, data.test), mean_picture(data.train)
    mean_errors = torch.cat(
        [squared_errors(mean.expand_as(batch), batch) for batch in picture_batches(data.test)]
    )
    latent = _latent_size(net, data.test)

    def r2(weights: Tensor) -> Tensor:
        return 1 - weights @ errors / (weights @ mean_errors).clamp(min=1e-12)

    values: dict[str, Any] = {
        "task": "reconstruct",
        "examples": len(errors),
        "latent": latent,
        "test": compute_metrics(errors, mean_errors),
        "interval": {"r2": list(bootstrap.interval(r2, errors, data.test.groups))},
    }
    ids = data.test.ids[_rows_to_show(errors)]
    pictures = select_pictures(data.test, ids)
    arrays = {"ids": data.test.ids, "squared_errors": errors, "shown_ids": ids}
    arrays["reconstructions"] = _to_uint8(reconstruct(net, pictures))
    evaluated = time.perf_counter()
    components = PrincipalComponents.fit(data.train, latent) if compare else None
    values |= _compare_with_baselines(data.test, errors, mean_errors, components)
    if components is not None:
        arrays["pca"] = _to_uint8(components.reconstruct(pictures))
    seconds = {"evaluation": evaluated - started, "baselines": time.perf_counter() - evaluated}
    seconds = {key: round(duration, 3) for key, duration in seconds.items()}
    return Result(finite(values), arrays, seconds)


def _compare_with_baselines(
    test: Split, errors: Tensor, mean_errors: Tensor, components: PrincipalComponents | None
) -> dict[str, Any]:
    """Return the metrics of the baselines, and a comparison with the best of them."""
    entries: dict[str, Any] = {"mean": compute_metrics(mean_errors, mean_errors)}
    baseline_errors = {"mean": mean_errors}
    if components is not None:
        baseline_errors["pca"] = torch.cat(
            [
                squared_errors(components.reconstruct(pictures), pictures)
                for pictures in picture_batches(test)
            ]
        )
        entries["pca"] = compute_metrics(baseline_errors["pca"], mean_errors) | components.fit_info
    best = max(entries, key=lambda name: entries[name]["r2"])
    comparison = bootstrap.compare(best, errors, baseline_errors[best], test.groups)
    return {"baseline": entries, "comparison": comparison}


def _latent_size(net: nn.Module, split: Split) -> int:
    """Return the latent dimensions of a net; 32 if it has no `body`."""
    encoder = dict(net.named_children()).get("body")
    if encoder is None:
        return 32
    with eval_mode(net) as device:
        return encoder(select_pictures(split, split.ids[:1]).to(device)).flatten(1).shape[1]


def _rows_to_show(errors: Tensor) -> Tensor:
    """Return the rows of pictures for the report: evenly spaced ones, then the worst."""
    evenly_spaced = (
        torch.arange(min(NUM_SHOWN, len(errors))) * len(errors) // min(NUM_SHOWN, len(errors))
    )
    return torch.cat([evenly_spaced, errors.argsort(descending=True, stable=True)[:NUM_SHOWN]])


def _to_uint8(pictures: Tensor) -> Tensor:
    return (pictures.cpu().clamp(0, 1) * 255).round().byte()
