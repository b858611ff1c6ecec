"""Values that the losses of one turn share: computed once, each graph used once per owner."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from brique.game.guard import leaves, nested_tensors


@dataclass
class SharedValue:
    """One shared value of this turn."""

    value: Any  # Any: whatever the user's function returns
    arguments: tuple[object, ...]  # held, so that their ids are not reused
    owners: frozenset[int]  # numbers of the players whose parameters its graph ends in
    leaves: list[Tensor]
    is_fresh: bool  # its graph has not been used up


class SharedValues:
    """The shared values of the turn in play."""

    def __init__(self) -> None:
        self._values: dict[object, SharedValue] = {}

    def clear(self) -> None:
        """Forget all: a new turn, micro-batch or evaluation."""
        self._values.clear()

    def discard_dependent(self, player: int) -> None:
        """Forget the values that depend on a player that has moved."""
        if self._values:
            self._values = {
                key: shared for key, shared in self._values.items() if player not in shared.owners
            }

    def get(
        self,
        player: int,
        make: Callable[..., object],
        arguments: tuple[object, ...],
        compute: Callable[[], object],
        owners: dict[int, frozenset[int]],
    ) -> tuple[Any, list[Tensor]]:
        """Return the value for a player, and the trainable leaves of its graph.

        player: number of the player whose loss asks.
        compute: calls `make` in the maker's isolation.
        owners: identity of each parameter -> numbers of the players that own it.
        """
        key = value_key(make, arguments)
        shared = self._values.get(key)
        if shared is None or (player in shared.owners and not shared.is_fresh):
            value = compute()
            graph_leaves = leaves(list(nested_tensors(value)))
            value_owners = frozenset[int]().union(
                *(owners.get(id(leaf), frozenset()) for leaf in graph_leaves)
            )
            shared = self._values[key] = SharedValue(
                value, arguments, value_owners, graph_leaves, is_fresh=True
            )
        if player in shared.owners:
            shared.is_fresh = False
            return shared.value, shared.leaves
        return detach(shared.value), []


def value_key(make: Callable[..., object], arguments: tuple[object, ...]) -> tuple[object, ...]:
    """Return the key of a shared value: its maker's code and its arguments."""
    target = getattr(make, "__func__", make)
    code = getattr(target, "__code__", None)
    maker = (id(code or target), id(getattr(make, "__self__", None)))
    literal_types = (int, float, str, bool, type(None))
    return (maker, *((type(a), a) if isinstance(a, literal_types) else id(a) for a in arguments))


def detach(value: Any) -> Any:
    """Return the value with every tensor in nested tuples, lists and dicts detached."""
    if isinstance(value, Tensor):
        return value.detach()
    if isinstance(value, dict):
        return {key: detach(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        items = [detach(item) for item in value]
        is_namedtuple = hasattr(value, "_fields")  # a named tuple takes its items one by one
        return type(value)(*items) if is_namedtuple else type(value)(items)
    return value
