"""Short descriptions of fields and examples."""

import math

import torch
from torch import Tensor

from brique.data.dataset import Data
from brique.data.raw.column import Column
from brique.schema import (
    IGNORE_INDEX,
    Boxes,
    Category,
    Field,
    Mask,
    Number,
    Picture,
    Signal,
    Tags,
    Text,
    Timestamp,
    Tree,
)

_MAX_LETTERS = 60  # of a value that is shown
_MAX_NAMES = 5  # classes in a description


def describe_fields(data: Data) -> dict[str, str]:
    """Return a short description of each field, by name."""
    descriptions = {name: describe_kind(kind) for name, kind in data.schema.fields.items()}
    for name, kind in data.schema.fields.items():
        if isinstance(kind, Number) and kind.fill is not None and _has_missing(data, name):
            descriptions[name] += f", some missing (filled with {kind.fill:.4g})"
    return descriptions


def _has_missing(data: Data, name: str) -> bool:
    assert data.store is not None
    value = data.store.fields[name]
    return isinstance(value, Tensor) and bool(value.isnan().any())


def describe_examples(data: Data, ids: list[int]) -> list[dict[str, str]]:
    """Return short descriptions of the values of examples, by field.

    ids: indices in the source, as in `Split.ids`.
    """
    assert data.source is not None
    assert data.store is not None
    described_examples: list[dict[str, str]] = []
    for row in ids:
        example: dict[str, str] = {}
        for name, kind in data.schema.fields.items():
            column = data.source.fields[name]
            if isinstance(column, Column):
                example[name] = _shorten(column.text(row))
            else:
                value = data.store.fields[name]
                entry = value[row]
                assert isinstance(entry, Tensor)
                example[name] = _shorten(describe_value(kind, entry))
        described_examples.append(example)
    return described_examples


def describe_kind(kind: Field) -> str:
    """Return a short description of a field."""
    match kind:
        case Picture():
            channels, height, width = kind.shape
            color = {1: "grey", 3: "color"}.get(channels, f"{channels} channels")
            return f"picture, {width} x {height}, {color}"
        case Category():
            others = (
                f" and {len(kind.names) - _MAX_NAMES:,} more"
                if len(kind.names) > _MAX_NAMES
                else ""
            )
            return f"{len(kind.names):,} classes: {', '.join(kind.names[:_MAX_NAMES])}{others}"
        case Number():
            return _describe_number(kind)
        case Timestamp():
            return "timestamp"
        case Text():
            return f"text, {len(kind.vocabulary):,} {kind.unit}"
        case Tags():
            return f"tags, {len(kind.names):,} classes"
        case Tree():
            return f"tree over {len(kind.vocabulary):,} words"
        case Signal():
            rate = f", {kind.rate:,g} a second" if kind.rate else ""
            return f"signal of {kind.channels} channel{'s' * (kind.channels > 1)}{rate}"
        case Mask():
            return f"mask, {kind.shape[1]} x {kind.shape[0]}, {len(kind.names)} classes"
        case Boxes():
            return f"boxes in {kind.shape[1]} x {kind.shape[0]}"


def describe_value(kind: Field, value: Tensor) -> str:
    """Return a short description of one value of a field.

    value: as stored: pictures (C, H, W), classes and numbers (), texts and tags (T,), signals
        (T, C), masks (H, W), boxes (T, 4).
    """
    match kind:
        case Picture():
            bright = Picture.to_float(value).mean()
            return f"{value.shape[2]} x {value.shape[1]}, brightness {float(bright):.2f}"
        case Mask():
            return _describe_mask(kind, value)
        case Signal():
            length = f"{len(value) / kind.rate:.2f} s" if kind.rate else f"{len(value):,} moments"
            return f"{length}, from {float(value.min()):.3g} to {float(value.max()):.3g}" if (
                len(value)
            ) else "nothing"  # fmt: skip
        case Boxes():
            return " ".join(f"({', '.join(f'{n:.0f}' for n in box)})" for box in value.tolist())
        case Tags():
            return " ".join(kind.restore(value))
        case Tree():
            return kind.words.restore(value[value > 0])
        case Number():
            return _describe_numbers(value)
        case Timestamp():
            return str(kind.restore(value)).removesuffix(" 00:00:00")
        case Category() | Text():
            return kind.restore(value)


def _describe_number(kind: Number) -> str:
    number_word = "whole numbers" if kind.is_integer else "numbers"
    shape = " x ".join(map(str, (*(("varying",) if kind.is_sequence else ()), *kind.shape)))
    description = f"{shape} {number_word}" if shape else number_word[:-1]
    statistics = "" if not isinstance(kind.mean, float) else (
        f", mean {kind.mean:.4g}, std {kind.std:.4g}"
    )  # fmt: skip
    return f"{description}{f' of {kind.unit}' if kind.unit else ''}{statistics}"


def _describe_numbers(value: Tensor) -> str:
    entries = value.flatten()[:_MAX_NAMES].tolist()
    rest_note = f" ... ({value.numel():,} in all)" if value.numel() > _MAX_NAMES else ""
    texts = ["missing" if math.isnan(entry) else f"{entry:.6g}" for entry in entries]
    return " ".join(texts) + rest_note


def _describe_mask(kind: Mask, value: Tensor) -> str:
    counts = torch.bincount(value.flatten().long(), minlength=IGNORE_INDEX + 1)[: len(kind.names)]
    order = torch.argsort(counts, descending=True, stable=True)[:3].tolist()
    shares = [(kind.names[i], float(counts[i]) / max(value.numel(), 1)) for i in order]
    return ", ".join(f"{name} {share:.0%}" for name, share in shares if share)


def _shorten(text: str) -> str:
    one_line = " ".join(text.split())
    return one_line if len(one_line) <= _MAX_LETTERS else f"{one_line[: _MAX_LETTERS - 3]}..."
