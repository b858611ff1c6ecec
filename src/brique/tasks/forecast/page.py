"""Forecasts with prediction intervals, the error by step, and the coverage."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from brique.page import chart
from brique.page.facts import Facts
from brique.page.markup import Gap, Section, figure, name, percent, short_number
from brique.page.thumbnails import Gallery

_QUANTILES = (0.05, 0.5, 0.9, 0.99)  # of the error, of the windows drawn
_PAST_HORIZONS = 2  # horizons of history that are drawn
_NET, _TARGET, _NAIVE = (
    "--ink-of:var(--accent)",
    "--ink-of:var(--ink)",
    "--ink-of:var(--c5);stroke-dasharray:6 4",
)


def sections(facts: Facts, gallery: Gallery) -> list[Section | Gap]:
    """Return example forecasts, the error by step, and the coverage of the intervals."""
    arrays = [facts.arrays.get(key) for key in ("ids", "target", "predictions", "half_width")]
    if any(array is None or not len(array) for array in arrays):
        return [Gap("Forecasts are not shown: they are not stored.")]
    ids, target, predictions, half_width = (array for array in arrays if array is not None)
    body = _forecast_figure(facts, ids, (target, predictions, half_width)) + _error_figure(
        facts.values
    )
    if "coverage" in facts.values:
        body += _coverage_figure(facts.values)
    return [Section("mistakes", "Forecasts and errors", body)]


def _forecast_figure(facts: Facts, ids: Tensor, values: tuple[Tensor, Tensor, Tensor]) -> str:
    """Return windows of low, median and high error."""
    target, predictions, _ = values
    order = (target - predictions).square().mean(dim=(1, 2)).argsort(stable=True)
    rows = [int(order[int(quantile * (len(order) - 1))]) for quantile in _QUANTILES]
    charts = "".join(_window(facts, int(ids[row]), [value[row, :, 0] for value in values], quantile)
                     for row, quantile in zip(rows, _QUANTILES, strict=True))  # fmt: skip
    target_name = name(facts.values["targets"][0])
    legend = chart.legend([(_TARGET, "target"), (_NET, "forecast with 90% interval")])
    caption = (
        f"{len(rows)} test windows, from low to high error: history, target, and forecast with its"
        " 90% prediction interval."
    )
    title = f"Forecasts of {target_name}, {facts.values['horizon']} steps ahead"
    return figure(title, caption, f'{legend}<div class="pair">{charts}</div>')


def _window(facts: Facts, number: int, values: list[Tensor], quantile: float) -> str:
    """Return one window: its history if known, target and forecast."""
    target, predictions, half_width = (value.double() for value in values)
    horizon = len(target)
    history = _history(facts, number, _PAST_HORIZONS * horizon)
    low, high = predictions - half_width.nan_to_num(0.0), predictions + half_width.nan_to_num(0.0)
    all_values = torch.cat([history, target, low, high])
    y = chart.linear_axis(float(all_values.min()), float(all_values.max()))
    ticks = tuple(
        (float(step), f"{step:+d}" if step else "now")
        for step in _step_labels(len(history), horizon)
    )
    x = chart.Axis(float(1 - len(history)) if len(history) else 1.0, float(horizon), ticks)
    steps = range(1, horizon + 1)
    outline = [*zip(steps, high.tolist(), strict=True)]
    outline += [*zip(reversed(steps), reversed(low.tolist()), strict=True)]
    past = [*zip(range(1 - len(history), 1), history.tolist(), strict=True)]
    marks = [
        _band(x, y, outline),
        chart.line(x, y, [*past, *zip(steps, target.tolist(), strict=True)], _TARGET),
        chart.line(x, y, [*zip(steps, predictions.tolist(), strict=True)], _NET),
    ]
    window_name = f"window {number}" if facts.data is None else facts.data.test.name(number)
    caption = f"{percent(quantile)} of the test windows have a lower error."
    plot = chart.plot(x, y, marks, label=f"forecast from {name(window_name, 40)}")
    return figure(f"From {name(window_name, 40)}", caption, plot)


def _history(facts: Facts, number: int, limit: int) -> Tensor:
    """Return the values of a target before a window (T,); empty without the data."""
    data = facts.data
    if data is None or data.store is None:
        return torch.empty(0, dtype=torch.float64)
    past, future = data.schema[data.schema.inputs[0]], data.schema[data.schema.target]
    values = data.store.fields[data.schema.inputs[0]]
    assert isinstance(values, Tensor)
    return values[number, -limit:, past.names.index(future.names[0])].double()


def _step_labels(history_length: int, horizon: int) -> list[int]:
    """Return the labeled steps of a chart: now, and multiples of the horizon."""
    return [
        step
        for step in range(-history_length + history_length % horizon, horizon + 1, horizon)
        if step > -history_length
    ]


def _band(x: chart.Axis, y: chart.Axis, outline: Sequence[chart.Point]) -> str:
    """Return the area within an outline."""
    path = "L".join(f"{x.position(step):g} {100 - y.position(value):g}" for step, value in outline)
    return (
        '<svg viewBox="0 0 100 100" preserveAspectRatio="none" width="100%" height="100%">'
        f'<path style="fill:var(--tint)" d="M{path}Z"/></svg>'
    )


def _error_figure(values: dict[str, Any]) -> str:
    """Return the error of the net and of the naive forecast by step."""
    net, naive = values["steps"]["net"], values["steps"]["naive"]
    y = chart.loss_axis([0.0, *net, *naive])
    x = chart.Axis(1, max(2, len(net)), chart.integer_axis(len(net)).ticks[1:])
    curves = [
        chart.line(x, y, [*zip(range(1, len(errors) + 1), errors, strict=True)], style)
        for errors, style in ((naive, _NAIVE), (net, _NET))
    ]
    legend = chart.legend([(_NET, "the net"), (_NAIVE, "naive forecast")])
    title = f"RMSE grows from {short_number(net[0])} to {short_number(net[-1])} standard deviations"
    if net[-1] <= net[0]:
        title = f"RMSE at the last step: {short_number(net[-1])} standard deviations"
    caption = (
        "Root mean square error at each forecast step, in standard deviations of the training"
        " targets."
    )
    return figure(title, caption, legend + chart.plot(x, y, curves, label="error by step"))


def _coverage_figure(values: dict[str, Any]) -> str:
    """Return the coverage of the intervals."""
    coverage = values["coverage"]
    unit = " standard deviations" if len(values.get("targets", [])) > 1 else ""
    covered_share = float(coverage["empirical"])
    by_step = [float(share) for share in coverage["steps"]]
    caption = (
        f"Nominal coverage {percent(coverage['nominal'])}; on test {percent(covered_share)}"
        f" ({percent(min(by_step))} to {percent(max(by_step))} by step). Mean width"
        f" {short_number(float(coverage['width']))}{unit}. Widths are calibrated on the validation"
        " errors of each step and scaled by how much the series has recently changed. If the series"
        " drifts, coverage drops."
    )
    return figure(f"90% intervals cover {percent(covered_share)} of the targets", caption, "")
