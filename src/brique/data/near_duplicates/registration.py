"""Registration of thumbnails: whether two of them show the same picture once aligned."""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

THUMBNAIL_SIDE = 32  # pixels of a thumbnail's brightness
_NUM_STEPS = 3  # per round; after the first, very different pairs are dropped
_MIN_CORRELATION = 0.97
_MAX_SHIFT = 0.2  # of half a side: largest shift or change of scale of a slight crop
_MIN_SHIFT = 0.01  # a smaller one is no crop
_BLUR_STD = 0.6  # pixels, std of the smoothing for subpixel shifts
_MAX_CHROMA_MEAN, _MAX_CHROMA_DIFFERENCE = (
    6.0,
    48.0,
)  # largest difference of colors (0 to 255): mean, and anywhere
_MIN_DETAIL = 150  # pixels with gradients; pictures with fewer, such as strokes, are easily similar
_MAX_EMPTY = 0.42  # share of flat pixels; on more empty ground any strokes can be aligned
_MAX_EMPTY_CROPPED = 0.65  # largest crop that is accepted, if it shifts no further than it shrinks
_MAX_RESIDUAL, _MAX_RESIDUAL_PLAIN = (
    0.22,
    0.12,
)  # largest residual of a small picture; of a plain one
_BLUR_STDS = (0.7, 1.4)  # of pixels, to match rescaled copies
_RIDGE = 1e-5
_MIN_GRADIENT = 0.01  # gradient, in std of brightness, of a flat pixel

# correlation of brightness and of gradients; largest local difference, in std
_Bounds = tuple[float, float, float]
_ALIGNED: _Bounds = (0.985, 0.97, 0.3)
_PLAIN: _Bounds = (0.99, 0.985, 0.35)
# for smoothed pictures
_CROPPED: _Bounds = (0.9975, 0.988, 0.2)
_SHIFTED: _Bounds = (0.9978, 0.9935, 0.14)
_PLAIN_SHIFTED: _Bounds = (0.998, 0.9945, 0.12)


