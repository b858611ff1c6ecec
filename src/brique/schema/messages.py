"""Parts of error messages about values from outside."""

from collections.abc import Iterable

from brique.errors import DataError, did_you_mean


def damaged_error(where: str, expected: str, actual: object) -> DataError:
    """Return the error for an invalid stored value."""
    return DataError(
        f"{where}: expected {expected}, got {short_repr(actual)}; the file is damaged, or newer"
    )


def alternatives(name: str, options: Iterable[str]) -> str:
    """Return the known names, with a suggestion, for an unknown one."""
    options = list(options)
    listing = ", ".join(options[:10]) + (
        f", ... ({len(options)} in all)" if len(options) > 10 else ""
    )
    return f" among {listing or 'none'}{did_you_mean(name, options) or '; check its name'}"


def short_repr(value: object) -> str:
    """Return the repr of a value, cut to 60 characters."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
