"""What the audit finds of faults that were planted, and what it says of clean data.

    python benchmarks/audit.py

Photographs (chihuahua-muffin, under BRIQUE_DATA) are copied and get 30 exact copies and 30 scaled
or compressed ones from train in test, 30 slightly cut ones beside, and 10 unreadable files of 6
kinds; 20 of 1,000 digits get another label. Three seeds each. Writes benchmarks/audit.md.
"""

import io
import os
import platform
import random
import shutil
import struct
import subprocess
import sys
import time
import zlib
from pathlib import Path

import numpy as np
import torch
from PIL import Image

import brique
from brique import data
from brique.data import Data, Finding

HERE = Path(__file__).parent
SCRATCH = HERE.parent / ".bench" / "audit"
SEEDS = (0, 1, 2)
CLEAN = ("digits", "chihuahua-muffin", "orl-faces", "mnist", "cifar-10")
PHOTOS = "chihuahua-muffin"
REMARKS = [
    "",
    "Looked at by eye: all pairs of orl-faces are shots of one sitting that differ by the size of",
    "the head alone; the 8 of mnist are digits of like shape (0, 1, 7, 9), no copies; all 57 of",
    "cifar-10 are copies. In chihuahua-muffin, test/muffin/muffin_160 and muffin_401 show one",
    "table twice, photographed from two places; they are not counted as copies, and no other two",
    "pictures come near.",
]


def shelf(name: str) -> Path:
    """Return the folder of a data set under BRIQUE_DATA."""
    for place in os.environ.get("BRIQUE_DATA", "").split(os.pathsep):
        if place and (Path(place) / name).is_dir():
            return Path(place) / name
    sys.exit(f"{name} is not under BRIQUE_DATA")


def scaled_or_compressed(image: Image.Image, draw: random.Random) -> bytes:
    """Return a picture file that shows the same: smaller, compressed again, or both."""
    kind = draw.choice(["smaller", "compressed", "both", "other format"])
    if kind in ("smaller", "both"):
        share = draw.uniform(0.4, 0.9)
        size = tuple(max(16, round(side * share)) for side in image.size)
        image = image.resize(size, draw.choice(list(Image.Resampling)))
    quality = draw.randint(40, 75) if kind in ("compressed", "both") else 92
    file = io.BytesIO()
    image.save(file, "WEBP" if kind == "other format" else "JPEG", quality=quality)
    return file.getvalue()


def cut(image: Image.Image, draw: random.Random) -> bytes:
    """Return a JPEG file that lacks up to 4% at each side."""
    width, height = image.size
    left, top, right, bottom = (draw.uniform(0, 0.04) for _ in range(4))
    box = (left * width, top * height, width - right * width, height - bottom * height)
    file = io.BytesIO()
    image.crop(tuple(round(side) for side in box)).save(file, "JPEG", quality=85)
    return file.getvalue()


def unreadable(folder: Path) -> set[str]:
    """Write 10 files of 6 kinds that no picture can be read from; return their names."""
    folder.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(0).integers(0, 256, (200, 300, 3), np.uint8)
    jpeg, png = io.BytesIO(), io.BytesIO()
    Image.fromarray(noise).save(jpeg, "JPEG")
    Image.fromarray(noise).save(png, "PNG")
    broken = bytearray(png.getvalue())
    broken[len(broken) // 2] ^= 1
    head = b"IHDR" + struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n\0\0\0\r" + head + struct.pack(">I", zlib.crc32(head))
    contents = {
        "empty.jpg": b"", "empty.png": b"",
        "text.jpg": b"this is no picture\n", "page.png": b"<!DOCTYPE html><html></html>",
        "cut-short.jpg": jpeg.getvalue()[:9000], "cut-shorter.jpg": jpeg.getvalue()[:300],
        "checksum.png": bytes(broken), "30000-by-30000.png": bomb,
        "phone.heic": b"\0\0\0\x18ftypheic\0\0\0\0",
        "phone.jpg": b"\0\0\0\x18ftypheic\0\0\0\0",
    }  # fmt: skip
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return set(contents)


def planted(seed: int) -> tuple[Path, dict[str, set[tuple[str, str]]], set[str]]:
    """Copy the photographs and plant faults; return the folder and what was planted."""
    folder = SCRATCH / f"planted-{seed}"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(shelf(PHOTOS), folder, copy_function=shutil.copyfile)
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)
    draw = random.Random(seed)
    files = draw.sample(sorted((folder / "train").rglob("*.jpg")), 90)
    pairs: dict[str, set[tuple[str, str]]] = {"exact": set(), "near": set(), "cut": set()}
    for place, file in enumerate(files):
        kind = ("exact", "near", "cut")[place % 3]
        goal = folder / "test" / file.parent.name / f"planted-{place}.jpg"
        with Image.open(file) as image:
            picture = image.convert("RGB")
        if kind == "exact":
            shutil.copyfile(file, goal)
        else:
            change = scaled_or_compressed if kind == "near" else cut
            goal.write_bytes(change(picture, draw))
        pairs[kind].add((file.relative_to(folder).as_posix(), goal.relative_to(folder).as_posix()))
    bad = {f"test/muffin/{name}" for name in unreadable(folder / "test" / "muffin")}
    return folder, pairs, bad


