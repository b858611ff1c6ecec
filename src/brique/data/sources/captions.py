"""Captions of pictures: "name.jpg#0<tab>A dog runs.", with lists of the pictures of each part."""

import re
from dataclasses import dataclass, field

import numpy as np

from brique.data.column import Texts
from brique.data.finding import Finding
from brique.data.originals import Originals
from brique.data.place import Place, files, plain_name
from brique.data.source import PARTS, Source
from brique.data.sources.decoding import Decoded, decode, is_picture
from brique.data.sources.shelf import beginning, check_train, few, lines, part_of, parts_of, shelf
from brique.data.splitting import digest
from brique.errors import DataError, nearest
from brique.options import Options
from brique.schema.texts import Unit

KIND: str = "captions"
USES: frozenset[str] = frozenset({"size", "channels", "unit", "lower"})

_LINE = re.compile(r"([^\t]+\.[A-Za-z0-9]+)#(\d+)\t(.*)")
_PICTURE = re.compile(r".+\.(jpe?g|png|webp|bmp|gif|tiff?)", re.IGNORECASE)
_UNITS: tuple[Unit, ...] = ("words", "characters", "subwords")
_ENDINGS = (".txt", ".token")


@dataclass
class _Read:
    """Captions as they were found, in order, and the place in PARTS of listed pictures."""

    source: Source
    pictures: list[str] = field(default_factory=list[str])
    captions: list[str] = field(default_factory=list[str])
    called: list[str] = field(default_factory=list[str])
    listed: dict[str, int] = field(default_factory=dict[str, int])

    def keep(self, rows: list[int]) -> None:
        """Leave out the captions that are not in `rows`."""
        self.pictures = [self.pictures[row] for row in rows]
        self.captions = [self.captions[row] for row in rows]
        self.called = [self.called[row] for row in rows]


def fits(place: Place) -> bool:
    """Tell whether a place holds a text whose lines are captions of pictures."""
    return any(_is_captions(file) for file in _texts(place))


def read(name: str, place: Place, asked: Options) -> Source:
    """Return captions, each with its picture where the pictures lie below the same place.

    Fields: `caption`, the target, and `image`. Lists of pictures, files with train, dev and test in
    their names, tell the parts; captions of pictures on no list are left out. All captions of one
    picture stay in one part. Without pictures there is no input.
    """
    if asked.unit not in (None, *_UNITS):
        raise DataError(
            f"{name}: unit must be one of {', '.join(_UNITS)}, got '{asked.unit}'"
            f"{nearest(str(asked.unit), _UNITS) or '; choose one'}"
        )
    found = _Read(Source(name, {}))
    source = found.source
    for file in _texts(place):
        if _is_captions(file):
            _read_captions(found, file)
        elif (part := part_of(file)) is not None:
            _read_list(found, file, part)
    if found.listed:
        _leave_unlisted(found)
    unit: Unit = asked.unit or "words"  # pyright: ignore[reportAssignmentType] - checked above
    shown = _show(found, place, asked)
    parts = [found.listed.get(picture) for picture in found.pictures]
    check_train(source, parts)
    source.part, source.names, source.targets = parts_of(parts), found.called, ("caption",)
    source.fields = {**source.fields, "caption": Texts(found.captions, unit, asked.lower)}
    _, groups = np.unique(found.pictures, return_inverse=True)
    source.groups = groups.astype(np.int64)
    if shown is None:
        source.digests = np.array(
            [digest(f"{a}\t{b}".encode()) for a, b in zip(found.pictures, found.captions)],  # noqa: B905
            dtype=np.uint64,
        )
    return source


def _texts(place: Place) -> list[Place]:
    """Return the text files of a place."""
    return [file for file in shelf(place, _ENDINGS) if plain_name(file).endswith(_ENDINGS)]


def _is_captions(file: Place) -> bool:
    rows = beginning(file).splitlines()[:5]
    return bool(rows) and all(_LINE.fullmatch(row) for row in rows)


