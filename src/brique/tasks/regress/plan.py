"""The plan for training a regressor."""

from typing import Any

from brique.data import Data
from brique.errors import UsageError
from brique.planning import Request
from brique.planning.fields import plan_fields


def plan(data: Data, request: Request) -> dict[str, Any]:
    """Return the settings for training. Raises UsageError for class balancing."""
    if request.balance != "none":
        raise UsageError(
            f"train: --balance {request.balance} is for classes, but the targets are numbers; leave"
            " it out."
        )
    settings = plan_fields(data, request)
    del settings["balance"]
    return settings
