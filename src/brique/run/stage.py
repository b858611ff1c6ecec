"""A stage, one call of `run.play`: its game, mean losses, and the time of its last checkpoint."""

import time
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from brique.errors import RunError
from brique.game import Game, Turn
from brique.game.play import Play

SAVE_SECONDS = 30.0  # seconds between checkpoints
MAX_SAVE_SHARE = 0.02  # maximum share of the time spent on checkpoints


def check_name(name: str, played_names: list[str]) -> None:
    """Raise RunError when a stage's name is invalid or was played already."""
    if name in played_names:
        raise RunError(
            f"run.play: a stage {name!r} was played already; pass each call a name of its own."
            if name
            else "run.play: the first stage has no name; pass each call a name of its own."
        )
    if "/" in name:
        raise RunError(f"run.play: the stage's name {name!r} holds a '/'; leave it out.")


class Stage:
    """A stage of a run.

    number: from 0, in order of the calls.
    name: "" for the only one.
    turns_before: turns of the run in earlier stages.
    """

    def __init__(
        self,
        number: int,
        name: str,
        game: Game,
        play: Play,
        *,
        turns_before: int,
        save_every: int | None,
    ) -> None:
        self.number: int = number
        self.name: str = name
        self.game: Game = game
        self.play: Play = play
        self.turns_before: int = turns_before
        self._save_every = save_every
        self.end_state: dict[str, Any] | None = None  # the state in which the loop was left early
        self.has_failed = False
        self._sums: dict[str, Tensor] = {}
        self._counts: dict[str, int] = {}
        self._saved_at, self._save_cost = time.perf_counter(), 0.0
        self._has_ended_epoch = False

    @property
    def turns(self) -> int:
        """Turns of the run, up to the current turn of this stage."""
        return self.turns_before + self.play.index

    def add(self, turn: Turn) -> None:
        """Add a turn's losses to the means."""
        for name, loss in turn.losses.items():
            if name in self._sums:
                self._sums[name] += loss
            else:
                self._sums[name] = loss.to(torch.float64, copy=True)
            self._counts[name] = self._counts.get(name, 0) + 1
        self._has_ended_epoch = turn.ends_epoch

    def means(self) -> dict[str, float]:
        """Return each player's mean loss since the last call."""
        means = {name: total.item() / self._counts[name] for name, total in self._sums.items()}
        self._sums, self._counts = {}, {}
        return means

    def is_due(self) -> bool:
        """Tell whether a checkpoint is due now, between two turns."""
        index, every = self.play.index, self._save_every
        if every is not None and index and not index % every:
            return True
        elapsed = time.perf_counter() - self._saved_at
        return (
            elapsed >= SAVE_SECONDS or self._has_ended_epoch
        ) and self._save_cost <= MAX_SAVE_SHARE * elapsed

    def check_not_failed(self, folder: Path) -> None:
        """Raise RunError when an error of the recipe ended the stage early."""
        if self.has_failed:
            raise RunError(
                f"{folder}: the game stopped with an error in turn {self.play.index}; "
                "fix it and resume, or start a new run."
            )

    def note_saved(self, seconds: float) -> None:
        """Note that a checkpoint was written, and how long it took."""
        self._saved_at, self._save_cost, self._has_ended_epoch = time.perf_counter(), seconds, False

    def state(self) -> dict[str, Any]:
        """Return the state of the stage, for a checkpoint."""
        return {"play": self.play.state(), "sums": dict(self._sums), "counts": dict(self._counts)}

    def restore(self, state: dict[str, Any]) -> None:
        """Restore a state."""
        self.play.restore(state["play"])
        device = self.game.device
        self._sums = {name: total.to(device) for name, total in state["sums"].items()}
        self._counts = state["counts"]