def _read_captions(found: _Read, file: Place) -> None:
    """Add the captions of a file; picture names that are none are found."""
    odd: list[tuple[str, str]] = []
    for number, line in enumerate(lines(file, found.source), 1):
        parts = _LINE.fullmatch(line)
        if parts is None:
            if line.strip():
                reason = "is no caption such as name.jpg#0, a tab, and a text"
                found.source.skipped.append((f"{file.name}:{number}", reason))
            continue
        if not _PICTURE.fullmatch(parts[1]):
            odd.append((f"{file.name}:{number}", parts[1]))
        found.pictures.append(parts[1])
        found.captions.append(parts[3].strip())
        found.called.append(f"{parts[1]}#{parts[2]}")
    if odd:
        found.source.findings.append(
            Finding(
                "odd name",
                "note",
                None,
                tuple(odd),
                len(odd),
                f"{len(odd):,} captions are filed under a name that no picture file has, such as"
                f" {odd[0][1]}: they belong to no listed picture and are left out.",
                "Mend the name in the file of captions, if they are meant to count.",
            )
        )


def _read_list(found: _Read, file: Place, part: int) -> None:
    """Take note of the part of the pictures on a list. Raises DataError for one on two lists."""
    for number, line in enumerate(lines(file, found.source), 1):
        picture = line.strip()
        if not picture:
            continue
        if found.listed.setdefault(picture, part) != part:
            raise DataError(
                f"{found.source.name}: {file.name}:{number}: {picture} is listed for"
                f" {PARTS[part]} and for {PARTS[found.listed[picture]]}; take it off one list"
            )


def _leave_unlisted(found: _Read) -> None:
    """Leave out captions of pictures on no list, and say which listed pictures have none."""
    source = found.source
    kept = [row for row, picture in enumerate(found.pictures) if picture in found.listed]
    away = sorted(set(found.pictures) - found.listed.keys())
    if away:
        count = len(found.pictures) - len(kept)
        says = f"{count:,} captions of {len(away):,} pictures on no list are left out"
        source.notes.append(f"{source.name}: {says}: {few(away, 3)}.")
        source.findings.append(
            Finding(
                "unlisted",
                "note",
                None,
                tuple((picture,) for picture in away),
                count,
                f"{says}.",
                "Nothing, or put the pictures on the list of a part.",
            )
        )
    bare = sorted(found.listed.keys() - set(found.pictures))
    if bare:
        source.findings.append(
            Finding(
                "no caption",
                "warning",
                None,
                tuple((picture, PARTS[found.listed[picture]]) for picture in bare),
                len(bare),
                f"{len(bare):,} listed pictures have no caption, so they are not used.",
                "Add their captions, or take them off the lists.",
            )
        )
    found.keep(kept)


def _show(found: _Read, place: Place, asked: Options) -> Decoded | None:
    """Add the pictures as a field, if they are there; captions without one are left out."""
    source, wanted = found.source, set(found.pictures)
    there = {file.name: file for file in files(place) if is_picture(file) and file.name in wanted}
    if not there:
        source.notes.append(
            f"{source.name}: no pictures lie beside the captions, so these have no input; put the"
            " pictures into the same folder."
        )
        return None
    names = list(there)
    decoded = decode(
        list(there.values()), place, source.name, size=asked.size, channels=asked.channels
    )
    source.skipped += decoded.skipped
    source.notes += decoded.notes
    places = {names[old]: new for new, old in enumerate(decoded.kept.tolist())}
    kept = [row for row, picture in enumerate(found.pictures) if picture in places]
    lost = sorted(wanted - places.keys())
    source.skipped += [(picture, "has captions but no picture") for picture in lost]
    found.keep(kept)
    at = np.array([places[picture] for picture in found.pictures])
    source.fields = {"image": decoded.pixels[at]}
    source.kinds = {"image": decoded.kind}
    source.digests = np.array(
        [
            digest(f"{decoded.digests[one]} {caption}".encode())
            for one, caption in zip(at.tolist(), found.captions, strict=True)
        ],
        dtype=np.uint64,
    )
    source.originals = _originals(decoded, at)
    return decoded


def _originals(decoded: Decoded, at: np.ndarray) -> Originals:
    """Return what is known of the pictures of captions: pairs are told of their first ones."""
    first = np.full(len(decoded.pixels), -1)
    first[at[::-1]] = np.arange(len(at))[::-1]
    pairs = first[decoded.originals.near_pairs()]
    looks = [decoded.originals.looks[one] for one in at.tolist()]
    return Originals(looks, _pairs=pairs[(pairs >= 0).all(1)])
