"""Audit of pictures: unreadable files, odd modes and sizes, pictures of one color."""

from collections.abc import Callable, Iterable

from brique.data.finding import Finding, Severity
from brique.data.seen import Seen
from brique.schema.pictures import Look

_LONG = 3.0  # times as long as broad, from which the middle that is kept may miss the matter
_ENLARGED = 2.0  # times by which a picture is enlarged to the size used


def findings(seen: Seen) -> list[Finding]:
    """Return what is odd about pictures."""
    return [*_unreadable(seen), *_flat(seen), *_odd(seen)]


def _unreadable(seen: Seen) -> Iterable[Finding]:
    skipped = seen.data.skipped
    if skipped:
        n = len(skipped)
        yield Finding(
            "unreadable",
            "warning",
            None,
            skipped,
            n,
            f"{n:,} of {n + len(seen.source):,} picture files cannot be read and are left out.",
            "Replace or convert them, or remove them.",
        )


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
            f"{len(rows):,} pictures have one color only: there is nothing to see in them.",
            "Remove them, or look whether their files are damaged.",
        )


def _odd(seen: Seen) -> Iterable[Finding]:
    """Yield a note for each way in which picture files are odd, unless nearly all are so."""
    if seen.source.originals is None or seen.pictures is None:
        return
    looks = seen.source.originals.looks
    height, width = seen.pictures.shape[2:]

    def is_small(look: Look) -> bool:
        return max(height / look.height, width / look.width) > _ENLARGED

    oddities: list[tuple[str, Severity, Callable[[Look], bool], str, str]] = [
        ("odd shape", "note", _is_long, f"are over {_LONG:g} times as long as broad: only the"
         f" middle is kept at {width} x {height}", "Cut them to what they are about."),
        ("small", "note", is_small, f"are less than half of {width} x {height} pixels and are"
         " enlarged: they hold less than others", "Choose a smaller size, or larger pictures."),
        ("odd mode", "note", _is_deep, "have 16 bits or more a channel, of which 8 are kept",
         "Nothing, if 256 grades are enough; else stretch the range that matters first."),
        ("odd mode", "note", lambda look: look.mode in ("CMYK", "LAB", "YCbCr", "HSV"),
         "have the colors of print or video and are converted to red, green and blue, perhaps with"
         " other shades", "Convert them with their color profile if shades matter."),
        ("odd mode", "note", lambda look: look.mode in ("P", "PA"), "have a palette of at most 256"
         " colors and are converted", "Nothing, if the others of their class are alike."),
        ("animated", "note", lambda look: look.is_animated, "hold several frames, of which the"
         " first is used", "Save the frame that is meant."),
        ("turned", "note", lambda look: look.is_turned, "are turned upright by a note in the file"
         " (EXIF), which other programs may not heed", "Nothing."),
    ]  # fmt: skip
    for kind, severity, holds, says, remedy in oddities:
        rows = [row for row, look in enumerate(looks) if holds(look)]
        if rows:
            items = tuple((seen.name(row), _described(looks[row])) for row in rows)
            reason = f"{len(rows):,} of {len(looks):,} pictures {says}."
            yield Finding(kind, severity, None, items, len(rows), reason, remedy)


def _is_long(look: Look) -> bool:
    return max(look.height, look.width) > _LONG * min(look.height, look.width)


def _is_deep(look: Look) -> bool:
    return look.mode == "F" or look.mode.startswith("I")


def _described(look: Look) -> str:
    return f"{look.width} x {look.height}, {look.mode}"
