"""Tables that name files, such as pictures: which columns do, and where the files are."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote

from brique.data.place import Place, is_hidden, relative
from brique.data.source import part_named
from brique.data.sources.decoding import SUFFIXES, is_picture
from brique.data.sources.delimited import Cells
from brique.errors import DataError

_LOOKED = 500  # different cells by which a column is told
_ENDING = re.compile(r"\.(" + "|".join(sorted(one[1:] for one in SUFFIXES)) + r")$", re.IGNORECASE)
_LONGEST = 250  # characters of a path
_DEEPEST = 12  # folders within one another
_NEAR = 2  # folders within one another that a table alone is looked for in

Steps = tuple[str, ...]


def is_named_so(cells: Sequence[str]) -> bool:
    """Tell whether all cells end as the names of picture files do."""
    return bool(cells) and all(_ENDING.search(cell.split("?")[0]) for cell in cells)


@dataclass
class Found:
    """Where the files are that the cells of a column name.

    files: by cell. unclear: cells that may mean several files, with two of them.
    moved, cased: how many were found by the end of their path, or in another case.
    """

    files: dict[str, Place] = field(default_factory=dict[str, Place])
    unclear: dict[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])
    moved: int = 0
    cased: int = 0


class Finder:
    """Finds the files that a table names: where it says, else by the end of their paths.

    root: the folder below which they lie. home: that of the table. part: that of the table.
    is_whole: whether all of the folder belongs to the table, or it stands there alone.
    """

    def __init__(
        self,
        root: Place,
        home: Place | None = None,
        part: str | None = None,
        *,
        is_whole: bool = True,
        is_wanted: Callable[[Place], bool] = is_picture,
    ) -> None:
        self._root, self._home, self._part = root, home or root, part
        self._depth = _DEEPEST if is_whole else _NEAR
        self._is_wanted = is_wanted
        self._index: dict[str, list[Steps]] | None = None
        self._folders: set[Steps] = set()

    def find(self, cells: Iterable[str | None]) -> Found:
        """Return where the files are that cells name; those that are nowhere are left out."""
        found = Found()
        rest: list[str] = []
        for cell in dict.fromkeys(cell for cell in cells if cell):
            direct = self._direct(cell)
            if direct is not None:
                found.files[cell] = direct
            elif len(cell) < 4 * _LONGEST:
                rest.append(cell)
        if rest:
            is_flat = len({_steps(cell)[:-1] for cell in rest}) == 1
            for cell in rest:
                self._by_end(found, cell, is_flat)
        return found

    def _direct(self, cell: str) -> Place | None:
        plain = cell.strip().replace("\\", "/")
        if len(plain) > _LONGEST or "://" in plain:
            return None
        for folder in dict.fromkeys((self._home, self._root)):
            place = folder / plain
            if self._is_wanted(place) and place.is_file():
                return place
        return None

    def _by_end(self, found: Found, cell: str, is_flat: bool) -> None:
        """Find the file whose path ends as a cell does, or of which a cell ends as the path does.

        is_flat: whether all cells name one folder, which says nothing then.
        """
        steps = _steps(cell)
        if not steps:
            return
        several = self._listed().get(_plain(steps[-1]), [])
        scores = {one: _shared(one, steps) for one in several}
        good = [one for one in several if scores[one] >= min(len(one), len(steps))]
        good = [one for one in good if scores[one] == max(scores[two] for two in good)]
        if not good and (is_flat or len(self._folders) == 1):
            good = several
        if len(good) > 1:
            good = [one for one in good if self._is_near(one)] or good
        if len(good) > 1:
            good = [one for one in good if one[-1] == steps[-1]] or good
        if len(good) > 1:
            found.unclear[cell] = ("/".join(good[0]), "/".join(good[1]))
        elif good:
            found.files[cell] = self._root / "/".join(good[0])
            found.moved += 1
            name, said = good[0][-1], steps[-1]
            name, said = (unicodedata.normalize("NFC", one) for one in (name, said))
            found.cased += said not in (name, name.rpartition(".")[0])

    def _is_near(self, steps: Steps) -> bool:
        """Tell whether a file lies where the table does, or in the folder of its part."""
        home = relative(self._home, self._root) if self._home != self._root else "."
        if home not in ("", "."):
            return steps[: home.count("/") + 1] == tuple(home.split("/"))
        return self._part is not None and any(part_named(s) == self._part for s in steps[:-1])

    def _listed(self) -> dict[str, list[Steps]]:
        """Return the files below the root by name and by name without ending, in small letters."""
        if self._index is None:
            self._index = {}
            for steps in self._below(self._root, (), self._depth):
                self._folders.add(steps[:-1])
                name = _plain(steps[-1])
                for key in dict.fromkeys((name, name.rpartition(".")[0])):
                    self._index.setdefault(key, []).append(steps)
        return self._index

    def _below(self, folder: Place, above: Steps, depth: int) -> Iterable[Steps]:
        for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
            if is_hidden(entry):
                continue
            steps = (*above, entry.name)
            if self._is_wanted(entry) and not entry.is_dir():
                yield steps
            elif depth and entry.is_dir():
                yield from self._below(entry, steps, depth - 1)


def _steps(cell: str) -> Steps:
    """Return the parts of a path that a cell names, of any system, or of an address."""
    text = cell.strip().replace("\\", "/")
    if "://" in text:
        text = unquote(re.split(r"[?#]", text.split("://", 1)[1])[0])
    return tuple(step for step in text.split("/") if step not in ("", ".", ".."))


def _plain(step: str) -> str:
    """Return a name in small letters, its accents written in one way."""
    return unicodedata.normalize("NFC", step).casefold()


def _shared(one: Steps, other: Steps) -> int:
    """Return how many parts two paths share at their ends; the last may lack its ending."""
    count = 1
    for a, b in zip(reversed(one[:-1]), reversed(other[:-1]), strict=False):
        if _plain(a) != _plain(b):
            break
        count += 1
    return count


def naming(
    cells: Cells, finder: Finder, *, told: Iterable[str] = (), bare: bool = True
) -> dict[str, Found]:
    """Return the columns of a table that name files, and where these are.

    told: columns that a person says to name them, or not to: "-label".
    bare: whether a column of names without endings may be meant, if there is no other.
    Raises DataError where a cell may mean several files.
    """
    texts = {
        name: values.to_pylist()
        for name, values in cells.columns.items()
        if f"-{name}" not in told and str(values.type) in ("string", "int64")
    }
    texts = {name: [None if v is None else str(v) for v in vs] for name, vs in texts.items()}
    found: dict[str, Found] = {}
    for name, values in texts.items():
        some = list(dict.fromkeys(v for v in values if v and v.strip()))[:_LOOKED]
        if name in told or (is_named_so([one.strip() for one in some]) and _any(finder, some)):
            found[name] = finder.find(values)
    if not found and bare:
        found = _bare(texts, finder)
    for name, one in found.items():
        if one.unclear:
            cell, (first, second) = next(iter(one.unclear.items()))
            raise DataError(
                f"{cells.file}: column '{name}': {len(one.unclear):,} of its cells may mean several"
                f" files, such as '{cell}' {first} or {second}; write the folder before the name"
            )
    return found


def _any(finder: Finder, cells: Sequence[str]) -> bool:
    some = finder.find(cells)
    return bool(some.files or some.unclear)


def _bare(texts: dict[str, list[str | None]], finder: Finder) -> dict[str, Found]:
    """Return the column of names without endings that names the most files, if it names most."""
    best: tuple[int, str, Found] | None = None
    for name, values in texts.items():
        some = list(dict.fromkeys(v for v in values if v and v.strip()))
        if len(some) * 4 <= len(values) or len(max(some, key=len, default="")) > _LONGEST:
            continue
        one = finder.find(some[:_LOOKED])
        count = len(one.files) + len(one.unclear)
        if 2 * count > len(some[:_LOOKED]) and (best is None or count > best[0]):
            best = count, name, finder.find(some)
    return {} if best is None else {best[1]: best[2]}
