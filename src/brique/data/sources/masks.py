"""Pictures with a class for each pixel: folders of pictures beside folders of label maps."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch

from brique.data.finding import Finding
from brique.data.place import Place, files, relative
from brique.data.source import ALIASES, PARTS, Source, part_named
from brique.data.sources import paired, palette
from brique.data.sources.decoding import Decoded, decode, is_picture
from brique.data.sources.gathered import Gathered, abreast
from brique.data.sources.mask_turns import Turning, are_alike
from brique.data.sources.mates import ENDINGS, WORDS, Names, by_labels, by_stem
from brique.data.sources.palette import Palette
from brique.data.sources.part_lists import part_lists
from brique.data.sources.shelf import few
from brique.errors import DataError
from brique.options import Options
from brique.schema import Mask, natural, picture_shape
from brique.schema.fitting import fit_classes
from brique.schema.label_maps import LabelMap

KIND: str = "masks"
USES: frozenset[str] = frozenset({"size", "channels", "rename"})
KEPT_SIZE, DEFAULT_SIZE = 512, 256  # largest side that is kept, and that others are scaled to
_PICTURES = ("images", "image", "imgs", "img", "pictures", "photos", "jpegimages")
_MASKS = (*WORDS, "annotation", "labelmaps", "segmentationclass", "segmentations", "seg", "segs",
          "annots", "ground_truth", "groundtruth", "gts", "labelids")  # fmt: skip
_NAME = re.compile(r"[Gg]round[ _-]?[Tt]ruth|[A-Z]?[a-z]+|[A-Z]+(?![a-z])")  # words of a name
_TRIED = 50  # masks by whose names it is told that two folders belong together


@dataclass
class _Pairs(Gathered):
    """Pictures with their masks, in order."""

    masks: list[Place] = field(default_factory=list[Place])

    def columns(self) -> list[list[Any]]:
        return [*super().columns(), self.masks]

    def add(self, pictures: Place, masks: Place, part: int) -> None:
        """Pair the files of two folders by their names without endings."""
        (shown, twice), (found, again, views) = by_stem(pictures), by_labels(masks)
        if views:
            self.notes.append(
                f"{self.name}: {len(views):,} files show the masks in another way, such as"
                f" {relative(views[0], self.root)}; left alone."
            )
        names, mapped = Names(shown), dict[str, Place]()
        for stem, file in found.items():
            name = names.of(stem) or stem
            if mapped.setdefault(name, file) != file:
                again.append((file, mapped[name]))
        for file, other in [*twice, *again]:
            reason = f"has the name of {relative(other, self.root)}, which is taken; remove one"
            self.skip(file, reason)
        for one, other, word, folder in (
            (shown, mapped, "mask", masks),
            (mapped, shown, "picture", pictures),
        ):
            reason = f"has no {word} of its name in {relative(folder, self.root)}"
            for stem, file in one.items():
                if stem not in other:
                    self.skip(file, reason)
        both = [stem for stem in shown if stem in mapped]
        self.files += [shown[stem] for stem in both]
        self.masks += [mapped[stem] for stem in both]
        self.parts += [part] * len(both)

    def add_beside(self) -> None:
        """Pair the files that lie in one folder, such as 1.jpg and 1_mask.png."""
        found = paired.beside(self.root)
        taken = {one for masks in found.values() for one in masks}
        for file in files(self.root):
            if not is_picture(file) or file in taken:
                continue
            masks = found.get(file, [])
            if len(masks) == 1:
                steps = relative(file, self.root).split("/")[:-1]
                part = next(filter(None, map(part_named, steps)), "train")
                self.files.append(file)
                self.masks.append(masks[0])
                self.parts.append(PARTS.index(part))
            else:
                many = f"has {len(masks)} masks; join them into one" if masks else "has no mask"
                self.skip(file, many)

    def obey_lists(self) -> list[Finding]:
        """Take the parts that lists such as train.txt say; return what an audit should say."""
        lists = part_lists(self.name, self.root, self.files)
        parts = [lists.part(file) for file in self.files]
        for file, part in zip(self.files, parts, strict=True):
            if part is None:
                self.skip(file, f"is on no list of a part ({few(lists.names)}); put it on one")
        self.keep([row for row, part in enumerate(parts) if part is not None])
        self.parts[:] = [part for part in parts if part is not None]
        if lists.names:
            self.notes.append(f"{self.name}: {few(lists.names)} say the parts.")
        return lists.findings


def fits(place: Place) -> bool:
    """Tell whether a folder holds folders of pictures and of masks of the same names, or both."""
    if not place.is_dir():
        return False
    if any(_agree(shown, mapped) for shown, mapped, _ in _folders(place)):
        return True
    found = paired.beside(place)
    return paired.is_whole(place, found) and len(paired.classes(place, list(found))) == 1


def read(name: str, place: Place, asked: Options) -> Source:
    """Return pictures and their masks, decoded, with the parts that folders name.

    size: height and width; by default the pictures' own, if it is one and at most 512, else the
        commonest proportions with a longest side of 256.
    rename: classes that are to get another name; two of one name become one.
    Raises DataError when there are no pairs, or masks hold classes that have no name.
    """
    pairs = _Pairs(name, place)
    for shown, mapped, part in _folders(place):
        pairs.add(shown, mapped, PARTS.index(part or "train"))
    if not pairs.files:
        pairs.add_beside()
    if not pairs.files:
        raise DataError(
            f"{name}: expected pictures with masks of the same names, such as {name}/images/1.jpg "
            f"and {name}/masks/1.png, or train/ and trainannot/, got none; check the path"
        )
    listed = [] if any(pairs.parts) else pairs.obey_lists()
    colors = palette.find(place, asked)
    height, width = _sides(pairs.files, name, asked, colors.notes)
    decoded = decode(pairs.files, place, name, size=(height, width), channels=asked.channels)
    pairs.keep(decoded.kept.tolist())
    masks, counts, good = _masks(pairs, decoded, colors)
    pairs.keep(good)
    decoded = decoded.only(np.array(good))
    part = np.array(pairs.parts)
    told = [relative(file, place) for file in pairs.masks]
    settled = palette.settle(name, colors, counts, told, part)
    for mask in masks:
        mask[:] = settled.table[mask]
    kind = Mask(settled.names, (height, width), settled.codes, bool(colors.colors))
    source = Source(
        name,
        {"image": decoded.pixels, "mask": torch.from_numpy(masks)},
        {"image": decoded.kind, "mask": kind},
        ("mask",),
        torch.from_numpy(part.astype(np.uint8)) if part.any() else None,
        decoded.digests,
        skipped=pairs.skipped + decoded.skipped,
        notes=pairs.notes + decoded.notes + colors.notes,
        originals=decoded.originals,
        findings=colors.findings + listed,
    )
    source.names = [relative(file, place) for file in pairs.files]
    return source


def sizes(pictures: Sequence[Place]) -> Counter[tuple[int, int]]:
    """Return how many pictures have which height and width, those that have none left out."""

    def size(file: Place) -> tuple[int, int] | None:
        try:
            return picture_shape(file)[1:]
        except DataError:
            return None

    return Counter(size for size in abreast(size, pictures) if size is not None)


def _sides(
    pictures: Sequence[Place], name: str, asked: Options, notes: list[str]
) -> tuple[int, int]:
    """Return height and width for all pictures, as asked, or from their headers."""
    if asked.size is not None:
        return (asked.size, asked.size) if isinstance(asked.size, int) else asked.size
    found = sizes(pictures)
    if len(found) == 1 and max(next(iter(found))) <= KEPT_SIZE:
        return next(iter(found))
    aspects = Counter[float]()
    for (height, width), count in found.items():
        aspects[round(height / width, 2)] += count
    aspect = max(aspects, key=lambda one: aspects[one]) if aspects else 1.0
    height, width = (
        max(1, round(DEFAULT_SIZE * share / max(aspect, 1))) for share in (aspect, 1.0)
    )
    why = f"{len(found)} sizes" if len(found) > 1 else f"more than {KEPT_SIZE} pixels a side"
    notes.append(
        f"{name}: its pictures have {why}, so each is scaled and cut to {width} x {height}, with "
        "its mask; --size chooses another."
    )
    return height, width


def _masks(
    pairs: _Pairs, decoded: Decoded, colors: Palette
) -> tuple[np.ndarray, np.ndarray, list[int]]:
    """Return the numbers in masks (M, H, W), uint8, pixels by number (M, 256), and the good places.

    Masks that cannot be used are left out, with the reason.
    """
    height, width = decoded.pixels.shape[2:]
    fitted = np.empty((len(pairs.masks), height, width), np.uint8)
    counts = np.zeros((len(pairs.masks), 256), np.int64)
    others: list[int] = []  # masks of another size than their picture
    looks = decoded.originals.looks
    turning = Turning.of(pairs.masks, looks)
    read: list[LabelMap | None] = [None] * len(pairs.masks)

    def one(row: int) -> str | None:
        try:
            found = colors.read(pairs.masks[row])
        except DataError as error:
            file = pairs.masks[row]
            return str(error).removeprefix(f"mask {file}: ").removeprefix(f"picture {file}: ")
        look, numbers = looks[row], turning.applied(row, found.numbers)
        h, w = numbers.shape
        if not are_alike((h, w), (look.height, look.width)):
            return f"has {w} x {h} pixels, its picture {look.width} x {look.height}; make it alike"
        if (h, w) != (look.height, look.width):
            others.append(row)
        counts[row] = np.bincount(numbers.ravel(), minlength=256)
        fitted[row] = fit_classes(numbers, (height, width))
        read[row] = replace(found, numbers=numbers[:0])
        return palette.beyond(colors, counts[row])

    reasons = abreast(one, range(len(pairs.masks)))
    _say_scaled(pairs, others, colors)
    good = _good(pairs, reasons)
    colors.findings += turning.findings([relative(file, pairs.root) for file in pairs.masks])
    _check_together(pairs, colors, {row: read[row] for row in good}, counts[good])
    is_whole = len(good) == len(reasons)
    return (fitted, counts, good) if is_whole else (fitted[good], counts[good], good)


def _good(pairs: _Pairs, reasons: Sequence[str | None]) -> list[int]:
    """Return the places of masks without a reason against them. Raises DataError for none."""
    good = [row for row, reason in enumerate(reasons) if reason is None]
    bad = [(pairs.masks[row], reason) for row, reason in enumerate(reasons) if reason is not None]
    for file, reason in bad:
        pairs.skip(file, reason)
    if not good:
        file, reason = pairs.skipped[-len(bad)]
        raise DataError(
            f"{pairs.root.name}: none of its {len(bad):,} masks can be used; the first, {file}: "
            f"{reason}"
        )
    return good


def _check_together(
    pairs: _Pairs, colors: Palette, read: dict[int, LabelMap | None], counts: np.ndarray
) -> None:
    """Add findings on what masks do not have in common. read: what is known of the good ones."""
    told = [relative(pairs.masks[row], pairs.root) for row in read]
    maps = [one.colors if one else {} for one in read.values()]
    palette.check_alike(pairs.root.name, colors, maps, told)
    snapped = [
        file for file, one in zip(told, read.values(), strict=True) if one and one.is_snapped
    ]
    palette.say_snapped(pairs.root.name, colors, snapped, bool(counts[:, -1].any()))


def _say_scaled(pairs: _Pairs, others: list[int], colors: Palette) -> None:
    if others:
        say = f"{len(others):,} masks are" if len(others) > 1 else "1 mask is"
        colors.notes.append(
            f"{pairs.root.name}: {say} of another size than the picture, and scaled to it, such as"
            f" {relative(pairs.masks[min(others)], pairs.root)}."
        )


def _folders(root: Place) -> list[tuple[Place, Place, str | None]]:
    """Return folders of pictures with those of their masks, and their part if they name one."""
    found: list[tuple[Place, Place, str | None]] = []
    for shown, mapped in _beside(root):
        below = _below(mapped)
        parts = [(shown, mapped, ALIASES.get(shown.name.casefold()))]
        both = [(one, below[word]) for word, one in _below(shown).items() if word in below]
        inner = [(one, two, ALIASES.get(one.name.casefold())) for one, two in both]
        inner = [each for each in inner if each[2]]
        found += inner or parts
    if not found:
        for word, folder in _below(root).items():
            if word in ALIASES:
                found += [(shown, mapped, ALIASES[word]) for shown, mapped in _beside(folder)]
    below = _below(root)
    if not found and len(below) == 1:
        return _folders(next(iter(below.values())))
    return sorted(found, key=lambda each: PARTS.index(each[2] or "train"))


def _beside(folder: Place) -> Iterator[tuple[Place, Place]]:
    """Yield the folders whose names say that one holds pictures and the other their masks."""
    below, named = _below(folder), False
    for word, shown in below.items():
        endings = [word + end for end in ENDINGS]
        wanted = [*endings, *_MASKS] if word in _PICTURES else endings
        match = next((below[one] for one in wanted if one in below and one != word), None)
        if match is not None:
            yield shown, match
            named = True
    rest = [one for one in below.values() if not _is_of_masks(one)]
    for mapped in filter(_is_of_masks, below.values() if not named else ()):
        good = [
            shown for shown in rest if any(map(is_picture, files(mapped))) and _agree(shown, mapped)
        ]
        if len(good) == 1:
            yield good[0], mapped


def _is_of_masks(folder: Place) -> bool:
    """Tell whether a word of a folder's name is one for masks: "Task1_Training_GroundTruth"."""
    return any(word.casefold() in _MASKS for word in _NAME.findall(folder.name))


def _below(folder: Place) -> dict[str, Place]:
    """Return the folders in a folder by their names in small letters."""
    found = [one for one in folder.iterdir() if one.is_dir() and not one.name.startswith(".")]
    return {one.name.casefold(): one for one in sorted(found, key=lambda one: natural(one.name))}


def _agree(shown: Place, mapped: Place) -> bool:
    """Tell whether most masks of a folder have pictures of their names."""
    names = Names(by_stem(shown)[0])
    masks = list(by_labels(mapped)[0])[:_TRIED]
    return sum(names.of(stem) is not None for stem in masks) * 2 > len(masks)
