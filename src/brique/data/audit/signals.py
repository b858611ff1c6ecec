"""Audit of signals: silence, clipping, odd lengths, channels that say nothing, echoes."""

from collections.abc import Iterable, Sequence

import numpy as np

from brique.data.audit.seen import Seen
from brique.data.finding import Finding, Severity
from brique.data.nearness import near_pairs
from brique.data.ragged import Ragged
from brique.data.source import PARTS
from brique.schema import Signal

_FULL = 0.999  # of full scale: louder is clipped
_CLIPPED = 0.001  # share of a sound's samples
_QUIET = 0.001  # of full scale: peak of a sound that nobody hears, -60 dB
_ODD = 10.0  # times as long, or as short, as the middle one
_SERIOUS = 0.01  # share of a test part that nearly equal examples must reach to be an error
_NEARLY = "nearly the same (louder or softer, cut at the ends, or written anew)"


def findings(seen: Seen) -> list[Finding]:
    """Return what is odd about signals."""
    found: list[Finding] = []
    for name, kind in seen.kinds.items():
        value = seen.fields[name]
        if not isinstance(kind, Signal) or not isinstance(value, Ragged) or not len(value.values):
            continue
        found += _strange(seen, value)
        found += _flat(seen, value, kind)
        found += _lengths(seen, value, kind)
        if kind.rate is not None:
            found += [*_clipped(seen, value), *_echoes(seen)]
    return found


def _found(
    seen: Seen, kind: str, severity: Severity, rows: Sequence[int], *, says: str, remedy: str
) -> Finding:
    """Return a finding about examples; {n} in the sentence is how many of how many."""
    whole = len(seen.source)
    share = f"1 of {whole:,} signals is" if len(rows) == 1 else f"{len(rows):,} of {whole:,} are"
    items = tuple((seen.name(row),) for row in rows)
    return Finding(kind, severity, None, items, len(rows), says.format(n=share), remedy)


def _each(value: Ragged, whole: np.ndarray, join: np.ufunc) -> np.ndarray:
    """Return numbers (total, C) joined over each signal that is not empty: (M, C)."""
    starts = value.offsets[:-1][value.lengths > 0].numpy()
    return np.asarray(join.reduceat(whole, starts, axis=0))


def _rows(value: Ragged) -> np.ndarray:
    """Return the places of the signals that are not empty (M,)."""
    return (value.lengths > 0).nonzero().flatten().numpy()


def _strange(seen: Seen, value: Ragged) -> Iterable[Finding]:
    good = np.isfinite(value.values.numpy())
    if not good.all():
        rows = _rows(value)[~_each(value, good, np.logical_and).all(1)].tolist()
        yield _found(
            seen, "not finite", "error", rows,
            says="{n} not finite somewhere: one such number makes every weight of a net not a"
            " number.",
            remedy="Replace these numbers, or remove the signals.",
        )  # fmt: skip


def _flat(seen: Seen, value: Ragged, kind: Signal) -> Iterable[Finding]:
    """Yield what is silent, constant, or constant in a channel."""
    numbers = value.values.numpy()
    low, high = _each(value, numbers, np.minimum), _each(value, numbers, np.maximum)
    peak = np.maximum(np.abs(low), np.abs(high)).max(1)
    still = low == high  # (M, C)
    is_sound = kind.rate is not None
    silent = still.all(1) | (peak < _QUIET if is_sound else False)
    rows = _rows(value)
    if silent.any():
        what = "silent, or nearly so" if is_sound else "constant"
        yield _found(
            seen, "silent" if is_sound else "constant", "warning", rows[silent].tolist(),
            says=f"{{n}} {what}: nothing can be learnt from what does not change.",
            remedy="Remove them, or look whether their files are damaged.",
        )  # fmt: skip
    dead = still.all(0) & (low == low[0]).all(0)
    for channel in np.flatnonzero(dead).tolist():
        name = _channel(kind, channel)
        yield Finding(
            "constant channel", "warning", None, ((name,),), 1,
            f"{name} has the same value everywhere: it says nothing.",
            "Leave it out of the files, or look why nothing was recorded.",
        )  # fmt: skip
    some = still[:, ~dead].any(1) & ~silent
    if some.any():
        yield _found(
            seen, "constant channel", "note", rows[some].tolist(),
            says="{n} constant in one channel or more, perhaps because a sensor was off.",
            remedy="Look whether these channels were recorded.",
        )  # fmt: skip


