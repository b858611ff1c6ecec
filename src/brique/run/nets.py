"""The nets that a run placed: their tensors, their best weights, what they are fed."""

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from brique import measure
from brique.errors import RunError
from brique.fit import Inputs
from brique.run.checkpoints import restore_tensors


class Nets:
    """Placed modules in order, with what the run remembers of each."""

    def __init__(self) -> None:
        self._placed: list[nn.Module] = []
        self._names: dict[nn.Module, str | None] = {}
        self._inputs: dict[nn.Module, Inputs | None] = {}
        self._looks: dict[nn.Module, RemovableHandle] = {}  # of nets that were not called yet
        self._best: dict[int, tuple[float, list[Tensor]]] = {}

    def add(self, net: nn.Module, name: str | None) -> None:
        """Take a module in; the shapes of its first input are remembered for the model's check."""
        measure.restart()
        self._placed.append(net)
        self._names[net] = name

        def look(module: nn.Module, inputs: tuple[Any, ...], named: dict[str, Any]) -> None:
            if module is not net:
                return  # a copy, which has the hook too
            plain = not named and all(isinstance(value, Tensor) for value in inputs)
            self._inputs[net] = (
                [((min(2, len(v)), *v.shape[1:]), v.dtype) for v in inputs if v.ndim]
                if plain and inputs
                else None
            )
            self._looks.pop(net).remove()

        self._looks[net] = net.register_forward_pre_hook(look, with_kwargs=True)

    def name(self, net: nn.Module, given: str) -> str | None:
        """Return the net's name in the dict that its `build` returns; None if it is all of it.

        given: the name under which it is saved, which tells for a copy of a placed net.
        """
        return self._names.get(net, given if given in self._names.values() else None)

    def inputs(self, net: nn.Module) -> Inputs | None:
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
            "inputs": {
                number: _spelled(self._inputs[net])
                for number, net in enumerate(self._placed)
                if net in self._inputs
            },
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
        for number, inputs in state["inputs"].items():
            net = self._placed[number]
            self._inputs[net] = _parsed(inputs)
            if net in self._looks:
                self._looks.pop(net).remove()


def _tensors(net: nn.Module) -> list[Tensor]:
    return [*net.parameters(), *net.buffers()]


def _spelled(inputs: Inputs | None) -> list[tuple[list[int], str]] | None:
    """Return shapes and types as a checkpoint holds them."""
    if inputs is None:
        return None
    return [(list(shape), str(kind).removeprefix("torch.")) for shape, kind in inputs]


def _parsed(spelled: list[tuple[list[int], str]] | None) -> Inputs | None:
    """Return shapes and types from a checkpoint. Raises TypeError on a type that is none."""
    if spelled is None:
        return None
    found: Inputs = []
    for shape, name in spelled:
        kind = getattr(torch, name)
        if not isinstance(kind, torch.dtype):
            raise TypeError(f"{name} is no type of tensors")
        found.append((tuple(int(side) for side in shape), kind))
    return found
