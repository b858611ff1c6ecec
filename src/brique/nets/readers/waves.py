"""Signals: sounds as the loudness of their pitches, series as they are, by convolutions in time."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from brique.data import Ragged
from brique.nets.readers.ripples import EACH, MOST, Ripples
from brique.schema import Number, Signal

PITCHES, WINDOW, STEP = 40, 0.025, 0.010  # bands; seconds that are heard at once, and between
_QUIET = 1e-5  # power of a band that is silence


class Waves(nn.Module):
    """Signals -> features (N, D): largest, mean, first and last over time, and a plain summary.

    What lies behind the end of a signal is 0 in every layer, so that a signal is told the same
    whichever stand beside it.
    kind: of the signals; a sound, which has a rate of 1,000 or more, is heard by its pitches.
    width: features of the first stage; each of the `stages` halves time and doubles them.
    Source: He et al. 2015, arXiv:1512.03385, in one dimension; Stevens, Volkmann, Newman 1937
        (pitches).
    """

    mean: Tensor
    spread: Tensor

    def __init__(self, kind: Signal | Number, width: int = 48, stages: int = 3) -> None:
        super().__init__()
        channels = kind.channels if isinstance(kind, Signal) else math.prod(kind.shape[1:])
        rate = kind.rate if isinstance(kind, Signal) else None
        self.pitches: Pitches | None = None
        if rate is not None and rate >= 1000:
            self.pitches = Pitches(rate)
            mean, spread = (0.0,) * channels, (1.0,) * channels
            before = PITCHES * channels
        else:
            mean, spread = (_each(v, channels, d) for v, d in ((kind.mean, 0), (kind.std, 1)))
            before = channels
        self.register_buffer("mean", torch.tensor(mean))
        self.register_buffer("spread", torch.tensor([one or 1.0 for one in spread]))
        self.whole: _Whole = _Whole(6 * before + 1, 2 * width)
        self.first: _Layer = _Layer(before, width, 5, 1)
        self.blocks: nn.ModuleList = nn.ModuleList(
            _Block(width * 2 ** max(0, stage - 1), width * 2**stage, 2 if stage else 1)
            for stage in range(stages)
        )
        self.width: int = 4 * width * 2 ** (stages - 1) + 2 * width

    def forward(self, signal: Ragged | Tensor) -> Tensor:
        """Return features (N, ...)."""
        if isinstance(signal, Ragged):
            lengths = signal.lengths.clamp(min=1)
            held = signal.padded(math.nan, int(lengths.max()))  # (N, T, C)
        else:
            held = signal.flatten(2)
            lengths = torch.full((len(held),), held.shape[1], device=held.device)
        held = ((held - self.mean) / self.spread).nan_to_num(0.0).transpose(1, 2)
        if self.pitches is not None:
            held, lengths = self.pitches(held, lengths)
        mask = _mask(held, lengths)
        whole = self.whole(_summary(held, mask, lengths))
        held = self.first(held, mask)
        for block in self.blocks:
            assert isinstance(block, _Block)
            if block.stride > 1:
                lengths = (lengths + 1) // 2
                mask = _mask(held[:, :, ::2], lengths)
            held = block(held, mask)
        mean = held.sum(dim=2) / lengths.unsqueeze(1)
        return torch.cat([held.amax(dim=2), mean, *_ends(held, lengths), whole], dim=1)


class Pitches(nn.Module):
    """Sounds (N, C, T) -> how loud each band of pitches is over time, (N, 40 C, T')."""

    window: Tensor
    bands: Tensor

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.size: int = round(WINDOW * rate)
        self.step: int = round(STEP * rate)
        self.register_buffer("window", torch.hann_window(self.size), persistent=False)
        self.register_buffer("bands", _bands(rate, self.size), persistent=False)

    def forward(self, sound: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Return loudness, of mean 0 and spread 1 over each sound, and the lengths in T'."""
        count = (lengths + self.step - 1) // self.step
        need = (int(count.max()) - 1) * self.step + self.size
        sound = functional.pad(sound, (0, max(0, need - sound.shape[2])))
        pieces = sound.unfold(2, self.size, self.step)[:, :, : int(count.max())]
        power = torch.fft.rfft(pieces * self.window).abs().square()  # (N, C, T', F)
        loud = (power @ self.bands + _QUIET).log().transpose(2, 3).flatten(1, 2)
        mask = _mask(loud, count)
        total = count.view(-1, 1, 1) * loud.shape[1]
        mean = (loud * mask).sum(dim=(1, 2), keepdim=True) / total
        loud = (loud - mean) * mask
        spread = (loud.square().sum(dim=(1, 2), keepdim=True) / total).sqrt()
        return loud / (spread + 0.1), count


class _Layer(nn.Module):
    """A convolution in time that knows where signals end: (N, A, T) -> (N, B, T / stride)."""

    def __init__(self, before: int, after: int, kernel: int, stride: int) -> None:
        super().__init__()
        self.weight: nn.Conv1d = nn.Conv1d(
            before, after, kernel, stride=stride, padding=kernel // 2, bias=False
        )
        self.norm: nn.BatchNorm1d = nn.BatchNorm1d(after)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Return features, none below 0, and 0 where `mask` (N, 1, T / stride) is."""
        return functional.relu(self.norm(self.weight(x))) * mask


class _Block(nn.Module):
    """Two layers beside a shortcut: (N, A, T) -> (N, B, T / stride)."""

    def __init__(self, before: int, after: int, stride: int) -> None:
        super().__init__()
        self.stride = stride
        self.first: _Layer = _Layer(before, after, 3, stride)
        self.second: nn.Conv1d = nn.Conv1d(after, after, 3, padding=1, bias=False)
        self.norm: nn.BatchNorm1d = nn.BatchNorm1d(after)
        self.shortcut: nn.Module = nn.Identity()
        if before != after or stride > 1:
            self.shortcut = nn.Conv1d(before, after, 1, stride=stride, bias=False)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Return features, none below 0, and 0 where `mask` is."""
        found = self.norm(self.second(self.first(x, mask)))
        return functional.relu(found + self.shortcut(x)) * mask


class _Whole(nn.Module):
    """A summary of signals (N, F) -> features (N, W)."""

    def __init__(self, count: int, width: int) -> None:
        super().__init__()
        self.norm: nn.BatchNorm1d = nn.BatchNorm1d(count)
        self.ripples: Ripples | None = Ripples(count) if count <= MOST else None
        total = count * (1 if self.ripples is None else 1 + EACH)
        self.last: nn.Sequential = nn.Sequential(nn.Linear(total, width), nn.ReLU())

    def forward(self, x: Tensor) -> Tensor:
        """Return features, none below 0."""
        x = self.norm(x).asinh()
        return self.last(x if self.ripples is None else torch.cat([x, self.ripples(x)], dim=1))


def _ends(held: Tensor, lengths: Tensor) -> list[Tensor]:
    """Return the first and the last moment of signals (N, A, T): (N, A) each."""
    last = (lengths - 1).view(-1, 1, 1).expand(-1, held.shape[1], 1)
    return [held[:, :, 0], held.gather(2, last).squeeze(2)]


def _summary(held: Tensor, mask: Tensor, lengths: Tensor) -> Tensor:
    """Return what signals (N, A, T) are like on the whole, and how long: (N, 6 A + 1)."""
    mean = held.sum(dim=2) / lengths.unsqueeze(1)
    left = (held - mean.unsqueeze(2)) * mask
    spread = (left.square().sum(dim=2) / lengths.unsqueeze(1)).sqrt()
    high = held.masked_fill(mask == 0, -torch.inf).amax(dim=2)
    low = held.masked_fill(mask == 0, torch.inf).amin(dim=2)
    long = lengths.unsqueeze(1).to(held.dtype).log()
    return torch.cat([*_ends(held, lengths), high, low, mean, spread, long], dim=1)


def _mask(held: Tensor, lengths: Tensor) -> Tensor:
    """Return 1 where a signal is and 0 behind it: (N, 1, T)."""
    places = torch.arange(held.shape[2], device=held.device)
    return (places < lengths.view(-1, 1, 1)).to(held.dtype)


def _bands(rate: float, size: int) -> Tensor:
    """Return how much each frequency of a piece counts for each band of pitches: (F, 40)."""
    mel = 1127 * math.log1p(rate / 2 / 700)
    edges = 700 * (torch.linspace(0, mel, PITCHES + 2) / 1127).expm1()
    heard = torch.linspace(0, rate / 2, size // 2 + 1).unsqueeze(1)
    rising = (heard - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - heard) / (edges[2:] - edges[1:-1])
    return torch.minimum(rising, falling).clamp(min=0)


def _each(value: float | Sequence[float] | None, count: int, default: float) -> tuple[float, ...]:
    if value is None:
        return (float(default),) * count
    return tuple(value) if isinstance(value, Sequence) else (value,) * count
