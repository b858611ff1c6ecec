"""New data opened with the fields of a run's model, for evaluation."""

from pathlib import Path

from brique import data
from brique.data import Data
from brique.data.dataset import for_evaluation
from brique.data.raw.source import PARTS
from brique.errors import DataError, UsageError, did_you_mean
from brique.options import Options
from brique.schema import Category, Field, Number, Picture, Schema, Text, Timestamp
from brique.workbench.training_data import model_shape_options

_INHERITED = ("kind", "header", "names", "length", "horizon")  # of the run's options, where unsaid
_INHERITED_BY_SERIES = ("target", "time", "group", "types")  # and these, of a series
_SPLIT_OPTIONS = ("test", "time", "fold")  # options that say which part is for test
_KINDS: dict[type, str] = {
    Category: "category",
    Number: "number",
    Timestamp: "timestamp",
    Text: "text",
    Picture: "picture",
}
_PART_NAMES = ("all", *PARTS)


def open_new_data(
    source: str | Path, options: Options, recorded: Options, schema: Schema, *, ignore_targets: bool
) -> Data:
    """Return all examples of a source as a model's schema has them; notes say what was changed.

    options: that a person gave. own: of the run. free: whether the task needs no target.
    Raises DataError where they cannot be read as such.
    """
    dataset, options = _open_inherited(
        source, options.replace(fold=None, selection=None), recorded, schema
    )
    if not ignore_targets and options.target is None:
        dataset, options = _open_targets(dataset, source, options, recorded, schema)
    if types := _column_types(dataset, options, schema, ignore_targets=ignore_targets):
        options = options.replace(types=types | dict(options.types or {}))
        dataset = _open(source, options, schema)
    aligned = data.align_schema(dataset, schema, recorded.rename, ignore_targets=ignore_targets)
    return aligned if not (note := _scale_note(dataset, schema)) else _with_note(aligned, note)


def choose_part(part: str | None, options: Options) -> str:
    """Return the part to evaluate; by default, all. Raises UsageError."""
    if part is not None and part not in _PART_NAMES:
        hint = did_you_mean(part, _PART_NAMES) or "; choose one"
        raise UsageError(
            f"evaluate: --part must be one of {', '.join(_PART_NAMES)}, not '{part}'{hint}"
        )
    return part or ("test" if any(name in options.given() for name in _SPLIT_OPTIONS) else "all")


def select_part(
    dataset: Data, part: str, fold: tuple[int, int] | None, training_data: Data | None
) -> Data:
    """Return the data with the part to evaluate as test. Raises DataError if it is empty."""
    selected = for_evaluation(dataset, part, fold, training_data)
    if not len(selected.test):
        assert dataset.source is not None
        counts = describe_parts(dataset)
        raise DataError(
            f"{dataset.name}: its part '{part}' is empty ({counts}); leave --part out to"
            " evaluate all"
        )
    return selected


def describe_parts(dataset: Data) -> str:
    """Return how many examples the parts have that a source says, in words; "" if it says none."""
    assert dataset.source is not None
    part = dataset.source.part
    if part is None:
        return ""
    counts = [(name, int((part == index).sum())) for index, name in enumerate(PARTS)]
    return ", ".join(f"{name} {count:,}" for name, count in counts if count)


def _open_inherited(
    source: str | Path, open_options: Options, recorded: Options, schema: Schema
) -> tuple[Data, Options]:
    """Open with the run's options that are not of its files alone; without them where that fails.

    Returns the data and the options that opened them.
    """
    inherited = _INHERITED + (_INHERITED_BY_SERIES if recorded.kind == "series" else ())
    taken = {name: value for name, value in recorded.given().items() if name in inherited}
    merged = open_options.replace(**(taken | open_options.given()))
    try:
        return _open(source, merged, schema), merged
    except DataError:
        if merged == open_options:
            raise
    return _open(source, open_options, schema), open_options


def _open(source: str | Path, options: Options, schema: Schema) -> Data:
    """Open all of a source, pictures as a model takes them, unless it has none."""
    model_options = model_shape_options(options, schema, exact=True)
    if model_options == options or str(source).startswith("world:"):
        return data.open(source, options, whole=True)
    try:
        return data.open(source, model_options, whole=True)
    except DataError as error:
        try:
            dataset = data.open(source, options, whole=True)
        except DataError:
            raise error from None
    if any(isinstance(dataset.schema[name], Picture) for name in dataset.schema.inputs):
        data.open(source, model_options, whole=True)  # raises
    return dataset


def _open_targets(
    dataset: Data, source: str | Path, open_options: Options, recorded: Options, schema: Schema
) -> tuple[Data, Options]:
    """Open data again with the targets that the model answers, where they ask for others."""
    if dataset.schema.targets == schema.targets:
        return dataset, open_options
    options = open_options
    if all(name in dataset.schema for name in schema.targets):
        options = open_options.replace(target=",".join(schema.targets))
    elif recorded.target is not None:
        types = {name: kind for name, kind in (recorded.types or {}).items() if kind == "labels"}
        types |= open_options.types or {}
        options = open_options.replace(target=recorded.target, types=types or None)
    else:
        return dataset, open_options
    try:
        return _open(source, options, schema), options
    except DataError:
        return dataset, open_options  # whose targets are then compared


def _column_types(
    dataset: Data, options: Options, schema: Schema, *, ignore_targets: bool
) -> dict[str, str]:
    """Return the kinds of columns that are guessed otherwise than the model has them."""
    explicit = options.types or {}
    names = schema.inputs if ignore_targets else schema.fields
    return {
        name: _KINDS[type(schema[name])]
        for name in names
        if name in dataset.schema
        and name not in explicit
        and _is_column_kind(schema[name])
        and _is_column_kind(dataset.schema[name])
        and type(dataset.schema[name]) is not type(schema[name])
    }


def _is_column_kind(kind: Field) -> bool:
    """Tell whether a kind is what a column of a table may hold."""
    return type(kind) in _KINDS and (not isinstance(kind, Number) or kind.shape == ())


def _scale_note(dataset: Data, schema: Schema) -> str:
    """Say of pictures that they are brought to another size."""
    fields = [schema[name] for name in schema.inputs if isinstance(schema[name], Picture)]
    assert dataset.source is not None
    infos = dataset.source.image_metadata.infos if dataset.source.image_metadata else []
    sizes = {(info.width, info.height) for info in infos}
    if not fields or not sizes or sizes == {fields[0].shape[:0:-1]}:
        return ""
    (width, height), (model_width, model_height) = next(iter(sizes)), fields[0].shape[:0:-1]
    sizes_text = f"of {width} x {height} pixels" if len(sizes) == 1 else f"of {len(sizes):,} sizes"
    model_size = f"{model_width} x {model_height}, the model's input size"
    return f"{dataset.name}: pictures {sizes_text} are resized to {model_size}."


def _with_note(dataset: Data, note: str) -> Data:
    from dataclasses import replace

    return replace(dataset, notes=(*dataset.notes, note))
