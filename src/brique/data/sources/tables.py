"""Tables: .csv, .tsv, .data, .parquet, .jsonl, each also .gz; their columns are the fields.

A folder of pictures with a table that names them opens as that table.
"""

from collections.abc import Collection
from typing import Any, cast

import numpy as np
import torch

from brique.data.column import Column, Labels, Numbers, Texts
from brique.data.finding import Finding
from brique.data.place import Place, relative
from brique.data.source import UNTOLD, Source
from brique.data.sources import beside, hints, illustrated, labelled, listing
from brique.data.sources.cells import may_be_table
from brique.data.sources.checked import checked_numbers, of_codes
from brique.data.sources.coded import Codes, Moments, row_digests
from brique.data.sources.decoding import Decoded, decode
from brique.data.sources.figures import of_figures
from brique.data.sources.frame import Frame, choose_test, frame_of, obey_split, say_split
from brique.data.sources.guess import Cut, kind_of
from brique.data.sources.marks import keep_words, of_marks
from brique.data.sources.shelf import few
from brique.data.sources.timeline import when
from brique.data.sources.timestamps import checked_moments, stamps, unread, written
from brique.data.splitting import digest
from brique.errors import DataError
from brique.options import Options
from brique.schema.texts import Unit
from brique.schema.words import instead
from brique.schema.written import SECOND

KIND: str = "table"
USES: frozenset[str] = frozenset(
    ("target", "header", "test", "size", "channels", "types", "rename", "group", "time", "unit")
) | {"lower", "decimal", "sheet"}
KINDS = ("number", "category", "moment", "text", "picture", "labels", "leave")
_GOALS = ("label", "target", "class", "y")
_NOTES = (".txt", ".md", ".names", ".pdf", ".rst", ".html")  # beside a table
_SHOWN = 16  # columns that a note names
_WORDS: dict[type, str] = {
    Numbers: "numbers", Codes: "classes", Labels: "classes", Texts: "texts", Moments: "moments",
    labelled.Marks: "labels",
}  # fmt: skip


def fits(place: Place) -> bool:
    """Tell whether a place is a table, or a folder of one, or of one for each part."""
    if not place.is_dir():
        return may_be_table(place)
    found = listing.listing(place)
    if found.pictures:
        return True
    if not found.tables or not found.is_clear:
        return False
    return all(
        entry.is_file() and entry.name.casefold().endswith(_NOTES) for entry in listing.rest(place)
    )


def read(name: str, place: Place, asked: Options) -> Source:
    """Return the rows of a table, or of one for each part, as examples.

    Raises DataError where the file is no table, or an option names what it has not.
    """
    frame = frame_of(name, place, asked)
    targets = _targets(frame, asked)
    types = _types(frame, asked, targets)
    for key in frame.columns:
        keep_words(frame, key, types.get(key), asked, is_target=key in targets)
    obey_split(frame, {*types, *targets})
    beside.obey_folders(frame)
    choose_test(frame, asked, targets)
    say_split(frame, {*types, *targets})
    for target in (one for one in targets if types.get(one) != "labels"):
        _leave_out(frame, target, types.get(target))
    pictures = _pictures(frame, types, asked, targets)
    by_name = asked.target is not None or any(one.casefold() in _GOALS for one in targets)
    beside.compare(frame, targets, asked, by_name=by_name or frame.goal is not None)
    groups = None if asked.group is None else _groups(frame, asked.group)
    if groups is None and asked.time is None and pictures:
        groups = beside.grouped(frame, next(iter(pictures)))
    times = None if asked.time is None else _times(frame, asked.time)
    source = Source(name, {}, {}, targets)
    fields: dict[str, Any] = {}
    for key in [key for key in frame.columns if types.get(key) != "leave"]:
        if key in pictures:
            fields[key] = pictures[key].pixels
            source.kinds[key] = pictures[key].kind
        elif types.get(key) == "labels":
            fields |= (marks := labelled.marks(frame, key))
            source.targets = tuple(
                name for one in source.targets for name in (marks if one == key else [one])
            )
        elif (column := _column(frame, key, types.get(key), asked, key in targets)) is not None:
            fields[key] = column
    source.fields = fields
    _check_renamed(frame, asked)
    is_random = all(one is None for one in (frame.part, groups, times))
    _hint(source, frame, types, is_random=is_random)
    _say(source, frame)
    _finish(source, frame, pictures)
    source.groups, source.times = groups, times
    return source


