"""One player's move: its loss on every piece of the batch, the slopes, the guard, the step."""

from collections.abc import Callable
from typing import Any, TypeVar

import torch
from torch import Tensor

from brique.errors import PlayError
from brique.game import guard
from brique.game.draws import Mark, Span
from brique.game.seat import Seat
from brique.game.table import Table

Result = TypeVar("Result")


class Move:
    """What one player does in one turn."""

    def __init__(self, table: Table, seat: Seat, batch: Any, turn: int) -> None:
        self._table, self._seat, self._batch, self._turn = table, seat, batch, turn
        self._start: Mark  # where the draws stood when the evaluation began

    def play(self, progress: float | None) -> Tensor:
        """Compute the loss, move, and return the loss, 0-d and without graph."""
        seat = self._seat
        if seat.closure:
            seat.scale_steps(progress)
            return self._play_closure()
        loss = self._guarded(self._evaluate)
        self.step(progress)
        return loss

    def slopes(self) -> tuple[Tensor, list[Tensor | None]]:
        """Compute the loss and take the slopes away, for a step that comes later."""
        loss = self._guarded(self._evaluate)
        found = [parameter.grad for parameter in self._seat.parameters]
        for parameter in self._seat.parameters:
            parameter.grad = None
        return loss, found

    def step(self, progress: float | None) -> None:
        """Move by the slopes that the parameters hold."""
        self._seat.scale_steps(progress)
        self._seat.step()
        self._table.shelf.moved(self._seat.number)

    def _guarded(self, compute: Callable[[], Result]) -> Result:
        """Compute; when memory runs out, put buffers and draws back and halve the pieces."""
        table = self._table
        table.every_buffer.take()
        while True:
            self._start = table.draws.mark()
            try:
                return compute()
            except (torch.OutOfMemoryError, MemoryError, RuntimeError) as error:
                if not _is_out_of_memory(error):
                    raise
                reason = str(error).splitlines()[0]
            finally:
                table.draws.move_ends()
            # outside the handler, whose traceback would keep the tensors of the attempt alive
            table.every_buffer.put_back()
            table.draws.rewind(self._start)
            table.shelf.clear()
            self._halve(reason)

    def _play_closure(self) -> Tensor:
        """Let an optimizer evaluate the loss as often as it likes; return the first value."""
        seat, first = self._seat, list[Tensor]()
        start = self._table.draws.mark()

        def closure() -> Tensor:
            self._table.draws.rewind(start)
            loss = self._guarded(lambda: self._evaluate(guarded=not first))
            first.append(loss)
            return loss

        seat.optimizers[0].step(closure)  # pyright: ignore[reportCallIssue, reportArgumentType]
        seat.follow()
        self._table.shelf.moved(seat.number)
        if not guard.finite([p.detach() for p in seat.parameters]):
            pairs = zip(seat.names, seat.parameters, strict=True)
            bad = [name for name, p in pairs if not bool(p.isfinite().all())]
            raise guard.stepped_out(seat.name, self._turn, bad)
        return first[0]

    def _evaluate(self, guarded: bool = True) -> Tensor:
        """Return the loss of the whole batch; its slopes lie in the player's parameters."""
        seat, table = self._seat, self._table
        for parameter in seat.parameters:
            parameter.grad = None
        pieces = self._pieces()
        if len(pieces) > 1 or seat.closure:
            table.shelf.clear()
        total: Tensor | None = None
        count: Tensor | float | None = None
        with seat.regime:
            for number, (piece, span) in enumerate(pieces):
                if number:
                    table.shelf.clear()
                loss, part = self._differentiate(piece, span, number, len(pieces))
                total = loss if total is None else total + loss
                count = part if count is None or part is None else count + part
        assert total is not None
        if count is not None and len(pieces) > 1:
            torch._foreach_div_(seat.slopes(), count)  # type: ignore[arg-type]
            total = total / count
        self._check(total, guarded)
        return total

    def _differentiate(
        self,
        piece: Any,
        span: Span,
        number: int,
        pieces: int,
    ) -> tuple[Tensor, Tensor | float | None]:
        """Add the slopes of one piece; return its share of the loss, or (sum, count)."""
        seat, table = self._seat, self._table
        table.draws.enter(seat.key, number, span)
        table.asking, table.borrowed = seat, []
        try:
            value = seat.player.loss(piece)
        finally:
            table.asking = None
        count = None
        if isinstance(value, tuple):
            value, count = value
            self._check_loss(value)
            if pieces == 1:
                value = value / count
        else:
            self._check_loss(value)
            if span is not None and pieces > 1:
                value = value * ((span[1] - span[0]) / span[2])
        if not seat.checked:
            self._walk(value)
        kept = [leaf.grad for leaf in table.borrowed]
        value.backward()
        for leaf, slope in zip(table.borrowed, kept, strict=True):
            leaf.grad = slope
        return value.detach(), count

    def _pieces(self) -> list[tuple[Any, Span]]:
        """Return the pieces of the batch, each with its rows (first, last + 1, all).

        What can be cut is a tensor, or says so by a method `cut(first, last)`.
        """
        batch, micro = self._batch, self._table.micro
        if (isinstance(batch, Tensor) and batch.ndim > 0) or hasattr(batch, "cut"):
            rows = len(batch)
        elif micro is not None:
            raise PlayError(
                f"Game: micro={micro} cannot cut a batch of type {type(batch).__name__}; give "
                "batches of brique.data or tensors, or leave micro out."
            )
        else:
            return [(batch, None)]
        if micro is None or rows <= micro:
            return [(batch, (0, rows, rows))]
        spans = [(a, min(a + micro, rows), rows) for a in range(0, rows, micro)]
        if isinstance(batch, Tensor):
            return [(batch[a:b], (a, b, rows)) for a, b, _ in spans]
        return [(batch.cut(a, b), (a, b, rows)) for a, b, _ in spans]

    def _halve(self, reason: str) -> None:
        """Halve the pieces, or say that they cannot be halved."""
        rows = self._pieces()[0][1]
        size = 1 if rows is None else rows[1] - rows[0]
        if size < 2:
            what = "one sample" if rows else f"a batch of type {type(self._batch).__name__}"
            raise PlayError(
                f"player {self._seat.name!r}, turn {self._turn}: out of memory with {what} "
                f"({reason}); take a smaller net or smaller samples."
            )
        self._table.micro = (size + 1) // 2

    def _check_loss(self, value: object) -> None:
        """Raise PlayError unless the loss is a trainable scalar."""
        where = f"player {self._seat.name!r}: its loss"
        if not isinstance(value, Tensor):
            raise PlayError(
                f"{where} returned a {type(value).__name__}; return a scalar tensor (a mean over "
                "the batch) or (sum, count)."
            )
        if value.ndim > 0:
            raise PlayError(
                f"{where} returned a tensor of shape {tuple(value.shape)}, a scalar was expected; "
                "take its mean."
            )
        if not value.requires_grad:
            raise PlayError(
                f"{where} depends on none of its {len(self._seat.parameters)} parameters; compute "
                "it from its own net."
            )

    def _walk(self, loss: Tensor) -> None:
        """Raise PlayError for a trainable leaf that this player must not move."""
        seat, table = self._seat, self._table
        own = {id(p) for p in seat.parameters} | {id(leaf) for leaf in table.borrowed}
        for leaf in guard.leaves([loss]):
            if id(leaf) in own:
                continue
            if id(leaf) in table.owners:
                owner = table.seats[min(table.owners[id(leaf)])]
                names = zip(owner.parameters, owner.names, strict=True)
                name = next(name for p, name in names if p is leaf)
                raise guard.smuggled(seat.name, owner.name, name)
            raise guard.stranger(seat.name, leaf, seat.player.loss)

    def _check(self, loss: Tensor, guarded: bool) -> None:
        """Raise PlayError on idle parameters in the first turn, and on numbers not finite."""
        seat = self._seat
        if not seat.checked:
            pairs = zip(seat.names, seat.parameters, strict=True)
            unreached = [name for name, p in pairs if p.grad is None]
            if unreached and seat.player.idle == "error":
                raise guard.idle(seat.name, unreached, len(seat.names))
            seat.checked = True
        if guarded and not guard.finite([loss, *seat.slopes()]):
            raise self._explained(loss)

    def _explained(self, loss: Tensor) -> PlayError:
        """Find the first module whose output is not finite, by a second forward."""
        table, seat = self._table, self._seat
        table.every_buffer.put_back()
        broken = not bool(loss.isfinite())
        pairs = zip(seat.names, seat.parameters, strict=True)
        bad = [n for n, p in pairs if p.grad is not None and not bool(p.grad.isfinite().all())]
        what = (
            f"its loss is {loss.item()}"
            if broken
            else f"slopes of {guard.listed(bad)} are not finite"
        )
        places: list[str | None] = []

        def again() -> None:
            table.draws.rewind(self._start)
            with seat.regime, torch.enable_grad():
                for number, (piece, span) in enumerate(self._pieces()):
                    table.draws.enter(seat.key, number, span)
                    table.shelf.clear()
                    table.asking = seat
                    seat.player.loss(piece)

        roots = dict.fromkeys(m for other in table.seats for m in other.player.modules())
        roots |= dict.fromkeys(table.reads)
        try:
            places.append(guard.first_module(list(roots), again))
        except Exception as error:  # the second forward is only a help: the finding stands
            what += f" (a second forward failed: {type(error).__name__})"
            places.append(None)
        finally:
            table.asking = None
            table.draws.move_ends()
            table.every_buffer.put_back()
        return guard.not_finite(seat.name, self._turn, what, places[0])


def _is_out_of_memory(error: BaseException) -> bool:
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return "out of memory" in str(error) or "can't allocate memory" in str(error)
