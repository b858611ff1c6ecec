"""Goes on with a run that was stopped, by the code that it began with."""

from pathlib import Path
from types import ModuleType
from typing import Any

from brique import catalog, data, files, interrupts, limits, reader
from brique.data.opening import redirect_roots
from brique.errors import RunError
from brique.run import Launch, Record, launched, read_run
from brique.run.claim import reopen
from brique.run.data_files import compare_data_files, report_paths
from brique.workbench.report import report
from brique.workbench.settings import read_settings
from brique.workbench.training import write_report


def resume_run(
    run: str | Path,
    *,
    trust: bool = False,
    finish: bool = False,
    device: str | None = None,
    changed: bool = False,
) -> Path:
    """Go on with one run until it has finished, and return its folder; arguments as of `resume`."""
    record = read_run(run)
    with interrupts.resumable(record.folder):
        if record.state != "finished":
            _resume(record, trust=trust, finish=finish, device=device, changed=changed)
        elif lacks_report(record) or files.leftovers(record.folder):
            _write_missing_report(record)
    return record.folder


def lacks_report(record: Record) -> bool:
    """Tell whether a training has not written its page yet."""
    return record.train is not None and not (record.folder / "report.html").is_file()


def _write_missing_report(record: Record) -> None:
    """Give a finished run the page that it lacks, and remove what interrupted writes left."""
    with reopen(record.folder):
        if lacks_report(record):
            report(record.folder)


def _resume(
    record: Record, *, trust: bool, finish: bool, device: str | None, changed: bool
) -> None:
    module = _load_code(record, trust=trust)
    args = module.Args(
        **read_settings(record.settings, module.Args, f"run.json of {record.folder}")
    )
    previous = _launch(record)
    locations, differences = compare_data_files(record.folder, "resume", changed=changed)
    report_paths(locations)
    launch = Launch(
        out=record.folder,
        quick=bool(previous.get("quick")),
        device=device or previous.get("device"),
        exact=bool(previous.get("exact")),
        command=str(previous.get("command", "")),
        resume=True,
        finish=finish,
        changed=tuple(differences) if changed else None,
    )
    with redirect_roots(locations):
        if record.train is None:
            with launched(launch), limits.limited_build():
                module.main(args)
            return
        found = data.open(args.data, args.options)
        with launched(launch), limits.limited_build():
            module.main(args, found)
        write_report(record.folder, found, {})


def _launch(record: Record) -> dict[str, Any]:
    """Return how the run was launched. Raises RunError where that is of another form."""
    launch = record.json["launch"]
    device, seed = launch.get("device"), record.json["seed"]
    if not isinstance(device, str | None) or not isinstance(launch.get("threads"), int | None):
        raise RunError(
            f"resume: run.json of {record.folder} does not say on which device it ran; restore the"
            " file, or start a new run."
        )
    if not -(2**63) <= seed < 2**63:
        raise RunError(
            f"resume: run.json of {record.folder} has the invalid seed {seed:.3g}; restore"
            " the file, or start a new run."
        )
    return launch


def _load_code(record: Record, *, trust: bool) -> ModuleType:
    """Return the installed module that the run began with, or its source.py if that is trusted."""
    module = catalog.load_by_source(record.source_sha256)
    if module is not None:
        return module
    source = record.source
    if (
        reader.unreadable_reason(source, record.folder)
        or files.sha256(source) != record.source_sha256
    ):
        raise RunError(
            f"resume: {source} is not what the run began with (its SHA-256 differs from the one in"
            " run.json); put the file back, or start a new run."
        )
    if not trust:
        raise RunError(
            f"resume: the code that {record.folder} began with is not installed, or has changed"
            f" since; if you trust the run's own {source.name},"
            f" '{interrupts.resume_command(record.folder)} --trust' executes that."
        )
    return catalog.execute(source)
