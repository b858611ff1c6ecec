"""The plan of a training that answers with numbers: that of inputs of any kind."""

from typing import Any

from brique.data import Data
from brique.errors import UsageError
from brique.planning import Request
from brique.planning.fields import plan_fields


def plan(data: Data, request: Request) -> dict[str, Any]:
    """Return the settings of a training. Raises UsageError for a balance of classes."""
    if request.balance != "none":
        raise UsageError(
            f"train: --balance {request.balance} is for classes, and the targets are numbers; leave"
            " it out."
        )
    settings = plan_fields(data, request)
    del settings["balance"]
    return settings
