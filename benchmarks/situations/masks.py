"""Cases of masks of other numbers than 0 to k."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from brique import data
from situations import (
    each,
    expect,
    expect_finding,
    expect_note,
    expect_refusal,
    values,
    variant,
    write,
)
from situations.drawn import SIZE, noise, save

HEIGHT, WIDTH = SIZE

# 17: 255 is void only beside 0 to k; a mask with values between is an error with its remedy


def thing(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return where a thing is, and the rim round it (H, W)."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    distance = (y - 10 - n % 9) ** 2 + (x - 12 - n % 15) ** 2
    return distance < 49, (distance >= 49) & (distance < 81)


def draw_masks(at: Path, mask: Callable[[int], Image.Image], file: str = "masks/{}.png") -> None:
    """Write 20 pictures, and their masks."""
    for n in range(20):
        pixels = noise(n)
        pixels[thing(n)[0]] += 120
        save(pixels, at / "images" / f"{n}.jpg")
        (at / file.format(n)).parent.mkdir(parents=True, exist_ok=True)
        mask(n).save(at / file.format(n))


def grey(inside: int, rim: int = 0, dtype: type = np.uint8) -> Callable[[int], np.ndarray]:
    """Return masks of 0, a number inside and one for the rim."""

    def made(n: int) -> np.ndarray:
        within, edge = thing(n)
        return (within * inside + edge * rim).astype(dtype)

    return made


def image(made: Callable[[int], np.ndarray], mode: str = "L") -> Callable[[int], Image.Image]:
    """Return masks as Pillow's images."""
    return lambda n: Image.fromarray(made(n)).convert(mode)


def palette(n: int) -> Image.Image:
    """Return a mask with a palette, as VOC has it: 0, 1, and 255 for the rim."""
    made = Image.fromarray(grey(1, 255)(n))
    made.putpalette([0, 0, 0, 128, 0, 0] + [0] * 759 + [224, 224, 192])
    return made


def alone(n: int) -> Image.Image:
    """Return a mask of 16 bits."""
    return Image.fromarray(grey(1, 0, np.uint16)(n))


def read_masks(at: Path, given: dict[str, Any]) -> None:
    """Check the class of each pixel: that of the thing, of its rim, and of the rest."""
    draw_masks(at, given["mask"], given.get("file", "masks/{}.png"))
    for name, text in given.get("files", {}).items():
        write(at / name, text)
    opened = data.open(at, **given.get("options", {}))
    names = opened.schema["mask"].names
    expect(names, given["names"], "classes")
    for name, one in values(opened).items():
        within, edge = thing(int(Path(name).stem))
        called = np.array([*names, *[""] * (255 - len(names)), "void"])[one["mask"]]
        right = np.full(SIZE, given["names"][0], object)
        right[edge] = given.get("rim", given["names"][0])
        right[within] = given["inside"]
        expect(int((called != right).sum()), 0, f"{name}: wrong pixels")
    if "finding" in given:
        expect_finding(opened, *given["finding"])
    if "note" in given:
        expect_note(opened, given["note"])


