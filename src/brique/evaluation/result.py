"""The result of an evaluation, and its metrics."""

import math
from dataclasses import dataclass
from typing import Any

from torch import Tensor


@dataclass(frozen=True)
class Metric:
    """A metric of a task.

    name: its key in "test". title: for people. description: in a few words.
    is_share: whether it is shown as a percentage.
    """

    name: str
    title: str
    description: str
    is_share: bool = True


@dataclass(frozen=True)
class Result:
    """The result of a net on a test part.

    values: JSON values, for run.json and reports: "task", "examples", "test" (metrics by name),
        "interval" (95%, by metric), "baseline" (metrics by method), "comparison", and values of the
        task.
    arrays: for the report, of all test examples or some.
    seconds: of "evaluation" and "baselines".
    """

    values: dict[str, Any]
    arrays: dict[str, Tensor]
    seconds: dict[str, float]


def finite(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Return JSON values with None in place of non-finite numbers."""
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
