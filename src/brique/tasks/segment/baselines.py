"""Baselines: the most frequent class everywhere, and a logistic regression of single pixels."""

import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from brique import keys
from brique.data import Data, Split
from brique.inference import tensor_of
from brique.schema import IGNORE_INDEX, Mask, Picture

NAMES = {
    "majority": "always the most frequent class",
    "logistic": "logistic regression",
}
"""Names of the baselines in sentences."""

MAX_PIXELS = 20_000  # for training
_VALID_PIXELS = 20_000  # for selecting the regularization
_C_VALUES = (0.01, 1.0, 100.0)
_KEY = keys.text_key("pixels")

PredictMasks = Callable[[Tensor], Tensor]
"""Pictures (N, C, H, W) in [0, 1] -> class of each pixel (N, H, W)."""


@dataclass(frozen=True)
class Baseline:
    """A baseline; entry: its JSON values in run.json. predict: None if it was skipped."""

    entry: dict[str, Any]
    predict: PredictMasks | None


def constant(data: Data) -> Baseline:
    """Return the baseline that predicts the most frequent class everywhere."""
    mask_field, counts = data.schema[data.schema.target], torch.zeros(256, dtype=torch.int64)
    assert isinstance(mask_field, Mask)
    for mask in _masks(data.train):
        counts += torch.bincount(mask.flatten(), minlength=256)
    most_common = int(counts[: len(mask_field.names)].argmax())

    def predict(pictures: Tensor) -> Tensor:
        return torch.full((len(pictures), *pictures.shape[2:]), most_common)

    return Baseline({"answer": mask_field.names[most_common]}, predict)


def logistic(data: Data) -> Baseline:
    """Return a logistic regression on color and position of single pixels, and their products.

    It is fitted on a sample of the training pixels; regularization is selected on valid, or on
    other training pixels.
    """
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits

    started = time.perf_counter()
    sampled, sampled_labels = _sample(data.train, 2 * MAX_PIXELS)
    inputs, labels = sampled[::2], sampled_labels[::2]
    valid = (
        _sample(data.valid, _VALID_PIXELS)
        if len(data.valid)
        else (sampled[1::2], sampled_labels[1::2])
    )
    if len(labels.unique()) < 2:
        return Baseline({"skipped": "the training pixels have only one class"}, None)
    mean, std = inputs.mean(0), inputs.std(0).clamp(min=1e-6)
    best, best_accuracy, best_c = None, -1.0, 0.0
    with warnings.catch_warnings(), threadpool_limits(torch.get_num_threads(), user_api="blas"):
        warnings.simplefilter("ignore")  # a solver that stops early is used as it is
        for c in _C_VALUES:
            model = LogisticRegression(C=c, max_iter=60)
            model.fit(((inputs - mean) / std).numpy(), labels.numpy())
            accuracy = model.score(((valid[0] - mean) / std).numpy(), valid[1].numpy())
            if accuracy > best_accuracy:
                best, best_accuracy, best_c = model, float(accuracy), c
    assert best is not None
    entry = {"examples": len(labels), "settings": {"C": best_c},
             "seconds": round(time.perf_counter() - started, 3)}  # fmt: skip
    weight, bias = torch.as_tensor(best.coef_).float(), torch.as_tensor(best.intercept_).float()
    if len(weight) == 1:  # one row for two classes
        weight, bias = torch.cat([-weight, weight]), torch.cat([-bias, bias])
    classes = torch.as_tensor(best.classes_)

    def predict(pictures: Tensor) -> Tensor:
        features = (_features(pictures) - mean) / std  # (N, H, W, F)
        return classes[functional.linear(features, weight, bias).argmax(3)]

    return Baseline(entry, predict)


def _features(pictures: Tensor) -> Tensor:
    """Return color, position and their pairwise products for each pixel: (N, H, W, F)."""
    count, _, height, width = pictures.shape
    y = torch.linspace(-1, 1, height)[:, None].expand(height, width)
    x = torch.linspace(-1, 1, width)[None].expand(height, width)
    position = torch.stack([x, y], dim=2).expand(count, -1, -1, -1)
    linear = torch.cat([pictures.permute(0, 2, 3, 1), position], dim=3)  # (N, H, W, C + 2)
    i, j = torch.triu_indices(linear.shape[3], linear.shape[3]).unbind()
    return torch.cat([linear, linear[..., i] * linear[..., j]], dim=3)


def _sample(split: Split, max_pixels: int) -> tuple[Tensor, Tensor]:
    """Return features (P, F) and labels (P,) of a sample of at most `max_pixels` pixels."""
    field = split.schema.inputs[0]
    generator = keys.generator(_KEY)
    sample_ids = split.ids[
        torch.randperm(len(split), generator=generator)[: max(1, max_pixels // 20)]
    ]
    per_picture = -(-max_pixels // len(sample_ids))
    inputs: list[Tensor] = []
    labels: list[Tensor] = []
    for batch in split.select(sample_ids).batches(16):
        pictures, mask = tensor_of(batch, field), tensor_of(batch, split.schema.target)
        features = _features(pictures).flatten(1, 2)
        for row, label in zip(features, mask.flatten(1), strict=True):
            chosen = torch.randint(len(label), (per_picture,), generator=generator)
            chosen = chosen[label[chosen] != IGNORE_INDEX]
            inputs.append(row[chosen])
            labels.append(label[chosen].long())
    sampled = torch.cat(inputs)
    order = torch.randperm(len(sampled), generator=generator)[:max_pixels]
    return sampled[order], torch.cat(labels)[order]


def _masks(split: Split) -> Tensor:
    """Return the masks of a split, (N, H, W)."""
    masks = split[split.schema.target]
    assert isinstance(masks, Tensor)
    assert isinstance(split.schema[split.schema.inputs[0]], Picture)
    return masks
