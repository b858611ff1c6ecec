"""An encoder of signals: convolutions in time, on mel spectrograms of sounds or on raw series."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from brique.data import Ragged
from brique.nets.encoders.periodic import FEATURES_PER_NUMBER, MAX_NUMBERS, PeriodicEmbedding
from brique.schema import Number, Signal

MEL_BANDS, WINDOW, HOP = 40, 0.025, 0.010  # bands; seconds of a window and between two
_POWER_FLOOR = 1e-5  # power of a silent band


class SignalEncoder(nn.Module):
    """Signals -> features (N, D): max, mean, first and last over time, and summary statistics.

    Features after the end of a signal are 0 in every layer, so that they do not depend on the
    other signals of the batch.
    field: of the signals; a sound, with a rate of 1,000 or more, becomes a mel spectrogram.
    width: channels of the first stage; each of the `stages` halves time and doubles them.
    Source: He et al. 2015, arXiv:1512.03385, in one dimension; Stevens, Volkmann, Newman 1937
        (mel scale).
    """

    mean: Tensor
    std: Tensor

    def __init__(self, field: Signal | Number, width: int = 48, stages: int = 3) -> None:
        super().__init__()
        channels = field.channels if isinstance(field, Signal) else math.prod(field.shape[1:])
        rate = field.rate if isinstance(field, Signal) else None
        self.log_mel: LogMel | None = None
        if rate is not None and rate >= 1000:
            self.log_mel = LogMel(rate)
            mean, std = (0.0,) * channels, (1.0,) * channels
            in_channels = MEL_BANDS * channels
        else:
            mean, std = (
                _per_channel(statistic, channels, default)
                for statistic, default in ((field.mean, 0), (field.std, 1))
            )
            in_channels = channels
        self.register_buffer("mean", torch.tensor(mean))
        self.register_buffer("std", torch.tensor([value or 1.0 for value in std]))
        self.summary: _SummaryLayer = _SummaryLayer(6 * in_channels + 1, 2 * width)
        self.input_layer: _MaskedConv = _MaskedConv(in_channels, width, 5, 1)
        self.blocks: nn.ModuleList = nn.ModuleList(
            _Block(width * 2 ** max(0, stage - 1), width * 2**stage, 2 if stage else 1)
            for stage in range(stages)
        )
        self.width: int = 4 * width * 2 ** (stages - 1) + 2 * width

    def forward(self, signal: Ragged | Tensor) -> Tensor:
        """Return features (N, ...)."""
        if isinstance(signal, Ragged):
            lengths = signal.lengths.clamp(min=1)
            x = signal.padded(math.nan, int(lengths.max()))  # (N, T, C)
        else:
            x = signal.flatten(2)
            lengths = torch.full((len(x),), x.shape[1], device=x.device)
        x = ((x - self.mean) / self.std).nan_to_num(0.0).transpose(1, 2)
        if self.log_mel is not None:
            x, lengths = self.log_mel(x, lengths)
        mask = _mask(x, lengths)
        summary = self.summary(_summary(x, mask, lengths))
        x = self.input_layer(x, mask)
        for block in self.blocks:
            assert isinstance(block, _Block)
            if block.stride > 1:
                lengths = (lengths + 1) // 2
                mask = _mask(x[:, :, ::2], lengths)
            x = block(x, mask)
        mean = x.sum(dim=2) / lengths.unsqueeze(1)
        return torch.cat([x.amax(dim=2), mean, *_first_and_last(x, lengths), summary], dim=1)


class LogMel(nn.Module):
    """Sounds (N, C, T) -> log mel spectrograms (N, 40 C, T')."""

    window: Tensor
    filters: Tensor

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.window_size: int = round(WINDOW * rate)
        self.hop: int = round(HOP * rate)
        self.register_buffer("window", torch.hann_window(self.window_size), persistent=False)
        self.register_buffer("filters", _mel_filters(rate, self.window_size), persistent=False)

    def forward(self, sound: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Return log power, of mean 0 and std 1 over each sound, and the lengths in T'."""
        frame_counts = (lengths + self.hop - 1) // self.hop
        length = (int(frame_counts.max()) - 1) * self.hop + self.window_size
        sound = functional.pad(sound, (0, max(0, length - sound.shape[2])))
        frames = sound.unfold(2, self.window_size, self.hop)[:, :, : int(frame_counts.max())]
        power = torch.fft.rfft(frames * self.window).abs().square()  # (N, C, T', F)
        log_power = (power @ self.filters + _POWER_FLOOR).log().transpose(2, 3).flatten(1, 2)
        mask = _mask(log_power, frame_counts)
        total = frame_counts.view(-1, 1, 1) * log_power.shape[1]
        mean = (log_power * mask).sum(dim=(1, 2), keepdim=True) / total
        log_power = (log_power - mean) * mask
        std = (log_power.square().sum(dim=(1, 2), keepdim=True) / total).sqrt()
        return log_power / (std + 0.1), frame_counts


class _MaskedConv(nn.Module):
    """A masked convolution in time: (N, A, T) -> (N, B, T / stride)."""

    def __init__(self, in_channels: int, out_channels: int, kernel: int, stride: int) -> None:
        super().__init__()
        self.conv: nn.Conv1d = nn.Conv1d(
            in_channels, out_channels, kernel, stride=stride, padding=kernel // 2, bias=False
        )
        self.norm: nn.BatchNorm1d = nn.BatchNorm1d(out_channels)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Return features >= 0, and 0 where `mask` (N, 1, T / stride) is 0."""
        return functional.relu(self.norm(self.conv(x))) * mask


class _Block(nn.Module):
    """A residual block of two layers: (N, A, T) -> (N, B, T / stride)."""

    def __init__(self, in_channels: int, out_channels: int, stride: int) -> None:
        super().__init__()
        self.stride = stride
        self.conv1: _MaskedConv = _MaskedConv(in_channels, out_channels, 3, stride)
        self.conv2: nn.Conv1d = nn.Conv1d(out_channels, out_channels, 3, padding=1, bias=False)
        self.norm: nn.BatchNorm1d = nn.BatchNorm1d(out_channels)
        self.shortcut: nn.Module = nn.Identity()
        if in_channels != out_channels or stride > 1:
            self.shortcut = nn.Conv1d(in_channels, out_channels, 1, stride=stride, bias=False)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Return features >= 0, and 0 where `mask` is 0."""
        out = self.norm(self.conv2(self.conv1(x, mask)))
        return functional.relu(out + self.shortcut(x)) * mask


class _SummaryLayer(nn.Module):
    """A summary of signals (N, F) -> features (N, W)."""

    def __init__(self, count: int, width: int) -> None:
        super().__init__()
        self.norm: nn.BatchNorm1d = nn.BatchNorm1d(count)
        self.periodic: PeriodicEmbedding | None = (
            PeriodicEmbedding(count) if count <= MAX_NUMBERS else None
        )
        total = count * (1 if self.periodic is None else 1 + FEATURES_PER_NUMBER)
        self.output_layer: nn.Sequential = nn.Sequential(nn.Linear(total, width), nn.ReLU())

    def forward(self, x: Tensor) -> Tensor:
        """Return features >= 0."""
        x = self.norm(x).asinh()
        return self.output_layer(
            x if self.periodic is None else torch.cat([x, self.periodic(x)], dim=1)
        )


def _first_and_last(x: Tensor, lengths: Tensor) -> list[Tensor]:
    """Return the first and the last time step of signals (N, A, T): (N, A) each."""
    last = (lengths - 1).view(-1, 1, 1).expand(-1, x.shape[1], 1)
    return [x[:, :, 0], x.gather(2, last).squeeze(2)]


def _summary(x: Tensor, mask: Tensor, lengths: Tensor) -> Tensor:
    """Return summary statistics of signals (N, A, T) and their log lengths: (N, 6 A + 1)."""
    mean = x.sum(dim=2) / lengths.unsqueeze(1)
    centered = (x - mean.unsqueeze(2)) * mask
    std = (centered.square().sum(dim=2) / lengths.unsqueeze(1)).sqrt()
    maximum = x.masked_fill(mask == 0, -torch.inf).amax(dim=2)
    minimum = x.masked_fill(mask == 0, torch.inf).amin(dim=2)
    log_length = lengths.unsqueeze(1).to(x.dtype).log()
    return torch.cat([*_first_and_last(x, lengths), maximum, minimum, mean, std, log_length], dim=1)


def _mask(x: Tensor, lengths: Tensor) -> Tensor:
    """Return 1 up to the end of each signal and 0 after it: (N, 1, T)."""
    positions = torch.arange(x.shape[2], device=x.device)
    return (positions < lengths.view(-1, 1, 1)).to(x.dtype)


def _mel_filters(rate: float, size: int) -> Tensor:
    """Return the weight of each frequency of a window in each mel band: (F, 40)."""
    mel = 1127 * math.log1p(rate / 2 / 700)
    edges = 700 * (torch.linspace(0, mel, MEL_BANDS + 2) / 1127).expm1()
    frequencies = torch.linspace(0, rate / 2, size // 2 + 1).unsqueeze(1)
    rising = (frequencies - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - frequencies) / (edges[2:] - edges[1:-1])
    return torch.minimum(rising, falling).clamp(min=0)


def _per_channel(
    value: float | Sequence[float] | None, count: int, default: float
) -> tuple[float, ...]:
    if value is None:
        return (float(default),) * count
    return tuple(value) if isinstance(value, Sequence) else (value,) * count
