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

DEFAULT_GIGABYTES = 2.0
"""That a net may take unless `allowed` says otherwise: parameters, buffers, a forward pass."""
MAX_PARTS = 10_000
"""Modules and tensors that a net may have: the largest that are published have a third of it."""
EXAMPLE_SHARE = 1 / 16
"""Share of the memory that one example may take."""
_SAFE_SHARE = 1 / 8  # share of the memory below which a rough bound is enough
_MAX_OPERATIONS = 20_000  # of a forward pass that are looked at
_FILLS = {"uniform_", "normal_", "fill_", "zero_", "trunc_normal_", "erfinv_", "clamp_", "copy_"}
_ALLOCATION_ERROR = re.compile(
    r"tried to allocate (\d+) bytes|size calculation overflowed"
)  # by torch
_byte_limit: ContextVar[float] = ContextVar("memory", default=DEFAULT_GIGABYTES * 1e9)
_current_counter: ContextVar["_SizeCounter | None"] = ContextVar("running", default=None)

Built = TypeVar("Built")
TorchValue = Any  # of what torch passes on


class TooLarge(ModelError):
    """A net, or what it is to be given, takes more than is allowed."""


@contextmanager
def memory_allowed(gigabytes: float | None) -> Iterator[None]:
    """Let nets take so many gigabytes within the block; None: as many as before."""
    if gigabytes is not None and not 0 < gigabytes < 1e6:
        raise UsageError(f"--memory {gigabytes:g}: expected gigabytes above 0, such as 4.")
    token = _byte_limit.set(_byte_limit.get() if gigabytes is None else gigabytes * 1e9)
    try:
        yield
    finally:
        _byte_limit.reset(token)


def memory_limit() -> int:
    """Return the bytes that a net may take."""
    return int(_byte_limit.get())


@contextmanager
def limited_build(max_bytes: int | None = None) -> Iterator[None]:
    """Raise TooLarge as soon as nets that are made in the block have too many parts or bytes.

    max_bytes: bytes, where fewer are allowed than by `limit`. What `restart` is called after counts no
    more.
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
                " not believe them."
            ) from error


def restart_count() -> None:
    """Count anew: what was made so far is one net, and the next is another."""
    counter = _current_counter.get()
    if counter is not None:
        counter.parts = counter.bytes = 0


def build_on_meta(build: Callable[[], Built]) -> Built | None:
    """Return what `build` makes, without memory; None where that cannot be done.

    Raises TooLarge, and what `build` raises of brique's own errors.
    """
    try:
        with limited_build(), _MetaMode(), warnings.catch_warnings(action="ignore"):
            return build()
    except (NotImplementedError, RuntimeError, TypeError, ValueError, AttributeError):
        return None  # its making depends on values: then it is measured while it is made


def check_shapes(value: object, where: str) -> None:
    """Raise TooLarge where JSON names a "shape" of more than an example may take."""
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, Mapping):
            pending += item.values()
            shape = item.get("shape")
            if isinstance(shape, list) and all(type(side) is int for side in shape):
                size = math.prod(shape) if all(side > 0 for side in shape) else 0
                if 4 * size > EXAMPLE_SHARE * memory_limit():
                    raise TooLarge(
                        f"{where}: an example of shape {_format_shape(shape)} takes {_format_bytes(4 * size)}"
                        f" of memory, more than"
                        f" {_format_bytes(EXAMPLE_SHARE * memory_limit())}; {_raise_hint(4 * size / EXAMPLE_SHARE)}"
                    )
        elif isinstance(item, list) and item and isinstance(item[0], list | Mapping):
            pending += item


def check_forward(net: nn.Module, inputs: list[Tensor], arguments: object) -> None:
    """Raise TooLarge where one forward pass of a sketched net holds too much at once.

    inputs: on meta. arguments: of its builder; where all of these are small, so is the pass.
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
        return  # sizes depend on values, or the net takes no such input: it will be told


def _bound(inputs: list[Tensor], arguments: object) -> float:
    """Return more bytes than a pass is likely to hold: of the largest shape times the widest."""
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
    """Parts and bytes of what is being made."""

    def __init__(self, max_bytes: int) -> None:
        self.parts = self.bytes = 0
        self._max_bytes = max_bytes

    def count_module(self, _: nn.Module, __: str, module: nn.Module | None) -> None:
        """Count a module."""
        self.parts += module is not None
        if self.parts > MAX_PARTS:
            raise TooLarge(
                f"the net has more than {MAX_PARTS:,} parts; its settings are not believed."
            )

    def count_tensor(self, module: nn.Module, name: str, tensor: Tensor | None) -> None:
        """Count a parameter or buffer, before it is filled."""
        self.count_module(module, name, module if tensor is not None else None)
        self.bytes += 0 if tensor is None else tensor.numel() * tensor.element_size()
        if self.bytes > self._max_bytes:
            raise TooLarge(
                f"the net takes {_format_bytes(self.bytes)} of memory or more, and {_format_bytes(self._max_bytes)} are"
                f" allowed; {_raise_hint(self.bytes)}"
            )


class _MetaMode(TorchFunctionMode):
    """Makes tensors on meta, and fills none."""

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
    """Sums the bytes that are held at once on meta."""

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
