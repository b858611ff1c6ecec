"""Paired: pictures of which others are the masks, by the names of files and by what they hold."""

import re
from collections.abc import Sequence

import numpy as np

from brique.data.place import Place, files, relative
from brique.data.source import part_named
from brique.data.sources.decoding import is_picture
from brique.data.sources.gathered import abreast
from brique.data.sources.shelf import few
from brique.errors import DataError
from brique.schema import natural
from brique.schema.pictures import examined

_WORDS = (
    "mask|masks|gt|ground[ _-]?truth|seg|segm|segmentation|annot|annotation|annotations|matte|"
    "label|labels|labelids"
)
_BEHIND = re.compile(rf"(.+?)[ ._-]*(?<![a-z])(?:{_WORDS})(?:[ ._-]*\d+)?")
_BEFORE = re.compile(rf"(?:{_WORDS})(?![a-z])[ ._-]*(.+)")
_SHOWN, _MAPPED = frozenset(["images", "imgs", "jpegimages"]), frozenset(["masks", "mask", "gt"])
_LOOKED = 8  # files of which the pixels are looked at
_SIDE, _LEAST = 64, 100  # of the pixels that are looked at: their side, and how many there must be
_FEW, _SHARE = 12, 0.9  # colors that cover so much of a mask
_PAIRS = 3  # fewer are chance
_FOLDERS = 12  # more are classes
_ALIKE = 0.9  # share of a folder's names that another has


def beside(place: Place) -> dict[Place, list[Place]]:
    """Return the masks of pictures that lie in their folders, such as 1.jpg and 1_mask.png."""
    inside = [file for file in files(place) if is_picture(file)]
    there = {(str(file.parent), file.stem.casefold()): file for file in inside}
    found: dict[Place, list[Place]] = {}
    for file in inside:
        stem = file.stem.casefold()
        for match in (_BEHIND.fullmatch(stem), _BEFORE.fullmatch(stem)):
            picture = there.get((str(file.parent), match[1])) if match else None
            if picture is not None:
                found.setdefault(picture, []).append(file)
                break
    masks = [one for several in found.values() for one in several]
    shown = [file for file in found if file not in set(masks)]
    return found if len(shown) >= _PAIRS and _are_maps(masks) and not _are_maps(shown) else {}


def is_whole(place: Place, found: dict[Place, list[Place]]) -> bool:
    """Tell whether most pictures below a folder have masks beside them."""
    count = sum(map(is_picture, files(place))) - sum(map(len, found.values()))
    return bool(found) and 2 * len(found) > count


def classes(place: Place, inside: Sequence[Place]) -> dict[str, list[Place]]:
    """Return files by the folder that may be their class; one entry where no folder tells."""
    listed = [(file, relative(file, place).split("/")[:-1]) for file in inside]
    listed = [(file, [s for s in steps if part_named(s) is None]) for file, steps in listed]
    while listed and all(steps for _, steps in listed):
        if len({steps[0] for _, steps in listed}) > 1:
            break
        listed = [(file, steps[1:]) for file, steps in listed]
    grouped: dict[str, list[Place]] = {}
    for file, steps in listed:
        grouped.setdefault(steps[0] if steps else "", []).append(file)
    return grouped


def check(name: str, place: Place) -> None:
    """Raise DataError where pictures by class may be meant as pictures and their masks."""
    found = beside(place)
    tops = classes(place, list(found))
    if is_whole(place, found) and len(tops) > 1:
        picture, masks = next(iter(found.items()))
        raise DataError(
            f"{name}: its pictures lie in folders ({few(sorted(tops, key=natural), 3)}), and beside"
            f" them their masks, such as {picture.name} and {masks[0].name}: say --kind masks to"
            " learn the masks, or --kind pictures to learn the folders without the masks"
        )
    _check_named(name, place)
    both = _twins(place)
    if both is not None:
        shown, mapped = both
        raise DataError(
            f"{name}: the files in {mapped} are named as those in {shown}, and hold few colors, as"
            f" masks do; for masks, call the folders images and masks; for two classes, say --kind"
            " pictures"
        )


def _check_named(name: str, place: Place) -> None:
    """Raise DataError for folders such as images and masks whose files have no common names."""
    homes = {file.parent for file in files(place) if is_picture(file)}
    for home in sorted(homes, key=str):
        beside_it = [one for one in homes if one.parent == home.parent]
        shown = next((one for one in beside_it if one.name.casefold() in _SHOWN), None)
        if home.name.casefold() in _MAPPED and shown is not None:
            raise DataError(
                f"{name}: {relative(home, place)} lies beside {relative(shown, place)}, but its"
                " files are not named as pictures there; for masks, join those of a picture into"
                " one file and give it the name of its picture; for two classes, say --kind"
                " pictures"
            )


def _twins(place: Place) -> tuple[str, str] | None:
    """Return two folders of which one holds pictures and the other their masks; None if none do."""
    tops = classes(place, [file for file in files(place) if is_picture(file)])
    if not 2 <= len(tops) <= _FOLDERS:
        return None
    named = {top: {_bare(one): one for one in some} for top, some in tops.items()}
    for shown, pictures in named.items():
        for mapped, masks in named.items():
            common = [stem for stem in masks if stem in pictures]
            is_pair = shown != mapped and len(common) >= max(_PAIRS, _ALIKE * len(masks))
            if is_pair and _fit([(pictures[stem], masks[stem]) for stem in common]):
                return shown, mapped
    return None


def _bare(file: Place) -> str:
    """Return the name of a file without the word that makes it that of a mask."""
    stem = file.stem.casefold()
    match = _BEHIND.fullmatch(stem) or _BEFORE.fullmatch(stem)
    return match[1] if match else stem


def _fit(pairs: Sequence[tuple[Place, Place]]) -> bool:
    """Tell whether some files are masks of the others: as large, and of few colors, they alone."""
    pairs = pairs[:: max(1, len(pairs) // _LOOKED)][:_LOOKED]
    sizes = [tuple(map(_size, pair)) for pair in pairs]
    shown, masks = [one for one, _ in pairs], [two for _, two in pairs]
    return all(a == b for a, b in sizes) and _are_maps(masks) and not _are_maps(shown)


def _size(file: Place) -> tuple[int, int] | None:
    try:
        look = examined(file)[1]
    except DataError:
        return None
    return look.height, look.width


def _are_maps(several: Sequence[Place]) -> bool:
    """Tell whether most of some files hold few colors."""
    some = several[:: max(1, len(several) // _LOOKED)][:_LOOKED]
    return 2 * sum(abreast(_is_map, some)) > len(some)


def _is_map(file: Place) -> bool:
    from PIL import Image

    try:
        shown = examined(file)[0].convert("RGB")
    except DataError:
        return False
    side = (min(_SIDE, shown.width), min(_SIDE, shown.height))
    pixels = np.asarray(shown.resize(side, Image.Resampling.NEAREST)).reshape(-1, 3)
    counts = np.unique(pixels, axis=0, return_counts=True)[1]
    return len(pixels) >= _LEAST and bool(np.sort(counts)[-_FEW:].sum() >= _SHARE * len(pixels))
