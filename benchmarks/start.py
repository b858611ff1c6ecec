"""How soon the command line answers: whole processes, best of five (python benchmarks/start.py)."""

import subprocess
import sys
import time
from pathlib import Path

BRIQUE = str(Path(sys.executable).with_name("brique"))
ALLOWED = {("--version",): 0.1, ("--help",): 0.4}
TIMES = 5


def seconds(words: tuple[str, ...]) -> float:
    """Return the seconds of one process."""
    start = time.perf_counter()
    subprocess.run([BRIQUE, *words], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def main() -> int:
    """Print each command with its best time and what is allowed; 1 if one is slower."""
    late = 0
    for words, allowed in ALLOWED.items():
        best = min(seconds(words) for _ in range(TIMES))
        late += best > allowed
        print(f"brique {' '.join(words):<10} {best:.3f} s, allowed {allowed} s")
    return int(late > 0)


if __name__ == "__main__":
    sys.exit(main())
