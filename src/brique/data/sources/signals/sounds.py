"""Sounds: folders of WAV files by class, or WAV files with labels in their names."""

from collections import Counter
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from brique.data.core.ragged import Ragged
from brique.data.files.place import (
    Place,
    list_files,
    plain_name,
    read_content,
    relative,
    resolve_place,
)
from brique.data.finding import Finding
from brique.data.raw.source import PARTS, Source, part_named
from brique.data.sources.layout import file_names
from brique.data.sources.layout.labeled_files import LabeledFiles, common_depth
from brique.data.sources.manifests import file_tables
from brique.errors import DataError
from brique.options import Options
from brique.schema import Signal, natural_key
from brique.schema.wav import Sound, read_wav

KIND: str = "sounds"
USES: frozenset[str] = frozenset({"target", "test", "rename", "group", "names", "channels"})
_SUFFIXES = (".wav", ".wave")
_UNREAD_SUFFIXES = (
    ".mp3",
    ".flac",
    ".ogg",
    ".oga",
    ".opus",
    ".m4a",
    ".aac",
    ".aif",
    ".aiff",
    ".wma",
)
_PART_LISTS = {"validation_list.txt": 1, "testing_list.txt": 2}  # of Speech Commands


def fits(place: Place) -> bool:
    """Tell whether at least half of the files in a folder are sounds."""
    if not place.is_dir():
        return False
    names = [plain_name(file) for file in list_files(place)]
    return (
        0 < len(names) <= 2 * sum(name.endswith((*_SUFFIXES, *_UNREAD_SUFFIXES)) for name in names)
    )


def read(name: str, place: Place, options: Options) -> Source:
    """Return the decoded sounds below a folder, with labels from folders or names.

    Field "sound", a Signal, all resampled to the commonest rate; and the target,
    the class. Other fields of `names` choose test= and group=, and are left out.
    Raises DataError when there are no sounds, or no labels.
    """
    examples = _find_sounds(name, place, options)
    target = _target(examples, options)
    examples.select_test(options)
    total = len(examples.files) + len(examples.skipped)
    kind, signals, findings = _decode(examples, options)
    if examples.skipped:
        examples.notes.append(
            f"{name}: {len(examples.skipped):,} of {total:,} sounds cannot be read and are left"
            " out."
        )
    source = examples.to_source(
        kind, _concatenate(signals, kind.channels), "sound", target, options
    )
    source.findings = findings
    return source


def _find_sounds(name: str, root: Place, options: Options) -> LabeledFiles:
    """List the sounds with their parts and attributes."""
    examples = LabeledFiles(name, root, "the names of the files (--names)")
    if options.names is None and (tables := file_tables.find_tables(root, _is_sound)):
        file_tables.add_files(examples, tables, _is_sound)
    else:
        _add_folder(examples, root, options, None)
    if options.test is not None and options.test_values() is None:
        test_folder = resolve_place(Path(options.test))
        if any(examples.parts):
            raise DataError(f"{name}: it already has parts; leave out --test")
        if not test_folder.is_dir():
            raise DataError(
                f"{name}: --test {options.test} is not a folder of sounds; give one, or"
                " COLUMN=VALUE,VALUE of names="
            )
        _add_folder(examples, test_folder, options, 2)
    if not examples.files:
        detail = (
            f"; the first, {examples.skipped[0][0]}: {examples.skipped[0][1]}"
            if examples.skipped
            else ""
        )
        raise DataError(f"{name}: expected WAV files, got none that can be read{detail}")
    return examples


def _is_sound(file: Place) -> bool:
    return plain_name(file).endswith(_SUFFIXES)


