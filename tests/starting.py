"""Command lines that are started at the same moment, and what the folders then hold.

Used by tests/test_starts.py and benchmarks/starts.py.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_CHILD = """
import importlib, sys, time
from pathlib import Path
from brique import cli
for name in sys.argv[3].split():
    importlib.import_module(name)
Path(sys.argv[1]).touch()
while not Path(sys.argv[2]).exists():
    time.sleep(0.001)
sys.exit(cli.main(sys.argv[4:]))
"""


@dataclass(frozen=True)
class Ended:
    """How a command line ended: its exit code, and what it printed."""

    words: tuple[str, ...]
    code: int
    out: str
    err: str

    @property
    def folder(self) -> Path:
        """The last line of what was printed: the folder of the run."""
        return Path(self.out.splitlines()[-1])

    @property
    def is_refused(self) -> bool:
        """Tell whether one sentence said that the folder is another's."""
        last = self.err.splitlines()[-1] if self.err else ""
        says = ("another process works on this run", "exists already", "holds another search")
        return self.code == 2 and any(one in last for one in says)


def together(
    commands: Sequence[Sequence[str]], place: Path, *, seconds: float, imports: str = "brique.run"
) -> list[Ended]:
    """Start command lines of brique at one moment in the folder `place`, each with one thread.

    seconds: that all of them may take. imports: modules that are imported before.
    """
    marks = [place / f".ready-{number}" for number in range(len(commands))]
    begin = place / ".begin"
    children = [
        subprocess.Popen(
            [sys.executable, "-c", _CHILD, str(mark.absolute()), str(begin.absolute()),
             imports, *words],
            cwd=place, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            preexec_fn=_heard, env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
        for mark, words in zip(marks, commands, strict=True)
    ]  # fmt: skip
    end = time.monotonic() + seconds
    try:
        pairs = list(zip(marks, children, strict=True))
        while any(not mark.exists() and child.poll() is None for mark, child in pairs):
            assert time.monotonic() < end, "some did not get ready"
            time.sleep(0.01)
        begin.touch()
        said = [child.communicate(timeout=end - time.monotonic()) for child in children]
    finally:
        for child in children:
            child.kill()
        for mark in (*marks, begin):
            mark.unlink(missing_ok=True)
    return [
        Ended(tuple(words), child.returncode, out, err)
        for words, child, (out, err) in zip(commands, children, said, strict=True)
    ]


def _heard() -> None:
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def settled(folder: Path) -> dict[str, bytes]:
    """Return what the start of a run decides: the log, source, and weights, by their names."""
    names = ("source.py", "log.jsonl", "model/net.safetensors")
    found = {name: (folder / name).read_bytes() for name in names if (folder / name).exists()}
    settings = json.loads((folder / "run.json").read_text())["settings"]
    return found | {"settings": json.dumps(settings, sort_keys=True).encode()}
