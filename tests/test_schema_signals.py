"""Fields of signals: WAV and CSV files, arrays, rates and channels."""

import contextlib
import gzip
import io
import struct
import warnings
import wave

import numpy as np
import pytest
import torch

from brique.errors import DataError
from brique.schema import Signal
from brique.schema.wav import read_wav, resample


def wav(data, *, tag=1, channels=1, rate=8000, bits=16, size=None, extra=b""):
    """Return a WAV file of raw bytes."""
    frame = channels * bits // 8
    form = struct.pack("<HHIIHH", tag, channels, rate, rate * frame, frame, bits) + extra
    chunks = b"fmt " + struct.pack("<I", len(form)) + form
    chunks += b"LIST" + struct.pack("<I", 3) + b"abc\0"  # an odd chunk is padded
    chunks += b"data" + struct.pack("<I", len(data) if size is None else size) + data
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks


def ints(values, bits):
    """Return whole numbers as WAV files hold them."""
    if bits == 8:
        return (np.array(values) + 128).astype(np.uint8).tobytes()
    if bits == 24:
        return b"".join(int(v).to_bytes(3, "little", signed=True) for v in values)
    return np.array(values, f"<i{bits // 8}").tobytes()


@pytest.mark.parametrize("bits", [8, 16, 24, 32])
def test_plain_numbers_are_divided_by_full_scale(bits):
    full = 1 << (bits - 1)
    values = [-full, -full // 2, 0, full // 4, full - 1]
    sound = read_wav(wav(ints(values, bits), bits=bits), "a.wav")
    assert sound.rate == 8000
    assert sound.samples.dtype == np.float32
    expected = np.array(values, np.float64) / full
    assert np.allclose(sound.samples[:, 0], expected, atol=1e-7)


@pytest.mark.parametrize("bits", [32, 64])
def test_floats_are_cut_to_full_scale(bits):
    data = np.array([0.25, -1.0, 1e300 if bits == 64 else 3.0, 0.5], f"<f{bits // 8}").tobytes()
    sound = read_wav(wav(data, tag=3, bits=bits, channels=2), "a.wav")
    assert sound.samples.tolist() == [[0.25, -1.0], [1.0, 0.5]]


def test_the_standard_library_agrees():
    rng = np.random.default_rng(0)
    values = rng.integers(-32768, 32768, (100, 2)).astype("<i2")
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(2)
        out.setsampwidth(2)
        out.setframerate(16000)
        out.writeframes(values.tobytes())
    sound = read_wav(file.getvalue(), "a.wav")
    assert sound.rate == 16000
    assert np.array_equal(sound.samples, values.astype(np.float32) / 32768)


def test_extended_formats_are_read():
    mark = bytes.fromhex("0100000000001000800000aa00389b71")
    extra = struct.pack("<HHI", 22, 16, 0) + mark
    content = wav(ints([1 << 14], 16), tag=0xFFFE, extra=extra)
    assert read_wav(content, "a.wav").samples.tolist() == [[0.5]]


def test_a_length_that_was_never_filled_in_is_the_rest():
    content = wav(ints([1 << 14, 0], 16), size=0xFFFFFFFF)
    assert len(read_wav(content, "a.wav").samples) == 2


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "sound a.wav: the file is empty; fetch or record it again"),
        (b"ID3\x03 and so on", "expected a WAV file, got MP3; convert it to WAV"),
        (b"\xff\xfb\x90d", "got MP3"),
        (b"fLaC....", "got FLAC"),
        (b"OggS....", "got OGG"),
        (b"RF64\0\0\0\0WAVE", "got WAV of more than 4 GiB"),
        (b"<html>", "got other bytes"),
        (wav(b""), "sound a.wav: holds no moment"),
        (wav(ints([1, 2, 3], 16))[:-2], "is cut short, 4 of 6 bytes are there"),
        (wav(ints([1], 16))[:30], "its form is cut short; fetch it again"),
        (wav(ints([1], 16))[:40], "is cut short, it ends before its numbers"),
        (wav(b"\1\2", tag=7, bits=8), "got mu-law; convert it to WAV of 16 bits"),
        (wav(b"\1\2", tag=85, bits=8), "got MP3; convert it"),
        (wav(b"\1\2", bits=12), "got 12 bits of plain numbers"),
        (wav(b"\1\2", rate=0), "its head is damaged (1 channels, 0 a second"),
        (wav(b"\1\2", channels=0), "its head is damaged (0 channels"),
        (
            b"RIFF\0\0\0\0WAVEdata\2\0\0\0\1\2",
            "sound a.wav: its numbers come before their form; replace it",
        ),
        (
            wav(np.array([0, np.nan], "<f4").tobytes(), tag=3, bits=32),
            "expected finite numbers, got nan at time step 1 of channel 1",
        ),
    ],
)
def test_what_is_no_sound_is_named(content, says):
    with pytest.raises(DataError) as raised:
        read_wav(content, "a.wav")
    assert says in str(raised.value)
    assert "a.wav" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_no_cut_of_a_file_raises_anything_else():
    whole = wav(ints(range(40), 16), extra=b"\0\0")
    for end in range(len(whole)):
        with pytest.raises(DataError):
            read_wav(whole[:end], "a.wav")
    rng = np.random.default_rng(0)
    for _ in range(300):
        bad = bytearray(whole)
        for place in rng.integers(0, 60, 3):
            bad[place] = rng.integers(256)
        with contextlib.suppress(DataError):
            assert np.isfinite(read_wav(bytes(bad), "a.wav").samples).all()


def test_sounds_that_last_too_long_are_refused(monkeypatch):
    monkeypatch.setattr("brique.schema.wav.MAX_SAMPLES", 99)
    with pytest.raises(DataError, match="lasts 0.0 minutes, 1 channels at 8,000 a second; at most"):
        read_wav(wav(ints([0] * 100, 16)), "a.wav")


