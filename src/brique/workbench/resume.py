"""Resumes what was interrupted: a run, a cross-validation, or a search."""

from pathlib import Path

from brique.errors import UsageError
from brique.run import read_run
from brique.workbench import folds, tune
from brique.workbench.resume_run import lacks_report, resume_run


def resume(
    run: str | Path,
    *,
    trust: bool = False,
    finish: bool = False,
    device: str | None = None,
    changed: bool = False,
    storage: str | None = None,
) -> Path:
    """Resume a run until it has finished, and return its folder.

    run: folder of a run, a cross-validation, or a search. Of a finished run, only a missing
        report is written; unfinished folds are resumed or started.
    trust: whether the run's own source.py may be executed, where the installed code is another.
    finish: stop training now and evaluate the current model. For folds: stop the current fold and
        start no other.
    device: "cpu", "cuda" or "mps"; by default the fastest available.
    changed: whether the data may have changed since the start; run.json records it.
    storage: for a search: URL of its Optuna storage, if not the default.
    Raises RunError when the folder is no run, its code cannot be had, or its data have changed.
    """
    if storage is not None and not (Path(run) / tune.FILE).is_file():
        raise UsageError(f"resume: --storage is of a search, and {run} holds none; leave it out.")
    if (Path(run) / folds.FILE).is_file():
        return folds.resume_folds(
            Path(run), trust=trust, finish=finish, device=device, changed=changed
        )
    if (Path(run) / tune.FILE).is_file():
        if finish:
            raise UsageError(
                f"resume: --finish ends one training, and {run} holds a search, which ends when its"
                " minutes are over; leave it out."
            )
        return tune.resume_search(Path(run), device=device, storage=storage, changed=changed)
    return resume_run(run, trust=trust, finish=finish, device=device, changed=changed)


def remaining_work(run: str | Path) -> str | None:
    """Describe the remaining work of a finished run, cross-validation or search; else None.

    Raises RunError when the folder is none of them.
    """
    if (Path(run) / folds.FILE).is_file():
        return "nothing to do" if folds.is_finished(Path(run)) else None
    if (Path(run) / tune.FILE).is_file():
        return None if tune.final_run(Path(run)) is None else "nothing to do"
    record = read_run(run)
    if record.state != "finished":
        return None
    return "its report is written now" if lacks_report(record) else "nothing to do"
