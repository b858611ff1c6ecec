"""Every kind of data: a training that SIGKILL ends five times is resumed to equal bits.

Slow: `python -m pytest -m slow tests/test_kills.py`. Each run is a process of its own.
"""

import csv
import math
import random
import signal
import subprocess
import sys
import time
import wave
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from brique.run import read_run
from regions import boxed, masked
from resuming import Outcome, assert_equal

KILLS = 5
DRAW = random.Random(0)


def write(path: Path, head, rows) -> None:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([head, *rows])


def table(folder: Path) -> list[str]:
    draw = np.random.default_rng(0)
    rows = []
    for number in range(600):
        size, town = draw.normal(), draw.choice(["Rome", "Oslo", "Lima"])
        text = " ".join(draw.choice(["quiet", "noisy", "old", "new", "street"], 4))
        labels = "|".join(name for name in ("garden", "garage") if draw.random() < 0.5)
        is_dear = size + (town == "Rome") + draw.normal() > 0
        gap = "" if number % 9 == 0 else f"{draw.normal():.3f}"
        price = f"{100 * size:.2f}"
        rows.append([f"{size:.3f}", gap, town, text, price, labels, "yes" if is_dear else "no"])
    head = ["size", "gap", "town", "about", "price", "has", "dear"]
    write(folder / "houses.csv", head, rows)
    return [str(folder / "houses.csv"), "--types", "about=text", "--epochs", "8"]


def classes(folder: Path) -> list[str]:
    return [*table(folder), "--target", "dear"]


def numbers(folder: Path) -> list[str]:
    return [*table(folder), "--target", "price"]


def two_numbers(folder: Path) -> list[str]:
    return [*table(folder), "--target", "price,size"]


def labels(folder: Path) -> list[str]:
    return [*table(folder), "--target", "has"]


def texts(folder: Path) -> list[str]:
    lines = {"good": [], "bad": []}
    for _ in range(300):
        label = DRAW.choice(["good", "bad"])
        words = [*DRAW.choices(["it", "was", "a", "film", "plot"], k=6), label]
        lines[label].append(" ".join(DRAW.sample(words, len(words))))
    for label, said in lines.items():
        (folder / f"{label}.txt").write_text("\n".join(said))
    return [str(folder), "--epochs", "6"]


def sounds(folder: Path) -> list[str]:
    draw = np.random.default_rng(1)
    for label, pitch in ("low", 300), ("high", 1500):
        (folder / label).mkdir()
        for number in range(30):
            moments = np.arange(1600 + 40 * number) / 8000
            tone = np.sin(2 * np.pi * pitch * moments) + 0.1 * draw.normal(size=len(moments))
            with wave.open(str(folder / label / f"{number}.wav"), "wb") as file:
                file.setnchannels(1)
                file.setsampwidth(2)
                file.setframerate(8000)
                file.writeframes((8000 * tone).astype("<i2").tobytes())
    return [str(folder), "--epochs", "20"]


def mixed(folder: Path) -> list[str]:
    """A picture, a text and a number in one table."""
    draw = np.random.default_rng(2)
    rows = []
    for number in range(240):
        is_bright, is_red = draw.integers(2), draw.integers(2)
        pixels = draw.integers(0, 100, (8, 8)) + 150 * is_bright
        Image.fromarray(pixels.astype(np.uint8)).save(folder / f"{number}.png")
        text = f"it is {'red' if is_red else 'blue'} number {number % 9}"
        rows.append([f"{number}.png", text, f"{draw.normal():.2f}", "ab"[is_bright] + "cd"[is_red]])
    write(folder / "seen.csv", ["file", "says", "more", "kind"], rows)
    return [str(folder / "seen.csv"), "--target", "kind", "--types", "says=text", "--epochs", "10"]


