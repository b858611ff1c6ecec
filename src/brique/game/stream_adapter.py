"""One interface to a game's batches: brique streams, streams with a state, any iterable."""

from collections.abc import Iterable, Iterator, Sized
from typing import Any, Protocol, runtime_checkable

import torch

from brique.errors import PlayError


@runtime_checkable
class Seekable(Protocol):
    """A stream whose batch is a function of the turn."""

    turns: int
    per_epoch: int

    def seek(self, turn: int) -> Iterator[Any]:
        """Return the stream from a turn on, in O(1)."""
        ...

    def on(self, device: torch.device) -> "Seekable":
        """Return the stream with its batches on a device."""
        ...


@runtime_checkable
class Stateful(Protocol):
    """A stream that cannot seek (an environment, a replay buffer), but can be restored."""

    turns: int

    def __iter__(self) -> Iterator[Any]:
        """Return the stream itself; it draws in `__next__`."""
        ...

    def state(self) -> Any:
        """Return the state, for `restore`."""
        ...

    def restore(self, state: Any) -> None:
        """Continue from a state."""
        ...


class StreamAdapter:
    """One stream as the game sees it: turns, epochs, a position.

    stream: the argument of `play`.
    turns: requested length, or None.
    device: for the batches of brique streams.
    Raises PlayError when the stream cannot be played.
    """

    def __init__(self, stream: Iterable[Any], turns: int | None, device: torch.device) -> None:
        if not isinstance(stream, Iterable):
            raise PlayError(
                f"play: a stream of batches was expected, got a {type(stream).__name__}; pass "
                "split.batches(...), or data.nothing(turns) for a game without data."
            )
        if turns is not None and (not isinstance(turns, int) or turns < 1):
            raise PlayError(f"play: turns must be a whole number from 1, but is {turns!r}.")
        stream_turns = stream.turns if isinstance(stream, Seekable | Stateful) else None
        if stream_turns is not None and turns not in (None, stream_turns):
            raise PlayError(
                f"play: turns={turns}, but the stream has {stream_turns} turns; set it in one of"
                " them."
            )
        self._stream = stream.on(device) if isinstance(stream, Seekable) else stream
        length = len(stream) if isinstance(stream, Sized) else None
        self.turns: int | None = stream_turns or turns or length
        self.per_epoch: int | None = stream.per_epoch if isinstance(stream, Seekable) else length
        self._sets_progress = self.turns is not None and not isinstance(stream, Seekable)
        self._iterator: Iterator[Any] | None = None

    def seek(self, turn: int) -> None:
        """Go to a turn; a plain iterable is iterated up to there."""
        if isinstance(self._stream, Seekable):
            self._iterator = self._stream.seek(turn)
            return
        self._iterator = self._restart()
        if not isinstance(self._stream, Stateful):
            for _ in range(turn):
                next(self)

    def batch(self, turn: int) -> Any:
        """Return the batch of a turn; one that can hold the turn, but has none, gets it."""
        batch = next(self)
        if self._sets_progress:
            return batch.with_turn(turn, self.turns) if hasattr(batch, "with_turn") else batch
        return batch

    def __next__(self) -> Any:
        """Return the next batch; restart the stream at its end, if turns are left."""
        if self._iterator is None:
            self.seek(0)
        assert self._iterator is not None
        try:
            return next(self._iterator)
        except StopIteration:
            if self.turns is None:
                raise
            self._iterator = self._restart()
            try:
                return next(self._iterator)
            except StopIteration:
                raise PlayError(
                    f"play: the stream ended before {self.turns} turns and cannot be started "
                    "again; pass something that can, or fewer turns."
                ) from None

    def _restart(self) -> Iterator[Any]:
        assert isinstance(self._stream, Iterable)
        return iter(self._stream)

    def state(self) -> Any:
        """Return the state of a stream that has one."""
        return self._stream.state() if isinstance(self._stream, Stateful) else None

    def restore(self, turn: int, state: Any) -> None:
        """Go to a turn, by the state if there is one."""
        self.seek(turn)
        if isinstance(self._stream, Stateful):
            self._stream.restore(state)
