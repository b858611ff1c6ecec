"""The state of one player in one game: its parameters, optimizers and averages."""

import inspect
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from brique.errors import PlayError, did_you_mean
from brique.game.guard import join_names
from brique.game.isolation import BufferSlot, Isolation
from brique.game.player import Player
from brique.keys import text_key


class PlayerState:
    """One player in one game, with its state."""

    def __init__(self, number: int, spec: Player) -> None:
        self.number: int = number
        self.spec: Player = spec
        self.name: str = spec.name
        self.key: int = text_key(spec.name)
        named_parameters = spec.parameters()
        self.names: list[str] = list(named_parameters)
        self.parameters: list[nn.Parameter] = list(named_parameters.values())
        self.modes: list[tuple[nn.Module, bool]] = [
            (m, m.training) for root in spec.modules() for m in root.modules()
        ]
        if self.modes and not any(training for _, training in self.modes):
            raise PlayError(
                f"player {self.name!r}: its whole model is in eval mode; call .train() before the "
                "game is made, or name the net in Game(reads=...) if it is only read."
            )
        self.buffer_slots: list[BufferSlot] = [
            (m._buffers, name) for m, _ in self.modes for name in m._buffers
        ]
        self.optimizers: list[Optimizer] = _make_optimizers(spec, named_parameters)
        self.needs_closure: bool = any(_needs_closure(optimizer) for optimizer in self.optimizers)
        if self.needs_closure and len(self.optimizers) > 1:
            raise PlayError(
                f"player {self.name!r}: an optimizer that evaluates the loss itself (LBFGS) must "
                f"be its only one, but there are {len(self.optimizers)}."
            )
        if self.needs_closure and spec.clip is not None:
            raise PlayError(
                f"player {self.name!r}: clip does not go with an optimizer that evaluates the loss "
                "itself (LBFGS); leave clip out."
            )
        self.initial_learning_rates: list[list[float | Tensor]] = [
            [group["lr"] for group in o.param_groups] for o in self.optimizers
        ]
        self.averages: list[Tensor] | None = (
            [p.detach().clone() for p in self.parameters] if spec.average is not None else None
        )
        self.is_checked: bool = False  # the graph of its first loss has been checked
        self.isolation: Isolation = Isolation((), (), ())  # set by the game, which knows the others

    def is_due(self, turn: int) -> bool:
        """Tell whether the player moves in a turn."""
        return (turn + 1) % self.spec.every == 0

    def scale_learning_rates(self, progress: float | None) -> None:
        """Set the learning rates by the schedule, if there is one."""
        schedule = self.spec.schedule
        if schedule is None or progress is None:
            return
        factor = schedule(progress)
        for optimizer, learning_rates in zip(
            self.optimizers, self.initial_learning_rates, strict=True
        ):
            for group, learning_rate in zip(optimizer.param_groups, learning_rates, strict=True):
                group["lr"] = learning_rate * factor

    def gradients(self) -> list[Tensor]:
        """Return the gradients of the parameters that have one."""
        return [p.grad for p in self.parameters if p.grad is not None]

    def step(self) -> None:
        """Clip the gradients, step every optimizer, and update the average."""
        if self.spec.clip is not None:
            nn.utils.clip_grad_norm_(self.parameters, self.spec.clip)
        for optimizer in self.optimizers:
            optimizer.step()
        self.update_average()

    def update_average(self) -> None:
        """Move the averages towards the parameters."""
        if self.averages is not None and self.spec.average is not None:
            with torch.no_grad():
                parameters: list[Tensor] = list(self.parameters)
                weight = 1.0 - self.spec.average
                torch._foreach_lerp_(self.averages, parameters, weight)  # pyright: ignore[reportPrivateImportUsage]

    def state(self) -> dict[str, Any]:
        """Return the state for a checkpoint, as nested values and tensors."""
        buffers = [buffers[name] for buffers, name in self.buffer_slots]
        return {
            "parameters": list(self.parameters),
            "buffers": buffers,
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
            "averages": self.averages,
            "is_checked": self.is_checked,
        }

    @torch.no_grad()
    def restore(self, state: dict[str, Any]) -> None:
        """Restore a state. Raises PlayError if it belongs to another model."""
        _check_shapes(self.name, self.parameters, state["parameters"])
        for parameter, value in zip(self.parameters, state["parameters"], strict=True):
            parameter.copy_(value)
        for (buffers, name), value in zip(self.buffer_slots, state["buffers"], strict=True):
            buffer = buffers[name]
            if buffer is None or value is None or buffer.shape != value.shape:
                buffers[name] = value
            else:
                buffer.copy_(value)
        for optimizer, optimizer_state in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(optimizer_state)
        if self.averages is not None:
            for average, value in zip(self.averages, state["averages"], strict=True):
                average.copy_(value)
        self.is_checked = state["is_checked"]


