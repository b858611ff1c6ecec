"""Pictures and their masks, matched by file name and content."""

import re
from collections.abc import Sequence

import numpy as np

from brique.data.files.place import Place, list_files, relative
from brique.data.raw.source import part_named
from brique.data.sources.decoding import is_picture
from brique.data.sources.layout.file_list import map_parallel
from brique.data.sources.layout.text_files import format_names
from brique.errors import DataError
from brique.schema import natural_key
from brique.schema.pictures import read_with_info

_MASK_WORDS = (
    "mask|masks|gt|ground[ _-]?truth|seg|segm|segmentation|annot|annotation|annotations|matte|"
    "label|labels|labelids"
)
_MASK_SUFFIX = re.compile(rf"(.+?)[ ._-]*(?<![a-z])(?:{_MASK_WORDS})(?:[ ._-]*\d+)?")
_MASK_PREFIX = re.compile(rf"(?:{_MASK_WORDS})(?![a-z])[ ._-]*(.+)")
_IMAGE_FOLDERS, _MASK_FOLDERS = (
    frozenset(["images", "imgs", "jpegimages"]),
    frozenset(["masks", "mask", "gt"]),
)
_SAMPLE_SIZE = 8  # files whose pixels are inspected
_SAMPLE_SIDE, _MIN_PIXELS = (
    64,
    100,
)  # inspected pixels: their side, and the least number
_MAX_COLORS, _MIN_SHARE = 12, 0.9  # colors that cover this share of a mask
_MIN_PAIRS = 3  # fewer are chance
_MAX_FOLDERS = 12  # more are classes
_MIN_COMMON = 0.9  # share of a folder's names that another has


def sibling_masks(place: Place) -> dict[Place, list[Place]]:
    """Return the masks beside their pictures, such as 1.jpg and 1_mask.png."""
    image_files = [file for file in list_files(place) if is_picture(file)]
    by_stem = {(str(file.parent), file.stem.casefold()): file for file in image_files}
    masks_by_image: dict[Place, list[Place]] = {}
    for file in image_files:
        stem = file.stem.casefold()
        for match in (_MASK_SUFFIX.fullmatch(stem), _MASK_PREFIX.fullmatch(stem)):
            picture = by_stem.get((str(file.parent), match[1])) if match else None
            if picture is not None:
                masks_by_image.setdefault(picture, []).append(file)
                break
    masks = [mask for several in masks_by_image.values() for mask in several]
    images = [file for file in masks_by_image if file not in set(masks)]
    return (
        masks_by_image
        if len(images) >= _MIN_PAIRS and _are_label_maps(masks) and not _are_label_maps(images)
        else {}
    )


def are_mostly_paired(place: Place, masks_by_image: dict[Place, list[Place]]) -> bool:
    """Tell whether most pictures below a folder have masks beside them."""
    image_count = sum(map(is_picture, list_files(place))) - sum(map(len, masks_by_image.values()))
    return bool(masks_by_image) and 2 * len(masks_by_image) > image_count


def files_by_folder(place: Place, image_files: Sequence[Place]) -> dict[str, list[Place]]:
    """Return files by the folder that may be their class; one entry without such folders."""
    entries = [(file, relative(file, place).split("/")[:-1]) for file in image_files]
    entries = [(file, [s for s in segments if part_named(s) is None]) for file, segments in entries]
    while entries and all(segments for _, segments in entries):
        if len({segments[0] for _, segments in entries}) > 1:
            break
        entries = [(file, segments[1:]) for file, segments in entries]
    grouped: dict[str, list[Place]] = {}
    for file, segments in entries:
        grouped.setdefault(segments[0] if segments else "", []).append(file)
    return grouped


