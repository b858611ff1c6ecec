"""The data of a run, cut as the run had them."""

from collections.abc import Mapping
from typing import Any

from brique.data import Data


def of_run(opened: Data, settings: Mapping[str, Any]) -> Data:
    """Return the data as a run had them: the fold that its settings name, or all.

    Raises DataError where the data cannot be cut so any more.
    """
    count, number = settings.get("folds"), settings.get("fold")
    if isinstance(count, int) and isinstance(number, int):
        return opened.fold(number, count)
    return opened
