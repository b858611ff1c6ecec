"""What the audit finds of faults that were planted, and what it says of clean data.

    python benchmarks/audit.py

2,000 photographs (chihuahua-muffin, raccoon and photos, under BRIQUE_DATA, cut into pieces) get 50
exact copies and 50 scaled, compressed or slightly cut ones from train in test, and 500 malformed
files beside them (benchmarks/spoiled.py); 20 of 1,000 digits get another label. Three seeds each.
Writes benchmarks/audit.md.
"""

import io
import os
import platform
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image

import brique
from brique import data
from brique.data import Data, Finding, audit
from spoiled import spoil

HERE = Path(__file__).parent
SCRATCH = HERE.parent / ".bench" / "audit"
SEEDS = (0, 1, 2)
TUNED = tuple(range(3, 13))  # seeds on which the bounds of near copies were set
CLEAN = ("digits", "chihuahua-muffin", "orl-faces", "mnist", "cifar-10")
PICTURES, BAD, COPIES = 2000, 500, 50
TWINS = frozenset([1556, 1691, 1854, 1812, 1820, 1844, 1870])
"""Pieces that are there twice: six raccoons that the source has again, and one bare table top,
which is not planted beside its like. Found by the audit, looked at on a sheet, 2026-11-21."""
CHANGES = ("smaller", "compressed", "cut")
MISSED = [  # the missed ones of seeds 3 to 12, looked at on a sheet, 2026-11-21
    "What is missed has little in it: a thing at the edge of a white ground, cut; bare sky and a",
    "bare yellow wall, compressed, whose slopes are then those of the compression. One has a grid",
    "of wire that is finer than a thumbnail's pixels.",
]
# Looked at by the models that worked on this file: all pairs of cifar-10 and of orl-faces, each on
# one sheet, 2026-11-21; those of cifar-10 with an earlier version, which found the same 57. What is
# said of mnist and chihuahua-muffin was seen with an earlier version too, which found the same
# numbers there. Look again when the figures of the last table change.
REMARKS = [
    "",
    "Looked at by eye: **all 57 pairs of cifar-10 are copies** (compressed again, lighter, or of",
    "slightly other colors): 57 real and 0 false of 60,000 pictures. It surely holds more, as",
    "pictures below 64 pixels are compared without a shift. The 8 of mnist are digits of like",
    "shape (0, 1, 7, 9), no copies. Those of orl-faces are shots of one sitting in which the head",
    "is a little larger or lower: no copies, though as good as such to a net. In chihuahua-muffin,",
    "test/muffin/muffin_160 and muffin_401 show one table twice, photographed from two places;",
    "they are not counted as copies, and no other two pictures come near.",
]


def shelf(name: str) -> Path:
    """Return the folder of a data set under BRIQUE_DATA."""
    for place in os.environ.get("BRIQUE_DATA", "").split(os.pathsep):
        if place and (Path(place) / name).is_dir():
            return Path(place) / name
    sys.exit(f"{name} is not under BRIQUE_DATA")


def pieces() -> Iterator[tuple[str, Image.Image]]:
    """Yield class and picture: photographs, large ones cut into pieces that do not overlap."""
    for file in sorted(shelf("chihuahua-muffin").glob("t*/*/*.jpg")):
        yield from ((file.parent.name, piece) for piece in tiles(file, 2))
    for file in sorted((shelf("raccoon") / "images").glob("*.jpg")):
        yield from (("raccoon", piece) for piece in tiles(file, 1))
    for file in sorted(shelf("photos").glob("*.jpg")):
        yield from (("place", piece) for piece in tiles(file, 6))


def tiles(file: Path, count: int) -> list[Image.Image]:
    """Return a photograph in 1, 2 or 6 (3 x 2) pieces, along its longer side."""
    with Image.open(file) as image:
        whole = image.convert("RGB")
    long, short = {1: (1, 1), 2: (2, 1), 6: (3, 2)}[count]
    across, down = (long, short) if whole.width >= whole.height else (short, long)
    width, height = whole.width // across, whole.height // down
    return [
        whole.crop((x * width, y * height, (x + 1) * width, (y + 1) * height))
        for y in range(down)
        for x in range(across)
    ]


