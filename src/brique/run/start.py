"""The start of a run: its folder, its first run.json, its device, or all of these found again."""

import dataclasses
import os
import platform
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any, cast

import numpy
import torch

from brique import catalog, files
from brique.console import notify
from brique.data.core.record import DataRecord
from brique.errors import RunError, UsageError
from brique.options import Options
from brique.run.checkpoints import Checkpoint, Checkpoints
from brique.run.claim import RUNS_FOLDER, check_free, claim, lock_folder
from brique.run.data_files import fingerprints, write_data_of_entries
from brique.run.launch import Launch
from brique.run.progress import report_data as tell_data
from brique.run.record import FORMAT, read_run


@dataclass
class Begun:
    """Where a run starts from.

    json: run.json as it will be written first, or as it was found.
    source: the recipe's file.
    saved: the newest good checkpoint, when resuming.
    lock: on the folder, once it is held.
    test_reads: how often the run read a test part in what does not run again on resume, by its
        fingerprint.
    seconds: that they took.
    """

    folder: Path
    json: dict[str, Any]  # Any: JSON
    source: Path
    device: torch.device
    launch: Launch
    saved: Checkpoint | None
    lock: files.Lock | None = None
    test_reads: dict[str, int] = field(default_factory=dict[str, int])
    seconds: float = 0.0


def begin(file: Path, args: object, launch: Launch) -> Begun:
    """Find out all that a run needs; write nothing yet. Raises RunError, UsageError."""
    if not dataclasses.is_dataclass(args) or isinstance(args, type):
        raise UsageError(
            f"Run.start: expected the recipe's Args, got a {type(args).__name__}; pass a dataclass."
        )
    settings = dataclasses.asdict(args)
    for name in settings:
        if isinstance(options := getattr(args, name), Options):  # a field of the dataclass
            settings[name] = options.given()
    device = pick_device(launch.device)
    begun = (_resumed if launch.resume else _fresh)(file, settings, device, launch)
    seed_generators(int(begun.json["seed"]))
    if launch.exact and device.type == "cuda":
        use_deterministic()
    return begun


def create(begun: Begun) -> None:
    """Claim the folder of a new run and write what it starts with, its settings first.

    Raises RunError when the folder is taken; StoreError, and then nothing is left of it.
    """
    source, launch = begun.source.read_bytes(), begun.launch
    first = {"run.json": files.to_sealed_json(begun.json), "source.py": source, "log.jsonl": ""}
    begun.folder, begun.lock = claim(launch.out, launch.name or begun.source.stem, first)


def complete(begun: Begun) -> None:
    """Put a run that is resumed in order: without rests, with all files that it starts with."""
    files.remove_leftovers(begun.folder)
    first = {"source.py": begun.source.read_bytes(), "log.jsonl": b""}
    for name in (name for name in first if not (begun.folder / name).exists()):
        files.write(begun.folder / name, first[name])


def take_data(begun: Begun, records: Sequence[DataRecord]) -> None:
    """See to the data of a stage, the last of those of the run: write them down, or compare them.

    Raises RunError for other data than the run began with, StoreError.
    """
    record, known = records[-1], fingerprints(begun.folder)
    if known is None or record.name not in known:
        write_data_of_entries(begun.folder, records)
    elif known[record.name] != record.fingerprint:
        changed = begun.launch.changed
        if changed is None:
            raise RunError(
                f"{begun.folder}: its data '{record.name}' are not those that it began with; put"
                " them back, or take them as they are now with --changed."
            )
        begun.json["changed"] = [*begun.json.get("changed", []), *(changed or [record.name])]
    if not begun.launch.quiet:
        tell_data(record)


def pick_device(name: str | None) -> torch.device:
    """Return a device by name, or the first of cuda, mps, cpu that there is. Raises UsageError."""
    available = ["cuda"] * torch.cuda.is_available() + ["mps"] * torch.backends.mps.is_available()
    available.append("cpu")
    if name is None:
        return torch.device(available[0])
    try:
        device = torch.device(name)
    except RuntimeError:
        device = torch.device("meta")
    is_available = device.type in available and (
        device.type != "cuda" or (device.index or 0) < torch.cuda.device_count()
    )
    if not is_available:
        raise UsageError(f"--device {name}: no such device here; there is: {', '.join(available)}.")
    return device


