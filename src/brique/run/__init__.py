"""A run is a folder: settings, source, log, checkpoints, pictures, model; killed, it goes on."""

from brique.run.launch import Launch as Launch
from brique.run.launch import launched as launched
from brique.run.record import Record as Record
from brique.run.record import list_runs as list_runs
from brique.run.record import read_run as read_run
from brique.run.run import Run as Run
