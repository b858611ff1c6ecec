"""Whether a table with a text and a picture says more than either alone, over three seeds.

    python benchmarks/mixed.py                    both, and either alone
    python benchmarks/mixed.py picture            some of them

The pictures are the generated scenes of `world:scenes`; a caption beside each says what else is in
it and whose it is, but names no color. To be told are the color of the largest thing and its owner:
6 colors, seen in the picture alone, times 4 owners, named in the caption alone. Each net is a
`brique train` with one thread, kept in .bench/mixed. Writes its rows of benchmarks/mixed.md; those
of others stay.
"""

import csv
import os
import random
import statistics
import subprocess
import sys
from pathlib import Path

from PIL import Image

from brique import files
from brique.data import worlds
from brique.run import read_run

HERE = Path(__file__).parent
PLACE = HERE.parent / ".bench" / "mixed"
SEEDS = (0, 1, 2)
OWNERS = ("ann", "ben", "cleo", "dan")
SEEN = {"both": [], "picture": ["--types", "caption=leave"], "caption": ["--types", "file=leave"]}
HEAD = """# A picture and a text in one table, and either alone

Generated scenes with a caption each, 4,000 to learn from and 800 to judge by; the class is the
color of the largest thing (seen in the picture alone, 6 of them) and whose it is (named in the
caption alone, 4 of them). Share of test examples named rightly, by `python benchmarks/mixed.py`,
one thread, ten minutes at most. Who sees the picture alone can be right in a quarter of the cases
at best, who sees the caption alone in a sixth.

| what the net sees | seeds 0, 1, 2 | mean | always the commonest | seconds of training | commit |
|---|---|---|---|---|---|
"""


def table() -> Path:
    """Write pictures and table, once; return the table."""
    path = PLACE / "scenes" / "scenes.csv"
    if path.is_file():
        return path
    made = worlds.scenes(4000, target=None)
    kinds, draw = made.schema, random.Random(0)
    rows: list[list[str]] = []
    for part, split in (("train", made.train), ("valid", made.valid), ("test", made.test)):
        for place in range(len(split)):
            pixels = split["image"][place].permute(1, 2, 0).numpy()
            name, owner = f"{part}-{place}.png", draw.choice(OWNERS)
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(path.parent / name)
            color = kinds["color"].restore(split["color"][place])
            words = kinds["caption"].restore(split["caption"][place])
            hidden = words
            for known in kinds["color"].names:
                hidden = hidden.replace(f"{known} ", "")
            rows.append([name, f"{hidden} of {owner}", f"{color} {owner}", part])
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([["file", "caption", "what", "split"], *rows])
    return path


def main() -> None:
    path = HERE / "mixed.md"
    old = path.read_text().splitlines() if path.is_file() else []
    lines = {name: line for name in SEEN for line in old if line.startswith(f"| {name} |")}
    words = ["git", "rev-parse", "--short", "HEAD"]
    commit = subprocess.run(words, cwd=HERE, capture_output=True, text=True).stdout.strip()
    for name in sys.argv[1:] or SEEN:
        flags, records = SEEN[name], []
        for seed in SEEDS:
            out = PLACE / f"{name}-{seed}"
            command = ["train", str(table()), "--target", "what", "--seed", str(seed)]
            command += [*flags, *([] if name == "picture" else ["--types", "caption=text"])]
            command = ["resume", str(out)] if out.exists() else [*command, "--out", str(out)]
            print("brique", *command, flush=True)
            environment = os.environ | {"OMP_NUM_THREADS": "1"}
            subprocess.run([sys.executable, "-m", "brique", *command], check=True, env=environment)
            records.append(read_run(out))
        values = [float(one.result["test"]["accuracy"]) for one in records]
        usual = float(records[0].result["baseline"]["majority"]["accuracy"])
        spent = ", ".join(f"{one.json['seconds']['training']:.0f}" for one in records)
        listed = ", ".join(f"{value:.1%}" for value in values)
        mean = f"**{statistics.fmean(values):.1%}** ± {100 * statistics.stdev(values):.1f} points"
        lines[name] = f"| {name} | {listed} | {mean} | {usual:.1%} | {spent} | {commit} |"
        files.write(path, HEAD + "\n".join(lines[one] for one in SEEN if one in lines) + "\n")


if __name__ == "__main__":
    main()
