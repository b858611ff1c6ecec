"""Learned features: the filters of the first layer, and a t-SNE map of the last hidden layer."""

import math

import numpy as np
import torch
from torch import Tensor, nn

from brique.page import colors
from brique.page.facts import Facts
from brique.page.markup import Gap, Section, count, figure, name, percent, text
from brique.page.thumbnails import png

MAX_FILTERS = 64
MAX_POINTS = 1000
MAX_COLORED_CLASSES = 10  # classes with a color each; more are labeled at their median
MAX_NAMED_CLASSES = 40
FEW_MARKS = 8  # marks of a class
DENSE_MARKS = 400  # marks in all; more are smaller


def filters_section(facts: Facts) -> Section | Gap:
    """Return the section with the filters of the first convolution."""
    if facts.net is None:
        return Gap(f"Filters are not shown: the net could not be rebuilt ({facts.net_error})")
    convolutions = (module for module in facts.net.modules() if isinstance(module, nn.Conv2d))
    first = next(convolutions, None)
    if first is None or min(first.weight.shape) == 0 or not bool(first.weight.isfinite().all()):
        return Gap("Filters are not shown: the net has no 2-d convolution.")
    weight = first.weight.detach().float().cpu()
    num_filters, channels, height, width = weight.shape
    size = f"{height} x {width} pixels" if height * width > 1 else "one pixel"
    title = f"{_count_edge_filters(weight)} of {count(num_filters, 'filter')} detect edges"
    caption = (
        f"Each square is one filter of the first layer, {size}. The weights of an edge filter"
        " nearly sum to zero, so it hardly responds to a uniform patch."
    )
    caption += (
        " Colors show what a filter responds to."
        if channels == 3
        else " Positive weights are orange, negative ones blue."
    )
    if num_filters > MAX_FILTERS:
        caption += f" The first {MAX_FILTERS} are shown."
    sheet = _filter_sheet(weight[:MAX_FILTERS])
    alt = f"{min(num_filters, MAX_FILTERS)} filters of the first layer"
    body = f'<img class="sheet" src="{sheet}" alt="{alt}">\n'
    return Section("filters", "First layer", figure(title, caption, body))


def _count_edge_filters(weight: Tensor) -> int:
    """Return how many filters have weights that sum to a quarter of their absolute sum or less."""
    flat = weight.flatten(2).sum(1)  # (F, kH kW): summed over channels, as for a gray picture
    return int((flat.sum(1).abs() <= 0.25 * flat.abs().sum(1)).sum())