def check_sharing(players: Sequence[PlayerState]) -> None:
    """Raise PlayError when two players own a parameter and neither declares it in `shares`."""
    names = [player.name for player in players]
    for player in players:
        if names.count(player.name) > 1:
            raise PlayError(f"two players are named {player.name!r}; give each a name of its own.")
        for other in player.spec.shares:
            if other not in names or other == player.name:
                raise PlayError(
                    f"player {player.name!r}: shares names {other!r}, but the other players are "
                    f"{join_names([n for n in names if n != player.name]) or 'none'}"
                    f"{did_you_mean(other, names)}."
                )
    for i, player in enumerate(players):
        for other in players[i + 1 :]:
            other_ids = {id(p) for p in other.parameters}
            pairs = zip(player.names, player.parameters, strict=True)
            shared = [name for name, p in pairs if id(p) in other_ids]
            is_declared = other.name in player.spec.shares or player.name in other.spec.shares
            if shared and not is_declared:
                raise PlayError(
                    f"players {player.name!r} and {other.name!r}: both own {join_names(shared)}; "
                    f"say shares=({player.name!r},) in {other.name!r} if both shall move "
                    f"{'it' if len(shared) == 1 else 'them'}."
                )
            if is_declared and not shared:
                raise PlayError(
                    f"players {player.name!r} and {other.name!r}: shares is given, but they own no "
                    "parameter in common; leave shares out."
                )
            for either in (player, other):
                if shared and either.spec.average is not None:
                    raise PlayError(
                        f"player {either.name!r}: average does not go with shared parameters "
                        f"({join_names(shared)}); leave average out."
                    )


def _make_optimizers(player: Player, named_parameters: dict[str, nn.Parameter]) -> list[Optimizer]:
    try:
        result = player.optimizer(iter(named_parameters.items()))
    except (TypeError, ValueError) as error:
        raise PlayError(
            f"player {player.name!r}: its optimizer cannot be made ({error}); change its settings."
        ) from error
    optimizers = list(result) if isinstance(result, Sequence) else [result]
    for optimizer in optimizers:
        if not isinstance(optimizer, Optimizer):
            raise PlayError(
                f"player {player.name!r}: its optimizer function returned a "
                f"{type(optimizer).__name__}; return an optimizer or a list of them."
            )
    groups = [group for optimizer in optimizers for group in optimizer.param_groups]
    optimized_ids = {id(p) for group in groups for p in group["params"]}
    missing = [name for name, p in named_parameters.items() if id(p) not in optimized_ids]
    if missing:
        raise PlayError(
            f"player {player.name!r}: its optimizer forgets {len(missing)} of "
            f"{len(named_parameters)} parameters ({join_names(missing)}); pass it every pair, or "
            "freeze them."
        )
    if optimized_ids - {id(p) for p in named_parameters.values()}:
        raise PlayError(
            f"player {player.name!r}: its optimizer moves parameters that it does not own; "
            "pass it the (name, parameter) pairs that it is called with."
        )
    return optimizers


def _needs_closure(optimizer: Optimizer) -> bool:
    closure = inspect.signature(type(optimizer).step).parameters.get("closure")
    return closure is not None and closure.default is inspect.Parameter.empty


def _check_shapes(name: str, parameters: Sequence[Tensor], stored: Sequence[Tensor]) -> None:
    shapes = [tuple(p.shape) for p in parameters]
    stored_shapes = [tuple(p.shape) for p in stored]
    if shapes != stored_shapes:
        mismatch = next(
            ((a, b) for a, b in zip(shapes, stored_shapes, strict=False) if a != b),
            (len(shapes), len(stored_shapes)),
        )
        raise PlayError(
            f"player {name!r}: the checkpoint holds other parameters ({mismatch[1]} where the net "
            f"has {mismatch[0]}); resume with the net that was trained."
        )
