"""A sound as a picture: time to the right, pitch upwards, the louder the darker."""

import math

import torch
from torch import Tensor
from torch.nn import functional

HEIGHT, WIDTH = 64, 192  # pixels
SOFT = 60.0  # decibels below the loudest that are white
HEARD = 1000.0  # samples a second from which on a signal is a sound
_WINDOW, _MOVE = 0.025, 0.01  # seconds


def spectrogram(sound: Tensor, rate: float) -> Tensor:
    """Return a sound as a grey picture (1, 64, 192), in [0, 1].

    sound: (T, C); channels are heard together. rate: samples a second.
    Pitches are spaced as people tell them apart (Stevens, Volkmann, Newman 1937).
    """
    size, move = round(_WINDOW * rate), max(1, round(_MOVE * rate))
    wave = sound.float().mean(dim=1).nan_to_num(0.0)
    wave = functional.pad(wave, (0, max(0, size - len(wave))))
    power = torch.fft.rfft(wave.unfold(0, size, move) * torch.hann_window(size)).abs().square()
    top = 1127 * math.log1p(rate / 2 / 700)
    pitches = 700 * (torch.linspace(0, top, HEIGHT) / 1127).expm1()  # in Hz
    places = (pitches / (rate / 2) * (power.shape[1] - 1)).round().long()
    loud = 10 * (power[:, places].T.flip(0) + 1e-10).log10()  # decibels, (64, W)
    if loud.shape[1] > WIDTH:
        loud = functional.adaptive_max_pool1d(loud, WIDTH)
    else:
        loud = functional.interpolate(loud[None], WIDTH, mode="linear", align_corners=True)[0]
    return ((loud.max() - loud) / SOFT).clamp(0, 1)[None]
