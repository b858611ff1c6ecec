"""The nets that a run placed: their tensors, best weights, and input shapes."""

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from brique import limits
from brique.errors import RunError
from brique.run.checkpoints import restore_tensors
from brique.weight_checks import Inputs


class PlacedNets:
    """Placed modules in order, with name, input shapes and best weights of each."""

    def __init__(self) -> None:
        self._placed: list[nn.Module] = []
        self._names: dict[nn.Module, str | None] = {}
        self._inputs: dict[nn.Module, Inputs | None] = {}
        self._hooks: dict[nn.Module, RemovableHandle] = {}  # of nets that were not called yet
        self._best: dict[int, tuple[float, list[Tensor]]] = {}

    def add(self, net: nn.Module, name: str | None) -> None:
        """Add a module; the model's check needs the shapes of its first input."""
        limits.restart_count()
        self._placed.append(net)
        self._names[net] = name

        def record_inputs(
            module: nn.Module, inputs: tuple[Any, ...], kwargs: dict[str, Any]
        ) -> None:
            if module is not net:
                return  # a copy of the net, which has the hook too
            has_only_tensors = not kwargs and all(isinstance(value, Tensor) for value in inputs)
            self._inputs[net] = (
                [((min(2, len(v)), *v.shape[1:]), v.dtype) for v in inputs if v.ndim]
                if has_only_tensors and inputs
                else None
            )
            self._hooks.pop(net).remove()

        self._hooks[net] = net.register_forward_pre_hook(record_inputs, with_kwargs=True)

    def name(self, net: nn.Module, saved_name: str) -> str | None:
        """Return the net's name in the dict that its `build` returns; None if it is alone.

        saved_name: its name in the model, for a copy of a placed net.
        """
        return self._names.get(net, saved_name if saved_name in self._names.values() else None)

    def inputs(self, net: nn.Module) -> Inputs | None:
        """Return (shape, type) of each tensor of the net's first call, two rows at most."""
        return self._inputs.get(net)

    def keep_best(self, net: nn.Module, score: float, weights: nn.Module | None) -> None:
        """Keep `weights`, or the net's own, if the score is its best; NaN is below all."""
        number = next((i for i, placed in enumerate(self._placed) if placed is net), None)
        if number is None:
            raise RunError("run.keep_best: the net was not placed; pass what run.place returned.")
        tensors = _tensors(net if weights is None else weights)
        if [t.shape for t in tensors] != [t.shape for t in _tensors(net)]:
            raise RunError(
                "run.keep_best: weights= is a net of other shapes than the one placed; pass a copy "
                "of it, such as game.averaged(net)."
            )
        best_score = self._best[number][0] if number in self._best else math.nan
        is_first = math.isnan(best_score) and not math.isnan(score)
        if number not in self._best or score > best_score or is_first:
            self._best[number] = (score, [t.detach().clone() for t in tensors])

    def load_best(self) -> None:
        """Load the best weights into each net that has them."""
        for number, (_, values) in self._best.items():
            restore_tensors(_tensors(self._placed[number]), values, f"net {number}")

    def forget_best(self) -> None:
        """Forget the best weights, for a new stage."""
        self._best.clear()

    def state(self) -> dict[str, Any]:
        """Return the state for a checkpoint; the tensors of the nets are not copied."""
        return {
            "placed": [_tensors(net) for net in self._placed],
            "best": {number: list(best) for number, best in self._best.items()},
            "inputs": {
                number: _inputs_to_json(self._inputs[net])
                for number, net in enumerate(self._placed)
                if net in self._inputs
            },
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Restore a state. Raises RunError when other nets were placed."""
        if len(state["placed"]) != len(self._placed):
            raise RunError(
                f"the checkpoint holds {len(state['placed'])} nets, {len(self._placed)} were "
                "placed; resume with the code and settings of the run."
            )
        for number, (net, values) in enumerate(zip(self._placed, state["placed"], strict=True)):
            restore_tensors(_tensors(net), values, f"net {number} in order of run.place")
        self._best = {number: (best[0], best[1]) for number, best in state["best"].items()}
        for number, inputs in state["inputs"].items():
            net = self._placed[number]
            self._inputs[net] = _inputs_from_json(inputs)
            if net in self._hooks:
                self._hooks.pop(net).remove()


def _tensors(net: nn.Module) -> list[Tensor]:
    return [*net.parameters(), *net.buffers()]


def _inputs_to_json(inputs: Inputs | None) -> list[tuple[list[int], str]] | None:
    """Return shapes and types in the form of a checkpoint."""
    if inputs is None:
        return None
    return [(list(shape), str(dtype).removeprefix("torch.")) for shape, dtype in inputs]


def _inputs_from_json(entries: list[tuple[list[int], str]] | None) -> Inputs | None:
    """Return shapes and types from a checkpoint. Raises TypeError on an unknown type."""
    if entries is None:
        return None
    inputs: Inputs = []
    for shape, name in entries:
        dtype = getattr(torch, name)
        if not isinstance(dtype, torch.dtype):
            raise TypeError(f"{name} is not a tensor type")
        inputs.append((tuple(int(side) for side in shape), dtype))
    return inputs
