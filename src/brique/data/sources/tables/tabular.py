"""Tables: .csv, .tsv, .data, .parquet, .jsonl, each also .gz; their columns are the fields.

A folder of pictures with a table that names them opens as that table.
"""

from collections.abc import Collection
from typing import Any

import numpy as np
import torch

from brique.data.files.place import Place, relative
from brique.data.raw.column import Column, Labels, Numbers, Texts
from brique.data.raw.digests import content_digest
from brique.data.raw.source import NO_TARGET, Source
from brique.data.sources.columns.codes import Codes, TimestampColumn, row_digests
from brique.data.sources.columns.guess import guess_kind
from brique.data.sources.columns.number_checks import check_numbers
from brique.data.sources.columns.timestamps import (
    check_timestamps,
    parse_timestamps,
    written_patterns,
)
from brique.data.sources.decoding import DecodedPictures, decode
from brique.data.sources.layout.text_files import format_names
from brique.data.sources.manifests import table_selection
from brique.data.sources.table_files.any_format import may_be_table
from brique.data.sources.tables import kind_suggestions, multi_label, picture_columns
from brique.data.sources.tables.column_kinds import read_column
from brique.data.sources.tables.frame import (
    Frame,
    choose_test,
    read_frame,
    use_split_column,
    warn_of_split_columns,
)
from brique.data.sources.tables.missing_values import keep_literal_values, missing_value_findings
from brique.data.sources.tables.timeline import find_row_times
from brique.errors import DataError
from brique.options import Options
from brique.schema.messages import alternatives
from brique.schema.timestamp_patterns import SECOND

KIND: str = "table"
USES: frozenset[str] = frozenset(
    ("target", "header", "test", "size", "channels", "types", "rename", "group", "time", "unit")
) | {"lower", "decimal", "sheet"}
KINDS = ("number", "category", "timestamp", "text", "picture", "labels", "leave")
_TARGET_NAMES = ("label", "target", "class", "y")
_DOCUMENT_ENDINGS = (".txt", ".md", ".names", ".pdf", ".rst", ".html")  # beside a table
_MAX_NAMES = 16  # columns that a note names
_KIND_WORDS: dict[type, str] = {
    Numbers: "numbers", Codes: "classes", Labels: "classes", Texts: "texts",
    TimestampColumn: "timestamps", multi_label.BinaryLabels: "labels",
}  # fmt: skip


def fits(place: Place) -> bool:
    """Tell whether a place is a table, or a folder of one, or of one for each part."""
    if not place.is_dir():
        return may_be_table(place)
    selection = table_selection.select_tables(place)
    if selection.pictures:
        return True
    if not selection.tables or not selection.is_clear:
        return False
    return all(
        entry.is_file() and entry.name.casefold().endswith(_DOCUMENT_ENDINGS)
        for entry in table_selection.other_entries(place)
    )


def read(name: str, place: Place, options: Options) -> Source:
    """Return the rows of a table, or of one for each part, as examples.

    Raises DataError if the file is not a table, or an option names an unknown column.
    """
    frame = read_frame(name, place, options)
    targets = _targets(frame, options)
    types = _types(frame, options, targets)
    for key in frame.columns:
        keep_literal_values(frame, key, types.get(key), options, is_target=key in targets)
    use_split_column(frame, {*types, *targets})
    picture_columns.set_parts_from_folders(frame)
    choose_test(frame, options, targets)
    warn_of_split_columns(frame, {*types, *targets})
    for target in (target_name for target_name in targets if types.get(target_name) != "labels"):
        _drop_without_target(frame, target, types.get(target))
    pictures = _decode_pictures(frame, types, options, targets)
    by_name = options.target is not None or any(
        target_name.casefold() in _TARGET_NAMES for target_name in targets
    )
    picture_columns.compare_folders(
        frame, targets, options, has_named_target=by_name or frame.inferred_target is not None
    )
    groups = None if options.group is None else _group_numbers(frame, options.group)
    if groups is None and options.time is None and pictures:
        groups = picture_columns.picture_groups(frame, next(iter(pictures)))
    times = None if options.time is None else _row_times(frame, options.time)
    source = Source(name, {}, {}, targets)
    _read_fields(source, frame, types, pictures, options)
    _check_renamed(frame, options)
    is_random = frame.part is None and groups is None and times is None
    _add_suggestions(source, frame, types, is_random=is_random)
    _note_kinds(source, frame)
    _set_row_info(source, frame, pictures)
    source.groups, source.times = groups, times
    return source


def _read_fields(
    source: Source,
    frame: Frame,
    types: dict[str, str],
    pictures: dict[str, DecodedPictures],
    options: Options,
) -> None:
    """Set the fields: each column as its kind, pictures decoded, one target per label."""
    fields: dict[str, Any] = {}
    targets = source.targets
    for key in [key for key in frame.columns if types.get(key) != "leave"]:
        if key in pictures:
            fields[key] = pictures[key].pixels
            source.kinds[key] = pictures[key].kind
            continue
        if types.get(key) == "labels":
            fields |= (label_columns := multi_label.label_columns(frame, key))
            source.targets = tuple(
                name
                for target_name in source.targets
                for name in (label_columns if target_name == key else [target_name])
            )
            continue
        column = read_column(frame, key, types.get(key), options, key in targets)
        if column is not None:
            fields[key] = column
    source.fields = fields