def use_deterministic() -> None:
    """Let this process use deterministic operations only; torch refuses those that are not."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # read when cuBLAS starts
    torch.use_deterministic_algorithms(True)
    torch.backends.cudnn.benchmark = False


def seed_generators(seed: int) -> None:
    """Seed the default generators of torch, numpy and Python."""
    torch.manual_seed(seed)
    random.seed(seed)
    numpy.random.seed(seed & 0xFFFFFFFF)


def versions() -> dict[str, str]:
    """Return the versions that a result depends on."""
    return {
        "brique": version("brique"),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": numpy.__version__,
        "platform": platform.platform(),
    }


def _fresh(file: Path, settings: dict[str, Any], device: torch.device, launch: Launch) -> Begun:
    check_free(launch.out)
    folder = launch.out or RUNS_FOLDER  # until it is claimed
    recipe, task = catalog.identify(file)
    is_exact = device.type == "cpu" or (device.type == "cuda" and launch.exact)
    level = "bit" if is_exact else "order"
    json = {
        "format": FORMAT,
        "name": file.stem,
        "recipe": recipe,
        "train": task,
        "settings": settings,
        "seed": int(settings.get("seed", 0)),
        "command": launch.command,
        "started": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "state": "running",
        "source": {"file": file.name, "sha256": files.sha256(file)},
        "versions": versions(),
        "launch": {
            "device": str(device), "exact": launch.exact, "quick": launch.quick,
            "threads": torch.get_num_threads(),
        },
        "exactness": level,
        **launch.facts,
        "data": [],
        "turns": 0,
        "seconds": {},
        "numbers": {},
        "result": {},
    }  # fmt: skip
    return Begun(folder, json, file, device, launch, None)


def _resumed(file: Path, settings: dict[str, Any], device: torch.device, launch: Launch) -> Begun:
    assert launch.out is not None
    read_run(launch.out)  # raises where there is none to hold
    lock = lock_folder(launch.out)
    try:
        return _found(file, settings, device, launch, lock)
    except BaseException:
        lock.release()
        raise


def _found(
    file: Path, settings: dict[str, Any], device: torch.device, launch: Launch, lock: files.Lock
) -> Begun:
    """Return where a run that is held stands, if it is the one that is meant. Raises RunError."""
    assert launch.out is not None
    record = read_run(launch.out)
    known = _from_json(record.settings)
    changed = [key for key in settings if _from_json(settings[key]) != known.get(key)]
    if changed or set(settings) != set(record.settings):
        names = changed or sorted(set(settings) ^ set(record.settings))
        raise RunError(
            f"{launch.out}: the run has other settings ({', '.join(names)}); resume with those "
            "that it was started with, or start a new run."
        )
    if files.sha256(file) != record.source_sha256:
        raise RunError(
            f"{launch.out}: {file.name} has changed since the run was started; resume with "
            "--trust to execute the run's own source.py, or start a new run."
        )
    checkpoints = Checkpoints(record.folder / "checkpoints")
    if record.json["launch"].get("threads") not in (None, torch.get_num_threads()):
        notify(
            "resumed, but bit for bit is not promised: the run had "
            f"{record.json['launch']['threads']} threads, this process {torch.get_num_threads()}."
        )
    record.json["state"] = "running"
    record.json.pop("files", None)  # they change from now on
    begun = Begun(record.folder, record.json, file, device, launch, checkpoints.newest(), lock)
    begun.seconds = float(record.json.get("seconds", {}).get("total", 0.0))
    return begun


def _from_json(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return settings with tuples in place of the lists of JSON."""
    if isinstance(value, dict):
        return {key: _from_json(one) for key, one in cast("dict[str, Any]", value).items()}
    return tuple(cast("list[Any]", value)) if isinstance(value, list) else value
