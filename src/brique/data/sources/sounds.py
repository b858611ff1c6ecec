"""Sounds: folders of WAV files by class, or WAV files whose names say what they are."""

from collections import Counter
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from brique.data.finding import Finding
from brique.data.place import Place, content, files, placed, plain_name, relative
from brique.data.ragged import Ragged
from brique.data.source import PARTS, Source, part_named
from brique.data.sources import named, tabled
from brique.data.sources.listed import Listed, shared
from brique.errors import DataError
from brique.options import Options
from brique.schema import Signal, natural
from brique.schema.sounds import Sound, read_sound

KIND: str = "sounds"
USES: frozenset[str] = frozenset({"target", "test", "rename", "group", "names", "channels"})
_SUFFIXES = (".wav", ".wave")
_FOREIGN = (".mp3", ".flac", ".ogg", ".oga", ".opus", ".m4a", ".aac", ".aif", ".aiff", ".wma")
_LISTS = {"validation_list.txt": 1, "testing_list.txt": 2}  # of Speech Commands


def fits(place: Place) -> bool:
    """Tell whether at least half of the files in a folder are sounds."""
    if not place.is_dir():
        return False
    names = [plain_name(file) for file in files(place)]
    return 0 < len(names) <= 2 * sum(name.endswith((*_SUFFIXES, *_FOREIGN)) for name in names)


def read(name: str, place: Place, asked: Options) -> Source:
    """Return the sounds below a folder, decoded, with what their folders or names say.

    Field "sound", a Signal of the commonest rate, to which the others are brought; and the target,
    the class. Other fields of `names` choose test= and group=, and are left out.
    Raises DataError when there are no sounds, or nothing says what they are.
    """
    found = _find(name, place, asked)
    target = _target(found, asked)
    found.choose(asked)
    total = len(found.files) + len(found.skipped)
    kind, signals, findings = _decode(found, asked)
    if found.skipped:
        found.notes.append(
            f"{name}: {len(found.skipped):,} of {total:,} sounds cannot be read and are left out."
        )
    source = found.source(kind, _joined(signals, kind.channels), "sound", target, asked)
    source.findings = findings
    return source


def _find(name: str, root: Place, asked: Options) -> Listed:
    """List the sounds with their parts, and what their folders and names say."""
    found = Listed(name, root, "the names of the files (--names)")
    if asked.names is None and (tables := tabled.of(root, _is_sound)):
        tabled.take(found, tables, _is_sound)
    else:
        _add(found, root, asked, None)
    if asked.test is not None and asked.test_values() is None:
        test = placed(Path(asked.test))
        if any(found.parts):
            raise DataError(f"{name}: it has parts of its own already; leave out --test")
        if not test.is_dir():
            raise DataError(
                f"{name}: --test {asked.test} is not a folder of sounds; give one, or"
                " COLUMN=VALUE,VALUE of names="
            )
        _add(found, test, asked, 2)
    if not found.files:
        rest = f"; the first, {found.skipped[0][0]}: {found.skipped[0][1]}" if found.skipped else ""
        raise DataError(f"{name}: expected WAV files, got none that can be read{rest}")
    return found


def _is_sound(file: Place) -> bool:
    return plain_name(file).endswith(_SUFFIXES)


def _add(found: Listed, root: Place, asked: Options, part: int | None) -> None:
    """Add the sounds below a folder. part: of all of them, or None if folders say it."""
    sounds, above = _sounds(found, root)
    folders = {steps[0]: part_named(steps[0]) for _, steps in sounds if len(steps) > 1}
    has_parts = part is None and "train" in folders.values()
    if part is None and not has_parts and any(folders.values()):
        first = next(folder for folder, one in folders.items() if one)
        raise DataError(
            f"{found.name}: the folder {first} is named as a part of the data, and there is no"
            " train beside it; name that of train so, or rename it where it is a class"
        )
    lists = _listed(root, above) if part is None else {}
    pattern = None if asked.names is None else named.pattern(found.name, asked.names)
    left = 0
    for file, steps in sounds:
        here = part or lists.get("/".join(steps), 0)
        if has_parts and len(steps) > 1 and folders[steps[0]]:
            here, steps = PARTS.index(folders[steps[0]] or "train"), steps[1:]
        elif has_parts or (len(steps) > 1 and steps[0].startswith("_")):
            left += 1
            continue
        said = {"label": steps[0]} if len(steps) > 1 else {}
        if pattern is not None:
            match = named.match(pattern, found, file, asked.names or "")
            if match is None:
                reason = f"is not named as {asked.names}; rename it, or mend names="
                found.skip(file, reason)
                continue
            said |= match
        elif not said:
            raise _nameless(found.name, [steps[-1] for _, steps in sounds])
        _take(found, file, here, said)
    if left:
        found.notes.append(
            f"{found.name}: {left:,} sounds beside train, or in a folder whose name starts with _,"
            " are left out."
        )


def _sounds(found: Listed, root: Place) -> tuple[list[tuple[Place, list[str]]], list[str]]:
    """Return the sounds with the steps to them, and the folders above all of them."""
    sounds: list[tuple[Place, list[str]]] = []
    for file in files(root):
        if plain_name(file).endswith(_SUFFIXES):
            sounds.append((file, relative(file, root).split("/")))
        elif plain_name(file).endswith(_FOREIGN):
            reason = f"{file.suffix} is not read; convert it to WAV"
            found.skip(file, reason)
    depth = shared([steps[:-1] for _, steps in sounds])
    above = sounds[0][1][:depth] if sounds else []
    sounds = [(file, steps[depth:]) for file, steps in sounds]
    sounds.sort(key=lambda sound: natural("/".join(sound[1])))
    return sounds, above


