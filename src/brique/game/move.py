"""One player's move: its loss on every micro-batch, the gradients, their checks, the step."""

from collections.abc import Callable
from typing import Any, TypeVar

import torch
from torch import Tensor

from brique.errors import PlayError
from brique.game import guard
from brique.game.player_state import PlayerState
from brique.game.rng import RngState, RowSpan
from brique.game.state import GameState

Result = TypeVar("Result")


class Move:
    """What one player does in one turn."""

    def __init__(self, game: GameState, player: PlayerState, batch: Any, turn: int) -> None:
        self._game, self._player, self._batch, self._turn = game, player, batch, turn
        self._rng_state: RngState  # at the start of the current evaluation

    def play(self, progress: float | None) -> Tensor:
        """Compute the loss, move, and return the loss, 0-d and without graph."""
        player = self._player
        if player.needs_closure:
            player.scale_learning_rates(progress)
            return self._play_closure()
        loss = self._retry_smaller(self._evaluate)
        self.step(progress)
        return loss

    def gradients(self) -> tuple[Tensor, list[Tensor | None]]:
        """Compute the loss and its gradients for a later step; the parameters keep none."""
        loss = self._retry_smaller(self._evaluate)
        found = [parameter.grad for parameter in self._player.parameters]
        for parameter in self._player.parameters:
            parameter.grad = None
        return loss, found

    def step(self, progress: float | None) -> None:
        """Update the parameters by the gradients that they hold."""
        self._player.scale_learning_rates(progress)
        self._player.step()
        self._game.shared_values.discard_dependent(self._player.number)

    def _retry_smaller(self, compute: Callable[[], Result]) -> Result:
        """Compute; out of memory, restore buffers and random state and halve the micro-batches."""
        game = self._game
        game.buffer_backup.save()
        while True:
            self._rng_state = game.rng.get_state()
            try:
                return compute()
            except (torch.OutOfMemoryError, MemoryError, RuntimeError) as error:
                if not _is_out_of_memory(error):
                    raise
                reason = str(error).splitlines()[0]
            finally:
                game.rng.end_move()
            # outside the handler, whose traceback would keep the tensors of the attempt alive
            game.buffer_backup.restore()
            game.rng.set_state(self._rng_state)
            game.shared_values.clear()
            self._halve_micro(reason)

    def _play_closure(self) -> Tensor:
        """Let an optimizer evaluate the loss as often as it likes; return the first value."""
        player, losses = self._player, list[Tensor]()
        rng_state = self._game.rng.get_state()

        def closure() -> Tensor:
            self._game.rng.set_state(rng_state)
            loss = self._retry_smaller(lambda: self._evaluate(checks_finite=not losses))
            losses.append(loss)
            return loss

        player.optimizers[0].step(closure)  # pyright: ignore[reportCallIssue, reportArgumentType]
        player.update_average()
        self._game.shared_values.discard_dependent(player.number)
        if not guard.all_finite([p.detach() for p in player.parameters]):
            pairs = zip(player.names, player.parameters, strict=True)
            bad_names = [name for name, p in pairs if not bool(p.isfinite().all())]
            raise guard.nonfinite_step_error(player.name, self._turn, bad_names)
        return losses[0]

    def _evaluate(self, checks_finite: bool = True) -> Tensor:
        """Return the loss of the whole batch; its gradients are in the player's parameters."""
        player, game = self._player, self._game
        for parameter in player.parameters:
            parameter.grad = None
        micro_batches = self._micro_batches()
        if len(micro_batches) > 1 or player.needs_closure:
            game.shared_values.clear()
        total: Tensor | None = None
        count: Tensor | float | None = None
        with player.isolation:
            for index, (micro_batch, span) in enumerate(micro_batches):
                if index:
                    game.shared_values.clear()
                loss, part_count = self._differentiate(micro_batch, span, index, len(micro_batches))
                total = loss if total is None else total + loss
                count = part_count if count is None or part_count is None else count + part_count
        assert total is not None
        if count is not None and len(micro_batches) > 1:
            torch._foreach_div_(player.gradients(), count)  # type: ignore[arg-type]
            total = total / count
        self._check_gradients(total, checks_finite)
        return total

    def _differentiate(
        self,
        micro_batch: Any,
        span: RowSpan,
        index: int,
        total: int,
    ) -> tuple[Tensor, Tensor | float | None]:
        """Add the gradients of one micro-batch; return its share of the loss, or (sum, count)."""
        player, game = self._player, self._game
        game.rng.enter_player(player.key, index, span)
        game.active_player, game.borrowed_leaves = player, []
        try:
            value = player.spec.loss(micro_batch)
        finally:
            game.active_player = None
        count = None
        if isinstance(value, tuple):
            value, count = value
            self._check_loss(value)
            if total == 1:
                value = value / count
        else:
            self._check_loss(value)
            if span is not None and total > 1:
                value = value * ((span[1] - span[0]) / span[2])
        if not player.is_checked:
            self._check_leaves(value)
        previous_gradients = [leaf.grad for leaf in game.borrowed_leaves]
        value.backward()
        for leaf, gradient in zip(game.borrowed_leaves, previous_gradients, strict=True):
            leaf.grad = gradient
        return value.detach(), count

    def _micro_batches(self) -> list[tuple[Any, RowSpan]]:
        """Return the micro-batches, each with its rows (first, last + 1, all).

        A tensor can be cut, and so can a batch with a method `cut(first, last)`.
        """
        batch, micro = self._batch, self._game.micro
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

    def _halve_micro(self, reason: str) -> None:
        """Halve the micro-batches. Raises PlayError when they cannot be halved."""
        span = self._micro_batches()[0][1]
        size = 1 if span is None else span[1] - span[0]
        if size < 2:
            batch = "one sample" if span else f"a batch of type {type(self._batch).__name__}"
            raise PlayError(
                f"player {self._player.name!r}, turn {self._turn}: out of memory with {batch} "
                f"({reason}); take a smaller net or smaller samples."
            )
        self._game.micro = (size + 1) // 2

    def _check_loss(self, value: object) -> None:
        """Raise PlayError unless the loss is a trainable scalar."""
        where = f"player {self._player.name!r}: its loss"
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
                f"{where} depends on none of its {len(self._player.parameters)} parameters; "
                "compute it from its own net."
            )

    def _check_leaves(self, loss: Tensor) -> None:
        """Raise PlayError for a trainable leaf that this player must not move."""
        player, game = self._player, self._game
        allowed = {id(p) for p in player.parameters} | {id(leaf) for leaf in game.borrowed_leaves}
        for leaf in guard.leaves([loss]):
            if id(leaf) in allowed:
                continue
            if id(leaf) in game.owners:
                owner = game.players[min(game.owners[id(leaf)])]
                names = zip(owner.parameters, owner.names, strict=True)
                name = next(name for p, name in names if p is leaf)
                raise guard.foreign_leaf_error(player.name, owner.name, name)
            raise guard.unowned_leaf_error(player.name, leaf, player.spec.loss)

    def _check_gradients(self, loss: Tensor, checks_finite: bool) -> None:
        """Raise PlayError on idle parameters in the first turn, and on numbers not finite."""
        player = self._player
        if not player.is_checked:
            pairs = zip(player.names, player.parameters, strict=True)
            unreached = [name for name, p in pairs if p.grad is None]
            if unreached and player.spec.idle == "error":
                raise guard.idle_parameters_error(player.name, unreached, len(player.names))
            player.is_checked = True
        if checks_finite and not guard.all_finite([loss, *player.gradients()]):
            raise self._explain_nonfinite(loss)

    def _explain_nonfinite(self, loss: Tensor) -> PlayError:
        """Find the first module whose output is not finite, by a second forward."""
        game, player = self._game, self._player
        game.buffer_backup.restore()
        is_nonfinite = not bool(loss.isfinite())
        pairs = zip(player.names, player.parameters, strict=True)
        bad_names = [
            n for n, p in pairs if p.grad is not None and not bool(p.grad.isfinite().all())
        ]
        problem = (
            f"its loss is {loss.item()}"
            if is_nonfinite
            else f"gradients of {guard.join_names(bad_names)} are not finite"
        )
        modules: list[str | None] = []

        def rerun() -> None:
            game.rng.set_state(self._rng_state)
            with player.isolation, torch.enable_grad():
                for index, (micro_batch, span) in enumerate(self._micro_batches()):
                    game.rng.enter_player(player.key, index, span)
                    game.shared_values.clear()
                    game.active_player = player
                    player.spec.loss(micro_batch)

        roots = dict.fromkeys(m for other in game.players for m in other.spec.modules())
        roots |= dict.fromkeys(game.reads)
        try:
            modules.append(guard.first_nonfinite_module(list(roots), rerun))
        except Exception as error:  # the second forward only helps: the finding stands
            problem += f" (a second forward failed: {type(error).__name__})"
            modules.append(None)
        finally:
            game.active_player = None
            game.rng.end_move()
            game.buffer_backup.restore()
        return guard.nonfinite_error(player.name, self._turn, problem, modules[0])


def _is_out_of_memory(error: BaseException) -> bool:
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return "out of memory" in str(error) or "can't allocate memory" in str(error)
