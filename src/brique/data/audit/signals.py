"""Audit of signals: silence, clipping, odd lengths, constant channels, near-duplicates."""

from collections.abc import Iterable, Sequence

import numpy as np

from brique.data.audit.examples import Examples
from brique.data.core.ragged import Ragged
from brique.data.finding import Finding, Severity
from brique.data.raw.source import PARTS
from brique.data.splits.near_pairs import near_pairs
from brique.schema import Signal

_CLIPPING_LEVEL = 0.999  # of full scale
_MIN_CLIPPED_SHARE = 0.001  # of a sound's samples
_SILENCE_PEAK = 0.001  # of full scale, -60 dB
_LENGTH_RATIO = 10.0  # to the median, or the other way round
_SERIOUS_SHARE = 0.01  # of the test part, from which near-duplicates are an error
_NEARLY = "nearly identical (another volume, trimmed or re-encoded)"


def findings(examples: Examples) -> list[Finding]:
    """Return problems in signals."""
    results: list[Finding] = []
    for name, kind in examples.kinds.items():
        value = examples.fields[name]
        if not isinstance(kind, Signal) or not isinstance(value, Ragged) or not len(value.values):
            continue
        results += _not_finite(examples, value)
        results += _constant(examples, value, kind)
        results += _lengths(examples, value, kind)
        if kind.rate is not None:
            results += [*_clipped(examples, value), *_near_duplicates(examples)]
    return results


def _finding(
    examples: Examples,
    kind: str,
    severity: Severity,
    rows: Sequence[int],
    *,
    template: str,
    remedy: str,
) -> Finding:
    """Return a finding about examples; {n} in the template becomes "2 of 84 signals are"."""
    total = len(examples.source)
    subject = (
        f"1 of {total:,} signals is"
        if len(rows) == 1
        else f"{len(rows):,} of {total:,} signals are"
    )
    items = tuple((examples.name(row),) for row in rows)
    return Finding(kind, severity, None, items, len(rows), template.format(n=subject), remedy)


def _reduce_each(value: Ragged, numbers: np.ndarray, ufunc: np.ufunc) -> np.ndarray:
    """Return numbers (total, C) reduced over each non-empty signal: (M, C)."""
    starts = value.offsets[:-1][value.lengths > 0].numpy()
    return np.asarray(ufunc.reduceat(numbers, starts, axis=0))


def _nonempty_rows(value: Ragged) -> np.ndarray:
    """Return the rows of the non-empty signals (M,)."""
    return (value.lengths > 0).nonzero().flatten().numpy()


def _not_finite(examples: Examples, value: Ragged) -> Iterable[Finding]:
    is_finite = np.isfinite(value.values.numpy())
    if not is_finite.all():
        rows = _nonempty_rows(value)[
            ~_reduce_each(value, is_finite, np.logical_and).all(1)
        ].tolist()
        yield _finding(
            examples, "not finite", "error", rows,
            template="{n} not finite: a single NaN or infinite value turns all weights of a net"
            " into NaN.",
            remedy="Replace these values, or remove the signals.",
        )  # fmt: skip


def _constant(examples: Examples, value: Ragged, kind: Signal) -> Iterable[Finding]:
    """Yield silent and constant signals, and constant channels."""
    numbers = value.values.numpy()
    low, high = _reduce_each(value, numbers, np.minimum), _reduce_each(value, numbers, np.maximum)
    peak = np.maximum(np.abs(low), np.abs(high)).max(1)
    is_constant = low == high  # (M, C)
    is_sound = kind.rate is not None
    is_silent = is_constant.all(1) | (peak < _SILENCE_PEAK if is_sound else False)
    rows = _nonempty_rows(value)
    if is_silent.any():
        description = "silent or nearly silent" if is_sound else "constant"
        yield _finding(
            examples, "silent" if is_sound else "constant", "warning", rows[is_silent].tolist(),
            template=f"{{n}} {description} and carry no information.",
            remedy="Remove them, or check whether their files are damaged.",
        )  # fmt: skip
    is_constant_channel = is_constant.all(0) & (low == low[0]).all(0)
    for channel in np.flatnonzero(is_constant_channel).tolist():
        name = _channel(kind, channel)
        yield Finding(
            "constant channel", "warning", None, ((name,),), 1,
            f"{name} has the same value everywhere and carries no information.",
            "Leave it out of the files, or find out why nothing was recorded.",
        )  # fmt: skip
    has_constant_channel = is_constant[:, ~is_constant_channel].any(1) & ~is_silent
    if has_constant_channel.any():
        yield _finding(
            examples, "constant channel", "note", rows[has_constant_channel].tolist(),
            template="{n} constant in one or more channels, perhaps because a sensor was off.",
            remedy="Check whether these channels were recorded.",
        )  # fmt: skip


