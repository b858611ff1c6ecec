"""The turns of a game, one after the other; the loop around them is the user's."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from brique.errors import PlayError
from brique.game.move import Move
from brique.game.state import GameState
from brique.game.stream_adapter import StreamAdapter

EVALUATIONS = 20  # evenly spaced turns at which a run evaluates


@dataclass(frozen=True, slots=True)
class Turn:
    """What happened in one turn.

    index: from 0.
    epoch: from 0; 0 throughout where the stream knows no epochs.
    losses: player's name -> its loss, 0-d on the device, without graph; only players that moved.
    ends_epoch: whether this was the last turn of an epoch, or of the game.
    evaluate: whether this is one of 20 evenly spaced turns, the last included: evaluate or draw.
    """

    index: int
    epoch: int
    losses: Mapping[str, Tensor]
    ends_epoch: bool
    evaluate: bool


class Play:
    """An iterator of turns.

    Raises PlayError at a turn that cannot be played; the weights are then as before the move.
    """

    def __init__(
        self,
        game: GameState,
        stream: Iterable[Any],
        *,
        turns: int | None,
        seed: int,
        stage: str = "",
        reseeds: bool = False,
    ) -> None:
        self._game, self._stream = game, StreamAdapter(stream, turns, game.device)
        self._seed, self._stage, self._reseeds = seed, stage, reseeds
        self.turns: int | None = self._stream.turns
        self.index: int = 0
        self._is_started = False
        scheduled = [player.name for player in game.players if player.spec.schedule is not None]
        if self.turns is None and scheduled:
            raise PlayError(
                f"player {scheduled[0]!r}: its schedule needs the length of the game; pass "
                "play(..., turns=...)."
            )

    def __iter__(self) -> "Play":
        """Return itself."""
        return self

    def __next__(self) -> Turn:
        """Play one turn."""
        game, index = self._game, self.index
        if not self._is_started:
            game.rng.begin_stage(self._seed, self._stage, reseeds=self._reseeds)
            self._is_started = True
        if self.turns is not None and index >= self.turns:
            self.end()
            raise StopIteration
        game.rng.begin_turn(index)
        try:
            batch = self._stream.batch(index)
        except StopIteration:
            self.end()
            raise
        if torch.is_grad_enabled():
            losses = self._play_moves(batch, index)
        else:
            with torch.enable_grad():
                losses = self._play_moves(batch, index)
        game.shared_values.clear()
        game.rng.begin_body()
        self.index = index + 1
        per_epoch, turns = self._stream.per_epoch, self.turns
        return Turn(
            index,
            index // per_epoch if per_epoch else 0,
            losses,
            self.index == turns or bool(per_epoch and self.index % per_epoch == 0),
            bool(turns) and self.index * EVALUATIONS // turns != index * EVALUATIONS // turns,
        )

    def end(self) -> None:
        """End the stage: later draws do not depend on how it was played."""
        if not self._is_started:
            self._game.rng.begin_stage(self._seed, self._stage, reseeds=self._reseeds)
            self._is_started = True
        self._game.rng.end_stage()

    def state(self) -> dict[str, Any]:
        """Return the state of the game, as nested values and tensors (not copied)."""
        return {
            "index": self.index,
            "micro": self._game.micro,
            "players": {player.name: player.state() for player in self._game.players},
            "stream": self._stream.state(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from a state. Raises PlayError if it belongs to another game."""
        names = [player.name for player in self._game.players]
        if names != list(state["players"]):
            raise PlayError(
                f"play: the checkpoint is of the players {', '.join(state['players'])}, the game "
                f"of {', '.join(names)}; resume with the recipe that was run."
            )
        for player in self._game.players:
            player.restore(state["players"][player.name])
        self._game.micro = state["micro"]
        self.index = state["index"]
        self._stream.restore(self.index, state["stream"])

    def _play_moves(self, batch: Any, index: int) -> dict[str, Tensor]:
        game = self._game
        progress = index / self.turns if self.turns else None
        due = [player for player in game.players if player.is_due(index)]
        if game.order == "alternate":
            return {player.name: Move(game, player, batch, index).play(progress) for player in due}
        moves = [(player, Move(game, player, batch, index)) for player in due]
        results = [(player, move, move.gradients()) for player, move in moves]
        for player, move, (_, gradients) in results:
            for parameter, gradient in zip(player.parameters, gradients, strict=True):
                parameter.grad = gradient
            move.step(progress)
        return {player.name: loss for player, _, (loss, _) in results}
