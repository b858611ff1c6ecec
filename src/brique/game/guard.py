"""The walk of a loss's graph, the test for numbers that are not finite, and the errors of both."""

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache

import torch
from torch import Tensor, nn

from brique.errors import PlayError

SHOWN = 4  # names in an error before it says how many more


def leaves(values: Iterable[Tensor]) -> list[Tensor]:
    """Return the trainable leaves that the graphs of `values` end in, each once."""
    found: dict[int, Tensor] = {}
    ahead = [v.grad_fn for v in values if v.grad_fn is not None]
    found |= {id(v): v for v in values if v.grad_fn is None and v.requires_grad}
    seen = set(ahead)
    while ahead:
        node = ahead.pop()
        leaf = getattr(node, "variable", None)
        if leaf is not None:
            found[id(leaf)] = leaf
        for following, _ in node.next_functions:
            if following is not None and following not in seen:
                seen.add(following)
                ahead.append(following)
    return [leaf for leaf in found.values() if not hasattr(leaf, "_brique_slope")]


def tensors(value: object) -> Iterator[Tensor]:
    """Yield the tensors in nested tuples, lists and dicts."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from tensors(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from tensors(item)


def listed(names: Sequence[str]) -> str:
    """Return names separated by commas, the first few only."""
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {more} more" if more > 0 else "")


def finite(values: Sequence[Tensor]) -> bool:
    """Tell whether every number is finite, in one fused check."""
    dense = [v._values() if v.is_sparse else v for v in values]
    found, one = _flags(dense[0].device)
    found.zero_()
    torch._amp_foreach_non_finite_check_and_unscale_(  # pyright: ignore[reportPrivateImportUsage]
        dense, found, one
    )
    return found.item() == 0


@cache
def _flags(device: torch.device) -> tuple[Tensor, Tensor]:
    """Return the two scalars that the fused check needs: what it found, and a factor of one."""
    return torch.zeros((), device=device), torch.ones((), device=device)


def known_names(loss: Callable[..., object]) -> dict[int, str]:
    """Return names for the tensors and parameters that a loss's closure and globals hold."""
    names: dict[int, str] = {}
    ahead: list[object] = [getattr(loss, "func", loss)]
    seen: set[int] = set()
    while ahead:
        function = ahead.pop()
        if not inspect.isfunction(function) or id(function) in seen:
            continue
        seen.add(id(function))
        scope = inspect.getclosurevars(function)
        for name, value in {**scope.globals, **scope.nonlocals}.items():
            if isinstance(value, nn.Module):
                names |= {id(p): f"{name}.{key}" for key, p in value.named_parameters()}
            elif isinstance(value, Tensor):
                names[id(value)] = name
            ahead.append(value)
    return names


def stranger(player: str, leaf: Tensor, loss: Callable[..., object]) -> PlayError:
    """Return the error for a trainable leaf that nobody owns or reads."""
    name = known_names(loss).get(id(leaf))
    shape = tuple(leaf.shape)
    what = f"{name} of shape {shape}" if name else f"a trainable tensor of shape {shape}"
    return PlayError(
        f"player {player!r}: its loss reaches {what}, which no player owns; "
        "give it to a player, or name its net in Game(reads=...)."
    )


def smuggled(player: str, owner: str, name: str) -> PlayError:
    """Return the error for a foreign parameter reached by a value from outside the loss."""
    return PlayError(
        f"player {player!r}: its loss reaches {name} of player {owner!r} through a value that was "
        "computed outside the loss; compute it inside, or share it with game.once."
    )


def idle(player: str, unreached: Sequence[str], count: int) -> PlayError:
    """Return the error for parameters that their owner's loss does not reach."""
    return PlayError(
        f"player {player!r}: its loss ignores {len(unreached)} of {count} parameters "
        f"({listed(unreached)}); freeze or use them, or say idle='allow'."
    )


def not_finite(player: str, turn: int, what: str, place: str | None) -> PlayError:
    """Return the error for a move whose loss, slopes or parameters are not finite.

    what: what was found, such as "its loss is nan".
    place: the first module whose output is not finite, or None if all are.
    """
    cause = (
        f"the first module with such an output is {place}"
        if place
        else "every module's output is finite"
    )
    return PlayError(
        f"player {player!r}, turn {turn}: {what}; {cause}. "
        "Lower the step length, clip, or look at the batch; the weights are those before this move."
    )


def stepped_out(player: str, turn: int, names: Sequence[str]) -> PlayError:
    """Return the error for parameters that are not finite after a step that evaluates the loss."""
    return PlayError(
        f"player {player!r}, turn {turn}: its step left numbers that are not finite in "
        f"{listed(names)}; lower the step length, or use strong_wolfe."
    )


def first_module(modules: Sequence[nn.Module], again: Callable[[], object]) -> str | None:
    """Run `again` and return the first module, innermost first, whose output is not finite.

    modules: the roots to watch.
    """
    found: list[str] = []
    hooks: list[torch.utils.hooks.RemovableHandle] = []
    for root in modules:
        for name, module in root.named_modules():
            label = f"{name or 'the net'} ({type(module).__name__})"

            def look(_: nn.Module, __: object, output: object, label: str = label) -> None:
                broken = (not bool(v.isfinite().all()) for v in tensors(output))
                if not found and any(broken):
                    found.append(label)

            hooks.append(module.register_forward_hook(look))
    try:
        again()
    finally:
        for hook in hooks:
            hook.remove()
    return found[0] if found else None
