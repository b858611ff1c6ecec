"""Examples as HTML: one rendering per kind of field."""

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional

from brique.data import Data, Ragged
from brique.data.rows.describe import describe_kind, describe_value
from brique.page import colors
from brique.page.markup import text
from brique.page.spectrogram import HEIGHT, MIN_SOUND_RATE, WIDTH, spectrogram
from brique.page.thumbnails import thumbnail
from brique.schema import Boxes, Field, Mask, Number, Picture, Signal, Tags, Text, Tree

MAX_LETTERS = 600  # letters of a text
_SIDE = 192  # pixels of the longer side of an image
_MAX_POINTS = 240  # per curve
_MIN_CURVE = 8  # shortest sequence drawn as a curve
_MAX_CHANNELS = 8  # channels drawn per signal
_MAX_WORDS = 40  # words shown with their tags


def render_example(data: Data, row: int) -> dict[str, str]:
    """Return example `row` of the whole source as {field: HTML}."""
    assert data.store is not None
    values = {name: value[row] for name, value in data.store.fields.items()}
    tensors = {name: value for name, value in values.items() if isinstance(value, Tensor)}
    parents = {
        name: _parents(value, row)
        for name, value in data.store.fields.items()
        if isinstance(value, Ragged)
    }
    return {
        name: _render(name, kind, tensors, data.schema.fields, parents)
        for name, kind in data.schema.fields.items()
    }


def _render(
    name: str,
    kind: Field,
    values: Mapping[str, Tensor],
    kinds: Mapping[str, Field],
    parents: Mapping[str, Tensor | None],
) -> str:
    value = values[name]
    match kind:
        case Picture():
            return _picture(value, describe_value(kind, value))
        case Mask():
            return _mask(kind, value)
        case Boxes():
            return _boxes(kind, value, values, kinds)
        case Signal():
            return _spectrogram(kind, value) + _curves(value, describe_value(kind, value))
        case Number() if 1 <= len(kind.shape) <= 2 and kind.shape[0] >= _MIN_CURVE:
            return _curves(value.view(len(value), -1), describe_kind(kind))
        case Tags():
            return _tags(kind, value, values, kinds)
        case Tree():
            return f"<p>{text(_brackets(kind, value, parents[name]), MAX_LETTERS)}</p>"
        case Text():
            return f"<p>{text(kind.restore(value), MAX_LETTERS)}</p>"
        case _:
            return f"<p>{text(describe_value(kind, value), MAX_LETTERS)}</p>"


def _parents(value: Ragged, row: int) -> Tensor | None:
    if value.parent is None:
        return None
    start, end = value.offsets[row : row + 2].tolist()
    return value.parent[start:end]


def _picture(pixels: Tensor, alt: str) -> str:
    height, width = pixels.shape[1:]
    scale = _SIDE / max(height, width)
    sharp = ' class="sharp"' if scale > 2 else ""
    size = f'width="{round(width * scale)}" height="{round(height * scale)}"'
    if len(pixels) not in (1, 3):
        pixels = pixels[:1]
    return f'<img{sharp} src="{thumbnail(pixels)}" alt="{text(alt, 200)}" {size}>'


def _mask(kind: Mask, value: Tensor) -> str:
    """Return a mask in colors, with a legend of its most common classes."""
    palette = colors.class_palette(len(kind.names))
    counts = torch.bincount(value.flatten().long(), minlength=256)[: len(kind.names)]
    most_common = [
        index for index in torch.argsort(counts, descending=True).tolist() if counts[index]
    ][:6]
    legend = "".join(
        f'<li><span class="swatch" style="background:rgb{tuple(palette[index].tolist())}"></span>'
        f"{text(kind.names[index])}</li>"
        for index in most_common
    )
    picture = _picture(palette[value.long()].permute(2, 0, 1), "mask")
    return f'{picture}<ul class="legend">{legend}</ul>'


