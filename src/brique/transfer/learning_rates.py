"""Two step lengths: a head that is new moves fast, a body that knows something slowly."""

from collections.abc import Iterable
from typing import Any

from torch import nn

from brique.errors import PlayError


def parameter_groups(
    named_parameters: Iterable[tuple[str, nn.Parameter]],
    *,
    lr: float,
    body_lr: float,
    head: str = "head.",
) -> list[dict[str, Any]]:
    """Return the groups with which an optimizer of torch moves the head by `lr`, the rest by less.

    With one rate for both they are one group, whatever the names.

    named_parameters: (name, parameter) pairs, as a player's optimizer function is called with.
    lr, body_lr: step lengths of the head, and of all else.
    head: how the names of the head's parameters begin.
    Raises PlayError when all parameters, or none, are the head's.

    >>> net = nn.Sequential()
    >>> net.body, net.head = nn.Linear(3, 2), nn.Linear(2, 1)
    >>> [group["lr"] for group in two_rates(net.named_parameters(), lr=0.1, body=0.01)]
    [0.01, 0.1]
    """
    pairs = list(named_parameters)
    if body_lr == lr:
        return [{"params": pairs, "lr": lr}]
    fast = [pair for pair in pairs if pair[0].startswith(head)]
    slow = [pair for pair in pairs if not pair[0].startswith(head)]
    if not fast or not slow:
        raise PlayError(
            f"two_rates: the names of {len(fast)} of {len(pairs)} parameters begin with '{head}', "
            "so there is nothing to tell apart; pass those of the whole net, or use one rate."
        )
    return [{"params": slow, "lr": body_lr}, {"params": fast, "lr": lr}]
