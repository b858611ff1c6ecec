"""Pictures with a class for each pixel: folders of pictures beside folders of label maps."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch

from brique.data.files.place import Place, list_files, relative
from brique.data.finding import Finding
from brique.data.raw.source import ALIASES, PARTS, Source, part_named
from brique.data.sources.decoding import DecodedPictures, decode, is_picture
from brique.data.sources.layout.file_list import ExampleFiles, map_parallel
from brique.data.sources.layout.text_files import format_names
from brique.data.sources.manifests.part_lists import read_part_lists
from brique.data.sources.regions import mask_pairs, palette
from brique.data.sources.regions.mask_names import (
    MASK_ENDINGS,
    MASK_WORDS,
    NameMatcher,
    by_stem,
    label_maps_by_stem,
)
from brique.data.sources.regions.mask_orientation import MaskOrientation, have_same_aspect
from brique.data.sources.regions.palette import Palette
from brique.errors import DataError
from brique.options import Options
from brique.schema import Mask, natural_key, picture_shape
from brique.schema.label_maps import LabelMap
from brique.schema.resizing import resize_mask

KIND: str = "masks"
USES: frozenset[str] = frozenset({"size", "channels", "rename"})
MAX_NATIVE_SIZE, DEFAULT_SIZE = 512, 256  # largest own side; side for others
_IMAGE_FOLDERS = ("images", "image", "imgs", "img", "pictures", "photos", "jpegimages")
_MASK_FOLDERS = (
    *MASK_WORDS, "annotation", "labelmaps", "segmentationclass", "segmentations", "seg", "segs",
    "annots", "ground_truth", "groundtruth", "gts", "labelids",
)  # fmt: skip
_NAME_WORD = re.compile(r"[Gg]round[ _-]?[Tt]ruth|[A-Z]?[a-z]+|[A-Z]+(?![a-z])")  # words
_SAMPLE_SIZE = 50  # masks whose names decide that two folders match


@dataclass
class _Pairs(ExampleFiles):
    """Pictures with their masks, in order."""

    masks: list[Place] = field(default_factory=list[Place])

    def columns(self) -> list[list[Any]]:
        return [*super().columns(), self.masks]

    def add(self, pictures: Place, masks: Place, part: int) -> None:
        """Pair the files of two folders by their names without suffix."""
        (images_by_stem, duplicate_images), (label_maps, duplicate_masks, views) = (
            by_stem(pictures),
            label_maps_by_stem(masks),
        )
        if views:
            self.notes.append(
                f"{self.name}: {len(views):,} files are other views of the masks, such as"
                f" {relative(views[0], self.root)}; ignored."
            )
        names, masks_by_name = NameMatcher(images_by_stem), dict[str, Place]()
        for stem, file in label_maps.items():
            name = names.find(stem) or stem
            if masks_by_name.setdefault(name, file) != file:
                duplicate_masks.append((file, masks_by_name[name]))
        for file, other in [*duplicate_images, *duplicate_masks]:
            reason = f"has the same name as {relative(other, self.root)}; remove one"
            self.skip(file, reason)
        for own_files, other, word, folder in (
            (images_by_stem, masks_by_name, "mask", masks),
            (masks_by_name, images_by_stem, "picture", pictures),
        ):
            reason = f"has no {word} of its name in {relative(folder, self.root)}"
            for stem, file in own_files.items():
                if stem not in other:
                    self.skip(file, reason)
        common = [stem for stem in images_by_stem if stem in masks_by_name]
        self.files += [images_by_stem[stem] for stem in common]
        self.masks += [masks_by_name[stem] for stem in common]
        self.parts += [part] * len(common)

    def add_siblings(self) -> None:
        """Pair the files that lie in one folder, such as 1.jpg and 1_mask.png."""
        masks_by_image = mask_pairs.sibling_masks(self.root)
        mask_files = {mask for masks in masks_by_image.values() for mask in masks}
        for file in list_files(self.root):
            if not is_picture(file) or file in mask_files:
                continue
            masks = masks_by_image.get(file, [])
            if len(masks) == 1:
                folders = relative(file, self.root).split("/")[:-1]
                part = next(filter(None, map(part_named, folders)), "train")
                self.files.append(file)
                self.masks.append(masks[0])
                self.parts.append(PARTS.index(part))
            else:
                reason = f"has {len(masks)} masks; merge them into one" if masks else "has no mask"
                self.skip(file, reason)

    def apply_lists(self) -> list[Finding]:
        """Take the parts from lists such as train.txt; return findings."""
        lists = read_part_lists(self.name, self.root, self.files)
        parts = [lists.part(file) for file in self.files]
        for file, part in zip(self.files, parts, strict=True):
            if part is None:
                self.skip(
                    file, f"is on no list of a part ({format_names(lists.names)}); put it on one"
                )
        self.keep_rows([row for row, part in enumerate(parts) if part is not None])
        self.parts[:] = [part for part in parts if part is not None]
        if lists.names:
            self.notes.append(f"{self.name}: {format_names(lists.names)}give the parts.")
        return lists.findings


def fits(place: Place) -> bool:
    """Tell whether a folder holds folders of pictures and of masks of the same names, or both."""
    if not place.is_dir():
        return False
    if any(
        _names_match(image_folder, mask_folder)
        for image_folder, mask_folder, _ in _folder_pairs(place)
    ):
        return True
    masks_by_image = mask_pairs.sibling_masks(place)
    return (
        mask_pairs.are_mostly_paired(place, masks_by_image)
        and len(mask_pairs.files_by_folder(place, list(masks_by_image))) == 1
    )


def read(name: str, place: Place, options: Options) -> Source:
    """Return decoded pictures and masks, with the parts that folders give.

    size: height and width; by default their common size, if at most 512, else the
        commonest aspect ratio with a longest side of 256.
    rename: new names of classes; classes of one name are merged.
    Raises DataError when there are no pairs, or masks hold classes without a name.
    """
    pairs = _Pairs(name, place)
    for image_folder, mask_folder, part in _folder_pairs(place):
        pairs.add(image_folder, mask_folder, PARTS.index(part or "train"))
    if not pairs.files:
        pairs.add_siblings()
    if not pairs.files:
        raise DataError(
            f"{name}: expected pictures with masks of the same names, such as {name}/images/1.jpg "
            f"and {name}/masks/1.png, or train/ and trainannot/, got none; check the path"
        )
    list_findings = [] if any(pairs.parts) else pairs.apply_lists()
    mask_palette = palette.find(place, options)
    height, width = _image_size(pairs.files, name, options, mask_palette.notes)
    decoded = decode(pairs.files, place, name, size=(height, width), channels=options.channels)
    pairs.keep_rows(decoded.indices.tolist())
    masks, counts, usable = _read_masks(pairs, decoded, mask_palette)
    pairs.keep_rows(usable)
    decoded = decoded.select(np.array(usable))
    part = np.array(pairs.parts)
    mask_names = [relative(file, place) for file in pairs.masks]
    class_table = palette.resolve_classes(name, mask_palette, counts, mask_names, part)
    for mask in masks:
        mask[:] = class_table.lookup[mask]
    kind = Mask(class_table.names, (height, width), class_table.codes, bool(mask_palette.colors))
    source = Source(
        name,
        {"image": decoded.pixels, "mask": torch.from_numpy(masks)},
        {"image": decoded.kind, "mask": kind},
        ("mask",),
        torch.from_numpy(part.astype(np.uint8)) if part.any() else None,
        decoded.digests,
        skipped=pairs.skipped + decoded.skipped,
        notes=pairs.notes + decoded.notes + mask_palette.notes,
        image_metadata=decoded.image_metadata,
        findings=mask_palette.findings + list_findings,
    )
    source.names = [relative(file, place) for file in pairs.files]
    return source


def count_sizes(pictures: Sequence[Place]) -> Counter[tuple[int, int]]:
    """Return the number of pictures by (height, width), without unreadable ones."""

    def size_of(file: Place) -> tuple[int, int] | None:
        try:
            return picture_shape(file)[1:]
        except DataError:
            return None

    return Counter(size_of for size_of in map_parallel(size_of, pictures) if size_of is not None)


def _image_size(
    pictures: Sequence[Place], name: str, options: Options, notes: list[str]
) -> tuple[int, int]:
    """Return height and width for all pictures, by the options or from their headers."""
    if options.size is not None:
        return (options.size, options.size) if isinstance(options.size, int) else options.size
    size_counts = count_sizes(pictures)
    if len(size_counts) == 1 and max(next(iter(size_counts))) <= MAX_NATIVE_SIZE:
        return next(iter(size_counts))
    aspects = Counter[float]()
    for (height, width), count in size_counts.items():
        aspects[round(height / width, 2)] += count
    aspect = max(aspects, key=lambda ratio: aspects[ratio]) if aspects else 1.0
    height, width = (
        max(1, round(DEFAULT_SIZE * share / max(aspect, 1))) for share in (aspect, 1.0)
    )
    reason = (
        f"{len(size_counts)} sizes"
        if len(size_counts) > 1
        else f"more than {MAX_NATIVE_SIZE} pixels a side"
    )
    notes.append(
        f"{name}: its pictures have {reason}, so each is scaled and cropped to {width} x"
        f" {height}, with its mask; --size chooses another."
    )
    return height, width


def _read_masks(
    pairs: _Pairs, decoded: DecodedPictures, mask_palette: Palette
) -> tuple[np.ndarray, np.ndarray, list[int]]:
    """Return masks (M, H, W), uint8, their pixel counts by number (M, 256), and usable rows.

    Unusable masks are skipped, with the reason.
    """
    height, width = decoded.pixels.shape[2:]
    fitted = np.empty((len(pairs.masks), height, width), np.uint8)
    counts = np.zeros((len(pairs.masks), 256), np.int64)
    resized: list[int] = []  # masks whose size differs from their picture
    infos = decoded.image_metadata.infos
    orientation = MaskOrientation.detect(pairs.masks, infos)
    label_maps: list[LabelMap | None] = [None] * len(pairs.masks)

    def read_mask(row: int) -> str | None:
        try:
            label_map = mask_palette.read(pairs.masks[row])
        except DataError as error:
            file = pairs.masks[row]
            return str(error).removeprefix(f"mask {file}: ").removeprefix(f"picture {file}: ")
        info, classes = infos[row], orientation.apply(row, label_map.numbers)
        h, w = classes.shape
        if not have_same_aspect((h, w), (info.height, info.width)):
            return (
                f"has {w} x {h} pixels, its picture {info.width} x {info.height}; make both equal"
            )
        if (h, w) != (info.height, info.width):
            resized.append(row)
        counts[row] = np.bincount(classes.ravel(), minlength=256)
        fitted[row] = resize_mask(classes, (height, width))
        label_maps[row] = replace(label_map, numbers=classes[:0])
        return palette.unknown_class_reason(mask_palette, counts[row])

    reasons = map_parallel(read_mask, range(len(pairs.masks)))
    _note_scaled(pairs, resized, mask_palette)
    usable = _usable_rows(pairs, reasons)
    mask_palette.findings += orientation.findings(
        [relative(file, pairs.root) for file in pairs.masks]
    )
    _check_consistent(pairs, mask_palette, {row: label_maps[row] for row in usable}, counts[usable])
    is_whole = len(usable) == len(reasons)
    return (fitted, counts, usable) if is_whole else (fitted[usable], counts[usable], usable)


def _usable_rows(pairs: _Pairs, reasons: Sequence[str | None]) -> list[int]:
    """Return the rows of masks without a reason against them. Raises DataError for none."""
    usable = [row for row, reason in enumerate(reasons) if reason is None]
    unusable = [
        (pairs.masks[row], reason) for row, reason in enumerate(reasons) if reason is not None
    ]
    for file, reason in unusable:
        pairs.skip(file, reason)
    if not usable:
        file, reason = pairs.skipped[-len(unusable)]
        raise DataError(
            f"{pairs.root.name}: none of its {len(unusable):,} masks can be used; the first,"
            f" {file}: {reason}"
        )
    return usable


def _check_consistent(
    pairs: _Pairs, mask_palette: Palette, label_maps: dict[int, LabelMap | None], counts: np.ndarray
) -> None:
    """Add findings on masks that differ in colors or format."""
    mask_names = [relative(pairs.masks[row], pairs.root) for row in label_maps]
    color_maps = [label_map.colors if label_map else {} for label_map in label_maps.values()]
    palette.check_same_colors(pairs.root.name, mask_palette, color_maps, mask_names)
    snapped = [
        file
        for file, label_map in zip(mask_names, label_maps.values(), strict=True)
        if label_map and label_map.is_binarized
    ]
    palette.report_denoised(pairs.root.name, mask_palette, snapped, bool(counts[:, -1].any()))


def _note_scaled(pairs: _Pairs, resized: list[int], mask_palette: Palette) -> None:
    if resized:
        subject = f"{len(resized):,} masks are" if len(resized) > 1 else "1 mask is"
        mask_palette.notes.append(
            f"{pairs.root.name}: {subject} of another size than the picture and scaled to it,"
            f" such as {relative(pairs.masks[min(resized)], pairs.root)}."
        )


def _folder_pairs(root: Place) -> list[tuple[Place, Place, str | None]]:
    """Return folders of pictures and of their masks, with their part or None."""
    pairs: list[tuple[Place, Place, str | None]] = []
    for image_folder, mask_folder in _sibling_pairs(root):
        subfolders = _subfolders(mask_folder)
        whole = [(image_folder, mask_folder, ALIASES.get(image_folder.name.casefold()))]
        matching = [
            (image_subfolder, subfolders[word])
            for word, image_subfolder in _subfolders(image_folder).items()
            if word in subfolders
        ]
        with_part = [
            (image_subfolder, mask_subfolder, ALIASES.get(image_subfolder.name.casefold()))
            for image_subfolder, mask_subfolder in matching
        ]
        with_part = [pair for pair in with_part if pair[2]]
        pairs += with_part or whole
    if not pairs:
        for word, folder in _subfolders(root).items():
            if word in ALIASES:
                pairs += [
                    (image_folder, mask_folder, ALIASES[word])
                    for image_folder, mask_folder in _sibling_pairs(folder)
                ]
    subfolders = _subfolders(root)
    if not pairs and len(subfolders) == 1:
        return _folder_pairs(next(iter(subfolders.values())))
    return sorted(pairs, key=lambda pair: PARTS.index(pair[2] or "train"))


def _sibling_pairs(folder: Place) -> Iterator[tuple[Place, Place]]:
    """Yield pairs of folders that are named as pictures and their masks."""
    subfolders, has_named = _subfolders(folder), False
    for word, image_folder in subfolders.items():
        endings = [word + end for end in MASK_ENDINGS]
        candidates = [*endings, *_MASK_FOLDERS] if word in _IMAGE_FOLDERS else endings
        match = next(
            (
                subfolders[candidate]
                for candidate in candidates
                if candidate in subfolders and candidate != word
            ),
            None,
        )
        if match is not None:
            yield image_folder, match
            has_named = True
    others = [candidate for candidate in subfolders.values() if not _is_mask_folder(candidate)]
    for mask_folder in filter(_is_mask_folder, subfolders.values() if not has_named else ()):
        matching = [
            image_folder
            for image_folder in others
            if any(map(is_picture, list_files(mask_folder)))
            and _names_match(image_folder, mask_folder)
        ]
        if len(matching) == 1:
            yield matching[0], mask_folder


def _is_mask_folder(folder: Place) -> bool:
    """Tell whether a folder's name has a word for masks: "Task1_Training_GroundTruth"."""
    return any(word.casefold() in _MASK_FOLDERS for word in _NAME_WORD.findall(folder.name))


def _subfolders(folder: Place) -> dict[str, Place]:
    """Return the folders in a folder by their names in lower case."""
    subfolders = [
        entry for entry in folder.iterdir() if entry.is_dir() and not entry.name.startswith(".")
    ]
    return {
        entry.name.casefold(): entry
        for entry in sorted(subfolders, key=lambda entry: natural_key(entry.name))
    }


def _names_match(image_folder: Place, mask_folder: Place) -> bool:
    """Tell whether most masks of a folder have pictures of the same name."""
    matcher = NameMatcher(by_stem(image_folder)[0])
    masks = list(label_maps_by_stem(mask_folder)[0])[:_SAMPLE_SIZE]
    return sum(matcher.find(stem) is not None for stem in masks) * 2 > len(masks)
