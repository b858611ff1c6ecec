"""Progress of a run on stderr: a live line on a terminal, a line per evaluation in a pipe."""

import shutil
import sys
import time
from collections.abc import Mapping
from typing import TextIO

from torch import Tensor

from brique import console
from brique.console import GuardedStream, escape
from brique.data.core.record import DataRecord
from brique.game import Turn

REDRAW_SECONDS = 0.2  # seconds
_MAX_SKIPPED = 20  # skipped files shown by name


class Progress:
    """The progress of one stage.

    stage: name of the stage, or "".
    turns: number of turns (training steps), if known.
    start: turns completed before.
    """

    def __init__(
        self, stage: str, turns: int | None, start: int, *, quiet: bool, out: TextIO | None = None
    ) -> None:
        self._stage, self._turns, self._start = stage, turns, start
        self._out = GuardedStream(sys.stderr if out is None else out)
        self._quiet, self._is_live = quiet, self._out.isatty()
        self._start_time = self._draw_time = time.perf_counter()
        self._line_width = 0

    def show(self, turn: Turn, numbers: Mapping[str, float] | None) -> None:
        """Show a turn.

        numbers: mean losses since the last evaluation, at evaluations; None between them.
        """
        if self._quiet:
            return
        now = time.perf_counter()
        if self._is_live and (numbers is not None or now - self._draw_time >= REDRAW_SECONDS):
            self._draw_time = now
            text = self._line(turn, now, numbers or _loss_values(turn.losses))
            text = text[: shutil.get_terminal_size().columns - 1]  # no wrapping
            self._line_width = max(self._line_width, len(text))
            self._out.write("\r" + text.ljust(self._line_width))
            self._out.flush()
        elif not self._is_live and numbers is not None and turn.evaluate:
            self._out.write(self._line(turn, now, numbers) + "\n")
            self._out.flush()

    def end(self) -> None:
        """Keep the last line on the terminal."""
        if self._line_width:
            self._out.write("\n")
            self._out.flush()
            self._line_width = 0

    def _line(self, turn: Turn, now: float, numbers: Mapping[str, float]) -> str:
        played = turn.index + 1
        rate = (played - self._start) / max(now - self._start_time, 1e-9)
        parts = [self._stage] if self._stage else []
        parts.append(f"step {played}" + (f"/{self._turns}" if self._turns else ""))
        parts.append(f"{rate:.0f} it/s" if rate >= 10 else f"{rate:.2g} it/s")
        if self._turns:
            parts.append(f"eta {_format_time((self._turns - played) / rate)}")
        is_single = len(numbers) == 1
        parts += [
            f"{'loss' if is_single else f'loss/{name}'} {value:.4g}"
            for name, value in numbers.items()
        ]
        return escape("  ".join(parts))


def report_data(record: DataRecord) -> None:
    """Print on stderr how the data were opened, and which files were skipped and why."""
    lines = list(record.notes)
    lines += [f"left out {file}: {reason}" for file, reason in record.skipped[:_MAX_SKIPPED]]
    if len(record.skipped) > _MAX_SKIPPED:
        lines.append(f"left out {len(record.skipped) - _MAX_SKIPPED:,} more; run.json lists all.")
    for line in lines:
        console.notify(line)


def _loss_values(losses: Mapping[str, Tensor]) -> dict[str, float]:
    return {name: loss.item() for name, loss in losses.items()}


def _format_time(seconds: float) -> str:
    minutes, remainder = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{remainder:02d}" if hours else f"{minutes}:{remainder:02d}"
