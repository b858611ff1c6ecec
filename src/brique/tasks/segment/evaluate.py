"""The judgement of a net that answers with masks: one pass over test, beside simple methods."""

import math
import time
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from brique.data import Data, Split
from brique.errors import DataError, ShapeError, nearest
from brique.evaluation import bootstrap
from brique.evaluation.result import Judged, finite
from brique.inference import at_rest, inputs, tensor_of
from brique.schema import IGNORED, Mask
from brique.tasks.segment import baselines
from brique.tasks.segment.metrics import (  # fmt: skip
    AT_ONCE,
    Areas,
    areas,
    by_picture,
    confusion,
    drawn_again,
    intervals,
    ious,
    scores,
)

SHOWN = 12  # pictures of which the answer is kept for the report, half of them the worst
SIDE = 192  # pixels of their longer side


def judge(
    net: nn.Module, data: Data, *, names: Sequence[str] | None = None, compare: bool = True
) -> Judged:
    """Return what a net reaches on `data.test`, beside what needs no net.

    net: pictures -> scores (N, K, H, W). It reads the test part once, in eval mode, without slopes
        and in float32, on its own device.
    names: the K classes of the scores; those of the data are found among them by name. By default
        those of the data.
    compare: whether to fit simple methods on `data.train`, less than a minute; else the net stands
        beside the commonest class alone.
    Returns Judged; its arrays are ids (N,), iou (N,), the mean IoU of each picture, shown (S,), the
        ids of the worst and the best, worst first, and said (S, h, w), what the net said there.
    Raises DataError when the test part is empty or none of its pixels counts, its target is no
        mask, or `names` lacks a class; ShapeError when the scores are not (N, K, H, W).
    """
    begun = time.perf_counter()
    kind = _kind(data)
    names = kind.names if names is None else tuple(names)
    table = _places(kind.names, names)
    methods = {"majority": baselines.constant(data)}
    fitting = time.perf_counter()
    if compare:
        methods["logistic"] = baselines.logistic(data)
    fitted = time.perf_counter()
    said = {name: one.said for name, one in methods.items() if one.said is not None}
    ids, counts, shown = _read(net, data.test, table, len(names), said)
    found = areas(counts["net"])
    if not bool(found.truth.any()):
        raise DataError(
            f"segment: no pixel of the {len(ids):,} test masks counts, so nothing can be said of"
            " how many are named rightly; check the masks."
        )
    values: dict[str, Any] = {
        "task": "segment", "examples": len(ids), "test": scores(found),
        "interval": intervals(found, data.test.groups), **_classes(found, counts["net"], names),
    }  # fmt: skip
    values |= _beside(counts, methods, data.test.groups)
    arrays = {"ids": ids, "iou": by_picture(found).float(), **shown.arrays()}
    done = time.perf_counter()
    spent = {"judging": round(done - begun - (fitted - fitting), 3),
             "baselines": round(fitted - fitting, 3)}  # fmt: skip
    return Judged(finite(values), arrays, spent)


def _kind(data: Data) -> Mask:
    kind = data.schema[data.schema.target]
    if not isinstance(kind, Mask):
        raise DataError(f"segment: expected a mask as target, got {kind.kind}; take other data.")
    if not len(data.test):
        raise DataError("segment: the test part is empty; pass data with at least one picture.")
    return kind


def _places(classes: Sequence[str], names: Sequence[str]) -> Tensor:
    """Return the number in `names` of each number in a mask of the data: (256,), uint8."""
    table = torch.full((256,), IGNORED, dtype=torch.uint8)
    for number, name in enumerate(classes):
        if name not in names:
            raise DataError(
                f"segment: the data have the class '{name}', which the net does not know"
                f"{nearest(name, names) or '; rename or remove it.'}"
            )
        table[number] = list(names).index(name)
    return table