def _set_row_info(source: Source, frame: Frame, pictures: dict[str, DecodedPictures]) -> None:
    """Set the metadata of the rows."""
    inputs = {key: value for key, value in source.fields.items() if key not in source.targets}
    if not inputs:
        raise DataError(
            f"{source.name}: expected at least one column beside the target, got none; check the"
            " delimiter, and the columns that are left out"
        )
    source.part = None if frame.part is None else torch.from_numpy(frame.part)
    columns = {key: value for key, value in inputs.items() if isinstance(value, Column)}
    source.digests = row_digests(columns) if columns else np.zeros(len(source), np.uint64)
    for decoded in pictures.values():
        source.digests = source.digests * np.uint64(0x9E3779B97F4A7C15) ^ decoded.digests
    if len(pictures) == 1:
        source.image_metadata = next(iter(pictures.values())).image_metadata
    source.skipped, source.names = frame.skipped, frame.row_names
    source.findings, source.notes = frame.findings, frame.notes


def _targets(frame: Frame, options: Options) -> tuple[str, ...]:
    """Return the columns to predict: by the options, or the only likely one.

    Several names are separated by ",", unless a column has that name.
    """
    if options.target is not None:
        is_one = options.target in frame.columns or "," not in options.target
        names = [options.target] if is_one else options.target.split(",")
        return tuple(
            dict.fromkeys(frame.resolve_column(column.strip(), "target") for column in names)
        )
    if frame.inferred_target is not None:
        return (frame.resolve_column(frame.inferred_target, "target"),)
    by_name = [
        name
        for target_name in _TARGET_NAMES
        for name in frame.columns
        if name.casefold() == target_name
    ]
    candidates = [name for name in by_name if name not in frame.picture_columns]
    if not candidates and (marked := picture_columns.indicator_targets(frame)):
        return marked
    others = [name for name in frame.columns if name not in frame.picture_columns]
    last_name = ([name for name in others if name.casefold() != "split"] or list(frame.columns))[-1]
    kind = guess_kind(frame.raw_column(last_name), is_target=True)
    likely = kind == "category" or (kind == "number" and not frame.has_header)
    choice = (
        candidates[0] if candidates else last_name if likely and len(frame.columns) > 1 else None
    )
    frame.notes.append(
        f"{frame.name}: the target is column '{choice}',"
        f" {'by its name' if candidates else 'the last'};"
        " --target chooses another."
        if choice
        else f"{frame.name}: has no target, as no column is named {', '.join(_TARGET_NAMES)};"
        " --target chooses one."
    )
    return (choice,) if choice else ()


def _types(frame: Frame, options: Options, targets: tuple[str, ...]) -> dict[str, str]:
    """Return the kinds by --types, by column, and of targets that list labels.

    The column of groups is not an input by default: all groups are new in test.
    Raises DataError for unknown kinds and columns.
    """
    types: dict[str, str] = {}
    for column, kind in (options.types or {}).items():
        name = frame.resolve_column(column, "types")
        if kind not in KINDS:
            raise DataError(
                f"{frame.name}: types: no kind '{kind}' for column"
                f" '{column}'{alternatives(kind, KINDS)}"
            )
        if name in targets and kind == "leave":
            raise DataError(f"{frame.name}: column '{name}' is the target; do not leave it out")
        if kind == "labels" and name not in targets:
            raise DataError(
                f"{frame.name}: types: '{name}' is not a target, and only targets are read as"
                " labels;"
                f" name it with --target, or say --types '{name}=text'"
            )
        types[name] = kind
    group = None if options.group is None else frame.resolve_column(options.group, "group")
    if group is not None and group not in (*types, *targets):
        types[group] = "leave"
        frame.notes.append(
            f"{frame.name}: '{group}' names groups, each in one part, so it is not an"
            f" input; --types '{group}=category' makes it one."
        )
    untyped = (name for name in targets if name not in types)
    return types | {
        name: "labels" for name in untyped if multi_label.is_label_list(frame.raw_column(name))
    }


def _drop_without_target(frame: Frame, target: str, explicit_kind: str | None) -> None:
    """Drop the rows without a target, or with words in a numeric target."""
    column = frame.raw_column(target)
    is_known, kind = column.is_known.copy(), explicit_kind or guess_kind(column, is_target=True)
    if not is_known.any():
        raise DataError(f"{frame.name}: column '{target}' is empty; choose another target")
    frame.findings += missing_value_findings(frame, target, kind, is_target=True)
    if kind == "number":
        number_findings = check_numbers(
            column, is_explicit=explicit_kind is not None, is_target=True
        )[1]
        frame.findings += [finding for finding in number_findings if finding.kind == "mixed types"]
        is_known &= ~np.isnan(column.numbers.values)
    missing_rows = np.flatnonzero(~is_known).tolist()
    if missing_rows:
        rows = "1 row has" if len(missing_rows) == 1 else f"{len(missing_rows):,} rows have"
        frame.notes.append(f"{frame.name}: {rows} no '{target}' and are left out.")
        frame.skipped += [(frame.row_names[row], f"{NO_TARGET}{target}") for row in missing_rows]
        frame.keep_rows(is_known)


