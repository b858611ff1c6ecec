"""Data to train on, and the data of a run, opened as the run had them."""

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
from brique.workbench.settings import read_settings

UNSUPERVISED_TASKS = tuple(name for name, task in TASKS.items() if not task.needs_target)
"""Tasks that need no target."""


def open_training_data(
    source: str | Path,
    options: Options,
    verb: str,
    *,
    pictures_only: bool = False,
    task: str | None = None,
) -> tuple[Data, Options]:
    """Open data that a net can be trained on; return them with the options that open them so.

    verb: of the command line, for messages.
    pictures_only: whether pictures must be the only input: other columns of a table are then left
        out, and the options name each.
    task: one of UNSUPERVISED_TASKS, or None.
    Raises DataError for data that no net is trained on.
    """
    dataset = data.open(source, options)
    if (added := languages.translation_options(dataset, options)) != options:
        dataset, options = data.open(source, added), added
    choose_task(dataset, verb, task)
    other_inputs = [
        name for name in dataset.schema.inputs if not isinstance(dataset.schema[name], Picture)
    ]
    if not pictures_only or not other_inputs:
        return dataset, options
    options = options.without(other_inputs)
    return data.open(source, options), options


def choose_task(dataset: Data, verb: str, task: str | None = None) -> tuple[Task, str]:
    """Return the task and the training file for data, by their targets and inputs.

    task: one of UNSUPERVISED_TASKS, which use no targets. Raises DataError where none fits.
    """
    schema = dataset.schema
    if task is not None:
        _check_pictures(dataset, verb, task)
        return TASKS[task], str(TASKS[task].training_file(schema))
    _check_target(dataset, verb)
    for candidate in TASKS.values():
        if candidate.needs_target and (name := candidate.training_file(schema)) is not None:
            return candidate, name
    contents = ", ".join(f"{name} ({field.kind})" for name, field in schema.fields.items())
    raise DataError(
        f"{dataset.name}: {verb} has no net yet that answers with"
        f" {', '.join(schema[name].kind for name in schema.targets)}; these hold {contents}: choose"
        " another target, or write a recipe of your own"
    )


def _check_pictures(dataset: Data, verb: str, task: str) -> None:
    """Raise DataError unless there are pictures to train on and to evaluate on."""
    inputs = [dataset.schema[name] for name in dataset.schema.inputs]
    if not any(isinstance(field, Picture) for field in inputs):
        contents = ", ".join(
            f"{name} ({field.kind})" for name, field in dataset.schema.fields.items()
        )
        raise DataError(
            f"{dataset.name}: {verb} --task {task} takes pictures, and these hold {contents}; leave"
            " the task out, or name pictures"
        )
    _check_test(dataset)


def _check_target(dataset: Data, verb: str) -> None:
    """Raise DataError unless there are targets, and examples to evaluate on."""
    schema = dataset.schema
    if not schema.targets and all(isinstance(one, Picture) for one in schema.fields.values()):
        raise DataError(
            f"{dataset.name}: {verb} must know what the pictures show; put each into the folder of"
            " its class, or say --task reconstruct to learn what they have in common"
        )
    if not schema.targets:
        candidates = [
            n for n, field in schema.fields.items() if isinstance(field, Category | Number)
        ]
        suggestion = f"; likely are {', '.join(candidates[-4:])}" if candidates else ""
        raise DataError(
            f"{dataset.name}: {verb} must know what to predict, and no target is named; say it with"
            f" --target{suggestion}"
        )
    for name in schema.targets:
        field = schema[name]
        if isinstance(field, Category) and len(field.names) < 2:
            raise DataError(
                f"{dataset.name}: '{name}' has one class only ('{field.restore(0)}'); a net needs"
                " at least two to tell apart."
            )
        if isinstance(field, Category) and 2 * len(field.names) > len(dataset.train) > 4:
            raise DataError(
                f"{dataset.name}: '{name}' has {len(field.names):,} classes for"
                f" {len(dataset.train):,} training examples; a net needs several of each: choose"
                f" another target, or {_class_remedy(name, field)}"
            )
    _check_test(dataset)


def _class_remedy(name: str, field: Category) -> str:
    """Return what may be done with a target of nearly as many classes as examples."""
    try:
        numbers = [float(one) for one in field.names if one != MISSING]
    except ValueError:
        return "give classes that are alike one name with --rename 'OLD=NEW'"
    return f"take its {len(numbers):,} values as numbers: --types '{name}=number'"


def _check_test(dataset: Data) -> None:
    if not len(dataset.test):
        count = len(dataset.train) + len(dataset.valid)
        raise DataError(
            f"{dataset.name}: {count} examples are too few to hold any out for a test; add some, at"
            " least three a class."
        )


def open_run_data(source: str, settings: Mapping[str, Any], schema: Schema | None) -> Data:
    """Return the data of a run as the run had them.

    source, settings: from its record. schema: of its model, if there is one.
    Raises DataError where the data cannot be opened or cut so any more.
    """
    options = run_options(settings)
    if not source.startswith("world:"):  # whose pictures have one size
        options = model_shape_options(options, schema)
    return data.open(source, options)


def run_options(settings: Mapping[str, Any]) -> Options:
    """Return the options that a run's data were opened with. Raises DataError, RunError."""
    stored = settings.get("options")
    if stored and not isinstance(stored, Mapping):
        raise DataError(
            f"run.json: expected settings.options such as {{'size': 64}}, got {stored};"
            " restore the file."
        )
    if not stored:
        return Options()
    return Options(**read_settings(cast("Mapping[str, Any]", stored), Options, "run.json"))


def model_shape_options(options: Options, schema: Schema | None, *, exact: bool = False) -> Options:
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
    targets = [] if schema is None else [schema[name] for name in schema.targets]
    if exact or len(targets) > 1 or any(isinstance(goal, Mask | Boxes) for goal in targets):
        size = (height, width)  # what lies in a picture is brought to its size with it
    return options.with_shape(size, channels)
