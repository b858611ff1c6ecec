"""Two learning rates: a large one for a new head, a small one for a pretrained body."""

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
    """Return parameter groups for a torch optimizer: `lr` for the head, `body_lr` otherwise.

    With equal rates they are one group, whatever the names.

    named_parameters: (name, parameter) pairs, as a player's optimizer function gets them.
    lr, body_lr: learning rates of the head and of all else.
    head: prefix of the names of the head's parameters.
    Raises PlayError when all parameters, or none, are the head's.

    >>> net = nn.Sequential()
    >>> net.body, net.head = nn.Linear(3, 2), nn.Linear(2, 1)
    >>> [group["lr"] for group in parameter_groups(net.named_parameters(), lr=0.1, body_lr=0.01)]
    [0.01, 0.1]
    """
    pairs = list(named_parameters)
    if body_lr == lr:
        return [{"params": pairs, "lr": lr}]
    fast = [pair for pair in pairs if pair[0].startswith(head)]
    slow = [pair for pair in pairs if not pair[0].startswith(head)]
    if not fast or not slow:
        raise PlayError(
            f"parameter_groups: the names of {len(fast)} of {len(pairs)} parameters begin with "
            f"'{head}', but two rates need both groups; pass those of the whole net, or use one "
            "rate."
        )
    return [{"params": slow, "lr": body_lr}, {"params": fast, "lr": lr}]
