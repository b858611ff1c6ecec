"""Archives of sequences of UCR and UEA: .ts, ARFF, .tsv and .txt, a class for each sequence."""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

from brique.data.core.batch import Values
from brique.data.core.ragged import Ragged
from brique.data.files.place import Place, list_files, plain_name, read_content, resolve_place
from brique.data.finding import Finding
from brique.data.raw.column import Column, Labels, Numbers
from brique.data.raw.source import ALIASES, PARTS, Source
from brique.data.sources.layout.text_files import read_head
from brique.data.sources.table_files.arff import read_arff
from brique.errors import DataError
from brique.options import Options
from brique.schema import Signal
from brique.schema.messages import alternatives

_ENDINGS = (".ts", ".arff", ".tsv", ".txt")  # of several formats the first is read
_FILE_NAME = re.compile(r"(.+)_(TRAIN|TEST|VALID|VAL)(\.[a-z]+)", re.IGNORECASE)
_SINGLE_CHANNEL = re.compile(
    r".+Dimension\d+"
)  # one channel, which another file holds with the others
_HEADER = re.compile(r"(?im)^\s*@(problemname|timestamps|univariate|classlabel|targetlabel)\b")
_MIN_VALUES = 8  # values in a row of .tsv or .txt, without its class
_NUMBERED = re.compile(r"(.*?)(\d+)")


@dataclass
class _Case:
    """One sequence: its location, C channels (NaN where missing), and class."""

    where: str
    channels: list[list[float]]
    label: str


@dataclass
class _Cases:
    """The sequences of a file.

    skipped: (file and line, reason) of dropped sequences.
    is_number: whether the target is a number, not a class.
    """

    cases: list[_Case] = field(default_factory=list[_Case])
    skipped: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    is_number: bool = False


def fits(place: Place) -> bool:
    """Tell whether a place holds an archive of sequences."""
    return any(_is_archive(file) for file in _candidates(place))


def read(name: str, place: Place, options: Options) -> Source:
    """Return the sequences of an archive: field "signal", and "label", or "target" for numbers.

    NAME_TRAIN and NAME_TEST are the parts; `test` names another file. Missing values between
    others are interpolated linearly; missing values at the end of all channels end the
    sequence. Raises DataError if sequences have time stamps, no class, or several archives lie
    beside each other.
    """
    if options.group is not None:
        raise DataError(f"{name}: its sequences have no groups; leave out --group")
    pairs, notes = _select_files(name, place, options)
    part_cases = [(_read(file), part) for file, part in pairs]
    cases = [case for file_cases, _ in part_cases for case in file_cases.cases]
    parts = [part for file_cases, part in part_cases for _ in file_cases.cases]
    skipped = [entry for file_cases, _ in part_cases for entry in file_cases.skipped]
    if not cases:
        detail = f"; the first, {skipped[0][0]}: {skipped[0][1]}" if skipped else "; fetch it again"
        raise DataError(f"{name}: none of its sequences can be read{detail}")
    target = "target" if part_cases[0][0].is_number else "label"
    if options.target not in (None, target):
        known = alternatives(str(options.target), [target])
        raise DataError(f"{name}: no field '{options.target}' to predict{known}")
    signals, kept_rows, findings = _signals(name, cases, skipped)
    cases, parts = [cases[row] for row in kept_rows], [parts[row] for row in kept_rows]
    target_column: Column = (
        Numbers(np.array([float(case.label) for case in cases]))
        if target == "target"
        else Labels([options.renamed(case.label) for case in cases], is_target=True,
                    example_names=[case.where for case in cases])
    )  # fmt: skip
    fields: dict[str, Values | Column] = {"signal": Ragged.of(signals), target: target_column}
    source = Source(name, fields, {"signal": Signal(signals[0].shape[1])}, (target,))
    if None not in parts:
        source.part = torch.tensor(parts, dtype=torch.uint8)
    source.names = [case.where for case in cases]
    source.skipped, source.findings, source.notes = skipped, findings, notes
    return source


