"""Evaluation of a segmentation net: one pass over the test part, compared with baselines."""

import math
import time
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from brique.data import Data, Split
from brique.errors import DataError, ShapeError, did_you_mean
from brique.evaluation import bootstrap
from brique.evaluation.result import Result, finite
from brique.inference import eval_mode, net_inputs, tensor_of
from brique.schema import IGNORE_INDEX, Mask
from brique.tasks.segment import baselines
from brique.tasks.segment.metrics import (  # fmt: skip
    BATCH_SIZE,
    PixelCounts,
    class_ious,
    compute_metrics,
    confusion,
    count_pixels,
    intervals,
    mean_iou_by_picture,
    resampled_metric,
)

MAX_PICTURES = 12  # pictures kept for the report, half of them the worst
MAX_SIDE = 192  # of their longer side, in pixels


def evaluate(
    net: nn.Module, data: Data, *, names: Sequence[str] | None = None, compare: bool = True
) -> Result:
    """Return the result of a net on `data.test`, compared with baselines.

    net: pictures -> scores (N, K, H, W). It reads the test part once, in eval mode, without
        gradients and in float32, on its own device.
    names: the K classes of the scores, by default those of the data; matched by name.
    compare: whether to fit baselines on `data.train`, less than a minute; else only the most
        frequent class is compared.
    The arrays are ids (N,); iou (N,), the mean IoU of each picture; shown_ids (S,), the ids of the
        worst and the best pictures, worst first; predicted (S, h, w), the predicted masks there.
    Raises DataError when the test part is empty or has no labeled pixel, the target is not a mask,
        or `names` lacks a class; ShapeError when the scores are not (N, K, H, W).
    """
    started = time.perf_counter()
    mask_field = _mask_field(data)
    names = mask_field.names if names is None else tuple(names)
    class_index = _class_index(mask_field.names, names)
    methods = {"majority": baselines.constant(data)}
    fit_start = time.perf_counter()
    if compare:
        methods["logistic"] = baselines.logistic(data)
    fit_end = time.perf_counter()
    predictors = {
        name: method.predict for name, method in methods.items() if method.predict is not None
    }
    ids, counts, examples = _collect_counts(net, data.test, class_index, len(names), predictors)
    pixels = count_pixels(counts["net"])
    if not bool(pixels.target.any()):
        raise DataError(
            f"segment: expected labeled pixels in the test masks, got none in {len(ids):,}; check"
            " the masks."
        )
    values: dict[str, Any] = {
        "task": "segment", "examples": len(ids), "test": compute_metrics(pixels),
        "interval": intervals(pixels, data.test.groups),
        **_class_metrics(pixels, counts["net"], names),
    }  # fmt: skip
    values |= _compare_with_baselines(counts, methods, data.test.groups)
    arrays = {"ids": ids, "iou": mean_iou_by_picture(pixels).float(), **examples.arrays()}
    finished = time.perf_counter()
    seconds = {"evaluation": round(finished - started - (fit_end - fit_start), 3),
             "baselines": round(fit_end - fit_start, 3)}  # fmt: skip
    return Result(finite(values), arrays, seconds)


def _mask_field(data: Data) -> Mask:
    field = data.schema[data.schema.target]
    if not isinstance(field, Mask):
        raise DataError(f"segment: expected a mask as target, got {field.kind}; take other data.")
    if not len(data.test):
        raise DataError("segment: the test part is empty; pass data with at least one picture.")
    return field


def _class_index(classes: Sequence[str], names: Sequence[str]) -> Tensor:
    """Return the index in `names` of each value of the data's masks: (256,), uint8."""
    indices = torch.full((256,), IGNORE_INDEX, dtype=torch.uint8)
    for index, name in enumerate(classes):
        if name not in names:
            raise DataError(
                f"segment: the data have the class '{name}', which the net does not know"
                f"{did_you_mean(name, names) or '; rename or remove it.'}"
            )
        indices[index] = list(names).index(name)
    return indices


