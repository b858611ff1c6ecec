"""Isolation of one player's loss: frozen parameters, modes and buffers, restored afterwards."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType

import torch
from torch import Tensor, nn

BufferSlot = tuple[dict[str, Tensor | None], str]  # a module's buffers, and the name of one


class Isolation:
    """Freezes parameters, sets modes and swaps buffers on entry; restores all on exit.

    frozen: parameters whose `requires_grad` is off inside.
    modes: modules with the mode that each has inside.
    swapped: buffers that are replaced by copies inside: a graph that stays alive does not see the
        originals change, and the originals do not see what happens inside.
    """

    def __init__(
        self,
        frozen: Sequence[nn.Parameter],
        modes: Sequence[tuple[nn.Module, bool]],
        swapped: Sequence[BufferSlot],
    ) -> None:
        self._frozen, self._modes, self._swapped = list(frozen), list(modes), list(swapped)
        self._trainable: list[nn.Parameter] = []
        self._previous_modes: list[bool] = []
        self._originals: list[Tensor | None] = []

    def __enter__(self) -> None:
        """Remember the caller's settings, then freeze, set modes and swap buffers."""
        self._trainable = [p for p in self._frozen if p.requires_grad]
        self._previous_modes = [module.training for module, _ in self._modes]
        self._originals = [buffers[name] for buffers, name in self._swapped]
        try:
            for parameter in self._trainable:
                parameter.requires_grad = False
            for module, training in self._modes:
                object.__setattr__(module, "training", training)  # nn.Module's own costs tenfold
            for (buffers, name), original in zip(self._swapped, self._originals, strict=True):
                buffers[name] = None if original is None else original.clone()
        except BaseException:
            self._restore()
            raise

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Restore everything, also after an error."""
        self._restore()

    @contextmanager
    def suspended(self) -> Iterator[None]:
        """Suspend the isolation for a block."""
        self._restore()
        try:
            yield
        finally:
            self.__enter__()

    def _restore(self) -> None:
        for parameter in self._trainable:
            parameter.requires_grad = True
        for (module, _), previous in zip(self._modes, self._previous_modes, strict=True):
            object.__setattr__(module, "training", previous)
        for (buffers, name), original in zip(self._swapped, self._originals, strict=True):
            buffers[name] = original


class BufferBackup:
    """Copies of buffers, restored when a move fails."""

    def __init__(self, slots: Sequence[BufferSlot]) -> None:
        self._slots = list(slots)
        self._originals: list[Tensor] = []
        self._copies: list[Tensor] = []

    def save(self) -> None:
        """Remember the buffers as they are."""
        if not self._slots:
            return
        current = [buffers[name] for buffers, name in self._slots]
        originals = [value for value in current if value is not None]
        if len(originals) != len(self._originals) or any(
            a is not b or a.shape != c.shape
            for a, b, c in zip(originals, self._originals, self._copies, strict=True)
        ):
            self._originals, self._copies = originals, [value.clone() for value in originals]
        else:
            # one call costs a third of a loop
            torch._foreach_copy_(self._copies, originals)  # pyright: ignore[reportPrivateImportUsage]

    def restore(self) -> None:
        """Restore the saved values of the buffers."""
        with torch.no_grad():
            for original, copy in zip(self._originals, self._copies, strict=True):
                original.copy_(copy)
