"""Reader of uncompressed WAV files, checked before decoding."""

import struct
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from brique.errors import DataError

if TYPE_CHECKING:
    import numpy as np

MAX_SAMPLES = 57_600_000  # ten minutes of stereo at 48 kHz
_RATES = range(1, 1_000_001)  # per second
_PCM, _IEEE_FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_GUID_TAIL = bytes.fromhex("000000001000800000aa00389b71")  # of the mark of an extended format
_CODEC_NAMES = {2: "ADPCM", 6: "A-law", 7: "mu-law", 0x11: "ADPCM", 0x50: "MPEG", 0x55: "MP3"}
_OTHER_FORMATS = (
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
    """A decoded sound.

    samples: (T, C), float32 in [-1, 1]. rate: samples per second.
    """

    samples: "np.ndarray[Any, Any]"
    rate: int


@dataclass(frozen=True)
class _WavFormat:
    """Sample format of a WAV file."""

    format_tag: int
    channels: int
    rate: int
    sample_bytes: int  # bytes per sample


def is_wav(content: bytes) -> bool:
    """Return whether a file is a WAV file, by its first bytes."""
    return content[:4] == b"RIFF" and content[8:12] == b"WAVE"


def read_wav(content: bytes, name: str) -> Sound:
    """Return the sound of a WAV file: integers of 8, 16, 24 or 32 bits, floats of 32 or 64.

    content: of the file. name: for messages. Floats are clipped to [-1, 1].
    Raises DataError if it is another file, damaged, empty, or longer than MAX_SAMPLES.
    """
    import numpy as np

    if not is_wav(content):
        raise _not_wav_error(content, name)
    wav_format, data = _find_data(content, name)
    frame_bytes = wav_format.channels * wav_format.sample_bytes
    num_frames = len(data) // frame_bytes
    if not num_frames:
        raise DataError(f"sound {name}: holds no moment; record it again, or remove it")
    if num_frames * wav_format.channels > MAX_SAMPLES:
        raise DataError(
            f"sound {name}: lasts {num_frames / wav_format.rate / 60:.1f} minutes,"
            f" {wav_format.channels} channels at {wav_format.rate:,} a second; at most"
            f" {MAX_SAMPLES:,} numbers are read: cut it into pieces"
        )
    samples = _decode_samples(data[: num_frames * frame_bytes], wav_format).reshape(
        num_frames, wav_format.channels
    )
    if wav_format.format_tag == _IEEE_FLOAT:
        check_finite(samples, f"sound {name}")
        samples = samples.clip(-1, 1)
    return Sound(samples.astype(np.float32, copy=False), wav_format.rate)


def check_finite(values: "np.ndarray[Any, Any]", where: str) -> None:
    """Raise DataError, with time step and channel, unless numbers (T, C) are finite."""
    import numpy as np

    is_finite = np.isfinite(values)
    if not is_finite.all():
        time_step, channel = (int(index) for index in np.argwhere(~is_finite)[0])
        raise DataError(
            f"{where}: expected finite numbers, got {values[time_step, channel]} at time step"
            f" {time_step} of channel {channel + 1}; replace them"
        )


def resample(
    samples: "np.ndarray[Any, Any]", rate: float, new_rate: float
) -> "np.ndarray[Any, Any]":
    """Return a signal (T, C) resampled to another rate, float32.

    A low-pass filter prevents aliasing.
    """
    import numpy as np
    from scipy.signal import resample_poly  # pyright: ignore[reportMissingTypeStubs]

    ratio = (Fraction(new_rate) / Fraction(rate)).limit_denominator(1000)
    ratio = ratio or Fraction(1, 1000)
    if ratio == 1:
        return samples
    up, down = ratio.numerator, ratio.denominator
    return np.asarray(resample_poly(samples, up, down, axis=0), np.float32)


def _not_wav_error(content: bytes, name: str) -> DataError:
    """Return the error for a file that is not a WAV file."""
    if not content:
        return DataError(f"sound {name}: the file is empty; fetch or record it again")
    actual = next(
        (
            format_name
            for offset, magic, format_name in _OTHER_FORMATS
            if content[offset : offset + len(magic)] == magic
        ),
        "other bytes",
    )
    return DataError(
        f"sound {name}: expected a WAV file, got {actual}; convert it to WAV (16 bits do)"
    )


def _find_data(content: bytes, name: str) -> tuple[_WavFormat, memoryview]:
    """Return the sample format and the bytes of the samples."""
    wav_format: _WavFormat | None = None
    position, view = 12, memoryview(content)
    while position + 8 <= len(content):
        chunk_id, size = (
            bytes(view[position : position + 4]),
            int(struct.unpack_from("<I", content, position + 4)[0]),
        )
        position += 8
        if chunk_id == b"fmt ":
            wav_format = _parse_format(content[position : position + min(size, 40)], name)
        elif chunk_id == b"data":
            if wav_format is None:
                raise DataError(f"sound {name}: its numbers come before their form; replace it")
            remaining = len(content) - position
            size = (
                remaining if size in (0, 0xFFFFFFFF) else size
            )  # written before the end was known
            if size > remaining:
                raise DataError(
                    f"sound {name}: is cut short, {remaining:,} of {size:,} bytes are there; fetch"
                    " it"
                    " again"
                )
            return wav_format, view[position : position + size]
        position += size + size % 2
    raise DataError(f"sound {name}: is cut short, it ends before its numbers; fetch it again")


def _parse_format(header: bytes, name: str) -> _WavFormat:
    """Return the sample format of a chunk "fmt ". Raises DataError."""
    if len(header) < 16:
        raise DataError(f"sound {name}: its form is cut short; fetch it again")
    format_tag, channels, rate, _, block_align, bits = struct.unpack_from("<HHIIHH", header)
    if format_tag == _EXTENSIBLE and len(header) >= 40 and header[26:40] == _GUID_TAIL:
        format_tag = int(struct.unpack_from("<H", header, 24)[0])
    allowed_bits = {_PCM: (8, 16, 24, 32), _IEEE_FLOAT: (32, 64)}
    if bits not in allowed_bits.get(format_tag, ()):
        codec = _CODEC_NAMES.get(format_tag, f"coding {format_tag}")
        actual = f"{bits} bits of {'plain numbers' if format_tag == _PCM else 'floats'}"
        raise DataError(
            f"sound {name}: expected plain numbers of 8, 16, 24 or 32 bits or floats of 32 or 64,"
            f" got {actual if format_tag in allowed_bits else codec}; convert it to WAV of 16 bits"
        )
    if not channels or rate not in _RATES or block_align != channels * bits // 8:
        raise DataError(
            f"sound {name}: its head is damaged ({channels} channels, {rate} a second, blocks of"
            f" {block_align} bytes); replace it"
        )
    return _WavFormat(format_tag, channels, rate, bits // 8)


def _decode_samples(data: memoryview, wav_format: _WavFormat) -> "np.ndarray[Any, Any]":
    """Return samples of bytes: floats as they are, integers divided by their full scale."""
    import numpy as np

    if wav_format.format_tag == _IEEE_FLOAT:
        return np.frombuffer(data, f"<f{wav_format.sample_bytes}")
    if wav_format.sample_bytes == 1:
        return (np.frombuffer(data, np.uint8).astype(np.float32) - 128) / 128
    if wav_format.sample_bytes == 3:  # into the three upper bytes of 32 bits
        padded = np.zeros((len(data) // 3, 4), np.uint8)
        padded[:, 1:] = np.frombuffer(data, np.uint8).reshape(-1, 3)
        return pcm_to_float(padded.view("<i4").ravel())
    return pcm_to_float(np.frombuffer(data, f"<i{wav_format.sample_bytes}"))


def pcm_to_float(samples: "np.ndarray[Any, Any]") -> "np.ndarray[Any, Any]":
    """Return integers of 16 or 32 bits as float32 in [-1, 1)."""
    import numpy as np

    scaled = samples.astype(np.float32)
    scaled *= np.float32(0.5 ** (8 * samples.dtype.itemsize - 1))
    return scaled
