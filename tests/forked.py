"""A command line in a process of its own, forked from this one so that all is imported already."""

import os
import resource
import signal
import sys
import time
import traceback
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Ended:
    """How a command ended.

    code: its exit code, or minus the signal that ended it. out, err: what it wrote into files.
    seconds: of the processor. memory: its most resident bytes.
    """

    code: int
    out: str
    err: str
    seconds: float
    memory: int


def forked(
    words: list[str],
    folder: Path,
    *,
    out: str | None = None,
    err: str | None = None,
    limit: int | None = None,
    patience: float = 120.0,
) -> Ended:
    """Run `brique WORDS` in a folder.

    out, err: paths for stdout and stderr, such as /dev/full; by default files that are read.
    limit: bytes that a file may have. patience: seconds on the clock after which it is killed.
    """
    texts = [folder / f".{name}.{time.monotonic_ns()}" for name in ("out", "err")]
    paths = [os.fspath(path or text) for path, text in zip((out, err), texts, strict=True)]
    child = os.fork()
    if child == 0:
        os._exit(_child(words, folder, paths, limit))
    status, used = _waited(child, time.monotonic() + patience)
    said = [text.read_text() if text.exists() else "" for text in texts]
    for text in texts:
        text.unlink(missing_ok=True)
    code = os.waitstatus_to_exitcode(status)
    return Ended(code, said[0], said[1], used.ru_utime + used.ru_stime, used.ru_maxrss * 1024)


def _waited(child: int, end: float) -> tuple[int, resource.struct_rusage]:
    while True:
        found, status, used = os.wait4(child, os.WNOHANG)
        if found:
            return status, used
        if time.monotonic() > end:
            os.kill(child, signal.SIGKILL)
            _, status, used = os.wait4(child, 0)
            return status, used
        time.sleep(0.01)


def _child(words: list[str], folder: Path, paths: list[str], limit: int | None) -> int:
    """Do the work of the child; return its exit code."""
    from brique.cli import main

    for signal_number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signal_number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number, path in enumerate(paths, 1):
        handle = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
        os.dup2(handle, number)
        os.close(handle)
    sys.stdout, sys.stderr = os.fdopen(1, "w"), os.fdopen(2, "w", 1)
    os.chdir(folder)
    if limit is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    try:
        code = main(words)
    except BaseException:
        traceback.print_exc()
        code = 1
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except (OSError, ValueError):
        return 120  # as Python itself ends then
    return code
