"""Captions of pictures: "name.jpg#0<tab>A dog runs.", with lists of pictures by part."""

import re
from dataclasses import dataclass, field

import numpy as np

from brique.data.files.place import Place, list_files, plain_name
from brique.data.finding import Finding
from brique.data.raw.column import Texts
from brique.data.raw.digests import content_digest
from brique.data.raw.image_metadata import ImageMetadata
from brique.data.raw.source import PARTS, Source
from brique.data.sources.decoding import DecodedPictures, decode, is_picture
from brique.data.sources.layout.text_files import (
    check_train,
    data_files,
    format_names,
    part_from_name,
    parts_tensor,
    read_head,
    read_lines,
)
from brique.errors import DataError, did_you_mean
from brique.options import Options
from brique.schema.texts import Unit

KIND: str = "captions"
USES: frozenset[str] = frozenset({"size", "channels", "unit", "lower"})

_LINE = re.compile(r"([^\t]+\.[A-Za-z0-9]+)#(\d+)\t(.*)")
_PICTURE = re.compile(r".+\.(jpe?g|png|webp|bmp|gif|tiff?)", re.IGNORECASE)
_UNITS: tuple[Unit, ...] = ("words", "characters", "subwords")
_ENDINGS = (".txt", ".token")


@dataclass
class _Examples:
    """Captions in order, and the index into PARTS of listed pictures."""

    source: Source
    pictures: list[str] = field(default_factory=list[str])
    captions: list[str] = field(default_factory=list[str])
    example_names: list[str] = field(default_factory=list[str])
    part_by_picture: dict[str, int] = field(default_factory=dict[str, int])

    def keep_rows(self, rows: list[int]) -> None:
        """Keep only the captions in `rows`."""
        self.pictures = [self.pictures[row] for row in rows]
        self.captions = [self.captions[row] for row in rows]
        self.example_names = [self.example_names[row] for row in rows]


def fits(place: Place) -> bool:
    """Tell whether a place holds a text with a caption on each line."""
    return any(_is_captions(file) for file in _text_files(place))


def read(name: str, place: Place, options: Options) -> Source:
    """Return captions, with their pictures if these lie below the same place.

    Fields: `caption`, the target, and `image`. Lists of pictures, files with train, dev or test in
    their names, give the parts; captions of pictures on no list are left out. All captions of one
    picture stay in one part. Without pictures there is no input.
    """
    if options.unit not in (None, *_UNITS):
        raise DataError(
            f"{name}: unit must be one of {', '.join(_UNITS)}, got '{options.unit}'"
            f"{did_you_mean(str(options.unit), _UNITS) or '; choose one'}"
        )
    examples = _Examples(Source(name, {}))
    source = examples.source
    for file in _text_files(place):
        if _is_captions(file):
            _read_captions(examples, file)
        elif (part := part_from_name(file)) is not None:
            _read_list(examples, file, part)
    if examples.part_by_picture:
        _exclude_unlisted(examples)
    unit: Unit = options.unit or "words"  # pyright: ignore[reportAssignmentType] - checked above
    decoded = _add_pictures(examples, place, options)
    parts = [examples.part_by_picture.get(picture) for picture in examples.pictures]
    check_train(source, parts)
    source.part, source.names, source.targets = (
        parts_tensor(parts),
        examples.example_names,
        ("caption",),
    )
    source.fields = {**source.fields, "caption": Texts(examples.captions, unit, options.lower)}
    _, groups = np.unique(examples.pictures, return_inverse=True)
    source.groups = groups.astype(np.int64)
    if decoded is None:
        source.digests = np.array(
            [
                content_digest(f"{picture_name}\t{caption}".encode())
                for picture_name, caption in zip(examples.pictures, examples.captions, strict=False)
            ],
            dtype=np.uint64,
        )
    return source


def _text_files(place: Place) -> list[Place]:
    """Return the text files of a place."""
    return [file for file in data_files(place, _ENDINGS) if plain_name(file).endswith(_ENDINGS)]


def _is_captions(file: Place) -> bool:
    rows = read_head(file).splitlines()[:5]
    return bool(rows) and all(_LINE.fullmatch(row) for row in rows)


