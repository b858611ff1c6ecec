"""Training curves: loss and validation metrics."""

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
    """Return the loss and the validation accuracy over the turns.

    Curves of the nets on halves of train, which only serve calibration, are not drawn.
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
        return Gap("The training curves are missing: the log holds no numbers.")
    return Section("training", "Training", f'<div class="pair">{body}</div>')


def _curves(log: list[dict[str, float]]) -> dict[str, Curve]:
    """Return (turns, value) points of each name, thinned to MAX_POINTS."""
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
    caption = "The mean loss per turn (training step)."
    valid = curves.get("valid_loss")
    if valid and len(valid) > 1:
        turn, best = min(valid, key=lambda point: point[1])
        caption += (
            f" The validation loss reaches its minimum ({short_number(best)}) after turn"
            f" {int(turn):,}"
        )
        ratio = valid[-1][1] / best if best > 0 else 1.0
        caption += (
            f" and ends at {ratio:.1f} times that value, a sign of overfitting."
            if ratio >= 1.5
            else "."
        )
    y = chart.loss_axis([value for curve in curves.values() for _, value in curve])
    scale_note = " The vertical axis is logarithmic." if y.is_log else ""
    return figure(
        title, caption + scale_note, _curves_plot(curves, y, f"loss over turns, {text(key)} first")
    )


def _accuracy(curves: dict[str, Curve]) -> str:
    key = "valid_accuracy" if "valid_accuracy" in curves else next(iter(curves))
    curve = curves[key]
    turn, best = max(curve, key=lambda point: point[1])
    title = f"Validation accuracy reached {percent(best)}"
    last = int(curve[-1][0])
    caption = (
        f"{count(len(curve), 'evaluation')}, the best after turn {int(turn):,} of {last:,}. The"
        " model was selected on these examples, so this value is slightly optimistic; the"
        " test accuracy is not."
    )
    late_values = [value for points in curves.values() for _, value in points[len(points) // 4 :]]
    values = [value for points in curves.values() for _, value in points]
    y = chart.share_axis(min(late_values), max(values))
    if min(values) < y.low:
        caption += f" The axis starts at {y.low:.0%}; lower values are drawn at the bottom."
    return figure(title, caption, _curves_plot(curves, y, "accuracy over turns"))


def _curves_plot(curves: dict[str, Curve], y: chart.Axis, label: str) -> str:
    last = max(point[0] for curve in curves.values() for point in curve)
    x = chart.integer_axis(int(last))
    styles = dict(zip(curves, STYLES, strict=False))
    marks = [chart.line(x, y, curve, styles[key]) for key, curve in curves.items()]
    names = [(styles[key], _curve_title(key)) for key in curves]
    plot = chart.plot(x, y, marks, label=label)
    return f'<div>{chart.legend(names)}{plot}<p class="axis">turns</p></div>\n'


def _curve_title(key: str) -> str:
    """Return the title of a name in the log."""
    titles = {
        "valid_loss": "validation loss",
        "valid_accuracy": "validation accuracy",
    } | dict.fromkeys(_PLAYERS, "training loss")
    return titles.get(key) or text(key.replace("_", " "))
