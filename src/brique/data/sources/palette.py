"""What the numbers or colors of label maps mean: names of classes in a file beside them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from brique.data.asked import Asked
from brique.data.place import Place, content, plain_name
from brique.data.source import PARTS
from brique.errors import DataError
from brique.schema import IGNORED, read_picture
from brique.schema.pictures import read_classes

_LISTS = ("classes.txt", "labels.txt", "codes.txt", "class_names.txt")
_TABLES = ("class_dict.csv", "label_colors.txt", "labelmap.txt")
_NOTHING = frozenset({"unlabelled", "unlabeled", "void", "ignore", "ignored"})
_NUMBERED = re.compile(r"(\d{1,3})[\s:,;]+(\S.*)")
_COLOR = re.compile(r"(\d{1,3})\s*[\s,;]\s*(\d{1,3})\s*[\s,;]\s*(\d{1,3})")


@dataclass
class Palette:
    """Names of classes by number, and numbers by color.

    names: empty if no file names them. colors: of 65536 R + 256 G + B; empty if masks hold numbers.
    file: that names them. notes: what was decided, for people to read.
    """

    names: dict[int, str] = field(default_factory=dict[int, str])
    colors: dict[int, int] = field(default_factory=dict[int, int])
    file: str = ""
    notes: list[str] = field(default_factory=list[str])

    def numbers(self, mask: Place) -> np.ndarray:
        """Return the number of each pixel in a file (h, w), uint8. Raises DataError."""
        if self.colors:
            return self._by_color(mask)
        numbers = read_classes(mask)
        if numbers.max() > IGNORED:
            raise DataError(
                f"mask {mask}: expected numbers of classes from 0 to {IGNORED}, got "
                f"{numbers.max():,}; number the classes from 0"
            )
        return numbers.astype(np.uint8)

    def _by_color(self, mask: Place) -> np.ndarray:
        red, green, blue = np.moveaxis(np.asarray(read_picture(mask).convert("RGB")), 2, 0)
        codes = (red.astype(np.int32) << 16) | (green.astype(np.int32) << 8) | blue
        known = np.array(sorted(self.colors), np.int32)
        places = np.searchsorted(known, codes).clip(max=len(known) - 1)
        strange = known[places] != codes
        if strange.any():
            code, count = int(codes[strange][0]), int(strange.sum())
            color = (code >> 16, code >> 8 & 255, code & 255)
            raise DataError(
                f"mask {mask}: expected the colors that {self.file} names, got others in "
                f"{count:,} pixels, such as {color}; add them, or save it without loss"
            )
        return np.array([self.colors[code] for code in known.tolist()], np.uint8)[places]


def find(folder: Place, asked: Asked) -> Palette:
    """Return what a file in a folder says of classes; an empty palette if there is none."""
    here = {plain_name(file): file for file in folder.iterdir() if file.is_file()}
    file = next((here[name] for name in (*_TABLES, *_LISTS) if name in here), None)
    if file is None:
        return Palette()
    lines = content(file).decode("utf-8-sig", errors="replace").splitlines()
    lines = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    if plain_name(file) in _TABLES:
        palette = _table(lines)
    else:
        pairs = [_NUMBERED.fullmatch(line) for line in lines]
        numbered = {int(pair[1]): pair[2].strip() for pair in pairs if pair}
        is_numbered = len(numbered) == len(lines)
        palette = Palette(numbered if is_numbered else dict(enumerate(lines)))
    palette.file = file.name
    palette.names = {number: asked.renamed(name) for number, name in palette.names.items()}
    if not palette.names or max(palette.names) >= IGNORED:
        raise DataError(
            f"{file.name}: expected 1 to {IGNORED} classes, got {len(palette.names)} lines; write "
            "the name of a class on each"
        )
    return palette


def _table(lines: Sequence[str]) -> Palette:
    """Return names and colors of lines with a name and three numbers in either order."""
    palette = Palette()
    for line in lines:
        if found := _COLOR.search(line):
            color = [min(int(part), 255) for part in found.groups()]
            name = (line[: found.start()] + line[found.end() :]).strip(" \t,;:")
            number = len(palette.names)
            palette.names[number] = name or str(number)
            palette.colors[(color[0] << 16) | (color[1] << 8) | color[2]] = number
    return palette


def settle(
    name: str, palette: Palette, counts: np.ndarray, files: Sequence[str], part: np.ndarray
) -> tuple[tuple[str, ...], np.ndarray]:
    """Return the classes, and the class of each number (256,), uint8; adds notes.

    counts: pixels of each mask (N, 256) by number. files: their names. part: place in PARTS (N,).
    Raises DataError where masks hold numbers that have no name, or that no training mask holds.
    """
    held = set(np.flatnonzero(counts.any(0)).tolist())
    said, is_binary = palette.names, held == {0, IGNORED} and len(palette.names) in (0, 2)
    if is_binary and said and set(said) == {0, 1}:
        said = {0: said[0], IGNORED: said[1]}
    if not said:
        train = np.flatnonzero(counts[part == 0].any(0)).tolist()
        said = {number: str(number) for number in train if number != IGNORED or is_binary}
        _check_held(name, held - set(said) - {IGNORED}, counts, files, part)
        palette.notes.append(
            f"{name}: no file names its classes, so they are called as the {len(said)} numbers "
            "that masks hold; classes.txt, a name a line, names them."
        )
    if is_binary:
        palette.notes.append(f"{name}: its masks hold 0 and 255 alone, taken for two classes.")
    void = [number for number, word in said.items() if word.casefold() in _NOTHING]
    if void:
        words = ", ".join(said[number] for number in void)
        palette.notes.append(f"{name}: pixels of {words} count for nothing.")
    kept = {number: word for number, word in said.items() if number not in void}
    names = tuple(dict.fromkeys(kept[number] for number in sorted(kept)))
    if not names:
        raise DataError(
            f"{name}: its masks hold no class, only pixels that count for nothing; give other masks"
        )
    table = np.full(256, IGNORED, np.uint8)
    for number, word in kept.items():
        table[number] = names.index(word)
    return names, table


def beyond(palette: Palette, counts: np.ndarray) -> str | None:
    """Return why a mask cannot be used whose numbers have no name; None if all have.

    counts: its pixels by number (256,).
    """
    if not palette.names:
        return None
    strange = [n for n in np.flatnonzero(counts).tolist() if n not in palette.names]
    strange = [n for n in strange if n != IGNORED]
    if not strange:
        return None
    return (
        f"holds class {strange[0]} in {int(counts[strange[0]]):,} pixels, but {palette.file} "
        f"names {len(palette.names)}; name it there, or correct the mask"
    )


def _check_held(
    name: str, strange: set[int], counts: np.ndarray, files: Sequence[str], part: np.ndarray
) -> None:
    """Raise DataError for a number that no training mask holds."""
    for number in sorted(strange):
        row = int(np.flatnonzero(counts[:, number])[0])
        raise DataError(
            f"{name}: {files[row]} of {PARTS[int(part[row])]} holds class {number} in "
            f"{int(counts[row, number]):,} pixels, which no training mask does; name all classes "
            "in classes.txt, a name a line, or correct the mask"
        )
