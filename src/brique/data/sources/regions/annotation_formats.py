"""The annotation files of a folder, by format."""

import gzip
import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from brique.data.files.place import Place, plain_name
from brique.data.sources.regions.box_tables import is_box_table
from brique.data.sources.regions.coco import is_coco
from brique.data.sources.regions.yolo import is_yolo
from brique.errors import DataError

_HEAD_SIZE = 1 << 16  # bytes that identify a file
_SAMPLE_FILES = 20  # files of one suffix to inspect
_UNSUPPORTED_TOOLS = (
    ((b"shape_attributes",), "VGG Image Annotator"), ((b"rectanglelabels",), "Label Studio"),
    ((b"<annotations>", b"<image"), "CVAT"), ((b'"classTitle"',), "Supervisely"),
    ((b'"box2d"',), "Scalabel"), ((b'"boundingBox"', b'"regions"'), "VoTT"),
    ((b'"coordinates"', b'"annotations"'), "CreateML"),
)  # fmt: skip # what tools write that are not read, by words in their files


@dataclass(frozen=True)
class AnnotationFiles:
    """The annotation files of a folder, by format; of several formats the first counts."""

    coco: list[Place]
    voc: list[Place]
    labelme: list[Place]
    tables: list[Place]
    is_yolo: bool
    unsupported: list[tuple[Place, str]]  # and the tools that wrote them

    @classmethod
    def find(
        cls, place: Place, all_files: Sequence[Place], pictures: Sequence[Place]
    ) -> "AnnotationFiles":
        """Return the annotation files of a folder."""
        if not pictures:
            return cls([], [], [], [], False, [])
        table_files = [file for file in all_files if plain_name(file).endswith((".csv", ".tsv"))]
        stems = {picture.stem.casefold() for picture in pictures}
        json_files = [file for file in all_files if plain_name(file).endswith(".json")]
        sidecars = [file for file in json_files if file.stem.casefold() in stems]
        xml_files = _first_with_suffix(all_files, ".xml")
        heads = [_read_head(file).lower() for file in xml_files]
        is_voc = any(re.search(rb"<annotation[\s>]", head) for head in heads)
        is_labelme = any(b'"shapes"' in _read_head(file) for file in sidecars[:_SAMPLE_FILES])
        tables = [file for file in table_files[:_SAMPLE_FILES] if is_box_table(file, pictures)]
        return cls(
            [file for file in json_files if is_coco(file, _read_head(file))],
            [file for file in all_files if plain_name(file).endswith(".xml")] if is_voc else [],
            sidecars if is_labelme else [],
            tables,
            is_yolo(place, all_files, pictures),
            list(_find_unsupported([*json_files, *table_files, *xml_files])),
        )

    def __bool__(self) -> bool:
        supported = self.coco or self.voc or self.labelme or self.tables or self.is_yolo
        return bool(supported or self.unsupported)


def _find_unsupported(candidates: Sequence[Place]) -> Iterator[tuple[Place, str]]:
    """Yield files with boxes in an unsupported format, and the tool that writes it."""
    for file in candidates[:_SAMPLE_FILES]:
        head = _read_head(file)
        for words, tool in _UNSUPPORTED_TOOLS:
            if all(word in head for word in words):
                yield file, tool
                break


def _first_with_suffix(all_files: Sequence[Place], suffix: str) -> list[Place]:
    return [file for file in all_files if plain_name(file).endswith(suffix)][:_SAMPLE_FILES]


def _read_head(file: Place) -> bytes:
    """Return the first bytes of a file, plain or compressed; empty if unreadable."""
    try:
        with file.open("rb") as stream:
            if file.suffix.casefold() != ".gz":
                return stream.read(_HEAD_SIZE)
            with gzip.open(stream) as decompressed:
                return decompressed.read(_HEAD_SIZE)
    except (OSError, EOFError, zlib.error, DataError):
        return b""
