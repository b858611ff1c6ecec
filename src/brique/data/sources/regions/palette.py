"""Classes of the numbers or colors of label maps, from a file beside them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from brique.data.files.place import Place, plain_name, read_content
from brique.data.finding import Finding
from brique.data.raw.source import PARTS, part_named
from brique.errors import DataError
from brique.options import Options
from brique.schema import IGNORE_INDEX
from brique.schema.label_maps import LabelMap, read_colors, read_label_map

_ROBOFLOW_FILE = "_classes.csv"  # of Roboflow: "Pixel Value, Class", a line each
_NAME_FILES = ("classes.txt", "labels.txt", "codes.txt", "class_names.txt", _ROBOFLOW_FILE)
_COLOR_FILES = ("class_dict.csv", "label_colors.txt", "labelmap.txt")
_VOID_NAMES = frozenset({"unlabelled", "unlabeled", "void", "ignore", "ignored"})
_NUMBERED = re.compile(r"(\d{1,3})[\s:,;]+(\S.*)")
_MAX_CLASS_NUMBER = 64  # class numbers stay below; gray levels go beyond
_COLOR = re.compile(r"(\d{1,3})\s*[\s,;]\s*(\d{1,3})\s*[\s,;]\s*(\d{1,3})")


@dataclass
class Palette:
    """Names of classes by number, and numbers by color.

    names: empty if no file names them. colors: 65536 R + 256 G + B; empty if masks hold numbers.
    file: that names them. notes: on decisions.
    findings: on the masks.
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
        label_map = read_label_map(mask, frozenset(self.names))
        if label_map.numbers.max() > IGNORE_INDEX:
            raise DataError(
                f"mask {mask}: expected numbers of classes from 0 to {IGNORE_INDEX}, got "
                f"{label_map.numbers.max():,}; number the classes from 0"
            )
        return replace(label_map, numbers=label_map.numbers.astype(np.uint8))

    def _by_color(self, mask: Place) -> np.ndarray:
        codes = read_colors(mask)
        known_codes = np.array(sorted(self.colors), np.int32)
        indices = np.searchsorted(known_codes, codes).clip(max=len(known_codes) - 1)
        is_unknown = known_codes[indices] != codes
        if is_unknown.any():
            code, count = int(codes[is_unknown][0]), int(is_unknown.sum())
            color = (code >> 16, code >> 8 & 255, code & 255)
            raise DataError(
                f"mask {mask}: expected the colors that {self.file} names, got others in "
                f"{count:,} pixels, such as {color}; add them, or save it without loss"
            )
        return np.array([self.colors[code] for code in known_codes.tolist()], np.uint8)[indices]


def find(folder: Place, options: Options) -> Palette:
    """Return the palette from a file in a folder; empty without a file."""
    roboflow_files = [
        entry / _ROBOFLOW_FILE for entry in folder.iterdir() if part_named(entry.name) == "train"
    ]
    entries = [*folder.iterdir(), *roboflow_files]
    files_by_name = {plain_name(file): file for file in entries if file.is_file()}
    file = next(
        (files_by_name[name] for name in (*_COLOR_FILES, *_NAME_FILES) if name in files_by_name),
        None,
    )
    if file is None:
        return Palette()
    lines = read_content(file).decode("utf-8-sig", errors="replace").splitlines()
    lines = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    if plain_name(file) == _ROBOFLOW_FILE:
        lines = lines[1:]
    if plain_name(file) in _COLOR_FILES:
        palette = _parse_color_table(lines)
    else:
        pairs = [_NUMBERED.fullmatch(line) for line in lines]
        numbered = {int(pair[1]): pair[2].strip() for pair in pairs if pair}
        is_numbered = len(numbered) == len(lines)
        palette = Palette(numbered if is_numbered else dict(enumerate(lines)))
    palette.file = file.name
    palette.names = {number: options.renamed(name) for number, name in palette.names.items()}
    too_large = [number for number in palette.names if number > IGNORE_INDEX]
    if not palette.names or len(palette.names) > IGNORE_INDEX or too_large:
        raise DataError(
            f"{file.name}: expected 1 to {IGNORE_INDEX} classes, got {len(palette.names)} lines;"
            " write the name of a class on each"
        )
    return palette


