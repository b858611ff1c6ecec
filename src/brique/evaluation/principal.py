"""Principal components of pictures: the axes along which those of a part differ most."""

import time
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from brique import keys
from brique.data import Split
from brique.inference import batch_size_for, tensor_of
from brique.schema import Picture

_NUMBERS = 100_000_000  # pixels that they are found on, at most
_DRAW = keys.word("axes")


@dataclass(frozen=True)
class Axes:
    """Axes (D, F) from the mean (F,), with the spread along each (D,), for pictures of F pixels.

    entry: on how many pictures they were found, and in how many seconds.
    """

    mean: Tensor
    axes: Tensor
    spread: Tensor
    entry: dict[str, Any]

    @classmethod
    def of(cls, split: Split, size: int) -> "Axes":
        """Return the first `size` axes of the pictures of a part, or fewer, where these are few."""
        from sklearn.decomposition import PCA
        from threadpoolctl import threadpool_limits

        begun = time.perf_counter()
        field = split.schema.inputs[0]
        kind = split.schema[field]
        assert isinstance(kind, Picture)
        most = max(200, _NUMBERS // torch.Size(kind.shape).numel())
        drawn = torch.randperm(len(split), generator=keys.generator(_DRAW))[:most]
        some = split.select(split.ids[drawn]).batches(batch_size_for(kind))
        rows = torch.cat([tensor_of(batch, field).flatten(1) for batch in some]).numpy()
        with threadpool_limits(torch.get_num_threads(), user_api="blas"):
            found = PCA(min(size, *rows.shape), svd_solver="randomized", random_state=0).fit(rows)
        entry = {"examples": len(rows), "seconds": round(time.perf_counter() - begun, 3)}
        mean, axes, squares = map(
            torch.from_numpy, (found.mean_, found.components_, found.explained_variance_)
        )
        return cls(mean.float(), axes.float(), squares.float().sqrt(), entry)

    def places(self, pictures: Tensor) -> Tensor:
        """Return where pictures (N, C, H, W) lie along the axes: (N, D)."""
        return (pictures.flatten(1) - self.mean) @ self.axes.T

    def rebuilt(self, pictures: Tensor) -> Tensor:
        """Return pictures (N, C, H, W) as the axes tell them."""
        return (self.places(pictures) @ self.axes + self.mean).view_as(pictures)
