"""One system for training, understanding and using neural networks.

Packages (`brique.data`, `brique.game`, ...) and verbs (`brique.train`, `brique.load`, ...) are
imported on first use, so `import brique` takes almost no time.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from brique.model import load as load
    from brique.workbench.check import check as check
    from brique.workbench.evaluate import evaluate as evaluate
    from brique.workbench.predict import predict as predict
    from brique.workbench.report import report as report
    from brique.workbench.resume import resume as resume
    from brique.workbench.train import train as train
    from brique.workbench.tune import tune as tune

__version__ = "0.1.0"

_MODULES = (
    "bricks", "catalog", "cli", "console", "data", "draw", "errors", "evaluation", "files", "game",
    "inference", "interrupts", "keys", "limits", "model", "nets", "options", "page", "planning",
    "reader", "rebuild", "run", "schema", "tasks", "transfer", "weight_checks", "workbench",
)  # fmt: skip
_FUNCTIONS = {
    "check": "brique.workbench.check",
    "evaluate": "brique.workbench.evaluate",
    "load": "brique.model",
    "predict": "brique.workbench.predict",
    "report": "brique.workbench.report",
    "resume": "brique.workbench.resume",
    "train": "brique.workbench.train",
    "tune": "brique.workbench.tune",
}

if not TYPE_CHECKING:  # with this function, type checkers would accept any name

    def __getattr__(name: str) -> object:
        """Import a package or verb on first use."""
        if name in _MODULES:
            return import_module(f"brique.{name}")
        if name in _FUNCTIONS:
            return vars(import_module(_FUNCTIONS[name]))[name]
        raise AttributeError(f"module 'brique' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted({"__version__", *_MODULES, *_FUNCTIONS})
