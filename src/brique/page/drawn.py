"""Examples drawn: what each kind of field holds, as a person would want to see it."""

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional

from brique.data import Data, Ragged
from brique.data.shown import described, said
from brique.page import colors
from brique.page.markup import text
from brique.page.spectrogram import HEARD, HEIGHT, WIDTH, spectrogram
from brique.page.thumbnails import thumbnail
from brique.schema import Boxes, Field, Mask, Number, Picture, Signal, Tags, Text, Tree

LONG = 600  # letters of a text
_SIDE = 192  # pixels of a picture's longer side
_POINTS = 240  # of a curve
_CURVE = 8  # numbers in a row from which on they are drawn as a curve
_CHANNELS = 8  # of a signal that are drawn
_TAGGED = 40  # words of a sentence that are shown with their tags


def example(data: Data, row: int) -> dict[str, str]:
    """Return what example `row` of the whole source holds, as HTML, by name of field."""
    assert data.store is not None
    values = {name: value[row] for name, value in data.store.fields.items()}
    tensors = {name: value for name, value in values.items() if isinstance(value, Tensor)}
    parents = {
        name: _parents(value, row)
        for name, value in data.store.fields.items()
        if isinstance(value, Ragged)
    }
    return {
        name: _drawn(name, kind, tensors, data.schema.fields, parents)
        for name, kind in data.schema.fields.items()
    }


def _drawn(
    name: str,
    kind: Field,
    values: Mapping[str, Tensor],
    kinds: Mapping[str, Field],
    parents: Mapping[str, Tensor | None],
) -> str:
    value = values[name]
    match kind:
        case Picture():
            return _picture(value, said(kind, value))
        case Mask():
            return _mask(kind, value)
        case Boxes():
            return _boxes(kind, value, values, kinds)
        case Signal():
            return _heard(kind, value) + _curves(value, said(kind, value))
        case Number() if 1 <= len(kind.shape) <= 2 and kind.shape[0] >= _CURVE:
            return _curves(value.view(len(value), -1), described(kind))
        case Tags():
            return _tags(kind, value, values, kinds)
        case Tree():
            return f"<p>{text(_brackets(kind, value, parents[name]), LONG)}</p>"
        case Text():
            return f"<p>{text(kind.restore(value), LONG)}</p>"
        case _:
            return f"<p>{text(said(kind, value), LONG)}</p>"


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
    """Return a mask as colors, with the names of its commonest classes beside."""
    table = colors.of_classes(len(kind.names))
    counts = torch.bincount(value.flatten().long(), minlength=256)[: len(kind.names)]
    often = [n for n in torch.argsort(counts, descending=True).tolist() if counts[n]][:6]
    keys = "".join(
        f'<li><span class="swatch" style="background:rgb{tuple(table[n].tolist())}"></span>'
        f"{text(kind.names[n])}</li>"
        for n in often
    )
    picture = _picture(table[value.long()].permute(2, 0, 1), "mask")
    return f'{picture}<ul class="legend">{keys}</ul>'


def _boxes(
    kind: Boxes, value: Tensor, values: Mapping[str, Tensor], kinds: Mapping[str, Field]
) -> str:
    """Return boxes on their picture, with the names of their classes."""
    height, width = kind.shape
    named = [n for n, other in kinds.items() if isinstance(other, Tags)]
    names: list[str] = []
    if named and len(values[named[0]]) == len(value):
        tags = kinds[named[0]]
        names = tags.restore(values[named[0]]) if isinstance(tags, Tags) else []
    under = ""
    for other, field in kinds.items():
        if isinstance(field, Picture) and tuple(field.shape[1:]) == tuple(kind.shape):
            under = f'<image href="{thumbnail(values[other])}" width="{width}" height="{height}"/>'
    marks: list[str] = []
    for place, (x0, y0, x1, y1) in enumerate(value.tolist()):
        title = f"<title>{text(names[place])}</title>" if names else ""
        marks.append(
            f'<rect x="{x0:.1f}" y="{y0:.1f}" width="{max(x1 - x0, 0):.1f}"'
            f' height="{max(y1 - y0, 0):.1f}" fill="none" stroke="{colors.VERMILION}"'
            f' stroke-width="3" vector-effect="non-scaling-stroke">{title}</rect>'
        )
    scale = _SIDE / max(height, width)
    listed = text(", ".join(names), 200) if names else f"{len(value)} boxes"
    return (
        f'<svg viewBox="0 0 {width} {height}" width="{round(width * scale)}"'
        f' height="{round(height * scale)}" role="img" aria-label="{listed}">'
        f"{under}{''.join(marks)}</svg><p>{listed}</p>"
    )


