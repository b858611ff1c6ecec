"""Damage in picture files that decoders read over: checksums, blocks of zeros, bytes put in."""

import re
import zlib
from collections.abc import Iterator
from typing import IO

from brique.errors import DataError

_HOLE = bytes(512)  # a block of a disk; what a broken copy or download leaves where nothing came
_GAP = rb"(?:\s|#[^\n]*\n)+"  # blanks and remarks
_PNM = re.compile(rb"P([456])" + _GAP + rb"(\d+)" + _GAP + rb"(\d+)")
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")  # that ends a JPEG's scan
_SCAN, _TABLES, _END = 0xDA, 0xC4, 0xD9
_BARE = frozenset([0x01, *range(0xD0, 0xD9)])  # markers without content
_FRAMES = frozenset(range(0xC0, 0xD0)) - {_TABLES, 0xC8, 0xCC}
_SEQUENTIAL, _PROGRESSIVE = (0xC0, 0xC1), 0xC2


def check_damage(file: IO[bytes], kind: str | None, where: str) -> None:
    """Raise DataError where a PNG, JPEG, BMP or PPM is damaged so that Pillow reads on.

    kind: Pillow's word for the format. Others have no checksums; zeros are as good as other bytes.
    Of BMP and PPM, whose pixels lie bare, bytes that were put in shift the rest: they are too long.
    where: what the sentence calls the file.
    """
    before = file.tell()
    reason = ""
    if kind == "PNG":
        reason = _png(file)
    elif kind in ("JPEG", "MPO"):
        file.seek(0)
        content = file.read()
        reason = "a block of it is zero" if _HOLE in content and _jpeg(content) else ""
    elif kind in _LENGTHS:
        file.seek(0)
        content = file.read()
        more = len(content) - (_LENGTHS[kind](content) or len(content))
        reason = f"it is {more:,} bytes longer than its head says" if more > 0 else ""
    file.seek(before)
    if reason:
        raise DataError(f"{where}: is damaged ({reason}); replace it or leave it out")


def _png(file: IO[bytes]) -> str:
    """Say what is wrong with the checksums of a PNG's header and pixels, or its end; "" if nothing.

    Source: ISO/IEC 15948, section 5.3: length, type, content and CRC-32 of type and content.
    """
    file.seek(8)
    while len(head := file.read(8)) == 8:
        length, kind = int.from_bytes(head[:4]), head[4:]
        if kind == b"IEND":
            return ""
        if kind not in (b"IHDR", b"PLTE", b"IDAT"):
            file.seek(length + 4, 1)
            continue
        content, total = file.read(length), file.read(4)
        if len(total) < 4:
            break
        if zlib.crc32(content, zlib.crc32(kind)) != int.from_bytes(total):
            return f"the checksum of its {kind.decode()} does not fit"
    return "its end is missing"


def _bmp(content: bytes) -> int | None:
    """Return the length that a BMP's head says; None where that has no room for its pixels."""
    if len(content) < 54 or int.from_bytes(content[14:18], "little") < 40:
        return None
    length, start = (int.from_bytes(content[at : at + 4], "little") for at in (2, 10))
    width, height = (int.from_bytes(content[at : at + 4], "little", signed=True) for at in (18, 22))
    bits, packed = (int.from_bytes(content[at : at + 2], "little") for at in (28, 30))
    if packed not in (0, 3):  # run lengths: as long as they are
        return None
    row = (width * bits + 31) // 32 * 4
    return length if length >= start + row * abs(height) else None


def _ppm(content: bytes) -> int | None:
    """Return the length that the head of a binary PBM, PGM or PPM says; None of another one."""
    head = _PNM.match(content)
    if head is None:
        return None
    kind, width, height = (int(head[place]) for place in (1, 2, 3))
    row = (width + 7) // 8
    if kind != 4:
        most = re.compile(_GAP + rb"(\d+)\s").match(content, head.end())
        if most is None:
            return None
        head, row = most, width * (3 if kind == 6 else 1) * (2 if int(most[1]) > 255 else 1)
    end = head.end() + (kind == 4) + row * height
    rest = content[end:].lstrip()
    return None if not rest or re.match(rb"P[1-7]\s", rest) else end  # another may follow


_LENGTHS = {"BMP": _bmp, "PPM": _ppm}


def _jpeg(content: bytes) -> bool:
    """Tell whether a scan holds a block of zeros that no encoder writes.

    In a sequential scan, zeros are many equal blocks where the codes of only zeros mean "no step"
    and "end of block", as they may in a drawing; else they are slopes without end. Progressive
    encoders count equal blocks instead of writing each; only brightness (DC) may be all zeros.
    Source: ITU-T T.81, sections B.2 and F.2.2.
    """
    first: dict[int, int] = {}  # of each Huffman table, what the code of only zeros means
    frame = 0
    for marker, start, end in _segments(content):
        if marker in _FRAMES:
            frame = marker
        elif marker == _TABLES:
            first |= _first_codes(content[start:end])
        elif marker == _SCAN and end - start >= 6:
            after = _MARKER.search(content, end)
            stop = after.start() if after else len(content)
            if content.find(_HOLE, end, stop) >= 0 and _never_zero(
                frame, first, content[start:end]
            ):
                return True
    return False


def _never_zero(frame: int, first: dict[int, int], head: bytes) -> bool:
    """Tell whether no encoder writes a block of zeros into a scan with this head."""
    count = head[0]
    if frame == _PROGRESSIVE:
        return head[1 + 2 * count] > 0  # its first frequency
    if frame not in _SEQUENTIAL:
        return False
    tables = head[2 : 2 + 2 * count : 2]
    return any(first.get(t >> 4, 0) or first.get(16 | t & 15, 0) for t in tables)


def _segments(content: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield the marker, start and end of each segment of a JPEG."""
    place = 2
    while found := _MARKER.search(content, place):
        marker, start = content[found.end() - 1], found.end()
        if marker == _END:
            return
        if marker in _BARE:
            place = start
            continue
        place = start + max(2, int.from_bytes(content[start : start + 2]))
        yield marker, start + 2, min(place, len(content))


def _first_codes(tables: bytes) -> dict[int, int]:
    """Return what the code of only zeros means in each Huffman table: its first symbol."""
    first: dict[int, int] = {}
    while len(tables) > 17:
        first[tables[0]] = tables[17]
        tables = tables[17 + sum(tables[1:17]) :]
    return first
