"""What a net that foretells a series said: forecasts with their band, the error at each step."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from brique.page import chart
from brique.page.facts import Facts
from brique.page.markup import Gap, Section, figure, figures, name, percent
from brique.page.thumbnails import Gallery

_SHARES = (0.05, 0.5, 0.9, 0.99)  # of the windows that are foretold better than those drawn
_PASTS = 2  # futures that are drawn of the past
_NET, _TRUTH, _BEFORE = (
    "--ink-of:var(--accent)",
    "--ink-of:var(--ink)",
    "--ink-of:var(--c5);stroke-dasharray:6 4",
)


def sections(facts: Facts, gallery: Gallery) -> list[Section | Gap]:
    """Return forecasts beside the truth, the error at each step ahead, and what the band holds."""
    found = [facts.arrays.get(key) for key in ("ids", "truth", "said", "half")]
    if any(one is None or not len(one) for one in found):
        return [Gap("Forecasts are not shown, since they are not stored.")]
    ids, truth, said, half = (one for one in found if one is not None)
    body = _drawn(facts, ids, (truth, said, half)) + _steps(facts.values)
    if "coverage" in facts.values:
        body += _covered(facts.values)
    return [Section("mistakes", "Forecasts and truths", body)]


def _drawn(facts: Facts, ids: Tensor, values: tuple[Tensor, Tensor, Tensor]) -> str:
    """Return some windows: a good one, one in the middle, and two of the worst."""
    truth, said, _ = values
    order = (truth - said).square().mean(dim=(1, 2)).argsort(stable=True)
    places = [int(order[int(share * (len(order) - 1))]) for share in _SHARES]
    charts = "".join(_window(facts, int(ids[row]), [one[row, :, 0] for one in values], share)
                     for row, share in zip(places, _SHARES, strict=True))  # fmt: skip
    target = name(facts.values["targets"][0])
    keys = chart.legend([(_TRUTH, "truth"), (_NET, "forecast, with its 90% band")])
    says = (
        "The line is the truth, with what came before it; from where the forecast begins, its band"
        " is meant to hold nine of ten truths."
    )
    title = f"How {target} goes on, foretold {facts.values['horizon']} steps at a time"
    return figure(title, says, f'{keys}<div class="pair">{charts}</div>')


def _window(facts: Facts, number: int, values: list[Tensor], share: float) -> str:
    """Return one window: its past where it is known, its truth, its forecast."""
    truth, said, half = (one.double() for one in values)
    ahead = len(truth)
    before = _past(facts, number, _PASTS * ahead)
    low, high = said - half.nan_to_num(0.0), said + half.nan_to_num(0.0)
    every = torch.cat([before, truth, low, high])
    y = chart.spread(float(every.min()), float(every.max()))
    ticks = tuple((float(at), f"{at:+d}" if at else "now") for at in _marks(len(before), ahead))
    x = chart.Axis(float(1 - len(before)) if len(before) else 1.0, float(ahead), ticks)
    steps = range(1, ahead + 1)
    edge = [*zip(steps, high.tolist(), strict=True)]
    edge += [*zip(reversed(steps), reversed(low.tolist()), strict=True)]
    past = [*zip(range(1 - len(before), 1), before.tolist(), strict=True)]
    marks = [
        _band(x, y, edge),
        chart.line(x, y, [*past, *zip(steps, truth.tolist(), strict=True)], _TRUTH),
        chart.line(x, y, [*zip(steps, said.tolist(), strict=True)], _NET),
    ]
    where = f"window {number}" if facts.data is None else facts.data.test.name(number)
    says = f"Better than this: {percent(share)} of the windows."
    drawn = chart.plot(x, y, marks, label=f"forecast from {name(where, 40)}")
    return figure(f"From {name(where, 40)}", says, drawn)


def _past(facts: Facts, number: int, most: int) -> Tensor:
    """Return the last values of a target before a window's future (T,); none without the data."""
    data = facts.data
    if data is None or data.store is None:
        return torch.empty(0, dtype=torch.float64)
    past, future = data.schema[data.schema.inputs[0]], data.schema[data.schema.target]
    values = data.store.fields[data.schema.inputs[0]]
    assert isinstance(values, Tensor)
    return values[number, -most:, past.names.index(future.names[0])].double()


def _marks(before: int, ahead: int) -> list[int]:
    """Return the steps that are named below a chart: now, and each future before and after it."""
    return [step for step in range(-before + before % ahead, ahead + 1, ahead) if step > -before]


def _band(x: chart.Axis, y: chart.Axis, edge: Sequence[chart.Point]) -> str:
    """Return the band between two lines, whose points are those of the edge all round."""
    path = "L".join(f"{x.at(a):g} {100 - y.at(b):g}" for a, b in edge)
    return (
        '<svg viewBox="0 0 100 100" preserveAspectRatio="none" width="100%" height="100%">'
        f'<path style="fill:var(--tint)" d="M{path}Z"/></svg>'
    )


def _steps(values: dict[str, Any]) -> str:
    """Return the error of the net and of the values before, at each step ahead."""
    net, before = values["steps"]["net"], values["steps"]["yesterday"]
    y = chart.losses([0.0, *net, *before])
    x = chart.Axis(1, max(2, len(net)), chart.whole(len(net)).ticks[1:])
    curves = [
        chart.line(x, y, [*zip(range(1, len(one) + 1), one, strict=True)], style)
        for one, style in ((before, _BEFORE), (net, _NET))
    ]
    keys = chart.legend([(_NET, "the net"), (_BEFORE, "the values before")])
    title = f"The error grows from {figures(net[0])} to {figures(net[-1])} spreads"
    if net[-1] <= net[0]:
        title = f"The error is {figures(net[-1])} spreads at the last step"
    says = (
        "The root mean square error at each step ahead, to the right, in spreads of the target over"
        " the training part."
    )
    return figure(title, says, keys + chart.plot(x, y, curves, label="error by step ahead"))


def _covered(values: dict[str, Any]) -> str:
    """Say how many truths lie in the band."""
    found = values["coverage"]
    unit = " spreads" if len(values.get("targets", [])) > 1 else ""
    reached, steps = float(found["reached"]), [float(one) for one in found["steps"]]
    says = (
        f"The band is meant to hold the truth in {percent(found['asked'])} of cases; on test it"
        f" held {percent(reached)}, at the steps {percent(min(steps))} to {percent(max(steps))}. It"
        f" is {figures(float(found['width']))}{unit} wide in the mean: as wide as the net was"
        " off on valid at that step, and wider where the series has just moved more. Where a series"
        " changes its ways, it holds less."
    )
    return figure(f"The 90% band holds {percent(reached)} of the truths", says, "")
