"""Inputs as vectors, for the baselines."""

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional

from brique.data import Split
from brique.schema import Field, Number, Picture, Schema

if TYPE_CHECKING:
    import numpy as np

MAX_SIDE = 32
_MAX_VALUES = 3072  # of one picture: 32 x 32 in three channels
_MAX_TOTAL_VALUES = 1 << 26  # of all examples: 256 MiB
_BATCH_SIZE = 500
_COMPONENTS = 200  # principal components
_PCA_MIN_FEATURES = 64  # no PCA up to this many
_PCA_EXAMPLES = 4_000  # examples that the PCA is fitted on


def has_vector_inputs(schema: Schema) -> bool:
    """Tell whether the inputs of a schema are one picture, or one number field."""
    if len(schema.inputs) != 1:
        return False
    field = schema[schema.inputs[0]]
    is_plain = isinstance(field, Number) and not field.is_sequence and math.prod(field.shape) > 0
    return is_plain or isinstance(field, Picture)


def to_vectors(values: Tensor, field: Field) -> Tensor:
    """Return inputs as vectors (N, F), float32.

    values: pictures (N, C, H, W), uint8 or in [0, 1], average-pooled to at most 32 x 32 pixels, or
        fewer if they have many channels; or numbers (N, ...).
    """
    if not isinstance(field, Picture):
        return values.float().flatten(1) if values.ndim > 1 else values.float().unsqueeze(1)
    pixels, size = Picture.to_float(values), _size(field)
    if size != field.shape[1:]:
        pixels = functional.adaptive_avg_pool2d(pixels, size)
    return pixels.flatten(1)


def select_vectors(split: Split, ids: Tensor) -> Tensor:
    """Return the inputs of some examples of a split as vectors (M, F), in chunks."""
    name = split.schema.inputs[0]
    chunks: list[Tensor] = []
    for chunk_ids in ids.split(_BATCH_SIZE):
        values = split.select(chunk_ids)[name]
        assert isinstance(values, Tensor)
        chunks.append(to_vectors(values, split.schema[name]))
    return torch.cat(chunks)


def downsample(vectors: Tensor, field: Field, side: int) -> Tensor:
    """Return vectors of `to_vectors` with pictures pooled to `side` x `side` pixels: (N, F)."""
    if not isinstance(field, Picture):
        return vectors
    height, width = _size(field)
    pixels = vectors.view(len(vectors), field.shape[0], height, width)
    return functional.adaptive_avg_pool2d(pixels, (min(height, side), min(width, side))).flatten(1)


def max_examples(field: Field) -> int:
    """Return how many examples fit into memory as vectors."""
    shape = (field.shape[0], *_size(field)) if isinstance(field, Picture) else ()
    shape = field.shape if isinstance(field, Number) else shape
    return max(1, _MAX_TOTAL_VALUES // math.prod(shape))


class PrincipalComponents:
    """A PCA of vectors (N, F) to components (N, P), fitted on the training examples.

    Columns of a table are standardized first; pixels are only centered, which preserves distances
    between pictures.
    """

    def __init__(self, train: Tensor, field: Field) -> None:
        from sklearn.decomposition import PCA

        self._mean = train.mean(dim=0)
        self._std = torch.ones_like(self._mean)
        if isinstance(field, Number):
            std = train.std(dim=0, correction=0)
            self._std = torch.where(std > 0, std, 1.0)
        self._pca = None
        if train.shape[1] > _PCA_MIN_FEATURES:
            sample = self._standardized(train[:_PCA_EXAMPLES])
            components = min(_COMPONENTS, *sample.shape)
            self._pca = PCA(components, svd_solver="randomized", random_state=0).fit(sample)

    def transform(self, vectors: Tensor) -> "np.ndarray":
        """Return the components (N, P), float32, largest variance first."""
        import numpy as np

        components: list[np.ndarray] = []
        for chunk in vectors.split(_BATCH_SIZE):
            standardized = self._standardized(chunk)
            pca = self._pca if len(standardized) else None
            components.append(standardized if pca is None else pca.transform(standardized))
        return np.concatenate(components)

    def _standardized(self, vectors: Tensor) -> "np.ndarray":
        return ((vectors - self._mean) / self._std).numpy()


def _size(field: Picture) -> tuple[int, int]:
    """Return the height and width that pictures are pooled to."""
    channels, height, width = field.shape
    side = max(1, min(MAX_SIDE, math.isqrt(_MAX_VALUES // channels)))
    return min(height, side), min(width, side)
