"""YOLO: a .txt file for each picture, with a class and a box in shares of the picture a line."""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from brique.data.place import Place, content, plain_name, relative
from brique.data.source import ALIASES
from brique.data.sources.annotations import Marked, around, number
from brique.data.sources.settings import Settings, settings_in
from brique.errors import DataError

_LINE = re.compile(r"\s*\S+(\s+[-+.\deEnaNif]+){4,}\s*$")  # a word and four numbers or more
_DOUBLE = re.compile(r"\.(jpe?g|png|bmp|webp|tiff?)$")
_LISTS = ("train", "valid", "val", "test")
_BEYOND = "expected a class from"
_NAMES = ("classes.txt", "obj.names", "_darknet.labels", "classes.names", "labels.txt")
_STEPS = frozenset((
    "images", "image", "imgs", "img", "jpegimages", "pictures", "photos", "labels", "label",
    "annotations", "annotation", "txt", "yolo", "labels_txt",
))  # fmt: skip # folders that pictures and their .txt files do not have in common
_LOOKED_AT = 50  # files by whose lines the form is known
_SLACK = 1e-3  # by which a share may pass 1, as rounding does


@dataclass
class Yolo:
    """What a folder says.

    marked: of each picture. faults: files and lines of no picture, and why.
    bare: pictures without a file of boxes. lone: the same in parts without any such file.
    """

    marked: list[Marked] = field(default_factory=list[Marked])
    faults: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    bare: list[Place] = field(default_factory=list[Place])
    lone: list[Place] = field(default_factory=list[Place])
    notes: list[str] = field(default_factory=list[str])


def is_yolo(place: Place, inside: Sequence[Place], pictures: Sequence[Place]) -> bool:
    """Tell whether .txt files that are named as pictures hold lines of classes and boxes."""
    pairs = _pairs(place, inside, pictures)
    texts = [text for _, text in pairs if text is not None]
    if not texts:
        return False
    first = [line for file in texts[:_LOOKED_AT] if (line := _first_line(file))]
    if first:
        return 2 * sum(_LINE.match(line) is not None for line in first) >= len(first)
    return bool(settings_in(place, inside))


def yolo(name: str, place: Place, inside: Sequence[Place], pictures: Sequence[Place]) -> Yolo:
    """Return the boxes of each picture, with its part where a list, a file or a folder names it.

    Pictures without a .txt file have no box, as YOLO takes them. Lines that cannot be read are left
    out and named. Raises DataError where data.yaml cannot be read.
    """
    found = Yolo()
    known = settings_in(place, inside)
    settings = known[0] if known else Settings(None)
    names = settings.names or _names(inside)
    if settings.names and settings.count not in (None, len(settings.names)):
        found.notes.append(
            f"{name}: {settings.file} says {settings.count} classes and names"
            f" {len(settings.names)}."
        )
    if not names:
        found.notes.append(
            f"{name}: no data.yaml, classes.txt or obj.names names the classes of its boxes, so"
            " they are called by their numbers."
        )
    pairs = _pairs(place, inside, pictures)
    parts = _Parts.of(place, inside, pictures, settings)
    bare: dict[str | None, list[Place]] = {}
    labelled: set[str | None] = set()
    for picture, text in pairs:
        part = parts.of_picture(picture)
        if text is None:
            bare.setdefault(part, []).append(picture)
            continue
        labelled.add(part)
        marked = Marked(picture.name, None, text, picture=picture, part=part, is_relative=True)
        _lines(marked, relative(text, place), names, settings.keypoints)
        found.marked.append(marked)
    for part, several in bare.items():
        if part not in labelled:
            found.lone += several
            continue
        found.bare += several
        found.marked += [Marked(one.name, None, one, picture=one, part=part) for one in several]
    if names:
        _check_first(name, found.marked, names)
    found.faults += _orphans(place, inside, pairs)
    found.notes += parts.notes
    return found


def _check_first(name: str, marked: Sequence[Marked], names: Mapping[int, str]) -> None:
    """Raise DataError where classes seem to count from 1: one is beyond, and none the first."""
    beyond = [fault for one in marked for fault in one.faults if fault[1].startswith(_BEYOND)]
    if beyond and not any(names[min(names)] in one.classes for one in marked):
        where, reason = beyond[0]
        raise DataError(
            f"{name}: {where}: {reason.removesuffix('; correct it')}, and no box is of the first,"
            f" '{names[min(names)]}': number the classes from {min(names)}, or name them all"
        )