def _read_captions(examples: _Examples, file: Place) -> None:
    """Add the captions of a file; report invalid names of pictures."""
    odd_names: list[tuple[str, str]] = []
    for number, line in enumerate(read_lines(file, examples.source), 1):
        match = _LINE.fullmatch(line)
        if match is None:
            if line.strip():
                reason = "is not a caption such as name.jpg#0, a tab, and a text"
                examples.source.skipped.append((f"{file.name}:{number}", reason))
            continue
        if not _PICTURE.fullmatch(match[1]):
            odd_names.append((f"{file.name}:{number}", match[1]))
        examples.pictures.append(match[1])
        examples.captions.append(match[3].strip())
        examples.example_names.append(f"{match[1]}#{match[2]}")
    if odd_names:
        examples.source.findings.append(
            Finding(
                "odd name",
                "note",
                None,
                tuple(odd_names),
                len(odd_names),
                f"{len(odd_names):,} captions have a name that no picture file has, such as"
                f" {odd_names[0][1]}: they belong to no listed picture and are left out.",
                "Correct the name in the file of captions to keep them.",
            )
        )


def _read_list(examples: _Examples, file: Place, part: int) -> None:
    """Set the part of the pictures on a list. Raises DataError for a picture on two lists."""
    for number, line in enumerate(read_lines(file, examples.source), 1):
        picture = line.strip()
        if not picture:
            continue
        if examples.part_by_picture.setdefault(picture, part) != part:
            raise DataError(
                f"{examples.source.name}: {file.name}:{number}: {picture} is listed for"
                f" {PARTS[part]} and for {PARTS[examples.part_by_picture[picture]]}; take it off"
                " one list"
            )


def _exclude_unlisted(examples: _Examples) -> None:
    """Drop captions of pictures on no list, and report listed pictures without captions."""
    source = examples.source
    rows_on_lists = [
        row for row, picture in enumerate(examples.pictures) if picture in examples.part_by_picture
    ]
    unlisted = sorted(set(examples.pictures) - examples.part_by_picture.keys())
    if unlisted:
        count = len(examples.pictures) - len(rows_on_lists)
        message = f"{count:,} captions of {len(unlisted):,} pictures on no list are left out"
        source.notes.append(f"{source.name}: {message}: {format_names(unlisted, 3)}.")
        source.findings.append(
            Finding(
                "unlisted",
                "note",
                None,
                tuple((picture,) for picture in unlisted),
                count,
                f"{message}.",
                "Nothing, or put the pictures on the list of a part.",
            )
        )
    uncaptioned = sorted(examples.part_by_picture.keys() - set(examples.pictures))
    if uncaptioned:
        source.findings.append(
            Finding(
                "no caption",
                "warning",
                None,
                tuple(
                    (picture, PARTS[examples.part_by_picture[picture]]) for picture in uncaptioned
                ),
                len(uncaptioned),
                f"{len(uncaptioned):,} listed pictures have no caption and are not used.",
                "Add their captions, or take them off the lists.",
            )
        )
    examples.keep_rows(rows_on_lists)


def _add_pictures(examples: _Examples, place: Place, options: Options) -> DecodedPictures | None:
    """Add the pictures as a field, if they exist; captions without one are left out."""
    source, picture_names = examples.source, set(examples.pictures)
    available = {
        file.name: file
        for file in list_files(place)
        if is_picture(file) and file.name in picture_names
    }
    if not available:
        source.notes.append(
            f"{source.name}: no pictures lie beside the captions, so there is no input; put the"
            " pictures into the same folder."
        )
        return None
    names = list(available)
    decoded = decode(
        list(available.values()), place, source.name, size=options.size, channels=options.channels
    )
    source.skipped += decoded.skipped
    source.notes += decoded.notes
    new_index = {names[old]: new for new, old in enumerate(decoded.indices.tolist())}
    rows_with_picture = [
        row for row, picture in enumerate(examples.pictures) if picture in new_index
    ]
    missing = sorted(picture_names - new_index.keys())
    source.skipped += [(picture, "has captions but no picture") for picture in missing]
    examples.keep_rows(rows_with_picture)
    picture_indices = np.array([new_index[picture] for picture in examples.pictures])
    source.fields = {"image": decoded.pixels[picture_indices]}
    source.kinds = {"image": decoded.kind}
    source.digests = np.array(
        [
            content_digest(f"{decoded.digests[index]} {caption}".encode())
            for index, caption in zip(picture_indices.tolist(), examples.captions, strict=True)
        ],
        dtype=np.uint64,
    )
    source.image_metadata = _caption_metadata(decoded, picture_indices)
    return decoded


def _caption_metadata(decoded: DecodedPictures, picture_indices: np.ndarray) -> ImageMetadata:
    """Return the metadata of the pictures of captions; near-duplicates count once."""
    first = np.full(len(decoded.pixels), -1)
    first[picture_indices[::-1]] = np.arange(len(picture_indices))[::-1]
    pairs = first[decoded.image_metadata.near_pairs()]
    infos = [decoded.image_metadata.infos[index] for index in picture_indices.tolist()]
    return ImageMetadata(infos, _pairs=pairs[(pairs >= 0).all(1)])
