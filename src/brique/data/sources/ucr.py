"""Archives of sequences of UCR and UEA: .ts, ARFF, .tsv and .txt, a class for each sequence."""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

from brique.data.batch import Values
from brique.data.column import Column, Labels, Numbers
from brique.data.finding import Finding
from brique.data.place import Place, content, files, placed, plain_name
from brique.data.ragged import Ragged
from brique.data.source import ALIASES, PARTS, Source
from brique.data.sources.arff import arff
from brique.data.sources.shelf import beginning
from brique.errors import DataError
from brique.options import Options
from brique.schema import Signal
from brique.schema.words import instead

_ENDINGS = (".ts", ".arff", ".tsv", ".txt")  # of several forms of one archive the first is read
_NAME = re.compile(r"(.+)_(TRAIN|TEST|VALID|VAL)(\.[a-z]+)", re.IGNORECASE)
_SINGLE = re.compile(r".+Dimension\d+")  # one channel of several, which another file holds together
_HEADER = re.compile(r"(?im)^\s*@(problemname|timestamps|univariate|classlabel|targetlabel)\b")
_LEAST = 8  # values of a row of .tsv or .txt, its class not counted
_NUMBERED = re.compile(r"(.*?)(\d+)")


@dataclass
class _Case:
    """One sequence: where it stands, its C channels (NaN where a value is missing), its class."""

    where: str
    channels: list[list[float]]
    label: str


@dataclass
class _Cases:
    """The sequences of a file.

    skipped: (file and line, reason) of those that are left out.
    is_number: whether what is said of each is a number to predict, no class.
    """

    cases: list[_Case] = field(default_factory=list[_Case])
    skipped: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    is_number: bool = False


def fits(place: Place) -> bool:
    """Tell whether a place holds an archive of sequences."""
    return any(_is_archive(file) for file in _candidates(place))


def read(name: str, place: Place, asked: Options) -> Source:
    """Return the sequences of an archive: field "signal", and "label", or "target" for numbers.

    NAME_TRAIN and NAME_TEST are the parts; `test` names another file. Missing values between
    others are put on the line between their neighbors; those at the end of all channels end the
    sequence. Raises DataError where sequences have time stamps, no class, or several problems lie
    beside each other.
    """
    if asked.group is not None:
        raise DataError(f"{name}: its sequences say nothing of groups; leave out --group")
    pairs, notes = _chosen(name, place, asked)
    found = [(_read(file), part) for file, part in pairs]
    cases = [case for several, _ in found for case in several.cases]
    parts = [part for several, part in found for _ in several.cases]
    skipped = [one for several, _ in found for one in several.skipped]
    if not cases:
        why = f"; the first, {skipped[0][0]}: {skipped[0][1]}" if skipped else "; fetch it again"
        raise DataError(f"{name}: none of its sequences can be read{why}")
    target = "target" if found[0][0].is_number else "label"
    if asked.target not in (None, target):
        known = instead(str(asked.target), [target])
        raise DataError(f"{name}: no field '{asked.target}' to predict{known}")
    signals, kept, findings = _signals(name, cases, skipped)
    cases, parts = [cases[row] for row in kept], [parts[row] for row in kept]
    goal: Column = (
        Numbers(np.array([float(case.label) for case in cases]))
        if target == "target"
        else Labels([asked.renamed(case.label) for case in cases], is_target=True,
                    called=[case.where for case in cases])
    )  # fmt: skip
    fields: dict[str, Values | Column] = {"signal": Ragged.of(signals), target: goal}
    source = Source(name, fields, {"signal": Signal(signals[0].shape[1])}, (target,))
    if None not in parts:
        source.part = torch.tensor(parts, dtype=torch.uint8)
    source.names = [case.where for case in cases]
    source.skipped, source.findings, source.notes = skipped, findings, notes
    return source


def _candidates(place: Place) -> list[Place]:
    """Return the files that may be of an archive, by their endings."""
    return [file for file in files(place) if plain_name(file).endswith(_ENDINGS)]


def _is_archive(file: Place) -> bool:
    """Tell by name and first lines whether a file holds sequences."""
    name = plain_name(file)
    is_rows = not name.endswith((".ts", ".arff"))
    if is_rows and re.search(r"_(TRAIN|TEST)\.", file.name) is None:
        return False
    head = beginning(file)
    if name.endswith(".ts"):
        return _HEADER.search(head) is not None
    if name.endswith(".arff"):
        return bool(re.search(r"(?im)^\s*@attribute\s+.*\s+relational\s*$", head)) or (
            _NAME.fullmatch(file.name.removesuffix(".gz")) is not None and _are_steps(head)
        )
    return _are_rows(head, "\t" if name.endswith(".tsv") else None)


