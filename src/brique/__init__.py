"""One system for training, understanding and using neural networks.

The rooms (`brique.data`, `brique.game`, ...) and the verbs (`brique.train`, `brique.load`, ...) are
imported when first asked for, so that `import brique` costs next to nothing.
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
    "bricks", "catalog", "cli", "data", "draw", "errors", "evaluation", "files", "fit", "game",
    "inference", "keys", "measure", "model", "nets", "page", "planning", "reader", "run", "schema",
    "stopping", "tasks", "transfer", "voice", "workbench",
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

if not TYPE_CHECKING:  # a checker that sees this function believes in every name

    def __getattr__(name: str) -> object:
        """Import the room or verb that is asked for."""
        if name in _MODULES:
            return import_module(f"brique.{name}")
        if name in _FUNCTIONS:
            return vars(import_module(_FUNCTIONS[name]))[name]
        raise AttributeError(f"module 'brique' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted({"__version__", *_MODULES, *_FUNCTIONS})
