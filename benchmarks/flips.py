"""Flipped bits and truncations in all files of a run: named, without effect, or silent.

    python benchmarks/flips.py --flips 300 --cuts 100

A finished run is asked for its report, its numbers and its model; a stopped one is resumed from
its newest checkpoint. A change is silent where what comes out differs and nothing was said.
"""

import argparse
import io
import random
import shutil
import tempfile
import time
from collections import Counter
from contextlib import redirect_stderr
from pathlib import Path

import torch

from brique import files, model
from brique.data.files.checksums import file_stamps
from brique.errors import BriqueError
from brique.page import write
from brique.recipes.convolutional import lenet5
from brique.run import Launch, launched, read_run
from brique.run.checkpoints import Checkpoints
from brique.run.data_files import compare_data_files, fingerprints


def made(folder: Path) -> dict[str, Path]:
    """Return a finished and a stopped run of few turns."""
    runs = {"finished": folder / "finished", "stopped": folder / "stopped"}
    with launched(Launch(out=runs["finished"], quiet=True)):
        lenet5.main(lenet5.Args(turns=20))
    out = runs["finished"]
    files.write_tensors(out / "arrays" / "predictions.safetensors", {"ids": torch.arange(300)})
    (folder / "data").mkdir()
    for name in ("a.txt", "b.txt"):
        (folder / "data" / name).write_text(name)
    listed = {"given": "data", "path": str(folder / "data"), "files": file_stamps(folder / "data")}
    files.write_sealed(out / "data.json", {"fingerprints": {"data": "0"}, "roots": [listed]})
    record = read_run(out).json
    record["files"] = files.manifest_entries(out, ["log.jsonl", "arrays/predictions.safetensors"])
    files.write_sealed(out / "run.json", record)
    shutil.copytree(out, runs["stopped"])
    shutil.rmtree(runs["stopped"] / "model")
    files.write_sealed(runs["stopped"] / "run.json", record | {"state": "stopped"})
    return runs


def outcome(run: Path, state: str) -> tuple[object, str]:
    """Return what a run says, and what was said of damage."""
    told = io.StringIO()
    try:
        with redirect_stderr(told):
            record = read_run(run)
            said: list[object] = [{k: v for k, v in record.json.items() if k != "checksum"}]
            said += [compare_data_files(run, "resume", changed=True), fingerprints(run)]
            if state == "finished":
                said.append(write(record, None, None).read_bytes())
                net = model.load(run).net
                said.append([value.sum().item() for value in net.state_dict().values()])
            else:
                saved = Checkpoints(run / "checkpoints").newest()
                value, tensors = files.pack(None if saved is None else saved.state)
                said += [value, [one.double().sum().item() for one in tensors.values()]]
                if (
                    record.file_problem("source.py")
                    and files.sha256(record.source) != record.source_sha256
                ):
                    told.write("source.py has changed")
    except BriqueError as error:
        return None, str(error)
    return said, told.getvalue()


def changed(content: bytes, draw: random.Random, *, is_cut: bool) -> bytes:
    """Return bytes with one bit flipped, or cut short."""
    if is_cut:
        return content[: draw.randrange(len(content))]
    flipped = bytearray(content)
    flipped[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
    return bytes(flipped)


def tried(folder: Path, flips: int, cuts: int, seed: int) -> tuple[Counter[str], list[str]]:
    """Return how often a change was named, without effect or silent, and the silent ones."""
    draw, found, silent = random.Random(seed), Counter[str](), list[str]()
    runs = made(folder)
    for state, run in runs.items():
        paths = [
            path for path in sorted(run.rglob("*"))
            if path.is_file() and path.stat().st_size and path.name not in ("report.html", ".lock")
        ]  # fmt: skip
        usual, _ = outcome(run, state)
        for number in range((flips + cuts) // 2):
            path, is_cut = draw.choice(paths), number < cuts // 2
            whole = path.read_bytes()
            path.write_bytes(changed(whole, draw, is_cut=is_cut))
            now, told = outcome(run, state)
            path.write_bytes(whole)
            kind = "named" if told else "without effect" if now == usual else "silent"
            found[f"{state}: {kind}"] += 1
            if kind == "silent":
                silent.append(f"{state}: {path.relative_to(run)}")
    return found, silent


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--flips", type=int, default=300)
    parser.add_argument("--cuts", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    begin = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        found, silent = tried(Path(folder), asked.flips, asked.cuts, asked.seed)
    for kind, count in sorted(found.items()):
        print(f"{kind:28}{count:6}")
    print("\n".join(silent) or "none is silent")
    print(f"{time.perf_counter() - begin:.0f} s")


if __name__ == "__main__":
    main()
