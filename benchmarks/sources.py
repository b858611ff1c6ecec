"""Opens and audits every data set that is there, and writes what came out.

    python benchmarks/sources.py             all of them
    python benchmarks/sources.py adult sst   some of them, printed only

Sizes are held against those that the sets' own descriptions give. Writes benchmarks/sources.md.
"""

import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import torch

from brique import data
from brique.data import audit
from brique.errors import DataError

HERE = Path(__file__).parent
ADULT = {"<=50K.": "<=50K", ">50K.": ">50K"}

# title, source, options, examples in all that its description gives, and in its own test part
SETS: list[tuple[str, str, dict[str, Any], int | None, int | None]] = [
    ("MNIST", "mnist", {}, 70_000, 10_000),
    ("CIFAR-10", "cifar-10", {}, 60_000, 10_000),
    ("chihuahua or muffin", "chihuahua-muffin", {}, 836, 176),
    ("CamVid", "camvid", {"size": (180, 240)}, 701, 233),
    ("ORL faces", "orl-faces", {}, 400, None),
    ("raccoon", "raccoon", {}, 200, 40),
    (
        "adult",
        "tabular/adult-train.csv.gz",
        {"test": "adult-test.csv.gz", "rename": ADULT},
        48_842,
        16_281,
    ),
    (
        "California housing",
        "tabular/california-housing.csv.gz",
        {"target": "median_house_value"},
        20_640,
        None,
    ),
    ("iris", "tabular/iris.csv", {}, 150, None),
    ("wine", "tabular/wine.csv", {"target": "1"}, 178, None),
    ("breast cancer", "tabular/breast-cancer-wisconsin.data", {}, 699, None),
    ("banknote", "tabular/banknote_authentication.csv", {}, 1_372, None),
    ("Beijing PM2.5", "timeseries/beijing-pm25.csv.gz", {"target": "pm2.5"}, 43_824, None),
    (
        "ETTh1",
        "timeseries/ETTh1.csv.gz",
        {"kind": "series", "target": "OT", "ahead": 24},
        None,  # 17,420 hours make fewer windows
        None,
    ),
    ("indoor movement", "timeseries/IndoorMovement.zip", {}, 314, None),
    ("sentiment tree bank", "sst", {}, 11_855, 2_210),
    ("TREC questions", "trec", {}, 5_952, 500),
    ("movie polarity", "movie-review-polarity", {}, 10_662, None),
    ("Multi30k", "multi30k", {"target": "fr"}, 31_014, 1_000),
    ("UD English EWT", "ud-english-ewt", {}, 16_622, 2_077),
    ("names", "names", {}, 20_050, None),
    (
        "spoken digits",
        "fsdd",
        {"names": "{label}_{speaker}_{take}", "test": "take=0,1,2,3,4"},
        3_000,
        300,
    ),
    ("tiny Shakespeare", "tinyshakespeare/input.txt", {"kind": "writing"}, 4_358, None),
    ("Flickr8k captions", "flickr8k-text", {}, 40_000, 5_000),
    ("bAbI", "babi/en.tar.gz", {}, 40_000, 20_000),
]


def row(
    title: str, source: str, options: dict[str, Any], total: int | None, test: int | None
) -> str:
    """Return the row of a data set: sizes, fields, findings, seconds."""
    begun = time.perf_counter()
    opened = data.open(source, **options)
    ready = time.perf_counter()
    findings = audit.findings(opened)
    ended = time.perf_counter()
    sizes = [len(opened.train), len(opened.valid), len(opened.test)]
    left_out = len(opened.skipped)
    good = total in (None, sum(sizes) + left_out) and test in (None, sizes[2])
    verdict = "" if total is None else "as described" if good else f"**not {total:,}**"
    counts = Counter((one.severity, one.kind) for one in findings)
    ranks = ("error", "warning", "note")
    said = [
        f"{severity}: " + ", ".join(k for s, k in counts if s == severity)
        for severity in ranks
        if any(s == severity for s, _ in counts)
    ]
    fields = ", ".join(
        f"**{name}**" if name in opened.schema.targets else name for name in opened.schema.fields
    )
    flags = " ".join(f"{k}={v!r}" for k, v in options.items() if k not in ("test", "rename"))
    return (
        f"| {title} | {flags} | {sizes[0]:,} / {sizes[1]:,} / {sizes[2]:,} |"
        f" {left_out or ''} | {verdict} |"
        f" {fields if len(fields) < 120 else fields[:117] + '...'} |"
        f" {'; '.join(said) or 'nothing'} |"
        f" {ready - begun:.1f} + {ended - ready:.1f} |"
    )


def main() -> None:
    """Open and audit all sets, or those whose titles hold one of the words, and write the table."""
    words = [word.casefold() for word in sys.argv[1:]]
    rows: list[str] = []
    for title, source, options, total, test in SETS:
        if words and not any(word in f"{title} {source}".casefold() for word in words):
            continue
        try:
            rows.append(row(title, source, options, total, test))
        except DataError as error:
            rows.append(f"| {title} | | | | **{error}** | | | |")
        print(rows[-1], flush=True)
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=HERE, capture_output=True, text=True
    ).stdout.strip()
    text = [
        "# Data sets opened and audited",
        "",
        "What `brique check` finds on data sets of every kind, by `python benchmarks/sources.py`,",
        "and whether as many examples come out as their own descriptions give (those left out are",
        f"counted). Seconds: opening + audit, 2 cores. Commit {commit}, torch {torch.__version__}.",
        "",
        "| data | options | train / valid / test | left out | sizes | fields, **target** |"
        " findings | seconds |",
        "|---|---|---|---|---|---|---|---|",
        *rows,
    ]
    if not words:
        (HERE / "sources.md").write_text("\n".join(text) + "\n")


if __name__ == "__main__":
    main()