def _candidates(place: Place) -> list[Place]:
    """Return the files that may belong to an archive, by their suffix."""
    return [file for file in list_files(place) if plain_name(file).endswith(_ENDINGS)]


def _is_archive(file: Place) -> bool:
    """Tell by name and first lines whether a file holds sequences."""
    name = plain_name(file)
    is_rows = not name.endswith((".ts", ".arff"))
    if is_rows and re.search(r"_(TRAIN|TEST)\.", file.name) is None:
        return False
    head = read_head(file)
    if name.endswith(".ts"):
        return _HEADER.search(head) is not None
    if name.endswith(".arff"):
        return bool(re.search(r"(?im)^\s*@attribute\s+.*\s+relational\s*$", head)) or (
            _FILE_NAME.fullmatch(file.name.removesuffix(".gz")) is not None
            and _are_time_steps(head)
        )
    return _are_number_rows(head, "\t" if name.endswith(".tsv") else None)


def _are_time_steps(head: str) -> bool:
    """Tell whether all attributes but the last are consecutively numbered numbers."""
    attributes = re.findall(r"(?im)^\s*@attribute\s+(\S+)\s+(\S+)", head)
    steps = [_NUMBERED.fullmatch(name.strip("'\"")) for name, _ in attributes[:-1]]
    if len(steps) < 2 or any(step is None for step in steps):
        return False
    stems = {step[1] for step in steps if step}
    numbers = [int(step[2]) for step in steps if step]
    return len(stems) == 1 and numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def _are_number_rows(head: str, delimiter: str | None) -> bool:
    """Tell whether lines are a class, a whole number, and then many numbers."""
    rows = [line.split(delimiter) for line in head.splitlines()[:20] if line.strip()]
    if not rows or any(len(row) <= _MIN_VALUES for row in rows):
        return False
    numbers = [_parse_numbers(row) for row in rows]
    return all(row_numbers is not None and row_numbers[0].is_integer() for row_numbers in numbers)


def _select_files(
    name: str, place: Place, options: Options
) -> tuple[list[tuple[Place, int | None]], list[str]]:
    """Return the files to read with the part of each, train first, and notes."""
    archives = [file for file in _candidates(place) if _is_archive(file)]
    complete = [file for file in archives if not _SINGLE_CHANNEL.match(file.name)] or archives
    endings = [ending for ending in _ENDINGS if any(_has_ending(file, ending) for file in complete)]
    chosen = [file for file in complete if _has_ending(file, endings[0])] if endings else []
    matches = [_FILE_NAME.fullmatch(file.name.removesuffix(".gz")) for file in chosen]
    named_files = zip(matches, chosen, strict=True)
    problems = {match[1] if match else file.name for match, file in named_files}
    if len(problems) != 1:
        names = ", ".join(sorted(problems)[:5]) or "none"
        raise DataError(
            f"{name}: expected one archive of sequences (NAME_TRAIN.ts and NAME_TEST.ts, or .arff,"
            f" .tsv), got {names}; give the folder of one, or a file"
        )
    notes = [f"{name}: {len(archives) - len(chosen)} files of the same sequences in other forms are"
             f" not read; {endings[0]} is."] if len(archives) > len(chosen) else []  # fmt: skip
    parts: list[int | None] = [
        PARTS.index(ALIASES[match[2].casefold()]) if match else None for match in matches
    ]
    parts = [None] if len(parts) == 1 else parts
    pairs = sorted(zip(chosen, parts, strict=True), key=lambda pair: pair[1] or 0)
    if options.test is None:
        return pairs, notes
    path = Path(options.test).expanduser()
    if (
        options.test_values() is not None
        or not path.exists()
        or any(part == 2 for _, part in pairs)
    ):
        raise DataError(
            f"{name}: --test must be a file of sequences, where there is no test part, got"
            f" '{options.test}'; check the path, or leave it out"
        )
    tests = [file for file in _candidates(resolve_place(path)) if _is_archive(file)]
    return [*((file, part or 0) for file, part in pairs), *((file, 2) for file in tests)], notes


