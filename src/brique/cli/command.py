"""What happens between the words of a command line and its exit code.

0: done. 1: done in part, or not told as an output is full or closed, or a fault of brique itself,
with its traceback. 2: something that the user can mend, in one sentence on stderr. 130: stopped.
141: nobody reads any more what a verb shows.
"""

import shlex
import sys
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

from brique.console import echo, notify, run_command
from brique.errors import BriqueError, Interrupted, UsageError, did_you_mean
from brique.interrupts import handling_signals

VERBS = {
    "check": "look for what would spoil a result on your data",
    "train": "train a net on your data and judge it",
    "tune": "search for better settings than the plan's, then train",
    "evaluate": "judge the model of a run on test data",
    "predict": "ask the model of a run about files",
    "report": "write the page of a run, to read or to send",
    "resume": "go on with a run that was stopped",
    "runs": "show the runs in a folder",
    "list": "show every recipe",
    "show": "show one recipe: what it does, its settings, what it must reach",
    "copy": "write a recipe, or what a run ran, into a file of your own",
    "run": "run a recipe",
    "about": "show versions and device",
}
"""Every verb and what it does. Its function is called, and what it needs imported, when it is."""
_RUN_VERBS = ("train", "tune", "run", "resume")  # what these did is more than what they show


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
        kind = "flag" if verb.startswith("-") else "verb"
        hint = did_you_mean(verb, VERBS) or ";"
        raise UsageError(f"no {kind} '{verb}'{hint} 'brique --help' shows all.")
    if verb == "run" and remaining and remaining[0] not in ("--help", "-h"):
        from brique.cli.recipe import run_recipe

        return run_recipe(remaining[0], remaining[1:])
    from brique.cli import verbs
    from brique.cli.parse import call

    return call(_verb_function(verbs, verb), f"brique {verb}", remaining)


def _verb_function(verbs: ModuleType, verb: str) -> Callable[..., int]:
    """Return the verb's function; one that would hide a built-in name ends in an underscore."""
    functions = vars(verbs)
    return functions.get(verb) or functions[f"{verb}_"]


def _overview() -> str:
    width = max(map(len, VERBS)) + 2
    lines = [f"  {verb:<{width}}{summary}" for verb, summary in VERBS.items()]
    return "\n".join(
        [
            "brique: train, understand and use neural networks.",
            "",
            "Usage: brique VERB ...     for example: brique train digits",
            "",
            *lines,
            "",
            "'brique VERB --help' shows the flags of a verb, 'brique --version' the version.",
        ]
    )


def _run_guarded(function: Callable[[], int], arguments: list[str]) -> int:
    """Do the work of a command line, hear signals meanwhile, and return the exit code."""
    writes_run = arguments[0] != "brique" or arguments[1:2] in ([verb] for verb in _RUN_VERBS)
    with handling_signals():
        return run_command(
            lambda: _exit_code(function, arguments if writes_run else None),
            only_prints=not writes_run,
        )


def _exit_code(function: Callable[[], int], command: list[str] | None) -> int:
    """Do the work; turn what the user can mend into a sentence on stderr and an exit code.

    command: the words to begin with again what nothing is kept of.
    """
    try:
        return function()
    except Interrupted as interruption:
        return _print_error(interruption, 130)
    except BriqueError as error:
        return _print_error(error, 2)
    except KeyboardInterrupt:
        message = f"stopped before anything was kept; begin again with: {shlex.join(command or [])}"
        return _print_error(message if command else "interrupted.", 130)


def _print_error(message: object, code: int) -> int:
    notify(message)
    return code
