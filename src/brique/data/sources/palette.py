"""What the numbers or colors of label maps mean: names of classes in a file beside them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from brique.data.finding import Finding
from brique.data.place import Place, content, plain_name
from brique.data.source import PARTS, part_named
from brique.errors import DataError
from brique.options import Options
from brique.schema import IGNORED
from brique.schema.label_maps import LabelMap, read_colors, read_label_map

_PIXELS = "_classes.csv"  # of Roboflow: "Pixel Value, Class", a line each
_LISTS = ("classes.txt", "labels.txt", "codes.txt", "class_names.txt", _PIXELS)
_TABLES = ("class_dict.csv", "label_colors.txt", "labelmap.txt")
_NOTHING = frozenset({"unlabelled", "unlabeled", "void", "ignore", "ignored"})
_NUMBERED = re.compile(r"(\d{1,3})[\s:,;]+(\S.*)")
_LEVELS = 64  # numbers below are those of classes; grey levels chosen by eye reach beyond
_COLOR = re.compile(r"(\d{1,3})\s*[\s,;]\s*(\d{1,3})\s*[\s,;]\s*(\d{1,3})")


@dataclass
class Palette:
    """Names of classes by number, and numbers by color.

    names: empty if no file names them. colors: of 65536 R + 256 G + B; empty if masks hold numbers.
    file: that names them. notes: what was decided, for people to read.
    findings: what an audit should say of the masks.
    """

    names: dict[int, str] = field(default_factory=dict[int, str])
    colors: dict[int, int] = field(default_factory=dict[int, int])
    file: str = ""
    notes: list[str] = field(default_factory=list[str])
    findings: list[Finding] = field(default_factory=list[Finding])

    def read(self, mask: Place) -> LabelMap:
        """Return the number of each pixel in a file (h, w), uint8. Raises DataError."""
        if self.colors:
            return LabelMap(self._by_color(mask))
        found = read_label_map(mask, frozenset(self.names))
        if found.numbers.max() > IGNORED:
            raise DataError(
                f"mask {mask}: expected numbers of classes from 0 to {IGNORED}, got "
                f"{found.numbers.max():,}; number the classes from 0"
            )
        return replace(found, numbers=found.numbers.astype(np.uint8))

    def _by_color(self, mask: Place) -> np.ndarray:
        codes = read_colors(mask)
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


def find(folder: Place, asked: Options) -> Palette:
    """Return what a file in a folder says of classes; an empty palette if there is none."""
    parts = [one / _PIXELS for one in folder.iterdir() if part_named(one.name) == "train"]
    inside = [*folder.iterdir(), *parts]
    here = {plain_name(file): file for file in inside if file.is_file()}
    file = next((here[name] for name in (*_TABLES, *_LISTS) if name in here), None)
    if file is None:
        return Palette()
    lines = content(file).decode("utf-8-sig", errors="replace").splitlines()
    lines = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    if plain_name(file) == _PIXELS:
        lines = lines[1:]
    if plain_name(file) in _TABLES:
        palette = _table(lines)
    else:
        pairs = [_NUMBERED.fullmatch(line) for line in lines]
        numbered = {int(pair[1]): pair[2].strip() for pair in pairs if pair}
        is_numbered = len(numbered) == len(lines)
        palette = Palette(numbered if is_numbered else dict(enumerate(lines)))
    palette.file = file.name
    palette.names = {number: asked.renamed(name) for number, name in palette.names.items()}
    beyond_all = [number for number in palette.names if number > IGNORED]
    if not palette.names or len(palette.names) > IGNORED or beyond_all:
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


@dataclass(frozen=True)
class Settled:
    """What the numbers of masks mean.

    names: of the classes. table: (256,), uint8, the class of each number.
    codes: (number or color in a file, class) pairs where they differ, as `Mask` has them.
    """

    names: tuple[str, ...]
    table: np.ndarray
    codes: tuple[tuple[int, int], ...]


def settle(
    name: str, palette: Palette, counts: np.ndarray, files: Sequence[str], part: np.ndarray
) -> Settled:
    """Return the classes, and the class of each number; adds notes and findings.

    counts: pixels of each mask (N, 256) by number. files: their names. part: place in PARTS (N,).
    Raises DataError where masks hold numbers that have no name, or that no training mask holds.
    """
    held = set(np.flatnonzero(counts.any(0)).tolist())
    said, is_binary = palette.names, held == {0, IGNORED} and len(palette.names) in (0, 2)
    if is_binary and said and set(said) == {0, 1}:
        said = {0: said[0], IGNORED: said[1]}
    if not said:
        is_void = not is_binary and held - {IGNORED} == set(range(len(held - {IGNORED})))
        train = np.flatnonzero(counts[part == 0].any(0)).tolist()
        said = {number: str(number) for number in train if number != IGNORED or not is_void}
        void = {IGNORED} if is_void else set[int]()
        _check_held(name, held - set(said) - void, counts, files, part)
        palette.notes.append(
            f"{name}: no file names its classes, so they are called as the {len(said)} numbers "
            "that masks hold; classes.txt, a name a line, names them."
        )
        if IGNORED in held and not is_binary:
            _say_void(name, palette, held, is_void=is_void)
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
    return Settled(names, table, _codes(palette, said, table))


def _codes(
    palette: Palette, said: Mapping[int, str], table: np.ndarray
) -> tuple[tuple[int, int], ...]:
    """Return the class of each number or color, none where each number is that of its class."""
    if palette.colors:
        return tuple((code, int(table[n])) for code, n in sorted(palette.colors.items()))
    pairs = tuple((number, int(table[number])) for number in sorted(said))
    return pairs if pairs != tuple((n, n) for n in range(len(pairs))) else ()


def _say_void(name: str, palette: Palette, held: set[int], *, is_void: bool) -> None:
    """Say whether 255 is a class: an error where the other numbers do not tell."""
    rest = sorted(held - {IGNORED})
    if is_void:
        palette.notes.append(
            f"{name}: pixels of 255 count for nothing beside 0 to {rest[-1]}; if they are a class,"
            " name it in classes.txt (255: NAME)."
        )
        return
    listed = ", ".join(map(str, rest[:8])) + (", ..." if len(rest) > 8 else "")
    palette.notes.append(f"{name}: 255 is taken for a class, as {listed} are.")
    if rest[-1] < _LEVELS:
        palette.findings.append(
            Finding(
                "void or class",
                "error",
                None,
                (),
                len(rest) + 1,
                f"Masks hold {listed} and 255, which may be a class or count for nothing; it is"
                " taken for a class.",
                "Name the numbers in classes.txt, such as '255: void' or '255: NAME', a line each.",
            )
        )


def check_alike(name: str, palette: Palette, maps: Sequence[Mapping[int, int]],
                files: Sequence[str]) -> None:  # fmt: skip
    """Add a finding where one number shows different colors in the palettes of masks.

    maps: by mask, the color of each number that it holds. files: their names.
    """
    first: dict[int, tuple[int, str]] = {}
    other: list[tuple[str, ...]] = []
    for colors, file in zip(maps, files, strict=True):
        for number, color in colors.items():
            before, where = first.setdefault(number, (color, file))
            if before != color:
                other.append((file, f"{number} is #{color:06x}", f"#{before:06x} in {where}"))
    if other:
        file, here, there = other[0]
        palette.findings.append(
            Finding(
                "palettes differ",
                "warning" if palette.names else "error",
                None,
                tuple(other),
                len(other),
                f"The numbers of masks mean one thing in one file and another elsewhere, by their"
                f" palettes: in {file} {here}, {there}.",
                "Save all with one palette, or as grey PNGs that hold the numbers; or save them as"
                " RGB and name the colors in class_dict.csv (name,r,g,b).",
            )
        )
        palette.notes.append(
            f"{name}: the palettes of its masks differ, look at 'brique check DATA'."
        )


def say_snapped(name: str, palette: Palette, files: Sequence[str], held: bool) -> None:
    """Say which masks were taken for black and white in spite of noise; refuse them without white.

    held: whether a mask holds 255.
    """
    if not files:
        return
    if not held:
        raise DataError(
            f"{name}: {files[0]} and {len(files) - 1:,} other masks are blurred or compressed with"
            " loss, and hold no white; save the numbers of classes as PNG"
        )
    palette.findings.append(
        Finding(
            "compressed mask",
            "warning",
            None,
            tuple((file,) for file in files),
            len(files),
            f"{len(files):,} masks of black and white have noise at edges, as lossy compression"
            " leaves it; each pixel is taken for the nearer of 0 and 255.",
            "Save masks as PNG.",
        )
    )


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
        f"names {len(palette.names)}; name it there ({strange[0]}: NAME), or correct the mask"
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
