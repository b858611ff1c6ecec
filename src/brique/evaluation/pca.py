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

_MAX_PIXELS = 100_000_000  # pixels that they are found on, at most
_KEY = keys.text_key("axes")


@dataclass(frozen=True)
class PrincipalComponents:
    """Axes (D, F) from the mean (F,), with the spread along each (D,), for pictures of F pixels.

    fit_info: on how many pictures they were found, and in how many seconds.
    """

    mean: Tensor
    components: Tensor
    std: Tensor
    fit_info: dict[str, Any]

    @classmethod
    def fit(cls, split: Split, size: int) -> "PrincipalComponents":
        """Return the first `size` axes of the pictures of a part, or fewer, where these are few."""
        from sklearn.decomposition import PCA
        from threadpoolctl import threadpool_limits

        started = time.perf_counter()
        field = split.schema.inputs[0]
        kind = split.schema[field]
        assert isinstance(kind, Picture)
        max_pictures = max(200, _MAX_PIXELS // torch.Size(kind.shape).numel())
        indices = torch.randperm(len(split), generator=keys.generator(_KEY))[:max_pictures]
        batches = split.select(split.ids[indices]).batches(batch_size_for(kind))
        rows = torch.cat([tensor_of(batch, field).flatten(1) for batch in batches]).numpy()
        with threadpool_limits(torch.get_num_threads(), user_api="blas"):
            pca = PCA(min(size, *rows.shape), svd_solver="randomized", random_state=0).fit(rows)
        fit_info = {"examples": len(rows), "seconds": round(time.perf_counter() - started, 3)}
        mean, components, variances = map(
            torch.from_numpy, (pca.mean_, pca.components_, pca.explained_variance_)
        )
        return cls(mean.float(), components.float(), variances.float().sqrt(), fit_info)

    def project(self, pictures: Tensor) -> Tensor:
        """Return where pictures (N, C, H, W) lie along the axes: (N, D)."""
        return (pictures.flatten(1) - self.mean) @ self.components.T

    def reconstruct(self, pictures: Tensor) -> Tensor:
        """Return pictures (N, C, H, W) as the axes tell them."""
        return (self.project(pictures) @ self.components + self.mean).view_as(pictures)
