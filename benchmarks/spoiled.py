"""Malformed picture files of many kinds, to be planted."""

import io
import os
import random
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

Make = Callable[[Image.Image, random.Random], bytes]


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    """Return a picture as a file of a format."""
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def chunk(kind: bytes, content: bytes) -> bytes:
    """Return a piece of a PNG."""
    total = struct.pack(">I", zlib.crc32(kind + content))
    return struct.pack(">I", len(content)) + kind + content + total


def png_of(width: int, height: int) -> bytes:
    """Return a small PNG that says it is of a size."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(bytes(99)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + pixels + chunk(b"IEND", b"")


def cut(kind: str, low: float = 0.1, high: float = 0.97, **options: object) -> Make:
    """Return what makes a file of a format that ends at a share of its length."""

    def make(image: Image.Image, draw: random.Random) -> bytes:
        whole = encoded(image, kind, **options)
        return whole[: max(4, int(len(whole) * draw.uniform(low, high)))]

    return make


def holed(kind: str, **options: object) -> Make:
    """Return what makes a file in which a block of a disk is zero."""

    def make(image: Image.Image, draw: random.Random) -> bytes:
        whole = bytearray(encoded(image.resize((256, 256)), kind, **options))
        size = draw.choice([512, 1024, 4096])
        blocks = (len(whole) - size) // 512
        start = 512 * draw.randint(min(2, blocks), blocks)
        whole[start : start + size] = bytes(size)
        return bytes(whole)

    return make


def flipped(image: Image.Image, draw: random.Random) -> bytes:
    """Return a PNG with one bit of its pixels changed."""
    whole = bytearray(encoded(image, "PNG"))
    whole[draw.randint(60, len(whole) - 30)] ^= 1 << draw.randint(0, 7)
    return bytes(whole)


def tail_of_zeros(image: Image.Image, draw: random.Random) -> bytes:
    """Return a JPEG that a download has left unfinished at its full length."""
    whole = encoded(image.resize((256, 256)), "JPEG", quality=90)
    kept = int(len(whole) * draw.uniform(0.2, 0.8))
    return whole[:kept] + bytes(len(whole) - kept)


def noise_behind_a_head(image: Image.Image, draw: random.Random) -> bytes:
    """Return the first bytes of a JPEG, and then noise."""
    return encoded(image, "JPEG")[: draw.choice([4, 20, 100])] + draw.randbytes(5000)


def absurd_bmp(image: Image.Image, draw: random.Random) -> bytes:
    """Return a BMP that says it is very large."""
    whole, side = encoded(image, "BMP"), draw.randint(20_000, 2_000_000)
    return whole[:18] + struct.pack("<ii", side, side) + whole[26:]


def lost_tiff(image: Image.Image, draw: random.Random) -> bytes:
    """Return a TIFF whose directory is not where it says, or is its own beginning."""
    whole = encoded(image, "TIFF")
    return whole[:4] + struct.pack("<I", draw.choice([0, 4, len(whole) + 100])) + whole[8:]


def nan_tiff(image: Image.Image, draw: random.Random) -> bytes:
    """Return a TIFF of floats, one of which is no number."""
    pixels = np.asarray(image.convert("L"), np.float32) / 255
    pixels[draw.randrange(len(pixels))] = np.nan
    return encoded(Image.fromarray(pixels), "TIFF")


def long_text(image: Image.Image, draw: random.Random) -> bytes:
    """Return a PNG with a comment of 20 million letters, packed."""
    whole = encoded(image, "PNG")
    return (
        whole[:33] + chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(20_000_000))) + whole[33:]
    )


def heic(image: Image.Image, draw: random.Random) -> bytes:
    """Return the beginning of a phone's photograph."""
    return b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + draw.randbytes(2000)


KINDS: dict[str, tuple[str, Make]] = {
    "empty": ("jpg", lambda image, draw: b""),
    "JPEG, cut short": ("jpg", cut("JPEG", quality=90)),
    "JPEG, cut in its head": ("jpg", cut("JPEG", 0.0, 0.05, quality=90)),
    "JPEG, progressive, cut short": ("jpg", cut("JPEG", progressive=True)),
    "JPEG, a block of zeros": ("jpg", holed("JPEG", quality=92)),
    "JPEG, optimized, a block of zeros": ("jpg", holed("JPEG", quality=92, optimize=True)),
    "JPEG, its end zeros": ("jpg", tail_of_zeros),
    "JPEG's head, then noise": ("jpg", noise_behind_a_head),
    "PNG, cut short": ("png", cut("PNG")),
    "PNG, one bit changed": ("png", flipped),
    "PNG, a block of zeros": ("png", holed("PNG")),
    "PNG of 30,000 x 30,000": ("png", lambda image, draw: png_of(30_000, 30_000)),
    "PNG of 0 pixels": ("png", lambda image, draw: png_of(0, draw.randrange(9))),
    "PNG, a comment of 20 million letters": ("png", long_text),
    "GIF, cut short": ("gif", cut("GIF")),
    "BMP of absurd size": ("bmp", absurd_bmp),
    "BMP, cut short": ("bmp", cut("BMP")),
    "TIFF, its directory elsewhere": ("tif", lost_tiff),
    "TIFF of NaN": ("tif", nan_tiff),
    "WebP, cut short": ("webp", cut("WEBP")),
    "PPM, cut short": ("ppm", cut("PPM")),
    "HEIC": ("heic", heic),
    "HEIC named .jpg": ("jpg", heic),
    "text named .jpg": ("jpg", lambda image, draw: b"no picture\n" * draw.randint(1, 99)),
    "web page named .png": ("png", lambda image, draw: b"<!DOCTYPE html><html>404</html>"),
    "zip named .jpg": ("jpg", lambda image, draw: b"PK\x03\x04" + draw.randbytes(3000)),
    "PDF named .png": ("png", lambda image, draw: b"%PDF-1.7\n" + draw.randbytes(3000)),
}
THINGS = ("folder named .jpg", "link that leads nowhere", "pipe named .jpg")
if os.geteuid():
    THINGS += ("not to be read",)


def spoil(folder: Path, pictures: list[Image.Image]) -> dict[str, str]:
    """Write a malformed file for each picture, of each kind in turn; return their kinds by name."""
    draw = random.Random(len(pictures))
    classes = sorted(path for path in folder.glob("*/*") if path.is_dir())
    kinds, planted = [*KINDS, *THINGS], {}
    for number, picture in enumerate(pictures):
        kind = kinds[number % len(kinds)]
        ending = KINDS[kind][0] if kind in KINDS else "jpg"
        file = draw.choice(classes) / f"spoiled-{number}.{ending}"
        if kind in KINDS:
            file.write_bytes(KINDS[kind][1](picture, draw))
        elif kind.startswith("folder"):
            file.mkdir()
        elif kind.startswith("link"):
            file.symlink_to("nowhere.jpg")
        elif kind.startswith("pipe"):
            os.mkfifo(file)
        else:
            file.write_bytes(encoded(picture, "JPEG"))
            file.chmod(0)
        planted[file.relative_to(folder).as_posix()] = kind
    return planted
