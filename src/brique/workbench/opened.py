"""The data that a verb asks for, and those of a run, opened as the run had them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from brique import data
from brique.data import Data
from brique.errors import DataError
from brique.options import Options
from brique.schema import MISSING, Boxes, Category, Mask, Number, Picture, Schema
from brique.tasks.record import Task
from brique.tasks.table import TASKS
from brique.workbench import languages
from brique.workbench.stored import read_settings

FREE = tuple(name for name, task in TASKS.items() if not task.needs_target)
"""Tasks that the data do not say: they need no target."""


def opened(
    source: str | Path,
    options: Options,
    verb: str,
    *,
    alone: bool = False,
    task: str | None = None,
) -> tuple[Data, Options]:
    """Open data that a net can be trained on; return them with the options that open them so.

    verb: that asks for them, for sentences.
    alone: whether pictures must be the only input: what a table has beside them is then left out,
        and the options say it of each column.
    task: one of FREE, if it is asked for.
    Raises DataError for data that no net is trained on.
    """
    found = data.open(source, options)
    if (more := languages.chosen(found, options)) != options:
        found, options = data.open(source, more), more
    fitting(found, verb, task)
    rest = [name for name in found.schema.inputs if not isinstance(found.schema[name], Picture)]
    if not alone or not rest:
        return found, options
    options = options.without(rest)
    return data.open(source, options), options


def fitting(found: Data, verb: str, task: str | None = None) -> tuple[Task, str]:
    """Return the task and the training file for data, by their targets and inputs.

    task: one of FREE, for which targets do not count. Raises DataError where none fits.
    """
    schema = found.schema
    if task is not None:
        _check_free(found, verb, task)
        return TASKS[task], str(TASKS[task].training(schema))
    _check_target(found, verb)
    for one in TASKS.values():
        if one.needs_target and (name := one.training(schema)) is not None:
            return one, name
    held = ", ".join(f"{name} ({field.kind})" for name, field in schema.fields.items())
    raise DataError(
        f"{found.name}: {verb} has no net yet that answers with"
        f" {', '.join(schema[name].kind for name in schema.targets)}; these hold {held}: choose"
        " another target, or write a recipe of your own"
    )


def _check_free(found: Data, verb: str, task: str) -> None:
    """Raise DataError unless there are pictures to learn from, and some to judge on."""
    inputs = [found.schema[name] for name in found.schema.inputs]
    if not any(isinstance(one, Picture) for one in inputs):
        held = ", ".join(f"{name} ({one.kind})" for name, one in found.schema.fields.items())
        raise DataError(
            f"{found.name}: {verb} --task {task} takes pictures, and these hold {held}; leave the"
            " task out, or name pictures"
        )
    _check_test(found)


def _check_target(found: Data, verb: str) -> None:
    """Raise DataError unless there is something to learn, and something to judge it on."""
    schema = found.schema
    if not schema.targets and all(isinstance(one, Picture) for one in schema.fields.values()):
        raise DataError(
            f"{found.name}: {verb} must know what the pictures show; put each into the folder of"
            " its class, or say --task reconstruct to learn what they have in common"
        )
    if not schema.targets:
        likely = [n for n, field in schema.fields.items() if isinstance(field, Category | Number)]
        named = f"; likely are {', '.join(likely[-4:])}" if likely else ""
        raise DataError(
            f"{found.name}: {verb} must know what to predict, and no target is named; say it with"
            f" --target{named}"
        )
    for name in schema.targets:
        field = schema[name]
        if isinstance(field, Category) and len(field.names) < 2:
            raise DataError(
                f"{found.name}: '{name}' has one class only ('{field.restore(0)}'); a net needs at"
                " least two to tell apart."
            )
        if isinstance(field, Category) and 2 * len(field.names) > len(found.train) > 4:
            raise DataError(
                f"{found.name}: '{name}' has {len(field.names):,} classes for"
                f" {len(found.train):,} training examples; a net needs several of each: choose"
                f" another target, or {_instead_of_classes(name, field)}"
            )
    _check_test(found)


def _instead_of_classes(name: str, field: Category) -> str:
    """Return what may be done with a target of nearly as many classes as examples."""
    try:
        known = [float(one) for one in field.names if one != MISSING]
    except ValueError:
        return "give classes that are alike one name with --rename 'OLD=NEW'"
    return f"take its {len(known):,} values as numbers: --types '{name}=number'"


def _check_test(found: Data) -> None:
    if not len(found.test):
        raise DataError(
            f"{found.name}: {len(found.train) + len(found.valid)} examples are too few to hold any"
            " out for a test; add some, at least three a class."
        )


def of_run(source: str, settings: Mapping[str, Any], schema: Schema | None) -> Data:
    """Return the data of a run as the run had them.

    source, settings: from its record. schema: of its model, if there is one.
    Raises DataError where the data cannot be opened or cut so any more.
    """
    options = run_options(settings)
    if not source.startswith("world:"):  # whose pictures have one size
        options = as_taken(options, schema)
    return data.open(source, options)


def run_options(settings: Mapping[str, Any]) -> Options:
    """Return the options that a run's data were opened with. Raises DataError, RunError."""
    stored = settings.get("options")
    if not isinstance(stored, Mapping):
        return Options()
    return Options(**read_settings(cast("Mapping[str, Any]", stored), Options, "run.json"))


def as_taken(options: Options, schema: Schema | None, *, exact: bool = False) -> Options:
    """Return options with the size and channels of pictures that a model takes, unless given.

    Of a series with the lengths of its past and of its forecast.

    exact: whether they must be of that size also where it is no square.
    """
    field = None if schema is None else schema[schema.inputs[0]]
    if schema is not None and isinstance(field, Number) and options.kind == "series":
        length, horizon = field.shape[0], schema[schema.target].shape[0]
        return options.replace(length=options.length or length, horizon=options.horizon or horizon)
    if not isinstance(field, Picture):
        return options
    channels, height, width = field.shape
    size = height if height == width else None
    goals = [] if schema is None else [schema[name] for name in schema.targets]
    if exact or len(goals) > 1 or any(isinstance(goal, Mask | Boxes) for goal in goals):
        size = (height, width)  # what lies in a picture is brought to its size with it
    return options.with_shape(size, channels)
