"""A recipe as a command: each field of its Args is a flag."""

import dataclasses
import inspect
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any, get_origin, get_type_hints

from cyclopts import Group, Parameter

from brique import catalog
from brique.cli.options import DataFlags, chosen
from brique.cli.output import print_json, print_numbers, results_only
from brique.cli.parse import call, convert_number, is_number
from brique.console import echo
from brique.errors import DataError, UsageError, did_you_mean
from brique.options import Options

RUN = Group("Run", sort_key=3)
RESERVED = ("out", "quick", "json", "device", "exact", "help")
"""Flags of every recipe; fields of Args must not use these names."""

Main = Callable[[Any], Mapping[str, float] | None]


def run_recipe(name: str, arguments: Sequence[str]) -> int:
    """Run the installed recipe of that name with the flags in `arguments`; return the exit code."""
    if name.startswith("-"):
        raise UsageError(
            f"run: expected the name of a recipe, not '{name}'; put flags after it, as in"
            " 'brique run lenet5 --quick'."
        )
    module = catalog.load(name)
    return run_module(module, module.Args, module.main, arguments)


def run_module(module: ModuleType, args_class: type, main: Main, arguments: Sequence[str]) -> int:
    """Run a recipe's `main` with the flags in `arguments`; return the exit code.

    module: of the recipe; its QUICK overrides the defaults with `--quick`.
    Raises UsageError on unknown flags and on an invalid Args.
    """
    path = Path(inspect.getfile(module)).resolve()
    recipe, _ = catalog.identify(path)
    quick = vars(module).get("QUICK", {})
    _check(args_class, quick, path.stem)
    defaults = quick if "--quick" in arguments else {}
    options_by_field = _options(args_class)
    name = f"brique run {recipe}" if recipe else f"python {path.name}"

    def play(**values: Any) -> int:  # noqa: ANN401 - values of any field
        from brique.run import Launch, launched

        as_json = values.pop("json")
        for field, options in options_by_field.items():
            values[field] = chosen(values[field], options)
        common = {flag: values.pop(flag) for flag in ("out", "quick", "device", "exact")}
        launch = Launch(**common, command=shlex.join([*name.split(), *arguments]))
        with launched(launch) as run, results_only(as_json), _suggest_built_in(args_class, values):
            numbers = dict(main(args_class(**values)) or {})
        _print_result(run.folder, numbers, as_json=as_json)
        return 0

    summary = (module.__doc__ or "").partition("\n")[0]
    play.__doc__ = summary
    parameters = [*_recipe_parameters(args_class, defaults, path), *_common_parameters()]
    play.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return call(play, name, arguments)


@contextmanager
def _suggest_built_in(args_class: type, values: Mapping[str, object]) -> Iterator[None]:
    """Add to an error about `--data` that the built-in data are available."""
    try:
        yield
    except DataError as error:
        built_in = vars(args_class).get("data")
        if built_in is None or values["data"] == built_in:
            raise
        conjunction = " Or" if str(error).endswith("?") else ", or"
        raise DataError(
            f"{error}{conjunction} leave --data out for '{built_in}', built in"
        ) from error


def _print_result(folder: Path | None, numbers: Mapping[str, float], *, as_json: bool) -> None:
    """Print the last numbers and, if there is a run, its folder."""
    if as_json:
        print_json({"run": None if folder is None else str(folder), "numbers": numbers})
        return
    print_numbers(numbers)
    if folder is not None:
        echo(folder)


def _check(args_class: type, quick: Mapping[str, object], name: str) -> None:
    """Raise UsageError on an invalid Args, or a QUICK with fields that Args lacks."""
    if not dataclasses.is_dataclass(args_class):
        raise UsageError(f"{name}: Args must be a dataclass; put @dataclass(frozen=True) above it.")
    fields = [field.name for field in dataclasses.fields(args_class)]
    for reserved in (field for field in fields if field in RESERVED):
        flags = ", ".join(f"--{flag}" for flag in RESERVED)
        raise UsageError(
            f"{name}: the field '{reserved}' of Args would be the flag --{reserved}, which every"
            f" recipe has ({flags}); rename the field."
        )
    for unknown in (key for key in quick if key not in fields):
        hint = did_you_mean(unknown, fields) or "; remove it."
        raise UsageError(f"{name}: QUICK sets '{unknown}', which Args does not have{hint}")


def _recipe_parameters(
    args_class: type, defaults: Mapping[str, object], path: Path
) -> list[inspect.Parameter]:
    annotations = get_type_hints(args_class, include_extras=True)
    source = path.read_text(encoding="utf-8") if path.is_file() else ""
    help_texts = {setting.name: setting.description for setting in catalog.settings(source)}
    return [
        inspect.Parameter(
            field.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=None
            if annotations[field.name] is Options
            else defaults.get(field.name, _default(field)),
            annotation=Annotated[DataFlags | None, Parameter(name="*")]
            if annotations[field.name] is Options
            else _flag_annotation(annotations[field.name], help_texts.get(field.name, "")),
        )
        for field in dataclasses.fields(args_class)
    ]


def _options(args_class: type) -> dict[str, Options]:
    """Return the fields of an Args that are options of data, with their defaults."""
    pairs = {field.name: _default(field) for field in dataclasses.fields(args_class)}
    return {name: value for name, value in pairs.items() if isinstance(value, Options)}


def _default(field: "dataclasses.Field[Any]") -> object:
    if field.default is not dataclasses.MISSING:
        return field.default
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return inspect.Parameter.empty


def _flag_annotation(annotation: object, help_text: str) -> object:
    """Annotate the type of a field with its help and number converter."""
    if is_number(annotation):
        is_tuple = get_origin(annotation) is tuple
        parameter = Parameter(
            help=help_text,
            converter=convert_number,
            consume_multiple=is_tuple,
            negative_iterable=(),
        )
        return Annotated[annotation, parameter]
    return Annotated[annotation, Parameter(help=help_text)]


def _common_parameters() -> list[inspect.Parameter]:
    flags: list[tuple[str, object, object, str]] = [
        ("out", Path | None, None, "Output folder of the run; by default, a new one in runs/."),
        ("quick", bool, False, "Short run with smaller default settings."),
        ("json", bool, False, "Print the result as one line of JSON."),
        (
            "device",
            str | None,
            None,
            "Device: cpu, cuda or mps; by default, the fastest available.",
        ),
        ("exact", bool, False, "Deterministic, bit-identical results; may be slower."),
    ]
    return [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=default,
            annotation=Annotated[
                annotation, Parameter(help=help_text, negative=(), show_default=False, group=RUN)
            ],
        )
        for name, annotation, default, help_text in flags
    ]
