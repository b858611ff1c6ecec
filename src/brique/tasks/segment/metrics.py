"""Metrics of masks: intersection over union and accuracy of pixels."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from brique.data import Split
from brique.evaluation import bootstrap
from brique.inference import eval_mode, net_inputs, tensor_of
from brique.schema import IGNORE_INDEX

BATCH_SIZE = 16  # pictures


@dataclass(frozen=True)
class Validation:
    """Metrics on a split: the mean IoU, and the mean cross entropy of a pixel."""

    mean_iou: float
    loss: float


@dataclass(frozen=True)
class PixelCounts:
    """Pixel counts by picture and class, (N, K), int64, without ignored pixels.

    target: pixels of a class. predicted: pixels predicted as it. intersection: both.
    """

    target: Tensor
    predicted: Tensor
    intersection: Tensor

    def select(self, rows: Tensor) -> "PixelCounts":
        """Return the counts of some pictures."""
        return PixelCounts(self.target[rows], self.predicted[rows], self.intersection[rows])


def confusion(target: Tensor, predicted: Tensor, classes: int) -> Tensor:
    """Return the confusion matrix of each picture, in pixels: (N, K, K), int64.

    target, predicted: classes (N, H, W); pixels with target 255 are ignored. Rows are targets.
    """
    pairs = target.long() * classes + predicted.long()
    pairs = pairs.where(target != IGNORE_INDEX, classes * classes).flatten(1)
    rows = torch.arange(len(pairs), device=pairs.device)[:, None] * (classes * classes + 1)
    counts = torch.bincount((pairs + rows).flatten(), minlength=rows.numel() * (classes**2 + 1))
    return counts.view(len(target), -1)[:, :-1].reshape(-1, classes, classes).cpu()


def count_pixels(counts: Tensor) -> PixelCounts:
    """Return the pixel counts of confusion matrices (N, K, K)."""
    return PixelCounts(counts.sum(2), counts.sum(1), counts.diagonal(dim1=1, dim2=2))


def class_ious(pixels: PixelCounts) -> Tensor:
    """Return the intersection over the union of each class, over all pictures: (K,), float64.

    NaN for a class without target pixels, even if it is predicted.
    Source: Everingham et al. 2010, "The PASCAL visual object classes challenge", section 4.2.
    """
    target, predicted, intersection = (
        count.sum(0).double() for count in (pixels.target, pixels.predicted, pixels.intersection)
    )
    return (intersection / (target + predicted - intersection)).where(target > 0, torch.nan)


def compute_metrics(pixels: PixelCounts) -> dict[str, float]:
    """Return the metrics over all pictures.

    "mean_iou": mean over the classes that occur; "pixel_accuracy": share of correct pixels;
    "mean_accuracy": mean recall over the classes.
    """
    target, intersection = pixels.target.sum(0).double(), pixels.intersection.sum(0).double()
    return {
        "mean_iou": float(class_ious(pixels).nanmean()),
        "pixel_accuracy": float(intersection.sum() / target.sum()),
        "mean_accuracy": float((intersection / target).nanmean()),
    }


def mean_iou_by_picture(pixels: PixelCounts) -> Tensor:
    """Return the mean IoU of each picture, over the classes in it: (N,), float64.

    NaN for a picture without labeled pixels.
    """
    union = pixels.target + pixels.predicted - pixels.intersection
    picture_ious = (pixels.intersection.double() / union).where(pixels.target > 0, torch.nan)
    return picture_ious.nanmean(dim=1)


def resampled_metric(pixels: PixelCounts) -> bootstrap.Statistic:
    """Return a function from bootstrap weights (R, N) to the mean IoU (R,)."""
    target, predicted, intersection = (
        count.double() for count in (pixels.target, pixels.predicted, pixels.intersection)
    )

    def mean_iou(weights: Tensor) -> Tensor:
        resampled_target, resampled_intersection = weights @ target, weights @ intersection
        values = resampled_intersection / (
            resampled_target + weights @ predicted - resampled_intersection
        )
        return values.where(resampled_target > 0, torch.nan).nanmean(dim=1)

    return mean_iou


def intervals(pixels: PixelCounts, groups: Tensor | None) -> dict[str, list[float]]:
    """Return the 95% bootstrap intervals of the metrics, over test pictures or groups."""
    target, intersection = pixels.target.double(), pixels.intersection.double()

    def pixel_accuracy(weights: Tensor) -> Tensor:
        return (weights @ intersection).sum(dim=1) / (weights @ target).sum(dim=1)

    def mean_accuracy(weights: Tensor) -> Tensor:
        return (weights @ intersection / (weights @ target)).nanmean(dim=1)

    metrics = {
        "mean_iou": resampled_metric(pixels),
        "pixel_accuracy": pixel_accuracy,
        "mean_accuracy": mean_accuracy,
    }
    return {
        name: list(bootstrap.interval(metric, target, groups)) for name, metric in metrics.items()
    }


def validate(net: nn.Module, split: Split) -> Validation:
    """Return the metrics of a net on a split, in one pass, in eval mode; NaN on an empty split.

    net: pictures -> scores (N, K, H, W).
    """
    counts: list[Tensor] = []
    total_loss, pixels = 0.0, 0
    with eval_mode(net) as device:
        for batch in split.batches(BATCH_SIZE).on(device) if len(split) else ():
            target = tensor_of(batch, split.schema.target)
            logits = net(net_inputs(batch, split.schema, net)).float()
            counts.append(confusion(target, logits.argmax(1), logits.shape[1]))
            rows, flat_target = logits.permute(0, 2, 3, 1).flatten(0, 2), target.flatten().long()
            batch_loss = functional.cross_entropy(
                rows, flat_target, ignore_index=IGNORE_INDEX, reduction="sum"
            )
            total_loss += float(batch_loss)
            pixels += int((flat_target != IGNORE_INDEX).sum())
    if not pixels:
        return Validation(math.nan, math.nan)
    return Validation(
        compute_metrics(count_pixels(torch.cat(counts)))["mean_iou"], total_loss / pixels
    )
