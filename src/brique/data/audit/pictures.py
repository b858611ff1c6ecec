"""Audit of pictures: unreadable files, unusual color modes and sizes, pictures of one color."""

from collections.abc import Callable, Iterable

import numpy as np

from brique.data.audit.examples import Examples
from brique.data.finding import Finding
from brique.data.raw.deep_pictures import DeepPictures
from brique.data.raw.source import NO_TARGET
from brique.schema import Picture
from brique.schema.pictures import PictureInfo

_MAX_ASPECT_RATIO = 3.0  # beyond it, the center crop may miss the subject
_MAJORITY = 0.5
_MAX_ENLARGEMENT = 2.0  # factor of upscaling to the input size


def findings(examples: Examples) -> list[Finding]:
    """Return problems in pictures."""
    results = [
        *_unreadable(examples),
        *_missing_target(examples),
        *_uniform(examples),
        *_odd(examples),
    ]
    return [*results, *_truncated_depth(examples), *_bit_depth(examples)]


def _unreadable(examples: Examples) -> Iterable[Finding]:
    skipped = tuple(entry for entry in examples.data.skipped if not entry[1].startswith(NO_TARGET))
    if skipped:  # `_missing_target` reports examples without a target
        count = len(skipped)
        total = count + len(examples.source)
        total_text = f"{total:,} examples" if examples.pictures is None else _count_pictures(total)
        yield Finding(
            "unreadable",
            "warning",
            None,
            skipped,
            count,
            f"Unreadable and left out: {count:,} of {total_text}.",
            "Replace or convert them, or remove them.",
        )


def _missing_target(examples: Examples) -> Iterable[Finding]:
    """Yield examples left out for a missing target; a warning if they are the majority."""
    skipped = tuple(entry for entry in examples.data.skipped if entry[1].startswith(NO_TARGET))
    if skipped:
        count, total = len(skipped), len(skipped) + len(examples.source)
        yield Finding(
            "target missing", "warning" if 2 * count > total else "note", None, skipped, count,
            f"Left out, since the target is missing: {count:,} of {total:,} examples. Results hold"
            " only for examples like those with a target.",
            "Fill in the target, or make sure that examples without one are like the others.",
        )  # fmt: skip


def _uniform(examples: Examples) -> Iterable[Finding]:
    if examples.pictures is None:
        return
    pixels = examples.pictures.flatten(2)
    rows = (pixels.amax(2) == pixels.amin(2)).all(1).nonzero().flatten().tolist()
    if rows:
        yield Finding(
            "one color",
            "warning",
            None,
            tuple((examples.name(row),) for row in rows),
            len(rows),
            f"{_count_pictures(len(rows))} of a single color, with no content.",
            "Remove them, or check whether their files are damaged.",
        )


def _odd(examples: Examples) -> Iterable[Finding]:
    """Yield a note for each kind of unusual picture file."""
    if examples.source.image_metadata is None or examples.pictures is None:
        return
    infos = examples.source.image_metadata.infos
    for kind, predicate, description, remedy in _oddities(*examples.pictures.shape[2:]):
        rows = [row for row, info in enumerate(infos) if predicate(info)]
        if rows:
            items = tuple((examples.name(row), _describe(infos[row])) for row in rows)
            reason = f"{description}: {len(rows):,} of {_count_pictures(len(infos))}."
            yield Finding(kind, "note", None, items, len(rows), reason, remedy)


def _truncated_depth(examples: Examples) -> Iterable[Finding]:
    """Yield 16-bit color pictures, which are read with 8 bits."""
    infos = [] if examples.source.image_metadata is None else examples.source.image_metadata.infos
    rows = [row for row, info in enumerate(infos) if info.is_truncated]
    if rows:
        yield Finding(
            "truncated depth",
            "warning",
            None,
            tuple((examples.name(row), _describe(infos[row])) for row in rows),
            len(rows),
            f"16-bit color, read with its upper 8 bits only: {len(rows):,} of"
            f" {_count_pictures(len(infos))}. 12-bit data in such a file keeps only 16 levels.",
            "Rescale them to 8 bits over the range that matters, or save each channel as a 16-bit"
            " grayscale picture.",
        )


