"""YOLO: one .txt file per picture; each line has a class and a box in fractions of the picture."""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from brique.data.files.place import Place, plain_name, read_content, relative
from brique.data.raw.source import ALIASES
from brique.data.sources.regions.annotations import ImageAnnotation, bounding_box, parse_number
from brique.data.sources.regions.yolo_yaml import YoloConfig, find_configs
from brique.errors import DataError

_BOX_LINE = re.compile(r"\s*\S+(\s+[-+.\deEnaNif]+){4,}\s*$")  # a word and four numbers or more
_DOUBLE_ENDING = re.compile(r"\.(jpe?g|png|bmp|webp|tiff?)$")
_PART_LISTS = ("train", "valid", "val", "test")
_UNKNOWN_CLASS = "expected a class from"
_CLASS_FILES = ("classes.txt", "obj.names", "_darknet.labels", "classes.names", "labels.txt")
_IGNORED_FOLDERS = frozenset((
    "images", "image", "imgs", "img", "jpegimages", "pictures", "photos", "labels", "label",
    "annotations", "annotation", "txt", "yolo", "labels_txt",
))  # fmt: skip # folders that pictures and their .txt files do not have in common
_SAMPLE_FILES = 50  # files whose lines identify the format
_TOLERANCE = 1e-3  # that a fraction may exceed 1 by, due to rounding


@dataclass
class YoloFolder:
    """The annotations of a folder.

    annotations: of each picture. faults: (file or line, reason) without a picture.
    unlabeled: pictures without a file of boxes. lone: the same in parts without any file of boxes.
    """

    annotations: list[ImageAnnotation] = field(default_factory=list[ImageAnnotation])
    faults: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    unlabeled: list[Place] = field(default_factory=list[Place])
    in_unlabeled_parts: list[Place] = field(default_factory=list[Place])
    notes: list[str] = field(default_factory=list[str])


def is_yolo(place: Place, all_files: Sequence[Place], pictures: Sequence[Place]) -> bool:
    """Tell whether .txt files with names of pictures hold classes and boxes."""
    pairs = _pairs(place, all_files, pictures)
    texts = [text for _, text in pairs if text is not None]
    if not texts:
        return False
    first_lines = [line for file in texts[:_SAMPLE_FILES] if (line := _first_line(file))]
    if first_lines:
        return 2 * sum(_BOX_LINE.match(line) is not None for line in first_lines) >= len(
            first_lines
        )
    return bool(find_configs(place, all_files))


def read_yolo(
    name: str, place: Place, all_files: Sequence[Place], pictures: Sequence[Place]
) -> YoloFolder:
    """Return the boxes of each picture, with its part if a list, file or folder gives it.

    Pictures without a .txt file have no box, as in YOLO. Lines that cannot be read are left
    out and reported. Raises DataError if data.yaml cannot be read.
    """
    result = YoloFolder()
    configs = find_configs(place, all_files)
    config = configs[0] if configs else YoloConfig(None)
    names = config.names or _class_names(all_files)
    result.notes += _class_notes(name, config, names)
    pairs = _pairs(place, all_files, pictures)
    parts = _Parts.from_files(place, all_files, pictures, config)
    unlabeled: dict[str | None, list[Place]] = {}
    labeled_parts: set[str | None] = set()
    for picture, text in pairs:
        part = parts.part_of(picture)
        if text is None:
            unlabeled.setdefault(part, []).append(picture)
            continue
        labeled_parts.add(part)
        annotation = ImageAnnotation(
            picture.name, None, text, picture=picture, part=part, is_relative=True
        )
        _read_boxes(annotation, relative(text, place), names, config.keypoints)
        result.annotations.append(annotation)
    for part, images in unlabeled.items():
        if part not in labeled_parts:
            result.in_unlabeled_parts += images
            continue
        result.unlabeled += images
        result.annotations += [
            ImageAnnotation(image.name, None, image, picture=image, part=part) for image in images
        ]
    if names:
        _check_first_class(name, result.annotations, names)
    result.faults += _orphans(place, all_files, pairs)
    result.notes += parts.notes
    return result


def _class_notes(name: str, config: YoloConfig, names: Mapping[int, str]) -> list[str]:
    """Return notes on a wrong number of classes, and on classes without names."""
    notes: list[str] = []
    if config.names and config.num_classes not in (None, len(config.names)):
        notes.append(
            f"{name}: {config.file} says {config.num_classes} classes and names"
            f" {len(config.names)}."
        )
    if not names:
        notes.append(
            f"{name}: no data.yaml, classes.txt or obj.names names the classes of its boxes, so"
            " they are named by their numbers."
        )
    return notes


def _check_first_class(
    name: str, annotations: Sequence[ImageAnnotation], names: Mapping[int, str]
) -> None:
    """Raise DataError if classes seem to count from 1: one is too large, and none is the first."""
    unknown = [
        fault
        for annotation in annotations
        for fault in annotation.faults
        if fault[1].startswith(_UNKNOWN_CLASS)
    ]
    if unknown and not any(names[min(names)] in annotation.classes for annotation in annotations):
        where, reason = unknown[0]
        raise DataError(
            f"{name}: {where}: {reason.removesuffix('; correct it')}, and no box is of the first,"
            f" '{names[min(names)]}': number the classes from {min(names)}, or name them all"
        )


