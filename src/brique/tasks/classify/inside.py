"""A look inside: the filters of the first layer, and a map of what the net sees as alike."""

import math

import numpy as np
import torch
from torch import Tensor, nn

from brique.page import colors
from brique.page.facts import Facts
from brique.page.markup import Gap, Section, count, figure, name, percent, text
from brique.page.thumbnails import png

FILTERS = 64
MOST_POINTS = 1000
COLORED = 10  # classes with a color each; more are named at their middle
NAMED = 40
FEW = 8  # marks of a class
DENSE = 400  # marks in all; more are smaller


def filters(facts: Facts) -> Section | Gap:
    """Return the filters of the net's first convolution as a picture."""
    if facts.net is None:
        return Gap(f"Filters are not shown, since the net could not be rebuilt: {facts.why}")
    found = (part for part in facts.net.modules() if isinstance(part, nn.Conv2d))
    first = next(found, None)
    if first is None or min(first.weight.shape) == 0 or not bool(first.weight.isfinite().all()):
        return Gap("Filters are not shown, since the net has no convolution of pictures.")
    weight = first.weight.detach().float().cpu()
    number, channels, height, width = weight.shape
    size = f"{height} x {width} pixels" if height * width > 1 else "one pixel"
    title = f"{_edges(weight)} of {count(number, 'filter')} look for edges"
    says = (
        f"Each square is one filter of the first layer, {size} large: what the net looks for at"
        " every place of a picture. An edge filter compares neighboring pixels: its weights"
        " nearly cancel out, so that an even patch leaves it cold."
    )
    says += (
        " They are shown in the colors that they answer to."
        if channels == 3
        else " Orange pixels count for, blue ones against; the paler, the less."
    )
    if number > FILTERS:
        says += f" The first {FILTERS} are shown."
    sheet = _sheet(weight[:FILTERS])
    alt = f"{min(number, FILTERS)} filters of the first layer"
    body = f'<img class="sheet" src="{sheet}" alt="{alt}">\n'
    return Section("filters", "First layer", figure(title, says, body))


def _edges(weight: Tensor) -> int:
    """Return how many filters have weights that cancel out to a quarter or less."""
    flat = weight.flatten(2).sum(1)  # (F, kH kW): all channels alike, as for a grey picture
    return int((flat.sum(1).abs() <= 0.25 * flat.abs().sum(1)).sum())


