"""The nets that a run placed: their tensors, their best weights, what they are fed."""

import math
from typing import Any

import torch
from torch import Tensor, nn

from brique import measure
from brique.errors import RunError
from brique.run.checkpoints import restore_tensors


class Nets:
    """Placed modules in order, with what the run remembers of each."""

    def __init__(self) -> None:
        self._placed: list[nn.Module] = []
        self._names: dict[nn.Module, str | None] = {}
        self._inputs: dict[nn.Module, list[tuple[tuple[int, ...], torch.dtype]] | None] = {}
        self._best: dict[int, tuple[float, list[Tensor]]] = {}

    def add(self, net: nn.Module, name: str | None) -> None:
        """Take a module in; the shapes of its first input are remembered for the model's check."""
        measure.restart()
        self._placed.append(net)
        self._names[net] = name

        def look(module: nn.Module, inputs: tuple[Any, ...], named: dict[str, Any]) -> None:
            plain = not named and all(isinstance(value, Tensor) for value in inputs)
            self._inputs[module] = (
                [((min(2, len(v)), *v.shape[1:]), v.dtype) for v in inputs if v.ndim]
                if plain and inputs
                else None
            )
            handle.remove()

        handle = net.register_forward_pre_hook(look, with_kwargs=True)

    def name(self, net: nn.Module, given: str) -> str | None:
        """Return the net's name in the dict that its `build` returns; None if it is all of it.

        given: the name under which it is saved, which tells for a copy of a placed net.
        """
        return self._names.get(net, given if given in self._names.values() else None)

    def inputs(self, net: nn.Module) -> list[tuple[tuple[int, ...], torch.dtype]] | None:
        """Return (shape, type) of each tensor of the net's first call, two rows at most."""
        return self._inputs.get(net)

    def keep_best(self, net: nn.Module, score: float, weights: nn.Module | None) -> None:
        """Remember `weights`, or the net's own, if the score is its highest; NaN is below all."""
        number = next((i for i, placed in enumerate(self._placed) if placed is net), None)
        if number is None:
            raise RunError("run.keep_best: the net was not placed; pass what run.place returned.")
        tensors = _tensors(net if weights is None else weights)
        if [t.shape for t in tensors] != [t.shape for t in _tensors(net)]:
            raise RunError(
                "run.keep_best: weights= is a net of other shapes than the one placed; pass a copy "
                "of it, such as game.averaged(net)."
            )
        known = self._best[number][0] if number in self._best else math.nan
        is_first = math.isnan(known) and not math.isnan(score)
        if number not in self._best or score > known or is_first:
            self._best[number] = (score, [t.detach().clone() for t in tensors])

    def take_best(self) -> None:
        """Give each net that has them its best weights."""
        for number, (_, values) in self._best.items():
            restore_tensors(_tensors(self._placed[number]), values, f"net {number}")

    def forget_best(self) -> None:
        """Start a new stage without scores."""
        self._best.clear()

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint holds; the tensors of the nets are not copied."""
        return {
            "placed": [_tensors(net) for net in self._placed],
            "best": {number: list(kept) for number, kept in self._best.items()},
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take over a state. Raises RunError when other nets were placed."""
        if len(state["placed"]) != len(self._placed):
            raise RunError(
                f"the checkpoint holds {len(state['placed'])} nets, {len(self._placed)} were "
                "placed; resume with the code and settings of the run."
            )
        for number, (net, values) in enumerate(zip(self._placed, state["placed"], strict=True)):
            restore_tensors(_tensors(net), values, f"net {number} in order of run.place")
        self._best = {number: (kept[0], kept[1]) for number, kept in state["best"].items()}


def _tensors(net: nn.Module) -> list[Tensor]:
    return [*net.parameters(), *net.buffers()]
