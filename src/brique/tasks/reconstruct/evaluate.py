"""The evaluation of a net that rebuilds pictures: one pass, beside principal components."""

import time
from collections.abc import Callable
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

NUM_SHOWN = 12  # pictures that the report shows, and as many that are rebuilt worst


def evaluate(net: nn.Module, data: Data, *, compare: bool = True) -> Result:
    """Return how well a net rebuilds the pictures of `data.test`, beside what needs no net.

    net: pictures (N, C, H, W) -> pictures, in the best case by way of `body`, whose codes say
        beside how many principal components it stands; else beside 32. It reads the test part
        once, in eval mode, without gradients and in float32, on its own device.
    compare: whether to fit principal components on `data.train`; else the net stands beside its
        mean picture alone, which has R2 = 0.
    Returns Result; its arrays are ids, squared_errors (N,), and of the pictures shown:
        shown_ids, reconstructions and pca.
    Raises DataError when the test part is empty.
    """
    started = time.perf_counter()
    errors = collect_errors(net, data.test)
    mean_errors = _errors_of(mean_picture(data.train).expand_as, data.test)
    values: dict[str, Any] = {
        "task": "reconstruct",
        "examples": len(errors),
        "latent": _latent_size(net, data.test),
        "test": compute_metrics(errors, mean_errors),
        "interval": {"r2": list(bootstrap.interval(
            lambda weights: 1 - weights @ errors / (weights @ mean_errors).clamp(min=1e-12), errors,
            data.test.groups,
        ))},
    }  # fmt: skip
    shown_ids = data.test.ids[_rows_to_show(errors)]
    shown = select_pictures(data.test, shown_ids)
    arrays = {"ids": data.test.ids, "squared_errors": errors, "shown_ids": shown_ids}
    arrays["reconstructions"] = _to_uint8(reconstruct(net, shown))
    evaluated = time.perf_counter()
    entries: dict[str, Any] = {"mean": compute_metrics(mean_errors, mean_errors)}
    baseline_errors = {"mean": mean_errors}
    if compare:
        components = PrincipalComponents.fit(data.train, values["latent"])
        baseline_errors["pca"] = _errors_of(components.reconstruct, data.test)
        entries["pca"] = compute_metrics(baseline_errors["pca"], mean_errors) | components.fit_info
        arrays["pca"] = _to_uint8(components.reconstruct(shown))
    best = max(entries, key=lambda name: entries[name]["r2"])
    comparison = bootstrap.compare(best, errors, baseline_errors[best], data.test.groups)
    values |= {"baseline": entries, "comparison": comparison}
    seconds = {"evaluation": evaluated - started, "baselines": time.perf_counter() - evaluated}
    return Result(
        finite(values), arrays, {key: round(duration, 3) for key, duration in seconds.items()}
    )


def _errors_of(rebuild: Callable[[Tensor], Tensor], split: Split) -> Tensor:
    """Return the squared error of each picture (N,) that a function rebuilds."""
    batches = picture_batches(split)
    return torch.cat([squared_errors(rebuild(pictures), pictures) for pictures in batches])


def _latent_size(net: nn.Module, split: Split) -> int:
    """Return the numbers that a picture becomes: 32 where the net does not tell."""
    encoder = dict(net.named_children()).get("body")
    if encoder is None:
        return 32
    with eval_mode(net) as device:
        return encoder(select_pictures(split, split.ids[:1]).to(device)).flatten(1).shape[1]


def _rows_to_show(errors: Tensor) -> Tensor:
    """Return the places of pictures to be shown: evenly chosen ones, then the worst."""
    evenly_spaced = (
        torch.arange(min(NUM_SHOWN, len(errors))) * len(errors) // min(NUM_SHOWN, len(errors))
    )
    return torch.cat([evenly_spaced, errors.argsort(descending=True, stable=True)[:NUM_SHOWN]])


def _to_uint8(pictures: Tensor) -> Tensor:
    return (pictures.cpu().clamp(0, 1) * 255).round().byte()