def _boxes(
    kind: Boxes, value: Tensor, values: Mapping[str, Tensor], kinds: Mapping[str, Field]
) -> str:
    """Return boxes drawn on their image, with class names."""
    height, width = kind.shape
    tag_fields = [field_name for field_name, other in kinds.items() if isinstance(other, Tags)]
    names: list[str] = []
    if tag_fields and len(values[tag_fields[0]]) == len(value):
        tags = kinds[tag_fields[0]]
        names = tags.restore(values[tag_fields[0]]) if isinstance(tags, Tags) else []
    background = ""
    for other, field in kinds.items():
        if isinstance(field, Picture) and tuple(field.shape[1:]) == tuple(kind.shape):
            background = (
                f'<image href="{thumbnail(values[other])}" width="{width}" height="{height}"/>'
            )
    shapes: list[str] = []
    for index, (x0, y0, x1, y1) in enumerate(value.tolist()):
        title = f"<title>{text(names[index])}</title>" if names else ""
        shapes.append(
            f'<rect x="{x0:.1f}" y="{y0:.1f}" width="{max(x1 - x0, 0):.1f}"'
            f' height="{max(y1 - y0, 0):.1f}" fill="none" stroke="{colors.VERMILION}"'
            f' stroke-width="3" vector-effect="non-scaling-stroke">{title}</rect>'
        )
    scale = _SIDE / max(height, width)
    names_text = text(", ".join(names), 200) if names else f"{len(value)} boxes"
    return (
        f'<svg viewBox="0 0 {width} {height}" width="{round(width * scale)}"'
        f' height="{round(height * scale)}" role="img" aria-label="{names_text}">'
        f"{background}{''.join(shapes)}</svg><p>{names_text}</p>"
    )


def _spectrogram(kind: Signal, value: Tensor) -> str:
    """Return the spectrogram of a sound, or nothing for other signals."""
    if kind.rate is None or kind.rate < MIN_SOUND_RATE or not len(value):
        return ""
    alt = f"spectrogram, up to {kind.rate / 2000:.3g} kHz"
    source = thumbnail(spectrogram(value, kind.rate), WIDTH)
    return f'<img src="{source}" alt="{alt}" width="320" height="{HEIGHT}"><br>'


def _curves(value: Tensor, caption: str) -> str:
    """Return a signal (T, C) as one curve per channel."""
    if not len(value):
        return "<p>empty</p>"
    samples = value[:, :_MAX_CHANNELS].float().nan_to_num(0.0)
    if len(samples) > 2 * _MAX_POINTS:  # minimum and maximum of each block
        blocks = samples.T[None]
        high = functional.adaptive_max_pool1d(blocks, _MAX_POINTS)[0]
        low = -functional.adaptive_max_pool1d(-blocks, _MAX_POINTS)[0]
        samples = torch.stack([low, high], 2).flatten(1).T
    low, high = samples.amin(), samples.amax()
    span = float(high - low) or 1.0
    polylines: list[str] = []
    for index, channel in enumerate(samples.T.tolist()):
        spacing = 320 / max(len(channel) - 1, 1)
        points = " ".join(
            f"{i * spacing:.1f},{76 - 72 * (y - float(low)) / span:.1f}"
            for i, y in enumerate(channel)
        )
        color = f"var(--c{index % 7})" if samples.shape[1] > 1 else "var(--accent)"
        polylines.append(f'<polyline class="line" style="--ink-of:{color}" points="{points}"/>')
    return (
        f'<svg viewBox="0 0 320 80" width="320" height="80" style="max-width:100%" role="img"'
        f' aria-label="{text(caption)}">{"".join(polylines)}</svg>'
        f"<p><small>{text(caption)}</small></p>"
    )


def _tags(
    kind: Tags, value: Tensor, values: Mapping[str, Tensor], kinds: Mapping[str, Field]
) -> str:
    """Return tags next to their words, if a text field has as many words."""
    names = kind.restore(value)
    for name, field in kinds.items():
        if isinstance(field, Text) and len(values[name]) == len(names):
            words = [field.restore(one[None]) for one in values[name]]
            pairs = list(zip(words, names, strict=True))[:_MAX_WORDS]
            more = " …" if len(words) > _MAX_WORDS else ""
            return (
                "<p>"
                + " ".join(
                    f"{text(word, 40)}<small>/{text(tag, 40)}</small>" for word, tag in pairs
                )
                + f"{more}</p>"
            )
    return f"<p>{text(', '.join(names), MAX_LETTERS)}</p>"


def _brackets(kind: Tree, words: Tensor, parent: Tensor | None) -> str:
    """Return a tree in bracket notation; children precede parents in `words`."""
    if parent is None:
        return kind.words.restore(words)
    children: list[list[str]] = [[] for _ in range(len(words))]
    root = ""
    for index, (word, parent_index) in enumerate(zip(words, parent.tolist(), strict=True)):
        inner = " ".join(children[index]) if children[index] else kind.words.restore(word[None])
        bracketed = f"({inner})" if children[index] else inner
        if parent_index < 0:
            root = bracketed
        else:
            children[parent_index].append(bracketed)
    return root