def _heard(kind: Signal, value: Tensor) -> str:
    """Return the spectrogram of a sound, nothing of other signals."""
    if kind.rate is None or kind.rate < HEARD or not len(value):
        return ""
    alt = f"spectrogram, up to {kind.rate / 2000:.3g} kHz"
    where = thumbnail(spectrogram(value, kind.rate), WIDTH)
    return f'<img src="{where}" alt="{alt}" width="320" height="{HEIGHT}"><br>'


def _curves(value: Tensor, says: str) -> str:
    """Return a signal (T, C) as one curve for each channel."""
    if not len(value):
        return "<p>empty</p>"
    some = value[:, :_CHANNELS].float().nan_to_num(0.0)
    if len(some) > 2 * _POINTS:  # the hull of what lies between two points
        blocks = some.T[None]
        high = functional.adaptive_max_pool1d(blocks, _POINTS)[0]
        low = -functional.adaptive_max_pool1d(-blocks, _POINTS)[0]
        some = torch.stack([low, high], 2).flatten(1).T
    low, high = some.amin(), some.amax()
    spread = float(high - low) or 1.0
    lines: list[str] = []
    for place, channel in enumerate(some.T.tolist()):
        step = 320 / max(len(channel) - 1, 1)
        points = " ".join(
            f"{i * step:.1f},{76 - 72 * (y - float(low)) / spread:.1f}"
            for i, y in enumerate(channel)
        )
        color = f"var(--c{place % 7})" if some.shape[1] > 1 else "var(--accent)"
        lines.append(f'<polyline class="line" style="--ink-of:{color}" points="{points}"/>')
    return (
        f'<svg viewBox="0 0 320 80" width="320" height="80" style="max-width:100%" role="img"'
        f' aria-label="{text(says)}">{"".join(lines)}</svg><p><small>{text(says)}</small></p>'
    )


def _tags(
    kind: Tags, value: Tensor, values: Mapping[str, Tensor], kinds: Mapping[str, Field]
) -> str:
    """Return tags below the words that they belong to, where there are such."""
    names = kind.restore(value)
    for name, field in kinds.items():
        if isinstance(field, Text) and len(values[name]) == len(names):
            words = [field.restore(one[None]) for one in values[name]]
            pairs = list(zip(words, names, strict=True))[:_TAGGED]
            more = " …" if len(words) > _TAGGED else ""
            return (
                "<p>"
                + " ".join(
                    f"{text(word, 40)}<small>/{text(tag, 40)}</small>" for word, tag in pairs
                )
                + f"{more}</p>"
            )
    return f"<p>{text(', '.join(names), LONG)}</p>"


def _brackets(kind: Tree, words: Tensor, parent: Tensor | None) -> str:
    """Return a tree as brackets; its children stand before their parents."""
    if parent is None:
        return kind.words.restore(words)
    held: list[list[str]] = [[] for _ in range(len(words))]
    whole = ""
    for place, (word, above) in enumerate(zip(words, parent.tolist(), strict=True)):
        own = " ".join(held[place]) if held[place] else kind.words.restore(word[None])
        said = f"({own})" if held[place] else own
        if above < 0:
            whole = said
        else:
            held[above].append(said)
    return whole
