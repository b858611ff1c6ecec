"""Mean and spread of a field, fitted on the training part: checked, and written."""

import math
from typing import Any, cast

from brique.errors import DataError


def check_fitted(where: str, mean: object, spread: object, n: int) -> None:
    """Raise DataError unless mean and spread are None, or n finite numbers each."""
    for name, values in (("mean", mean), ("spread", spread)):
        items = cast("tuple[float, ...]", values if type(values) is tuple else ())
        good = values is None or (
            len(items) == n
            and all(type(item) in (float, int) and math.isfinite(item) for item in items)
            and (name == "mean" or min(items, default=0) >= 0)
        )
        if not good:
            raise DataError(
                f"{where}: {name} must be {n} finite numbers"
                f"{', none below 0' if name == 'spread' else ''}, got {values}; pass one each"
            )


def fitted_json(mean: object, spread: object) -> dict[str, Any]:
    """Return what is known of mean and spread as JSON values."""
    pairs = (("mean", mean), ("spread", spread))
    return {
        k: list(cast("Any", v)) if isinstance(v, tuple) else v for k, v in pairs if v is not None
    }
