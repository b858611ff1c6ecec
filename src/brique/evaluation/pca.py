"""Principal component analysis of the pictures of a split."""

import time
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from brique import keys
from brique.data import Split
from brique.inference import batch_size_for, tensor_of
from brique.schema import Picture

_MAX_PIXELS = 100_000_000  # of the pictures that it is fitted on
_KEY = keys.text_key("axes")


@dataclass(frozen=True)
class PrincipalComponents:
    """The mean (F,), components (D, F) and their std (D,), for pictures of F values.

    fit_info: number of pictures fitted on, and seconds.
    """

    mean: Tensor
    components: Tensor
    std: Tensor
    fit_info: dict[str, Any]

    @classmethod
    def fit(cls, split: Split, size: int) -> "PrincipalComponents":
        """Return the first `size` components of the pictures of a split, if it has as many."""
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
        """Return the coordinates of pictures (N, C, H, W): (N, D)."""
        return (pictures.flatten(1) - self.mean) @ self.components.T

    def reconstruct(self, pictures: Tensor) -> Tensor:
        """Return the reconstruction of pictures (N, C, H, W) from the components."""
        return (self.project(pictures) @ self.components + self.mean).view_as(pictures)
