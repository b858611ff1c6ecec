"""Mean and standard deviation of a field: checks and JSON."""

import math
from typing import Any, cast

from brique.errors import DataError


def check_statistics(where: str, mean: object, std: object, count: int) -> None:
    """Raise DataError unless mean and std are None, or n finite numbers each."""
    for name, values in (("mean", mean), ("std", std)):
        items = cast("tuple[float, ...]", values if type(values) is tuple else ())
        is_valid = values is None or (
            len(items) == count
            and all(type(item) in (float, int) and math.isfinite(item) for item in items)
            and (name == "mean" or min(items, default=0) >= 0)
        )
        if not is_valid:
            raise DataError(
                f"{where}: {name} must be {count} finite numbers"
                f"{', none below 0' if name == 'std' else ''}, got {values}; pass one each"
            )


def statistics_json(mean: object, std: object) -> dict[str, Any]:
    """Return mean and std as JSON values, without None."""
    pairs = (("mean", mean), ("std", std))
    return {
        name: list(cast("Any", value)) if isinstance(value, tuple) else value
        for name, value in pairs
        if value is not None
    }