def match(
    first_thumbs: np.ndarray, second_thumbs: np.ndarray, *, are_large: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Return which pairs of thumbnails (P, 1152) show the same picture, and which only aligned.

    are_large: whether slight crops are aligned first. Returns two (P,), bool.
    """
    if not len(first_thumbs):
        return np.empty(0, bool), np.empty(0, bool)
    size = THUMBNAIL_SIDE * THUMBNAIL_SIDE
    first, second = (
        torch.from_numpy(thumbs[:, :size].astype(np.float32)).view(
            -1, 1, THUMBNAIL_SIDE, THUMBNAIL_SIDE
        )
        for thumbs in (first_thumbs, second_thumbs)
    )
    chroma_difference = np.abs(first_thumbs[:, size:].astype(np.float32) - second_thumbs[:, size:])
    has_same_color = torch.from_numpy(
        (chroma_difference.mean(1) <= _MAX_CHROMA_MEAN)
        & (chroma_difference.max(1) <= _MAX_CHROMA_DIFFERENCE)
    )
    is_plain = torch.minimum(_detail(first), _detail(second)) < _MIN_DETAIL
    if not are_large:
        is_aligned = has_same_color & (
            unexplained(first, second) <= torch.where(is_plain, _MAX_RESIDUAL_PLAIN, _MAX_RESIDUAL)
        )
        return is_aligned.numpy(), np.zeros(len(first_thumbs), bool)
    aligned = _measure(first, second, torch.zeros(len(first_thumbs), 4))
    is_aligned = has_same_color & torch.where(
        is_plain, _within(aligned, _PLAIN), _within(aligned, _ALIGNED)
    )
    is_registered = torch.zeros_like(is_aligned)
    rows = (has_same_color & ~is_aligned).nonzero().flatten()
    if len(rows):
        is_registered[rows] = _match_registered(first[rows], second[rows], is_plain[rows])
    return (is_aligned | is_registered).numpy(), is_registered.numpy()


def register(first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
    """Return pictures (P, 1, S, S), the second aligned to the first, both slightly smoothed."""
    transform = torch.zeros(len(first), 4)
    first = _warp(first, transform)
    for _ in range(2 * _NUM_STEPS):
        transform = (transform + _update(first, second, transform)).clamp(-_MAX_SHIFT, _MAX_SHIFT)
    return first, _warp(second, transform)


def _match_registered(first: Tensor, second: Tensor, is_plain: Tensor) -> Tensor:
    """Return which pictures (P, 1, S, S) agree once a slight crop is aligned: (P,), bool."""
    transform = torch.zeros(len(first), 4)
    empty = torch.maximum(_empty_share(first), _empty_share(second))
    first = _warp(first, transform)  # as smooth as the other
    rows = torch.arange(len(first))
    for _ in range(2):
        for _ in range(_NUM_STEPS):
            transform[rows] += _update(first[rows], second[rows], transform[rows])
        luma, *_ = _measure_registered(first[rows], second[rows], transform[rows])
        rows = rows[luma >= _MIN_CORRELATION]
    measured = _measure_registered(first, second, transform)
    is_cropped = _is_cropped(transform)
    is_usual_match = _within(measured, _SHIFTED) | (is_cropped & _within(measured, _CROPPED))
    is_reliable = (empty <= _MAX_EMPTY) | ((empty <= _MAX_EMPTY_CROPPED) & is_cropped)
    is_plain_match = is_reliable & _within(measured, _PLAIN_SHIFTED)
    return torch.where(is_plain, is_plain_match, is_usual_match) & (
        transform.abs().amax(1) <= _MAX_SHIFT
    )


def _measure_registered(
    first: Tensor, second: Tensor, transform: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Return what `_measured` does of the second at its place."""
    return _measure(first, _warp(second, transform), transform)


def _within(measured: tuple[Tensor, Tensor, Tensor], bounds: _Bounds) -> Tensor:
    luma, gradients, difference = measured
    return (luma >= bounds[0]) & (gradients >= bounds[1]) & (difference <= bounds[2])


def _update(first: Tensor, second: Tensor, transform: Tensor) -> Tensor:
    """Return the update of `transform` that aligns `second` better to `first`: (P, 4).

    Source: Lucas, Kanade 1981, "An iterative image registration technique", with gain and offset.
    """
    warped, mask = _warp(second, transform), _inside(transform).flatten(1)
    across, down = (gradient.flatten(1) * (THUMBNAIL_SIDE / 2) for gradient in _gradients(warped))
    line = (torch.arange(THUMBNAIL_SIDE) * 2 + 1) / THUMBNAIL_SIDE - 1
    x, y = line.repeat(THUMBNAIL_SIDE), line.repeat_interleave(THUMBNAIL_SIDE)
    flat = warped.flatten(1)
    columns = [across, down, across * x, down * y, flat, torch.ones_like(flat)]
    system = (torch.stack(columns, 2) * mask[..., None]).double()  # (P, S * S, 6)
    target = (first.flatten(1) * mask)[..., None].double()
    gram = system.mT @ system
    ridge = gram.diagonal(dim1=1, dim2=2).mean(1)[:, None, None] * 1e-9 + 1e-9
    gram = gram + ridge * torch.eye(6, dtype=torch.float64)
    solution = torch.linalg.solve(gram, system.mT @ target).squeeze(2).float()
    gain = solution[:, 4:5].clamp(min=0.2)
    return (solution[:, :4] / gain).clamp(-0.1, 0.1)


def _warp(pictures: Tensor, transform: Tensor) -> Tensor:
    """Return pictures (P, 1, S, S) sampled at x * (1 + sx) + tx, y * (1 + sy) + ty, smoothed.

    transform: (P, 4), tx, ty, sx, sy, in halves of a side.
    """
    x, y = (_weights(line) for line in _sample_lines(transform))
    return y @ pictures @ x.mT


def _weights(line: Tensor) -> Tensor:
    """Return interpolation weights at positions (P, S) along a line: (P, 1, S, S)."""
    pixel = (line.clamp(-1, 1) + 1) * (THUMBNAIL_SIDE / 2) - 0.5
    distance = (pixel[..., None] - torch.arange(THUMBNAIL_SIDE)) / _BLUR_STD
    return torch.softmax(distance.square() / -2, 2)[:, None]


def _sample_lines(transform: Tensor) -> tuple[Tensor, Tensor]:
    """Return the sampling positions of columns and rows of a warped picture: (P, S) each."""
    line = (torch.arange(THUMBNAIL_SIDE) * 2 + 1) / THUMBNAIL_SIDE - 1
    x = line * (1 + transform[:, 2:3]) + transform[:, 0:1]
    y = line * (1 + transform[:, 3:4]) + transform[:, 1:2]
    return x, y


def _inside(transform: Tensor) -> Tensor:
    """Return 1 where a warped picture is defined, off the borders: (P, 1, S, S)."""
    inner = 1 - 3 / THUMBNAIL_SIDE + 1e-6
    x, y = (((line.abs() <= inner).to(transform.dtype)) for line in _sample_lines(transform))
    is_inner = torch.ones(THUMBNAIL_SIDE)
    is_inner[[0, -1]] = 0
    return ((y * is_inner)[:, :, None] * (x * is_inner)[:, None, :])[:, None]


def _gradients(pictures: Tensor) -> tuple[Tensor, Tensor]:
    """Return the gradients of brightness along x and y, (P, 1, S, S) each."""
    padded = functional.pad(pictures, (1, 1, 1, 1), mode="replicate")
    across = (padded[..., 1:-1, 2:] - padded[..., 1:-1, :-2]) / 2
    down = (padded[..., 2:, 1:-1] - padded[..., :-2, 1:-1]) / 2
    return across, down


def _is_cropped(transform: Tensor) -> Tensor:
    """Return whether one picture lies inside the other: a crop shifts less than it shrinks."""
    shift, scale = transform[:, :2], transform[:, 2:]
    inside = (shift.abs() <= scale.abs() + _MIN_SHIFT).all(1)
    return inside & ((scale <= _MIN_SHIFT).all(1) | (scale >= -_MIN_SHIFT).all(1))


def _detail(pictures: Tensor) -> Tensor:
    """Return the effective number of pixels with gradients, weighted by strength: (P,)."""
    across, down = _gradients(pictures)
    energy = (across * across + down * down).flatten(1)
    return energy.sum(1).square() / energy.square().sum(1).clamp(min=1e-9)


def _empty_share(pictures: Tensor) -> Tensor:
    """Return the share of pixels without a gradient: (P,)."""
    across, down = _gradients(pictures)
    std = pictures.flatten(1).std(1, keepdim=True)
    return (torch.hypot(across, down).flatten(1) <= _MIN_GRADIENT * std).to(std.dtype).mean(1)


def _measure(first: Tensor, warped: Tensor, transform: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return three measures of similarity where both pictures are defined, each (P,).

    warped: the second, (P, 1, S, S), sampled at `transform`.
    Correlation of brightness; correlation of gradients; largest mean difference of 4 x 4 pixels,
    without gain and offset, in std of brightness.
    """
    mask = _inside(transform)
    first_values, second_values = _centered(first, mask), _centered(warped, mask)
    gain = (first_values * second_values).sum(1, keepdim=True) / (
        second_values * second_values
    ).sum(1, keepdim=True).clamp(min=1e-9)
    residual = (
        (first_values - gain * second_values).abs().view(-1, 1, THUMBNAIL_SIDE, THUMBNAIL_SIDE)
    )
    difference = functional.avg_pool2d(residual, 4, 2).flatten(1).amax(1)
    std = first_values.norm(dim=1) / mask.flatten(1).sum(1).clamp(min=1).sqrt()
    gradients = [torch.cat(_gradients(picture), 3) for picture in (first, warped)]
    masks = torch.cat([mask, mask], 3)
    centered_gradients = [_centered(gradient, masks) for gradient in gradients]
    return (
        _cosine(first_values, second_values),
        _cosine(*centered_gradients),
        difference / std.clamp(min=1e-9),
    )


def _centered(values: Tensor, mask: Tensor) -> Tensor:
    """Return values less their mean under the mask, 0 outside: (P, n)."""
    values, mask = values.flatten(1), mask.flatten(1)
    mean = (values * mask).sum(1, keepdim=True) / mask.sum(1, keepdim=True).clamp(min=1)
    return (values - mean) * mask


def _cosine(first: Tensor, second: Tensor) -> Tensor:
    return (first * second).sum(1) / (first.norm(dim=1) * second.norm(dim=1)).clamp(min=1e-9)


def unexplained(first: Tensor, second: Tensor) -> Tensor:
    """Return the unexplained share of the variance of one picture given the other: (P,).

    first, second: (P, 1, S, S). The model is a gain, an offset and a blur.
    """
    return torch.minimum(_residual(first, second), _residual(second, first))


def _residual(first: Tensor, second: Tensor) -> Tensor:
    """Return the share of the second's variance that the first and its blurs do not explain."""
    columns = [first, *(_blur(first, width) for width in _BLUR_STDS)]
    design = torch.stack([column.flatten(1) for column in columns], 2).double()
    design = design - design.mean(1, keepdim=True)  # (P, S * S, 3)
    target = second.flatten(1).double()
    target = target - target.mean(1, keepdim=True)
    gram = design.mT @ design
    ridge = gram.diagonal(dim1=1, dim2=2).mean(1)[:, None, None] * _RIDGE + 1e-6
    gram = gram + ridge * torch.eye(len(columns), dtype=torch.float64)
    residual = target - (design @ torch.linalg.solve(gram, design.mT @ target[..., None])).squeeze(
        2
    )
    return (residual.norm(dim=1) / target.norm(dim=1).clamp(min=1e-6)).float()


def _blur(pictures: Tensor, width: float) -> Tensor:
    line = torch.exp(torch.arange(-3, 4).float().square() / (-2 * width * width))
    line = line / line.sum()
    padded = functional.pad(pictures, (3, 3, 3, 3), mode="replicate")
    across = functional.conv2d(padded, line.view(1, 1, 1, 7))
    return functional.conv2d(across, line.view(1, 1, 7, 1))