def _bit_depth(examples: Examples) -> Iterable[Finding]:
    """Yield problems of rescaled high-bit-depth pictures: mixed depths, clipped brightness."""
    for name, kind in examples.kinds.items():
        value = examples.source.fields.get(name)
        if (
            not isinstance(kind, Picture)
            or not isinstance(value, DeepPictures)
            or kind.value_range is None
        ):
            continue
        is_high = value.white_levels > 0
        minority = np.flatnonzero(is_high if is_high.mean() < _MAJORITY else ~is_high).tolist()
        if minority:
            yield Finding(
                "mixed depth",
                "warning",
                None,
                tuple((examples.name(row),) for row in minority),
                len(minority),
                f"{int(is_high.sum()):,} of {_count_pictures(len(value))} have more than 8 bits per"
                f" channel and are rescaled from [{kind.value_range[0]:g}, {kind.value_range[1]:g}]"
                " to [0, 1]; the others have 8 bits and are not. A net may learn this difference.",
                "Save all pictures with one bit depth.",
            )
        rows = np.flatnonzero(value.exceeds(kind.value_range)).tolist()
        if rows:
            yield Finding(
                "out of range",
                "warning",
                None,
                tuple((examples.name(row), examples.part_of(row)) for row in rows),
                len(rows),
                f"{_count_pictures(len(rows))} in valid or test, with brightness outside"
                f" {kind.value_range[0]:g} to {kind.value_range[1]:g}, the range of train, where it"
                " is clipped.",
                "Check whether they were taken with the same settings.",
            )


def _oddities(height: int, width: int) -> list[tuple[str, Callable[[PictureInfo], bool], str, str]]:
    """Return kind, predicate, description and remedy of each kind of unusual picture file."""
    return [
        ("odd shape", _is_long, f"Aspect ratio above {_MAX_ASPECT_RATIO:g}:1, so that the center"
         f" crop to {width} x {height} loses most of the picture", "Crop them to their subject."),
        ("small", lambda info: max(height / info.height, width / info.width) > _MAX_ENLARGEMENT,
         f"Less than half of the {width} x {height} pixels to which they are upscaled",
         "Choose a smaller size, or larger pictures."),
        ("color mode", lambda info: info.mode == "F" or info.mode.startswith("I"),
         "More than 8 bits per channel, rescaled from the range of train to [0, 1]",
         "Nothing; or rescale over the range that matters first."),
        ("color mode", lambda info: info.mode in ("CMYK", "LAB", "YCbCr", "HSV"), "CMYK, Lab, YCbCr"
         " or HSV color, converted to RGB; shades may change",
         "Convert them with their color profile if shades matter."),
        ("color mode", lambda info: info.mode in ("P", "PA"), "A palette of at most 256 colors",
         "Nothing, unless only one class has palettes: then save all in one format."),
        ("transparent", lambda info: info.is_transparent, "Partly transparent; composited over"
         " white", "Composite them over the background they will be seen on."),
        ("animated", lambda info: info.is_animated, "Several frames; only the first is used",
         "Save the frame you need as a separate picture."),
        ("EXIF orientation", lambda info: info.orientation.number > 1, "Rotated upright by the"
         " EXIF orientation of the file, which other programs may ignore", "Nothing."),
    ]  # fmt: skip


def _is_long(info: PictureInfo) -> bool:
    return max(info.height, info.width) > _MAX_ASPECT_RATIO * min(info.height, info.width)


def _count_pictures(count: int) -> str:
    return "1 picture" if count == 1 else f"{count:,} pictures"


def _describe(info: PictureInfo) -> str:
    return f"{info.width} x {info.height}, {info.mode}"