def _channel(kind: Signal, channel: int) -> str:
    return kind.names[channel] if kind.names else f"channel {channel + 1}"


def _clipped(examples: Examples, value: Ragged) -> Iterable[Finding]:
    is_clipped = np.array(
        np.abs(value.values.numpy()).max(1, keepdims=True) >= _CLIPPING_LEVEL, np.int64
    )
    share = (
        _reduce_each(value, is_clipped, np.add)[:, 0] / value.lengths.numpy()[_nonempty_rows(value)]
    )
    order = np.argsort(-share, kind="stable")
    rows = _nonempty_rows(value)[order[share[order] >= _MIN_CLIPPED_SHARE]].tolist()
    if rows:
        yield _finding(
            examples, "clipped", "warning", rows,
            template=f"{{n}} clipped, at full scale for {_MIN_CLIPPED_SHARE:.1%} of the time or"
            " more.",
            remedy="Record them with less gain; if that is not possible, make sure that clipping is"
            " equally frequent in all classes and parts.",
        )  # fmt: skip


def _lengths(examples: Examples, value: Ragged, kind: Signal) -> Iterable[Finding]:
    lengths = value.lengths.numpy()
    median = float(np.median(lengths))
    odd_rows = np.flatnonzero(
        (lengths * _LENGTH_RATIO < median) | (lengths > _LENGTH_RATIO * median)
    )
    if len(odd_rows):
        unit = 1.0 if kind.rate is None else kind.rate
        unit_name = "time steps" if kind.rate is None else "seconds"
        items = tuple(
            (examples.name(row), f"{lengths[row] / unit:.4g} {unit_name}")
            for row in odd_rows.tolist()
        )
        yield Finding(
            "odd length", "note", None, items, len(odd_rows),
            f"{len(odd_rows):,} of {len(lengths):,} signals are over {_LENGTH_RATIO:g} times longer"
            f" or shorter than the median of {median / unit:.4g} {unit_name}: short ones may be"
            " empty, and a long one pads its whole batch to its length.",
            "Split the long ones; check whether the short ones are complete.",
        )  # fmt: skip


def _near_duplicates(examples: Examples) -> Iterable[Finding]:
    """Yield near-duplicates, across parts and within them."""
    pairs = near_pairs(examples.source)
    pairs = pairs[examples.digests[pairs[:, 0]] != examples.digests[pairs[:, 1]]]
    order = np.argsort(examples.part[pairs], axis=1, kind="stable")  # train first
    pairs = np.take_along_axis(pairs, order, axis=1)
    part = examples.part[pairs]
    crosses_parts = part[:, 0] != part[:, 1]
    for index in (2, 1):
        part_pairs = pairs[crosses_parts & (part.max(1) == index)]
        if len(part_pairs):
            total = int((examples.part == index).sum())
            count = len(
                {row for pair in part_pairs.tolist() for row in pair if examples.part[row] == index}
            )
            is_serious = index == 2 and count >= _SERIOUS_SHARE * total
            yield Finding(
                "nearly leaked", "error" if is_serious else "warning", PARTS[index],
                _named(examples, part_pairs), len(part_pairs),
                f"{count:,} of {total:,} sounds in {PARTS[index]} are {_NEARLY} to one in another"
                f" part: the {PARTS[index]} result may be too high by up to {count / total:.1%}.",
                f"Listen to the pairs; remove copies from {PARTS[index]}, or their originals from"
                " the other part.",
            )  # fmt: skip
    for index, name in enumerate(PARTS):
        part_pairs = pairs[~crosses_parts & (part[:, 0] == index)]
        if len(part_pairs):
            yield Finding(
                "nearly duplicate", "note" if index == 0 else "warning", name,
                _named(examples, part_pairs), len(part_pairs),
                f"{len(part_pairs):,} pairs of sounds are {_NEARLY} in {name}: they count twice.",
                "Listen to the pairs; keep one of each where they are copies.",
            )  # fmt: skip


def _named(examples: Examples, pairs: np.ndarray) -> tuple[tuple[str, ...], ...]:
    return tuple((examples.name(first), examples.name(second)) for first, second in pairs.tolist())
