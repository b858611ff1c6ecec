"""How large a net is, before it is built: its parts are counted, its memory is summed on meta.

A file that names a net may name one that fills the memory. `building` counts modules and bytes
while a net is made and stops at a limit, `sketched` makes it without any memory, and `check_use`
sums what one forward pass holds at once. `allowed` sets the limit.
"""

import math
import re
import warnings
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.nn.modules import module as hooks
from torch.overrides import TorchFunctionMode
from torch.utils._device import _device_constructors
from torch.utils._python_dispatch import TorchDispatchMode

from brique.errors import ModelError, UsageError

GIGABYTES = 2.0
"""That a net may take unless `allowed` says otherwise: parameters, buffers, a forward pass."""
PARTS = 10_000
"""Modules and tensors that a net may have: the largest that are published have a third of it."""
EXAMPLE = 1 / 16
"""Share of the memory that one example may take."""
_SURE = 1 / 8  # share of the memory below which a rough bound is enough
_OPERATIONS = 20_000  # of a forward pass that are looked at
_FILLS = {"uniform_", "normal_", "fill_", "zero_", "trunc_normal_", "erfinv_", "clamp_", "copy_"}
_UNALLOCATED = re.compile(r"tried to allocate (\d+) bytes|size calculation overflowed")  # by torch
_memory: ContextVar[float] = ContextVar("memory", default=GIGABYTES * 1e9)
_running: ContextVar["_Count | None"] = ContextVar("running", default=None)

Made = TypeVar("Made")
Of = Any  # of what torch passes on


class TooLarge(ModelError):
    """A net, or what it is to be given, takes more than is allowed."""


@contextmanager
def allowed(gigabytes: float | None) -> Iterator[None]:
    """Let nets take so many gigabytes within the block; None: as many as before."""
    if gigabytes is not None and not 0 < gigabytes < 1e6:
        raise UsageError(f"--memory {gigabytes:g}: expected gigabytes above 0, such as 4.")
    token = _memory.set(_memory.get() if gigabytes is None else gigabytes * 1e9)
    try:
        yield
    finally:
        _memory.reset(token)


def limit() -> int:
    """Return the bytes that a net may take."""
    return int(_memory.get())


@contextmanager
def building(most: int | None = None) -> Iterator[None]:
    """Raise TooLarge as soon as nets that are made in the block have too many parts or bytes.

    most: bytes, where fewer are allowed than by `limit`. What `restart` is called after counts no
    more.
    """
    count = _Count(limit() if most is None else min(most, limit()))
    token = _running.set(count)
    with ExitStack() as stack:
        stack.callback(_running.reset, token)
        for register, hook in (
            (hooks.register_module_module_registration_hook, count.part),
            (hooks.register_module_parameter_registration_hook, count.tensor),
            (hooks.register_module_buffer_registration_hook, count.tensor),
        ):
            stack.callback(register(hook).remove)
        try:
            yield
        except RuntimeError as error:
            if (found := _UNALLOCATED.search(str(error))) is None:
                raise
            size = f" of {_said(int(found[1]))}" if found[1] else ""
            raise TooLarge(
                f"a tensor{size} is more than the memory holds; if these settings are not yours, do"
                " not believe them."
            ) from error


def restart() -> None:
    """Count anew: what was made so far is one net, and the next is another."""
    count = _running.get()
    if count is not None:
        count.parts = count.bytes = 0


def sketched(make: Callable[[], Made]) -> Made | None:
    """Return what `make` makes, without memory; None where that cannot be done.

    Raises TooLarge, and what `make` raises of brique's own errors.
    """
    try:
        with building(), _Sketch(), warnings.catch_warnings(action="ignore"):
            return make()
    except (NotImplementedError, RuntimeError, TypeError, ValueError, AttributeError):
        return None  # its making depends on values: then it is measured while it is made