def check_ambiguous(name: str, place: Place) -> None:
    """Raise DataError if pictures by class may be pictures and their masks."""
    masks_by_image = sibling_masks(place)
    top_folders = files_by_folder(place, list(masks_by_image))
    if are_mostly_paired(place, masks_by_image) and len(top_folders) > 1:
        picture, masks = next(iter(masks_by_image.items()))
        raise DataError(
            f"{name}: its pictures lie in folders"
            f" ({format_names(sorted(top_folders, key=natural_key), 3)}), with"
            f" their masks beside them, such as {picture.name} and {masks[0].name}; say --kind"
            " masks to learn the masks, or --kind pictures to learn the folders"
        )
    _check_folder_names(name, place)
    twins = _twin_folders(place)
    if twins is not None:
        image_folder, mask_folder = twins
        raise DataError(
            f"{name}: the files in {mask_folder} have the names of those in {image_folder}, and"
            " few colors, like"
            f" masks; for masks, name the folders images and masks; for two classes, say --kind"
            " pictures"
        )


def _check_folder_names(name: str, place: Place) -> None:
    """Raise DataError for folders such as images and masks without common file names."""
    folders = {file.parent for file in list_files(place) if is_picture(file)}
    for folder in sorted(folders, key=str):
        siblings = [sibling for sibling in folders if sibling.parent == folder.parent]
        image_folder = next(
            (sibling for sibling in siblings if sibling.name.casefold() in _IMAGE_FOLDERS), None
        )
        if folder.name.casefold() in _MASK_FOLDERS and image_folder is not None:
            raise DataError(
                f"{name}: {relative(folder, place)} lies beside {relative(image_folder, place)},"
                " but its"
                " files do not have the names of pictures there; for masks, merge those of a"
                " picture into one file with the name of its picture; for two classes, say --kind"
                " pictures"
            )


def _twin_folders(place: Place) -> tuple[str, str] | None:
    """Return a folder of pictures and a folder of their masks, or None."""
    top_folders = files_by_folder(place, [file for file in list_files(place) if is_picture(file)])
    if not 2 <= len(top_folders) <= _MAX_FOLDERS:
        return None
    files_by_stem = {
        folder: {_name_without_mask(member): member for member in members}
        for folder, members in top_folders.items()
    }
    for image_folder, pictures in files_by_stem.items():
        for mask_folder, masks in files_by_stem.items():
            common = [stem for stem in masks if stem in pictures]
            is_pair = image_folder != mask_folder and len(common) >= max(
                _MIN_PAIRS, _MIN_COMMON * len(masks)
            )
            if is_pair and _are_masks_of([(pictures[stem], masks[stem]) for stem in common]):
                return image_folder, mask_folder
    return None


def _name_without_mask(file: Place) -> str:
    """Return the name of a file without its word for a mask."""
    stem = file.stem.casefold()
    match = _MASK_SUFFIX.fullmatch(stem) or _MASK_PREFIX.fullmatch(stem)
    return match[1] if match else stem


def _are_masks_of(pairs: Sequence[tuple[Place, Place]]) -> bool:
    """Tell whether some files are masks of the others: of equal size, and of few colors."""
    pairs = pairs[:: max(1, len(pairs) // _SAMPLE_SIZE)][:_SAMPLE_SIZE]
    sizes = [tuple(map(_image_size, pair)) for pair in pairs]
    images, masks = [image for image, _ in pairs], [mask for _, mask in pairs]
    return all(a == b for a, b in sizes) and _are_label_maps(masks) and not _are_label_maps(images)


def _image_size(file: Place) -> tuple[int, int] | None:
    try:
        info = read_with_info(file)[1]
    except DataError:
        return None
    return info.height, info.width


def _are_label_maps(image_files: Sequence[Place]) -> bool:
    """Tell whether most files hold few colors."""
    sample = image_files[:: max(1, len(image_files) // _SAMPLE_SIZE)][:_SAMPLE_SIZE]
    return 2 * sum(map_parallel(_is_label_map, sample)) > len(sample)


def _is_label_map(file: Place) -> bool:
    from PIL import Image

    try:
        image = read_with_info(file)[0].convert("RGB")
    except DataError:
        return False
    size = (min(_SAMPLE_SIDE, image.width), min(_SAMPLE_SIDE, image.height))
    pixels = np.asarray(image.resize(size, Image.Resampling.NEAREST)).reshape(-1, 3)
    counts = np.unique(pixels, axis=0, return_counts=True)[1]
    return len(pixels) >= _MIN_PIXELS and bool(
        np.sort(counts)[-_MAX_COLORS:].sum() >= _MIN_SHARE * len(pixels)
    )
