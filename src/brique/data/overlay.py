"""Whether two thumbnails, laid upon each other, show the same picture."""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

SIDE = 32  # pixels of a thumbnail's brightness
_STEPS = 3  # taken twice; between them the pairs that are far from alike are given up
_HOPELESS = 0.97
_FAR = 0.2  # of half a side: the furthest move or change of scale that a slight cut makes
_STILL = 0.01  # below it nothing was cut
_BLUR = 0.6  # of a pixel: spread of what is smoothed, so that it may lie between pixels
_TINT, _SPOT = 6.0, 48.0  # most that colors may differ, of 255: in the mean, and anywhere
_DETAIL = 150  # pixels in which there are slopes; pictures of less, like strokes, are alike soon
_EMPTY = 0.42  # share without slopes: on more empty ground a stroke can be laid upon any other
_BARE = 0.65  # share up to which a cut is believed that moves no further than it shrinks
_LEFT, _PLAIN_LEFT = 0.22, 0.12  # most that is unexplained of a small picture; of a plain one
_BLURS = (0.7, 1.4)  # of pixels: a copy that was scaled is one of them
_RIDGE = 1e-5
_LEVEL = 0.01  # slope, in spreads of brightness, below which there is none

# least correlation of brightness and of its slopes; most difference of a spot, in spreads
_Bounds = tuple[float, float, float]
_STAYED: _Bounds = (0.985, 0.97, 0.3)
_PLAIN: _Bounds = (0.99, 0.985, 0.35)
# of smoothed ones
_CUT: _Bounds = (0.9975, 0.988, 0.2)
_MOVED: _Bounds = (0.9978, 0.9935, 0.14)
_PLAIN_MOVED: _Bounds = (0.998, 0.9945, 0.12)


def agree(one: np.ndarray, two: np.ndarray, *, are_large: bool) -> tuple[np.ndarray, np.ndarray]:
    """Tell which pairs of thumbnails (P, 1152) show the same picture, and which only when laid.

    are_large: whether a slight cut is undone first. Returns two (P,), bool.
    """
    if not len(one):
        return np.empty(0, bool), np.empty(0, bool)
    size = SIDE * SIDE
    first, second = (
        torch.from_numpy(t[:, :size].astype(np.float32)).view(-1, 1, SIDE, SIDE) for t in (one, two)
    )
    tints = np.abs(one[:, size:].astype(np.float32) - two[:, size:])
    good = torch.from_numpy((tints.mean(1) <= _TINT) & (tints.max(1) <= _SPOT))
    plain = torch.minimum(_detail(first), _detail(second)) < _DETAIL
    if not are_large:
        same = good & (unexplained(first, second) <= torch.where(plain, _PLAIN_LEFT, _LEFT))
        return same.numpy(), np.zeros(len(one), bool)
    still = _measured(first, second, torch.zeros(len(one), 4))
    same = good & torch.where(plain, _within(still, _PLAIN), _within(still, _STAYED))
    laid = torch.zeros_like(same)
    rows = (good & ~same).nonzero().flatten()
    if len(rows):
        laid[rows] = _agree_laid(first[rows], second[rows], plain[rows])
    return (same | laid).numpy(), laid.numpy()


