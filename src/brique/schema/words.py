"""What errors say of a value that came from outside."""

from collections.abc import Iterable

from brique.errors import DataError, nearest


def damaged(where: str, expected: str, came: object) -> DataError:
    """Return the error for a stored value that is not what it should be."""
    return DataError(
        f"{where}: expected {expected}, got {short(came)}; the file is damaged, or newer"
    )


def instead(name: str, known: Iterable[str]) -> str:
    """Return what there is in place of an unknown name, the nearest if one is near."""
    known = list(known)
    few = ", ".join(known[:10]) + (f", ... ({len(known)} in all)" if len(known) > 10 else "")
    return f" among {few or 'none'}{nearest(name, known) or '; check its name'}"


def short(value: object) -> str:
    """Return a value as Python writes it, cut to 60 characters."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
