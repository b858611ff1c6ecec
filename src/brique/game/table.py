"""The table at which a game is played: its seats, its draws, what its players share."""

from collections.abc import Callable, Sequence
from typing import Any, Literal

import torch
from torch import Tensor, nn

from brique.game.draws import Draws
from brique.game.once import Shelf
from brique.game.player import Player
from brique.game.regime import Backup, Regime
from brique.game.seat import Seat, check_sharing

Order = Literal["alternate", "simultaneous"]


class Table:
    """What the moves of one game have in common.

    seats: one for each player, in order of play.
    owners: identity of each parameter -> numbers of the players that own it.
    asking: the seat whose loss is being computed, or None.
    borrowed: leaves of other players' that the loss was given by `once`.
    every_buffer: the buffers of all players, to be put back when a move fails.
    Raises PlayError when the players' claims do not fit each other.
    """

    def __init__(
        self, players: Sequence[Player], reads: Sequence[nn.Module], order: Order, micro: int | None
    ) -> None:
        self.order: Order = order
        self.micro: int | None = micro
        self.reads: Sequence[nn.Module] = reads
        self.seats: list[Seat] = [Seat(number, player) for number, player in enumerate(players)]
        check_sharing(self.seats)
        self.owners: dict[int, frozenset[int]] = {}
        for seat in self.seats:
            for parameter in seat.parameters:
                before = self.owners.get(id(parameter), frozenset())
                self.owners[id(parameter)] = before | {seat.number}
        self.device: torch.device = self.seats[0].parameters[0].device
        self.draws: Draws = Draws(self.device)
        self.shelf: Shelf = Shelf()
        self.asking: Seat | None = None
        self.borrowed: list[Tensor] = []
        self._set_regimes()

    def once(self, make: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
        """Return what `make` makes for the seat that asks; see `Game.once`."""
        if self.asking is None:
            return make(*arguments)
        number = self.asking.number
        value, ends = self.shelf.get(
            number, make, arguments, lambda: self._made(make, arguments), self.owners
        )
        nobody = frozenset[int]()
        self.borrowed += [e for e in ends if number not in self.owners.get(id(e), nobody)]
        return value

    def _made(self, make: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
        """Run the maker of a shared value: every owner's net learns and trains, draws its own."""
        assert self.asking is not None
        asking, mark = self.asking, self.draws.mark(exactly=True)
        self.asking = None
        try:
            with asking.regime.lifted(), self._maker, torch.enable_grad():
                self.draws.enter_once(make, arguments)
                return make(*arguments)
        finally:
            self.asking = asking
            self.draws.rewind(mark)

    def _set_regimes(self) -> None:
        """Settle, for each player, what is frozen, in which mode, and whose buffers are kept."""
        modes = {m: mode for seat in self.seats for m, mode in seat.modes}
        bare = {id(p) for seat in self.seats if not seat.modes for p in seat.parameters}
        read = {  # a module whose parameters a player owns one by one is not read
            module: module.training and any(id(p) in bare for p in module._parameters.values())
            for root in self.reads
            for module in root.modules()
            if module not in modes
        }
        fixed = {id(p): p for m in self.reads for p in m.parameters() if id(p) not in self.owners}
        every = fixed | {id(p): p for seat in self.seats for p in seat.parameters}
        for seat in self.seats:
            mine, own = {id(p) for p in seat.parameters}, {m for m, _ in seat.modes}
            seat.regime = Regime(
                [p for key, p in every.items() if key not in mine],
                seat.modes + list(read.items()),
                [(m._buffers, name) for m in modes if m not in own for name in m._buffers],
            )
        self._maker = Regime(list(fixed.values()), [*modes.items(), *read.items()], ())
        slots = [(m._buffers, name) for m in modes for name in m._buffers]
        self.every_buffer: Backup = Backup(slots)