def laid(first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
    """Return pictures (P, 1, S, S), the second laid upon the first, both slightly smoothed."""
    place = torch.zeros(len(first), 4)
    first = _warped(first, place)
    for _ in range(2 * _STEPS):
        place = (place + _step(first, second, place)).clamp(-_FAR, _FAR)
    return first, _warped(second, place)


def _agree_laid(first: Tensor, second: Tensor, plain: Tensor) -> Tensor:
    """Tell which pictures (P, 1, S, S) show the same when a slight cut is undone: (P,), bool."""
    place = torch.zeros(len(first), 4)
    empty = torch.maximum(_empty(first), _empty(second))
    first = _warped(first, place)  # as smooth as the other
    rows = torch.arange(len(first))
    for _ in range(2):
        for _ in range(_STEPS):
            place[rows] += _step(first[rows], second[rows], place[rows])
        luma, *_ = _laid(first[rows], second[rows], place[rows])
        rows = rows[luma >= _HOPELESS]
    measured = _laid(first, second, place)
    is_cut = _is_cut(place)
    usual = _within(measured, _MOVED) | (is_cut & _within(measured, _CUT))
    fixed = (empty <= _EMPTY) | ((empty <= _BARE) & is_cut)
    strict = fixed & _within(measured, _PLAIN_MOVED)
    return torch.where(plain, strict, usual) & (place.abs().amax(1) <= _FAR)


def _laid(first: Tensor, second: Tensor, place: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return what `_measured` does of the second at its place."""
    return _measured(first, _warped(second, place), place)


def _within(measured: tuple[Tensor, Tensor, Tensor], bounds: _Bounds) -> Tensor:
    luma, slopes, spot = measured
    return (luma >= bounds[0]) & (slopes >= bounds[1]) & (spot <= bounds[2])


def _step(first: Tensor, second: Tensor, place: Tensor) -> Tensor:
    """Return the step of `place` that lays `second` better upon `first`: (P, 4).

    Source: Lucas, Kanade 1981, "An iterative image registration technique", with gain and offset.
    """
    seen, mask = _warped(second, place), _inside(place).flatten(1)
    across, down = (slope.flatten(1) * (SIDE / 2) for slope in _slopes(seen))
    line = (torch.arange(SIDE) * 2 + 1) / SIDE - 1
    x, y = line.repeat(SIDE), line.repeat_interleave(SIDE)
    flat = seen.flatten(1)
    columns = [across, down, across * x, down * y, flat, torch.ones_like(flat)]
    system = (torch.stack(columns, 2) * mask[..., None]).double()  # (P, S * S, 6)
    goal = (first.flatten(1) * mask)[..., None].double()
    square = system.mT @ system
    ridge = square.diagonal(dim1=1, dim2=2).mean(1)[:, None, None] * 1e-9 + 1e-9
    square = square + ridge * torch.eye(6, dtype=torch.float64)
    solved = torch.linalg.solve(square, system.mT @ goal).squeeze(2).float()
    gain = solved[:, 4:5].clamp(min=0.2)
    return (solved[:, :4] / gain).clamp(-0.1, 0.1)


def _warped(pictures: Tensor, place: Tensor) -> Tensor:
    """Return pictures (P, 1, S, S) seen at x * (1 + sx) + tx, y * (1 + sy) + ty, smoothed.

    place: (P, 4), tx, ty, sx, sy, in halves of a side.
    """
    x, y = (_weights(line) for line in _lines(place))
    return y @ pictures @ x.mT


def _weights(line: Tensor) -> Tensor:
    """Return how much each pixel counts at places (P, S) along a line: (P, 1, S, S)."""
    pixel = (line.clamp(-1, 1) + 1) * (SIDE / 2) - 0.5
    away = (pixel[..., None] - torch.arange(SIDE)) / _BLUR
    return torch.softmax(away.square() / -2, 2)[:, None]


def _lines(place: Tensor) -> tuple[Tensor, Tensor]:
    """Return where the columns and rows of a warped picture are taken from: (P, S) each."""
    line = (torch.arange(SIDE) * 2 + 1) / SIDE - 1
    x = line * (1 + place[:, 2:3]) + place[:, 0:1]
    y = line * (1 + place[:, 3:4]) + place[:, 1:2]
    return x, y


def _inside(place: Tensor) -> Tensor:
    """Return 1 where a warped picture has pixels of its own, off the borders: (P, 1, S, S)."""
    inner = 1 - 3 / SIDE + 1e-6
    x, y = (((line.abs() <= inner).to(place.dtype)) for line in _lines(place))
    own = torch.ones(SIDE)
    own[[0, -1]] = 0
    return ((y * own)[:, :, None] * (x * own)[:, None, :])[:, None]


def _slopes(pictures: Tensor) -> tuple[Tensor, Tensor]:
    """Return the differences of brightness along x and y, (P, 1, S, S) each."""
    padded = functional.pad(pictures, (1, 1, 1, 1), mode="replicate")
    across = (padded[..., 1:-1, 2:] - padded[..., 1:-1, :-2]) / 2
    down = (padded[..., 2:, 1:-1] - padded[..., :-2, 1:-1]) / 2
    return across, down


def _is_cut(place: Tensor) -> Tensor:
    """Tell whether one picture lies inside the other: a cut moves no further than it shrinks."""
    shift, scale = place[:, :2], place[:, 2:]
    inside = (shift.abs() <= scale.abs() + _STILL).all(1)
    return inside & ((scale <= _STILL).all(1) | (scale >= -_STILL).all(1))


def _detail(pictures: Tensor) -> Tensor:
    """Return in how many pixels there are slopes, strong ones counting most: (P,)."""
    across, down = _slopes(pictures)
    energy = (across * across + down * down).flatten(1)
    return energy.sum(1).square() / energy.square().sum(1).clamp(min=1e-9)


def _empty(pictures: Tensor) -> Tensor:
    """Return the share of pixels in which there is no slope: (P,)."""
    across, down = _slopes(pictures)
    spread = pictures.flatten(1).std(1, keepdim=True)
    return (torch.hypot(across, down).flatten(1) <= _LEVEL * spread).to(spread.dtype).mean(1)


def _measured(first: Tensor, seen: Tensor, place: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return how alike two pictures are where both have pixels, each (P,).

    seen: the second, (P, 1, S, S), as it is seen at `place`.
    Correlation of brightness; correlation of its slopes; greatest mean difference of 4 x 4 pixels,
    gain and offset undone, in spreads of brightness.
    """
    mask = _inside(place)
    one, two = _centered(first, mask), _centered(seen, mask)
    gain = (one * two).sum(1, keepdim=True) / (two * two).sum(1, keepdim=True).clamp(min=1e-9)
    left = (one - gain * two).abs().view(-1, 1, SIDE, SIDE)
    spot = functional.avg_pool2d(left, 4, 2).flatten(1).amax(1)
    spread = one.norm(dim=1) / mask.flatten(1).sum(1).clamp(min=1).sqrt()
    slopes = [torch.cat(_slopes(picture), 3) for picture in (first, seen)]
    masks = torch.cat([mask, mask], 3)
    sloped = [_centered(slope, masks) for slope in slopes]
    return _cosine(one, two), _cosine(*sloped), spot / spread.clamp(min=1e-9)


def _centered(values: Tensor, mask: Tensor) -> Tensor:
    """Return values less their mean under the mask, 0 outside: (P, n)."""
    values, mask = values.flatten(1), mask.flatten(1)
    mean = (values * mask).sum(1, keepdim=True) / mask.sum(1, keepdim=True).clamp(min=1)
    return (values - mean) * mask


def _cosine(one: Tensor, two: Tensor) -> Tensor:
    return (one * two).sum(1) / (one.norm(dim=1) * two.norm(dim=1)).clamp(min=1e-9)


def unexplained(first: Tensor, second: Tensor) -> Tensor:
    """Return the share of brightness that one picture does not explain of another: (P,).

    first, second: (P, 1, S, S). Explained is what a gain, an offset and a blur make of either.
    """
    return torch.minimum(_left(first, second), _left(second, first))


def _left(first: Tensor, second: Tensor) -> Tensor:
    """Return the share of the second's brightness that the first and its blurs do not explain."""
    columns = [first, *(_blurred(first, width) for width in _BLURS)]
    table = torch.stack([one.flatten(1) for one in columns], 2).double()
    table = table - table.mean(1, keepdim=True)  # (P, S * S, 3)
    goal = second.flatten(1).double()
    goal = goal - goal.mean(1, keepdim=True)
    square = table.mT @ table
    ridge = square.diagonal(dim1=1, dim2=2).mean(1)[:, None, None] * _RIDGE + 1e-6
    square = square + ridge * torch.eye(len(columns), dtype=torch.float64)
    rest = goal - (table @ torch.linalg.solve(square, table.mT @ goal[..., None])).squeeze(2)
    return (rest.norm(dim=1) / goal.norm(dim=1).clamp(min=1e-6)).float()


def _blurred(pictures: Tensor, width: float) -> Tensor:
    line = torch.exp(torch.arange(-3, 4).float().square() / (-2 * width * width))
    line = line / line.sum()
    padded = functional.pad(pictures, (3, 3, 3, 3), mode="replicate")
    across = functional.conv2d(padded, line.view(1, 1, 1, 7))
    return functional.conv2d(across, line.view(1, 1, 7, 1))
