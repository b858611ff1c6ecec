"""Filed: what the folders above files say of them: the part, and the class.

Folders named train, valid or test, also as "Test" or "val_set", are parts and never classes.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from brique.data.finding import Finding
from brique.data.place import Place, files, relative
from brique.data.source import ALIASES, PARTS, part_named
from brique.data.sources.shelf import few
from brique.errors import DataError
from brique.schema import natural


@dataclass(frozen=True)
class Filed:
    """A file. part: place in PARTS; label: its class; None where no folder says it."""

    file: Place
    part: int | None
    label: str | None


@dataclass
class Laid:
    """Files in order: by part, then class, then name.

    root: the folder below which they are named.
    stray: what is left out, by the reason: "in no class's folder".
    deep: files in folders within that of their class.
    others: files of another kind.
    are_said: whether a person says which folders are classes.
    levels: folders whose folders are classes.
    """

    root: Place
    files: list[Filed] = field(default_factory=list[Filed])
    stray: dict[str, list[Place]] = field(default_factory=dict[str, list[Place]])
    deep: list[Place] = field(default_factory=list[Place])
    others: list[Place] = field(default_factory=list[Place])
    levels: set[Place] = field(default_factory=set[Place])
    are_said: bool = False

    @property
    def labels(self) -> set[str]:
        """The classes that folders name."""
        return {one.label for one in self.files if one.label is not None}

    @property
    def has_parts(self) -> bool:
        """Whether folders name parts."""
        return any(one.part is not None for one in self.files)

    def add(self, file: Place, steps: Sequence[str], part: int | None) -> None:
        """Add a file of a class; steps: the folders from that of its class on, and its name."""
        label = unicodedata.normalize("NFC", steps[0]) if len(steps) > 1 else None
        self.files.append(Filed(file, part, label))
        if len(steps) > 2:
            self.deep.append(file)
        elif len(steps) == 2:
            self.levels.add(file.parent.parent)

    def leave(self, reason: str, some: Iterable[Place]) -> None:
        """Leave out files for a reason that has a count before it."""
        if found := list(some):
            self.stray.setdefault(reason, []).extend(found)

    def findings(self, things: str) -> list[Finding]:
        """Return what is left out, and what was decided; things: "pictures"."""
        found: list[Finding] = []
        for reason, some in self.stray.items():
            items = tuple((relative(file, self.root),) for file in some)
            said = f"Left out: {_counted(some, things)} {reason}, such as {few(_firsts(items), 3)}."
            remedy = "Put each into the folder of its class and part, or move them elsewhere."
            found.append(Finding("left out", "warning", None, items, len(some), said, remedy))
        if self.deep:
            items = tuple((relative(file, self.root),) for file in self.deep)
            folders = list(dict.fromkeys(one.rpartition("/")[0] for one in _firsts(items)))
            said = (
                f"{_counted(items, things)} in folders within that of a class, read as of that"
                f" class: {few(folders)}."
            )
            remedy = "Where the inner folders are the classes, move these up."
            severity = "warning"
            if (inner := _alike_but_for_numbers(self.files, self.root)) and not self.are_said:
                severity = "error"
                said += f" These differ in a number alone, and hold the same folders: {inner}."
                remedy += f" Where not, say so: --rename '{self.files[0].label}=...'."
            found.append(Finding("subfolders", severity, None, items, len(items), said, remedy))
        return found


_Steps = list[tuple[Place, list[str]]]
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")  # of a folder's name
UNLABELED = frozenset(["unsup", "unlabeled", "unlabelled"])


def laid(
    name: str,
    root: Place,
    is_wanted: Callable[[Place], bool],
    *,
    classes: Iterable[str] = (),
    part: int | None = None,
) -> Laid:
    """Return the wanted files below a folder, with what their folders say.

    classes: folders that a person says to be classes, though they are named as parts.
    part: that of all of them; no folder names another then.
    Raises DataError where a folder may be a part or a class, or there is no train part.
    """
    found = Laid(root, are_said=bool(classes))
    listed: _Steps = []
    for file in files(root):
        if is_wanted(file):
            listed.append((file, relative(file, root).split("/")))
        else:
            found.others.append(file)
    listed.sort(key=lambda pair: [natural(step) for step in pair[1]])
    listed = _inner(listed, classes)
    listed = _labelled(found, listed, classes)
    tops = dict.fromkeys(steps[0] for _, steps in listed if len(steps) > 1)
    named = {top: part_named(top) for top in tops if top not in classes}
    parts = {top: one for top, one in named.items() if one is not None and part is None}
    if not parts and part is None:
        _check_words(name, [top for top in tops if top not in classes])
    if not parts:
        _by_class(name, found, listed, part)
        return found
    _check(name, parts, tops, listed)
    for goal in PARTS:
        top = next((top for top, one in parts.items() if one == goal), None)
        inside = [(file, steps[1:]) for file, steps in listed if steps[0] == top and len(steps) > 1]
        _of_part(found, _inner(inside, (), goal), PARTS.index(goal))
    found.leave("in no part's folder", (f for f, steps in listed if steps[0] not in parts))
    _settle_flat(found)
    return found


def _inner(listed: _Steps, classes: Iterable[str], part: str | None = None) -> _Steps:
    """Return files without the folders that hold all of them, and only folders.

    part: that to which all belong already, so that a folder of its name says nothing.
    """
    while listed and min(len(steps) for _, steps in listed) > 2:
        first = listed[0][1][0]
        is_part = part_named(first) not in (None, part) and first not in classes
        if is_part or any(steps[0] != first for _, steps in listed):
            break
        listed = [(file, steps[1:]) for file, steps in listed]
    return listed


def _labelled(found: Laid, listed: _Steps, classes: Iterable[str]) -> _Steps:
    """Leave out the folders whose names say that they have no class, such as "unlabeled"."""
    lone = {
        str(file)
        for file, steps in listed
        if len(steps) > 1 and steps[0].casefold() in UNLABELED and steps[0] not in classes
    }
    rest = [pair for pair in listed if str(pair[0]) not in lone]
    if not any(len(steps) > 1 for _, steps in rest):
        return listed
    found.leave(
        "in a folder that is called unlabeled (--rename 'NAME=NAME' makes it a class)",
        (file for file, _ in listed if str(file) in lone),
    )
    return rest


def _check_words(name: str, tops: Sequence[str]) -> None:
    """Raise DataError for folders such as trainA and testA, which may be parts or classes."""
    told: dict[str, str] = {}
    for top in tops:
        words = [word.casefold() for word in _WORDS.findall(top)]
        if part := next((ALIASES[word] for word in words if word in ALIASES), None):
            told[top] = part
    if "train" in told.values() and len(set(told.values())) > 1:
        said = " ".join(f"--rename '{top}={top}'" for top in told)
        raise DataError(
            f"{name}: the names of {few(list(told))} tell of parts of the data, and of more; for"
            " parts, call them train, valid and test, with the folders of the classes in them;"
            f" for classes, say {said}"
        )


def _alike_but_for_numbers(several: Sequence[Filed], root: Place) -> str:
    """Return the folders that lie in each of those that differ in a number alone: fold1, fold2."""
    inner: dict[str, set[str]] = {}
    for one in several:
        steps = relative(one.file, root).split("/")
        named = [unicodedata.normalize("NFC", step) for step in steps]
        if one.label in named[:-2]:
            inner.setdefault(one.label, set()).add(named[named.index(one.label) + 1])
    plain = {re.sub(r"\d+", "#", label) for label in inner}
    are_numbered = len(inner) > 1 and len(plain) == 1 and "#" in min(plain)
    are_digits = plain == {"#"} and not all(re.fullmatch(r"(19|20)\d\d", one) for one in inner)
    common = set.intersection(*inner.values()) if are_numbered and not are_digits else set[str]()
    return few(sorted(common, key=natural)) if len(common) > 1 else ""


def _by_class(name: str, found: Laid, listed: _Steps, part: int | None) -> None:
    """Take folders for classes; parts may lie within each, as in cat/train and cat/test."""
    if all(len(steps) == 1 for _, steps in listed):
        for file, steps in listed:
            found.add(file, steps, part)
        return
    inside = [part_named(steps[1]) if len(steps) > 2 else None for _, steps in listed]
    found.leave("in no class's folder", (file for file, steps in listed if len(steps) == 1))
    if part is not None or not any(inside):
        for file, steps in listed:
            if len(steps) > 1:
                found.add(file, steps, part)
        return
    if "train" not in inside:
        names = few(sorted({one for one in inside if one}))
        raise DataError(
            f"{name}: expected a folder train beside {names} in the folder of each class, got none;"
            " name it train"
        )
    for goal in PARTS:
        for (file, steps), one in zip(listed, inside, strict=True):
            if one == goal:
                found.add(file, [steps[0], *steps[2:]], PARTS.index(goal))
    lost = [f for (f, s), one in zip(listed, inside, strict=True) if one is None and len(s) > 1]
    found.leave("in a class's folder, but in no part's", lost)


def _check(name: str, parts: dict[str, str], tops: Iterable[str], listed: _Steps) -> None:
    """Raise DataError where folders of parts are not clear."""
    plain = [top for top in tops if top not in parts]
    has_classes = {steps[0] for _, steps in listed if len(steps) > 2}
    if plain and not any(one == "train" and top in has_classes for top, one in parts.items()):
        said = " ".join(f"--rename '{top}={top}'" for top in parts)
        raise DataError(
            f"{name}: {_and(list(parts))} may be a part of the data or a class, beside"
            f" {_and(plain)}; for a part, put the classes into a folder train beside it; for a"
            f" class, say {said}"
        )
    for top, one in parts.items():
        same = [other for other in parts if parts[other] == one]
        if same[0] != top:
            raise DataError(
                f"{name}: {same[0]} and {top} are both the {one} part; keep one, or say that they"
                f" are classes: --rename '{top}={top}'"
            )
    if "train" not in parts.values():
        raise DataError(
            f"{name}: expected a folder train beside {', '.join(parts)}, got none; name it train"
        )


def _of_part(found: Laid, listed: _Steps, part: int) -> None:
    """Add the files of a part: by class, or all without one."""
    is_flat = all(len(steps) == 1 for _, steps in listed)
    for file, steps in listed:
        if len(steps) > 1 or is_flat:
            found.add(file, steps, part)
    if not is_flat:
        found.leave("in no class's folder", (file for file, steps in listed if len(steps) == 1))


def _settle_flat(found: Laid) -> None:
    """Leave out the parts without classes where train has some: they are to be asked."""
    if not any(one.label is not None for one in found.files if one.part == 0):
        return
    for part, goal in enumerate(PARTS):
        flat = [one.file for one in found.files if one.part == part and one.label is None]
        found.leave(
            f"of {goal} without a class, which can only be asked (brique predict RUN FOLDER)", flat
        )
    found.files = [one for one in found.files if one.label is not None]


def _firsts(items: Sequence[tuple[str]]) -> list[str]:
    return [item[0] for item in items]


def _counted(some: Sequence[object], things: str) -> str:
    return f"1 {things.removesuffix('s')}" if len(some) == 1 else f"{len(some):,} {things}"


def _and(names: Sequence[str]) -> str:
    return few(names) if len(names) != 2 else " and ".join(names)
