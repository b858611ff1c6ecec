"""Audit of pictures: unreadable files, odd modes and sizes, pictures of one color."""

from collections.abc import Callable, Iterable

import numpy as np

from brique.data.audit.seen import Seen
from brique.data.depths import Depths
from brique.data.finding import Finding
from brique.data.source import UNTOLD
from brique.schema import Picture
from brique.schema.pictures import Look

_LONG = 3.0  # times as long as broad, from which the middle that is kept may miss the matter
_HALF = 0.5
_ENLARGED = 2.0  # times by which a picture is enlarged to the size used


def findings(seen: Seen) -> list[Finding]:
    """Return what is odd about pictures."""
    found = [*_unreadable(seen), *_untold(seen), *_flat(seen), *_odd(seen)]
    return [*found, *_cut(seen), *_deep(seen)]


def _unreadable(seen: Seen) -> Iterable[Finding]:
    skipped = tuple(one for one in seen.data.skipped if not one[1].startswith(UNTOLD))
    if skipped:  # what lacks its target alone is said by a note
        n = len(skipped)
        whole = n + len(seen.source)
        said = f"{whole:,} examples" if seen.pictures is None else _pictures(whole)
        yield Finding(
            "unreadable",
            "warning",
            None,
            skipped,
            n,
            f"Left out, since they cannot be read: {n:,} of {said}.",
            "Replace or convert them, or remove them.",
        )


def _untold(seen: Seen) -> Iterable[Finding]:
    """Yield what is left out as its target is missing; a warning if that is most."""
    lost = tuple(one for one in seen.data.skipped if one[1].startswith(UNTOLD))
    if lost:
        n, whole = len(lost), len(lost) + len(seen.source)
        yield Finding(
            "target missing", "warning" if 2 * n > whole else "note", None, lost, n,
            f"Left out, since the target is missing: {n:,} of {whole:,} examples. What is learnt"
            " holds for examples whose target is known.",
            "Fill the target in, or make sure that those without one are like the others.",
        )  # fmt: skip


def _flat(seen: Seen) -> Iterable[Finding]:
    if seen.pictures is None:
        return
    pixels = seen.pictures.flatten(2)
    rows = (pixels.amax(2) == pixels.amin(2)).all(1).nonzero().flatten().tolist()
    if rows:
        yield Finding(
            "one color",
            "warning",
            None,
            tuple((seen.name(row),) for row in rows),
            len(rows),
            f"There is nothing to see in {_pictures(len(rows))}: one color everywhere.",
            "Remove them, or look whether their files are damaged.",
        )


def _odd(seen: Seen) -> Iterable[Finding]:
    """Yield a note for each way in which picture files are odd."""
    if seen.source.originals is None or seen.pictures is None:
        return
    looks = seen.source.originals.looks
    for kind, holds, says, remedy in _oddities(*seen.pictures.shape[2:]):
        rows = [row for row, look in enumerate(looks) if holds(look)]
        if rows:
            items = tuple((seen.name(row), _described(looks[row])) for row in rows)
            reason = f"{says}: {len(rows):,} of {_pictures(len(looks))}."
            yield Finding(kind, "note", None, items, len(rows), reason, remedy)


def _cut(seen: Seen) -> Iterable[Finding]:
    """Yield the colors of 16 bits of which 8 are read."""
    looks = [] if seen.source.originals is None else seen.source.originals.looks
    rows = [row for row, look in enumerate(looks) if look.is_cut]
    if rows:
        yield Finding(
            "cut depth",
            "warning",
            None,
            tuple((seen.name(row), _described(looks[row])) for row in rows),
            len(rows),
            f"Colors of 16 bits, of which the upper 8 are read: {len(rows):,} of"
            f" {_pictures(len(looks))}. Of 12 bits in such a file 16 levels are left.",
            "Stretch them to 8 bits by the range that matters, or save each channel as a grey"
            " picture of 16 bits.",
        )


def _deep(seen: Seen) -> Iterable[Finding]:
    """Yield what stretching does to deep pictures: a mix of depths, and brightness that is cut."""
    for name, kind in seen.kinds.items():
        value = seen.source.fields.get(name)
        if not isinstance(kind, Picture) or not isinstance(value, Depths) or kind.range is None:
            continue
        is_deep = value.tops > 0
        few = np.flatnonzero(is_deep if is_deep.mean() < _HALF else ~is_deep).tolist()
        if few:
            yield Finding(
                "mixed depth",
                "warning",
                None,
                tuple((seen.name(row),) for row in few),
                len(few),
                f"{int(is_deep.sum()):,} of {_pictures(len(value))} have more than 8 bits a"
                " channel, and the others 8: these keep their brightness, those are stretched from"
                f" {kind.range[0]:g} to {kind.range[1]:g} to 0 to 1, which may tell them apart.",
                "Save all with one depth.",
            )
        rows = np.flatnonzero(value.outside(kind.range)).tolist()
        if rows:
            yield Finding(
                "out of range",
                "warning",
                None,
                tuple((seen.name(row), seen.part_of(row)) for row in rows),
                len(rows),
                f"{_pictures(len(rows))} of other parts hold brightness outside"
                f" {kind.range[0]:g} to {kind.range[1]:g}, the range of train, where it is cut.",
                "Look whether they were taken with the same settings.",
            )


def _oddities(height: int, width: int) -> list[tuple[str, Callable[[Look], bool], str, str]]:
    """Return the ways of being odd where pictures are fitted to a size: kind, test, words."""
    return [
        ("odd shape", _is_long, f"Over {_LONG:g} times as long as broad, so that only the middle is"
         f" kept at {width} x {height}", "Cut them to what they are about."),
        ("small", lambda look: max(height / look.height, width / look.width) > _ENLARGED,
         f"Less than half of the {width} x {height} pixels to which they are enlarged",
         "Choose a smaller size, or larger pictures."),
        ("odd mode", lambda look: look.mode == "F" or look.mode.startswith("I"),
         "More than 8 bits a channel, stretched from the range of train to 0 to 1",
         "Nothing; or stretch the range that matters first."),
        ("odd mode", lambda look: look.mode in ("CMYK", "LAB", "YCbCr", "HSV"), "The colors of"
         " print or video, converted to red, green and blue, perhaps with other shades",
         "Convert them with their color profile if shades matter."),
        ("odd mode", lambda look: look.mode in ("P", "PA"), "A palette of at most 256 colors",
         "Nothing, unless only one class is so: then save all alike."),
        ("see-through", lambda look: look.is_see_through, "Transparent in places, where white is"
         " laid behind", "Lay them over the ground on which they will be seen, if it is another."),
        ("animated", lambda look: look.is_animated, "Several frames, of which the first is used",
         "Save the frame that is meant as a picture of its own."),
        ("turned", lambda look: look.orientation.number > 1, "Turned upright by a note in the file"
         " (EXIF), which other programs may not heed", "Nothing."),
    ]  # fmt: skip


def _is_long(look: Look) -> bool:
    return max(look.height, look.width) > _LONG * min(look.height, look.width)


def _pictures(count: int) -> str:
    return "1 picture" if count == 1 else f"{count:,} pictures"


def _described(look: Look) -> str:
    return f"{look.width} x {look.height}, {look.mode}"
