"""Reading sounds: WAV files of plain numbers, checked before anything is unpacked."""

import struct
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from brique.errors import DataError

if TYPE_CHECKING:
    import numpy as np

LIMIT = 57_600_000  # numbers: ten minutes of two channels at 48,000 a second
_RATES = range(1, 1_000_001)  # moments a second
_PLAIN, _FLOAT, _EXTENDED = 1, 3, 0xFFFE
_TAIL = bytes.fromhex("000000001000800000aa00389b71")  # of the mark of an extended format
_CODED = {2: "ADPCM", 6: "A-law", 7: "mu-law", 0x11: "ADPCM", 0x50: "MPEG", 0x55: "MP3"}
_OTHERS = (
    (0, b"ID3", "MP3"),
    (0, b"\xff\xfb", "MP3"),
    (0, b"\xff\xf3", "MP3"),
    (0, b"\xff\xf2", "MP3"),
    (0, b"fLaC", "FLAC"),
    (0, b"OggS", "OGG"),
    (0, b"FORM", "AIFF"),
    (0, b".snd", "AU"),
    (0, b"RIFX", "WAV of big-endian numbers"),
    (0, b"RF64", "WAV of more than 4 GiB"),
    (4, b"ftyp", "MP4"),
)


@dataclass(frozen=True)
class Sound:
    """A sound as it was read.

    samples: (T, C), float32 in [-1, 1]. rate: moments a second.
    """

    samples: "np.ndarray[Any, Any]"
    rate: int


@dataclass(frozen=True)
class _Form:
    """How the numbers of a WAV file are written."""

    tag: int
    channels: int
    rate: int
    width: int  # bytes a number


def is_wave(content: bytes) -> bool:
    """Tell from its first bytes whether a file is a WAV file."""
    return content[:4] == b"RIFF" and content[8:12] == b"WAVE"


def read_sound(content: bytes, name: str) -> Sound:
    """Return the sound of a WAV file: plain numbers of 8, 16, 24 or 32 bits, floats of 32 or 64.

    content: of the file. name: what sentences call it. Floats beyond [-1, 1] are cut to it.
    Raises DataError when it is no such file, damaged, empty, or longer than LIMIT numbers.
    """
    import numpy as np

    if not is_wave(content):
        raise _strange(content, name)
    form, data = _chunks(content, name)
    frame = form.channels * form.width
    frames = len(data) // frame
    if not frames:
        raise DataError(f"sound {name}: holds no moment; record it again, or remove it")
    if frames * form.channels > LIMIT:
        raise DataError(
            f"sound {name}: lasts {frames / form.rate / 60:.1f} minutes, {form.channels} channels"
            f" at {form.rate:,} a second; at most {LIMIT:,} numbers are read: cut it into pieces"
        )
    samples = _numbers(data[: frames * frame], form).reshape(frames, form.channels)
    if form.tag == _FLOAT:
        check_finite(samples, f"sound {name}")
        samples = samples.clip(-1, 1)
    return Sound(samples.astype(np.float32, copy=False), form.rate)


def check_finite(values: "np.ndarray[Any, Any]", where: str) -> None:
    """Raise DataError, with moment and channel, where a number (T, C) is not finite."""
    import numpy as np

    good = np.isfinite(values)
    if not good.all():
        moment, channel = (int(place) for place in np.argwhere(~good)[0])
        raise DataError(
            f"{where}: expected finite numbers, got {values[moment, channel]} at moment {moment} of"
            f" channel {channel + 1}; replace them"
        )


def resampled(
    samples: "np.ndarray[Any, Any]", rate: float, wanted: float
) -> "np.ndarray[Any, Any]":
    """Return a signal (T, C) at another rate, about T * wanted / rate moments, float32.

    A low pass keeps what the new rate cannot hold from coming back as other tones.
    """
    import numpy as np
    from scipy.signal import resample_poly  # pyright: ignore[reportMissingTypeStubs]

    ratio = (Fraction(wanted) / Fraction(rate)).limit_denominator(1000)
    ratio = ratio or Fraction(1, 1000)
    if ratio == 1:
        return samples
    up, down = ratio.numerator, ratio.denominator
    return np.asarray(resample_poly(samples, up, down, axis=0), np.float32)