def tags(folder: Path) -> list[str]:
    ends = {"NOUN": "er", "VERB": "ed", "ADV": "ly"}
    for part, count in (("train", 200), ("dev", 40), ("test", 60)):
        blocks = []
        for _ in range(count):
            stems = ["".join(DRAW.choices("bdfgklm", k=3)) for _ in ends]
            pairs = zip(stems, ends.items(), strict=True)
            blocks.append("\n".join(f"{stem}{end}\t{name}" for stem, (name, end) in pairs))
        (folder / f"{part}.conll").write_text("\n\n".join(blocks) + "\n")
    return [str(folder), "--epochs", "8"]


def series(folder: Path) -> list[str]:
    draw = np.random.default_rng(3)
    start = np.datetime64("2024-01-01T00:00:00")
    rows = []
    for hour in range(700):
        load = 10 + 3 * math.sin(2 * math.pi * hour / 24) + 0.2 * draw.normal()
        stamp = str(start + np.timedelta64(hour, "h")).replace("T", " ")
        rows.append([stamp, f"{load:.4f}", f"{draw.normal():.4f}"])
    write(folder / "hours.csv", ["when", "load", "other"], rows)
    words = ["--kind", "series", "--target", "load", "--length", "24", "--ahead", "6"]
    return [str(folder / "hours.csv"), *words, "--epochs", "6"]


def parallel(folder: Path) -> list[str]:
    words = {"cat": "chat", "dog": "chien", "owl": "hibou", "red": "brun", "big": "grand"}
    for part, count in (("train", 300), ("valid", 40), ("test", 40)):
        pairs = []
        for _ in range(count):
            color, animal = DRAW.choice(["red", "big"]), DRAW.choice(["cat", "dog", "owl"])
            pairs.append((f"the {color} {animal} .", f"le {words[animal]} {words[color]} ."))
        for place, ending in enumerate(("en", "fr")):
            (folder / f"{part}.{ending}").write_text("\n".join(one[place] for one in pairs) + "\n")
    return [str(folder), "--unit", "words", "--epochs", "6"]


def masks(folder: Path) -> list[str]:
    return [str(masked(folder / "set")), "--epochs", "8"]


def boxes(folder: Path) -> list[str]:
    return [str(boxed(folder / "set")), "--size", "64", "--epochs", "8"]


def photos(folder: Path) -> list[str]:
    return ["digits", "--epochs", "4"]


def rebuilt(folder: Path) -> list[str]:
    return ["digits", "--task", "reconstruct", "--epochs", "8"]


def made(folder: Path) -> list[str]:
    return ["digits", "--task", "generate", "--epochs", "8"]


KINDS = [photos, rebuilt, made, classes, numbers, two_numbers, labels, texts, sounds, mixed, tags]
KINDS += [series, parallel, masks, boxes]


def brique(*words: str) -> subprocess.Popen:
    command = [sys.executable, "-m", "brique", *words]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def done(process: subprocess.Popen) -> None:
    _, said = process.communicate(timeout=600)
    assert process.returncode == 0, said.decode()[-2000:]


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_killed_five_times_it_ends_in_equal_bits(kind, tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    (tmp_path / "data").mkdir()
    words = kind(tmp_path / "data")
    done(brique("train", *words, "--out", str(tmp_path / "whole")))
    whole = Outcome.of(tmp_path / "whole", read_run(tmp_path / "whole").numbers)
    rows, out = len(whole.log.splitlines()), tmp_path / "killed"
    for number in range(1, KILLS + 1):
        process = brique(*(["train", *words, "--out"] if number == 1 else ["resume"]), str(out))
        log, limit = out / "log.jsonl", time.monotonic() + 300
        while process.poll() is None and time.monotonic() < limit:
            if log.exists() and log.read_bytes().count(b"\n") >= number * rows // (KILLS + 1):
                process.send_signal(signal.SIGKILL)
                break
            time.sleep(0.002)
        process.communicate()
        assert process.returncode == -signal.SIGKILL, "it ended before it was killed"
    assert read_run(out).state == "running"
    done(brique("resume", str(out)))
    assert_equal(whole, Outcome.of(out, read_run(out).numbers))
    assert read_run(out).result["test"] == read_run(tmp_path / "whole").result["test"]