def _parse_color_table(lines: Sequence[str]) -> Palette:
    """Return names and colors of lines with a name and three numbers in either order."""
    palette = Palette()
    for line in lines:
        if match := _COLOR.search(line):
            color = [min(int(part), 255) for part in match.groups()]
            name = (line[: match.start()] + line[match.end() :]).strip(" \t,;:")
            number = len(palette.names)
            palette.names[number] = name or str(number)
            palette.colors[(color[0] << 16) | (color[1] << 8) | color[2]] = number
    return palette


@dataclass(frozen=True)
class ClassTable:
    """Classes of the numbers of masks.

    names: of the classes. table: (256,), uint8, the class of each number.
    codes: (number or color in a file, class) pairs where they differ, as in `Mask`.
    """

    names: tuple[str, ...]
    lookup: np.ndarray
    codes: tuple[tuple[int, int], ...]


def resolve_classes(
    name: str, palette: Palette, counts: np.ndarray, files: Sequence[str], part: np.ndarray
) -> ClassTable:
    """Return the classes, and the class of each number; adds notes and findings.

    counts: pixels of each mask (N, 256) by number. files: their names. part: index into PARTS (N,).
    Raises DataError for numbers without a name, or that no training mask holds.
    """
    present = set(np.flatnonzero(counts.any(0)).tolist())
    names_by_number = palette.names
    is_binary = present == {0, IGNORE_INDEX} and len(palette.names) in (0, 2)
    if is_binary and names_by_number and set(names_by_number) == {0, 1}:
        names_by_number = {0: names_by_number[0], IGNORE_INDEX: names_by_number[1]}
    if not names_by_number:
        numbers = present - {IGNORE_INDEX}
        is_void = not is_binary and numbers == set(range(len(numbers)))
        train = np.flatnonzero(counts[part == 0].any(0)).tolist()
        names_by_number = {
            number: str(number) for number in train if number != IGNORE_INDEX or not is_void
        }
        void = {IGNORE_INDEX} if is_void else set[int]()
        _check_trained(name, present - set(names_by_number) - void, counts, files, part)
        palette.notes.append(
            f"{name}: no file names its classes, so they are named by the {len(names_by_number)}"
            " numbers in the masks; add classes.txt with one name per line."
        )
        if IGNORE_INDEX in present and not is_binary:
            _report_void(name, palette, present, is_void=is_void)
    if is_binary:
        palette.notes.append(f"{name}: its masks hold only 0 and 255, read as two classes.")
    void = [n for n, label in names_by_number.items() if label.casefold() in _VOID_NAMES]
    if void:
        void_names = ", ".join(names_by_number[number] for number in void)
        palette.notes.append(f"{name}: pixels of {void_names} are ignored.")
    used = {n: label for n, label in names_by_number.items() if n not in void}
    names = tuple(dict.fromkeys(used[number] for number in sorted(used)))
    if not names:
        raise DataError(f"{name}: its masks hold no class, only ignored pixels; give other masks")
    lookup = np.full(256, IGNORE_INDEX, np.uint8)
    for number, class_name in used.items():
        lookup[number] = names.index(class_name)
    return ClassTable(names, lookup, _class_codes(palette, names_by_number, lookup))


def _class_codes(
    palette: Palette, names_by_number: Mapping[int, str], lookup: np.ndarray
) -> tuple[tuple[int, int], ...]:
    """Return the class of each number or color; empty if numbers are class numbers."""
    if palette.colors:
        return tuple((code, int(lookup[n])) for code, n in sorted(palette.colors.items()))
    pairs = tuple((number, int(lookup[number])) for number in sorted(names_by_number))
    return pairs if pairs != tuple((n, n) for n in range(len(pairs))) else ()


