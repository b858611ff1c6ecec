"""A part of the page, or a gap in its place where run.json is not as this brique writes it."""

from collections.abc import Callable

from brique.page.markup import Gap, Section

RECORD_ERRORS = (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError)


def section_or_gap(make: Callable[[], Section | Gap], where: str) -> Section | Gap:
    """Return what `make` makes; where that fails, a gap that names the part."""
    try:
        return make()
    except RECORD_ERRORS as error:
        return gap(where, error)


def gap(where: str, error: Exception) -> Gap:
    """Return what stands in place of a part that cannot be made."""
    kind = type(error).__name__
    return Gap(f"A part ({where}) is missing, since run.json is not as brique writes it: {kind}.")
