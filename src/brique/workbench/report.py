"""Report of a saved run; its data are opened again."""

import shlex
from pathlib import Path

from brique.data import Data
from brique.data.opening import redirect_roots
from brique.errors import BriqueError, DataError, RunError, StoreError
from brique.model import describe
from brique.page import write
from brique.run import Record, read_run
from brique.run.data_files import data_paths
from brique.schema import Schema
from brique.tasks.table import TASKS
from brique.workbench.training_data import open_run_data


def report(run: str | Path, *, trust: bool = False) -> Path:
    """Write the page of a run, report.html in its folder, and return its path.

    run: folder of a run, finished or not. What it does not hold is left out, and the page says so.
    trust: whether the run's own source.py may be executed, where no installed code builds the net.
    The data are opened again, for their pictures; where they are gone or have changed, the page
    has none. Raises RunError when the folder is no run, StoreError when the disk refuses.
    """
    record = read_run(run)
    task = TASKS.get(str(record.result.get("task")))
    try:
        return write(record, _data(record), task, trust=trust)
    except StoreError as error:
        raise error.with_resume_command(f"brique report {shlex.quote(str(run))}") from error


def _data(record: Record) -> Data | None:
    """Return the data of a run, pictures as its net takes them; None if they cannot be opened."""
    source = record.settings.get("data")
    if not isinstance(source, str):
        return None
    try:
        with redirect_roots(data_paths(record.folder)):
            return open_run_data(source, record.settings, _schema(record))
    except (DataError, RunError, OSError):
        return None


def _schema(record: Record) -> Schema | None:
    """Return the schema of a run's model, None where there is none that can be read."""
    try:
        _, description = describe(record.folder)
        schema = Schema.from_json(description["schema"])
        _ = schema[schema.inputs[0]]
    except (BriqueError, KeyError, TypeError, ValueError, AttributeError, IndexError):
        return None
    return schema