def test_resampling_keeps_a_tone_and_drops_what_the_new_rate_cannot_hold():
    t = np.arange(16000) / 16000
    low, high = np.sin(2 * np.pi * 440 * t), np.sin(2 * np.pi * 7000 * t)
    half = resample((low + high)[:, None].astype(np.float32), 16000, 8000)[:, 0]
    assert half.dtype == np.float32
    assert len(half) == 8000
    expected = np.sin(2 * np.pi * 440 * np.arange(8000) / 8000)
    assert np.abs(half - expected)[100:-100].max() < 0.02
    assert len(resample(np.zeros((441, 1), np.float32), 44100, 16000)) == 160


def test_prepare_takes_paths_bytes_open_files_and_arrays_alike(tmp_path):
    values = np.array([[0, 1 << 14], [1 << 13, -(1 << 14)]], "<i2")
    content = wav(values.tobytes(), channels=2)
    path = tmp_path / "a.wav"
    path.write_bytes(content)
    packed = tmp_path / "b.wav.gz"
    packed.write_bytes(gzip.compress(content))
    kind = Signal(1, rate=8000.0)
    expected = torch.tensor([[0.25], [-0.125]])
    scaled = values.astype(np.float32) / 32768
    for source in (
        path, str(path), packed, content, io.BytesIO(content), values, scaled,
        torch.from_numpy(scaled), (scaled, 8000), scaled.tolist(),
    ):  # fmt: skip
        found = kind.prepare(source)
        assert found.dtype == torch.float32
        assert torch.equal(found, expected)
    assert torch.equal(kind.prepare(scaled[:, 0]), torch.tensor([[0.0], [0.25]]))
    assert Signal(2, rate=8000.0).prepare(scaled[:, :1]).shape == (2, 2)
    assert Signal(1, rate=4000.0).prepare((np.zeros(100), 8000)).shape == (50, 1)


def test_the_callers_array_stays_as_it_was():
    given = np.zeros((3, 1), np.float32)
    Signal(1).prepare(given)[0] = 5
    assert given[0] == 0


def test_prepare_reads_tables_of_numbers(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("#x, y\n1,2\n3,4.5\n\n")
    kind = Signal(2, names=("y", "x"))
    assert kind.prepare(path).tolist() == [[2, 1], [4.5, 3]]
    assert Signal(2).prepare(b"1;2\n3;4\n").tolist() == [[1, 2], [3, 4]]
    assert kind.restore(kind.prepare(path)) == [[2, 1], [4.5, 3]]
    assert kind.form() == {"input": "file", "accept": "text/csv"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("x,y\n", "a.csv: holds no line of numbers"),
        ("x,y\n1,2\n3\n", "line 3: expected 2 numbers, got 1; mend the line"),
        ("x,y\n1,2\n3,?0.2\n", "line 3, column 2: expected a number, got '?0.2'"),
        ("x,y\n1,2,3\n", "its first line has 2 names, the others 3 numbers"),
        ("x,z\n1,2\n", "expected the columns y, x, got x, z; add y"),
        ("1,2,3\n", "expected 2 channels (y, x), got 3"),
        ("1,nan\n", "expected finite numbers, got nan at time step 0 of channel 2"),
        ("1,1e300\n", "expected finite numbers, got inf"),
    ],
)
def test_tables_that_are_none_name_line_and_column(tmp_path, text, says):
    path = tmp_path / "a.csv"
    path.write_text(text)
    with pytest.raises(DataError) as raised:
        Signal(2, names=("y", "x")).prepare(path)
    assert says in str(raised.value)


@pytest.mark.parametrize(
    ("kind", "source", "says"),
    [
        (Signal(1), "nowhere.wav", "signal nowhere.wav: cannot be read (No such file"),
        (Signal(1), "a\0b", "cannot be read (embedded null byte)"),
        (Signal(1), 3, "expected numbers of shape (moments, channels), got ()"),
        (Signal(1), [], "expected numbers of shape (moments, channels), got (0, 1)"),
        (Signal(1), [[1], [2, 3]], "expected a WAV or CSV file, or numbers (moments, channels)"),
        (Signal(1), None, "expected a WAV or CSV file"),
        (Signal(1), ["x"], "expected a WAV or CSV file"),
        (Signal(1), [1.0, float("inf")], "got inf at time step 1 of channel 1"),
        (Signal(1), [[1.0, 2.0]], "expected 1 channels, got 2; pass a number of each"),
        (Signal(3, 8000.0), [[1.0, 2.0]], "expected 3 channels, got 2"),
        (Signal(1, 8000.0), ([0.0, 0.5], 0), "rate must be above 0, got 0.0"),
        (Signal(1, 8000.0), b"x,y", "sound of bytes: expected a WAV file"),
    ],
)
def test_what_is_no_signal_is_refused(kind, source, says):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(DataError) as raised:
            kind.prepare(source)
    assert says in str(raised.value)


def test_very_large_files_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("brique.schema.signals._MAX_BYTES", 10)
    path = tmp_path / "a.wav"
    path.write_bytes(wav(ints([0] * 100, 16)))
    with pytest.raises(DataError, match="has more than 1 GiB; cut it into pieces"):
        Signal(1, 8000.0).prepare(path)
    packed = tmp_path / "b.csv.gz"
    packed.write_bytes(gzip.compress(b"1,2\n" * 100))
    monkeypatch.setattr("brique.schema.signals._MAX_BYTES", 50)
    with pytest.raises(DataError, match="unpacks to more than 1 GiB; cut it into pieces"):
        Signal(2).prepare(packed)
