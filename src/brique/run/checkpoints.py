"""Checkpoints: written whole or not at all, at least two kept, the newest good one read.

`turn-000400` holds a moment; `stage-00` the end of a stage, kept for good, because code after the
stage runs again on resume and must find what the stage left.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from brique import files
from brique.errors import RunError

KEPT = 2


@dataclass(frozen=True)
class Saved:
    """A checkpoint read: nested values with their tensors in place."""

    folder: Path
    state: dict[str, Any]  # Any: what `files.pack` takes


class Checkpoints:
    """The folder `checkpoints` of a run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, name: str, state: dict[str, Any]) -> None:
        """Write a checkpoint; older moments beyond those kept go. Raises StoreError."""
        value, tensors = files.pack(state)
        with files.new_folder(self.folder / name) as part:
            files.write_tensors(part / "state.safetensors", tensors)
            files.write_json(
                part / "state.json", {"format": 1, "order": state["order"], "state": value}
            )
        moments = sorted(self.folder.glob("turn-*"), key=_order)
        for old in moments[:-KEPT]:
            files.remove(old)

    def newest(self) -> Saved | None:
        """Return the newest checkpoint that is whole, or None."""
        for folder in sorted(self.folder.glob("[!.]*-[0-9]*"), key=_order, reverse=True):
            if files.damage(folder) is None:
                return _read(folder)
        return None

    def stage(self, number: int) -> Saved:
        """Return the end of a stage. Raises RunError if it is damaged."""
        folder = self.folder / stage_name(number)
        damage = files.damage(folder)
        if damage is not None:
            raise RunError(
                f"{folder}: the end of stage {number} is damaged ({damage}); start a new run."
            )
        return _read(folder)


def moment_name(turns: int) -> str:
    """Return the name of a checkpoint after so many turns of the run."""
    return f"turn-{turns:06d}"


def stage_name(number: int) -> str:
    """Return the name of the checkpoint that ends a stage."""
    return f"stage-{number:02d}"


def snapshot(state: dict[str, Any]) -> dict[str, Any]:
    """Return a copy that later turns do not change."""
    value, tensors = files.pack(state)
    return files.unpack(value, {name: t.detach().clone() for name, t in tensors.items()})


def restore_tensors(targets: list[Tensor], values: list[Tensor], what: str) -> None:
    """Copy values into targets of the same shapes. Raises RunError naming `what` otherwise."""
    shapes, found = [tuple(t.shape) for t in targets], [tuple(v.shape) for v in values]
    if shapes != found:
        raise RunError(
            f"{what} has {len(shapes)} tensors, the checkpoint {len(found)}, or their shapes "
            "differ; resume with the code and settings of the run."
        )
    with torch.no_grad():
        for target, value in zip(targets, values, strict=True):
            target.copy_(value)


def _order(folder: Path) -> int:
    """Return the place of a checkpoint in time; -1 if it cannot be told."""
    try:
        return int(json.loads((folder / "state.json").read_bytes())["order"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return -1


def _read(folder: Path) -> Saved:
    from safetensors.torch import load_file

    value = json.loads((folder / "state.json").read_bytes())["state"]
    return Saved(folder, files.unpack(value, load_file(folder / "state.safetensors")))
