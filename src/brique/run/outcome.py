"""The end of a run: its numbers, and its nets and arrays as a model."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from brique import files
from brique.data.core.record import DataRecord
from brique.errors import RunError
from brique.inference import eval_mode
from brique.model import Origin, SavedNet, save
from brique.nets import built_by
from brique.run.nets import PlacedNets
from brique.run.start import RunState
from brique.schema import Category, Schema


def as_float(name: str, value: object) -> float:
    """Return a number as a float. Raises RunError for other values."""
    if isinstance(value, Tensor) and value.numel() == 1:
        return float(value.detach())
    if isinstance(value, int | float):
        return float(value)
    raise RunError(
        f"{name}: a number was expected, got a {type(value).__name__}; pass a float or a tensor "
        "with one entry."
    )


def eval_output(net: nn.Module, inputs: Tensor) -> Tensor:
    """Return the net's output in eval mode, without graph; its modes stay."""
    with eval_mode(net):
        return net(inputs)


def picture_pixels(name: str, pixels: Tensor | nn.Module, inputs: Tensor | None) -> Tensor:
    """Return pixels, or a net's output for the inputs. Raises RunError without inputs."""
    if not isinstance(pixels, nn.Module):
        return pixels
    if inputs is None:
        raise RunError(f"run.picture: {name!r} is drawn by a net; pass its inputs too.")
    return eval_output(pixels, inputs)


def update_record(
    state: RunState, start_time: float, training: float, records: Sequence[DataRecord]
) -> None:
    """Update the entries of data, files and seconds (since `start_time`) in run.json.

    Test reads of earlier processes of a resumed run are added.
    """
    earlier = dict(state.test_reads)
    state.json["data"] = [
        {
            "name": e.name,
            "fingerprint": e.fingerprint,
            "test_reads": e.test_reads + earlier.pop(e.fingerprint, 0),
            "skipped": [{"file": file, "reason": reason} for file, reason in e.skipped],
        }
        for e in records
    ]
    total = state.seconds + time.perf_counter() - start_time
    state.json["seconds"] |= {"training": round(training, 3), "total": round(total, 3)}
    state.json.pop("files", None)
    if state.json["state"] != "running":
        state.json["files"] = _file_entries(state.folder)


def checkpoint_entries(state: RunState, records: Sequence[DataRecord]) -> dict[str, Any]:
    """Return the entries of run.json for a checkpoint: test reads by fingerprint, the result."""
    return {"test_reads": _test_reads(state, records), "result": dict(state.json["result"])}


def restore_entries(
    state: RunState, records: Sequence[DataRecord], checkpoint: dict[str, Any]
) -> None:
    """Restore the entries that `checkpoint_entries` returned.

    The checkpoint counts the test reads of this process so far as well; they are subtracted.
    """
    state.json["result"] = dict(checkpoint["result"])
    state.test_reads = {}
    now = _test_reads(state, records)
    state.test_reads = {
        name: int(known) - now.get(name, 0) for name, known in checkpoint["test_reads"].items()
    }


def _test_reads(state: RunState, records: Sequence[DataRecord]) -> dict[str, int]:
    found = dict(state.test_reads)
    for record in records:
        found[record.fingerprint] = found.get(record.fingerprint, 0) + record.test_reads
    return found


def _file_entries(folder: Path) -> dict[str, dict[str, Any]]:
    """Return size and SHA-256 of the log, arrays and pictures of a run, by name."""
    paths = [
        path for subfolder in ("arrays", "pictures") for path in folder.glob(f"{subfolder}/[!.]*")
    ]
    names = [path.relative_to(folder).as_posix() for path in sorted(paths)]
    return files.manifest_entries(folder, ["log.jsonl", *names])


@dataclass
class FinalModel:
    """The results of a run: nets, arrays and numbers."""

    nets: dict[str, nn.Module]
    arrays: dict[str, Tensor]
    scalars: dict[str, float]
    answers: str | None
    task: str | None

    @classmethod
    def from_results(
        cls, results: dict[str, nn.Module | Tensor | float], answers: str | None, task: str | None
    ) -> "FinalModel":
        """Sort results into nets, arrays and numbers. Raises RunError."""
        nets = {name: v for name, v in results.items() if isinstance(v, nn.Module)}
        arrays = {
            name: v for name, v in results.items() if isinstance(v, Tensor) and v.numel() != 1
        }
        remaining = {n: v for n, v in results.items() if n not in nets and n not in arrays}
        scalars = {
            name: as_float(f"run.finish: {name}", value) for name, value in remaining.items()
        }
        if answers is not None and answers not in nets:
            raise RunError(
                f"run.finish: answers={answers!r} is none of the nets "
                f"({', '.join(nets) or 'none'}); name the one that answers."
            )
        return cls(nets, arrays, scalars, answers or next(iter(nets), None), task)

    def save(
        self,
        folder: Path,
        record: dict[str, Any],
        placed_nets: PlacedNets,
        scores: dict[str, float],
        schema: Schema | None,
    ) -> None:
        """Write the model folder, if there are nets or arrays. Raises RunError, StoreError."""
        if not self.nets and not self.arrays:
            return
        task = self.task or _task_of_schema(schema)
        parts = {
            name: SavedNet(
                net, _origin(name, net, record, placed_nets, schema), placed_nets.inputs(net)
            )
            for name, net in self.nets.items()
        }
        provenance = {key: record[key] for key in ("name", "recipe", "train", "source", "versions")}
        save(
            folder,
            saved_nets=parts,
            arrays=self.arrays,
            metadata={
                "answers": self.answers,
                "task": task,
                "schema": None if schema is None else schema.to_json(),
                "scores": scores,
                "made_by": provenance,
            },
        )


def _task_of_schema(schema: Schema | None) -> str:
    if schema is not None and schema.targets and isinstance(schema[schema.target], Category):
        return "classify"
    raise RunError(
        "run.finish: the data have no category as target, so the task is unknown; pass "
        "task='generate' or another, or task='none'."
    )


def _origin(
    name: str,
    net: nn.Module,
    record: dict[str, Any],
    placed_nets: PlacedNets,
    schema: Schema | None,
) -> Origin:
    origin = built_by(net)
    if origin is not None:
        return Origin(origin["builder"], origin["arguments"], None)
    builder = f"recipe:{record['recipe']}" if record["recipe"] else "source"
    arguments = {
        "args": record["settings"],
        "schema": None if schema is None else schema.to_json(),
    }
    return Origin(builder, arguments, placed_nets.name(net, name))
