"""The part and the class of files, by the folders above them.

Folders named train, valid or test, also as "Test" or "val_set", are parts and never classes.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from brique.data.files.place import Place, list_files, relative
from brique.data.finding import Finding
from brique.data.raw.source import ALIASES, PARTS, part_named
from brique.data.sources.layout.text_files import format_names
from brique.errors import DataError
from brique.schema import natural_key


@dataclass(frozen=True)
class FolderFile:
    """A file. part: index into PARTS; label: its class; None if no folder gives it."""

    file: Place
    part: int | None
    label: str | None


@dataclass
class FolderLayout:
    """Files in order: by part, then class, then name.

    root: the folder that names are relative to.
    excluded: files that are left out, by reason: "in no class's folder".
    nested: files in folders within that of their class.
    other_files: files of another kind.
    has_explicit_classes: whether --rename says which folders are classes.
    class_parents: the folders above the classes.
    """

    root: Place
    files: list[FolderFile] = field(default_factory=list[FolderFile])
    excluded: dict[str, list[Place]] = field(default_factory=dict[str, list[Place]])
    nested: list[Place] = field(default_factory=list[Place])
    other_files: list[Place] = field(default_factory=list[Place])
    class_parents: set[Place] = field(default_factory=set[Place])
    has_explicit_classes: bool = False

    @property
    def labels(self) -> set[str]:
        """The classes that folders name."""
        return {file.label for file in self.files if file.label is not None}

    @property
    def has_parts(self) -> bool:
        """Whether folders name parts."""
        return any(file.part is not None for file in self.files)

    def add(self, file: Place, segments: Sequence[str], part: int | None) -> None:
        """Add a file of a class. segments: the folders from that of its class on, and its name."""
        label = unicodedata.normalize("NFC", segments[0]) if len(segments) > 1 else None
        self.files.append(FolderFile(file, part, label))
        if len(segments) > 2:
            self.nested.append(file)
        elif len(segments) == 2:
            self.class_parents.add(file.parent.parent)

    def exclude(self, reason: str, paths: Iterable[Place]) -> None:
        """Leave out files. reason: what follows the count in the message."""
        if excluded := list(paths):
            self.excluded.setdefault(reason, []).extend(excluded)

    def findings(self, noun: str) -> list[Finding]:
        """Return findings on files left out and on decisions. noun: "pictures"."""
        found: list[Finding] = []
        for reason, paths in self.excluded.items():
            items = tuple((relative(file, self.root),) for file in paths)
            message = (
                f"Left out: {_format_count(paths, noun)} {reason}, such as"
                f" {format_names(_firsts(items), 3)}."
            )
            remedy = "Put each into the folder of its class and part, or move them elsewhere."
            found.append(Finding("left out", "warning", None, items, len(paths), message, remedy))
        if self.nested:
            items = tuple((relative(file, self.root),) for file in self.nested)
            folders = list(dict.fromkeys(path.rpartition("/")[0] for path in _firsts(items)))
            message = (
                f"{_format_count(items, noun)} in folders inside that of a class, read as that"
                f" class: {format_names(folders)}."
            )
            remedy = "Where the inner folders are the classes, move these up."
            severity = "warning"
            if (
                subfolders := _shared_subfolders(self.files, self.root)
            ) and not self.has_explicit_classes:
                severity = "error"
                message += (
                    f" These differ in a number alone, and hold the same folders: {subfolders}."
                )
                remedy += f" Where not, say so: --rename '{self.files[0].label}=...'."
            found.append(Finding("subfolders", severity, None, items, len(items), message, remedy))
        return found


_Entries = list[tuple[Place, list[str]]]
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")  # of a folder's name
UNLABELED = frozenset(["unsup", "unlabeled", "unlabelled"])


def read_layout(
    name: str,
    root: Place,
    accepts: Callable[[Place], bool],
    *,
    classes: Iterable[str] = (),
    part: int | None = None,
) -> FolderLayout:
    """Return the accepted files below a folder, with what their folders say.

    classes: folders that --rename declares as classes, even if named like parts.
    part: the part of all files, if given; folders then name no part.
    Raises DataError if a folder may be a part or a class, or there is no train part.
    """
    layout = FolderLayout(root, has_explicit_classes=bool(classes))
    entries = _strip_common_folders(_sorted_entries(layout, accepts), classes)
    entries = _exclude_unlabeled(layout, entries, classes)
    top_folders = dict.fromkeys(segments[0] for _, segments in entries if len(segments) > 1)
    named_parts = {top: part_named(top) for top in top_folders if top not in classes}
    part_folders = {
        top: one for top, one in named_parts.items() if one is not None and part is None
    }
    if not part_folders and part is None:
        _check_part_words(name, [top for top in top_folders if top not in classes])
    if not part_folders:
        _add_by_class(name, layout, entries, part)
        return layout
    _check_parts(name, part_folders, top_folders, entries)
    for part_name in PARTS:
        top = next((top for top, one in part_folders.items() if one == part_name), None)
        part_entries = [
            (file, segments[1:])
            for file, segments in entries
            if segments[0] == top and len(segments) > 1
        ]
        _add_part(
            layout, _strip_common_folders(part_entries, (), part_name), PARTS.index(part_name)
        )
    layout.exclude(
        "in no part's folder", (f for f, segments in entries if segments[0] not in part_folders)
    )
    _exclude_flat_parts(layout)
    return layout


def _sorted_entries(layout: FolderLayout, accepts: Callable[[Place], bool]) -> _Entries:
    """Return the accepted files, naturally sorted; the others go into the layout."""
    entries: _Entries = []
    for file in list_files(layout.root):
        if accepts(file):
            entries.append((file, relative(file, layout.root).split("/")))
        else:
            layout.other_files.append(file)
    return sorted(entries, key=lambda pair: [natural_key(segment) for segment in pair[1]])


def _strip_common_folders(
    entries: _Entries, classes: Iterable[str], part: str | None = None
) -> _Entries:
    """Return files without the common folders above all of them.

    part: the part of all files, if known; a folder of its name is then skipped too.
    """
    while entries and min(len(segments) for _, segments in entries) > 2:
        first = entries[0][1][0]
        is_part = part_named(first) not in (None, part) and first not in classes
        if is_part or any(segments[0] != first for _, segments in entries):
            break
        entries = [(file, segments[1:]) for file, segments in entries]
    return entries


def _exclude_unlabeled(layout: FolderLayout, entries: _Entries, classes: Iterable[str]) -> _Entries:
    """Leave out the folders that are named as without a class, such as "unlabeled"."""
    unlabeled = {
        str(file)
        for file, segments in entries
        if len(segments) > 1 and segments[0].casefold() in UNLABELED and segments[0] not in classes
    }
    labeled = [pair for pair in entries if str(pair[0]) not in unlabeled]
    if not any(len(segments) > 1 for _, segments in labeled):
        return entries
    layout.exclude(
        "in a folder named unlabeled (--rename 'NAME=NAME' makes it a class)",
        (file for file, _ in entries if str(file) in unlabeled),
    )
    return labeled


def _check_part_words(name: str, top_folders: Sequence[str]) -> None:
    """Raise DataError for folders such as trainA and testA, which may be parts or classes."""
    part_by_folder: dict[str, str] = {}
    for folder in top_folders:
        words = [word.casefold() for word in _WORDS.findall(folder)]
        if part := next((ALIASES[word] for word in words if word in ALIASES), None):
            part_by_folder[folder] = part
    if "train" in part_by_folder.values() and len(set(part_by_folder.values())) > 1:
        flags = " ".join(f"--rename '{folder}={folder}'" for folder in part_by_folder)
        raise DataError(
            f"{name}: the names of {format_names(list(part_by_folder))} name parts of the data,"
            " and more; for"
            " parts, call them train, valid and test, with the folders of the classes in them;"
            f" for classes, say {flags}"
        )


def _shared_subfolders(folder_files: Sequence[FolderFile], root: Place) -> str:
    """Return the subfolders that folders differing only in a number share: fold1, fold2."""
    subfolders: dict[str, set[str]] = {}
    for one in folder_files:
        segments = relative(one.file, root).split("/")
        normalized = [unicodedata.normalize("NFC", segment) for segment in segments]
        if one.label in normalized[:-2]:
            subfolders.setdefault(one.label, set()).add(normalized[normalized.index(one.label) + 1])
    patterns = {re.sub(r"\d+", "#", label) for label in subfolders}
    are_numbered = len(subfolders) > 1 and len(patterns) == 1 and "#" in min(patterns)
    are_digits = patterns == {"#"} and not all(
        re.fullmatch(r"(19|20)\d\d", one) for one in subfolders
    )
    common = (
        set.intersection(*subfolders.values()) if are_numbered and not are_digits else set[str]()
    )
    return format_names(sorted(common, key=natural_key)) if len(common) > 1 else ""


def _add_by_class(name: str, layout: FolderLayout, entries: _Entries, part: int | None) -> None:
    """Read folders as classes; parts may lie inside each, as in cat/train and cat/test."""
    if all(len(segments) == 1 for _, segments in entries):
        for file, segments in entries:
            layout.add(file, segments, part)
        return
    inner_parts = [
        part_named(segments[1]) if len(segments) > 2 else None for _, segments in entries
    ]
    layout.exclude(
        "in no class's folder", (file for file, segments in entries if len(segments) == 1)
    )
    if part is not None or not any(inner_parts):
        for file, segments in entries:
            if len(segments) > 1:
                layout.add(file, segments, part)
        return
    if "train" not in inner_parts:
        names = format_names(sorted({one for one in inner_parts if one}))
        raise DataError(
            f"{name}: expected a folder train beside {names} in the folder of each class, got none;"
            " name it train"
        )
    for part_name in PARTS:
        for (file, segments), one in zip(entries, inner_parts, strict=True):
            if one == part_name:
                layout.add(file, [segments[0], *segments[2:]], PARTS.index(part_name))
    without_part = [
        f for (f, s), one in zip(entries, inner_parts, strict=True) if one is None and len(s) > 1
    ]
    layout.exclude("in a class's folder, but in no part's", without_part)


def _check_parts(
    name: str, part_folders: dict[str, str], top_folders: Iterable[str], entries: _Entries
) -> None:
    """Raise DataError if the folders of parts are ambiguous."""
    other_folders = [top for top in top_folders if top not in part_folders]
    with_classes = {segments[0] for _, segments in entries if len(segments) > 2}
    if other_folders and not any(
        part == "train" and top in with_classes for top, part in part_folders.items()
    ):
        flags = " ".join(f"--rename '{top}={top}'" for top in part_folders)
        raise DataError(
            f"{name}: {_join_names(list(part_folders))} may be a part of the data or a class,"
            f" beside {_join_names(other_folders)}; for a part, put the classes into a folder train"
            f" beside it; for a class, say {flags}"
        )
    for top, part in part_folders.items():
        same_part = [other for other in part_folders if part_folders[other] == part]
        if same_part[0] != top:
            raise DataError(
                f"{name}: {same_part[0]} and {top} are both the {part} part; keep one, or say"
                f" that they are classes: --rename '{top}={top}'"
            )
    if "train" not in part_folders.values():
        raise DataError(
            f"{name}: expected a folder train beside {', '.join(part_folders)}, got none; name"
            " it train"
        )


def _add_part(layout: FolderLayout, entries: _Entries, part: int) -> None:
    """Add the files of a part: by class, or all without one."""
    is_flat = all(len(segments) == 1 for _, segments in entries)
    for file, segments in entries:
        if len(segments) > 1 or is_flat:
            layout.add(file, segments, part)
    if not is_flat:
        layout.exclude(
            "in no class's folder", (file for file, segments in entries if len(segments) == 1)
        )


def _exclude_flat_parts(layout: FolderLayout) -> None:
    """Leave out the parts without classes if train has some: they are for prediction."""
    if not any(entry.label is not None for entry in layout.files if entry.part == 0):
        return
    for part, part_name in enumerate(PARTS):
        flat_files = [
            entry.file for entry in layout.files if entry.part == part and entry.label is None
        ]
        layout.exclude(
            f"of {part_name} without a class, for prediction only (brique predict RUN FOLDER)",
            flat_files,
        )
    layout.files = [entry for entry in layout.files if entry.label is not None]


def _firsts(items: Sequence[tuple[str]]) -> list[str]:
    return [item[0] for item in items]


def _format_count(items: Sequence[object], noun: str) -> str:
    return f"1 {noun.removesuffix('s')}" if len(items) == 1 else f"{len(items):,} {noun}"


def _join_names(names: Sequence[str]) -> str:
    return format_names(names) if len(names) != 2 else " and ".join(names)
