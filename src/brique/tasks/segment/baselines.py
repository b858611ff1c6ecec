"""Masks without a net: the commonest class everywhere, and a logistic regression by pixel."""

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
from brique.schema import IGNORED, Mask, Picture

NAMES = {
    "majority": "always answering the commonest class",
    "logistic": "logistic regression",
}
"""What the methods are called in a sentence."""

PIXELS = 20_000  # that are learnt from
_TRIED = 20_000  # of valid, that the strength of the pull is chosen with
_PULLS = (0.01, 1.0, 100.0)
_DRAW = keys.word("pixels")

Said = Callable[[Tensor], Tensor]
"""From pictures (N, C, H, W) in [0, 1] to the class of each pixel (N, H, W)."""


@dataclass(frozen=True)
class Method:
    """A simple method; entry: its place in run.json. said: None if it was skipped."""

    entry: dict[str, Any]
    said: Said | None


def constant(data: Data) -> Method:
    """Return the class that most training pixels are of, as an answer everywhere."""
    kind, counts = data.schema[data.schema.target], torch.zeros(256, dtype=torch.int64)
    assert isinstance(kind, Mask)
    for mask in _masks(data.train):
        counts += torch.bincount(mask.flatten(), minlength=256)
    usual = int(counts[: len(kind.names)].argmax())

    def said(pictures: Tensor) -> Tensor:
        return torch.full((len(pictures), *pictures.shape[2:]), usual)

    return Method({"answer": kind.names[usual]}, said)


def logistic(data: Data) -> Method:
    """Return a logistic regression on the color and the place of single pixels, and products.

    It is fitted on a sample of the training pixels; how strongly it is held back is chosen on
    valid, or on as many other training pixels.
    """
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits

    begun = time.perf_counter()
    drawn, goal = _sample(data.train, 2 * PIXELS)
    inputs, goals = drawn[::2], goal[::2]
    other = _sample(data.valid, _TRIED) if len(data.valid) else (drawn[1::2], goal[1::2])
    if len(goals.unique()) < 2:
        return Method({"skipped": "the training pixels are of one class only"}, None)
    mean, spread = inputs.mean(0), inputs.std(0).clamp(min=1e-6)
    best, reached, pull = None, -1.0, 0.0
    with warnings.catch_warnings(), threadpool_limits(torch.get_num_threads(), user_api="blas"):
        warnings.simplefilter("ignore")  # a solver that stops early then stands as it is
        for one in _PULLS:
            made = LogisticRegression(C=one, max_iter=60)
            made.fit(((inputs - mean) / spread).numpy(), goals.numpy())
            share = made.score(((other[0] - mean) / spread).numpy(), other[1].numpy())
            if share > reached:
                best, reached, pull = made, float(share), one
    assert best is not None
    entry = {"examples": len(goals), "settings": {"C": pull},
             "seconds": round(time.perf_counter() - begun, 3)}  # fmt: skip
    weight, bias = torch.as_tensor(best.coef_).float(), torch.as_tensor(best.intercept_).float()
    if len(weight) == 1:  # of two classes, one row
        weight, bias = torch.cat([-weight, weight]), torch.cat([-bias, bias])
    classes = torch.as_tensor(best.classes_)

    def said(pictures: Tensor) -> Tensor:
        features = (_features(pictures) - mean) / spread  # (N, H, W, F)
        return classes[functional.linear(features, weight, bias).argmax(3)]

    return Method(entry, said)


def _features(pictures: Tensor) -> Tensor:
    """Return color, place, and the products of any two, of each pixel: (N, H, W, F)."""
    count, _, height, width = pictures.shape
    y = torch.linspace(-1, 1, height)[:, None].expand(height, width)
    x = torch.linspace(-1, 1, width)[None].expand(height, width)
    place = torch.stack([x, y], dim=2).expand(count, -1, -1, -1)
    plain = torch.cat([pictures.permute(0, 2, 3, 1), place], dim=3)  # (N, H, W, C + 2)
    i, j = torch.triu_indices(plain.shape[3], plain.shape[3]).unbind()
    return torch.cat([plain, plain[..., i] * plain[..., j]], dim=3)


def _sample(split: Split, most: int) -> tuple[Tensor, Tensor]:
    """Return features (P, F) and classes (P,) of pixels drawn from a part, `most` or fewer."""
    field = split.schema.inputs[0]
    generator = keys.generator(_DRAW)
    some = split.ids[torch.randperm(len(split), generator=generator)[: max(1, most // 20)]]
    each = -(-most // len(some))
    inputs: list[Tensor] = []
    goals: list[Tensor] = []
    for batch in split.select(some).batches(16):
        pictures, mask = tensor_of(batch, field), tensor_of(batch, split.schema.target)
        features = _features(pictures).flatten(1, 2)
        for row, goal in zip(features, mask.flatten(1), strict=True):
            at = torch.randint(len(goal), (each,), generator=generator)
            at = at[goal[at] != IGNORED]
            inputs.append(row[at])
            goals.append(goal[at].long())
    found = torch.cat(inputs)
    order = torch.randperm(len(found), generator=generator)[:most]
    return found[order], torch.cat(goals)[order]


def _masks(split: Split) -> Tensor:
    """Return the masks of a part, (N, H, W)."""
    masks = split[split.schema.target]
    assert isinstance(masks, Tensor)
    assert isinstance(split.schema[split.schema.inputs[0]], Picture)
    return masks
