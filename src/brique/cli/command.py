"""Dispatch of a command line to its verb, and the exit code.

0: success. 1: partial success, an output that is full or closed, or a bug in brique (with its
traceback). 2: a user error, in one sentence on stderr. 130: interrupted. 141: broken pipe.
"""

import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from brique.console import echo, notify, run_command
from brique.errors import BriqueError, Interrupted, UsageError, did_you_mean
from brique.interrupts import handling_signals

VERBS = {
    "check": "check a data set for problems that invalidate results",
    "train": "train a network on your data and evaluate it",
    "tune": "tune hyperparameters, then train",
    "evaluate": "evaluate the model of a run on test data",
    "predict": "predict with the model of a run",
    "report": "write the report of a run as one HTML page",
    "resume": "resume an interrupted run",
    "runs": "list the runs in a folder",
    "list": "list all recipes",
    "show": "show a recipe: description, settings, expected results",
    "copy": "copy the source of a recipe or run to a file",
    "run": "run a recipe",
    "about": "show versions and device",
}
"""Verbs and their descriptions; the function and its imports are loaded on use."""
_RUN_VERBS = ("train", "tune", "run", "resume")  # these write a run


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line `argv` (that of the process by default) and return its exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    return _run_guarded(lambda: _dispatch(arguments), ["brique", *arguments])


def main_with(args_class: type, main: Callable[[Any], dict[str, float] | None]) -> None:
    """Run a recipe's `main` with the flags of this process, made from its Args; then exit.

    args_class: the recipe's frozen dataclass; each field is a flag.
    main: the recipe's function from Args to its last numbers.
    """
    from brique.cli.recipe import run_module

    module = sys.modules[main.__module__]
    arguments = sys.argv[1:]
    command = ["python", sys.argv[0], *arguments]
    sys.exit(_run_guarded(lambda: run_module(module, args_class, main, arguments), command))


def _dispatch(arguments: list[str]) -> int:
    if not arguments or arguments[0] in ("--help", "-h", "help"):
        echo(*_overview().split("\n"))
        return 0
    verb, remaining = arguments[0], arguments[1:]
    if verb == "--version":
        from brique import __version__

        echo(__version__)
        return 0
    if verb not in VERBS:
        kind = "flag" if verb.startswith("-") else "command"
        hint = did_you_mean(verb, VERBS) or ";"
        raise UsageError(f"no {kind} '{verb}'{hint} 'brique --help' shows all.")
    if verb == "run" and remaining and remaining[0] not in ("--help", "-h"):
        from brique.cli.recipe import run_recipe

        return run_recipe(remaining[0], remaining[1:])
    from brique.cli import listings, verbs
    from brique.cli.parse import call

    return call(
        _verb_function({**vars(verbs), **vars(listings)}, verb), f"brique {verb}", remaining
    )


def _verb_function(functions: Mapping[str, Any], verb: str) -> Callable[..., int]:
    """Return the verb's function; one that would hide a built-in name ends in an underscore."""
    return functions.get(verb) or functions[f"{verb}_"]


def _overview() -> str:
    width = max(map(len, VERBS)) + 2
    lines = [f"  {verb:<{width}}{summary}" for verb, summary in VERBS.items()]
    return "\n".join(
        [
            "brique: train, evaluate and use neural networks.",
            "",
            "Usage: brique COMMAND ...     for example: brique train digits",
            "",
            *lines,
            "",
            "'brique COMMAND --help' lists the options of a command;"
            " 'brique --version' prints the version.",
        ]
    )


def _run_guarded(function: Callable[[], int], arguments: list[str]) -> int:
    """Run a command under signal handlers and return its exit code."""
    writes_run = arguments[0] != "brique" or arguments[1:2] in ([verb] for verb in _RUN_VERBS)
    with handling_signals():
        return run_command(
            lambda: _exit_code(function, arguments if writes_run else None),
            only_prints=not writes_run,
        )


def _exit_code(function: Callable[[], int], command: list[str] | None) -> int:
    """Run a command; turn errors into one sentence on stderr and an exit code.

    command: the command line to restart with when nothing was saved.
    """
    try:
        return function()
    except Interrupted as interruption:
        return _print_error(interruption, 130)
    except BriqueError as error:
        return _print_error(error, 2)
    except KeyboardInterrupt:
        message = (
            f"interrupted before anything was saved; restart with: {shlex.join(command or [])}"
        )
        return _print_error(message if command else "interrupted.", 130)


def _print_error(message: object, code: int) -> int:
    notify(message)
    return code
