"""The state of a game: its players, random numbers, and the values that they share."""

from collections.abc import Callable, Sequence
from typing import Any, Literal

import torch
from torch import Tensor, nn

from brique.game.isolation import BufferBackup, Isolation
from brique.game.player import Player
from brique.game.player_state import PlayerState, check_sharing
from brique.game.rng import KeyedRng
from brique.game.shared_values import SharedValues

Order = Literal["alternate", "simultaneous"]


class GameState:
    """State that the moves of one game share.

    players: the state of each player, in order of play.
    owners: id of each parameter -> numbers of the players that own it.
    active_player: the player whose loss is being computed, or None.
    borrowed_leaves: other players' leaves that `once` gave to the loss.
    buffer_backup: the buffers of all players, restored when a move fails.
    Raises PlayError when the players' claims do not fit each other.
    """

    def __init__(
        self, players: Sequence[Player], reads: Sequence[nn.Module], order: Order, micro: int | None
    ) -> None:
        self.order: Order = order
        self.micro: int | None = micro
        self.reads: Sequence[nn.Module] = reads
        self.players: list[PlayerState] = [
            PlayerState(number, player) for number, player in enumerate(players)
        ]
        check_sharing(self.players)
        self.owners: dict[int, frozenset[int]] = {}
        for owner in self.players:
            for parameter in owner.parameters:
                previous_owners = self.owners.get(id(parameter), frozenset())
                self.owners[id(parameter)] = previous_owners | {owner.number}
        self.device: torch.device = self.players[0].parameters[0].device
        self.rng: KeyedRng = KeyedRng(self.device)
        self.shared_values: SharedValues = SharedValues()
        self.active_player: PlayerState | None = None
        self.borrowed_leaves: list[Tensor] = []
        self._set_isolations()

    def once(self, make: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
        """Return the value of `make` for the active player; see `Game.once`."""
        if self.active_player is None:
            return make(*arguments)
        number = self.active_player.number
        value, graph_leaves = self.shared_values.get(
            number, make, arguments, lambda: self._run_maker(make, arguments), self.owners
        )
        no_owners = frozenset[int]()
        self.borrowed_leaves += [
            leaf for leaf in graph_leaves if number not in self.owners.get(id(leaf), no_owners)
        ]
        return value

    def _run_maker(self, make: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
        """Compute a shared value: owner nets are trainable, in their modes; draws are its own."""
        assert self.active_player is not None
        player, rng_state = self.active_player, self.rng.get_state(exact=True)
        self.active_player = None
        try:
            with player.isolation.suspended(), self._maker_isolation, torch.enable_grad():
                self.rng.enter_shared_value(make, arguments)
                return make(*arguments)
        finally:
            self.active_player = player
            self.rng.set_state(rng_state)

    def _set_isolations(self) -> None:
        """Set each player's isolation: frozen parameters, modes and swapped buffers."""
        modes = {m: mode for player in self.players for m, mode in player.modes}
        loose_ids = {
            id(p) for player in self.players if not player.modes for p in player.parameters
        }
        read_modes = {  # a module whose parameters a player owns one by one is not read
            module: module.training and any(id(p) in loose_ids for p in module._parameters.values())
            for root in self.reads
            for module in root.modules()
            if module not in modes
        }
        frozen = {id(p): p for m in self.reads for p in m.parameters() if id(p) not in self.owners}
        all_parameters = frozen | {id(p): p for player in self.players for p in player.parameters}
        for player in self.players:
            own_ids, own_modules = {id(p) for p in player.parameters}, {m for m, _ in player.modes}
            player.isolation = Isolation(
                [p for key, p in all_parameters.items() if key not in own_ids],
                player.modes + list(read_modes.items()),
                [(m._buffers, name) for m in modes if m not in own_modules for name in m._buffers],
            )
        self._maker_isolation = Isolation(
            list(frozen.values()), [*modes.items(), *read_modes.items()], ()
        )
        slots = [(m._buffers, name) for m in modes for name in m._buffers]
        self.buffer_backup: BufferBackup = BufferBackup(slots)
