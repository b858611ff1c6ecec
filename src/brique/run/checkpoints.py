"""Checkpoints: written atomically, at least two kept, the newest good one read.

`turn-000400` holds the state after a turn; `stage-00` the end of a stage. The latter stays, because
the code after the stage runs again on resume and needs its results.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from brique import files, limits, reader
from brique.console import notify
from brique.errors import BriqueError, RunError, StoreError

KEEP = 2
_STATE, _TENSORS, _LOG = "state.json", "state.safetensors", "log.jsonl"
_KINDS: dict[str, type | tuple[type, ...]] = {
    "index": int, "stages": list, "is_end": bool, "log": (dict, int), "stage": dict, "nets": dict,
    "memory": dict, "training_seconds": (int, float),
}  # fmt: skip
MALFORMED = (ValueError, KeyError, TypeError, AttributeError, IndexError, RuntimeError)
"""Exceptions that reading a malformed value raises."""


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint read: nested values with their tensors in place."""

    folder: Path
    state: dict[str, Any]  # Any: what `files.pack` takes

    @property
    def log_size(self) -> int:
        """Bytes of the log when the checkpoint was written."""
        return _log_size_and_digest(self.state)[0]


class Checkpoints:
    """The folder `checkpoints` of a run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, name: str, state: dict[str, Any]) -> None:
        """Write a checkpoint and remove old ones of turns. Raises StoreError."""
        value, tensors = files.pack(state)
        with files.new_folder(self.folder / name) as temporary:
            files.write_tensors(temporary / _TENSORS, tensors)
            files.write_json(
                temporary / _STATE, {"format": 1, "index": state["index"], "state": value}
            )
        turn_folders = sorted(self.folder.glob("turn-*"), key=_read_index)
        for folder in turn_folders[:-KEEP]:
            files.remove(folder)

    def newest(self) -> Checkpoint | None:
        """Return the newest good checkpoint, or None; report the newer ones that are rejected.

        A checkpoint is good if its folder is whole, the log starts with the log of that time, and
        the ends of all earlier stages are good.
        """
        rejected: list[str] = []
        best: Checkpoint | None = None
        for folder in sorted(self.folder.glob("[!.]*-[0-9]*"), key=_read_index, reverse=True):
            checkpoint = self._validate(folder)  # all: the index of a damaged one may be wrong
            if isinstance(checkpoint, str):
                rejected.append(f"{folder}: {checkpoint}")
            elif best is None or checkpoint.state["index"] > best.state["index"]:
                best = checkpoint
        if best is not None:
            _report_rejected(rejected, f"{best.folder.name} is used instead")
            return best
        _report_rejected(rejected, "no checkpoint is whole, so the run restarts")
        return None

    def stage(self, number: int) -> Checkpoint:
        """Return the end of a stage. Raises RunError if it is damaged."""
        folder = self.folder / stage_name(number)
        checkpoint = _read_checkpoint(folder)
        if isinstance(checkpoint, str):
            raise RunError(
                f"{folder}: the end of stage {number} is damaged ({checkpoint}); start a new run."
            )
        return checkpoint

    def _validate(self, folder: Path) -> Checkpoint | str:
        """Return a checkpoint, or the reason why it cannot be used."""
        checkpoint = _read_checkpoint(folder)
        if isinstance(checkpoint, str):
            return checkpoint
        size, digest = _log_size_and_digest(checkpoint.state)
        path = self.folder.parent / _LOG
        if (problem := reader.unreadable_reason(path, self.folder.parent)) is not None:
            return f"{_LOG} {problem}"
        if path.stat().st_size < size:
            return f"{_LOG} has {path.stat().st_size} bytes, less than the {size} it had then"
        if digest is not None and reader.prefix_sha256(path, size) != digest:
            return f"{_LOG} has changed"
        for number in range(len(checkpoint.state["stages"])):
            earlier = self.folder / stage_name(number)
            if earlier != folder and isinstance(problem := _read_checkpoint(earlier), str):
                return f"{earlier.name}, which it needs, is damaged ({problem})"
        return checkpoint


def turn_name(turns: int) -> str:
    """Return the name of a checkpoint after so many turns of the run."""
    return f"turn-{turns:06d}"


def stage_name(number: int) -> str:
    """Return the name of the checkpoint that ends a stage."""
    return f"stage-{number:02d}"


def snapshot(state: dict[str, Any]) -> dict[str, Any]:
    """Return a copy that later turns do not change."""
    value, tensors = files.pack(state)
    return files.unpack(value, {name: t.detach().clone() for name, t in tensors.items()})


def restore_tensors(targets: list[Tensor], values: list[Tensor], description: str) -> None:
    """Copy values into targets of the same shapes. Raises RunError for other shapes.

    description: of the targets, for the error.
    """
    shapes, value_shapes = [tuple(t.shape) for t in targets], [tuple(v.shape) for v in values]
    if shapes != value_shapes:
        raise RunError(
            f"{description} has {len(shapes)} tensors, the checkpoint {len(value_shapes)}, or their"
            " shapes differ; resume with the code and settings of the run."
        )
    with torch.no_grad():
        for target, value in zip(targets, values, strict=True):
            target.copy_(value)


@contextmanager
def mismatch_as_run_error(run: Path) -> Iterator[None]:
    """Raise RunError when a checkpoint that the block restores does not fit the run."""
    try:
        yield
    except BriqueError:
        raise
    except MALFORMED as error:
        raise RunError(
            f"{run}: the checkpoint does not fit the run ({type(error).__name__}: {error}); resume"
            " with the code and settings of the run, or start a new one."
        ) from error


def _report_rejected(rejected: list[str], fallback: str) -> None:
    """Say on stderr which checkpoints are rejected, and the fallback."""
    if rejected:
        notify(f"{'; '.join(rejected)}; {fallback}.")


def _read_index(folder: Path) -> int:
    """Return the index of a checkpoint; -1 if it is unreadable."""
    try:
        index = _read_state_file(folder)["index"]
    except (StoreError, KeyError):
        return -1
    return index if type(index) is int else -1


def _read_state_file(folder: Path) -> Any:  # noqa: ANN401 - JSON
    return reader.read_json(folder / _STATE, folder, limit=reader.MANIFEST_LIMITS[".json"])


def _read_checkpoint(folder: Path) -> Checkpoint | str:
    """Return a checkpoint, or what is wrong with it."""
    if not reader.is_inside(folder, folder.parent.parent):
        return "is a link that leads out of the run"
    problem = files.damage(folder, (_STATE, _TENSORS), limit=4 * limits.memory_limit())
    if problem is not None:
        return problem
    try:
        value = _read_state_file(folder)["state"]
        state = files.unpack(value, reader.read_tensors(folder / _TENSORS, folder))
        for key, kind in _KINDS.items():
            if not isinstance(state[key], kind):
                raise TypeError(f"{key} is a {type(state[key]).__name__}")
        if _log_size_and_digest(state)[0] < 0:
            raise ValueError("its log size is negative")
    except StoreError as error:
        return str(error).removeprefix(f"{folder}/")
    except RecursionError:
        return f"{_STATE} is nested too deeply"
    except (*MALFORMED, StopIteration) as error:
        return f"{_STATE} is not as brique writes it ({type(error).__name__}: {error})"
    return Checkpoint(folder, state)


def _log_size_and_digest(state: dict[str, Any]) -> tuple[int, str | None]:
    """Return size and SHA-256 of the log; older versions have no checksum."""
    log = state["log"]
    return (int(log["size"]), str(log["sha256"])) if isinstance(log, dict) else (int(log), None)