class _Shown:
    """The worst and the best pictures so far, with what the net said of them."""

    def __init__(self) -> None:
        self._kept: list[tuple[float, int, Tensor]] = []

    def take(self, ids: Tensor, counts: Tensor, said: Tensor) -> None:
        """Look at some pictures: numbers (n,), confusion (n, K, K), masks (n, H, W)."""
        each = by_picture(areas(counts)).tolist()
        known = zip(each, ids.tolist(), smaller(said.byte()), strict=True)
        self._kept += [one for one in known if not math.isnan(one[0])]
        self._kept.sort(key=lambda one: one[:2])
        half = SHOWN // 2
        if len(self._kept) > SHOWN:
            self._kept = self._kept[:half] + self._kept[-half:]

    def arrays(self) -> dict[str, Tensor]:
        """Return their numbers (S,), worst first, and the masks (S, h, w), uint8."""
        masks = [mask for _, _, mask in self._kept]
        numbers = [number for _, number, _ in self._kept]
        said = torch.stack(masks) if masks else torch.empty(0, 1, 1, dtype=torch.uint8)
        return {"shown": torch.tensor(numbers, dtype=torch.int64), "said": said}


def _read(
    net: nn.Module, test: Split, table: Tensor, classes: int, methods: dict[str, baselines.Said]
) -> tuple[Tensor, dict[str, Tensor], _Shown]:
    """Return ids (N,), the confusion (N, K, K) of the net and of each method, and what to show."""
    ids: list[Tensor] = []
    counts: dict[str, list[Tensor]] = {name: [] for name in ("net", *methods)}
    own, shown = table.long(), _Shown()
    with at_rest(net) as device:
        for batch in test.batches(AT_ONCE):
            pictures = tensor_of(batch, test.schema.inputs[0])
            truth = table[tensor_of(batch, test.schema.target).long()]
            found = net(inputs(batch.to(device), test.schema, net)).argmax(1).cpu()
            if found.shape != truth.shape:
                raise ShapeError(
                    f"segment: the net said {tuple(found.shape)} where masks are"
                    f" {tuple(truth.shape)}; let it return (N, K, H, W)."
                )
            counts["net"].append(confusion(truth, found, classes))
            shown.take(batch.ids, counts["net"][-1], found)
            for name, method in methods.items():
                counts[name].append(confusion(truth, own[method(pictures)], classes))
            ids.append(batch.ids)
    return torch.cat(ids), {name: torch.cat(each) for name, each in counts.items()}, shown


def _classes(found: Areas, counts: Tensor, names: Sequence[str]) -> dict[str, Any]:
    """Return the scores of each class, and what was taken for what."""
    truth, said = found.truth.sum(0).tolist(), found.said.sum(0).tolist()
    both, each = found.both.sum(0).tolist(), ious(found).tolist()
    rows = {
        name: {
            "iou": each[k], "recall": both[k] / truth[k] if truth[k] else None,
            "precision": both[k] / said[k] if said[k] else None,
            "share": truth[k] / max(1, sum(truth)),
            "pictures": int((found.truth[:, k] > 0).sum()),
        }
        for k, name in enumerate(names)
    }  # fmt: skip
    return {"names": list(names), "classes": rows, "confusion": counts.sum(0).tolist()}


def _beside(
    counts: dict[str, Tensor], methods: dict[str, baselines.Method], together: Tensor | None
) -> dict[str, Any]:
    """Return the baselines, and how the net stands beside the best, by drawing pictures again."""
    entries = {name: dict(method.entry) for name, method in methods.items()}
    found = {name: areas(each) for name, each in counts.items() if name != "net"}
    for name, each in found.items():
        entries[name] = scores(each) | entries[name]
    best = max(found, key=lambda name: entries[name]["mean_iou"])
    net, rival = drawn_again(areas(counts["net"])), drawn_again(found[best])
    truth = found[best].truth
    compared = bootstrap.beside_score(
        best, lambda often: net(often) - rival(often), truth, together
    )
    return {"baseline": entries, "comparison": compared}


def smaller(masks: Tensor) -> Tensor:
    """Return masks (N, H, W) with a longer side of SIDE at most, by the nearest pixel."""
    height, width = masks.shape[1:]
    scale = min(1.0, SIDE / max(height, width))
    size = (max(1, round(height * scale)), max(1, round(width * scale)))
    return functional.interpolate(masks[:, None], size=size, mode="nearest-exact")[:, 0]
