"""Reconstructions by a net and by principal components, and their class accuracy."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from brique.data import Data, Split
from brique.draw import Panel
from brique.errors import ShapeError
from brique.evaluation.classifier import reference_classifier
from brique.inference import MAX_BATCH_SIZE, batch_size_for, eval_mode, tensor_of

LABEL_WIDTH = 96  # pixels left of a row for its name
GAP = 2


def reconstruct(net: nn.Module, pictures: Tensor) -> Tensor:
    """Return the outputs of a net for pictures, in eval mode and in batches.

    net: pictures (N, C, H, W) -> pictures, on any device.
    Returns (N, ...), on the device of `pictures`. `functional.mse_loss` of both is the error per
    pixel.
    """
    with eval_mode(net) as device:
        outputs = [
            net(chunk.to(device)).to(pictures.device) for chunk in pictures.split(MAX_BATCH_SIZE)
        ]
    return torch.cat(outputs)


def principal_components(split: Split, sizes: Sequence[int]) -> list[nn.Sequential]:
    """Return a linear autoencoder for each size: the first principal components of a split.

    sizes: latent dimensions, in [1, C * H * W] for pictures (C, H, W).
    Each is Sequential(encoder, decoder) of linear layers. It has the smallest squared error on the
    split's pictures among linear autoencoders of its size.
    Raises ShapeError for a size out of range.
    Source: Bourlard, Kamp 1988, "Auto-association by multilayer perceptrons and singular value
    decomposition".
    """
    field = split.schema.inputs[0]
    shape = torch.Size(split.schema[field].shape)
    pixels = shape.numel()
    invalid = [size for size in sizes if not 1 <= size <= pixels]
    if invalid:
        raise ShapeError(
            f"principal_components: size {invalid[0]} is out of range for pictures of shape"
            f" {tuple(shape)}; pass one in [1, {pixels}]."
        )
    total, products = torch.zeros(pixels).double(), torch.zeros(pixels, pixels).double()
    for batch in split.batches(batch_size_for(split.schema[field])):
        rows = tensor_of(batch, field).flatten(1)
        total += rows.double().sum(dim=0)
        products += rows.T @ rows
    mean = total / len(split)
    _, components = torch.linalg.eigh(
        products / len(split) - mean.outer(mean)
    )  # columns, ascending
    return [_linear_autoencoder(components.flip(1)[:, :size], mean, shape) for size in sizes]


def class_accuracy(pictures: Tensor, label: Tensor, data: Data) -> float:
    """Return the accuracy on pictures of a classifier fitted on `data.train`.

    pictures: (N, C, H, W) in [0, 1] of the data's shape. label: class indices (N,), int64.
    The classifier is that of `brique.tasks.generate.recognized`.
    """
    scores = reconstruct(reference_classifier(data, pictures.device), pictures)  # (N, K)
    return float((scores.argmax(dim=1) == label).double().mean())


def labeled_rows(pictures: Mapping[str, Tensor]) -> Tensor:
    """Return rows of pictures as one picture (3, H, W), with the name of each row on its left.

    pictures: by row name, (N, 1 or 3, H, W) in [0, 1], all of one shape.
    Raises ShapeError when the shapes differ.
    """
    shapes = {name: tuple(row.shape) for name, row in pictures.items()}
    if len(set(shapes.values())) != 1:
        raise ShapeError(
            f"labeled_rows: expected pictures of one shape, got {shapes}; crop them alike."
        )
    row_images: list[Tensor] = []
    for name, row in pictures.items():
        label = (
            Panel(size=(row.shape[2], LABEL_WIDTH), bare=True).text(0.5, 0.5, name).pixels() / 255
        )
        cells = [label, *row.cpu().expand(-1, 3, -1, -1)]
        row_images.append(
            torch.cat([nn.functional.pad(cell, (0, GAP, 0, GAP), value=1.0) for cell in cells], 2)
        )
    return torch.cat(row_images, dim=1)


def _linear_autoencoder(components: Tensor, mean: Tensor, shape: torch.Size) -> nn.Sequential:
    """Return the linear autoencoder with the given components (pixels, size) and mean."""
    pixels, size = components.shape
    project, restore = nn.Linear(pixels, size), nn.Linear(size, pixels)
    with torch.no_grad():
        project.weight.copy_(components.T)
        project.bias.copy_(-mean @ components)
        restore.weight.copy_(components)
        restore.bias.copy_(mean)
    encoder = nn.Sequential(nn.Flatten(), project)
    return nn.Sequential(encoder, nn.Sequential(restore, nn.Unflatten(1, shape)))