def _sheet(weight: Tensor) -> str:
    """Return filters (F, C, kH, kW) side by side as a picture's address."""
    from PIL import Image

    number, _, height, width = weight.shape
    columns = min(12, number)
    rows = math.ceil(number / columns)
    factor = max(1, 48 // max(height, width))
    tiles = _painted(weight).repeat(factor, 1).repeat(factor, 2)  # (F, h, w, 4)
    high, broad = tiles.shape[1:3]
    gap = 10
    sheet = np.zeros((rows * (high + gap) - gap, columns * (broad + gap) - gap, 4), np.uint8)
    for place, tile in enumerate(tiles):
        top, left = place // columns * (high + gap), place % columns * (broad + gap)
        sheet[top : top + high, left : left + broad] = tile
    return png(Image.fromarray(sheet))


def _painted(weight: Tensor) -> np.ndarray:
    """Return filters as pixels (F, kH, kW, 4): colors for three channels, else two inks."""
    top = weight.abs().flatten(1).max(1).values.clamp(min=1e-12)[:, None, None]
    number, channels, height, width = weight.shape
    pixels = np.zeros((number, height, width, 4), np.uint8)
    if channels == 3:
        shown = 0.5 + 0.5 * weight / top[:, None]
        pixels[..., :3] = (shown * 255).round().byte().permute(0, 2, 3, 1).numpy()
        pixels[..., 3] = 255
        return pixels
    mean = weight.mean(1)  # (F, kH, kW)
    top = mean.abs().flatten(1).max(1).values.clamp(min=1e-12)[:, None, None]
    against = (mean < 0).numpy()[..., None]
    pixels[..., :3] = np.where(against, colors.rgb(colors.BLUE), colors.rgb(colors.ORANGE))
    pixels[..., 3] = ((mean.abs() / top) * 255).round().byte().numpy()
    return pixels


def landscape(facts: Facts) -> Section | Gap:
    """Return a map (t-SNE) of the last hidden layer, a mark for each test example."""
    answers = facts.answers
    if answers is None or answers.hidden is None or answers.hidden_ids is None:
        return Gap("No map is drawn, since the hidden layer's answers are not stored.")
    features, ids = answers.hidden[:MOST_POINTS], answers.hidden_ids[:MOST_POINTS]
    if len(ids) < 8:
        return Gap(f"No map is drawn, since {count(len(ids), 'example')} would tell nothing.")
    if not bool(features.std(0).any()):
        return Gap("No map is drawn, since the hidden layer says the same of every example.")
    place = {int(one): row for row, one in enumerate(answers.ids.tolist())}
    rows = torch.tensor([place[int(one)] for one in ids.tolist()])
    spots = _spots(features, len(facts.names))
    label, is_right = answers.label[rows], answers.is_right[rows]
    share = _neighbors(features, label)
    title = f"{percent(share)} of the examples lie next to one of their own class"
    says = (
        f"Each mark is one of {count(len(ids), 'test example')}; examples that the last hidden"
        " layer sees as alike lie close together. Crosses are mistakes. Only what is near means"
        " something: the axes, and distances between far groups, do not. (t-SNE; the share above is"
        " counted in the hidden layer itself.)"
    )
    if len(facts.names) > COLORED:
        says += " Names that would stand on another are left out."
    body = _drawn(facts.names, spots, label, is_right)
    return Section("map", "Map", figure(title, says, body))


def _spots(features: Tensor, classes: int) -> np.ndarray:
    """Return a place in [0, 1] x [0, 1] for each row of features (M, D): (M, 2).

    Each looks at fewer neighbors than there are of its class, lest classes shrink to dots.
    """
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    wide = features.numpy()
    if wide.shape[1] < 2:
        wide = np.pad(wide, ((0, 0), (0, 1)))
    perplexity = min(30.0, (len(wide) - 1) / 3, max(5.0, len(wide) / (3 * classes)))
    tsne = TSNE(perplexity=perplexity, init="pca", random_state=0, max_iter=500)
    with threadpool_limits(1):  # sums in one order: the same bytes each time
        spots = np.asarray(tsne.fit_transform(wide), dtype=np.float64)
    low, high = spots.min(0), spots.max(0)
    return 0.03 + 0.94 * (spots - low) / np.maximum(high - low, 1e-12)


def _neighbors(features: Tensor, label: Tensor) -> float:
    """Return the share of rows (M, D) whose nearest other row has the same label (M,)."""
    gaps = torch.cdist(features, features, compute_mode="donot_use_mm_for_euclid_dist")
    gaps.fill_diagonal_(math.inf)
    return float((label[gaps.argmin(1)] == label).float().mean())


def _drawn(names: list[str], spots: np.ndarray, label: Tensor, is_right: Tensor) -> str:
    """Return the map as SVG, with a legend where there are few classes."""
    classes = sorted(set(label.tolist()))
    few = len(names) <= COLORED
    marks: list[str] = []
    crosses: list[str] = []
    for one in classes:
        color, is_ring = colors.of_class(one) if few else ("var(--accent)", False)
        dots, wrong = _marks(spots, (label == one).numpy(), is_right.numpy())
        kind = "ring" if is_ring else "spot"
        marks.append(f'<g class="{kind}" style="--ink-of:{color}">{dots}</g>')
        crosses.append(f'<g class="cross" style="--ink-of:{color}">{wrong}</g>')
    labels = _labels({names[one]: spots[(label == one).numpy()] for one in classes[:NAMED]})
    drawn = "".join([*marks, *crosses, '<g class="names">', *labels, "</g>"])
    wrong = int((~is_right).sum())
    label_ = f"map of the test examples, {count(wrong, 'mistake')} as crosses"
    box = f'<div class="map"><svg role="img" aria-label="{label_}">{drawn}</svg></div>\n'
    return (_legend(names, classes) if few else "") + box


def _marks(spots: np.ndarray, mine: np.ndarray, is_right: np.ndarray) -> tuple[str, str]:
    """Return the dots of right answers and the crosses of wrong ones."""
    size, cross = (
        (3.5, "M-5-5 5 5M-5 5 5-5") if len(spots) <= DENSE else (2.5, "M-3-3 3 3M-3 3 3-3")
    )
    dots = "".join(
        f'<circle cx="{x:.1f}%" cy="{y:.1f}%" r="{size}"/>' for x, y in 100 * spots[mine & is_right]
    )
    crosses = "".join(
        f'<svg x="{x:.1f}%" y="{y:.1f}%"><path d="{cross}"/></svg>'
        for x, y in 100 * spots[mine & ~is_right]
    )
    return dots, crosses


def _labels(classes: dict[str, np.ndarray]) -> list[str]:
    """Return the name of each class where its marks are, unless it would stand on another name."""
    taken: list[tuple[float, float, float]] = []
    labels: list[str] = []
    for called, spots in classes.items():
        x, y = 100 * np.median(spots, axis=0)
        if len(spots) < FEW:  # above the mark nearest to their middle, which it would hide
            x, y = 100 * spots[np.abs(spots * 100 - (x, y)).sum(1).argmin()] - (0, 1.5)
        shown = text(called, 18)
        half = 0.5 + 0.7 * min(len(called), 18)
        if all(abs(x - a) > half + other or abs(y - b) > 3 for a, b, other in taken):
            taken.append((x, y, half))
            labels.append(f'<text x="{x:.1f}%" y="{y:.1f}%" class="mid">{shown}</text>')
    return labels


def _legend(names: list[str], classes: list[int]) -> str:
    items: list[str] = []
    for one in classes:
        color, is_ring = colors.of_class(one)
        kind = "ring" if is_ring else "spot"
        mark = f'<g class="{kind}" style="--ink-of:{color}"><circle cx="8" cy="8" r="5"/></g>'
        items.append(
            f'<li><svg class="dotkey" aria-hidden="true">{mark}</svg>{name(names[one], 40)}</li>'
        )
    cross = '<g class="cross"><path d="M3 3 13 13M3 13 13 3"/></g>'
    items.append(f'<li><svg class="dotkey" aria-hidden="true">{cross}</svg>a mistake</li>')
    return f'<ul class="legend">{"".join(items)}</ul>\n'