def items(found: list[Finding], *kinds: str) -> set[tuple[str, ...]]:
    """Return all items of the findings of some kinds."""
    return {item for finding in found if finding.kind in kinds for item in finding.items}


def row_of_photos(seed: int) -> str:
    """Return a line of the table of planted faults in photographs."""
    folder, pairs, bad = planted(seed)
    start = time.process_time()
    opened = data.open(folder)
    ready = time.process_time()
    found = opened.audit()
    ended = time.process_time()
    exact, near = items(found, "leaked"), items(found, "nearly leaked")
    named = {name for name, reason in items(found, "unreadable") if reason}
    planted_all = pairs["exact"] | pairs["near"] | pairs["cut"]
    wrong = (exact | near | items(found, "nearly duplicate")) - planted_all
    shutil.rmtree(folder)
    return (
        f"| {seed} | {len(pairs['exact'] & exact)} of 30 | {len(pairs['near'] & near)} of 30 |"
        f" {len(pairs['cut'] & near)} of 30 | {len(bad & named)} of {len(bad)} | {len(wrong)} |"
        f" {ready - start:.1f} | {ended - ready:.2f} |"
    )


def row_of_digits(seed: int) -> str:
    """Return a line of the table of planted labels."""
    digits = data.open("digits")
    splits = (digits.train, digits.valid, digits.test)
    pixels = torch.cat([split["image"] for split in splits])
    labels = torch.cat([split["label"] for split in splits])
    draw = np.random.default_rng(seed)
    rows = torch.from_numpy(draw.permutation(len(labels))[:1000])
    labels = labels[rows]
    swapped = draw.permutation(1000)[:20]
    labels[swapped] = (labels[swapped] + torch.from_numpy(draw.integers(1, 10, 20))) % 10
    names = [str(digit) for digit in range(10)]
    opened = data.arrays(image=pixels[rows], label=labels, classes=names)
    found = opened.audit()
    doubted = [item for finding in found if finding.kind == "doubtful" for item in finding.items]
    planted = {f"example {row}" for row in swapped}
    first = [len(planted & {item[0] for item in doubted[:n]}) for n in (20, 40)]
    return f"| {seed} | {first[0]} of 20 | {first[1]} of 20 | {len(doubted)} |"


def row_of_clean(name: str) -> str:
    """Return a line of the table of data as they are."""
    start = time.process_time()
    opened: Data = data.open(name)
    ready = time.process_time()
    found = opened.audit()
    seconds = time.process_time() - ready
    kinds = ("leaked", "nearly leaked", "duplicate", "nearly duplicate", "doubtful")
    count = dict.fromkeys(kinds, 0)
    for finding in found:
        if finding.kind in count:
            count[finding.kind] += finding.count
    total = sum(len(split) for split in (opened.train, opened.valid, opened.test))
    said = " | ".join(str(n) for n in count.values())
    return f"| {name} | {total:,} | {said} | {ready - start:.1f} | {seconds:.2f} |"


def main() -> None:
    """Plant, look, and write the tables."""
    data.open("digits").audit()  # libraries are loaded outside the figures
    photos, digits = [row_of_photos(s) for s in SEEDS], [row_of_digits(s) for s in SEEDS]
    clean = [row_of_clean(name) for name in CLEAN]
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=HERE, capture_output=True, text=True
    ).stdout.strip()
    text = [
        "# What the audit finds",
        "",
        f"By `python benchmarks/audit.py`, brique {brique.__version__} after commit {commit}, torch"
        f" {torch.__version__}, Python {platform.python_version()}, {platform.machine()},"
        f" {torch.get_num_threads()} thread of {os.cpu_count()} cores, no GPU.",
        "",
        "Seconds are those of a processor (the machine was shared), libraries loaded before.",
        "",
        "Photographs (chihuahua-muffin) with copies from train planted in test: 30 exact, 30",
        "scaled to 40 to 90%, compressed again (JPEG quality 40 to 75, WebP) or both, 30 cut by up",
        "to 4% at each side; 10 unreadable files of 6 kinds (empty, text, cut short, wrong",
        "checksum, 30,000 x 30,000 pixels, HEIC).",
        "",
        "| seed | exact | scaled or compressed | cut | unreadable, with reason | not planted |"
        " seconds to open | to audit |",
        "|---|---|---|---|---|---|---|---|",
        *photos,
        "",
        "1,000 digits, 20 of them with another label: how many stand among the most doubtful.",
        "",
        "| seed | among the first 20 | among the first 40 | doubted in all |",
        "|---|---|---|---|",
        *digits,
        "",
        "Data as they are (findings that are not planted).",
        "",
        "| data | examples | leaked | nearly leaked | duplicate | nearly duplicate | doubtful |"
        " seconds to open | to audit |",
        "|---|---|---|---|---|---|---|---|---|",
        *clean,
        *REMARKS,
    ]
    (HERE / "audit.md").write_text("\n".join(text) + "\n")
    print("\n".join([*photos, *digits, *clean]))


if __name__ == "__main__":
    main()
