"""The judgement of a net that rebuilds pictures: one pass, beside principal components."""

import time
from typing import Any

import torch
from torch import Tensor, nn

from brique.data import Data, Split
from brique.evaluation import bootstrap
from brique.evaluation.pictures import missed, pictures_of
from brique.evaluation.principal import Axes
from brique.evaluation.result import Judged, finite
from brique.inference import at_rest
from brique.tasks.reconstruct.baselines import mean_picture, pieces
from brique.tasks.reconstruct.metrics import scores
from brique.tasks.reconstruct.pictures import rebuilt
from brique.tasks.reconstruct.reading import read

SHOWN = 12  # pictures that the report shows, and as many that are rebuilt worst


def judge(net: nn.Module, data: Data, *, compare: bool = True) -> Judged:
    """Return how well a net rebuilds the pictures of `data.test`, beside what needs no net.

    net: pictures (N, C, H, W) -> pictures, in the best case by way of `body`, whose codes say
        beside how many principal components it stands; else beside 32. It reads the test part
        once, in eval mode, without slopes and in float32, on its own device.
    compare: whether to fit principal components on `data.train`; else the net stands beside its
        mean picture alone, which has R2 = 0.
    Returns Judged; its arrays are ids, missed (N,), and of the pictures that are shown shown_ids,
        rebuilt and principal.
    Raises DataError when the test part is empty.
    """
    begun = time.perf_counter()
    off = read(net, data.test)
    mean = mean_picture(data.train)
    usual = torch.cat([missed(mean.expand_as(some), some) for some in pieces(data.test)])
    values: dict[str, Any] = {
        "task": "reconstruct",
        "examples": len(off),
        "code": _size(net, data.test),
        "test": scores(off, usual),
        "interval": {"r2": list(bootstrap.interval(
            lambda often: 1 - often @ off / (often @ usual).clamp(min=1e-12), off,
            data.test.groups,
        ))},
    }  # fmt: skip
    shown = _shown(off)
    arrays = {"ids": data.test.ids, "missed": off, "shown_ids": data.test.ids[shown]}
    arrays["rebuilt"] = _bytes(rebuilt(net, pictures_of(data.test, data.test.ids[shown])))
    judged = time.perf_counter()
    entries: dict[str, Any] = {"mean": scores(usual, usual)}
    rivals = {"mean": usual}
    if compare:
        axes = Axes.of(data.train, values["code"])
        rivals["principal"] = torch.cat(
            [missed(axes.rebuilt(some), some) for some in pieces(data.test)]
        )
        entries["principal"] = scores(rivals["principal"], usual) | axes.entry
        arrays["principal"] = _bytes(axes.rebuilt(pictures_of(data.test, data.test.ids[shown])))
    best = max(entries, key=lambda name: entries[name]["r2"])
    compared = bootstrap.beside(best, off, rivals[best], data.test.groups)
    values |= {"baseline": entries, "comparison": compared}
    seconds = {"judging": judged - begun, "baselines": time.perf_counter() - judged}
    return Judged(finite(values), arrays, {key: round(one, 3) for key, one in seconds.items()})


def _size(net: nn.Module, split: Split) -> int:
    """Return the numbers that a picture becomes: 32 where the net does not tell."""
    body = dict(net.named_children()).get("body")
    if body is None:
        return 32
    with at_rest(net) as device:
        return body(pictures_of(split, split.ids[:1]).to(device)).flatten(1).shape[1]


def _shown(off: Tensor) -> Tensor:
    """Return the places of pictures to be shown: evenly chosen ones, then the worst."""
    even = torch.arange(min(SHOWN, len(off))) * len(off) // min(SHOWN, len(off))
    return torch.cat([even, off.argsort(descending=True, stable=True)[:SHOWN]])


def _bytes(pictures: Tensor) -> Tensor:
    return (pictures.cpu().clamp(0, 1) * 255).round().byte()