def _report_void(name: str, palette: Palette, present: set[int], *, is_void: bool) -> None:
    """Report whether 255 is a class; an error if the other numbers do not decide."""
    others = sorted(present - {IGNORE_INDEX})
    if is_void:
        palette.notes.append(
            f"{name}: pixels of 255 are ignored beside 0 to {others[-1]}; if they are a class,"
            " name it in classes.txt (255: NAME)."
        )
        return
    number_list = ", ".join(map(str, others[:8])) + (", ..." if len(others) > 8 else "")
    palette.notes.append(f"{name}: 255 is read as a class, like {number_list}.")
    if others[-1] < _MAX_CLASS_NUMBER:
        palette.findings.append(
            Finding(
                "void or class",
                "error",
                None,
                (),
                len(others) + 1,
                f"Masks hold {number_list} and 255, which may be a class or ignored; it is read"
                " as a class.",
                "Name the numbers in classes.txt, such as '255: void' or '255: NAME', one per"
                " line.",
            )
        )


def check_same_colors(name: str, palette: Palette, color_maps: Sequence[Mapping[int, int]],
                files: Sequence[str]) -> None:  # fmt: skip
    """Add a finding if one number has different colors in the palettes of masks.

    color_maps: by mask, the color of each number that it holds. files: their names.
    """
    first_seen: dict[int, tuple[int, str]] = {}
    conflicts: list[tuple[str, ...]] = []
    for colors, file in zip(color_maps, files, strict=True):
        for number, color in colors.items():
            first_color, where = first_seen.setdefault(number, (color, file))
            if first_color != color:
                conflicts.append(
                    (file, f"{number} is #{color:06x}", f"#{first_color:06x} in {where}")
                )
    if conflicts:
        file, observed, expected = conflicts[0]
        palette.findings.append(
            Finding(
                "palettes differ",
                "warning" if palette.names else "error",
                None,
                tuple(conflicts),
                len(conflicts),
                f"The numbers of masks have different meanings in different files, by their"
                f" palettes: in {file} {observed}, {expected}.",
                "Save all with one palette, or as gray PNGs of the numbers; or save them as"
                " RGB and name the colors in class_dict.csv (name,r,g,b).",
            )
        )
        palette.notes.append(f"{name}: the palettes of its masks differ; see 'brique check DATA'.")


def report_denoised(name: str, palette: Palette, files: Sequence[str], has_white: bool) -> None:
    """Report noisy masks that are read as black and white; raise DataError without white.

    has_white: whether a mask holds 255.
    """
    if not files:
        return
    if not has_white:
        raise DataError(
            f"{name}: {files[0]} and {len(files) - 1:,} other masks are blurred or lossily"
            " compressed, and hold no white; save the numbers of classes as PNG"
        )
    palette.findings.append(
        Finding(
            "compressed mask",
            "warning",
            None,
            tuple((file,) for file in files),
            len(files),
            f"{len(files):,} masks of black and white have noise at edges, as from lossy"
            " compression: each pixel becomes the nearer of 0 and 255.",
            "Save masks as PNG.",
        )
    )


def unknown_class_reason(palette: Palette, counts: np.ndarray) -> str | None:
    """Return why a mask with unnamed numbers cannot be used; None if all have names.

    counts: its pixels by number (256,).
    """
    if not palette.names:
        return None
    unknown = [n for n in np.flatnonzero(counts).tolist() if n not in palette.names]
    unknown = [n for n in unknown if n != IGNORE_INDEX]
    if not unknown:
        return None
    return (
        f"holds class {unknown[0]} in {int(counts[unknown[0]]):,} pixels, but {palette.file} "
        f"names {len(palette.names)}; name it there ({unknown[0]}: NAME), or correct the mask"
    )


def _check_trained(
    name: str, unknown: set[int], counts: np.ndarray, files: Sequence[str], part: np.ndarray
) -> None:
    """Raise DataError for a number that no training mask holds."""
    for number in sorted(unknown):
        row = int(np.flatnonzero(counts[:, number])[0])
        raise DataError(
            f"{name}: {files[row]} of {PARTS[int(part[row])]} holds class {number} in "
            f"{int(counts[row, number]):,} pixels, which no training mask does; name all classes "
            "in classes.txt, one name per line, or correct the mask"
        )
