"""The start of a run: its folder, run.json and device, new or resumed."""

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
from brique.run.data_files import fingerprints, unique_names, write_data_of_entries
from brique.run.launch import Launch
from brique.run.progress import report_data
from brique.run.record import FORMAT, read_run


@dataclass
class RunState:
    """The state of a run when it starts or resumes.

    json: run.json, new or as read.
    source: the recipe's file.
    saved: the newest good checkpoint, when resuming.
    lock: on the folder, once it is held.
    test_reads: by fingerprint, how often earlier processes read a test part that this process
        does not read again.
    seconds: that earlier processes took.
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


def prepare(file: Path, args: object, launch: Launch) -> RunState:
    """Return the state of a new or resumed run; write nothing yet. Raises RunError, UsageError."""
    if not dataclasses.is_dataclass(args) or isinstance(args, type):
        raise UsageError(
            f"Run.start: expected the recipe's Args, got a {type(args).__name__}; pass a dataclass."
        )
    settings = dataclasses.asdict(args)
    for name in settings:
        if isinstance(options := getattr(args, name), Options):  # a field of the dataclass
            settings[name] = options.given()
    device = pick_device(launch.device)
    state = (_resumed_run if launch.resume else _new_run)(file, settings, device, launch)
    seed_generators(int(state.json["seed"]))
    if launch.exact and device.type == "cuda":
        use_deterministic()
    return state


def create_folder(state: RunState) -> None:
    """Claim the folder of a new run and write its first files, run.json first.

    Raises RunError when the folder is taken; StoreError, after removing what was written.
    """
    source, launch = state.source.read_bytes(), state.launch
    first = {"run.json": files.to_sealed_json(state.json), "source.py": source, "log.jsonl": ""}
    state.folder, state.lock = claim(launch.out, launch.name or state.source.stem, first)


def repair_folder(state: RunState) -> None:
    """Remove leftovers from the folder of a resumed run, and write missing first files."""
    files.remove_leftovers(state.folder)
    first = {"source.py": state.source.read_bytes(), "log.jsonl": b""}
    for name in (name for name in first if not (state.folder / name).exists()):
        files.write(state.folder / name, first[name])


def check_data(state: RunState, records: Sequence[DataRecord]) -> None:
    """Write down the data sets of a run, or compare the last one with its first start.

    Raises RunError when the data have changed since the run started; StoreError.
    """
    record, known = records[-1], fingerprints(state.folder)
    name = unique_names(records)[-1]
    if known is None or name not in known:
        write_data_of_entries(state.folder, records)
    elif known[name] != record.fingerprint:
        changed = state.launch.changed
        if changed is None:
            raise RunError(
                f"{state.folder}: its data '{record.name}' have changed since it started; restore"
                " them, or use them as they are now with --changed."
            )
        state.json["changed"] = [*state.json.get("changed", []), *(changed or [record.name])]
    if not state.launch.quiet:
        report_data(record)


def pick_device(name: str | None) -> torch.device:
    """Return a device by name, or the first available of cuda, mps, cpu. Raises UsageError."""
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
        raise UsageError(f"--device {name}: no such device here; choose {', '.join(available)}.")
    return device


def use_deterministic() -> None:
    """Let this process use deterministic operations only; torch raises for others."""
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


def _new_run(
    file: Path, settings: dict[str, Any], device: torch.device, launch: Launch
) -> RunState:
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
    return RunState(folder, json, file, device, launch, None)


def _resumed_run(
    file: Path, settings: dict[str, Any], device: torch.device, launch: Launch
) -> RunState:
    assert launch.out is not None
    read_run(launch.out)  # raises where there is no run to lock
    lock = lock_folder(launch.out)
    try:
        return _locked_run(file, settings, device, launch, lock)
    except BaseException:
        lock.release()
        raise


def _locked_run(
    file: Path, settings: dict[str, Any], device: torch.device, launch: Launch, lock: files.Lock
) -> RunState:
    """Return the state of a locked run. Raises RunError for other settings or another source."""
    assert launch.out is not None
    record = read_run(launch.out)
    known = _from_json(record.settings)
    changed = [key for key in settings if _from_json(settings[key]) != known.get(key)]
    if changed or set(settings) != set(record.settings):
        names = changed or sorted(set(settings) ^ set(record.settings))
        raise RunError(
            f"{launch.out}: the run has other settings ({', '.join(names)}); resume with its own "
            "settings, or start a new run."
        )
    if files.sha256(file) != record.source_sha256:
        raise RunError(
            f"{launch.out}: {file.name} has changed since the run was started; resume with "
            "--trust to execute the run's own source.py, or start a new run."
        )
    checkpoints = Checkpoints(record.folder / "checkpoints")
    if record.json["launch"].get("threads") not in (None, torch.get_num_threads()):
        notify(
            "resumed, but results may differ in the last bits: the run had "
            f"{record.json['launch']['threads']} threads, this process {torch.get_num_threads()}."
        )
    record.json["state"] = "running"
    record.json.pop("files", None)  # they change from now on
    state = RunState(record.folder, record.json, file, device, launch, checkpoints.newest(), lock)
    state.seconds = float(record.json.get("seconds", {}).get("total", 0.0))
    return state


def _from_json(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return settings with tuples instead of the lists of JSON."""
    if isinstance(value, dict):
        return {key: _from_json(one) for key, one in cast("dict[str, Any]", value).items()}
    return tuple(cast("list[Any]", value)) if isinstance(value, list) else value
