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
from brique.run.start import Begun
from brique.schema import Category, Schema


def as_float(name: str, value: object) -> float:
    """Return a number as a float. Raises RunError if it is none."""
    if isinstance(value, Tensor) and value.numel() == 1:
        return float(value.detach())
    if isinstance(value, int | float):
        return float(value)
    raise RunError(
        f"{name}: a number was expected, got a {type(value).__name__}; pass a float or a tensor "
        "with one entry."
    )


def eval_output(net: nn.Module, inputs: Tensor) -> Tensor:
    """Return the net's output in eval mode, without graph; its modes stay as they were."""
    with eval_mode(net):
        return net(inputs)


def picture_pixels(name: str, pixels: Tensor | nn.Module, inputs: Tensor | None) -> Tensor:
    """Return pixels, or those that a net makes of inputs. Raises RunError without any."""
    if not isinstance(pixels, nn.Module):
        return pixels
    if inputs is None:
        raise RunError(f"run.picture: {name!r} is drawn by a net; pass its inputs too.")
    return eval_output(pixels, inputs)


def note(begun: Begun, begin: float, training: float, records: Sequence[DataRecord]) -> None:
    """Put into run.json what it says of data and files, and the seconds since `begin`.

    Reads of a test part that only earlier processes of a resumed run made are added.
    """
    earlier = dict(begun.test_reads)
    begun.json["data"] = [
        {
            "name": e.name,
            "fingerprint": e.fingerprint,
            "test_reads": e.test_reads + earlier.pop(e.fingerprint, 0),
            "skipped": [{"file": file, "reason": reason} for file, reason in e.skipped],
        }
        for e in records
    ]
    total = begun.seconds + time.perf_counter() - begin
    begun.json["seconds"] |= {"training": round(training, 3), "total": round(total, 3)}
    begun.json.pop("files", None)
    if begun.json["state"] != "running":
        begun.json["files"] = _file_entries(begun.folder)


def seen(begun: Begun, records: Sequence[DataRecord]) -> dict[str, Any]:
    """Return what a checkpoint holds of run.json: reads of test by fingerprint, and the result."""
    return {"test_reads": _reads(begun, records), "result": dict(begun.json["result"])}


def go_on(begun: Begun, records: Sequence[DataRecord], state: dict[str, Any]) -> None:
    """Go on from what a checkpoint holds, as `seen` returned it.

    What this process has read so far, it had read by then too.
    """
    begun.json["result"] = dict(state["result"])
    begun.test_reads = {}
    now = _reads(begun, records)
    begun.test_reads = {
        name: int(known) - now.get(name, 0) for name, known in state["test_reads"].items()
    }


def _reads(begun: Begun, records: Sequence[DataRecord]) -> dict[str, int]:
    found = dict(begun.test_reads)
    for record in records:
        found[record.fingerprint] = found.get(record.fingerprint, 0) + record.test_reads
    return found


def _file_entries(folder: Path) -> dict[str, dict[str, Any]]:
    """Return size and SHA-256 of what a run keeps beside checkpoints and model, by name."""
    paths = [
        path for subfolder in ("arrays", "pictures") for path in folder.glob(f"{subfolder}/[!.]*")
    ]
    names = [path.relative_to(folder).as_posix() for path in sorted(paths)]
    return files.manifest_entries(folder, ["log.jsonl", *names])


@dataclass
class FinalModel:
    """What `finish` was given, sorted."""

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
        """Write the model folder, if there is anything in it. Raises RunError, StoreError."""
        if not self.nets and not self.arrays:
            return
        task = self.task or _task_of_schema(schema)
        parts = {
            name: SavedNet(
                net, _origin(name, net, record, placed_nets, schema), placed_nets.inputs(net)
            )
            for name, net in self.nets.items()
        }
        made_by = {key: record[key] for key in ("name", "recipe", "train", "source", "versions")}
        save(
            folder,
            saved_nets=parts,
            arrays=self.arrays,
            metadata={
                "answers": self.answers,
                "task": task,
                "schema": None if schema is None else schema.to_json(),
                "scores": scores,
                "made_by": made_by,
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