def _add_folder(examples: LabeledFiles, root: Place, options: Options, part: int | None) -> None:
    """Add the sounds below a folder. part: of all sounds, or None if folders give it."""
    sounds, common_folders = _sound_files(examples, root)
    folders = {segments[0]: part_named(segments[0]) for _, segments in sounds if len(segments) > 1}
    has_parts = part is None and "train" in folders.values()
    if part is None and not has_parts and any(folders.values()):
        first = next(folder for folder, part_name in folders.items() if part_name)
        raise DataError(
            f"{examples.name}: the folder {first} has the name of a part, and there is no"
            " train beside it; add a folder train, or rename it if it is a class"
        )
    part_by_path = _parts_from_lists(root, common_folders) if part is None else {}
    pattern = (
        None if options.names is None else file_names.compile_template(examples.name, options.names)
    )
    left_out_count = 0
    for file, segments in sounds:
        file_part = part or part_by_path.get("/".join(segments), 0)
        if has_parts and len(segments) > 1 and folders[segments[0]]:
            file_part, segments = PARTS.index(folders[segments[0]] or "train"), segments[1:]
        elif has_parts or (len(segments) > 1 and segments[0].startswith("_")):
            left_out_count += 1
            continue
        attributes = {"label": segments[0]} if len(segments) > 1 else {}
        if pattern is not None:
            match = file_names.match_name(pattern, examples, file, options.names or "")
            if match is None:
                reason = f"is not named as {options.names}; rename it, or correct names="
                examples.skip(file, reason)
                continue
            attributes |= match
        elif not attributes:
            raise _no_label_error(examples.name, [segments[-1] for _, segments in sounds])
        _add_file(examples, file, file_part, attributes)
    if left_out_count:
        examples.notes.append(
            f"{examples.name}: {left_out_count:,} sounds beside train, or in a folder whose name"
            " starts with _, are left out."
        )


def _sound_files(
    examples: LabeledFiles, root: Place
) -> tuple[list[tuple[Place, list[str]]], list[str]]:
    """Return the sounds with their path segments, and the common folders above them."""
    sounds: list[tuple[Place, list[str]]] = []
    for file in list_files(root):
        if plain_name(file).endswith(_SUFFIXES):
            sounds.append((file, relative(file, root).split("/")))
        elif plain_name(file).endswith(_UNREAD_SUFFIXES):
            reason = f"{file.suffix} is not read; convert it to WAV"
            examples.skip(file, reason)
    depth = common_depth([segments[:-1] for _, segments in sounds])
    common_folders = sounds[0][1][:depth] if sounds else []
    sounds = [(file, segments[depth:]) for file, segments in sounds]
    sounds.sort(key=lambda sound: natural_key("/".join(sound[1])))
    return sounds, common_folders


def _add_file(examples: LabeledFiles, file: Place, part: int, attributes: dict[str, str]) -> None:
    """Add a file; attributes that some files lack are dropped."""
    if examples.files:
        for name in examples.attributes.keys() - attributes.keys():
            del examples.attributes[name]
    else:
        examples.attributes = {name: [] for name in attributes}
    for name, values in examples.attributes.items():
        values.append(attributes[name])
    examples.files.append(file)
    examples.parts.append(part)


def _parts_from_lists(root: Place, common_folders: list[str]) -> dict[str, int]:
    """Return the parts of files on the lists of valid and test beside the classes."""
    folder = root
    for segment in common_folders:
        folder = folder / segment
    lists = [(folder / name, part) for name, part in _PART_LISTS.items()]
    return {
        line.strip(): part
        for file, part in lists
        if file.is_file()
        for line in file.read_bytes().decode("utf-8", "replace").splitlines()
    }


def _no_label_error(name: str, stems: list[str]) -> DataError:
    """Return the error for sounds outside the folders of classes."""
    sample = " and ".join(stems[:: max(1, len(stems) - 1)][:2])
    return DataError(
        f"{name}: the class of sounds is unknown: {sample} lie in no class's folder; put"
        " each into the folder of its class, or say how the files are named, such as"
        " --names '{label}_{speaker}_{take}'"
    )