def _lines(
    marked: Marked, where: str, names: Mapping[int, str], keypoints: tuple[int, int] | None
) -> None:
    """Add the boxes that the lines of a file give, and why a line is left out."""
    text = content(marked.file).decode("utf-8-sig", "replace")
    for place, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        numbers = [number(word) for word in line.split()]
        reason = _fault(numbers, names, keypoints)
        if reason:
            came = line.strip()
            came = came if len(came) <= 60 else f"{came[:57]}..."
            marked.faults.append((f"{where}: line {place}", f"{reason}, got '{came}'; correct it"))
            continue
        is_box = len(numbers) == 5 or keypoints is not None
        x, y, w, h = numbers[1:5]
        box = (x - w / 2, y - h / 2, x + w / 2, y + h / 2) if is_box else around(numbers[1:])
        assert box is not None
        marked.outlined += not is_box
        label = int(numbers[0])
        marked.boxes.append((box[0], box[1], box[2], box[3]))
        marked.classes.append(names[label] if names else str(label))


def _fault(
    numbers: Sequence[float], names: Mapping[int, str], keypoints: tuple[int, int] | None
) -> str:
    """Return what is wrong with a line; "" where nothing is."""
    count = len(numbers)
    posed = None if keypoints is None else 5 + keypoints[0] * keypoints[1]
    is_outline = keypoints is None and count >= 7 and count % 2 == 1
    if count not in (5, posed) and not is_outline:
        return "expected a class and center x, center y, width, height, or points of an outline"
    if not all(map(math.isfinite, numbers)):
        return "expected numbers"
    if numbers[0] < 0 or numbers[0] != int(numbers[0]):
        return "expected the number of a class first"
    if names and int(numbers[0]) not in names:
        return f"{_BEYOND} {min(names)} to {max(names)}"
    shares = numbers[1:] if keypoints is None else numbers[1:5]
    if min(shares) < -_SLACK or max(shares) > 1 + _SLACK:
        return "expected shares of the picture's width and height, from 0 to 1"
    return ""


def _pairs(
    place: Place, inside: Sequence[Place], pictures: Sequence[Place]
) -> list[tuple[Place, Place | None]]:
    """Return each picture with its .txt file: of the same name, in a folder that answers its own.

    None where there is none.
    """
    listed = {*_NAMES, *(f"{word}.txt" for word in _LISTS), "readme.txt"}
    texts = [f for f in inside if plain_name(f).endswith(".txt") and plain_name(f) not in listed]
    by_key = {key(place, text): text for text in texts}
    pairs = [(picture, by_key.get(key(place, picture))) for picture in pictures]
    if any(text is not None for _, text in pairs):
        return pairs
    stems = _alone(texts)
    own = _alone(pictures)
    return [(p, stems.get(_stem(p)) if own.get(_stem(p)) else None) for p in pictures]


def _alone(files: Iterable[Place]) -> dict[str, Place]:
    """Return files by their stem, without those of one stem."""
    found: dict[str, list[Place]] = {}
    for file in files:
        found.setdefault(_stem(file), []).append(file)
    return {stem: several[0] for stem, several in found.items() if len(several) == 1}


def _stem(file: Place) -> str:
    """Return a name without its ending; some tools write 1.jpg.txt for 1.jpg."""
    stem = file.name.removesuffix(".gz").rpartition(".")[0].casefold()
    return _DOUBLE.sub("", stem) if plain_name(file).endswith(".txt") else stem


def key(root: Place, file: Place) -> tuple[str, ...]:
    """Return what the path of a picture and that of its .txt file have in common."""
    folders = relative(file, root).casefold().split("/")[:-1]
    return (*(step for step in folders if step not in _STEPS), _stem(file))


def _orphans(
    place: Place, inside: Sequence[Place], pairs: Sequence[tuple[Place, Place | None]]
) -> list[tuple[str, str]]:
    """Return the .txt files that hold boxes of no picture, and why they are left out."""
    used = {text for _, text in pairs}
    found: list[tuple[str, str]] = []
    for file in inside:
        if (
            plain_name(file).endswith(".txt")
            and file not in used
            and plain_name(file) not in _NAMES
        ):
            line = _first_line(file)
            if line and _LINE.match(line) and all(math.isfinite(number(w)) for w in line.split()):
                found.append((relative(file, place), "there is no picture of its name; add it"))
    return found


def _first_line(file: Place) -> str:
    """Return the first line of a text that is not blank, or ""."""
    text = content(file)[:4096].decode("utf-8-sig", "replace")
    return next((line for line in text.splitlines() if line.strip()), "")