def _read_boxes(
    annotation: ImageAnnotation,
    where: str,
    names: Mapping[int, str],
    keypoints: tuple[int, int] | None,
) -> None:
    """Add the boxes in a file, and the reasons for dropped lines."""
    text = read_content(annotation.file).decode("utf-8-sig", "replace")
    for line_number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        numbers = [parse_number(word) for word in line.split()]
        reason = _line_fault(numbers, names, keypoints)
        if reason:
            excerpt = line.strip()
            excerpt = excerpt if len(excerpt) <= 60 else f"{excerpt[:57]}..."
            annotation.faults.append(
                (f"{where}: line {line_number}", f"{reason}, got '{excerpt}'; correct it")
            )
            continue
        is_box = len(numbers) == 5 or keypoints is not None
        x, y, w, h = numbers[1:5]
        box = (x - w / 2, y - h / 2, x + w / 2, y + h / 2) if is_box else bounding_box(numbers[1:])
        assert box is not None
        annotation.num_outlined += not is_box
        label = int(numbers[0])
        annotation.boxes.append((box[0], box[1], box[2], box[3]))
        annotation.classes.append(names[label] if names else str(label))


def _line_fault(
    numbers: Sequence[float], names: Mapping[int, str], keypoints: tuple[int, int] | None
) -> str:
    """Return what is wrong with a line; "" if it is valid."""
    count = len(numbers)
    pose_length = None if keypoints is None else 5 + keypoints[0] * keypoints[1]
    is_outline = keypoints is None and count >= 7 and count % 2 == 1
    if count not in (5, pose_length) and not is_outline:
        return "expected a class and center x, center y, width, height, or points of an outline"
    if not all(map(math.isfinite, numbers)):
        return "expected numbers"
    if numbers[0] < 0 or numbers[0] != int(numbers[0]):
        return "expected the number of a class first"
    if names and int(numbers[0]) not in names:
        return f"{_UNKNOWN_CLASS} {min(names)} to {max(names)}"
    fractions = numbers[1:] if keypoints is None else numbers[1:5]
    if min(fractions) < -_TOLERANCE or max(fractions) > 1 + _TOLERANCE:
        return "expected fractions of the picture's width and height, from 0 to 1"
    return ""


def _pairs(
    place: Place, all_files: Sequence[Place], pictures: Sequence[Place]
) -> list[tuple[Place, Place | None]]:
    """Return each picture with its .txt file: of the same name, in a matching folder.

    None without a file.
    """
    other_names = {*_CLASS_FILES, *(f"{word}.txt" for word in _PART_LISTS), "readme.txt"}
    texts = [
        file
        for file in all_files
        if plain_name(file).endswith(".txt") and plain_name(file) not in other_names
    ]
    by_key = {path_key(place, text): text for text in texts}
    pairs = [(picture, by_key.get(path_key(place, picture))) for picture in pictures]
    if any(text is not None for _, text in pairs):
        return pairs
    text_by_stem = _unique_by_stem(texts)
    picture_by_stem = _unique_by_stem(pictures)
    return [
        (p, text_by_stem.get(_stem(p)) if picture_by_stem.get(_stem(p)) else None) for p in pictures
    ]


def _unique_by_stem(files: Iterable[Place]) -> dict[str, Place]:
    """Return files by their stem, without ambiguous stems."""
    by_stem: dict[str, list[Place]] = {}
    for file in files:
        by_stem.setdefault(_stem(file), []).append(file)
    return {stem: group[0] for stem, group in by_stem.items() if len(group) == 1}


def _stem(file: Place) -> str:
    """Return a name without its suffix; some tools write 1.jpg.txt for 1.jpg."""
    stem = file.name.removesuffix(".gz").rpartition(".")[0].casefold()
    return _DOUBLE_ENDING.sub("", stem) if plain_name(file).endswith(".txt") else stem


def path_key(root: Place, file: Place) -> tuple[str, ...]:
    """Return the key that a picture and its .txt file share, from their paths."""
    folders = relative(file, root).casefold().split("/")[:-1]
    return (*(segment for segment in folders if segment not in _IGNORED_FOLDERS), _stem(file))


def _orphans(
    place: Place, all_files: Sequence[Place], pairs: Sequence[tuple[Place, Place | None]]
) -> list[tuple[str, str]]:
    """Return the .txt files of boxes without a picture, with the reason."""
    used_texts = {text for _, text in pairs}
    orphans: list[tuple[str, str]] = []
    for file in all_files:
        if (
            plain_name(file).endswith(".txt")
            and file not in used_texts
            and plain_name(file) not in _CLASS_FILES
        ):
            line = _first_line(file)
            if (
                line
                and _BOX_LINE.match(line)
                and all(math.isfinite(parse_number(w)) for w in line.split())
            ):
                orphans.append((relative(file, place), "no picture has its name; add it"))
    return orphans


