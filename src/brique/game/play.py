"""The turns of a game, one after the other; the loop round them belongs to the reader."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from brique.errors import PlayError
from brique.game.feed import Feed
from brique.game.move import Move
from brique.game.table import Table

LOOKS = 20  # places of a run at which it is looked at


@dataclass(frozen=True, slots=True)
class Turn:
    """What happened in one turn.

    index: from 0.
    epoch: from 0; 0 throughout where the stream knows no epochs.
    losses: player's name -> its loss, 0-d on the device, without graph; players who were due.
    ends_epoch: this was the last turn of an epoch, or of the game.
    looks: one of 20 even places, the last turn included: when to measure or to draw.
    """

    index: int
    epoch: int
    losses: Mapping[str, Tensor]
    ends_epoch: bool
    looks: bool


class Play:
    """An iterator of turns.

    Raises PlayError at a turn that cannot be played; weights are then those before the move.
    """

    def __init__(
        self,
        table: Table,
        stream: Iterable[Any],
        *,
        turns: int | None,
        seed: int,
        stage: str = "",
        reseeds: bool = False,
    ) -> None:
        self._table, self._feed = table, Feed(stream, turns, table.device)
        self._seed, self._stage, self._reseeds = seed, stage, reseeds
        self.turns: int | None = self._feed.turns
        self.index: int = 0
        self._begun = False
        scheduled = [seat.name for seat in table.seats if seat.player.schedule is not None]
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
        table, index = self._table, self.index
        if not self._begun:
            table.draws.begin(self._seed, self._stage, reseeds=self._reseeds)
            self._begun = True
        if self.turns is not None and index >= self.turns:
            self.end()
            raise StopIteration
        table.draws.start(index)
        try:
            batch = self._feed.batch(index)
        except StopIteration:
            self.end()
            raise
        if torch.is_grad_enabled():
            losses = self._moves(batch, index)
        else:
            with torch.enable_grad():
                losses = self._moves(batch, index)
        table.shelf.clear()
        table.draws.body()
        self.index = index + 1
        per_epoch, turns = self._feed.per_epoch, self.turns
        return Turn(
            index,
            index // per_epoch if per_epoch else 0,
            losses,
            self.index == turns or bool(per_epoch and self.index % per_epoch == 0),
            bool(turns) and self.index * LOOKS // turns != index * LOOKS // turns,
        )

    def end(self) -> None:
        """End the stage: later draws do not depend on how it was played."""
        if not self._begun:
            self._table.draws.begin(self._seed, self._stage, reseeds=self._reseeds)
            self._begun = True
        self._table.draws.end()

    def state(self) -> dict[str, Any]:
        """Return where the game stands, as nested values and tensors (not copied)."""
        return {
            "index": self.index,
            "micro": self._table.micro,
            "players": {seat.name: seat.state() for seat in self._table.seats},
            "stream": self._feed.state(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from a state. Raises PlayError if it belongs to another game."""
        names = [seat.name for seat in self._table.seats]
        if names != list(state["players"]):
            raise PlayError(
                f"play: the checkpoint is of the players {', '.join(state['players'])}, the game "
                f"of {', '.join(names)}; resume with the recipe that was run."
            )
        for seat in self._table.seats:
            seat.restore(state["players"][seat.name])
        self._table.micro = state["micro"]
        self.index = state["index"]
        self._feed.restore(self.index, state["stream"])

    def _moves(self, batch: Any, index: int) -> dict[str, Tensor]:
        table = self._table
        progress = index / self.turns if self.turns else None
        due = [seat for seat in table.seats if seat.is_due(index)]
        if table.order == "alternate":
            return {seat.name: Move(table, seat, batch, index).play(progress) for seat in due}
        moves = [(seat, Move(table, seat, batch, index)) for seat in due]
        found = [(seat, move, move.slopes()) for seat, move in moves]
        for seat, move, (_, slopes) in found:
            for parameter, slope in zip(seat.parameters, slopes, strict=True):
                parameter.grad = slope
            move.step(progress)
        return {seat.name: loss for seat, _, (loss, _) in found}
