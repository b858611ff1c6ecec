"""Bytes put into pictures whose pixels lie bare."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from brique.cli import main
from brique.errors import DataError
from brique.schema.damage import check_damage

KINDS = [
    *((mode, "BMP") for mode in ("L", "RGB", "1", "P", "RGBA")),
    *((mode, "PPM") for mode in ("L", "RGB", "1", "I;16")),
]


def saved(mode: str, form: str, width: int, height: int) -> bytes:
    draw = np.random.default_rng(width)
    pixels = draw.integers(1, 256, (height, width), dtype=np.uint8)
    whole = Image.fromarray(pixels)
    if mode == "I;16":
        whole = Image.fromarray(pixels.astype(np.uint16) * 200)
    file = io.BytesIO()
    (whole if mode == "I;16" else whole.convert(mode)).save(file, form)
    return file.getvalue()


@pytest.mark.parametrize(("mode", "form"), KINDS)
@pytest.mark.parametrize("sides", [(1, 1), (9, 9), (13, 7), (64, 3)])
def test_bytes_put_in_are_named(mode: str, form: str, sides: tuple[int, int]):
    whole = saved(mode, form, *sides)
    check_damage(io.BytesIO(whole), form, "x")
    middle = len(whole) - 1
    longer = whole[:middle] + b"abc" + whole[middle:]
    with pytest.raises(
        DataError, match=r"^x: is damaged \(it is 3 bytes longer than its head says"
    ):
        check_damage(io.BytesIO(longer), form, "x")


def test_what_may_follow_pixels_is_no_damage():
    one = saved("L", "PPM", 4, 4)
    for rest in (b"\n", one, b"\n" + one):
        check_damage(io.BytesIO(one + rest), "PPM", "x")
    noted = one.replace(b"P5", b"P5\n# by hand", 1)
    check_damage(io.BytesIO(noted), "PPM", "x")
    written = b"P2\n2 2\n255\n1 2 3 4 \n# the end"
    check_damage(io.BytesIO(written), "PPM", "x")
    bitmap = bytearray(saved("RGB", "BMP", 4, 4))
    bitmap[2:6] = bytes(4)  # a writer that leaves its length out
    check_damage(io.BytesIO(bytes(bitmap) + b"abc"), "BMP", "x")


def test_a_picture_with_bytes_put_in_is_left_out_with_its_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    path = tmp_path
    for number in range(12):
        (tmp_path / "ab"[number % 2]).mkdir(exist_ok=True)
        path = tmp_path / "ab"[number % 2] / f"{number}.bmp"
        path.write_bytes(saved("RGB", "BMP", 8, 8 + number))
    whole = path.read_bytes()
    path.write_bytes(whole[:100] + b"ab" + whole[100:])
    assert main(["check", str(tmp_path), "--size", "8"]) == 0
    said = capsys.readouterr().out
    assert "11.bmp  is damaged (it is 2 bytes longer than its head says); replace it" in said
