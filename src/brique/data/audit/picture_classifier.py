"""A simple picture classifier, with leave-one-out predictions, to find suspect labels.

It is a least-squares support vector machine with a Gaussian kernel on principal components of the
pixels; its leave-one-out predictions have a closed form.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from brique import keys

_MAX_SIDE = 16
_MAX_COMPONENTS = 64
_MAX_LANDMARKS = 800  # of the Nystrom approximation
_MAX_MULTIPLICATIONS = 1.6e10  # limit of the cost
_MIN_ACCURACY = (0.7, 0.4)  # on all examples; on those beyond the majority class
_MIN_ACCURACY_STRICT = (0.9, 0.8)
_RIDGES = (0.01, 0.1, 1.0, 10.0)


@dataclass(frozen=True)
class LeaveOneOut:
    """Leave-one-out predictions.

    probabilities: (N, K), float32.
    accuracy: share of examples predicted as labeled.
    """

    probabilities: Tensor
    accuracy: float


def is_reliable(accuracy: float, labels: np.ndarray, *, is_strict: bool = False) -> bool:
    """Return whether a classifier is accurate enough for its disagreements to count.

    accuracy: on labels (N,); it must also be well above that of the majority class.
    is_strict: accurate enough to find more wrong labels than hard examples.
    """
    baseline = float(np.bincount(labels).max()) / len(labels)
    min_accuracy, min_gain = _MIN_ACCURACY_STRICT if is_strict else _MIN_ACCURACY
    return accuracy >= min_accuracy and accuracy - baseline >= min_gain * (1 - baseline)


def leave_one_out(pictures: Tensor, labels: Tensor, num_classes: int) -> LeaveOneOut:
    """Return the prediction for each picture of a classifier fitted on all others.

    pictures: (N, C, H, W), uint8 or float.
    labels: (N,), int64, in [0, num_classes).
    Source: Suykens, Vandewalle 1999, "Least squares support vector machine classifiers"; Williams,
    Seeger 2001, "Using the Nystrom method"; Cook 1977 for the leave-one-out residuals.
    """
    features = _principal_components(pictures)
    kernel_features = _nystrom_features(features)
    targets = functional.one_hot(labels, num_classes).float()
    scores = _leave_one_out_scores(kernel_features, targets)
    probabilities = (scores * _inverse_temperature(scores, labels)).softmax(1)
    accuracy = float((scores.argmax(1) == labels).float().mean())
    return LeaveOneOut(probabilities, accuracy)


def _principal_components(pictures: Tensor) -> Tensor:
    """Return the first principal components of the pixels (N, at most 64), at most 16 x 16."""
    height, width = (min(_MAX_SIDE, side) for side in pictures.shape[2:])
    pooled = [
        functional.adaptive_avg_pool2d(chunk.float(), (height, width)).flatten(1)
        for chunk in pictures.split(1024)
    ]
    pixels = torch.cat(pooled)
    sample = pixels[:: max(1, len(pixels) // 4096)]
    mean = sample.mean(0)
    sample = sample - mean
    _, axes = torch.linalg.eigh(sample.T @ sample)
    return (pixels - mean) @ axes[:, -_MAX_COMPONENTS:]


def _nystrom_features(features: Tensor) -> Tensor:
    """Return features (N, M) whose inner products approximate a Gaussian kernel."""
    n = len(features)
    count = min(n, _MAX_LANDMARKS, max(64, int((_MAX_MULTIPLICATIONS / n) ** 0.5)))
    landmarks = features[
        torch.randperm(n, generator=keys.generator(keys.text_key("label errors")))[:count]
    ]
    gamma = 1 / (features.shape[1] * features.var().clamp(min=1e-9))
    gram = torch.exp(-gamma * torch.cdist(landmarks, landmarks).square())
    gram.diagonal().add_(1e-4)
    factor = torch.linalg.cholesky(gram)
    blocks = [
        torch.exp(-gamma * torch.cdist(chunk, landmarks).square()) for chunk in features.split(4096)
    ]
    return torch.cat(
        [torch.linalg.solve_triangular(factor, block.T, upper=False).T for block in blocks]
    )


def _leave_one_out_scores(features: Tensor, targets: Tensor) -> Tensor:
    """Return leave-one-out predictions (N, K) of ridge regression."""
    mean = targets.mean(0)
    targets = targets - mean
    values, axes = torch.linalg.eigh(features.T @ features)
    rotated = features @ axes  # (N, M), its columns orthogonal
    sums, squares = rotated.T @ targets, rotated * rotated
    candidates: list[tuple[float, Tensor]] = []
    for ridge in _RIDGES:
        weights = 1 / (values.clamp(min=0) + ridge)
        fitted = rotated @ (weights[:, None] * sums)
        leverage = (squares @ weights).clamp(max=0.999)[:, None]  # of its own label
        predictions = (fitted - leverage * targets) / (1 - leverage)
        candidates.append((float((predictions - targets).square().mean()), predictions))
    return min(candidates, key=lambda pair: pair[0])[1] + mean


def _inverse_temperature(scores: Tensor, labels: Tensor) -> float:
    """Return the factor that calibrates the softmax of the scores."""
    factors = [2.0**power for power in range(9)]
    losses = [float(functional.cross_entropy(scores * factor, labels)) for factor in factors]
    return factors[min(range(len(factors)), key=losses.__getitem__)]
