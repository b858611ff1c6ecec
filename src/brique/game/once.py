"""Values that the losses of one turn share: made once, each owner's graph used up once."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from brique.game.guard import leaves, tensors


@dataclass
class Made:
    """One shared value of this turn."""

    value: Any  # Any: whatever the user's function returns
    arguments: tuple[object, ...]  # held, so that their identities are not given away
    owners: frozenset[int]  # numbers of the players whose parameters its graph ends in
    leaves: list[Tensor]
    fresh: bool  # its graph has not been used up


class Shelf:
    """The shared values of the turn in play."""

    def __init__(self) -> None:
        self._made: dict[object, Made] = {}

    def clear(self) -> None:
        """Forget all: a new turn, piece or evaluation."""
        self._made.clear()

    def moved(self, player: int) -> None:
        """Forget what depended on a player who has moved."""
        if self._made:
            self._made = {key: m for key, m in self._made.items() if player not in m.owners}

    def get(
        self,
        player: int,
        make: Callable[..., object],
        arguments: tuple[object, ...],
        run: Callable[[], object],
        owners: dict[int, frozenset[int]],
    ) -> tuple[Any, list[Tensor]]:
        """Return the value for a player, and the trainable leaves of the graph that it comes with.

        player: number of the player whose loss asks.
        run: calls `make` under the regime of a maker.
        owners: identity of each parameter -> numbers of the players that own it.
        """
        key = name_of(make, arguments)
        made = self._made.get(key)
        if made is None or (player in made.owners and not made.fresh):
            value = run()
            ends = leaves(list(tensors(value)))
            whose = frozenset[int]().union(*(owners.get(id(leaf), frozenset()) for leaf in ends))
            made = self._made[key] = Made(value, arguments, whose, ends, fresh=True)
        if player in made.owners:
            made.fresh = False
            return made.value, made.leaves
        return detached(made.value), []


def name_of(make: Callable[..., object], arguments: tuple[object, ...]) -> tuple[object, ...]:
    """Return what a shared value is known by: its maker's code and its arguments."""
    target = getattr(make, "__func__", make)
    code = getattr(target, "__code__", None)
    maker = (id(code or target), id(getattr(make, "__self__", None)))
    plain = (int, float, str, bool, type(None))
    return (maker, *((type(a), a) if isinstance(a, plain) else id(a) for a in arguments))


def detached(value: Any) -> Any:
    """Return the value with every tensor in nested tuples, lists and dicts cut off its graph."""
    if isinstance(value, Tensor):
        return value.detach()
    if isinstance(value, dict):
        return {key: detached(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        items = [detached(item) for item in value]
        named = hasattr(value, "_fields")  # a named tuple takes its items one by one
        return type(value)(*items) if named else type(value)(items)
    return value