def _has_ending(file: Place, ending: str) -> bool:
    return plain_name(file).endswith(ending)


def _read(file: Place) -> _Cases:
    """Return the sequences of a file. Raises DataError."""
    if _has_ending(file, ".ts"):
        return _read_ts(file)
    return _read_arff(file) if _has_ending(file, ".arff") else _read_rows(file)


def _read_ts(file: Place) -> _Cases:
    """Return the sequences of sktime's .ts format: channels between colons, the class last."""
    cases, header = _Cases(), dict[str, list[str]]()
    is_data = False
    for number, line in enumerate(read_content(file).decode("utf-8-sig", "replace").split("\n"), 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        if not is_data:
            words = line.split()
            is_data = words[0].casefold() == "@data"
            header[words[0].casefold().removeprefix("@")] = words[1:]
            if is_data:
                _check_ts(header, file)
            continue
        where = f"{file.name}:{number}"
        *channels, label = (part.strip() for part in line.split(":"))
        if channels and channels[0].startswith("("):
            raise _time_stamp_error(where)
        numbers = [_parse_numbers(channel.split(",")) for channel in channels]
        classes = header.get("classlabel", [])[1:]
        _add_case(cases, where, numbers, label, classes)
    cases.is_number = _is_true(header.get("targetlabel"))
    return _drop_invalid(cases)


def _is_true(words: Sequence[str] | None) -> bool:
    return bool(words) and words is not None and words[0].casefold() == "true"


def _check_ts(header: dict[str, list[str]], file: Place) -> None:
    """Raise DataError for time stamps and sequences without a class."""
    if _is_true(header.get("timestamps")):
        raise _time_stamp_error(f"{file.name}: @timeStamps")
    if not _is_true(header.get("classlabel")) and not _is_true(header.get("targetlabel")):
        raise DataError(
            f"{file.name}: expected @classLabel true or @targetLabel true, got neither, so there is"
            " no target; add it"
        )


def _time_stamp_error(where: str) -> DataError:
    return DataError(
        f"{where}: its sequences have time stamps, which are not read; resample them to even time"
        " steps and write only the values"
    )


def _read_arff(file: Place) -> _Cases:
    """Return the sequences of ARFF: a column for each step, or a bag of channels; class last."""
    table = read_arff(file)
    cases = _Cases(skipped=table.skipped)
    last = table.attributes[-1]
    if last.kind not in ("classes", "number"):
        raise DataError(
            f"{file.name}: expected the class as the last attribute, got '{last.name}'"
            f" ({last.kind}); put it last"
        )
    cases.is_number = last.kind == "number"
    is_bag = table.attributes[0].kind == "relational"
    for number, cells in table.rows:
        lines = (cells[0] or "").split("\n") if is_bag else [",".join(c or "?" for c in cells[:-1])]
        numbers = [_parse_numbers(line.split(",")) for line in lines if line.strip()]
        _add_case(cases, f"{file.name}:{number}", numbers, cells[-1] or "", last.classes)
    return _drop_invalid(cases)


def _read_rows(file: Place) -> _Cases:
    """Return the sequences of UCR's rows: the class first, then the values."""
    cases = _Cases()
    delimiter = "\t" if _has_ending(file, ".tsv") else None
    for number, line in enumerate(read_content(file).decode("utf-8-sig", "replace").split("\n"), 1):
        if line.strip():
            first, *values = line.strip("\r\n").split(delimiter)
            value = _parse_numbers([first])
            name = str(int(value[0])) if value is not None and value[0].is_integer() else ""
            _add_case(cases, f"{file.name}:{number}", [_parse_numbers(values)], name, ())
    return cases


def _add_case(
    cases: _Cases,
    where: str,
    channels: Sequence[list[float] | None],
    label: str,
    classes: Sequence[str],
) -> None:
    """Add a sequence, or the reason why not."""
    if not channels or any(channel is None for channel in channels):
        cases.skipped.append((where, "holds an invalid number; correct it"))
    elif len({len(channel) for channel in channels if channel is not None}) > 1:
        lengths = ", ".join(str(len(channel)) for channel in channels if channel is not None)
        cases.skipped.append((where, f"its channels differ in length ({lengths}); cut them"))
    elif not label or label == "?":
        cases.skipped.append((where, "its target is missing"))
    elif classes and label not in classes:
        cases.skipped.append((where, f"'{label}' is not among the classes {', '.join(classes)}"))
    else:
        cases.cases.append(
            _Case(where, [channel for channel in channels if channel is not None], label)
        )


def _drop_invalid(cases: _Cases) -> _Cases:
    """Drop sequences with an invalid number as target."""
    if cases.is_number:
        for case in cases.cases:
            value = _parse_numbers([case.label])
            if value is None or value[0] != value[0]:
                cases.skipped.append((case.where, f"'{case.label}' is not a number"))
        invalid = {where for where, _ in cases.skipped}
        cases.cases = [case for case in cases.cases if case.where not in invalid]
    return cases


def _parse_numbers(words: Sequence[str]) -> list[float] | None:
    """Return numbers, NaN for "?"; None if one is invalid or not finite."""
    numbers: list[float] = []
    for word in words:
        word = word.strip()
        try:
            value = math.nan if word in ("?", "") or word.casefold() == "nan" else float(word)
        except ValueError:
            return None
        if math.isinf(value):
            return None
        numbers.append(value)
    return numbers


def _signals(
    name: str, cases: Sequence[_Case], skipped: list[tuple[str, str]]
) -> tuple[list[torch.Tensor], list[int], list[Finding]]:
    """Return the sequences (T, C), float32, the kept rows, and findings."""
    widths = [len(case.channels) for case in cases]
    width = max(set(widths), key=widths.count)
    signals: list[torch.Tensor] = []
    kept_rows: list[int] = []
    interpolated: list[tuple[str, str]] = []
    for row, case in enumerate(cases):
        values = np.array(case.channels, np.float64).T  # (T, C)
        is_known = ~np.isnan(values)
        length = int(np.flatnonzero(is_known.any(1))[-1]) + 1 if is_known.any() else 0
        values, is_known = values[:length], is_known[:length]
        if len(case.channels) != width:
            skipped.append((case.where, f"has {len(case.channels)} channels, others {width}"))
            continue
        if not length or not is_known.any(0).all():
            skipped.append((case.where, "has a channel without any value"))
            continue
        if count := int((~is_known).sum()):
            interpolated.append((case.where, f"{count} values"))
            values = np.stack([*_interpolate(values)], 1)
        signals.append(torch.from_numpy(values.astype(np.float32)))
        kept_rows.append(row)
    if not signals:
        raise DataError(f"{name}: none of its sequences can be read; the first, {skipped[0][0]}:"
                        f" {skipped[0][1]}")  # fmt: skip
    findings = [] if not interpolated else [
        Finding("missing values", "warning", None, tuple(interpolated), len(interpolated),
                f"{len(interpolated):,} of {len(cases):,} sequences have missing values, which are"
                " interpolated linearly.",
                "Nothing, if few are missing; else fill them in."),
    ]  # fmt: skip
    return signals, kept_rows, findings


def _interpolate(values: np.ndarray) -> Iterator[np.ndarray]:
    """Yield each channel with missing values interpolated linearly."""
    steps = np.arange(len(values))
    for channel in values.T:
        is_known = ~np.isnan(channel)
        yield np.interp(steps, steps[is_known], channel[is_known])
