"""Sources: what a file, folder or archive holds, and how it becomes examples.

Each module reads one kind of data. It has KIND, its name for `kind=`; USES, the options of
`data.open` that it heeds; `fits`, a quick look whether a place holds such data; and `read`.
"""

from typing import Protocol

from brique.data.files.place import Place
from brique.data.raw.source import Source
from brique.data.sources.pictures import binary_files, captions, folders
from brique.data.sources.regions import boxes, mask_pairs, masks
from brique.data.sources.series import forecasting
from brique.data.sources.signals import sequences, sounds
from brique.data.sources.tables import tabular
from brique.data.sources.texts import (
    conll,
    documents,
    labeled_lines,
    long_texts,
    parallel,
    stories,
    trees,
)
from brique.errors import DataError, did_you_mean
from brique.options import Options


class Reader(Protocol):
    """What a module of this package offers."""

    KIND: str
    USES: frozenset[str]

    def fits(self, place: Place) -> bool:
        """Tell from names and first bytes whether a place holds such data."""
        ...

    def read(self, name: str, place: Place, options: Options) -> Source:
        """Return the examples of a place. Raises DataError."""
        ...


READERS: tuple[Reader, ...] = (
    binary_files,
    masks,
    boxes,
    conll,
    trees,
    parallel,
    captions,
    stories,
    sounds,
    sequences,
    forecasting,
    folders,
    labeled_lines,
    documents,
    tabular,
    long_texts,
)  # the first that fits is taken
KINDS: tuple[str, ...] = tuple(reader.KIND for reader in READERS)


def read(name: str, place: Place, options: Options) -> Source:
    """Return the examples of a place.

    options: their kind is one of KINDS; by default that of the first reader to which the place
        looks right.
    Raises DataError when none does, an option means nothing for it, or it cannot be read.
    """
    kind = options.kind
    if kind is not None and kind not in KINDS:
        raise DataError(
            f"{name}: kind must be one of {', '.join(KINDS)}, got"
            f" '{kind}'{did_you_mean(kind, KINDS)}"
        )
    for reader in READERS:
        if kind == reader.KIND or (kind is None and reader.fits(place)):
            break
    else:
        raise unknown(name, place)
    options.check(name, reader.KIND, reader.USES)
    if kind is None and reader.KIND == folders.KIND:
        mask_pairs.check_ambiguous(name, place)
    return reader.read(name, place, options)


def unknown(name: str, place: Place) -> DataError:
    """Return the error for a place that holds nothing known."""
    if place.is_file():
        return binary_files.pickle_error(place) or DataError(
            f"{name}: is one file of no known kind; give a table (.csv, .tsv, .parquet, .jsonl), a"
            " text, an archive, or the folder that holds a folder of pictures for each class"
        )
    return folders.unknown_layout_error(place, name)