def _channel(kind: Signal, channel: int) -> str:
    return kind.names[channel] if kind.names else f"channel {channel + 1}"


def _clipped(seen: Seen, value: Ragged) -> Iterable[Finding]:
    loud = np.array(np.abs(value.values.numpy()).max(1, keepdims=True) >= _FULL, np.int64)
    share = _each(value, loud, np.add)[:, 0] / value.lengths.numpy()[_rows(value)]
    order = np.argsort(-share, kind="stable")
    rows = _rows(value)[order[share[order] >= _CLIPPED]].tolist()
    if rows:
        yield _found(
            seen, "clipped", "warning", rows,
            says=f"{{n}} at full scale for {_CLIPPED:.1%} of the time or more: what was louder is"
            " cut off, which sounds like noise.",
            remedy="Record them with less gain; where that cannot be, see that no class or part has"
            " more of them.",
        )  # fmt: skip


def _lengths(seen: Seen, value: Ragged, kind: Signal) -> Iterable[Finding]:
    lengths = value.lengths.numpy()
    middle = float(np.median(lengths))
    odd = np.flatnonzero((lengths * _ODD < middle) | (lengths > _ODD * middle))
    if len(odd):
        unit = 1.0 if kind.rate is None else kind.rate
        word = "moments" if kind.rate is None else "seconds"
        items = tuple((seen.name(row), f"{lengths[row] / unit:.4g} {word}") for row in odd.tolist())
        yield Finding(
            "odd length", "note", None, items, len(odd),
            f"{len(odd):,} of {len(lengths):,} signals are more than {_ODD:g} times as long or as"
            f" short as the middle one of {middle / unit:.4g} {word}: short ones may hold nothing,"
            " and long ones make the others of their batch cost as much.",
            "Cut the long ones into pieces; look whether the short ones are whole.",
        )  # fmt: skip


def _echoes(seen: Seen) -> Iterable[Finding]:
    """Yield what is nearly the same, across parts and within them."""
    pairs = near_pairs(seen.source)
    pairs = pairs[seen.digests[pairs[:, 0]] != seen.digests[pairs[:, 1]]]
    order = np.argsort(seen.part[pairs], axis=1, kind="stable")  # what is learnt from comes first
    pairs = np.take_along_axis(pairs, order, axis=1)
    part = seen.part[pairs]
    across = part[:, 0] != part[:, 1]
    for place in (2, 1):
        here = pairs[across & (part.max(1) == place)]
        if len(here):
            whole = int((seen.part == place).sum())
            n = len({row for pair in here.tolist() for row in pair if seen.part[row] == place})
            is_serious = place == 2 and n >= _SERIOUS * whole
            yield Finding(
                "nearly leaked", "error" if is_serious else "warning", PARTS[place],
                _named(seen, here), len(here),
                f"{n:,} of {whole:,} sounds of {PARTS[place]} are {_NEARLY} as one in another part:"
                f" what is reached on {PARTS[place]} may be too good by up to {n / whole:.1%}.",
                f"Listen to the pairs; remove copies from {PARTS[place]}, or what they copy from"
                " the other part.",
            )  # fmt: skip
    for place, name in enumerate(PARTS):
        here = pairs[~across & (part[:, 0] == place)]
        if len(here):
            yield Finding(
                "nearly duplicate", "note" if place == 0 else "warning", name,
                _named(seen, here), len(here),
                f"{len(here):,} pairs of sounds are {_NEARLY} in {name}: they count twice.",
                "Listen to the pairs; keep one of each where they are copies.",
            )  # fmt: skip


def _named(seen: Seen, pairs: np.ndarray) -> tuple[tuple[str, ...], ...]:
    return tuple((seen.name(one), seen.name(two)) for one, two in pairs.tolist())