def _are_steps(head: str) -> bool:
    """Tell whether all attributes but the last are numbers, numbered one after another."""
    found = re.findall(r"(?im)^\s*@attribute\s+(\S+)\s+(\S+)", head)
    steps = [_NUMBERED.fullmatch(name.strip("'\"")) for name, _ in found[:-1]]
    if len(steps) < 2 or any(step is None for step in steps):
        return False
    stems = {step[1] for step in steps if step}
    numbers = [int(step[2]) for step in steps if step]
    return len(stems) == 1 and numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def _are_rows(head: str, mark: str | None) -> bool:
    """Tell whether lines are a class, a whole number, and then many numbers."""
    rows = [line.split(mark) for line in head.splitlines()[:20] if line.strip()]
    if not rows or any(len(row) <= _LEAST for row in rows):
        return False
    numbers = [_numbers(row) for row in rows]
    return all(one is not None and one[0].is_integer() for one in numbers)


def _chosen(
    name: str, place: Place, asked: Options
) -> tuple[list[tuple[Place, int | None]], list[str]]:
    """Return the files to be read with the part of each, train first, and notes."""
    beside = [file for file in _candidates(place) if _is_archive(file)]
    whole = [file for file in beside if not _SINGLE.match(file.name)] or beside
    endings = [ending for ending in _ENDINGS if any(_ends(file, ending) for file in whole)]
    chosen = [file for file in whole if _ends(file, endings[0])] if endings else []
    matches = [_NAME.fullmatch(file.name.removesuffix(".gz")) for file in chosen]
    several = zip(matches, chosen, strict=True)
    problems = {match[1] if match else file.name for match, file in several}
    if len(problems) != 1:
        came = ", ".join(sorted(problems)[:5]) or "none"
        raise DataError(
            f"{name}: expected one archive of sequences (NAME_TRAIN.ts and NAME_TEST.ts, or .arff,"
            f" .tsv), got {came}; give the folder of one, or a file"
        )
    notes = [f"{name}: {len(beside) - len(chosen)} files of the same sequences in other forms are"
             f" not read; {endings[0]} is."] if len(beside) > len(chosen) else []  # fmt: skip
    parts: list[int | None] = [
        PARTS.index(ALIASES[match[2].casefold()]) if match else None for match in matches
    ]
    parts = [None] if len(parts) == 1 else parts
    pairs = sorted(zip(chosen, parts, strict=True), key=lambda pair: pair[1] or 0)
    if asked.test is None:
        return pairs, notes
    path = Path(asked.test).expanduser()
    if asked.test_values() is not None or not path.exists() or any(part == 2 for _, part in pairs):
        raise DataError(
            f"{name}: --test must be a file of sequences, where there is no test part, got"
            f" '{asked.test}'; check the path, or leave it out"
        )
    tests = [file for file in _candidates(placed(path)) if _is_archive(file)]
    return [*((file, part or 0) for file, part in pairs), *((file, 2) for file in tests)], notes


def _ends(file: Place, ending: str) -> bool:
    return plain_name(file).endswith(ending)


def _read(file: Place) -> _Cases:
    """Return the sequences of a file. Raises DataError."""
    if _ends(file, ".ts"):
        return _of_ts(file)
    return _of_arff(file) if _ends(file, ".arff") else _of_rows(file)


