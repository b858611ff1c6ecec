"""SVG charts with coordinates in percent: they scale with the page, their font size does not."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from brique.evaluation.sentences import format_number

Point = tuple[float, float]


@dataclass(frozen=True)
class Axis:
    """One axis of a chart.

    ticks: (value, label) of each grid line.
    is_log: whether the scale is logarithmic.
    """

    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]
    is_log: bool = False

    def position(self, value: float) -> float:
        """Return the position of a value in percent of the axis, clipped to its ends."""
        low, high = self._scaled(self.low), self._scaled(self.high)
        fraction = (self._scaled(value) - low) / (high - low)
        return round(100 * min(1.0, max(0.0, fraction)), 2)

    def _scaled(self, value: float) -> float:
        return math.log10(max(value, 1e-300)) if self.is_log else value


def share_axis(low: float, high: float = 1.0) -> Axis:
    """Return an axis of fractions that contains `low` and `high` and ends on round numbers.

    >>> [(axis.low, axis.high) for axis in (share_axis(0.93), share_axis(0.37, 0.49))]
    [(0.92, 1.0), (0.35, 0.5)]
    """
    low, high = min(1.0, max(0.0, low)), min(1.0, max(0.0, high))
    step = next((size for size in (0.01, 0.02, 0.05, 0.1, 0.2) if (high - low) / size <= 4.5), 0.2)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    last = max(last, 1)
    first = min(first, last - 1)
    ticks = [round(step * k, 4) for k in range(first, last + 1)]
    return Axis(ticks[0], ticks[-1], tuple((tick, f"{tick:.0%}") for tick in ticks))


def linear_axis(low: float, high: float, *, is_share: bool = False) -> Axis:
    """Return an axis that contains `low` and `high` and ends on round numbers.

    is_share: whether its labels are percentages.

    >>> linear_axis(-0.13, 0.42).ticks[0]
    (-0.2, '-0.2')
    """
    step = _round_step((high - low) / 5) if high > low else max(abs(high), 1.0)
    first = math.floor(low / step + 1e-9)
    last = max(first + 1, math.ceil(high / step - 1e-9))
    values = [round(k * step, 10) for k in range(first, last + 1)]
    ticks = tuple(
        (value, f"{100 * value:.4g}%" if is_share else format_number(value)) for value in values
    )
    return Axis(values[0], values[-1], ticks)


def integer_axis(high: int) -> Axis:
    """Return an axis of integers from 0 to `high`."""
    high = max(1, high)
    step = max(1, _round_step(high / 5))
    ticks = [int(k * step) for k in range(int(high / step) + 1)]
    return Axis(0, high, tuple((tick, f"{tick:,}") for tick in ticks))


def loss_axis(values: Sequence[float]) -> Axis:
    """Return an axis of losses: logarithmic if they span more than a factor of 30."""
    positive = [value for value in values if value > 0]
    high = max(values, default=1.0)
    if positive and len(positive) == len(values) and high / min(positive) > 30:
        first, last = math.floor(math.log10(min(positive))), math.ceil(math.log10(high))
        stride = max(1, math.ceil((last - first) / 5))
        ticks = tuple((10.0**k, f"{10.0**k:g}") for k in range(first, last + 1, stride))
        return Axis(10.0**first, 10.0**last, ticks, is_log=True)
    low = min(0.0, *values) if values else 0.0
    step = _round_step((high - low) / 4) if high > low else 1.0
    first = math.floor(low / step)
    last = max(first + 1, math.ceil(high / step))
    ticks = tuple((k * step, f"{k * step:g}") for k in range(first, last + 1))
    return Axis(first * step, last * step, ticks)


def plot(x: Axis, y: Axis, marks: Sequence[str], *, label: str, kind: str = "plot") -> str:
    """Return a chart with horizontal grid lines and labeled axes.

    marks: results of `line`, `dot`, `whisker`, from back to front.
    label: alternative text for screen readers, as HTML.
    """
    shapes: list[str] = []
    for value, tick_label in y.ticks:
        y_position = 100 - y.position(value)
        shapes.append(
            f'<line class="grid" x1="0" x2="100%" y1="{y_position:g}%" y2="{y_position:g}%"/>'
        )
        shapes.append(
            f'<text x="0" y="{y_position:g}%" dx="-7" dy="4" class="end">{tick_label}</text>'
        )
    for value, tick_label in x.ticks:
        shapes.append(
            f'<text x="{x.position(value):g}%" y="100%" dy="19" class="mid">{tick_label}</text>'
        )
    body = "".join([*shapes, *marks])
    return f'<div class="{kind}"><svg role="img" aria-label="{label}">{body}</svg></div>\n'


def line(x: Axis, y: Axis, points: Sequence[Point], style: str) -> str:
    """Return a line through points; a single point is a dot."""
    if len(points) == 1:
        return dot(x, y, points[0], style)
    path = "L".join(
        f"{x.position(x_value):g} {100 - y.position(y_value):g}" for x_value, y_value in points
    )
    return (
        '<svg viewBox="0 0 100 100" preserveAspectRatio="none" width="100%" height="100%">'
        f'<path class="line" style="{style}" d="M{path}"/></svg>'
    )


def dot(x: Axis, y: Axis, point: Point, style: str, size: float = 4.5) -> str:
    """Return a dot."""
    x_position, y_position = x.position(point[0]), 100 - y.position(point[1])
    center = f'cx="{x_position:g}%" cy="{y_position:g}%"'
    return f'<circle class="dot" style="{style}" {center} r="{size:g}"/>'


def whisker(x: Axis, y: Axis, x_value: float, interval: Sequence[float], style: str) -> str:
    """Return a vertical line between two values of y."""
    x_position, low, high = (
        x.position(x_value),
        100 - y.position(interval[0]),
        100 - y.position(interval[1]),
    )
    return (
        f'<line class="whisker" style="{style}" '
        f'x1="{x_position:g}%" x2="{x_position:g}%" y1="{low:g}%" y2="{high:g}%"/>'
    )


def strip(x: Axis, value: float, interval: Sequence[float] | None, style: str) -> str:
    """Return a table cell with a dot, its interval and the grid lines of the axis.

    A value below the axis is an arrow at the left end.
    """
    positions = [x.position(tick) for tick, _ in x.ticks]
    shapes = [f'<line class="grid" x1="{p:g}%" x2="{p:g}%" y1="0" y2="100%"/>' for p in positions]
    if value < x.low:
        shapes.append(f'<path class="dot" style="{style}" d="M-4 17l9 -6v12z"/>')
    else:
        if interval is not None:
            start, stop = x.position(interval[0]), x.position(interval[1])
            shapes.append(
                f'<line class="whisker" style="{style}"'
                f' x1="{start:g}%" x2="{stop:g}%" y1="50%" y2="50%"/>'
            )
        start = x.position(value)
        shapes.append(f'<circle class="dot" style="{style}" cx="{start:g}%" cy="50%" r="5"/>')
    return f'<svg class="strip" aria-hidden="true">{"".join(shapes)}</svg>'


def scale(x: Axis) -> str:
    """Return the labels of an axis for below the strips; minor ones are hidden on narrow pages."""
    labels = [
        f'<text x="{x.position(value):g}%" y="14"'
        f' class="mid{" minor" * (index % 2)}">{tick_label}</text>'
        for index, (value, tick_label) in enumerate(reversed(x.ticks))
    ]
    return f'<svg class="scale" aria-hidden="true">{"".join(labels)}</svg>'


def legend(entries: Sequence[tuple[str, str]]) -> str:
    """Return a legend of (style, name) entries; names are HTML."""
    items = [
        f'<li><svg class="key" aria-hidden="true"><line class="line" style="{style}" '
        f'x1="0" x2="100%" y1="50%" y2="50%"/></svg>{label}</li>'
        for style, label in entries
    ]
    return f'<ul class="legend">{"".join(items)}</ul>\n'


def _round_step(minimum: float) -> float:
    """Return the smallest of 1, 2, 5 times a power of ten that is at least `minimum`."""
    power = 10.0 ** math.floor(math.log10(minimum))
    return next(k * power for k in (1, 2, 5, 10) if k * power >= minimum * (1 - 1e-9))