def _names(inside: Sequence[Place]) -> dict[int, str]:
    """Return the names of classes by number that a list gives, one a line; none without a list."""
    for word in _NAMES:
        for file in inside:
            if plain_name(file) == word or (word == "obj.names" and file.suffix == ".names"):
                lines = content(file).decode("utf-8-sig", "replace").split("\n")
                names = [line.strip() for line in lines]
                while names and not names[-1]:
                    names.pop()
                return dict(enumerate(names))
    return {}


@dataclass
class _Parts:
    """The part of each picture: by lists of files, by data.yaml, or by a folder's name."""

    root: Place
    folders: dict[str, str]  # part of each folder, by its path
    listed: dict[Place, str] = field(default_factory=dict[Place, str])
    notes: list[str] = field(default_factory=list[str])

    @classmethod
    def of(
        cls, root: Place, inside: Sequence[Place], pictures: Sequence[Place], settings: Settings
    ) -> "_Parts":
        """Return the parts that data.yaml or lists such as train.txt give."""
        found = cls(root, {})
        above = {folder for one in pictures for folder in _above(relative(one, root))}
        lists = {file.name.casefold(): file for file in inside if file.suffix.casefold() == ".txt"}
        for part, paths in settings.parts.items():
            for path in paths:
                steps = _steps(path)
                if steps and steps[-1].casefold() in lists and path.endswith(".txt"):
                    found.list(part, lists[steps[-1].casefold()], pictures)
                    continue
                folder = _ending(steps, above)
                if folder is None:
                    found.notes.append(
                        f"{settings.file}: {part} is '{path}', a folder without pictures here."
                    )
                elif folder in found.folders:
                    found.notes.append(
                        f"{settings.file}: {part} is the folder of {found.folders[folder]} too"
                        f" ('{path}'), so it is no part of its own."
                    )
                else:
                    found.folders[folder] = part
        if set(found.folders.values()) <= {"train"}:
            found.folders.clear()  # one folder for all: no parts
        if not settings.parts:
            for word in _LISTS:
                if f"{word}.txt" in lists:
                    found.list(ALIASES[word], lists[f"{word}.txt"], pictures)
        return found

    def list(self, part: str, file: Place, pictures: Sequence[Place]) -> None:
        """Take the part of the pictures that a file lists, one a line."""
        by_name: dict[str, list[Place]] = {}
        for picture in pictures:
            by_name.setdefault(picture.name.casefold(), []).append(picture)
        for line in content(file).decode("utf-8-sig", "replace").splitlines():
            steps = _steps(line.strip())
            near = by_name.get(steps[-1].casefold(), []) if steps else []
            if near:
                best = max(near, key=lambda one: tail(steps, relative(one, self.root).split("/")))
                self.listed.setdefault(best, part)

    def of_picture(self, picture: Place) -> str | None:
        """Return the part of a picture; None where nothing says it."""
        if self.listed:
            return self.listed.get(picture)
        folders = _above(relative(picture, self.root))
        if self.folders:
            return next((self.folders[one] for one in folders if one in self.folders), None)
        return part_of_folder(relative(picture, self.root))


def part_of_folder(path: str) -> str | None:
    """Return the part that a folder of a file's path is named as, such as train or val2017."""
    steps = [step.casefold().rstrip("0123456789_-") for step in path.split("/")[:-1]]
    return next((ALIASES[step] for step in steps if step in ALIASES), None)


def tail(one: Sequence[str], two: Sequence[str]) -> int:
    """Return how many steps two paths have in common at their ends; letters' case is no matter."""
    pairs = zip(reversed(one), reversed(two), strict=False)
    return next(
        (n for n, (a, b) in enumerate(pairs) if a.casefold() != b.casefold()),
        min(len(one), len(two)),
    )


def _steps(path: str) -> list[str]:
    """Return the parts of a path with either slash, without those that lead up or nowhere."""
    steps = path.replace("\\", "/").split("/")
    return [step for step in steps if step not in ("", ".", "..")]


def _above(path: str) -> list[str]:
    """Return the folders above a file, the nearest first; "" is the root."""
    steps = path.split("/")[:-1]
    return ["/".join(steps[:n]) for n in range(len(steps), -1, -1)]


def _ending(steps: Sequence[str], folders: Iterable[str]) -> str | None:
    """Return the folder whose path has most in common with the end of a path; None for none."""
    best = max(folders, key=lambda one: (tail(steps, one.split("/")), -len(one)), default=None)
    if best is None or (steps and not tail(steps, best.split("/"))):
        return None
    return best