def changed(image: Image.Image, kind: str, draw: random.Random) -> bytes:
    """Return a file that shows the same.

    kind: smaller, 40 to 90%; compressed, of another quality or format; cut, up to 4% at each side.
    """
    file = io.BytesIO()
    if kind == "compressed":
        image.save(file, draw.choice(["JPEG", "WEBP"]), quality=draw.randint(30, 75))
        return file.getvalue()
    if kind == "smaller":
        share = draw.uniform(0.4, 0.9)
        size = tuple(max(16, round(side * share)) for side in image.size)
        image = image.resize(size, draw.choice(list(Image.Resampling)))
    else:
        width, height = image.size
        left, top, right, bottom = (draw.uniform(0, 0.04) for _ in range(4))
        box = (left * width, top * height, width - right * width, height - bottom * height)
        image = image.crop(tuple(round(side) for side in box))
    image.save(file, "JPEG", quality=88)
    return file.getvalue()


@dataclass
class Planted:
    """A folder with faults: pairs by kind, and malformed files by name with their kinds."""

    folder: Path
    pairs: dict[str, set[tuple[str, str]]]
    bad: dict[str, str]


def planted(seed: int) -> Planted:
    """Write 2,000 photographs by part and class, and plant faults among them."""
    folder = SCRATCH / f"planted-{seed}"
    shutil.rmtree(folder, ignore_errors=True)
    draw = random.Random(seed)
    kept: list[tuple[Path, Image.Image]] = []
    for number, (label, image) in enumerate(pieces()):
        if number in TWINS or len(kept) == PICTURES:
            continue
        part = "test" if draw.random() < 0.2 else "train"
        file = folder / part / label / f"{number}.jpg"
        file.parent.mkdir(parents=True, exist_ok=True)
        image.save(file, "JPEG", quality=90)
        kept.append((file, image))
    train = [pair for pair in kept if pair[0].parts[-3] == "train"]
    pairs: dict[str, set[tuple[str, str]]] = {kind: set() for kind in ("exact", *CHANGES)}
    for number, (file, image) in enumerate(draw.sample(train, 2 * COPIES)):
        kind = "exact" if number < COPIES else CHANGES[number % len(CHANGES)]
        goal = folder / "test" / file.parent.name / f"planted-{number}.jpg"
        content = file.read_bytes() if kind == "exact" else changed(image, kind, draw)
        goal.write_bytes(content)
        pairs[kind].add((file.relative_to(folder).as_posix(), goal.relative_to(folder).as_posix()))
    bad = spoil(folder, [image for _, image in draw.sample(kept, BAD)])
    return Planted(folder, pairs, bad)


def items(found: list[Finding], *kinds: str) -> set[tuple[str, ...]]:
    """Return all items of the findings of some kinds."""
    return {item for finding in found if finding.kind in kinds for item in finding.items}


def row_of_photos(seed: int, table: dict[str, list[str]]) -> str:
    """Return a line of the table of copies; adds to the table of malformed files, by kind."""
    there = planted(seed)
    start = time.process_time()
    opened = data.open(there.folder)
    ready = time.process_time()
    found = audit.findings(opened)
    ended = time.process_time()
    named = dict(items(found, "unreadable"))
    for name, kind in there.bad.items():
        table.setdefault(kind, []).append(named.get(name, ""))
    exact, near = items(found, "leaked"), items(found, "nearly leaked")
    wrong = (exact | near | items(found, "nearly duplicate")) - set().union(*there.pairs.values())
    lost = set(named) - set(there.bad)
    listed = sum(bool(named.get(name)) for name in there.bad)
    shutil.rmtree(there.folder)
    said = [f"{len(there.pairs['exact'] & exact)} of {len(there.pairs['exact'])}"]
    said += [f"{len(there.pairs[k] & near)} of {len(there.pairs[k])}" for k in CHANGES]
    return (
        f"| {seed} | {' | '.join(said)} | {len(wrong)} | {listed} of {len(there.bad)} |"
        f" {len(lost)} | {ready - start:.1f} | {ended - ready:.2f} |"
    )


