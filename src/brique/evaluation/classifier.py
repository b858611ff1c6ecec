"""Evaluation of generated pictures by a classifier of real ones."""

import hashlib
import json
import os
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from brique import files
from brique.bricks import Standardize
from brique.data import Batch, Data, Split
from brique.errors import ShapeError, StoreError
from brique.evaluation.classification import accuracy
from brique.game import Game, Player, cosine
from brique.inference import batch_size_for, device_of, eval_mode, tensor_of
from brique.reader import read_tensors

_VERSION = 2  # increment when the classifier or its training changes, to invalidate the cache
_TURNS = 800
_MIN_CONFIDENCE = 0.9


def recognized(net: nn.Module, inputs: Tensor, data: Data) -> dict[str, Any]:
    """Return how a classifier, fitted on `data.train`, recognizes the pictures of a generator.

    net: inputs (N, ...) -> pictures (N, C, H, W) in [0, 1] of the data's shape; in eval mode.
    inputs: of the generator, such as noise.
    data: pictures with a category as target. The classifier is fitted once for each data set and
        cached in the folder BRIQUE_CACHE (~/.cache/brique by default).
    Returns "recognized": share of the pictures classified with a confidence above 0.9; "rarest":
    share of the least frequent predicted class; "classifier_accuracy": accuracy on `data.test`.
    (Typed Any, so that they can be unpacked into `run.finish`.)
    Raises ShapeError when the pictures do not have the data's shape.
    """
    classifier = reference_classifier(data, device_of(net))
    num_classes = len(data.schema[data.schema.target].names)
    class_counts = torch.zeros(num_classes)
    num_confident = 0
    with eval_mode(net) as device:
        for chunk in inputs.to(device).split(_batch_size(data)):
            pictures = net(chunk)
            _check_shape(pictures, data)
            probabilities = functional.softmax(classifier(pictures.float()), dim=1)  # (N, K)
            confidence, predicted = probabilities.max(dim=1)
            num_confident += int((confidence > _MIN_CONFIDENCE).sum())
            class_counts += torch.bincount(predicted.cpu(), minlength=num_classes)
    total, test_accuracy = max(1, len(inputs)), accuracy(classifier, data.test)
    return {
        "recognized": num_confident / total,
        "rarest": float(class_counts.min()) / total,
        "classifier_accuracy": test_accuracy,
    }


def gap(pictures: Tensor, split: Split) -> float:
    """Return the mean absolute difference between the mean picture and the split's mean picture.

    pictures: (N, C, H, W) in [0, 1], of the split's shape.
    Raises ShapeError when the shapes differ.
    """
    field = split.schema.inputs[0]
    shape = split.schema[field].shape
    if tuple(pictures.shape[1:]) != tuple(shape):
        raise ShapeError(
            f"gap: the pictures have shape {tuple(pictures.shape[1:])} but those of the split have"
            f" {tuple(shape)}; compare pictures of one shape."
        )
    total = torch.zeros(shape, dtype=torch.float64)
    for batch in split.batches(batch_size_for(split.schema[field])):
        total += tensor_of(batch, field).double().sum(dim=0)
    mean = pictures.detach().cpu().double().mean(dim=0)
    return float((mean - total / len(split)).abs().mean())


def reference_classifier(data: Data, device: torch.device) -> nn.Module:
    """Return a classifier fitted on `data.train`, in eval mode: pictures -> scores (N, K).

    data: pictures with a category as target. It is fitted once for each data set and cached.
    """
    num_devices = torch.cuda.device_count() if device.type == "cuda" else 0
    with torch.random.fork_rng(devices=range(num_devices)):  # keeps the global random state
        torch.manual_seed(0)
        classifier = _build(data).to(device)
        path = _cache_path(data, device)
        if not _load(path, classifier):
            _fit(classifier, data)
            with suppress(OSError):  # without a cache it is fitted each time
                files.write_tensors(path, classifier.state_dict())
    return classifier.eval().requires_grad_(False)


def _build(data: Data) -> nn.Sequential:
    """Pictures (N, C, H, W) -> scores (N, K)."""
    channels, height, width = data.schema[data.schema.inputs[0]].shape
    num_positions = ((height + 3) // 4) * ((width + 3) // 4)
    return nn.Sequential(
        Standardize(0.5, 0.5),
        nn.Conv2d(channels, 16, 5, stride=2, padding=2), nn.BatchNorm2d(16), nn.ReLU(),
        nn.Conv2d(16, 32, 5, stride=2, padding=2), nn.BatchNorm2d(32), nn.ReLU(),
        nn.Flatten(), nn.Linear(32 * num_positions, 128), nn.ReLU(), nn.Dropout(0.3),
        nn.Linear(128, len(data.schema[data.schema.target].names)),
    )  # fmt: skip


def _fit(classifier: nn.Module, data: Data) -> None:
    field, target = data.schema.inputs[0], data.schema.target

    def loss(batch: Batch) -> Tensor:
        return functional.cross_entropy(classifier(batch[field]), tensor_of(batch, target))

    adam = partial(torch.optim.Adam, lr=3e-3)
    game = Game(Player("classifier", classifier, loss, adam, schedule=cosine))
    stream = data.train.batches(min(128, len(data.train)), turns=_TURNS, seed=0)
    for _ in game.play(stream, seed=0):
        pass


def _cache_path(data: Data, device: torch.device) -> Path:
    folder = os.environ.get("BRIQUE_CACHE") or "~/.cache/brique"
    schema = json.dumps(data.schema.to_json(), sort_keys=True)
    key = hashlib.sha256(
        f"{_VERSION} {device.type} {data.fingerprint} {schema}".encode()
    ).hexdigest()[:32]
    return Path(folder).expanduser() / "classifiers" / f"{key}.safetensors"


def _load(path: Path, classifier: nn.Module) -> bool:
    """Load the classifier from a file; tell whether that succeeded."""
    try:
        classifier.load_state_dict(read_tensors(path))
    except (StoreError, KeyError, RuntimeError):
        return False  # missing or damaged: fit again and replace it
    return True


def _batch_size(data: Data) -> int:
    return batch_size_for(data.schema[data.schema.inputs[0]])


def _check_shape(pictures: Tensor, data: Data) -> None:
    shape = tuple(data.schema[data.schema.inputs[0]].shape)
    if tuple(pictures.shape[1:]) != shape:
        raise ShapeError(
            f"recognized: the net returns pictures of shape {tuple(pictures.shape[1:])} but the"
            f" data have {shape}; open the data with the size and channels of the net."
        )
