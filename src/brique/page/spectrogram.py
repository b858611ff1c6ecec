"""The mel spectrogram of a sound as an image; louder is darker."""

import math

import torch
from torch import Tensor
from torch.nn import functional

HEIGHT, WIDTH = 64, 192  # pixels
DYNAMIC_RANGE = 60.0  # dB below the maximum that map to white
MIN_SOUND_RATE = 1000.0  # Hz; lower sampling rates are no sounds
_WINDOW_SECONDS, _HOP_SECONDS = 0.025, 0.01  # seconds


def spectrogram(sound: Tensor, rate: float) -> Tensor:
    """Return a mel spectrogram (1, 64, 192), in [0, 1].

    sound: (T, C); the channels are averaged. rate: sampling rate in Hz.
    Source: mel scale of Stevens, Volkmann, Newman 1937.
    """
    window, hop = round(_WINDOW_SECONDS * rate), max(1, round(_HOP_SECONDS * rate))
    wave = sound.float().mean(dim=1).nan_to_num(0.0)
    wave = functional.pad(wave, (0, max(0, window - len(wave))))
    power = torch.fft.rfft(wave.unfold(0, window, hop) * torch.hann_window(window)).abs().square()
    max_mel = 1127 * math.log1p(rate / 2 / 700)
    frequencies = 700 * (torch.linspace(0, max_mel, HEIGHT) / 1127).expm1()  # Hz
    bins = (frequencies / (rate / 2) * (power.shape[1] - 1)).round().long()
    decibels = 10 * (power[:, bins].T.flip(0) + 1e-10).log10()  # dB (64, W)
    if decibels.shape[1] > WIDTH:
        decibels = functional.adaptive_max_pool1d(decibels, WIDTH)
    else:
        decibels = functional.interpolate(decibels[None], WIDTH, mode="linear", align_corners=True)[
            0
        ]
    return ((decibels.max() - decibels) / DYNAMIC_RANGE).clamp(0, 1)[None]
