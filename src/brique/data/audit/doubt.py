"""Doubtful labels: a cheap reader is asked about each picture, having seen all the others.

The reader is a least-squares support vector machine with a Gaussian kernel on principal
components of the pixels; its answer on an example left out has a closed form.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from brique import keys

_SIDE = 16
_AXES = 64
_MARKS = 800  # examples whose likeness to each other one is what the reader sees
_WORK = 1.6e10  # multiplications that it may cost
_HEARD, _HEARD_WELL = (0.7, 0.4), (0.9, 0.8)  # least shares of right labels: of all, of the rest
_RIDGES = (0.01, 0.1, 1.0, 10.0)


@dataclass(frozen=True)
class Reading:
    """What a cheap reader says of each example, having seen all the others.

    probabilities: (N, K), float32.
    accuracy: share of examples whose label it says.
    """

    probabilities: Tensor
    accuracy: float


def is_heard(accuracy: float, labels: np.ndarray, *, well: bool = False) -> bool:
    """Tell whether a reader is right so often that its doubts count, beside the commonest class.

    accuracy: share of labels (N,) that it says; it must say many of those that are not the
        commonest class too. well: so often that it finds more wrong labels than hard examples.
    """
    base = float(np.bincount(labels).max()) / len(labels)
    least, of_rest = _HEARD_WELL if well else _HEARD
    return accuracy >= least and accuracy - base >= of_rest * (1 - base)


def read(pictures: Tensor, labels: Tensor, classes: int) -> Reading:
    """Return what a cheap reader says of each picture, having seen all the others.

    pictures: (N, C, H, W), uint8 or float.
    labels: (N,), int64, in [0, classes).
    Source: Suykens, Vandewalle 1999, "Least squares support vector machine classifiers"; Williams,
    Seeger 2001, "Using the Nystrom method"; Cook 1977 for the residual of an example left out.
    """
    features = _features(pictures)
    mapped = _mapped(features)
    goals = functional.one_hot(labels, classes).float()
    scores = _left_out(mapped, goals)
    probabilities = (scores * _sharpness(scores, labels)).softmax(1)
    accuracy = float((scores.argmax(1) == labels).float().mean())
    return Reading(probabilities, accuracy)


def _features(pictures: Tensor) -> Tensor:
    """Return the first principal components of the pixels (N, at most 64), at most 16 x 16."""
    height, width = (min(_SIDE, side) for side in pictures.shape[2:])
    pooled = [
        functional.adaptive_avg_pool2d(some.float(), (height, width)).flatten(1)
        for some in pictures.split(1024)
    ]
    pixels = torch.cat(pooled)
    sample = pixels[:: max(1, len(pixels) // 4096)]
    mean = sample.mean(0)
    sample = sample - mean
    _, axes = torch.linalg.eigh(sample.T @ sample)
    return (pixels - mean) @ axes[:, -_AXES:]


def _mapped(features: Tensor) -> Tensor:
    """Return features (N, M) whose products are nearly those of a Gaussian kernel."""
    n = len(features)
    count = min(n, _MARKS, max(64, int((_WORK / n) ** 0.5)))
    marks = features[torch.randperm(n, generator=keys.generator(keys.word("label errors")))[:count]]
    width = 1 / (features.shape[1] * features.var().clamp(min=1e-9))
    among = torch.exp(-width * torch.cdist(marks, marks).square())
    among.diagonal().add_(1e-4)
    factor = torch.linalg.cholesky(among)
    rows = [torch.exp(-width * torch.cdist(some, marks).square()) for some in features.split(4096)]
    return torch.cat([torch.linalg.solve_triangular(factor, r.T, upper=False).T for r in rows])


def _left_out(mapped: Tensor, goals: Tensor) -> Tensor:
    """Return for each example the answers (N, K) of the ridge regression on all others."""
    mean = goals.mean(0)
    goals = goals - mean
    values, axes = torch.linalg.eigh(mapped.T @ mapped)
    turned = mapped @ axes  # (N, M), its columns orthogonal
    sums, squares = turned.T @ goals, turned * turned
    found: list[tuple[float, Tensor]] = []
    for ridge in _RIDGES:
        weights = 1 / (values.clamp(min=0) + ridge)
        said = turned @ (weights[:, None] * sums)
        own = (squares @ weights).clamp(max=0.999)[:, None]  # what its own label adds
        answers = (said - own * goals) / (1 - own)
        found.append((float((answers - goals).square().mean()), answers))
    return min(found, key=lambda pair: pair[0])[1] + mean


def _sharpness(scores: Tensor, labels: Tensor) -> float:
    """Return the factor that makes the softmax of the scores say how often they are right."""
    factors = [2.0**power for power in range(9)]
    losses = [float(functional.cross_entropy(scores * factor, labels)) for factor in factors]
    return factors[min(range(len(factors)), key=losses.__getitem__)]
