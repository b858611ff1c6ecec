"""Damage in picture files that decoders ignore: checksums, blocks of zeros, inserted bytes."""

import re
import zlib
from collections.abc import Iterator
from typing import IO

from brique.errors import DataError

_ZERO_BLOCK = bytes(512)  # of a disk block, which a broken copy leaves empty
_WHITESPACE = rb"(?:\s|#[^\n]*\n)+"  # white space and comments
_PNM_HEADER = re.compile(rb"P([456])" + _WHITESPACE + rb"(\d+)" + _WHITESPACE + rb"(\d+)")
_JPEG_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")  # which ends a JPEG scan
_SOS, _DHT, _EOI = 0xDA, 0xC4, 0xD9
_STANDALONE = frozenset([0x01, *range(0xD0, 0xD9)])  # markers without content
_SOF = frozenset(range(0xC0, 0xD0)) - {_DHT, 0xC8, 0xCC}
_SEQUENTIAL, _PROGRESSIVE = (0xC0, 0xC1), 0xC2


def check_damage(file: IO[bytes], image_format: str | None, where: str) -> None:
    """Raise DataError if a PNG, JPEG, BMP or PPM has damage that Pillow ignores.

    image_format: Pillow's name of the format. Other formats have no checksums, and zeros are valid.
        BMP and PPM are not compressed: inserted bytes make them too long.
    where: name of the file, for messages.
    """
    position = file.tell()
    reason = ""
    if image_format == "PNG":
        reason = _png_damage(file)
    elif image_format in ("JPEG", "MPO"):
        file.seek(0)
        content = file.read()
        reason = (
            "a block of it is zero" if _ZERO_BLOCK in content and _has_zeroed_scan(content) else ""
        )
    elif image_format in _LENGTH_READERS:
        file.seek(0)
        content = file.read()
        excess = len(content) - (_LENGTH_READERS[image_format](content) or len(content))
        reason = f"it is {excess:,} bytes longer than its head says" if excess > 0 else ""
    file.seek(position)
    if reason:
        raise DataError(f"{where}: is damaged ({reason}); replace it or leave it out")


def _png_damage(file: IO[bytes]) -> str:
    """Return what is wrong with the checksums or the end of a PNG; "" if nothing.

    Source: ISO/IEC 15948, section 5.3: length, type, content and CRC-32 of type and content.
    """
    file.seek(8)
    while len(header := file.read(8)) == 8:
        length, chunk_type = int.from_bytes(header[:4]), header[4:]
        if chunk_type == b"IEND":
            return ""
        if chunk_type not in (b"IHDR", b"PLTE", b"IDAT"):
            file.seek(length + 4, 1)
            continue
        content, checksum = file.read(length), file.read(4)
        if len(checksum) < 4:
            break
        if zlib.crc32(content, zlib.crc32(chunk_type)) != int.from_bytes(checksum):
            return f"the checksum of its {chunk_type.decode()} does not fit"
    return "its end is missing"


def _bmp_length(content: bytes) -> int | None:
    """Return the length in the header of a BMP; None if its pixels do not fit."""
    if len(content) < 54 or int.from_bytes(content[14:18], "little") < 40:
        return None
    file_size, pixel_offset = (
        int.from_bytes(content[offset : offset + 4], "little") for offset in (2, 10)
    )
    width, height = (
        int.from_bytes(content[offset : offset + 4], "little", signed=True) for offset in (18, 22)
    )
    bits_per_pixel, compression = (
        int.from_bytes(content[offset : offset + 2], "little") for offset in (28, 30)
    )
    if compression not in (0, 3):  # run-length encoded: of any length
        return None
    row_bytes = (width * bits_per_pixel + 31) // 32 * 4
    return file_size if file_size >= pixel_offset + row_bytes * abs(height) else None


def _ppm_length(content: bytes) -> int | None:
    """Return the length of a binary PBM, PGM or PPM by its header; None for other files."""
    header = _PNM_HEADER.match(content)
    if header is None:
        return None
    magic, width, height = (int(header[group]) for group in (1, 2, 3))
    row_bytes = (width + 7) // 8
    if magic != 4:
        maxval = re.compile(_WHITESPACE + rb"(\d+)\s").match(content, header.end())
        if maxval is None:
            return None
        header, row_bytes = (
            maxval,
            width * (3 if magic == 6 else 1) * (2 if int(maxval[1]) > 255 else 1),
        )
    end = header.end() + (magic == 4) + row_bytes * height
    trailing = content[end:].lstrip()
    return None if not trailing or re.match(rb"P[1-7]\s", trailing) else end  # another may follow


_LENGTH_READERS = {"BMP": _bmp_length, "PPM": _ppm_length}


def _has_zeroed_scan(content: bytes) -> bool:
    """Return whether a scan holds a block of zeros that no encoder writes.

    In a sequential scan, zeros are valid as many equal blocks, if the all-zero codes mean "no
    difference" and "end of block", as in a drawing; otherwise they are an endless gradient.
    Progressive encoders count equal blocks instead; only DC coefficients may be all zeros.
    Source: ITU-T T.81, sections B.2 and F.2.2.
    """
    zero_symbols: dict[int, int] = {}  # of each Huffman table, meaning of the all-zero code
    frame = 0
    for marker, start, end in _segments(content):
        if marker in _SOF:
            frame = marker
        elif marker == _DHT:
            zero_symbols |= _zero_code_symbols(content[start:end])
        elif marker == _SOS and end - start >= 6:
            next_marker = _JPEG_MARKER.search(content, end)
            stop = next_marker.start() if next_marker else len(content)
            if content.find(_ZERO_BLOCK, end, stop) >= 0 and _excludes_zeros(
                frame, zero_symbols, content[start:end]
            ):
                return True
    return False


def _excludes_zeros(frame: int, zero_symbols: dict[int, int], header: bytes) -> bool:
    """Return whether no encoder writes a block of zeros into a scan with this header."""
    num_components = header[0]
    if frame == _PROGRESSIVE:
        return header[1 + 2 * num_components] > 0  # its first frequency
    if frame not in _SEQUENTIAL:
        return False
    tables = header[2 : 2 + 2 * num_components : 2]
    return any(
        zero_symbols.get(selector >> 4, 0) or zero_symbols.get(16 | selector & 15, 0)
        for selector in tables
    )


def _segments(content: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield the marker, start and end of each segment of a JPEG."""
    position = 2
    while match := _JPEG_MARKER.search(content, position):
        marker, start = content[match.end() - 1], match.end()
        if marker == _EOI:
            return
        if marker in _STANDALONE:
            position = start
            continue
        position = start + max(2, int.from_bytes(content[start : start + 2]))
        yield marker, start + 2, min(position, len(content))


def _zero_code_symbols(tables: bytes) -> dict[int, int]:
    """Return the meaning of the all-zero code in each Huffman table: its first symbol."""
    symbols: dict[int, int] = {}
    while len(tables) > 17:
        symbols[tables[0]] = tables[17]
        tables = tables[17 + sum(tables[1:17]) :]
    return symbols