def _decode_pictures(
    frame: Frame, types: dict[str, str], options: Options, targets: Collection[str]
) -> dict[str, DecodedPictures]:
    """Return the pictures that columns name; rows with unreadable pictures are dropped."""
    names = [
        key
        for key in frame.columns
        if key in frame.picture_columns
        and types.get(key, "picture") == "picture"
        and key not in targets
    ]
    decoded_columns: dict[str, DecodedPictures] = {}
    for key in names:
        files = [frame.root / cell for cell in frame.raw_column(key).texts()]
        if key == names[0]:
            picture_columns.report_unnamed(frame, files)
        decoded = decode(
            files, frame.root, frame.name, size=options.size, channels=options.channels
        )
        frame.skipped += decoded.skipped
        frame.notes += decoded.notes
        if key == names[0]:
            frame.row_names = [relative(file, frame.root) for file in files]
        is_kept = np.zeros(len(files), bool)
        is_kept[decoded.indices] = True
        frame.keep_rows(is_kept)
        decoded_columns = {
            other: earlier.select(decoded.indices) for other, earlier in decoded_columns.items()
        } | {key: decoded}
    if not names and ({"size", "channels"} & options.given().keys()):
        raise DataError(
            f"{frame.name}: --size and --channels are for pictures, and no column names any; leave"
            " them out, or say --types 'COLUMN=picture'"
        )
    return decoded_columns


def _group_numbers(frame: Frame, column: str) -> np.ndarray:
    """Return a number for the group of each row; a row without a group is its own group."""
    coded = frame.raw_column(frame.resolve_column(column, "group")).codes()
    numbers = [content_digest(name.encode()) >> 1 for name in coded.names]
    groups = np.array([*numbers, 0], np.int64)[coded.codes]
    ungrouped = np.flatnonzero(coded.codes < 0)
    groups[ungrouped] = [content_digest(f"row {row}".encode()) >> 1 for row in ungrouped.tolist()]
    return groups


def _row_times(frame: Frame, columns: str) -> np.ndarray:
    """Return the time of each row: seconds since 1970, or the numbers of the column."""
    if "," in columns and columns not in frame.columns:
        names = [frame.resolve_column(column.strip(), "time") for column in columns.split(",")]
        row_times = find_row_times(
            {column: frame.raw_column(column) for column in names}, ",".join(names), frame.name
        )
        return np.where(row_times.is_known, row_times.micros / SECOND, np.nan)
    raw_column = frame.raw_column(frame.resolve_column(columns, "time"))
    kind = guess_kind(raw_column)
    if kind == "timestamp":
        check_timestamps(raw_column, is_explicit=True)
        row_times = parse_timestamps(raw_column, written_patterns(raw_column)[0])
        return np.where(row_times.is_known, row_times.micros / SECOND, np.nan)
    if kind == "number":
        return check_numbers(raw_column, is_explicit=False, is_target=True)[0].values
    raise DataError(
        f"{frame.name}: time: column '{raw_column.name}' holds neither timestamps nor numbers, but"
        f" '{raw_column.sample[0] if raw_column.sample else ''}'; choose another"
    )


def _check_renamed(frame: Frame, options: Options) -> None:
    for name in options.rename or {}:
        if name not in frame.classes:
            raise DataError(
                f"{frame.name}: rename: no class"
                f" '{name}'{alternatives(name, sorted(frame.classes))}"
            )


def _add_suggestions(
    source: Source, frame: Frame, types: dict[str, str], *, is_random: bool
) -> None:
    """Add findings on other possible readings of the table.

    is_random: whether the parts are drawn at random.
    """
    target_columns = [source.fields[target] for target in source.targets]
    if target_columns and is_random:
        inputs = {key: column for key, column in source.fields.items() if key not in source.targets}
        are_numbers = all(isinstance(target_column, Numbers) for target_column in target_columns)
        frame.findings += kind_suggestions.time_order_findings(
            inputs, frame.name, has_numeric_targets=are_numbers
        )
    for target, target_column in zip(source.targets, target_columns, strict=True):
        if isinstance(target_column, Labels) and target not in types:
            frame.findings += kind_suggestions.joined_label_findings(frame.raw_column(target))


def _note_kinds(source: Source, frame: Frame) -> None:
    """Add a note on the kind of each column."""
    kinds: dict[str, list[str]] = {}
    for key, value in source.fields.items():
        word = _KIND_WORDS.get(type(value), "pictures")
        kinds.setdefault(word, []).append(key)
    summary = "; ".join(f"{word}: {format_names(keys, _MAX_NAMES)}" for word, keys in kinds.items())
    frame.notes.append(f"{frame.name}: {summary}. --types 'COLUMN=KIND' corrects one.")