def _strange(content: bytes, name: str) -> DataError:
    """Return the error for a file that is no WAV file."""
    if not content:
        return DataError(f"sound {name}: the file is empty; fetch or record it again")
    found = next(
        (kind for at, mark, kind in _OTHERS if content[at : at + len(mark)] == mark), "other bytes"
    )
    return DataError(
        f"sound {name}: expected a WAV file, got {found}; convert it to WAV (16 bits do)"
    )


def _chunks(content: bytes, name: str) -> tuple[_Form, memoryview]:
    """Return the form of the numbers, and their bytes."""
    form: _Form | None = None
    at, view = 12, memoryview(content)
    while at + 8 <= len(content):
        mark, size = bytes(view[at : at + 4]), int(struct.unpack_from("<I", content, at + 4)[0])
        at += 8
        if mark == b"fmt ":
            form = _form(content[at : at + min(size, 40)], name)
        elif mark == b"data":
            if form is None:
                raise DataError(f"sound {name}: its numbers come before their form; replace it")
            left = len(content) - at
            size = left if size in (0, 0xFFFFFFFF) else size  # written before the end was known
            if size > left:
                raise DataError(
                    f"sound {name}: is cut short, {left:,} of {size:,} bytes are there; fetch it"
                    " again"
                )
            return form, view[at : at + size]
        at += size + size % 2
    raise DataError(f"sound {name}: is cut short, it ends before its numbers; fetch it again")


def _form(head: bytes, name: str) -> _Form:
    """Return the form of the numbers from a chunk "fmt ". Raises DataError."""
    if len(head) < 16:
        raise DataError(f"sound {name}: its form is cut short; fetch it again")
    tag, channels, rate, _, block, bits = struct.unpack_from("<HHIIHH", head)
    if tag == _EXTENDED and len(head) >= 40 and head[26:40] == _TAIL:
        tag = int(struct.unpack_from("<H", head, 24)[0])
    known = {_PLAIN: (8, 16, 24, 32), _FLOAT: (32, 64)}
    if bits not in known.get(tag, ()):
        coding = _CODED.get(tag, f"coding {tag}")
        came = f"{bits} bits of {'plain numbers' if tag == _PLAIN else 'floats'}"
        raise DataError(
            f"sound {name}: expected plain numbers of 8, 16, 24 or 32 bits or floats of 32 or 64,"
            f" got {came if tag in known else coding}; convert it to WAV of 16 bits"
        )
    if not channels or rate not in _RATES or block != channels * bits // 8:
        raise DataError(
            f"sound {name}: its head is damaged ({channels} channels, {rate} a second, blocks of"
            f" {block} bytes); replace it"
        )
    return _Form(tag, channels, rate, bits // 8)


def _numbers(data: memoryview, form: _Form) -> "np.ndarray[Any, Any]":
    """Return the numbers of the bytes: floats as they are, others divided by their full scale."""
    import numpy as np

    if form.tag == _FLOAT:
        return np.frombuffer(data, f"<f{form.width}")
    if form.width == 1:
        return (np.frombuffer(data, np.uint8).astype(np.float32) - 128) / 128
    if form.width == 3:  # into the three upper bytes of 32 bits
        wide = np.zeros((len(data) // 3, 4), np.uint8)
        wide[:, 1:] = np.frombuffer(data, np.uint8).reshape(-1, 3)
        return full_scale(wide.view("<i4").ravel())
    return full_scale(np.frombuffer(data, f"<i{form.width}"))


def full_scale(numbers: "np.ndarray[Any, Any]") -> "np.ndarray[Any, Any]":
    """Return whole numbers of 16 or 32 bits as float32 in [-1, 1)."""
    import numpy as np

    scaled = numbers.astype(np.float32)
    scaled *= np.float32(0.5 ** (8 * numbers.dtype.itemsize - 1))
    return scaled
