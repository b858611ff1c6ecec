"""A sound as a picture: time to the right, pitch upwards, the louder the darker."""

import math

import torch
from torch import Tensor
from torch.nn import functional

HEIGHT, WIDTH = 64, 192  # pixels
DYNAMIC_RANGE = 60.0  # decibels below the loudest that are white
MIN_SOUND_RATE = 1000.0  # samples a second from which on a signal is a sound
_WINDOW_SECONDS, _HOP_SECONDS = 0.025, 0.01  # seconds


def spectrogram(sound: Tensor, rate: float) -> Tensor:
    """Return a sound as a grey picture (1, 64, 192), in [0, 1].

    sound: (T, C); channels are heard together. rate: samples a second.
    Pitches are spaced as people tell them apart (Stevens, Volkmann, Newman 1937).
    """
    window, hop = round(_WINDOW_SECONDS * rate), max(1, round(_HOP_SECONDS * rate))
    wave = sound.float().mean(dim=1).nan_to_num(0.0)
    wave = functional.pad(wave, (0, max(0, window - len(wave))))
    power = torch.fft.rfft(wave.unfold(0, window, hop) * torch.hann_window(window)).abs().square()
    max_mel = 1127 * math.log1p(rate / 2 / 700)
    frequencies = 700 * (torch.linspace(0, max_mel, HEIGHT) / 1127).expm1()  # in Hz
    bins = (frequencies / (rate / 2) * (power.shape[1] - 1)).round().long()
    decibels = 10 * (power[:, bins].T.flip(0) + 1e-10).log10()  # decibels, (64, W)
    if decibels.shape[1] > WIDTH:
        decibels = functional.adaptive_max_pool1d(decibels, WIDTH)
    else:
        decibels = functional.interpolate(decibels[None], WIDTH, mode="linear", align_corners=True)[
            0
        ]
    return ((decibels.max() - decibels) / DYNAMIC_RANGE).clamp(0, 1)[None]
