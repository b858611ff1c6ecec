"""A player's place in one game: what it owns there, its optimizers, and how it moves."""

import inspect
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from brique.errors import PlayError, nearest
from brique.game.guard import listed
from brique.game.player import Player
from brique.game.regime import Regime, Slot
from brique.keys import word


class Seat:
    """One player in one game, with the state that belongs to it."""

    def __init__(self, number: int, player: Player) -> None:
        self.number: int = number
        self.player: Player = player
        self.name: str = player.name
        self.key: int = word(player.name)
        named = player.parameters()
        self.names: list[str] = list(named)
        self.parameters: list[nn.Parameter] = list(named.values())
        self.modes: list[tuple[nn.Module, bool]] = [
            (m, m.training) for root in player.modules() for m in root.modules()
        ]
        if self.modes and not any(training for _, training in self.modes):
            raise PlayError(
                f"player {self.name!r}: its whole model is in eval mode; call .train() before the "
                "game is made, or name the net in Game(reads=...) if it is only read."
            )
        self.slots: list[Slot] = [(m._buffers, name) for m, _ in self.modes for name in m._buffers]
        self.optimizers: list[Optimizer] = _optimizers(player, named)
        self.closure: bool = any(_needs_closure(optimizer) for optimizer in self.optimizers)
        if self.closure and len(self.optimizers) > 1:
            raise PlayError(
                f"player {self.name!r}: an optimizer that evaluates the loss itself (LBFGS) must "
                f"be its only one, but there are {len(self.optimizers)}."
            )
        if self.closure and player.clip is not None:
            raise PlayError(
                f"player {self.name!r}: clip does not go with an optimizer that evaluates the loss "
                "itself (LBFGS); leave clip out."
            )
        self.rates: list[list[float | Tensor]] = [
            [group["lr"] for group in o.param_groups] for o in self.optimizers
        ]
        self.averages: list[Tensor] | None = (
            [p.detach().clone() for p in self.parameters] if player.average is not None else None
        )
        self.checked: bool = False  # its first loss has been walked
        self.regime: Regime = Regime((), (), ())  # set by the game, which knows the others

    def is_due(self, turn: int) -> bool:
        """Tell whether the player moves in a turn."""
        return (turn + 1) % self.player.every == 0

    def scale_steps(self, progress: float | None) -> None:
        """Set the step lengths by the schedule, if there is one."""
        schedule = self.player.schedule
        if schedule is None or progress is None:
            return
        factor = schedule(progress)
        for optimizer, rates in zip(self.optimizers, self.rates, strict=True):
            for group, rate in zip(optimizer.param_groups, rates, strict=True):
                group["lr"] = rate * factor

    def slopes(self) -> list[Tensor]:
        """Return the slopes that there are."""
        return [p.grad for p in self.parameters if p.grad is not None]

    def step(self) -> None:
        """Clip, let every optimizer move, and follow with the average."""
        if self.player.clip is not None:
            nn.utils.clip_grad_norm_(self.parameters, self.player.clip)
        for optimizer in self.optimizers:
            optimizer.step()
        self.follow()

    def follow(self) -> None:
        """Move the averages towards the parameters."""
        if self.averages is not None and self.player.average is not None:
            with torch.no_grad():
                own: list[Tensor] = list(self.parameters)
                share = 1.0 - self.player.average
                torch._foreach_lerp_(self.averages, own, share)  # pyright: ignore[reportPrivateImportUsage]

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint holds of this player, as nested values and tensors."""
        buffers = [buffers[name] for buffers, name in self.slots]
        return {
            "parameters": list(self.parameters),
            "buffers": buffers,
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
            "averages": self.averages,
            "checked": self.checked,
        }

    @torch.no_grad()
    def restore(self, state: dict[str, Any]) -> None:
        """Take over a state. Raises PlayError if it belongs to another model."""
        _fit(self.name, self.parameters, state["parameters"])
        for parameter, value in zip(self.parameters, state["parameters"], strict=True):
            parameter.copy_(value)
        for (buffers, name), value in zip(self.slots, state["buffers"], strict=True):
            own = buffers[name]
            if own is None or value is None or own.shape != value.shape:
                buffers[name] = value
            else:
                own.copy_(value)
        for optimizer, part in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(part)
        if self.averages is not None:
            for average, value in zip(self.averages, state["averages"], strict=True):
                average.copy_(value)
        self.checked = state["checked"]


def check_sharing(seats: Sequence[Seat]) -> None:
    """Raise PlayError when two players own a parameter and neither says so."""
    names = [seat.name for seat in seats]
    for seat in seats:
        if names.count(seat.name) > 1:
            raise PlayError(f"two players are named {seat.name!r}; give each a name of its own.")
        for other in seat.player.shares:
            if other not in names or other == seat.name:
                raise PlayError(
                    f"player {seat.name!r}: shares names {other!r}, but the other players are "
                    f"{listed([n for n in names if n != seat.name]) or 'none'}"
                    f"{nearest(other, names)}."
                )
    for i, seat in enumerate(seats):
        for other in seats[i + 1 :]:
            theirs = {id(p) for p in other.parameters}
            pairs = zip(seat.names, seat.parameters, strict=True)
            common = [name for name, p in pairs if id(p) in theirs]
            said = other.name in seat.player.shares or seat.name in other.player.shares
            if common and not said:
                raise PlayError(
                    f"players {seat.name!r} and {other.name!r}: both own {listed(common)}; "
                    f"say shares=({seat.name!r},) in {other.name!r} if both shall move "
                    f"{'it' if len(common) == 1 else 'them'}."
                )
            if said and not common:
                raise PlayError(
                    f"players {seat.name!r} and {other.name!r}: shares is said, but they own no "
                    "parameter in common; leave shares out."
                )
            for one in (seat, other):
                if common and one.player.average is not None:
                    raise PlayError(
                        f"player {one.name!r}: average does not go with shared parameters "
                        f"({listed(common)}); leave average out."
                    )


def _optimizers(player: Player, named: dict[str, nn.Parameter]) -> list[Optimizer]:
    try:
        made = player.optimizer(iter(named.items()))
    except (TypeError, ValueError) as error:
        raise PlayError(
            f"player {player.name!r}: its optimizer cannot be made ({error}); change its settings."
        ) from error
    optimizers = list(made) if isinstance(made, Sequence) else [made]
    for optimizer in optimizers:
        if not isinstance(optimizer, Optimizer):
            raise PlayError(
                f"player {player.name!r}: its optimizer function returned a "
                f"{type(optimizer).__name__}; return an optimizer or a list of them."
            )
    groups = [group for optimizer in optimizers for group in optimizer.param_groups]
    moved = {id(p) for group in groups for p in group["params"]}
    forgotten = [name for name, p in named.items() if id(p) not in moved]
    if forgotten:
        raise PlayError(
            f"player {player.name!r}: its optimizer forgets {len(forgotten)} of {len(named)} "
            f"parameters ({listed(forgotten)}); pass it every pair, or freeze them."
        )
    if moved - {id(p) for p in named.values()}:
        raise PlayError(
            f"player {player.name!r}: its optimizer moves parameters that it does not own; "
            "pass it the (name, parameter) pairs that it is called with."
        )
    return optimizers


def _needs_closure(optimizer: Optimizer) -> bool:
    closure = inspect.signature(type(optimizer).step).parameters.get("closure")
    return closure is not None and closure.default is inspect.Parameter.empty


def _fit(name: str, own: Sequence[Tensor], stored: Sequence[Tensor]) -> None:
    shapes = [tuple(p.shape) for p in own]
    found = [tuple(p.shape) for p in stored]
    if shapes != found:
        first = next(
            ((a, b) for a, b in zip(shapes, found, strict=False) if a != b),
            (len(shapes), len(found)),
        )
        raise PlayError(
            f"player {name!r}: the checkpoint holds other parameters ({first[1]} where the net "
            f"has {first[0]}); resume with the net that was trained."
        )
