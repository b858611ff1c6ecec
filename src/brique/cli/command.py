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

from brique.errors import BriqueError, Interrupted, UsageError, nearest
from brique.stopping import listening
from brique.voice import say, tell, told

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
_RUNNING = ("train", "tune", "run", "resume")  # what these did is more than what they show


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line `argv` (that of the process by default) and return its exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    return _guarded(lambda: _dispatch(words), ["brique", *words])


def main_with(args_class: type, main: Callable[[Any], dict[str, float] | None]) -> None:
    """Run a recipe's `main` with the flags of this process, made from its Args; then exit.

    args_class: the recipe's frozen dataclass; each field is a flag.
    main: the recipe's function from Args to its last numbers.
    """
    from brique.cli.recipe import run_module

    module = sys.modules[main.__module__]
    words = sys.argv[1:]
    again = ["python", sys.argv[0], *words]
    sys.exit(_guarded(lambda: run_module(module, args_class, main, words), again))


def _dispatch(words: list[str]) -> int:
    if not words or words[0] in ("--help", "-h", "help"):
        say(*_overview().split("\n"))
        return 0
    verb, rest = words[0], words[1:]
    if verb == "--version":
        from brique import __version__

        say(__version__)
        return 0
    if verb not in VERBS:
        kind = "flag" if verb.startswith("-") else "verb"
        hint = nearest(verb, VERBS) or ";"
        raise UsageError(f"no {kind} '{verb}'{hint} 'brique --help' shows all.")
    if verb == "run" and rest and rest[0] not in ("--help", "-h"):
        from brique.cli.recipe import run_recipe

        return run_recipe(rest[0], rest[1:])
    from brique.cli import verbs
    from brique.cli.parse import call

    return call(_function(verbs, verb), f"brique {verb}", rest)


def _function(verbs: ModuleType, verb: str) -> Callable[..., int]:
    """Return the verb's function; one that would hide a built-in name ends in an underscore."""
    functions = vars(verbs)
    return functions.get(verb) or functions[f"{verb}_"]


def _overview() -> str:
    width = max(map(len, VERBS)) + 2
    lines = [f"  {verb:<{width}}{says}" for verb, says in VERBS.items()]
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


def _guarded(work: Callable[[], int], words: list[str]) -> int:
    """Do the work of a command line, hear signals meanwhile, and return the exit code."""
    runs = words[0] != "brique" or words[1:2] in ([verb] for verb in _RUNNING)
    with listening():
        return told(lambda: _done(work, words if runs else None), is_shown=not runs)


def _done(work: Callable[[], int], again: list[str] | None) -> int:
    """Do the work; turn what the user can mend into a sentence on stderr and an exit code.

    again: the words to begin with again what nothing is kept of.
    """
    try:
        return work()
    except Interrupted as stop:
        return _said(stop, 130)
    except BriqueError as error:
        return _said(error, 2)
    except KeyboardInterrupt:
        way = f"stopped before anything was kept; begin again with: {shlex.join(again or [])}"
        return _said(way if again else "interrupted.", 130)


def _said(sentence: object, code: int) -> int:
    tell(sentence)
    return code
