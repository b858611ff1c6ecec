"""Scores of masks: how much the area that was meant and the one that was said have in common."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from brique.data import Split
from brique.evaluation import bootstrap
from brique.inference import at_rest, inputs, tensor_of
from brique.schema import IGNORED

AT_ONCE = 16  # pictures


@dataclass(frozen=True)
class Look:
    """What a net does on a part: its mean IoU, and the mean cross entropy of a pixel."""

    mean_iou: float
    loss: float


@dataclass(frozen=True)
class Areas:
    """Pixels by picture and class, (N, K), int64; those that count for nothing are left out.

    truth: that are of a class. said: that were said to be. both: that are and were.
    """

    truth: Tensor
    said: Tensor
    both: Tensor

    def of(self, rows: Tensor) -> "Areas":
        """Return those of some pictures."""
        return Areas(self.truth[rows], self.said[rows], self.both[rows])


def confusion(truth: Tensor, said: Tensor, classes: int) -> Tensor:
    """Return how many pixels of each class were said to be of each: (N, K, K), int64.

    truth, said: classes (N, H, W); where the truth is 255 nothing counts. Rows are the truth.
    """
    pairs = truth.long() * classes + said.long()
    pairs = pairs.where(truth != IGNORED, classes * classes).flatten(1)
    rows = torch.arange(len(pairs), device=pairs.device)[:, None] * (classes * classes + 1)
    counts = torch.bincount((pairs + rows).flatten(), minlength=rows.numel() * (classes**2 + 1))
    return counts.view(len(truth), -1)[:, :-1].reshape(-1, classes, classes).cpu()


def areas(counts: Tensor) -> Areas:
    """Return the areas of a confusion (N, K, K)."""
    return Areas(counts.sum(2), counts.sum(1), counts.diagonal(dim1=1, dim2=2))


def ious(found: Areas) -> Tensor:
    """Return the intersection over the union of each class, over all pictures: (K,), float64.

    NaN for a class that no pixel is of, though it may have been said.
    Source: Everingham et al. 2010, "The PASCAL visual object classes challenge", section 4.2.
    """
    truth, said, both = (one.sum(0).double() for one in (found.truth, found.said, found.both))
    return (both / (truth + said - both)).where(truth > 0, torch.nan)


def scores(found: Areas) -> dict[str, float]:
    """Return the scores of all pictures together.

    "mean_iou": mean over the classes that there are; "pixel_accuracy": share of the pixels named
    rightly; "mean_accuracy": share of each class's pixels named rightly, in the mean.
    """
    truth, both = found.truth.sum(0).double(), found.both.sum(0).double()
    return {
        "mean_iou": float(ious(found).nanmean()),
        "pixel_accuracy": float(both.sum() / truth.sum()),
        "mean_accuracy": float((both / truth).nanmean()),
    }


def by_picture(found: Areas) -> Tensor:
    """Return the mean IoU of each picture, over the classes that are in it: (N,), float64.

    NaN for a picture of which no pixel counts.
    """
    union = found.truth + found.said - found.both
    each = (found.both.double() / union).where(found.truth > 0, torch.nan)
    return each.nanmean(dim=1)


def drawn_again(found: Areas) -> bootstrap.Scored:
    """Return a function from how often each picture is drawn, (R, N), to the mean IoU: (R,)."""
    truth, said, both = (one.double() for one in (found.truth, found.said, found.both))

    def mean_iou(often: Tensor) -> Tensor:
        there, common = often @ truth, often @ both
        each = common / (there + often @ said - common)
        return each.where(there > 0, torch.nan).nanmean(dim=1)

    return mean_iou


def intervals(found: Areas, together: Tensor | None) -> dict[str, list[float]]:
    """Return the 95% intervals of the scores, by drawing test pictures, or groups, again."""
    truth, both = found.truth.double(), found.both.double()

    def pixel_accuracy(often: Tensor) -> Tensor:
        return (often @ both).sum(dim=1) / (often @ truth).sum(dim=1)

    def mean_accuracy(often: Tensor) -> Tensor:
        return (often @ both / (often @ truth)).nanmean(dim=1)

    made = {
        "mean_iou": drawn_again(found),
        "pixel_accuracy": pixel_accuracy,
        "mean_accuracy": mean_accuracy,
    }
    return {name: list(bootstrap.interval(one, truth, together)) for name, one in made.items()}


def look(net: nn.Module, split: Split) -> Look:
    """Return how well a net does on a part, in one pass, in eval mode; of an empty part, NaN.

    net: pictures -> scores (N, K, H, W).
    """
    counts: list[Tensor] = []
    lost, pixels = 0.0, 0
    with at_rest(net) as device:
        for batch in split.batches(AT_ONCE).on(device) if len(split) else ():
            truth = tensor_of(batch, split.schema.target)
            said = net(inputs(batch, split.schema, net)).float()
            counts.append(confusion(truth, said.argmax(1), said.shape[1]))
            rows, goal = said.permute(0, 2, 3, 1).flatten(0, 2), truth.flatten().long()
            each = functional.cross_entropy(rows, goal, ignore_index=IGNORED, reduction="sum")
            lost, pixels = lost + float(each), pixels + int((goal != IGNORED).sum())
    if not pixels:
        return Look(math.nan, math.nan)
    return Look(scores(areas(torch.cat(counts)))["mean_iou"], lost / pixels)