def _of_ts(file: Place) -> _Cases:
    """Return the sequences of sktime's form: channels between colons, the class last."""
    found, said = _Cases(), dict[str, list[str]]()
    is_data = False
    for number, line in enumerate(content(file).decode("utf-8-sig", "replace").split("\n"), 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        if not is_data:
            words = line.split()
            is_data = words[0].casefold() == "@data"
            said[words[0].casefold().removeprefix("@")] = words[1:]
            if is_data:
                _check_ts(said, file)
            continue
        where = f"{file.name}:{number}"
        *channels, label = (part.strip() for part in line.split(":"))
        if channels and channels[0].startswith("("):
            raise _stamped(where)
        numbers = [_numbers(channel.split(",")) for channel in channels]
        known = said.get("classlabel", [])[1:]
        _add(found, where, numbers, label, known)
    found.is_number = _is_true(said.get("targetlabel"))
    return _checked(found)


def _is_true(words: Sequence[str] | None) -> bool:
    return bool(words) and words is not None and words[0].casefold() == "true"


def _check_ts(said: dict[str, list[str]], file: Place) -> None:
    """Raise DataError for what is not read: time stamps, sequences without a class."""
    if _is_true(said.get("timestamps")):
        raise _stamped(f"{file.name}: @timeStamps")
    if not _is_true(said.get("classlabel")) and not _is_true(said.get("targetlabel")):
        raise DataError(
            f"{file.name}: expected @classLabel true or @targetLabel true, got neither, so nothing"
            " says what is to be predicted; add it"
        )


def _stamped(where: str) -> DataError:
    return DataError(
        f"{where}: its sequences have time stamps, which are not read; bring them to even time"
        " steps and write the values alone"
    )


def _of_arff(file: Place) -> _Cases:
    """Return the sequences of ARFF: a column for each step, or a bag of channels; class last."""
    whole = arff(file)
    found = _Cases(skipped=whole.skipped)
    last = whole.attributes[-1]
    if last.kind not in ("classes", "number"):
        raise DataError(
            f"{file.name}: expected the class as the last attribute, got '{last.name}'"
            f" ({last.kind}); put it last"
        )
    found.is_number = last.kind == "number"
    is_bag = whole.attributes[0].kind == "relational"
    for number, cells in whole.rows:
        lines = (cells[0] or "").split("\n") if is_bag else [",".join(c or "?" for c in cells[:-1])]
        numbers = [_numbers(line.split(",")) for line in lines if line.strip()]
        _add(found, f"{file.name}:{number}", numbers, cells[-1] or "", last.names)
    return _checked(found)


def _of_rows(file: Place) -> _Cases:
    """Return the sequences of UCR's rows: the class first, then the values."""
    found = _Cases()
    mark = "\t" if _ends(file, ".tsv") else None
    for number, line in enumerate(content(file).decode("utf-8-sig", "replace").split("\n"), 1):
        if line.strip():
            first, *rest = line.strip("\r\n").split(mark)
            value = _numbers([first])
            name = str(int(value[0])) if value is not None and value[0].is_integer() else ""
            _add(found, f"{file.name}:{number}", [_numbers(rest)], name, ())
    return found


def _add(
    found: _Cases,
    where: str,
    channels: Sequence[list[float] | None],
    label: str,
    known: Sequence[str],
) -> None:
    """Add a sequence, or why it is left out."""
    if not channels or any(one is None for one in channels):
        found.skipped.append((where, "holds what is no number; correct it"))
    elif len({len(one) for one in channels if one is not None}) > 1:
        came = ", ".join(str(len(one)) for one in channels if one is not None)
        found.skipped.append((where, f"its channels differ in length ({came}); cut them"))
    elif not label or label == "?":
        found.skipped.append((where, "its target is missing"))
    elif known and label not in known:
        found.skipped.append((where, f"'{label}' is none of the classes {', '.join(known)}"))
    else:
        found.cases.append(_Case(where, [one for one in channels if one is not None], label))


def _checked(found: _Cases) -> _Cases:
    """Leave out sequences whose number to predict is none."""
    if found.is_number:
        for case in found.cases:
            value = _numbers([case.label])
            if value is None or value[0] != value[0]:
                found.skipped.append((case.where, f"'{case.label}' is no number"))
        bad = {where for where, _ in found.skipped}
        found.cases = [case for case in found.cases if case.where not in bad]
    return found


def _numbers(words: Sequence[str]) -> list[float] | None:
    """Return numbers, NaN for "?"; None where one is none, or not finite."""
    found: list[float] = []
    for word in words:
        word = word.strip()
        try:
            value = math.nan if word in ("?", "") or word.casefold() == "nan" else float(word)
        except ValueError:
            return None
        if math.isinf(value):
            return None
        found.append(value)
    return found


def _signals(
    name: str, cases: Sequence[_Case], skipped: list[tuple[str, str]]
) -> tuple[list[torch.Tensor], list[int], list[Finding]]:
    """Return the sequences (T, C), float32, the places of those kept, and what was mended."""
    widths = [len(case.channels) for case in cases]
    width = max(set(widths), key=widths.count)
    signals: list[torch.Tensor] = []
    kept: list[int] = []
    mended: list[tuple[str, str]] = []
    for row, case in enumerate(cases):
        values = np.array(case.channels, np.float64).T  # (T, C)
        is_there = ~np.isnan(values)
        length = int(np.flatnonzero(is_there.any(1))[-1]) + 1 if is_there.any() else 0
        values, is_there = values[:length], is_there[:length]
        if len(case.channels) != width:
            skipped.append((case.where, f"has {len(case.channels)} channels, others {width}"))
            continue
        if not length or not is_there.any(0).all():
            skipped.append((case.where, "has a channel without any value"))
            continue
        if count := int((~is_there).sum()):
            mended.append((case.where, f"{count} values"))
            values = np.stack([*_filled(values)], 1)
        signals.append(torch.from_numpy(values.astype(np.float32)))
        kept.append(row)
    if not signals:
        raise DataError(f"{name}: none of its sequences can be read; the first, {skipped[0][0]}:"
                        f" {skipped[0][1]}")  # fmt: skip
    findings = [] if not mended else [
        Finding("missing values", "warning", None, tuple(mended), len(mended),
                f"{len(mended):,} of {len(cases):,} sequences lack values, which are put on the"
                " straight line between their neighbors.",
                "Nothing, if few are missing; else fill them as the measurement asks for."),
    ]  # fmt: skip
    return signals, kept, findings


def _filled(values: np.ndarray) -> Iterator[np.ndarray]:
    """Yield each channel with what is missing put on the line between its neighbors."""
    steps = np.arange(len(values))
    for channel in values.T:
        is_there = ~np.isnan(channel)
        yield np.interp(steps, steps[is_there], channel[is_there])
