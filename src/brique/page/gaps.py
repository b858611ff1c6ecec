"""A section of the report, or a gap in its place if run.json has an unknown layout."""

from collections.abc import Callable

from brique.page.markup import Gap, Section

RECORD_ERRORS = (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError)


def section_or_gap(make: Callable[[], Section | Gap], where: str) -> Section | Gap:
    """Return the result of `make`; if it fails, a gap that names the section."""
    try:
        return make()
    except RECORD_ERRORS as error:
        return gap(where, error)


def gap(where: str, error: Exception) -> Gap:
    """Return the gap in place of a section that cannot be made."""
    kind = type(error).__name__
    return Gap(f"Section {where} is missing: run.json has an unknown layout ({kind}).")
