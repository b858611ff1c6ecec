"""Checks of a loss: the leaves of its graph, non-finite numbers, and the errors of both."""

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache

import torch
from torch import Tensor, nn

from brique.errors import PlayError

MAX_NAMES = 4  # names listed in an error


def leaves(values: Iterable[Tensor]) -> list[Tensor]:
    """Return the trainable leaves of the graphs of `values`, each once."""
    leaf_by_id: dict[int, Tensor] = {}
    pending = [v.grad_fn for v in values if v.grad_fn is not None]
    leaf_by_id |= {id(v): v for v in values if v.grad_fn is None and v.requires_grad}
    visited = set(pending)
    while pending:
        node = pending.pop()
        leaf = getattr(node, "variable", None)
        if leaf is not None:
            leaf_by_id[id(leaf)] = leaf
        for next_node, _ in node.next_functions:
            if next_node is not None and next_node not in visited:
                visited.add(next_node)
                pending.append(next_node)
    return [leaf for leaf in leaf_by_id.values() if not hasattr(leaf, "_brique_gradient")]


def nested_tensors(value: object) -> Iterator[Tensor]:
    """Yield the tensors in nested tuples, lists and dicts."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from nested_tensors(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from nested_tensors(item)


def join_names(names: Sequence[str]) -> str:
    """Return names separated by commas, the first few only."""
    remaining = len(names) - MAX_NAMES
    return ", ".join(names[:MAX_NAMES]) + (f" and {remaining} more" if remaining > 0 else "")


def all_finite(values: Sequence[Tensor]) -> bool:
    """Tell whether every number is finite, in one fused check."""
    dense = [v._values() if v.is_sparse else v for v in values]
    found_inf, scale = _check_scalars(dense[0].device)
    found_inf.zero_()
    torch._amp_foreach_non_finite_check_and_unscale_(  # pyright: ignore[reportPrivateImportUsage]
        dense, found_inf, scale
    )
    return found_inf.item() == 0


@cache
def _check_scalars(device: torch.device) -> tuple[Tensor, Tensor]:
    """Return the two scalars of the fused check: its result, and a factor of one."""
    return torch.zeros((), device=device), torch.ones((), device=device)


def tensor_names(loss: Callable[..., object]) -> dict[int, str]:
    """Return names for the tensors and parameters that a loss's closure and globals hold."""
    names: dict[int, str] = {}
    pending: list[object] = [getattr(loss, "func", loss)]
    visited: set[int] = set()
    while pending:
        function = pending.pop()
        if not inspect.isfunction(function) or id(function) in visited:
            continue
        visited.add(id(function))
        scope = inspect.getclosurevars(function)
        for name, value in {**scope.globals, **scope.nonlocals}.items():
            if isinstance(value, nn.Module):
                names |= {id(p): f"{name}.{key}" for key, p in value.named_parameters()}
            elif isinstance(value, Tensor):
                names[id(value)] = name
            pending.append(value)
    return names


def unowned_leaf_error(player: str, leaf: Tensor, loss: Callable[..., object]) -> PlayError:
    """Return the error for a trainable leaf that nobody owns or reads."""
    name = tensor_names(loss).get(id(leaf))
    shape = tuple(leaf.shape)
    description = f"{name} of shape {shape}" if name else f"a trainable tensor of shape {shape}"
    return PlayError(
        f"player {player!r}: its loss reaches {description}, which no player owns; "
        "give it to a player, or name its net in Game(reads=...)."
    )


def foreign_leaf_error(player: str, owner: str, name: str) -> PlayError:
    """Return the error for a foreign parameter reached by a value from outside the loss."""
    return PlayError(
        f"player {player!r}: its loss reaches {name} of player {owner!r} through a value that was "
        "computed outside the loss; compute it inside, or share it with game.once."
    )


def idle_parameters_error(player: str, unreached: Sequence[str], count: int) -> PlayError:
    """Return the error for parameters that their owner's loss does not reach."""
    return PlayError(
        f"player {player!r}: its loss ignores {len(unreached)} of {count} parameters "
        f"({join_names(unreached)}); freeze or use them, or pass idle='allow'."
    )


def nonfinite_error(player: str, turn: int, problem: str, module: str | None) -> PlayError:
    """Return the error for a move whose loss, gradients or parameters are not finite.

    problem: what was found, such as "its loss is nan".
    module: the first module whose output is not finite, or None if all are.
    """
    cause = (
        f"the first module with such an output is {module}"
        if module
        else "every module's output is finite"
    )
    return PlayError(
        f"player {player!r}, turn {turn}: {problem}; {cause}. "
        "Lower the learning rate, clip, or check the batch; the weights are as before this move."
    )


def nonfinite_step_error(player: str, turn: int, names: Sequence[str]) -> PlayError:
    """Return the error for parameters that are not finite after a step that evaluates the loss."""
    return PlayError(
        f"player {player!r}, turn {turn}: its step left numbers that are not finite in "
        f"{join_names(names)}; lower the learning rate, or use strong_wolfe."
    )


def first_nonfinite_module(modules: Sequence[nn.Module], rerun: Callable[[], object]) -> str | None:
    """Run `rerun` and return the first module, innermost first, whose output is not finite.

    modules: the roots to watch.
    """
    names: list[str] = []
    hooks: list[torch.utils.hooks.RemovableHandle] = []
    for root in modules:
        for name, module in root.named_modules():
            label = f"{name or 'the net'} ({type(module).__name__})"

            def check_output(_: nn.Module, __: object, output: object, label: str = label) -> None:
                are_bad = (not bool(v.isfinite().all()) for v in nested_tensors(output))
                if not names and any(are_bad):
                    names.append(label)

            hooks.append(module.register_forward_hook(check_output))
    try:
        rerun()
    finally:
        for hook in hooks:
            hook.remove()
    return names[0] if names else None
