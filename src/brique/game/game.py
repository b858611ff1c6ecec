"""A game: players that move in turn, each by its own loss."""

import copy
from collections.abc import Callable, Iterable
from typing import Any, Literal

import torch
from torch import Tensor, nn

from brique.errors import PlayError
from brique.game.play import Play
from brique.game.player import Player
from brique.game.rng import NoiseKind
from brique.game.state import GameState, Order


class Game:
    """Players in order of play; a loss updates its own player's parameters only.

    players: at least one.
    reads: modules that losses use and nobody owns (frozen backbones, teachers, target nets): in
        eval mode, with frozen parameters, while a loss is computed. Modules in them that a player
        owns stay the player's.
    order: "alternate": each player answers the others' last move; "simultaneous": all losses are
        computed first.
    micro: maximum size of a micro-batch, in samples; a larger batch is cut.
    fast: "off" is bit for bit the plain loop; "auto" may become faster.
    Raises PlayError when the players' claims do not fit each other.
    """

    def __init__(
        self,
        *players: Player,
        reads: Iterable[nn.Module] = (),
        order: Order = "alternate",
        micro: int | None = None,
        fast: Literal["auto", "off"] = "auto",
    ) -> None:
        if not players or not all(isinstance(player, Player) for player in players):
            types = ", ".join(type(p).__name__ for p in players) or "nothing"
            raise PlayError(f"Game: expected players, got {types}; pass Player(...) objects.")
        if order not in ("alternate", "simultaneous"):
            raise PlayError(f"Game: order must be 'alternate' or 'simultaneous', not {order!r}.")
        if fast not in ("auto", "off"):
            raise PlayError(f"Game: fast must be 'auto' or 'off', but is {fast!r}.")
        if micro is not None and (not isinstance(micro, int) or micro < 1):
            raise PlayError(f"Game: micro must be a whole number from 1, but is {micro!r}.")
        self.state: GameState = GameState(players, list(reads), order, micro)
        closure_players = [
            player_state.name for player_state in self.state.players if player_state.needs_closure
        ]
        if closure_players and order == "simultaneous":
            raise PlayError(
                f"Game: order 'simultaneous' does not go with player {closure_players[0]!r}, whose "
                "optimizer evaluates the loss itself (LBFGS); let them alternate."
            )

    @property
    def device(self) -> torch.device:
        """The device of the first player's parameters, where batches and noise lie."""
        return self.state.device

    @property
    def micro(self) -> int | None:
        """Maximum size of a micro-batch; running out of memory halves it."""
        return self.state.micro

    def play(
        self, stream: Iterable[Any], *, turns: int | None = None, seed: int = 0
    ) -> Play:  # Any: a batch is whatever the stream gives
        """Play one turn a batch; iterate over the result.

        stream: batches. A brique stream knows its turns and can be resumed; any other iterable
            restarts when it ends, until `turns` are over.
        turns: length of the game, for streams that do not know it.
        seed: of the game's noise.
        Raises PlayError when the stream cannot be played.
        """
        return Play(self.state, stream, turns=turns, seed=seed)

    def noise(
        self, n: int, *shape: int, kind: NoiseKind = "normal", dtype: torch.dtype | None = None
    ) -> Tensor:
        """Return fresh noise (n, *shape) on the game's device.

        It depends on (seed, stage, turn, player, draw) alone, and its rows not on how a batch is
        cut: of n = k * len(batch) rows, sample i gets rows i, len(batch) + i, ...
        kind: "normal" (mean 0, std 1) or "uniform" (in [0, 1)).
        Raises PlayError outside a game, or if n rows cannot be cut along with the batch.
        """
        return self.state.rng.noise(n, *shape, kind=kind, dtype=dtype)

    def once(self, make: Callable[..., Any], *arguments: Any) -> Any:
        """Return `make(*arguments)`, computed once a turn for all losses that ask for it.

        A player that owns parameters in its graph gets the value with the graph, others get it
        detached. It is computed again after an owner's move, for each micro-batch and for each
        evaluation of a closure. Its key is the code of `make` and the arguments: values that
        differ must differ in one of them.
        """
        return self.state.once(make, arguments)

    def averaged(self, net: nn.Module) -> nn.Module:
        """Return a copy of `net` with the exponential averages of its owners as weights.

        Raises PlayError if no player averages a parameter of it.
        """
        averages: dict[int, Tensor] = {}
        for player in self.state.players:
            if player.averages is not None:
                pairs = zip(player.parameters, player.averages, strict=True)
                averages |= {id(parameter): average for parameter, average in pairs}
        if not any(id(parameter) in averages for parameter in net.parameters()):
            raise PlayError("averaged: no player averages this net; pass Player(average=0.999).")
        averaged_net = copy.deepcopy(net)
        with torch.no_grad():
            for source, target in zip(net.parameters(), averaged_net.parameters(), strict=True):
                if id(source) in averages:
                    target.copy_(averages[id(source)])
        return averaged_net
