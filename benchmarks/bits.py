"""Compares what two commits train, bit for bit: a refactoring must not change one weight.

    python benchmarks/bits.py COMMIT [COMMIT]     the second is the working tree, if it is not named

Trains, at each of the two, the recipes `lenet5` and `gan` on digits, and `brique train` on digits,
a table, a text, a series and masks, all by number of turns or epochs, with one thread. The weights
are compared by the SHA-256 of their bytes, whatever the names of nets and parameters.
Prints a line for each work, and exits with 1 if one differs.
"""

import hashlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image
from safetensors.numpy import load_file

HOUSE = Path(__file__).parents[1]
WORKS = {
    "lenet5": "run lenet5 --turns 150",
    "gan": "run gan --turns 60",
    "digits": "train digits --epochs 2",
    "table": "train table.csv --target y --epochs 3",
    "numbers": "train table.csv --target a --epochs 3",
    "text": "train text.csv --target y --epochs 2",
    "series": "train series.csv --kind series --target load --horizon 6 --epochs 1",
    "masks": "train scenes --kind masks --epochs 2",
}


def write_data(folder: Path) -> None:
    """Write a table, texts, a series and masks: the same each time."""
    draw = np.random.default_rng(0)
    a, b = draw.normal(size=(2, 400))
    kinds = draw.choice(["red", "green", "blue"], 400)
    rows = [
        f"{x:.4f},{y:.4f},{kind},{'np'[int(x * y > 0)]}"
        for x, y, kind in zip(a, b, kinds, strict=True)
    ]
    (folder / "table.csv").write_text("\n".join(["a,b,kind,y", *rows]))
    words = ["good", "bad", "film", "plot", "the", "a", "very", "quite", "dull", "fine"]
    lines: list[str] = []
    for _ in range(300):
        said = draw.choice(words, draw.integers(5, 15))
        lines.append(f'"{" ".join(said)}",{"yn"[int("bad" in said or "dull" in said)]}')
    (folder / "text.csv").write_text("\n".join(["about,y", *lines]))
    hours = np.arange(900)
    load = np.sin(hours / 24 * 2 * np.pi) + 0.1 * draw.normal(size=len(hours))
    steps = [
        f"2024-{1 + hour // 672:02d}-{1 + hour // 24 % 28:02d} {hour % 24:02d}:00,{value:.4f}"
        for hour, value in zip(hours.tolist(), load, strict=True)
    ]
    (folder / "series.csv").write_text("\n".join(["time,load", *steps]))
    for kind in ("images", "masks"):
        (folder / "scenes" / kind).mkdir(parents=True)
    for number in range(40):
        left, top, side = draw.integers(4, 24, 3).tolist()
        mask = np.zeros((48, 48), np.uint8)
        mask[top : top + side, left : left + side] = 1 + number % 2
        picture = draw.integers(0, 60, (48, 48, 3)).astype(np.uint8)
        picture[mask > 0, number % 2] += 150
        Image.fromarray(picture).save(folder / "scenes" / "images" / f"{number:02d}.png")
        Image.fromarray(mask).save(folder / "scenes" / "masks" / f"{number:02d}.png")


def weights(run: Path) -> list[str]:
    """Return the SHA-256 of each tensor of a run's model, sorted."""
    return sorted(
        hashlib.sha256(tensor.tobytes()).hexdigest()
        for file in (run / "model").glob("*.safetensors")
        for tensor in load_file(file).values()
    )


def trained(source: Path, folder: Path, data: Path) -> dict[str, list[str]]:
    """Return the weights that each work ends in, by the code in `source`."""
    paths = {"PYTHONPATH": str(source / "src"), "OMP_NUM_THREADS": "1", "BRIQUE_CACHE": str(folder)}
    found: dict[str, list[str]] = {}
    for name, words in WORKS.items():
        out = folder / name
        if not (source / "src/brique/options.py").is_file():  # before the flag had this name
            words = words.replace("--horizon", "--ahead")
        command = [sys.executable, "-m", "brique", *words.split(), "--seed", "1", "--out", str(out)]
        done = subprocess.run(
            command, cwd=data, env=os.environ | paths, capture_output=True, text=True, check=False
        )
        if done.returncode:
            print(f"{name}: {done.stderr.strip().splitlines()[-1]}", file=sys.stderr)
        found[name] = weights(out) if done.returncode == 0 else []
    return found


def main() -> int:
    """Compare two commits."""
    if not 2 <= len(sys.argv) <= 3:
        print(__doc__)
        return 2
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "data").mkdir()
        write_data(folder / "data")
        found: list[dict[str, list[str]]] = []
        for number, commit in enumerate([*sys.argv[1:], None][:2]):
            source = HOUSE
            if commit is not None:
                source = folder / f"tree-{number}"
                git = ["git", "-C", str(HOUSE), "worktree"]
                subprocess.run([*git, "add", "-q", "--detach", str(source), commit], check=True)
            runs = folder / f"runs-{number}"
            runs.mkdir()
            found.append(trained(source, runs, folder / "data"))
            if commit is not None:
                subprocess.run([*git, "remove", "--force", str(source)], check=True)
    equal = {name: bool(one) and one == found[1][name] for name, one in found[0].items()}
    for name, is_equal in equal.items():
        print(f"{name:8} {len(found[0][name]):3} tensors  {'equal' if is_equal else 'DIFFERENT'}")
    return 0 if all(equal.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
