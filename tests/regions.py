"""Small folders of generated pictures with masks or boxes, as people have them."""

from pathlib import Path

import numpy as np
from PIL import Image

from brique.data import worlds

NAMES = ("background", "circle", "square", "triangle", "star")


def scenes(target: str, n: int):
    """Return examples of the world of scenes: pictures (64, 64, 3), uint8, and what is in them."""
    split = worlds.scenes(n, target=target).train
    pictures = split["image"].permute(0, 2, 3, 1).numpy()
    return split, pictures


def masked(folder: Path, n: int = 40) -> Path:
    """Make a folder of pictures and masks, of 64 x 48 pixels, with the classes in classes.txt."""
    split, pictures = scenes("mask", n)
    for kind in ("images", "masks"):
        (folder / kind).mkdir(parents=True)
    for i, (pixels, mask) in enumerate(zip(pictures, split["mask"].numpy(), strict=True)):
        Image.fromarray(np.ascontiguousarray(pixels[8:56])).save(folder / "images" / f"{i}.png")
        Image.fromarray(np.ascontiguousarray(mask[8:56])).save(folder / "masks" / f"{i}.png")
    names = split.schema["mask"].names
    (folder / "classes.txt").write_text("\n".join(names))
    return folder


def boxed(folder: Path, n: int = 40, size: tuple[int, int] = (96, 64)) -> Path:
    """Make a folder of pictures of (width, height), whose middle is a scene, with VOC's XML."""
    split, pictures = scenes("boxes", n)
    for kind in ("images", "annotations"):
        (folder / kind).mkdir(parents=True)
    tags = split.schema["classes"]
    left, top = (size[0] - 64) // 2, (size[1] - 64) // 2
    rows = zip(pictures, split["boxes"], split["classes"], strict=True)
    for i, (pixels, boxes, classes) in enumerate(rows):
        whole = np.full((size[1], size[0], 3), 90, np.uint8)
        whole[top : top + 64, left : left + 64] = pixels
        Image.fromarray(whole).save(folder / "images" / f"{i}.png")
        objects = "".join(
            f"<object><name>{name}</name><bndbox><xmin>{x0 + left:g}</xmin><ymin>{y0 + top:g}</ymin>"
            f"<xmax>{x1 + left:g}</xmax><ymax>{y1 + top:g}</ymax></bndbox></object>"
            for (x0, y0, x1, y1), name in zip(boxes.tolist(), tags.restore(classes), strict=True)
        )
        (folder / "annotations" / f"{i}.xml").write_text(
            f"<annotation><filename>{i}.png</filename><size><width>{size[0]}</width>"
            f"<height>{size[1]}</height><depth>3</depth></size>{objects}</annotation>"
        )
    return folder