def _finish(source: Source, frame: Frame, pictures: dict[str, Decoded]) -> None:
    """Put in what is known of the rows."""
    inputs = {key: value for key, value in source.fields.items() if key not in source.targets}
    if not inputs:
        raise DataError(
            f"{source.name}: expected a column or more beside the target, got none; check the"
            " delimiter, and which columns are left out"
        )
    source.part = None if frame.part is None else torch.from_numpy(frame.part)
    columns = {key: value for key, value in inputs.items() if isinstance(value, Column)}
    source.digests = row_digests(columns) if columns else np.zeros(len(source), np.uint64)
    for decoded in pictures.values():
        source.digests = source.digests * np.uint64(0x9E3779B97F4A7C15) ^ decoded.digests
    if len(pictures) == 1:
        source.originals = next(iter(pictures.values())).originals
    source.skipped, source.names = frame.skipped, frame.called
    source.findings, source.notes = frame.findings, frame.notes


def _targets(frame: Frame, asked: Options) -> tuple[str, ...]:
    """Return the columns to predict: those that are named, or the only one that is likely.

    Several are named with "," between them, where that is not the name of one.
    """
    if asked.target is not None:
        is_one = asked.target in frame.columns or "," not in asked.target
        names = [asked.target] if is_one else asked.target.split(",")
        return tuple(dict.fromkeys(frame.named(one.strip(), "target") for one in names))
    if frame.goal is not None:
        return (frame.named(frame.goal, "target"),)
    named = [name for goal in _GOALS for name in frame.columns if name.casefold() == goal]
    goals = [name for name in named if name not in frame.pictured]
    if not goals and (several := beside.marked(frame)):
        return several
    rest = [name for name in frame.columns if name not in frame.pictured]
    last = ([name for name in rest if name.casefold() != "split"] or list(frame.columns))[-1]
    kind = kind_of(frame.cut(last), is_target=True)
    likely = kind == "category" or (kind == "number" and not frame.has_header)
    choice = goals[0] if goals else last if likely and len(frame.columns) > 1 else None
    frame.notes.append(
        f"{frame.name}: the target is column '{choice}', {'by its name' if goals else 'the last'};"
        " --target chooses another."
        if choice
        else f"{frame.name}: has no target, as no column is named {', '.join(_GOALS)}; --target"
        " chooses one."
    )
    return (choice,) if choice else ()


def _types(frame: Frame, asked: Options, targets: tuple[str, ...]) -> dict[str, str]:
    """Return the kinds that a person told, by column, and targets that are seen to list labels.

    The column of groups is no input, unless a person says so: in test all are new.
    Raises DataError for unknown ones.
    """
    types: dict[str, str] = {}
    for given, kind in (asked.types or {}).items():
        name = frame.named(given, "types")
        if kind not in KINDS:
            raise DataError(
                f"{frame.name}: types: no kind '{kind}' for column '{given}'{instead(kind, KINDS)}"
            )
        if name in targets and kind == "leave":
            raise DataError(f"{frame.name}: column '{name}' is the target; do not leave it out")
        if kind == "labels" and name not in targets:
            raise DataError(
                f"{frame.name}: types: '{name}' is no target, and only targets are read as labels;"
                f" name it with --target, or say --types '{name}=text'"
            )
        types[name] = kind
    group = None if asked.group is None else frame.named(asked.group, "group")
    if group is not None and group not in (*types, *targets):
        types[group] = "leave"
        frame.notes.append(
            f"{frame.name}: '{group}' names groups, none of which is in two parts, so it is no"
            f" input; --types '{group}=category' makes it one."
        )
    seen = (name for name in targets if name not in types)
    return types | {name: "labels" for name in seen if labelled.is_labels(frame.cut(name))}