BINARY = {"names": ("0", "255"), "inside": "255"}
each("17", "each pixel has the class of its number; 255 is void beside 0 to k alone", read_masks, {
    "0 and 255": {"mask": image(grey(255)), **BINARY},
    "0, 128, 255": {"mask": image(grey(255, 128)), "names": ("0", "128", "255"),
                    "inside": "255", "rim": "128"},
    "0, 1, and a rim of 255": {"mask": image(grey(1, 255)), "names": ("0", "1"), "inside": "1",
                               "rim": "void", "note": "255 count for nothing"},
    "a palette with a rim": {"mask": palette, "names": ("0", "1"), "inside": "1", "rim": "void"},
    "0, 100, 200": {"mask": image(grey(200, 100)), "names": ("0", "100", "200"), "inside": "200",
                    "rim": "100"},
    "0, 2, 255": {"mask": image(grey(255, 2)), "names": ("0", "2", "255"), "inside": "255",
                  "rim": "2", "finding": ("void or class", "error", "classes.txt")},
    "0, 1, 255 of which 255 is named": {
        "mask": image(grey(255, 1)), "names": ("ground", "rim", "thing"), "inside": "thing",
        "rim": "rim", "files": {"classes.txt": "0: ground\n1: rim\n255: thing\n"}},
    "0, 128, 255 of which 255 is void": {
        "mask": image(grey(128, 255)), "names": ("ground", "thing"), "inside": "thing",
        "rim": "void", "files": {"classes.txt": "0: ground\n128: thing\n255: void\n"}},
    "16 bits, TIFF": {"mask": alone, "file": "masks/{}.tif", "names": ("0", "1"), "inside": "1"},
    "RGB of equal channels": {"mask": image(grey(255), "RGB"), **BINARY},
    "RGBA, opaque": {"mask": image(grey(255), "RGBA"), **BINARY},
    "1 bit": {"mask": image(grey(255), "1"), "names": ("0", "1"), "inside": "1"},
    "_mask names": {"mask": image(grey(255)), "file": "masks/{}_mask.png", **BINARY},
    "JPEG of 0 and 255": {"mask": image(grey(255)), "file": "masks/{}.jpg", **BINARY,
                          "finding": ("compressed mask", "warning", "PNG")},
})  # fmt: skip


def soft(n: int) -> Image.Image:
    """Return a blurred mask."""
    return image(grey(255))(n).resize((WIDTH // 2, HEIGHT // 2), 3).resize((WIDTH, HEIGHT), 3)


def chances(n: int) -> Image.Image:
    """Return a mask of probabilities."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    far = np.hypot(y - 10 - n % 9, x - 12 - n % 15)
    return Image.fromarray((255 * np.exp(-((far / 9) ** 2))).astype(np.uint8))


def colored(n: int) -> Image.Image:
    """Return a mask in colors."""
    within, edge = thing(n)
    made = np.zeros((*SIZE, 3), np.uint8)
    made[within], made[edge] = (128, 0, 0), (224, 224, 192)
    return Image.fromarray(made)


def refused_masks(at: Path, given: tuple[Callable[[int], Image.Image], str]) -> None:
    """Check that masks are refused with their remedy."""
    mask, says = given
    draw_masks(at, mask)
    expect_refusal(at, says)


each("17", "refused, with the remedy", refused_masks, {
    "blurred": (soft, "choose a threshold and save it as PNG"),
    "probabilities": (chances, "choose a threshold and save it as PNG"),
    "colors without a list": (colored, r"class_dict.csv \(name,r,g,b\)"),
    "on its side": (lambda n: image(grey(1))(n).transpose(Image.Transpose.ROTATE_90), "30 x 40"),
    "half see-through": (
        lambda n: Image.merge("RGBA", [image(grey(255))(n)] * 3 + [Image.new("L", (40, 30), 90)]),
        "transparen"),
})  # fmt: skip


@variant("17", "half the size", "scaled by the nearest pixel, and said")
def half(at: Path) -> None:
    """Check masks of half the size of their pictures."""
    draw_masks(at, lambda n: image(grey(1))(n).resize((WIDTH // 2, HEIGHT // 2), 0))
    opened = data.open(at)
    expect_note(opened, "another size than the picture, and scaled to it")
    for name, one in values(opened).items():
        small = Image.fromarray(grey(1)(int(Path(name).stem))).resize((WIDTH // 2, HEIGHT // 2), 0)
        right = np.asarray(small).repeat(2, 0).repeat(2, 1)
        expect(int((one["mask"] != right).sum()), 0, f"{name}: wrong pixels")


@variant("17", "colors with a list", "classes by name, a listed void counts for nothing")
def colors(at: Path) -> None:
    """Check masks in colors with class_dict.csv."""
    draw_masks(at, colored)
    rows = "ground,0,0,0\nthing,128,0,0\nrim,224,224,192\n"
    write(at / "class_dict.csv", "name,r,g,b\n" + rows)
    opened = data.open(at)
    expect(opened.schema["mask"].names, ("ground", "thing", "rim"))
    for name, one in values(opened).items():
        within, edge = thing(int(Path(name).stem))
        expect(int((one["mask"] != within * 1 + edge * 2).sum()), 0, f"{name}: wrong pixels")