def _filter_sheet(weight: Tensor) -> str:
    """Return filters (F, C, kH, kW) side by side, as the data URL of a picture."""
    from PIL import Image

    num_filters, _, height, width = weight.shape
    columns = min(12, num_filters)
    rows = math.ceil(num_filters / columns)
    factor = max(1, 48 // max(height, width))
    tiles = _filter_pixels(weight).repeat(factor, 1).repeat(factor, 2)  # (F, h, w, 4)
    tile_height, tile_width = tiles.shape[1:3]
    gap = 10
    sheet = np.zeros(
        (rows * (tile_height + gap) - gap, columns * (tile_width + gap) - gap, 4), np.uint8
    )
    for index, tile in enumerate(tiles):
        top, left = index // columns * (tile_height + gap), index % columns * (tile_width + gap)
        sheet[top : top + tile_height, left : left + tile_width] = tile
    return png(Image.fromarray(sheet))


def _filter_pixels(weight: Tensor) -> np.ndarray:
    """Return filters as RGBA pixels (F, kH, kW, 4); other than 3 channels: orange and blue."""
    peak = weight.abs().flatten(1).max(1).values.clamp(min=1e-12)[:, None, None]
    num_filters, channels, height, width = weight.shape
    pixels = np.zeros((num_filters, height, width, 4), np.uint8)
    if channels == 3:
        scaled = 0.5 + 0.5 * weight / peak[:, None]
        pixels[..., :3] = (scaled * 255).round().byte().permute(0, 2, 3, 1).numpy()
        pixels[..., 3] = 255
        return pixels
    mean = weight.mean(1)  # (F, kH, kW)
    peak = mean.abs().flatten(1).max(1).values.clamp(min=1e-12)[:, None, None]
    is_negative = (mean < 0).numpy()[..., None]
    pixels[..., :3] = np.where(is_negative, colors.rgb(colors.BLUE), colors.rgb(colors.ORANGE))
    pixels[..., 3] = ((mean.abs() / peak) * 255).round().byte().numpy()
    return pixels


def map_section(facts: Facts) -> Section | Gap:
    """Return the section with a t-SNE map of the last hidden layer, a mark per test example."""
    predictions = facts.predictions
    if predictions is None or predictions.hidden is None or predictions.hidden_ids is None:
        return Gap("The feature map is not shown: the hidden features are not stored.")
    features, ids = predictions.hidden[:MAX_POINTS], predictions.hidden_ids[:MAX_POINTS]
    if len(ids) < 8:
        return Gap(f"The feature map is not shown: {count(len(ids), 'example')} are too few.")
    if not bool(features.std(0).any()):
        return Gap("The feature map is not shown: the hidden features are equal for all examples.")
    row_of_id = {int(example_id): row for row, example_id in enumerate(predictions.ids.tolist())}
    rows = torch.tensor([row_of_id[int(example_id)] for example_id in ids.tolist()])
    points = _tsne_points(features, len(facts.names))
    label, is_correct = predictions.label[rows], predictions.is_correct[rows]
    neighbor_agreement = _neighbor_agreement(features, label)
    title = f"{percent(neighbor_agreement)} of the nearest neighbors are of the same class"
    caption = (
        f"t-SNE of the last hidden layer on {count(len(ids), 'test example')}. Crosses are"
        " misclassified examples. Only neighborhoods are meaningful, not the axes or large"
        " distances. The percentage above is measured in the hidden layer itself, not in the plot."
    )
    if len(facts.names) > MAX_COLORED_CLASSES:
        caption += " Overlapping class names are left out."
    body = _map_svg(facts.names, points, label, is_correct)
    return Section("map", "Feature map", figure(title, caption, body))


def _tsne_points(features: Tensor, classes: int) -> np.ndarray:
    """Return t-SNE coordinates in [0, 1] x [0, 1] for each row of features (M, D): (M, 2).

    Perplexity is below the size of a class, lest classes shrink to dots.
    """
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    array = features.numpy()
    if array.shape[1] < 2:
        array = np.pad(array, ((0, 0), (0, 1)))
    perplexity = min(30.0, (len(array) - 1) / 3, max(5.0, len(array) / (3 * classes)))
    tsne = TSNE(perplexity=perplexity, init="pca", random_state=0, max_iter=500)
    with threadpool_limits(1):  # a fixed order of sums: the same bytes each time
        points = np.asarray(tsne.fit_transform(array), dtype=np.float64)
    low, high = points.min(0), points.max(0)
    return 0.03 + 0.94 * (points - low) / np.maximum(high - low, 1e-12)


def _neighbor_agreement(features: Tensor, label: Tensor) -> float:
    """Return the share of rows (M, D) whose nearest other row has the same label (M,)."""
    distances = torch.cdist(features, features, compute_mode="donot_use_mm_for_euclid_dist")
    distances.fill_diagonal_(math.inf)
    return float((label[distances.argmin(1)] == label).float().mean())


def _map_svg(names: list[str], points: np.ndarray, label: Tensor, is_correct: Tensor) -> str:
    """Return the map as SVG, with a legend where there are few classes."""
    classes = sorted(set(label.tolist()))
    is_colored = len(names) <= MAX_COLORED_CLASSES
    marks: list[str] = []
    crosses: list[str] = []
    for class_index in classes:
        color, is_ring = colors.class_color(class_index) if is_colored else ("var(--accent)", False)
        dots, wrong = _marks(points, (label == class_index).numpy(), is_correct.numpy())
        kind = "ring" if is_ring else "spot"
        marks.append(f'<g class="{kind}" style="--ink-of:{color}">{dots}</g>')
        crosses.append(f'<g class="cross" style="--ink-of:{color}">{wrong}</g>')
    labels = _class_labels(
        {
            names[class_index]: points[(label == class_index).numpy()]
            for class_index in classes[:MAX_NAMED_CLASSES]
        }
    )
    svg = "".join([*marks, *crosses, '<g class="names">', *labels, "</g>"])
    wrong = int((~is_correct).sum())
    alt = f"t-SNE map of the test examples, {count(wrong, 'mistake')} as crosses"
    html = f'<div class="map"><svg role="img" aria-label="{alt}">{svg}</svg></div>\n'
    return (_legend(names, classes) if is_colored else "") + html


def _marks(points: np.ndarray, in_class: np.ndarray, is_correct: np.ndarray) -> tuple[str, str]:
    """Return the dots of correct and the crosses of misclassified examples."""
    size, cross = (
        (3.5, "M-5-5 5 5M-5 5 5-5") if len(points) <= DENSE_MARKS else (2.5, "M-3-3 3 3M-3 3 3-3")
    )
    dots = "".join(
        f'<circle cx="{x:.1f}%" cy="{y:.1f}%" r="{size}"/>'
        for x, y in 100 * points[in_class & is_correct]
    )
    crosses = "".join(
        f'<svg x="{x:.1f}%" y="{y:.1f}%"><path d="{cross}"/></svg>'
        for x, y in 100 * points[in_class & ~is_correct]
    )
    return dots, crosses


def _class_labels(classes: dict[str, np.ndarray]) -> list[str]:
    """Return the name of each class at the median of its marks, unless it would overlap another."""
    placed: list[tuple[float, float, float]] = []
    labels: list[str] = []
    for class_name, points in classes.items():
        x, y = 100 * np.median(points, axis=0)
        if len(points) < FEW_MARKS:  # above the mark nearest to the median, lest it be hidden
            x, y = 100 * points[np.abs(points * 100 - (x, y)).sum(1).argmin()] - (0, 1.5)
        label_text = text(class_name, 18)
        half_width = 0.5 + 0.7 * min(len(class_name), 18)
        if all(abs(x - a) > half_width + other or abs(y - b) > 3 for a, b, other in placed):
            placed.append((x, y, half_width))
            labels.append(f'<text x="{x:.1f}%" y="{y:.1f}%" class="mid">{label_text}</text>')
    return labels


def _legend(names: list[str], classes: list[int]) -> str:
    items: list[str] = []
    for class_index in classes:
        color, is_ring = colors.class_color(class_index)
        kind = "ring" if is_ring else "spot"
        mark = f'<g class="{kind}" style="--ink-of:{color}"><circle cx="8" cy="8" r="5"/></g>'
        title = name(names[class_index], 40)
        items.append(f'<li><svg class="dotkey" aria-hidden="true">{mark}</svg>{title}</li>')
    cross = '<g class="cross"><path d="M3 3 13 13M3 13 13 3"/></g>'
    items.append(f'<li><svg class="dotkey" aria-hidden="true">{cross}</svg>misclassified</li>')
    return f'<ul class="legend">{"".join(items)}</ul>\n'