class _WorstAndBest:
    """The worst and the best pictures so far, with the predicted masks."""

    def __init__(self) -> None:
        self._entries: list[tuple[float, int, Tensor]] = []

    def add(self, ids: Tensor, counts: Tensor, predicted: Tensor) -> None:
        """Add pictures: ids (n,), confusion (n, K, K), predicted masks (n, H, W)."""
        mean_ious = mean_iou_by_picture(count_pixels(counts)).tolist()
        entries = zip(mean_ious, ids.tolist(), downsample(predicted.byte()), strict=True)
        self._entries += [entry for entry in entries if not math.isnan(entry[0])]
        self._entries.sort(key=lambda entry: entry[:2])
        half = MAX_PICTURES // 2
        if len(self._entries) > MAX_PICTURES:
            self._entries = self._entries[:half] + self._entries[-half:]

    def arrays(self) -> dict[str, Tensor]:
        """Return their ids (S,), worst first, and the masks (S, h, w), uint8."""
        masks = [mask for _, _, mask in self._entries]
        ids = [example_id for _, example_id, _ in self._entries]
        predicted = torch.stack(masks) if masks else torch.empty(0, 1, 1, dtype=torch.uint8)
        return {"shown_ids": torch.tensor(ids, dtype=torch.int64), "predicted": predicted}


def _collect_counts(
    net: nn.Module,
    test: Split,
    class_index: Tensor,
    classes: int,
    methods: dict[str, baselines.PredictMasks],
) -> tuple[Tensor, dict[str, Tensor], _WorstAndBest]:
    """Return ids (N,), the confusion (N, K, K) of the net and each method, and examples."""
    ids: list[Tensor] = []
    counts: dict[str, list[Tensor]] = {name: [] for name in ("net", *methods)}
    long_index, examples = class_index.long(), _WorstAndBest()
    with eval_mode(net) as device:
        for batch in test.batches(BATCH_SIZE):
            pictures = tensor_of(batch, test.schema.inputs[0])
            target = class_index[tensor_of(batch, test.schema.target).long()]
            predicted = net(net_inputs(batch.to(device), test.schema, net)).argmax(1).cpu()
            if predicted.shape != target.shape:
                raise ShapeError(
                    f"segment: the net predicts masks {tuple(predicted.shape)} but the targets are"
                    f" {tuple(target.shape)}; let it return (N, K, H, W)."
                )
            counts["net"].append(confusion(target, predicted, classes))
            examples.add(batch.ids, counts["net"][-1], predicted)
            for name, method in methods.items():
                counts[name].append(confusion(target, long_index[method(pictures)], classes))
            ids.append(batch.ids)
    return torch.cat(ids), {name: torch.cat(chunks) for name, chunks in counts.items()}, examples


def _class_metrics(pixels: PixelCounts, counts: Tensor, names: Sequence[str]) -> dict[str, Any]:
    """Return the metrics of each class, and the confusion matrix."""
    target, predicted = pixels.target.sum(0).tolist(), pixels.predicted.sum(0).tolist()
    intersection, iou = pixels.intersection.sum(0).tolist(), class_ious(pixels).tolist()
    rows = {
        name: {
            "iou": iou[k], "recall": intersection[k] / target[k] if target[k] else None,
            "precision": intersection[k] / predicted[k] if predicted[k] else None,
            "share": target[k] / max(1, sum(target)),
            "pictures": int((pixels.target[:, k] > 0).sum()),
        }
        for k, name in enumerate(names)
    }  # fmt: skip
    return {"names": list(names), "classes": rows, "confusion": counts.sum(0).tolist()}


def _compare_with_baselines(
    counts: dict[str, Tensor], methods: dict[str, baselines.Baseline], groups: Tensor | None
) -> dict[str, Any]:
    """Return the baselines, and the bootstrap comparison of the net with the best of them."""
    entries = {name: dict(method.entry) for name, method in methods.items()}
    baseline_pixels = {name: count_pixels(value) for name, value in counts.items() if name != "net"}
    for name, value in baseline_pixels.items():
        entries[name] = compute_metrics(value) | entries[name]
    best = max(baseline_pixels, key=lambda name: entries[name]["mean_iou"])
    net_metric = resampled_metric(count_pixels(counts["net"]))
    baseline_metric = resampled_metric(baseline_pixels[best])
    target = baseline_pixels[best].target
    comparison = bootstrap.compare_scores(
        best, lambda weights: net_metric(weights) - baseline_metric(weights), target, groups
    )
    return {"baseline": entries, "comparison": comparison}


def downsample(masks: Tensor) -> Tensor:
    """Return masks (N, H, W) with a longer side of at most MAX_SIDE, by nearest neighbor."""
    height, width = masks.shape[1:]
    scale = min(1.0, MAX_SIDE / max(height, width))
    size = (max(1, round(height * scale)), max(1, round(width * scale)))
    return functional.interpolate(masks[:, None], size=size, mode="nearest-exact")[:, 0]
