"""What every judgement of a net has in common."""

import math
from dataclasses import dataclass
from typing import Any

from torch import Tensor


@dataclass(frozen=True)
class Metric:
    """A number by which a net is judged; more is better.

    name: in "test" of the judgement. called: by people. says: what it means, in a few words.
    is_share: whether it is shown as a percentage.
    """

    name: str
    title: str
    description: str
    is_share: bool = True


@dataclass(frozen=True)
class Result:
    """What a net reaches on a test part.

    values: as JSON, for run.json and reports: "task", "examples", "test" (scores by name),
        "interval" (95%, by score), "baseline" (scores by method), "comparison", and what the task
        has besides.
    arrays: what the report draws, of every test example or of some.
    seconds: "evaluation" and "baselines".
    """

    values: dict[str, Any]
    arrays: dict[str, Tensor]
    seconds: dict[str, float]


def finite(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Return JSON values in which numbers that are not finite are None."""
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