def _take(found: Listed, file: Place, part: int, said: dict[str, str]) -> None:
    """Add a file; what some files do not say is no column."""
    if found.files:
        for name in found.told.keys() - said.keys():
            del found.told[name]
    else:
        found.told = {name: [] for name in said}
    for name, values in found.told.items():
        values.append(said[name])
    found.files.append(file)
    found.parts.append(part)


def _listed(root: Place, above: list[str]) -> dict[str, int]:
    """Return the parts of files that the lists beside the classes give to valid and test."""
    folder = root
    for step in above:
        folder = folder / step
    lists = [(folder / name, part) for name, part in _LISTS.items()]
    return {
        line.strip(): part
        for file, part in lists
        if file.is_file()
        for line in file.read_bytes().decode("utf-8", "replace").splitlines()
    }


def _nameless(name: str, stems: list[str]) -> DataError:
    """Return the error for sounds that lie in no class's folder."""
    shown = " and ".join(stems[:: max(1, len(stems) - 1)][:2])
    return DataError(
        f"{name}: nothing says which class a sound is of: {shown} lie in no class's folder; put"
        " each into the folder of its class, or say how the files are named, such as"
        " --names '{label}_{speaker}_{take}'"
    )


def _target(found: Listed, asked: Options) -> str:
    """Return the name of the column that is to be predicted. Raises DataError."""
    if asked.target is not None:
        found.column(asked.target, "--target")
        return asked.target
    if "label" in found.told or len(found.told) == 1:
        return "label" if "label" in found.told else next(iter(found.told))
    raise DataError(
        f"{found.name}: none of {', '.join(found.told) or 'its names'} is named label; say with"
        " --target which is to be predicted"
    )


def _decode(found: Listed, asked: Options) -> tuple[Signal, list[Tensor], list[Finding]]:
    """Return the kind, the sounds at one rate, and what is odd; leaves out what cannot be read."""
    sounds = found.each(lambda file: read_sound(content(file), file.name))
    if not sounds:
        raise DataError(
            f"{found.name}: none of its {len(found.skipped):,} sounds can be read; the first,"
            f" {found.skipped[0][0]}: {found.skipped[0][1]}"
        )
    rates = Counter(sound.rate for sound in sounds)
    widths = Counter(sound.samples.shape[1] for sound in sounds)
    rate, channels = rates.most_common(1)[0][0], asked.channels or widths.most_common(1)[0][0]
    kind = Signal(channels, float(rate))
    good = [sound.samples.shape[1] in (1, channels) or channels == 1 for sound in sounds]
    for file, sound, is_good in zip(found.files, sounds, good, strict=True):
        if not is_good:
            reason = f"has {sound.samples.shape[1]} channels, the others {channels}; mix it down"
            found.skip(file, reason)
    found.keep([row for row, is_good in enumerate(good) if is_good])
    signals: list[Tensor] = []
    names = [relative(file, found.root) for file in found.files]
    findings = [*_rates(rates, rate, names, [s for s, g in zip(sounds, good, strict=True) if g])]
    for place, is_good in enumerate(good):
        sound, sounds[place] = sounds[place], _NOTHING  # so that there is one copy
        if is_good:
            signals.append(kind.prepare((sound.samples, sound.rate)))
    if len(widths) > 1 or channels not in widths:
        came = ", ".join(f"{count:,} of {width}" for width, count in widths.most_common())
        other = "" if channels == 1 else "; --channels 1 mixes all down"
        found.notes.append(
            f"{found.name}: sounds of {came} channels, each brought to {channels}{other}."
        )
    return kind, signals, findings


_NOTHING = Sound(np.empty((0, 1), np.float32), 1)


def _rates(rates: Counter[int], rate: int, names: list[str], sounds: list[Sound]) -> list[Finding]:
    """Return a finding where sounds come at several rates."""
    if len(rates) == 1:
        return []
    pairs = zip(names, sounds, strict=True)
    rare = [(name, f"{one.rate:,} a second") for name, one in pairs if one.rate != rate]
    counts = ", ".join(f"{count:,} at {each:,}" for each, count in rates.most_common())
    return [
        Finding(
            "rates", "note", None, tuple(rare), len(rare),
            f"Sounds at {len(rates)} rates ({counts} a second), all brought to {rate:,}: what was"
            " recorded at a lower rate lacks the high tones, and a net may tell it by that.",
            "Look whether one class or part has another rate than the others; record or convert"
            " all alike.",
        )
    ]  # fmt: skip


def _joined(signals: list[Tensor], channels: int) -> Ragged:
    """Return the signals laid end to end; each is let go when it is copied."""
    lengths = torch.tensor([len(signal) for signal in signals])
    offsets = torch.zeros(len(lengths) + 1, dtype=torch.int64)
    torch.cumsum(lengths, 0, out=offsets[1:])
    values = torch.empty(int(offsets[-1]), channels)
    for place, start in reversed(list(enumerate(offsets[:-1].tolist()))):
        signal = signals.pop()
        values[start : start + int(lengths[place])] = signal
    return Ragged(values, offsets)
