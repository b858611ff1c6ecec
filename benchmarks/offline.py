"""The test suite where there is no network but the loopback: python benchmarks/offline.py [ARGS].

What stands after it goes to pytest; by default `-n 2 --dist loadgroup`, the whole suite. Where the
system allows no namespaces it says so and ends with exit code 77.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from offline import ALONE, inside, why_not  # noqa: E402 - from the tests


def main(words: list[str]) -> int:
    """Run pytest in a namespace of its own; return its exit code."""
    if (said := why_not()) is not None:
        print(f"not run: {said}", file=sys.stderr)
        return ALONE
    words = words or ["-n", "2", "--dist", "loadgroup"]
    command = inside([sys.executable, "-m", "pytest", *words])
    return subprocess.run(command, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
