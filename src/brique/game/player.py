"""A player: the parameters it owns, the loss it pays, the optimizer that moves it."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any, Literal

from torch import Tensor, nn
from torch.optim import Optimizer

from brique.errors import PlayError
from brique.game.schedule import Schedule

Model = nn.Module | Sequence[nn.Module] | Sequence[nn.Parameter]
Loss = Callable[[Any], Tensor | tuple[Tensor, Tensor | float]]  # Any: what the stream gives
OptimizerFactory = Callable[[Iterable[tuple[str, nn.Parameter]]], Optimizer | Sequence[Optimizer]]


@dataclass(frozen=True, eq=False)
class Player:
    """The parameters, the loss and the optimizer of one side of a game.

    name: in logs and errors; letters, digits, - and _.
    model: the parameters it owns: a module, a list of modules, or a list of parameters. Parameters
        whose `requires_grad` is off when the Game is created belong to nobody.
    loss: batch -> a scalar (a mean over the batch) or (sum, count); it may read any net, and
        updates this player's parameters only.
    optimizer: called once with the owned (name, parameter) pairs; returns one optimizer or a list.
    every: k: moves only in the turns k - 1, 2k - 1, ...
    schedule: progress in [0, 1) -> factor of the learning rate.
    clip: maximum norm of all its gradients together, above 0.
    average: decay of an exponential average of its parameters, in (0, 1); see `Game.averaged`.
    shares: names of the players that own some of the same parameters.
    idle: "error": a parameter that its loss does not reach in the first turn is an error; "allow".
    Raises PlayError when a setting is invalid.
    """

    name: str
    model: Model
    loss: Loss
    optimizer: OptimizerFactory
    _: KW_ONLY
    every: int = 1
    schedule: Schedule | None = None
    clip: float | None = None
    average: float | None = None
    shares: tuple[str, ...] = ()
    idle: Literal["error", "allow"] = "error"

    def __post_init__(self) -> None:
        """Check every setting."""
        where = f"player {self.name!r}"
        if not isinstance(self.name, str) or not re.fullmatch(r"[A-Za-z0-9_-]+", self.name):
            raise PlayError(f"{where}: its name must be of letters, digits, - and _; rename it.")
        if not callable(self.loss):
            raise PlayError(
                f"{where}: its loss is {_type_name(self.loss)}; pass a function of the batch."
            )
        if isinstance(self.optimizer, Optimizer) or not callable(self.optimizer):
            raise PlayError(
                f"{where}: its optimizer is {_type_name(self.optimizer)}; pass a function of the "
                "(name, parameter) pairs, such as functools.partial(torch.optim.Adam, lr=1e-3)."
            )
        if isinstance(self.shares, str):
            raise PlayError(f"{where}: shares is a string; write shares=({self.shares!r},).")
        checks = {
            "every": (isinstance(self.every, int) and self.every >= 1, "a whole number from 1"),
            "clip": (self.clip is None or self.clip > 0, "above 0"),
            "average": (self.average is None or 0 < self.average < 1, "between 0 and 1"),
            "idle": (self.idle in ("error", "allow"), "'error' or 'allow'"),
        }
        for name, (is_valid, expected) in checks.items():
            if not is_valid:
                values = {"every": self.every, "clip": self.clip, "average": self.average}
                raise PlayError(
                    f"{where}: {name} must be {expected}, but is {values.get(name, self.idle)!r}."
                )

    def modules(self) -> list[nn.Module]:
        """Return the modules that it owns, none if its model is a list of parameters."""
        return [part for part in self._parts() if isinstance(part, nn.Module)]

    def parameters(self) -> dict[str, nn.Parameter]:
        """Return its trainable parameters by name, each once. Raises PlayError if it has none."""
        parts = self._parts()
        single = isinstance(self.model, nn.Module)
        named: dict[str, nn.Parameter] = {}
        for number, part in enumerate(parts):
            if isinstance(part, nn.Module):
                prefix = "" if single else f"{number}."
                named |= {prefix + name: value for name, value in part.named_parameters()}
            else:
                named[str(number)] = part
        unique = {id(p): name for name, p in reversed(named.items()) if p.requires_grad}
        trainable = {name: p for name, p in named.items() if unique.get(id(p)) == name}
        if not trainable:
            raise PlayError(
                f"player {self.name!r}: {len(named)} of {len(named)} parameters are frozen or "
                "absent; give it something to move, or name its nets in Game(reads=...)."
            )
        return trainable

    def _parts(self) -> list[nn.Module | nn.Parameter]:
        if isinstance(self.model, nn.Module):
            return [self.model]
        parts = list(self.model)
        for part in parts:
            if not isinstance(part, nn.Module | Tensor):
                raise PlayError(
                    f"player {self.name!r}: its model holds {_type_name(part)}; pass a module, a "
                    "list of modules or a list of parameters."
                )
        return parts


def _type_name(value: object) -> str:
    return f"a {type(value).__name__}"
