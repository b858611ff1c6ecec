"""Full disks and limits of files: is anything lost, and what is said? Needs a mount for tmpfs.

    python benchmarks/full.py

Each size gets a small training; what is said is printed, and once there is space the run is
resumed and compared with one that was never stopped. Where mounts are not allowed, RLIMIT_FSIZE
stands for a full disk.
"""

import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

SIZES = [8, 16, 32, 64, 128, 256, 512, 1024, 1536, 2048, 4096, 6144]  # kB
TRAIN = ["run", "lenet5", "--turns", "20", "--out"]


def brique(*words: str, limit: int | None = None) -> tuple[int, str]:
    def limited() -> None:
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    command = [sys.executable, "-m", "brique", *words]
    done = subprocess.run(command, capture_output=True, text=True, preexec_fn=limited)
    last = done.stderr.strip().splitlines()[-1:] if done.returncode else [""]
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, "".join(last)


def numbers(run: Path) -> tuple[str, object]:
    return (run / "log.jsonl").read_text(), json.loads((run / "run.json").read_text())["numbers"]


def mounted(place: Path, size: int) -> bool:
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}k", "tmpfs", str(place)]
    return subprocess.run(command, capture_output=True).returncode == 0


def tried(base: Path, size: int) -> None:
    place = base / str(size)
    is_disk = mounted(place, size)
    run = place / "r"
    try:
        code, said = brique(*TRAIN, str(run), limit=None if is_disk else size * 1024)
        left = sorted(one.name for one in run.iterdir()) if run.is_dir() else []
        print(f"{size:>5} kB {'tmpfs' if is_disk else 'limit'}  rc {code}  {said}  left: {left}")
        assert code in (0, 2)
        if not left:
            return
        assert "run.json" in left
        if code and is_disk:
            subprocess.run(["mount", "-o", "remount,size=64m", str(place)], check=True)
        if code:
            assert brique("resume", str(run))[0] == 0
        assert numbers(run) == numbers(base / "whole")
    finally:
        if is_disk:
            subprocess.run(["umount", str(place)], check=True)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        assert brique(*TRAIN, str(base / "whole"))[0] == 0
        for size in SIZES:
            tried(base, size)


if __name__ == "__main__":
    main()
