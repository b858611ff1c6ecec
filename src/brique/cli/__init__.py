"""The command line: turns verbs and the Args of recipes into commands."""

from brique.cli.command import main as main
from brique.cli.command import main_with as main_with