def line_of_tuned() -> list[str]:
    """Return the sentence on the near copies of the seeds on which the bounds were set."""
    found: list[int] = []
    wrong = 0
    for seed in TUNED:
        there = planted(seed)
        said = audit.findings(data.open(there.folder))
        shutil.rmtree(there.folder)
        pairs = items(said, "leaked", "nearly leaked", "nearly duplicate")
        found.append(sum(len(there.pairs[kind] & pairs) for kind in CHANGES))
        wrong += len(pairs - set().union(*there.pairs.values()))
    return [
        f"The bounds were set on seeds {TUNED[0]} to {TUNED[-1]}: there {sum(found)} of"
        f" {COPIES * len(TUNED)} near copies are found",
        f"({sum(found) / COPIES / len(TUNED):.1%}; at least {min(found)} of {COPIES} in each), and"
        f" {wrong} pairs that were not planted.",
    ]


def lines_of_kinds(table: dict[str, list[str]]) -> list[str]:
    """Return the lines of the table of malformed files: kind, planted, listed, a reason."""
    return [
        f"| {kind} | {len(said)} | {sum(map(bool, said))} | {max(said)[:90]} |"
        for kind, said in table.items()
    ]


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
    found = audit.findings(opened)
    doubted = [
        item for finding in found if finding.kind == "suspect label" for item in finding.items
    ]
    planted = {f"example {row}" for row in swapped}
    first = [len(planted & {item[0] for item in doubted[:n]}) for n in (20, 40)]
    return f"| {seed} | {first[0]} of 20 | {first[1]} of 20 | {len(doubted)} |"


def row_of_clean(name: str) -> str:
    """Return a line of the table of data as they are."""
    start = time.process_time()
    opened: Data = data.open(name)
    ready = time.process_time()
    found = audit.findings(opened)
    seconds = time.process_time() - ready
    kinds = ("leaked", "nearly leaked", "duplicate", "nearly duplicate", "suspect label")
    count = dict.fromkeys(kinds, 0)
    for finding in found:
        if finding.kind in count:
            count[finding.kind] += finding.count
    total = sum(len(split) for split in (opened.train, opened.valid, opened.test))
    said = " | ".join(str(n) for n in count.values())
    return f"| {name} | {total:,} | {said} | {ready - start:.1f} | {seconds:.2f} |"


def main() -> None:
    """Plant, look, and write the tables."""
    audit.findings(data.open("digits"))  # libraries are loaded outside the figures
    table: dict[str, list[str]] = {}
    photos, digits = [row_of_photos(s, table) for s in SEEDS], [row_of_digits(s) for s in SEEDS]
    tuned = line_of_tuned()
    clean = [row_of_clean(name) for name in CLEAN]
    kinds = lines_of_kinds(table)
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
        f"{PICTURES:,} photographs (chihuahua-muffin, raccoon, photos; large ones cut into pieces)",
        f"by part and class. From train, {COPIES} exact copies were planted in test, and {COPIES}",
        "that are smaller (40 to 90%), compressed again (JPEG or WebP, quality 30 to 75) or cut",
        f"(up to 4% at each side); and {BAD} malformed files of {len(kinds)} kinds.",
        "",
        "| seed | exact | smaller | compressed | cut | pairs not planted | malformed, with reason |"
        " good pictures left out | seconds to open | to audit |",
        "|---|---|---|---|---|---|---|---|---|---|",
        *photos,
        "",
        *tuned,
        *MISSED,
        "",
        f"The malformed files of the {len(SEEDS)} seeds by kind.",
        "",
        "| kind | planted | listed | such as |",
        "|---|---|---|---|",
        *kinds,
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
    print("\n".join([*photos, *tuned, *kinds, *digits, *clean]))


if __name__ == "__main__":
    main()