def check_shapes(value: object, where: str) -> None:
    """Raise TooLarge where JSON names a "shape" of more than an example may take."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, Mapping):
            waiting += one.values()
            shape = one.get("shape")
            if isinstance(shape, list) and all(type(side) is int for side in shape):
                size = math.prod(shape) if all(side > 0 for side in shape) else 0
                if 4 * size > EXAMPLE * limit():
                    raise TooLarge(
                        f"{where}: an example of shape {_sides(shape)} takes {_said(4 * size)}"
                        f" of memory, more than"
                        f" {_said(EXAMPLE * limit())}; {_raise(4 * size / EXAMPLE)}"
                    )
        elif isinstance(one, list) and one and isinstance(one[0], list | Mapping):
            waiting += one


def check_use(net: nn.Module, inputs: list[Tensor], arguments: object) -> None:
    """Raise TooLarge where one forward pass of a sketched net holds too much at once.

    inputs: on meta. arguments: of its builder; where all of these are small, so is the pass.
    """
    if _bound(inputs, arguments) < _SURE * limit():
        return
    used = sum(one.nbytes for one in (*net.parameters(), *net.buffers()))
    watch = _Watch(limit() - used, used)
    try:
        with torch.no_grad(), watch:
            net.eval()(*inputs)
    except TooLarge:
        raise
    except (NotImplementedError, RuntimeError, TypeError, ValueError, AttributeError, IndexError):
        return  # sizes depend on values, or the net takes no such input: it will be told


def _bound(inputs: list[Tensor], arguments: object) -> float:
    """Return more bytes than a pass is likely to hold: of the largest shape times the widest."""
    widest, largest, waiting = 64, max([one.numel() for one in inputs] or [0]), [arguments]
    while waiting:
        one = waiting.pop()
        if isinstance(one, Mapping):
            waiting += one.values()
        elif isinstance(one, list | tuple):
            sides = [side for side in one if type(side) is int]
            largest = max(largest, math.prod(sides)) if len(sides) == len(one) < 6 else largest
            waiting += one if len(sides) < len(one) else []
        elif type(one) is int:
            widest = max(widest, one)
    return 16.0 * min(largest, 1 << 60) * min(widest, 1 << 60)


class _Count:
    """Parts and bytes of what is being made."""

    def __init__(self, most: int) -> None:
        self.parts = self.bytes = 0
        self._most = most

    def part(self, _: nn.Module, __: str, part: nn.Module | None) -> None:
        """Count a module."""
        self.parts += part is not None
        if self.parts > PARTS:
            raise TooLarge(f"the net has more than {PARTS:,} parts; its settings are not believed.")

    def tensor(self, module: nn.Module, name: str, tensor: Tensor | None) -> None:
        """Count a parameter or buffer, before it is filled."""
        self.part(module, name, module if tensor is not None else None)
        self.bytes += 0 if tensor is None else tensor.numel() * tensor.element_size()
        if self.bytes > self._most:
            raise TooLarge(
                f"the net takes {_said(self.bytes)} of memory or more, and {_said(self._most)} are"
                f" allowed; {_raise(self.bytes)}"
            )


class _Sketch(TorchFunctionMode):
    """Makes tensors on meta, and fills none."""

    def __torch_function__(self, func: Of, types: Of, args: Of = (), kwargs: Of = None) -> Of:
        named = kwargs or {}
        if getattr(func, "__name__", "") in _FILLS and args and args[0].is_meta:
            return args[0]
        if func in _device_constructors() and named.get("device") is None:
            named = {**named, "device": "meta"}
        return func(*args, **named)


class _Watch(TorchDispatchMode):
    """Sums the bytes that are held at once on meta."""

    def __init__(self, most: float, used: float) -> None:
        super().__init__()
        self._most, self._used = most, used
        self._held = self._operations = 0
        self._seen: weakref.WeakKeyDictionary[Any, int] = weakref.WeakKeyDictionary()

    def __torch_dispatch__(self, func: Of, types: Of, args: Of = (), kwargs: Of = None) -> Of:
        out = func(*args, **(kwargs or {}))
        self._operations += 1
        if self._operations > _OPERATIONS:
            raise RuntimeError("enough")
        for one in out if isinstance(out, tuple | list) else [out]:
            if isinstance(one, Tensor) and one.untyped_storage() not in self._seen:
                self._hold(one.untyped_storage())
        return out

    def _hold(self, storage: Any) -> None:  # noqa: ANN401
        size = storage.nbytes()
        self._seen[storage] = size
        self._held += size
        weakref.finalize(storage, self._let_go, size)
        if self._held > self._most:
            total = self._held + self._used
            raise TooLarge(
                f"the net takes {_said(total)} of memory or more to answer one input, and"
                f" {_said(limit())} are allowed; {_raise(total)}"
            )

    def _let_go(self, size: int) -> None:
        self._held -= size


def _sides(shape: list[int]) -> str:
    return " x ".join(f"{side:.4g}" if side > 10**9 else str(side) for side in shape[:6])


def _said(size: float) -> str:
    return f"{size / 1e9:,.3g} GB"


def _raise(size: float) -> str:
    return f"raise that with --memory {max(1, math.ceil(size / 1e9))} if you trust who made it."