def _leave_out(frame: Frame, target: str, told: str | None) -> None:
    """Leave out the rows without a target, or with words where it is numbers."""
    cut = frame.cut(target)
    is_known, kind = cut.is_known.copy(), told or kind_of(cut, is_target=True)
    if not is_known.any():
        raise DataError(f"{frame.name}: column '{target}' is empty; choose another target")
    frame.findings += of_marks(frame, target, kind, is_target=True)
    if kind == "number":
        found = checked_numbers(cut, is_told=told is not None, is_target=True)[1]
        frame.findings += [one for one in found if one.kind == "mixed types"]
        is_known &= ~np.isnan(cut.numbers.values)
    lost = np.flatnonzero(~is_known).tolist()
    if lost:
        rows = "1 row has" if len(lost) == 1 else f"{len(lost):,} rows have"
        frame.notes.append(f"{frame.name}: {rows} no '{target}' and are left out.")
        frame.skipped += [(frame.called[row], f"{UNTOLD}{target}") for row in lost]
        frame.keep(is_known)


def _pictures(
    frame: Frame, types: dict[str, str], asked: Options, targets: Collection[str]
) -> dict[str, Decoded]:
    """Return the pictures that columns name; rows whose pictures cannot be read are left out."""
    names = [
        key
        for key in frame.columns
        if key in frame.pictured and types.get(key, "picture") == "picture" and key not in targets
    ]
    found: dict[str, Decoded] = {}
    for key in names:
        files = [frame.root / cell for cell in frame.cut(key).texts()]
        if key == names[0]:
            beside.leave_unnamed(frame, files)
        decoded = decode(files, frame.root, frame.name, size=asked.size, channels=asked.channels)
        frame.skipped += decoded.skipped
        frame.notes += decoded.notes
        if key == names[0]:
            frame.called = [relative(file, frame.root) for file in files]
        kept = np.zeros(len(files), bool)
        kept[decoded.kept] = True
        frame.keep(kept)
        found = {other: before.only(decoded.kept) for other, before in found.items()} | {
            key: decoded
        }
    if not names and ({"size", "channels"} & asked.given().keys()):
        raise DataError(
            f"{frame.name}: --size and --channels are for pictures, and no column names any; leave"
            " them out, or say --types 'COLUMN=picture'"
        )
    return found


def _column(
    frame: Frame, key: str, told: str | None, asked: Options, is_target: bool
) -> Column | None:
    """Return one column as its kind, or None if it is empty. Raises DataError."""
    cut = frame.cut(key)
    kind, is_sure = told or kind_of(cut, is_target=is_target), is_target or told is not None
    if kind == "empty":
        reason = f"'{key}' is empty, so it is left out."
        remedy = "Remove the column, or fill it."
        frame.findings.append(
            Finding("empty column", "warning", None, ((key,),), 1, reason, remedy)
        )
        return None
    if kind == "number":
        column, found = checked_numbers(cut, is_told=told is not None, is_target=is_target)
    elif kind == "moment":
        column, found = checked_moments(cut, is_told=is_sure)
    elif kind == "category":
        column = _classes(cut, frame, asked, is_target)
        found = [] if told else of_codes(cut)
    else:
        unit = cast("Unit", asked.unit or "words")  # its kind checks it
        if illustrated.is_named_so(cut.sample):
            frame.findings.append(_no_pictures(key, cut.sample[0]))
        column = Texts(cut.texts(), unit, asked.lower)
        found = [] if told else of_codes(cut)
    if told is None and kind in ("category", "text"):
        found = found or unread(cut) or of_figures(cut, kind, is_target=is_target)
    frame.findings += found
    if not is_target:
        frame.findings += of_marks(frame, key, kind, is_target=False)
    if is_target:
        _check_target(frame, key, column, asked)
    return column


def _no_pictures(key: str, cell: str) -> Finding:
    reason = f"'{key}' names pictures such as {cell}, which are not where the table is."
    remedy = "Put the table beside them; now their names are taken for texts."
    return Finding("no pictures", "warning", None, ((key,),), 1, reason, remedy)


