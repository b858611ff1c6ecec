"""Charts as SVG whose places are in percent: they grow with the page, their letters do not."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from brique.evaluation.sentences import amount

Point = tuple[float, float]


@dataclass(frozen=True)
class Axis:
    """One direction of a chart.

    ticks: (value, label) of each line across.
    is_log: whether equal steps are equal factors.
    """

    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]
    is_log: bool = False

    def at(self, value: float) -> float:
        """Return the place of a value in percent of the axis; what is outside stands at its end."""
        low, high = self._scaled(self.low), self._scaled(self.high)
        place = (self._scaled(value) - low) / (high - low)
        return round(100 * min(1.0, max(0.0, place)), 2)

    def _scaled(self, value: float) -> float:
        return math.log10(max(value, 1e-300)) if self.is_log else value


def shares(low: float, high: float = 1.0) -> Axis:
    """Return an axis of shares that holds `low` and `high`, its ends on round numbers.

    >>> [(axis.low, axis.high) for axis in (shares(0.93), shares(0.37, 0.49))]
    [(0.92, 1.0), (0.35, 0.5)]
    """
    low, high = min(1.0, max(0.0, low)), min(1.0, max(0.0, high))
    step = next((s for s in (0.01, 0.02, 0.05, 0.1, 0.2) if (high - low) / s <= 4.5), 0.2)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    last = max(last, 1)
    first = min(first, last - 1)
    ticks = [round(step * k, 4) for k in range(first, last + 1)]
    return Axis(ticks[0], ticks[-1], tuple((tick, f"{tick:.0%}") for tick in ticks))


def spread(low: float, high: float, *, is_share: bool = False) -> Axis:
    """Return an axis that holds `low` and `high`, its ends on round numbers.

    is_share: whether its labels are percentages.

    >>> spread(-0.13, 0.42).ticks[0]
    (-0.2, '-0.2')
    """
    step = _round_step((high - low) / 5) if high > low else max(abs(high), 1.0)
    first = math.floor(low / step + 1e-9)
    last = max(first + 1, math.ceil(high / step - 1e-9))
    values = [round(k * step, 10) for k in range(first, last + 1)]
    ticks = tuple((v, f"{100 * v:.4g}%" if is_share else amount(v)) for v in values)
    return Axis(values[0], values[-1], ticks)


def whole(high: int) -> Axis:
    """Return an axis of whole numbers from 0 to `high`."""
    high = max(1, high)
    step = max(1, _round_step(high / 5))
    ticks = [int(k * step) for k in range(int(high / step) + 1)]
    return Axis(0, high, tuple((t, f"{t:,}") for t in ticks))


def losses(values: Sequence[float]) -> Axis:
    """Return an axis of losses: in factors of ten where they span more than a factor of 30."""
    positive = [v for v in values if v > 0]
    high = max(values, default=1.0)
    if positive and len(positive) == len(values) and high / min(positive) > 30:
        first, last = math.floor(math.log10(min(positive))), math.ceil(math.log10(high))
        every = max(1, math.ceil((last - first) / 5))
        ticks = tuple((10.0**k, f"{10.0**k:g}") for k in range(first, last + 1, every))
        return Axis(10.0**first, 10.0**last, ticks, is_log=True)
    low = min(0.0, *values) if values else 0.0
    step = _round_step((high - low) / 4) if high > low else 1.0
    first = math.floor(low / step)
    last = max(first + 1, math.ceil(high / step))
    ticks = tuple((k * step, f"{k * step:g}") for k in range(first, last + 1))
    return Axis(first * step, last * step, ticks)


def plot(x: Axis, y: Axis, marks: Sequence[str], *, label: str, kind: str = "plot") -> str:
    """Return a chart with lines across at the ticks of y and labels at those of both axes.

    marks: what `line`, `dot`, `whisker` return, from the lowest to the topmost.
    label: HTML that says what is seen, for those who do not see it.
    """
    drawn: list[str] = []
    for value, says in y.ticks:
        at = 100 - y.at(value)
        drawn.append(f'<line class="grid" x1="0" x2="100%" y1="{at:g}%" y2="{at:g}%"/>')
        drawn.append(f'<text x="0" y="{at:g}%" dx="-7" dy="4" class="end">{says}</text>')
    for value, says in x.ticks:
        drawn.append(f'<text x="{x.at(value):g}%" y="100%" dy="19" class="mid">{says}</text>')
    body = "".join([*drawn, *marks])
    return f'<div class="{kind}"><svg role="img" aria-label="{label}">{body}</svg></div>\n'


def line(x: Axis, y: Axis, points: Sequence[Point], style: str) -> str:
    """Return a line through points; one point alone is a dot."""
    if len(points) == 1:
        return dot(x, y, points[0], style)
    path = "L".join(f"{x.at(a):g} {100 - y.at(b):g}" for a, b in points)
    return (
        '<svg viewBox="0 0 100 100" preserveAspectRatio="none" width="100%" height="100%">'
        f'<path class="line" style="{style}" d="M{path}"/></svg>'
    )


def dot(x: Axis, y: Axis, point: Point, style: str, size: float = 4.5) -> str:
    """Return a dot."""
    a, b = x.at(point[0]), 100 - y.at(point[1])
    return f'<circle class="dot" style="{style}" cx="{a:g}%" cy="{b:g}%" r="{size:g}"/>'


def whisker(x: Axis, y: Axis, at: float, ends: Sequence[float], style: str) -> str:
    """Return a vertical line between two values of y."""
    a, low, high = x.at(at), 100 - y.at(ends[0]), 100 - y.at(ends[1])
    return (
        f'<line class="whisker" style="{style}" '
        f'x1="{a:g}%" x2="{a:g}%" y1="{low:g}%" y2="{high:g}%"/>'
    )


def strip(x: Axis, value: float, ends: Sequence[float] | None, style: str) -> str:
    """Return a row of a table's height: a dot with its interval, on the lines of the axis.

    A value below the axis is an arrow at its left end.
    """
    drawn = [
        f'<line class="grid" x1="{x.at(v):g}%" x2="{x.at(v):g}%" y1="0" y2="100%"/>'
        for v, _ in x.ticks
    ]
    if value < x.low:
        drawn.append(f'<path class="dot" style="{style}" d="M-4 17l9 -6v12z"/>')
    else:
        if ends is not None:
            a, b = x.at(ends[0]), x.at(ends[1])
            drawn.append(
                f'<line class="whisker" style="{style}" x1="{a:g}%" x2="{b:g}%" y1="50%" y2="50%"/>'
            )
        a = x.at(value)
        drawn.append(f'<circle class="dot" style="{style}" cx="{a:g}%" cy="50%" r="5"/>')
    return f'<svg class="strip" aria-hidden="true">{"".join(drawn)}</svg>'


def scale(x: Axis) -> str:
    """Return the labels of an axis, to stand under strips; minor ones give way on narrow pages."""
    labels = [
        f'<text x="{x.at(v):g}%" y="14" class="mid{" minor" * (place % 2)}">{says}</text>'
        for place, (v, says) in enumerate(reversed(x.ticks))
    ]
    return f'<svg class="scale" aria-hidden="true">{"".join(labels)}</svg>'


def legend(entries: Sequence[tuple[str, str]]) -> str:
    """Return (style, name) of each line as a list with samples of the lines; names are HTML."""
    items = [
        f'<li><svg class="key" aria-hidden="true"><line class="line" style="{style}" '
        f'x1="0" x2="100%" y1="50%" y2="50%"/></svg>{says}</li>'
        for style, says in entries
    ]
    return f'<ul class="legend">{"".join(items)}</ul>\n'


def _round_step(least: float) -> float:
    """Return 1, 2 or 5 times a power of ten, `least` or more."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(k * power for k in (1, 2, 5, 10) if k * power >= least * (1 - 1e-9))
