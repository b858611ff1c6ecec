"""Tables that name files, such as pictures: the columns that do, and the files."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote

from brique.data.files.place import Place, is_hidden, relative
from brique.data.raw.source import part_named
from brique.data.sources.decoding import SUFFIXES, is_picture
from brique.data.sources.table_files.delimited import Cells
from brique.errors import DataError

_MAX_CELLS = 500  # distinct cells that decide on a column
_PICTURE_SUFFIX = re.compile(
    r"\.(" + "|".join(sorted(one[1:] for one in SUFFIXES)) + r")$", re.IGNORECASE
)
_MAX_LENGTH = 250  # characters of a path
_MAX_DEPTH = 12  # nested folders
_NEAR_DEPTH = 2  # nested folders to search for a table alone

Segments = tuple[str, ...]


def are_picture_names(cells: Sequence[str]) -> bool:
    """Tell whether all cells end with the suffix of a picture file."""
    return bool(cells) and all(_PICTURE_SUFFIX.search(cell.split("?")[0]) for cell in cells)


@dataclass
class FileMatches:
    """The files that the cells of a column name.

    files: by cell. ambiguous: cells that match several files, with two of them.
    num_by_suffix, num_other_case: files found by the end of their path, or in another case.
    """

    files: dict[str, Place] = field(default_factory=dict[str, Place])
    ambiguous: dict[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])
    num_by_suffix: int = 0
    num_other_case: int = 0


class FileFinder:
    """Finds the files that a table names: by their path, else by the end of their path.

    root: the folder that holds the files. home: the folder of the table. part: of the table.
    is_whole: whether the whole folder belongs to the table.
    """

    def __init__(
        self,
        root: Place,
        home: Place | None = None,
        part: str | None = None,
        *,
        owns_folder: bool = True,
        accepts: Callable[[Place], bool] = is_picture,
    ) -> None:
        self._root, self._home, self._part = root, home or root, part
        self._depth = _MAX_DEPTH if owns_folder else _NEAR_DEPTH
        self._accepts = accepts
        self._index: dict[str, list[Segments]] | None = None
        self._folders: set[Segments] = set()

    def find(self, cells: Iterable[str | None]) -> FileMatches:
        """Return the files that cells name, without the missing ones."""
        matches = FileMatches()
        unresolved: list[str] = []
        for cell in dict.fromkeys(cell for cell in cells if cell):
            direct = self._find_direct(cell)
            if direct is not None:
                matches.files[cell] = direct
            elif len(cell) < 4 * _MAX_LENGTH:
                unresolved.append(cell)
        if unresolved:
            is_flat = len({_split_path(cell)[:-1] for cell in unresolved}) == 1
            for cell in unresolved:
                self._match_suffix(matches, cell, is_flat)
        return matches

    def _find_direct(self, cell: str) -> Place | None:
        path = cell.strip().replace("\\", "/")
        if len(path) > _MAX_LENGTH or "://" in path:
            return None
        for folder in dict.fromkeys((self._home, self._root)):
            place = folder / path
            if self._accepts(place) and place.is_file():
                return place
        return None

    def _match_suffix(self, matches: FileMatches, cell: str, is_flat: bool) -> None:
        """Find the file whose path ends like a cell, or the other way round.

        is_flat: whether all cells name the same folder, which is then ignored.
        """
        segments = _split_path(cell)
        if not segments:
            return
        candidates = self._files_by_name().get(_normalize(segments[-1]), [])
        scores = {path: _count_shared(path, segments) for path in candidates}
        best = [path for path in candidates if scores[path] >= min(len(path), len(segments))]
        best = [path for path in best if scores[path] == max(scores[other] for other in best)]
        if not best and (is_flat or len(self._folders) == 1):
            best = candidates
        if len(best) > 1:
            best = [path for path in best if self._is_near(path)] or best
        if len(best) > 1:
            best = [path for path in best if path[-1] == segments[-1]] or best
        if len(best) > 1:
            matches.ambiguous[cell] = ("/".join(best[0]), "/".join(best[1]))
        elif best:
            matches.files[cell] = self._root / "/".join(best[0])
            matches.num_by_suffix += 1
            name, cell_name = best[0][-1], segments[-1]
            name, cell_name = (unicodedata.normalize("NFC", path) for path in (name, cell_name))
            matches.num_other_case += cell_name not in (name, name.rpartition(".")[0])

    def _is_near(self, segments: Segments) -> bool:
        """Tell whether a file lies beside the table, or in the folder of its part."""
        home = relative(self._home, self._root) if self._home != self._root else "."
        if home not in ("", "."):
            return segments[: home.count("/") + 1] == tuple(home.split("/"))
        return self._part is not None and any(
            part_named(segment) == self._part for segment in segments[:-1]
        )

    def _files_by_name(self) -> dict[str, list[Segments]]:
        """Return the files below the root by name and by stem, in lower case."""
        if self._index is None:
            self._index = {}
            for segments in self._walk(self._root, (), self._depth):
                self._folders.add(segments[:-1])
                name = _normalize(segments[-1])
                for key in dict.fromkeys((name, name.rpartition(".")[0])):
                    self._index.setdefault(key, []).append(segments)
        return self._index

    def _walk(self, folder: Place, above: Segments, depth: int) -> Iterable[Segments]:
        for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
            if is_hidden(entry):
                continue
            segments = (*above, entry.name)
            if self._accepts(entry) and not entry.is_dir():
                yield segments
            elif depth and entry.is_dir():
                yield from self._walk(entry, segments, depth - 1)


def _split_path(cell: str) -> Segments:
    """Return the segments of a path or URL in a cell, of any operating system."""
    text = cell.strip().replace("\\", "/")
    if "://" in text:
        text = unquote(re.split(r"[?#]", text.split("://", 1)[1])[0])
    return tuple(segment for segment in text.split("/") if segment not in ("", ".", ".."))


def _normalize(segment: str) -> str:
    """Return a name in lower case, with normalized accents."""
    return unicodedata.normalize("NFC", segment).casefold()


def _count_shared(first: Segments, second: Segments) -> int:
    """Return how many segments two paths share at their ends; the last may lack its suffix."""
    count = 1
    for a, b in zip(reversed(first[:-1]), reversed(second[:-1]), strict=False):
        if _normalize(a) != _normalize(b):
            break
        count += 1
    return count


def find_file_columns(
    cells: Cells, finder: FileFinder, *, declared: Iterable[str] = (), allow_stems: bool = True
) -> dict[str, FileMatches]:
    """Return the columns of a table that name files, and the files.

    declared: columns that the options declare to name files, or not to: "-label".
    allow_stems: whether a column of names without suffix counts, if there is no other.
    Raises DataError if a cell matches several files.
    """
    texts = {
        name: values.to_pylist()
        for name, values in cells.columns.items()
        if f"-{name}" not in declared and str(values.type) in ("string", "int64")
    }
    texts = {name: [None if v is None else str(v) for v in vs] for name, vs in texts.items()}
    found: dict[str, FileMatches] = {}
    for name, values in texts.items():
        sample = list(dict.fromkeys(v for v in values if v and v.strip()))[:_MAX_CELLS]
        if name in declared or (
            are_picture_names([one.strip() for one in sample]) and _finds_any(finder, sample)
        ):
            found[name] = finder.find(values)
    if not found and allow_stems:
        found = _find_stem_column(texts, finder)
    for name, one in found.items():
        if one.ambiguous:
            cell, (first, second) = next(iter(one.ambiguous.items()))
            raise DataError(
                f"{cells.file}: column '{name}': {len(one.ambiguous):,} of its cells match several"
                f" files, such as '{cell}' {first} or {second}; write the folder before the name"
            )
    return found


def _finds_any(finder: FileFinder, cells: Sequence[str]) -> bool:
    matches = finder.find(cells)
    return bool(matches.files or matches.ambiguous)


def _find_stem_column(
    texts: dict[str, list[str | None]], finder: FileFinder
) -> dict[str, FileMatches]:
    """Return the column of names without suffix that names the most files, if it names most."""
    best: tuple[int, str, FileMatches] | None = None
    for name, values in texts.items():
        sample = list(dict.fromkeys(value for value in values if value and value.strip()))
        if len(sample) * 4 <= len(values) or len(max(sample, key=len, default="")) > _MAX_LENGTH:
            continue
        matches = finder.find(sample[:_MAX_CELLS])
        count = len(matches.files) + len(matches.ambiguous)
        if 2 * count > len(sample[:_MAX_CELLS]) and (best is None or count > best[0]):
            best = count, name, finder.find(sample)
    return {} if best is None else {best[1]: best[2]}
