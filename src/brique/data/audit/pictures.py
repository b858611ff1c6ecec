"""Audit of pictures: unreadable files, odd modes and sizes, pictures of one color."""

from collections.abc import Callable, Iterable

import numpy as np

from brique.data.audit.examples import Examples
from brique.data.finding import Finding
from brique.data.raw.deep_pictures import DeepPictures
from brique.data.raw.source import NO_TARGET
from brique.schema import Picture
from brique.schema.pictures import PictureInfo

_MAX_ASPECT_RATIO = (
    3.0  # times as long as broad, from which the middle that is kept may miss the matter
)
_MAJORITY = 0.5
_MAX_ENLARGEMENT = 2.0  # times by which a picture is enlarged to the size used


def findings(examples: Examples) -> list[Finding]:
    """Return what is odd about pictures."""
    results = [
        *_unreadable(examples),
        *_missing_target(examples),
        *_uniform(examples),
        *_odd(examples),
    ]
    return [*results, *_truncated_depth(examples), *_bit_depth(examples)]


def _unreadable(examples: Examples) -> Iterable[Finding]:
    skipped = tuple(entry for entry in examples.data.skipped if not entry[1].startswith(NO_TARGET))
    if skipped:  # what lacks its target alone is said by a note
        count = len(skipped)
        total = count + len(examples.source)
        total_text = f"{total:,} examples" if examples.pictures is None else _count_pictures(total)
        yield Finding(
            "unreadable",
            "warning",
            None,
            skipped,
            count,
            f"Left out, since they cannot be read: {count:,} of {total_text}.",
            "Replace or convert them, or remove them.",
        )


def _missing_target(examples: Examples) -> Iterable[Finding]:
    """Yield what is left out as its target is missing; a warning if that is most."""
    skipped = tuple(entry for entry in examples.data.skipped if entry[1].startswith(NO_TARGET))
    if skipped:
        count, total = len(skipped), len(skipped) + len(examples.source)
        yield Finding(
            "target missing", "warning" if 2 * count > total else "note", None, skipped, count,
            f"Left out, since the target is missing: {count:,} of {total:,} examples. What is learnt"
            " holds for examples whose target is known.",
            "Fill the target in, or make sure that those without one are like the others.",
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
            f"There is nothing to see in {_count_pictures(len(rows))}: one color everywhere.",
            "Remove them, or look whether their files are damaged.",
        )


def _odd(examples: Examples) -> Iterable[Finding]:
    """Yield a note for each way in which picture files are odd."""
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
    """Yield the colors of 16 bits of which 8 are read."""
    infos = [] if examples.source.image_metadata is None else examples.source.image_metadata.infos
    rows = [row for row, info in enumerate(infos) if info.is_truncated]
    if rows:
        yield Finding(
            "cut depth",
            "warning",
            None,
            tuple((examples.name(row), _describe(infos[row])) for row in rows),
            len(rows),
            f"Colors of 16 bits, of which the upper 8 are read: {len(rows):,} of"
            f" {_count_pictures(len(infos))}. Of 12 bits in such a file 16 levels are left.",
            "Stretch them to 8 bits by the range that matters, or save each channel as a grey"
            " picture of 16 bits.",
        )


def _bit_depth(examples: Examples) -> Iterable[Finding]:
    """Yield what stretching does to deep pictures: a mix of depths, and brightness that is cut."""
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
                f"{int(is_high.sum()):,} of {_count_pictures(len(value))} have more than 8 bits a"
                " channel, and the others 8: these keep their brightness, those are stretched from"
                f" {kind.value_range[0]:g} to {kind.value_range[1]:g} to 0 to 1, which may tell them apart.",
                "Save all with one depth.",
            )
        rows = np.flatnonzero(value.exceeds(kind.value_range)).tolist()
        if rows:
            yield Finding(
                "out of range",
                "warning",
                None,
                tuple((examples.name(row), examples.part_of(row)) for row in rows),
                len(rows),
                f"{_count_pictures(len(rows))} of other parts hold brightness outside"
                f" {kind.value_range[0]:g} to {kind.value_range[1]:g}, the range of train, where it is cut.",
                "Look whether they were taken with the same settings.",
            )


def _oddities(height: int, width: int) -> list[tuple[str, Callable[[PictureInfo], bool], str, str]]:
    """Return the ways of being odd where pictures are fitted to a size: kind, test, words."""
    return [
        ("odd shape", _is_long, f"Over {_MAX_ASPECT_RATIO:g} times as long as broad, so that only the middle is"
         f" kept at {width} x {height}", "Cut them to what they are about."),
        ("small", lambda info: max(height / info.height, width / info.width) > _MAX_ENLARGEMENT,
         f"Less than half of the {width} x {height} pixels to which they are enlarged",
         "Choose a smaller size, or larger pictures."),
        ("odd mode", lambda info: info.mode == "F" or info.mode.startswith("I"),
         "More than 8 bits a channel, stretched from the range of train to 0 to 1",
         "Nothing; or stretch the range that matters first."),
        ("odd mode", lambda info: info.mode in ("CMYK", "LAB", "YCbCr", "HSV"), "The colors of"
         " print or video, converted to red, green and blue, perhaps with other shades",
         "Convert them with their color profile if shades matter."),
        ("odd mode", lambda info: info.mode in ("P", "PA"), "A palette of at most 256 colors",
         "Nothing, unless only one class is so: then save all alike."),
        ("see-through", lambda info: info.is_transparent, "Transparent in places, where white is"
         " laid behind", "Lay them over the ground on which they will be seen, if it is another."),
        ("animated", lambda info: info.is_animated, "Several frames, of which the first is used",
         "Save the frame that is meant as a picture of its own."),
        ("turned", lambda info: info.orientation.number > 1, "Turned upright by a note in the file"
         " (EXIF), which other programs may not heed", "Nothing."),
    ]  # fmt: skip


def _is_long(info: PictureInfo) -> bool:
    return max(info.height, info.width) > _MAX_ASPECT_RATIO * min(info.height, info.width)


def _count_pictures(count: int) -> str:
    return "1 picture" if count == 1 else f"{count:,} pictures"


def _describe(info: PictureInfo) -> str:
    return f"{info.width} x {info.height}, {info.mode}"
