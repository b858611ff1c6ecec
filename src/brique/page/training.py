"""The curves of the training: loss, and what was measured on valid."""

from brique.page import chart
from brique.page.facts import Facts
from brique.page.markup import Gap, Section, count, figure, percent, short_number, text

Curve = list[tuple[float, float]]
STYLES = (
    "--ink-of:var(--accent)",
    "--ink-of:var(--c5);stroke-dasharray:6 4",
    "--ink-of:var(--c2);stroke-dasharray:2 3",
    "--ink-of:var(--c6)",
)
MAX_POINTS = 400
_PLAYERS = (
    "classifier", "predictor", "forecaster", "segmenter", "detector", "autoencoder", "generator",
    "translator", "tagger",
)  # fmt: skip


def section(facts: Facts) -> Section | Gap:
    """Return the loss, and the accuracy on valid, over the turns.

    Nets of halves, which are there for the temperature alone, are not drawn.
    """
    curves = {
        name: points for name, points in _curves(facts.log).items() if not name.startswith("half-")
    }
    losses = {
        key: curve
        for key, curve in curves.items()
        if "accuracy" not in key and (key.endswith("loss") or not key.startswith("valid_"))
    }
    accuracies = {key: curve for key, curve in curves.items() if key.endswith("accuracy")}
    body = ""
    if losses:
        body += _loss(dict(list(losses.items())[: len(STYLES)]))
    if accuracies:
        body += _accuracy(dict(list(accuracies.items())[: len(STYLES)]))
    if not body:
        return Gap("No curves are drawn, since the log holds no numbers.")
    return Section("training", "The training", f'<div class="pair">{body}</div>')


def _curves(log: list[dict[str, float]]) -> dict[str, Curve]:
    """Return (turns played, value) of each name; of very many points, evenly chosen ones."""
    curves: dict[str, Curve] = {}
    for line in log:
        for key, value in line.items():
            if key != "turn" and "turn" in line:
                curves.setdefault(key, []).append((line["turn"] + 1, value))
    for key, curve in curves.items():
        stride = -(-len(curve) // MAX_POINTS)
        thinned = curve[::stride]
        curves[key] = thinned if thinned[-1] == curve[-1] else [*thinned, curve[-1]]
    return curves


def _loss(curves: dict[str, Curve]) -> str:
    key, first = next(iter(curves.items()))
    start, end = first[0][1], first[-1][1]
    verb = "fell" if end < start else "rose" if end > start else "stayed"
    title = f"The training loss {verb} from {short_number(start)} to {short_number(end)}"
    caption = (
        "The loss is what the net pays for being wrong or unsure (0 is perfect); it is what"
        " training makes smaller."
    )
    valid = curves.get("valid_loss")
    if valid and len(valid) > 1:
        turn, best = min(valid, key=lambda point: point[1])
        caption += (
            f" On valid, which it does not learn from, it was lowest ({short_number(best)}) after turn"
            f" {int(turn):,}"
        )
        ratio = valid[-1][1] / best if best > 0 else 1.0
        caption += (
            f", and {ratio:.1f} times that at the end: a sign that the net had begun to learn"
            " examples by heart."
            if ratio >= 1.5
            else "."
        )
    y = chart.loss_axis([value for curve in curves.values() for _, value in curve])
    scale_note = " The steps of its scale are factors, not sums." if y.is_log else ""
    return figure(
        title, caption + scale_note, _curves_plot(curves, y, f"loss over turns, {text(key)} first")
    )


def _accuracy(curves: dict[str, Curve]) -> str:
    key = "valid_accuracy" if "valid_accuracy" in curves else next(iter(curves))
    curve = curves[key]
    turn, best = max(curve, key=lambda point: point[1])
    title = f"Accuracy on valid reached {percent(best)}"
    last = int(curve[-1][0])
    caption = (
        f"Measured {count(len(curve), 'time')} on the way, best after turn {int(turn):,} of"
        f" {last:,}. These examples decide when to stop and which weights to keep, so the figure"
        " flatters a little; the one on test does not."
    )
    late_values = [value for points in curves.values() for _, value in points[len(points) // 4 :]]
    values = [value for points in curves.values() for _, value in points]
    y = chart.share_axis(min(late_values), max(values))
    if min(values) < y.low:
        caption += f" The chart starts at {y.low:.0%}; what was lower at first runs along its foot."
    return figure(title, caption, _curves_plot(curves, y, "accuracy over turns"))


def _curves_plot(curves: dict[str, Curve], y: chart.Axis, label: str) -> str:
    last = max(point[0] for curve in curves.values() for point in curve)
    x = chart.integer_axis(int(last))
    styles = dict(zip(curves, STYLES, strict=False))
    marks = [chart.line(x, y, curve, styles[key]) for key, curve in curves.items()]
    names = [(styles[key], _curve_title(key)) for key in curves]
    plot = chart.plot(x, y, marks, label=label)
    return f'<div>{chart.legend(names)}{plot}<p class="axis">turns played</p></div>\n'


def _curve_title(key: str) -> str:
    """Return a name in the log in words."""
    titles = {
        "valid_loss": "loss on valid",
        "valid_accuracy": "accuracy on valid",
    } | dict.fromkeys(_PLAYERS, "loss on the training examples")
    return titles.get(key) or text(key.replace("_", " "))