def _first_line(file: Place) -> str:
    """Return the first line of a text that is not blank, or ""."""
    text = read_content(file)[:4096].decode("utf-8-sig", "replace")
    return next((line for line in text.splitlines() if line.strip()), "")


def _class_names(all_files: Sequence[Place]) -> dict[int, str]:
    """Return the names of classes by number from a list, one per line; empty without a list."""
    for list_name in _CLASS_FILES:
        for file in all_files:
            if plain_name(file) == list_name or (
                list_name == "obj.names" and file.suffix == ".names"
            ):
                lines = read_content(file).decode("utf-8-sig", "replace").split("\n")
                names = [line.strip() for line in lines]
                while names and not names[-1]:
                    names.pop()
                return dict(enumerate(names))
    return {}


@dataclass
class _Parts:
    """The part of each picture: by lists of files, data.yaml, or folder names."""

    root: Place
    folders: dict[str, str]  # part of each folder, by its path
    part_by_picture: dict[Place, str] = field(default_factory=dict[Place, str])
    notes: list[str] = field(default_factory=list[str])

    @classmethod
    def from_files(
        cls, root: Place, all_files: Sequence[Place], pictures: Sequence[Place], config: YoloConfig
    ) -> "_Parts":
        """Return the parts from data.yaml or lists such as train.txt."""
        parts = cls(root, {})
        parents = {
            folder for picture in pictures for folder in _parent_folders(relative(picture, root))
        }
        lists = {
            file.name.casefold(): file for file in all_files if file.suffix.casefold() == ".txt"
        }
        for part, paths in config.parts.items():
            for path in paths:
                segments = _split_path(path)
                if segments and segments[-1].casefold() in lists and path.endswith(".txt"):
                    parts.add_list(part, lists[segments[-1].casefold()], pictures)
                    continue
                folder = _closest_folder(segments, parents)
                if folder is None:
                    parts.notes.append(
                        f"{config.file}: {part} is '{path}', a folder without pictures here."
                    )
                elif folder in parts.folders:
                    parts.notes.append(
                        f"{config.file}: {part} is the folder of {parts.folders[folder]} too"
                        f" ('{path}'), so it is not a separate part."
                    )
                else:
                    parts.folders[folder] = part
        if set(parts.folders.values()) <= {"train"}:
            parts.folders.clear()  # one folder for all: no parts
        if not config.parts:
            for list_name in _PART_LISTS:
                if f"{list_name}.txt" in lists:
                    parts.add_list(ALIASES[list_name], lists[f"{list_name}.txt"], pictures)
        return parts

    def add_list(self, part: str, file: Place, pictures: Sequence[Place]) -> None:
        """Set the part of the pictures that a file lists, one per line."""
        by_name: dict[str, list[Place]] = {}
        for picture in pictures:
            by_name.setdefault(picture.name.casefold(), []).append(picture)
        for line in read_content(file).decode("utf-8-sig", "replace").splitlines():
            segments = _split_path(line.strip())
            candidates = by_name.get(segments[-1].casefold(), []) if segments else []
            if candidates:
                best = max(
                    candidates,
                    key=lambda candidate: count_common_suffix(
                        segments, relative(candidate, self.root).split("/")
                    ),
                )
                self.part_by_picture.setdefault(best, part)

    def part_of(self, picture: Place) -> str | None:
        """Return the part of a picture, or None."""
        if self.part_by_picture:
            return self.part_by_picture.get(picture)
        folders = _parent_folders(relative(picture, self.root))
        if self.folders:
            return next(
                (self.folders[folder] for folder in folders if folder in self.folders), None
            )
        return part_of_folder(relative(picture, self.root))


def part_of_folder(path: str) -> str | None:
    """Return the part in the folders of a path, such as train or val2017."""
    segments = [segment.casefold().rstrip("0123456789_-") for segment in path.split("/")[:-1]]
    return next((ALIASES[segment] for segment in segments if segment in ALIASES), None)


def count_common_suffix(path: Sequence[str], other_path: Sequence[str]) -> int:
    """Return how many segments two paths share at their ends, ignoring case."""
    pairs = zip(reversed(path), reversed(other_path), strict=False)
    return next(
        (n for n, (a, b) in enumerate(pairs) if a.casefold() != b.casefold()),
        min(len(path), len(other_path)),
    )


def _split_path(path: str) -> list[str]:
    """Return the segments of a path with either slash, without "." and ".."."""
    segments = path.replace("\\", "/").split("/")
    return [segment for segment in segments if segment not in ("", ".", "..")]


def _parent_folders(path: str) -> list[str]:
    """Return the folders above a file, the nearest first; "" is the root."""
    segments = path.split("/")[:-1]
    return ["/".join(segments[:n]) for n in range(len(segments), -1, -1)]


def _closest_folder(segments: Sequence[str], folders: Iterable[str]) -> str | None:
    """Return the folder that shares the longest end with a path, or None."""
    best = max(
        folders,
        key=lambda folder: (count_common_suffix(segments, folder.split("/")), -len(folder)),
        default=None,
    )
    if best is None or (segments and not count_common_suffix(segments, best.split("/"))):
        return None
    return best