def _target(examples: LabeledFiles, options: Options) -> str:
    """Return the name of the target column. Raises DataError."""
    if options.target is not None:
        examples.column(options.target, "--target")
        return options.target
    if "label" in examples.attributes or len(examples.attributes) == 1:
        return "label" if "label" in examples.attributes else next(iter(examples.attributes))
    raise DataError(
        f"{examples.name}: none of {', '.join(examples.attributes) or 'its names'} is named"
        " label; choose the target with --target"
    )


def _decode(examples: LabeledFiles, options: Options) -> tuple[Signal, list[Tensor], list[Finding]]:
    """Return the kind, the sounds at one rate, and findings; skips unreadable files."""
    sounds = examples.apply(lambda file: read_wav(read_content(file), file.name))
    if not sounds:
        raise DataError(
            f"{examples.name}: none of its {len(examples.skipped):,} sounds can be read; the first,"
            f" {examples.skipped[0][0]}: {examples.skipped[0][1]}"
        )
    rates = Counter(sound.rate for sound in sounds)
    widths = Counter(sound.samples.shape[1] for sound in sounds)
    rate, channels = rates.most_common(1)[0][0], options.channels or widths.most_common(1)[0][0]
    kind = Signal(channels, float(rate))
    is_usable = [sound.samples.shape[1] in (1, channels) or channels == 1 for sound in sounds]
    for file, sound, is_good in zip(examples.files, sounds, is_usable, strict=True):
        if not is_good:
            reason = f"has {sound.samples.shape[1]} channels, the others {channels}; mix it down"
            examples.skip(file, reason)
    examples.keep_rows([row for row, is_good in enumerate(is_usable) if is_good])
    signals: list[Tensor] = []
    names = [relative(file, examples.root) for file in examples.files]
    findings = [
        *_rate_findings(
            rates, rate, names, [s for s, g in zip(sounds, is_usable, strict=True) if g]
        )
    ]
    for index, is_good in enumerate(is_usable):
        sound, sounds[index] = sounds[index], _EMPTY_SOUND  # keep one copy
        if is_good:
            signals.append(kind.prepare((sound.samples, sound.rate)))
    if len(widths) > 1 or channels not in widths:
        width_counts = ", ".join(f"{count:,} of {width}" for width, count in widths.most_common())
        hint = "" if channels == 1 else "; --channels 1 mixes all down"
        examples.notes.append(
            f"{examples.name}: sounds of {width_counts} channels, each brought to {channels}{hint}."
        )
    return kind, signals, findings


_EMPTY_SOUND = Sound(np.empty((0, 1), np.float32), 1)


def _rate_findings(
    rates: Counter[int], rate: int, names: list[str], sounds: list[Sound]
) -> list[Finding]:
    """Return a finding if sounds have several sample rates."""
    if len(rates) == 1:
        return []
    pairs = zip(names, sounds, strict=True)
    others = [(name, f"{sound.rate:,} a second") for name, sound in pairs if sound.rate != rate]
    counts = ", ".join(f"{count:,} at {value:,}" for value, count in rates.most_common())
    return [
        Finding(
            "rates", "note", None, tuple(others), len(others),
            f"Sounds at {len(rates)} rates ({counts} a second), all resampled to {rate:,}: sounds"
            " of a lower rate lack high frequencies, which a net may learn.",
            "Check whether one class or part has another rate than the others; record or convert"
            " all alike.",
        )
    ]  # fmt: skip


def _concatenate(signals: list[Tensor], channels: int) -> Ragged:
    """Return the concatenated signals; frees each after its copy."""
    lengths = torch.tensor([len(signal) for signal in signals])
    offsets = torch.zeros(len(lengths) + 1, dtype=torch.int64)
    torch.cumsum(lengths, 0, out=offsets[1:])
    values = torch.empty(int(offsets[-1]), channels)
    for index, start in reversed(list(enumerate(offsets[:-1].tolist()))):
        signal = signals.pop()
        values[start : start + int(lengths[index])] = signal
    return Ragged(values, offsets)
