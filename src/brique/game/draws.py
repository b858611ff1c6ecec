"""Random numbers that depend on (seed, stage, turn, player, draw) and on nothing drawn before."""

import random
from collections.abc import Callable
from typing import Literal

import numpy
import torch
from torch import Tensor

from brique.errors import PlayError
from brique.keys import mix, word

Kind = Literal["normal", "uniform"]
_START, _BODY = word("start of a turn"), word("body of the loop")
_END = word("end of a stage")
Span = tuple[int, int, int] | None  # first, last + 1 and all rows of a batch; None: not cut
Mark = tuple[int, int, int, Span, list[Tensor]]


class Draws:
    """The noise of a game, and the state of torch's default generators while it plays."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.reseeds: bool = False  # a run reseeds the default generators; a bare game does not
        self._stage = self._turn = 0
        self._who = self._draw = 0  # whose draws are keyed now, and how many there were
        self._span: Span = None
        self._whole: dict[int, Tensor] = {}
        self._generator = torch.Generator(device)
        self._defaults = _default_generators(device)
        self._playing = False

    def begin(self, seed: int, stage: str, *, reseeds: bool) -> None:
        """Start a stage."""
        self._stage, self.reseeds = mix(seed, word(stage)), reseeds
        self._playing = True

    def start(self, turn: int) -> None:
        """Start a turn, before the stream is asked for its batch."""
        self._turn = mix(self._stage, turn)
        if self.reseeds:
            key = mix(self._turn, _START)
            self._reseed(key)
            random.seed(key)
            numpy.random.seed(key & 0xFFFFFFFF)

    def body(self) -> None:
        """Key what the loop's body draws by the turn."""
        self._who, self._draw, self._span = _BODY, 0, None

    def end(self) -> None:
        """End a stage: what is drawn after it does not depend on how many turns were replayed."""
        self._playing = False
        if self.reseeds:
            self._reseed(mix(self._stage, _END))

    def enter(self, player: int, piece: int, span: Span) -> None:
        """Key what follows by the player; the draw counter restarts.

        player: the key of its name.
        piece: number of the piece of the batch, from 0.
        span: (first, last + 1, all) rows of the batch that the piece holds; None: cannot be cut.
        """
        self._who, self._draw, self._span = player, 0, span
        if self.reseeds:
            self._reseed(mix(self._turn, player, piece))

    def enter_once(self, make: Callable[..., object], arguments: tuple[object, ...]) -> None:
        """Key what follows by a shared value: its maker's name and its plain arguments."""
        plain = [a for a in arguments if isinstance(a, int | float | str)]
        name = f"{getattr(make, '__name__', type(make).__name__)} {plain}"
        self._who, self._draw = word("once: " + name), 0
        if self.reseeds:
            self._reseed(mix(self._turn, self._who, 0 if self._span is None else self._span[0]))

    def move_ends(self) -> None:
        """Forget the draws that pieces and evaluations of one move have in common."""
        if self._whole:
            self._whole.clear()

    def noise(self, n: int, *shape: int, kind: Kind, dtype: torch.dtype | None) -> Tensor:
        """Return fresh noise (n, *shape); see `Game.noise`."""
        if not self._playing:
            raise PlayError(
                "noise: no game is playing; draw inside a loss or the loop, or pass "
                "run.noise a name."
            )
        key = mix(self._turn, self._who, self._draw)
        self._draw += 1
        if self._span is None or self._span[1] - self._span[0] == self._span[2]:
            return self.fill(key, (n, *shape), kind, dtype)
        first, last, rows = self._span
        per, rest = divmod(n, last - first)
        if rest:
            raise PlayError(
                f"noise: {n} rows cannot be cut along with a batch of which this piece holds "
                f"{last - first} samples; ask for a multiple of len(batch) rows, or play without "
                "micro."
            )
        if key not in self._whole:
            self._whole[key] = self.fill(key, (per * rows, *shape), kind, dtype)
        whole = self._whole[key].view(per, rows, *shape)
        return whole[:, first:last].reshape(n, *shape)

    def fill(
        self, key: int, shape: tuple[int, ...], kind: Kind, dtype: torch.dtype | None
    ) -> Tensor:
        """Return noise that depends on the key alone. Raises PlayError on an unknown kind."""
        if kind not in ("normal", "uniform"):
            raise PlayError(f"noise: kind must be 'normal' or 'uniform', but is {kind!r}.")
        self._generator.manual_seed(key)
        draw = torch.randn if kind == "normal" else torch.rand
        return draw(shape, generator=self._generator, device=self.device, dtype=dtype)

    def mark(self, *, exactly: bool = False) -> Mark:
        """Return where the draws stand, for `rewind`.

        exactly: the default generators too; otherwise only where no `enter` reseeds them.
        """
        keep = exactly or not self.reseeds
        states = [g.get_state() for g in self._defaults] if keep else []
        return self._turn, self._who, self._draw, self._span, states

    def rewind(self, mark: Mark) -> None:
        """Put the draws back to where they stood at `mark`."""
        self._turn, self._who, self._draw, self._span, states = mark
        for generator, state in zip(self._defaults, states, strict=False):
            generator.set_state(state)

    def _reseed(self, key: int) -> None:
        for generator in self._defaults:
            generator.manual_seed(key)


def _default_generators(device: torch.device) -> list[torch.Generator]:
    """Return the default generators that a loss can draw from on a device."""
    if device.type == "cuda":
        index = torch.cuda.current_device() if device.index is None else device.index
        return [torch.default_generator, torch.cuda.default_generators[index]]
    if device.type == "mps":
        return [torch.default_generator, torch.mps._get_default_mps_generator()]
    return [torch.default_generator]
