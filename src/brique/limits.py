"""Limits on the size of a net from an untrusted file, checked before it takes memory.

`limited_build` counts modules and bytes during a build and stops at a limit, `build_on_meta` builds
without memory, and `check_forward` sums the memory of one forward pass. `memory_allowed` sets the
limit.
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

DEFAULT_GIGABYTES = 2.0
"""The default limit on parameters, buffers and a forward pass; see `memory_allowed`."""
MAX_PARTS = 10_000
"""Maximum number of modules and tensors; the largest published nets have a third of it."""
EXAMPLE_SHARE = 1 / 16
"""Maximum share of the memory for one example."""
_SAFE_SHARE = 1 / 8  # of the memory; below it a rough bound is enough
_MAX_OPERATIONS = 20_000  # of a forward pass that are counted
_FILLS = {"uniform_", "normal_", "fill_", "zero_", "trunc_normal_", "erfinv_", "clamp_", "copy_"}
# torch's errors for too much memory
_ALLOCATION_ERROR = re.compile(r"tried to allocate (\d+) bytes|size calculation overflowed")
_byte_limit: ContextVar[float] = ContextVar("memory", default=DEFAULT_GIGABYTES * 1e9)
_current_counter: ContextVar["_SizeCounter | None"] = ContextVar("running", default=None)

Built = TypeVar("Built")
TorchValue = Any  # whatever torch passes


class TooLarge(ModelError):
    """A net, or its input, takes more memory than allowed."""


@contextmanager
def memory_allowed(gigabytes: float | None) -> Iterator[None]:
    """Set the memory limit of nets in the block; None: the limit stays."""
    if gigabytes is not None and not 0 < gigabytes < 1e6:
        raise UsageError(f"--memory {gigabytes:g}: expected gigabytes above 0, such as 4.")
    token = _byte_limit.set(_byte_limit.get() if gigabytes is None else gigabytes * 1e9)
    try:
        yield
    finally:
        _byte_limit.reset(token)


def memory_limit() -> int:
    """Return the memory limit of a net, in bytes."""
    return int(_byte_limit.get())


@contextmanager
def limited_build(max_bytes: int | None = None) -> Iterator[None]:
    """Raise TooLarge as soon as a net built in the block has too many parts or bytes.

    max_bytes: a lower limit than `memory_limit`. `restart_count` starts the count of another net.
    """
    counter = _SizeCounter(memory_limit() if max_bytes is None else min(max_bytes, memory_limit()))
    token = _current_counter.set(counter)
    with ExitStack() as stack:
        stack.callback(_current_counter.reset, token)
        for register, hook in (
            (hooks.register_module_module_registration_hook, counter.count_module),
            (hooks.register_module_parameter_registration_hook, counter.count_tensor),
            (hooks.register_module_buffer_registration_hook, counter.count_tensor),
        ):
            stack.callback(register(hook).remove)
        try:
            yield
        except RuntimeError as error:
            if (match := _ALLOCATION_ERROR.search(str(error))) is None:
                raise
            size = f" of {_format_bytes(int(match[1]))}" if match[1] else ""
            raise TooLarge(
                f"a tensor{size} is more than the memory holds; if these settings are not yours, do"
                " not trust them."
            ) from error


def restart_count() -> None:
    """Restart the count: the next modules belong to another net."""
    counter = _current_counter.get()
    if counter is not None:
        counter.parts = counter.bytes = 0


def build_on_meta(build: Callable[[], Built]) -> Built | None:
    """Return the result of `build` on the meta device, or None where that is impossible.

    Raises TooLarge, and brique's errors that `build` raises.
    """
    try:
        with limited_build(), _MetaMode(), warnings.catch_warnings(action="ignore"):
            return build()
    except (NotImplementedError, RuntimeError, TypeError, ValueError, AttributeError):
        return None  # the build depends on values: `limited_build` counts it


def check_shapes(value: object, where: str) -> None:
    """Raise TooLarge when JSON has a "shape" that is too large for an example."""
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, Mapping):
            pending += item.values()
            shape = item.get("shape")
            if isinstance(shape, list) and all(type(side) is int for side in shape):
                _check_shape(shape, where)
        elif isinstance(item, list) and item and isinstance(item[0], list | Mapping):
            pending += item


def _check_shape(shape: list[int], where: str) -> None:
    size = 4 * math.prod(shape) if all(side > 0 for side in shape) else 0
    limit = EXAMPLE_SHARE * memory_limit()
    if size > limit:
        raise TooLarge(
            f"{where}: an example of shape {_format_shape(shape)} takes {_format_bytes(size)} of "
            f"memory, more than {_format_bytes(limit)}; {_raise_hint(size / EXAMPLE_SHARE)}"
        )


def check_forward(net: nn.Module, inputs: list[Tensor], arguments: object) -> None:
    """Raise TooLarge when one forward pass of a net on meta takes too much memory.

    inputs: on meta. arguments: of its builder; if all are small, so is the pass.
    """
    if _bound(inputs, arguments) < _SAFE_SHARE * memory_limit():
        return
    used = sum(tensor.nbytes for tensor in (*net.parameters(), *net.buffers()))
    tracker = _MemoryTracker(memory_limit() - used, used)
    try:
        with torch.no_grad(), tracker:
            net.eval()(*inputs)
    except TooLarge:
        raise
    except (NotImplementedError, RuntimeError, TypeError, ValueError, AttributeError, IndexError):
        return  # sizes depend on values, or the input is invalid: a later error says so


def _bound(inputs: list[Tensor], arguments: object) -> float:
    """Return a rough upper bound of a pass in bytes: the largest shape times the widest layer."""
    widest, largest, pending = 64, max([item.numel() for item in inputs] or [0]), [arguments]
    while pending:
        item = pending.pop()
        if isinstance(item, Mapping):
            pending += item.values()
        elif isinstance(item, list | tuple):
            sides = [side for side in item if type(side) is int]
            largest = max(largest, math.prod(sides)) if len(sides) == len(item) < 6 else largest
            pending += item if len(sides) < len(item) else []
        elif type(item) is int:
            widest = max(widest, item)
    return 16.0 * min(largest, 1 << 60) * min(widest, 1 << 60)


class _SizeCounter:
    """Counts the parts and bytes of a net during its build."""

    def __init__(self, max_bytes: int) -> None:
        self.parts = self.bytes = 0
        self._max_bytes = max_bytes

    def count_module(self, _: nn.Module, __: str, module: nn.Module | None) -> None:
        """Count a module."""
        self.parts += module is not None
        if self.parts > MAX_PARTS:
            raise TooLarge(f"the net has more than {MAX_PARTS:,} parts; do not trust its settings.")

    def count_tensor(self, module: nn.Module, name: str, tensor: Tensor | None) -> None:
        """Count a parameter or buffer, before it is filled."""
        self.count_module(module, name, module if tensor is not None else None)
        self.bytes += 0 if tensor is None else tensor.numel() * tensor.element_size()
        if self.bytes > self._max_bytes:
            raise TooLarge(
                f"the net takes {_format_bytes(self.bytes)} of memory or more, and "
                f"{_format_bytes(self._max_bytes)} are allowed; {_raise_hint(self.bytes)}"
            )


class _MetaMode(TorchFunctionMode):
    """Creates tensors on meta, and fills none."""

    def __torch_function__(
        self, func: TorchValue, types: TorchValue, args: TorchValue = (), kwargs: TorchValue = None
    ) -> TorchValue:
        options = kwargs or {}
        if getattr(func, "__name__", "") in _FILLS and args and args[0].is_meta:
            return args[0]
        if func in _device_constructors() and options.get("device") is None:
            options = {**options, "device": "meta"}
        return func(*args, **options)


class _MemoryTracker(TorchDispatchMode):
    """Sums the bytes of live tensors on meta."""

    def __init__(self, max_bytes: float, used: float) -> None:
        super().__init__()
        self._max_bytes, self._used = max_bytes, used
        self._live_bytes = self._operations = 0
        self._storages: weakref.WeakKeyDictionary[Any, int] = weakref.WeakKeyDictionary()

    def __torch_dispatch__(
        self, func: TorchValue, types: TorchValue, args: TorchValue = (), kwargs: TorchValue = None
    ) -> TorchValue:
        out = func(*args, **(kwargs or {}))
        self._operations += 1
        if self._operations > _MAX_OPERATIONS:
            raise RuntimeError("enough")
        for output in out if isinstance(out, tuple | list) else [out]:
            if isinstance(output, Tensor) and output.untyped_storage() not in self._storages:
                self._add_storage(output.untyped_storage())
        return out

    def _add_storage(self, storage: Any) -> None:  # noqa: ANN401
        size = storage.nbytes()
        self._storages[storage] = size
        self._live_bytes += size
        weakref.finalize(storage, self._release, size)
        if self._live_bytes > self._max_bytes:
            total = self._live_bytes + self._used
            raise TooLarge(
                f"the net takes {_format_bytes(total)} of memory or more to answer one input, and"
                f" {_format_bytes(memory_limit())} are allowed; {_raise_hint(total)}"
            )

    def _release(self, size: int) -> None:
        self._live_bytes -= size


def _format_shape(shape: list[int]) -> str:
    return " x ".join(f"{side:.4g}" if side > 10**9 else str(side) for side in shape[:6])


def _format_bytes(size: float) -> str:
    return f"{size / 1e9:,.3g} GB"


def _raise_hint(size: float) -> str:
    return f"raise that with --memory {max(1, math.ceil(size / 1e9))} if you trust who made it."