def _classes(cut: Cut, frame: Frame, asked: Options, is_target: bool) -> Column:
    """Return classes, renamed, as an input or to be predicted."""
    frame.classes |= {*cut.names, *cut.codes().names}
    coded = cut.codes(asked.rename)
    if not is_target:
        return coded
    texts = np.array([*coded.names, ""], object)[coded.codes].tolist()
    return Labels(texts, is_target=True, called=frame.called)


def _check_target(frame: Frame, key: str, column: Column, asked: Options) -> None:
    """Raise DataError for a target that has one value only, or is not finite."""
    said = column.said(0)
    if isinstance(column, Numbers) and not np.isfinite(column.values).all():
        row = int(np.flatnonzero(~np.isfinite(column.values))[0])
        raise DataError(
            f"{frame.name}: {key}: the target is not finite in {frame.called[row]}; correct it, or"
            " remove the row"
        )
    if not asked.whole and all(column.said(row) == said for row in range(len(column))):
        raise DataError(
            f"{frame.name}: the target '{key}' is '{said}' in every row, so there is nothing to"
            " learn; choose another with --target"
        )


def _groups(frame: Frame, given: str) -> np.ndarray:
    """Return a number for the group of each row, from its name; a row without is a group alone."""
    coded = frame.cut(frame.named(given, "group")).codes()
    numbers = [digest(name.encode()) >> 1 for name in coded.names]
    groups = np.array([*numbers, 0], np.int64)[coded.codes]
    alone = np.flatnonzero(coded.codes < 0)
    groups[alone] = [digest(f"row {row}".encode()) >> 1 for row in alone.tolist()]
    return groups


def _times(frame: Frame, given: str) -> np.ndarray:
    """Return a number by which rows stand in time: seconds since 1970, or what the column holds."""
    if "," in given and given not in frame.columns:
        names = [frame.named(one.strip(), "time") for one in given.split(",")]
        found = when({one: frame.cut(one) for one in names}, ",".join(names), frame.name)
        return np.where(found.is_known, found.micros / SECOND, np.nan)
    cut = frame.cut(frame.named(given, "time"))
    kind = kind_of(cut)
    if kind == "moment":
        checked_moments(cut, is_told=True)
        found = stamps(cut, written(cut)[0])
        return np.where(found.is_known, found.micros / SECOND, np.nan)
    if kind == "number":
        return checked_numbers(cut, is_told=False, is_target=True)[0].values
    raise DataError(
        f"{frame.name}: time: column '{cut.name}' holds neither moments nor numbers, but"
        f" '{cut.sample[0] if cut.sample else ''}'; choose another"
    )


def _check_renamed(frame: Frame, asked: Options) -> None:
    for name in asked.rename or {}:
        if name not in frame.classes:
            raise DataError(
                f"{frame.name}: rename: no class '{name}'{instead(name, sorted(frame.classes))}"
            )


def _hint(source: Source, frame: Frame, types: dict[str, str], *, is_random: bool) -> None:
    """Add findings on what the table could be meant as besides what it is taken for.

    is_random: whether nothing but chance decides on the parts.
    """
    goals = [source.fields[target] for target in source.targets]
    if goals and is_random:
        inputs = {key: one for key, one in source.fields.items() if key not in source.targets}
        are_numbers = all(isinstance(goal, Numbers) for goal in goals)
        frame.findings += hints.of_series(inputs, frame.name, are_numbers=are_numbers)
    for target, goal in zip(source.targets, goals, strict=True):
        if isinstance(goal, Labels) and target not in types:
            frame.findings += hints.of_labels(frame.cut(target))


def _say(source: Source, frame: Frame) -> None:
    """Add a note on what each column was taken for."""
    kinds: dict[str, list[str]] = {}
    for key, value in source.fields.items():
        word = _WORDS.get(type(value), "pictures")
        kinds.setdefault(word, []).append(key)
    said = "; ".join(f"{word}: {few(keys, _SHOWN)}" for word, keys in kinds.items())
    frame.notes.append(f"{frame.name}: {said}. --types 'COLUMN=KIND' corrects one.")
