"""Random numbers that depend on (seed, stage, turn, player, draw) and on nothing drawn before."""

import random
from collections.abc import Callable
from typing import Literal

import numpy
import torch
from torch import Tensor

from brique.errors import PlayError
from brique.keys import mix, text_key

NoiseKind = Literal["normal", "uniform"]
_START, _BODY = text_key("start of a turn"), text_key("body of the loop")
_END = text_key("end of a stage")
RowSpan = tuple[int, int, int] | None  # first, last + 1 and all rows of a batch; None: not cut
RngState = tuple[int, int, int, RowSpan, list[Tensor]]


class KeyedRng:
    """The noise of a game, and the state of torch's default generators while it plays."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.reseeds: bool = False  # a run reseeds the default generators; a bare game does not
        self._stage = self._turn = 0
        self._scope = self._draw_count = 0  # key of the current drawer, and its number of draws
        self._span: RowSpan = None
        self._full_noise: dict[int, Tensor] = {}
        self._generator = torch.Generator(device)
        self._defaults = _default_generators(device)
        self._is_playing = False

    def begin_stage(self, seed: int, stage: str, *, reseeds: bool) -> None:
        """Start a stage."""
        self._stage, self.reseeds = mix(seed, text_key(stage)), reseeds
        self._is_playing = True

    def begin_turn(self, turn: int) -> None:
        """Start a turn, before the stream yields its batch."""
        self._turn = mix(self._stage, turn)
        if self.reseeds:
            key = mix(self._turn, _START)
            self._reseed(key)
            random.seed(key)
            numpy.random.seed(key & 0xFFFFFFFF)

    def begin_body(self) -> None:
        """Key the draws of the loop's body by the turn."""
        self._scope, self._draw_count, self._span = _BODY, 0, None

    def end_stage(self) -> None:
        """End a stage: later draws do not depend on how many turns were replayed."""
        self._is_playing = False
        if self.reseeds:
            self._reseed(mix(self._stage, _END))

    def enter_player(self, player: int, micro_batch: int, span: RowSpan) -> None:
        """Key the next draws by the player; the draw counter restarts.

        player: the key of its name.
        micro_batch: index of the micro-batch, from 0.
        span: its rows of the batch (first, last + 1, all); None: the batch cannot be cut.
        """
        self._scope, self._draw_count, self._span = player, 0, span
        if self.reseeds:
            self._reseed(mix(self._turn, player, micro_batch))

    def enter_shared_value(
        self, make: Callable[..., object], arguments: tuple[object, ...]
    ) -> None:
        """Key the next draws by a shared value: its maker's name and its plain arguments."""
        literals = [a for a in arguments if isinstance(a, int | float | str)]
        name = f"{getattr(make, '__name__', type(make).__name__)} {literals}"
        self._scope, self._draw_count = text_key("once: " + name), 0
        if self.reseeds:
            self._reseed(mix(self._turn, self._scope, 0 if self._span is None else self._span[0]))

    def end_move(self) -> None:
        """Forget the noise that the micro-batches and evaluations of one move share."""
        if self._full_noise:
            self._full_noise.clear()

    def noise(self, n: int, *shape: int, kind: NoiseKind, dtype: torch.dtype | None) -> Tensor:
        """Return fresh noise (n, *shape); see `Game.noise`."""
        if not self._is_playing:
            raise PlayError(
                "noise: no game is playing; draw inside a loss or the loop, or pass "
                "run.noise a name."
            )
        key = mix(self._turn, self._scope, self._draw_count)
        self._draw_count += 1
        if self._span is None or self._span[1] - self._span[0] == self._span[2]:
            return self.sample(key, (n, *shape), kind, dtype)
        first, last, total_rows = self._span
        repeats, remainder = divmod(n, last - first)
        if remainder:
            raise PlayError(
                f"noise: {n} rows do not fit a micro-batch of {last - first} samples; ask for a "
                "multiple of len(batch) rows, or play without micro."
            )
        if key not in self._full_noise:
            self._full_noise[key] = self.sample(key, (repeats * total_rows, *shape), kind, dtype)
        full = self._full_noise[key].view(repeats, total_rows, *shape)
        return full[:, first:last].reshape(n, *shape)

    def sample(
        self, key: int, shape: tuple[int, ...], kind: NoiseKind, dtype: torch.dtype | None
    ) -> Tensor:
        """Return noise that depends on the key alone. Raises PlayError on an unknown kind."""
        if kind not in ("normal", "uniform"):
            raise PlayError(f"noise: kind must be 'normal' or 'uniform', but is {kind!r}.")
        self._generator.manual_seed(key)
        sampler = torch.randn if kind == "normal" else torch.rand
        return sampler(shape, generator=self._generator, device=self.device, dtype=dtype)

    def get_state(self, *, exact: bool = False) -> RngState:
        """Return the state of the draws, for `set_state`.

        exact: always with the default generators; otherwise only where nothing reseeds them.
        """
        has_generators = exact or not self.reseeds
        states = [g.get_state() for g in self._defaults] if has_generators else []
        return self._turn, self._scope, self._draw_count, self._span, states

    def set_state(self, rng_state: RngState) -> None:
        """Restore a state of the draws."""
        self._turn, self._scope, self._draw_count, self._span, states = rng_state
        for generator, state in zip(self._defaults, states, strict=False):
            generator.set_state(state)

    def _reseed(self, key: int) -> None:
        for generator in self._defaults:
            generator.manual_seed(key)


def _default_generators(device: torch.device) -> list[torch.Generator]:
    """Return the default generators that a loss on a device can draw from."""
    if device.type == "cuda":
        index = torch.cuda.current_device() if device.index is None else device.index
        return [torch.default_generator, torch.cuda.default_generators[index]]
    if device.type == "mps":
        return [torch.default_generator, torch.mps._get_default_mps_generator()]
    return [torch.default_generator]
