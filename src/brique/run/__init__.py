"""A run: a folder of settings, source, log, checkpoints, pictures and model; it can be resumed."""

from typing import TYPE_CHECKING

from brique.run.launch import Launch as Launch
from brique.run.launch import launched as launched
from brique.run.record import Record as Record
from brique.run.record import add_seconds as add_seconds
from brique.run.record import list_runs as list_runs
from brique.run.record import read_run as read_run

if TYPE_CHECKING:
    from brique.run.run import Run as Run


def __getattr__(name: str) -> object:
    """Import `Run`, and torch with it, at the first use: records need neither."""
    if name == "Run":
        from brique.run.run import Run

        return Run
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
