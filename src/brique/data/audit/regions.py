"""Audit of masks and boxes: classes that are missing or rare, boxes that are odd."""

from collections.abc import Iterable, Iterator

import numpy as np
import torch
from torch import Tensor

from brique.data.audit.seen import Seen
from brique.data.finding import Finding, Severity
from brique.data.ragged import Ragged
from brique.data.source import PARTS
from brique.schema import IGNORED, Boxes, Mask, Picture, Tags
from brique.schema.regions import areas

_RARE = 0.001  # share of the pixels below which a class is hardly learnt
_MUCH = 0.3  # share of pixels that count for nothing from which that is a warning
_FEW = 0.01  # share below which they are not worth a word
_SIDE, _TINY, _HUGE = 4.0, 0.001, 0.95  # pixels of a side, shares of a picture
_SAME = 0.9  # share of two boxes that is common (IoU), from which one is there twice
_EMPTY = 0.5  # share of pictures without boxes from which that is a warning
_BLOCK = 4_000_000  # pairs of boxes compared at once


def findings(seen: Seen) -> Iterable[Finding]:
    """Return what is odd about masks and boxes."""
    for name, kind in seen.kinds.items():
        value = seen.fields[name]
        if isinstance(kind, Mask) and isinstance(value, Tensor):
            yield from _masks(seen, kind, _counts(value))
        elif isinstance(kind, Boxes) and isinstance(value, Ragged):
            yield from _boxes(seen, kind, value, _classes(seen, value))


def _counts(masks: Tensor) -> np.ndarray:
    """Return how many pixels of each number masks (N, H, W) hold: (N, 256)."""
    rows = masks.flatten(1).numpy()
    return np.stack([np.bincount(row, minlength=256) for row in rows])


def _masks(seen: Seen, kind: Mask, counts: np.ndarray) -> Iterator[Finding]:
    of_part = np.stack([counts[seen.part == place].sum(0) for place in range(3)])
    pixels = of_part[:, : len(kind.names)]
    yield from _missing(kind.names, pixels, "pixel")
    shares = pixels[0] / max(1, pixels[0].sum())
    rare = [place for place in np.argsort(shares) if 0 < shares[place] < _RARE]
    if rare:
        yield Finding(
            "rare class",
            "warning",
            "train",
            tuple((kind.names[place], f"{shares[place]:.4%}") for place in rare),
            len(rare),
            f"{_many(len(rare), 'class')} of {len(kind.names)} hold less than {_RARE:.1%} of the"
            " pixels of train each: they are hardly learnt, and a share of right pixels does not"
            " show it.",
            "Judge by the mean over classes (mean IoU); weight classes, or join rare ones"
            " (--rename).",
        )
    yield from _ignored(seen, counts)
    classes = (counts[:, : len(kind.names)] > 0).sum(1)
    alone = np.flatnonzero(classes == 1)
    said = _of_masks(seen, alone) + " hold one class alone."
    remedy = "Look whether all of each is of that class."
    yield from _listed("one class", "note", _named(seen, alone), said, remedy)


def _ignored(seen: Seen, counts: np.ndarray) -> Iterator[Finding]:
    """Yield the share of pixels that count for nothing, and masks of nothing else."""
    ignored = counts[:, IGNORED] / counts.sum(1)
    for place, part in enumerate(PARTS):
        here = ignored[seen.part == place]
        share = float(here.mean()) if len(here) else 0.0
        if share >= _FEW:
            yield Finding(
                "ignored pixels",
                "warning" if share >= _MUCH else "note",
                part,
                (),
                round(share * len(here) * counts[0].sum()),
                f"{share:.1%} of the pixels of {part} count for nothing: neither learnt nor"
                " judged.",
                "Nothing, if that is meant; else give them a class.",
            )
    empty = np.flatnonzero(ignored == 1)
    said = _of_masks(seen, empty) + " hold no class, only pixels that count for nothing."
    remedy = "Remove them, or draw them."
    yield from _listed("empty mask", "warning", _named(seen, empty), said, remedy)


def _missing(names: tuple[str, ...], counts: np.ndarray, word: str) -> Iterator[Finding]:
    """Yield classes of which a part holds nothing. counts: (3, K)."""
    for place, part in enumerate(PARTS):
        here, others = counts[place], counts.sum(0) - counts[place]
        lost = np.flatnonzero((here == 0) & ((others > 0) | (place == 0)))
        if not counts[place].any() or not len(lost):
            continue
        is_serious = place == 0 and bool(others[lost].any())
        cost = "it is never learnt" if place == 0 else "nothing is known of how well it is told"
        yield Finding(
            "missing class",
            "error" if is_serious else "warning",
            part,
            tuple((names[k],) for k in lost),
            len(lost),
            f"{part} holds no {word} of {_many(len(lost), 'class')} of {len(names)}: {cost}.",
            "Add examples, join the class with another (--rename), or divide the parts anew.",
        )


def _classes(seen: Seen, boxes: Ragged) -> tuple[tuple[str, ...], np.ndarray] | None:
    """Return names and numbers of the classes of boxes: the field of tags that is as long."""
    for name, kind in seen.kinds.items():
        value = seen.fields[name]
        if not isinstance(kind, Tags) or not isinstance(value, Ragged):
            continue
        if torch.equal(value.offsets, boxes.offsets):
            return kind.names, value.values.numpy()
    return None


def _boxes(
    seen: Seen, kind: Boxes, boxes: Ragged, classes: tuple[tuple[str, ...], np.ndarray] | None
) -> Iterator[Finding]:
    row = np.repeat(np.arange(len(boxes)), boxes.lengths.numpy())
    corners = boxes.values.double()
    if classes is not None:
        names, numbers = classes
        counts = np.zeros((3, len(names)), np.int64)
        np.add.at(counts, (seen.part[row], numbers), 1)
        yield from _missing(names, counts, "box")
    frames = _frames(seen, kind, len(boxes))[row]
    sides = (corners[:, 2:] - corners[:, :2]).numpy()
    share = areas(corners).numpy() / areas(frames).numpy()
    frame, found = frames.numpy(), corners.numpy()
    at_edge = (found[:, :2] <= frame[:, :2] + 0.5) | (found[:, 2:] >= frame[:, 2:] - 0.5)
    tiny = (sides.min(1, initial=np.inf) < _SIDE) | (share < _TINY)
    for chosen, word, reason, remedy in (
        (tiny, "tiny box", f"have a side below {_SIDE:g} pixels, or less than"
         f" {_TINY:.1%} of the picture: they can hardly be found at this size",
         "Choose a larger size, or leave such boxes out."),
        (share > _HUGE, "huge box", f"fill more than {_HUGE:.0%} of their picture",
         "Look whether they say where the thing is."),
        (at_edge.any(1), "box at the edge", "touch the edge of their picture: a part of"
         " the thing may lie beyond", "Nothing."),
    ):  # fmt: skip
        places = np.flatnonzero(chosen)
        items = tuple((seen.name(int(row[i])), _corners(found[i])) for i in places)
        said = f"{len(places):,} of {len(found):,} boxes {reason}."
        yield from _listed(word, "warning" if word == "tiny box" else "note", items, said, remedy)
    yield from _doubled(seen, boxes, None if classes is None else classes[1])
    yield from _without(seen, boxes)


def _frames(seen: Seen, kind: Boxes, n: int) -> Tensor:
    """Return where each picture lies in its frame (N, 4): all of it, or what is not grey."""
    height, width = kind.shape
    frames = torch.tensor([[0.0, 0.0, width, height]], dtype=torch.float64).repeat(n, 1)
    picture = next((one for one in seen.kinds.values() if isinstance(one, Picture)), None)
    looks = [] if seen.source.originals is None else seen.source.originals.looks
    if picture is None or not picture.inside or len(looks) != n:
        return frames
    placed = [(*picture.placing((look.height, look.width)), look) for look in looks]
    ends = [
        (dx, dy, dx + scale * look.width, dy + scale * look.height)
        for scale, dx, dy, look in placed
    ]
    return torch.tensor(ends, dtype=torch.float64)


def _doubled(seen: Seen, boxes: Ragged, numbers: np.ndarray | None) -> Iterator[Finding]:
    """Yield boxes of one class that lie upon each other."""
    label = torch.zeros(len(boxes.values), dtype=torch.int64)
    label = label if numbers is None else torch.from_numpy(numbers)
    labels = Ragged(label, boxes.offsets)
    items: list[tuple[str, ...]] = []
    rows = torch.argsort(boxes.lengths, descending=True, stable=True)
    rows = rows[boxes.lengths[rows] > 1]
    while len(rows):
        longest = int(boxes.lengths[rows[0]])
        some, rows = rows.split_with_sizes(_sizes(len(rows), _BLOCK // longest**2))
        corners = boxes.select(some).padded(0).double()  # (n, T, 4)
        classes = labels.select(some).padded(-1)
        same = (classes[:, :, None] == classes[:, None]) & (classes[:, :, None] >= 0)
        near = (_overlaps(corners) > _SAME) & same
        for i, one, _ in near.triu(1).nonzero().tolist():
            items.append((seen.name(int(some[i])), _corners(corners[i, one].numpy())))
    if items:
        yield Finding(
            "doubled box",
            "warning",
            None,
            tuple(items),
            len(items),
            f"{len(items):,} pairs of boxes of one class cover each other by more than"
            f" {_SAME:.0%}: one thing is drawn twice, and half of what is found right counts as"
            " wrong.",
            "Keep one of each.",
        )


def _sizes(n: int, most: int) -> list[int]:
    first = min(n, max(1, most))
    return [first, n - first]


def _overlaps(boxes: Tensor) -> Tensor:
    """Return the common share (IoU) of boxes (n, T, 4), each with each: (n, T, T)."""
    low = torch.maximum(boxes[:, :, None, :2], boxes[:, None, :, :2])
    high = torch.minimum(boxes[:, :, None, 2:], boxes[:, None, :, 2:])
    common = (high - low).clamp(min=0).prod(3)
    area = areas(boxes.flatten(0, 1)).unflatten(0, boxes.shape[:2])
    return common / (area[:, :, None] + area[:, None] - common).clamp(min=1e-9)


def _without(seen: Seen, boxes: Ragged) -> Iterator[Finding]:
    lone = (boxes.lengths == 0).numpy()
    for place, part in enumerate(PARTS):
        rows = np.flatnonzero(lone & (seen.part == place))
        whole = int((seen.part == place).sum())
        if len(rows):
            yield Finding(
                "no boxes",
                "warning" if len(rows) > _EMPTY * whole else "note",
                part,
                _named(seen, rows),
                len(rows),
                f"{len(rows):,} of {whole:,} pictures of {part} have no box: there they teach that"
                " nothing is to be found.",
                "Nothing, if there is nothing on them; else draw the boxes.",
            )


def _listed(
    kind: str, severity: Severity, items: tuple[tuple[str, ...], ...], reason: str, remedy: str
) -> Iterator[Finding]:
    """Yield a finding on some examples, if there are any."""
    if items:
        yield Finding(kind, severity, None, items, len(items), reason, remedy)


def _named(seen: Seen, rows: np.ndarray) -> tuple[tuple[str, ...], ...]:
    return tuple((seen.name(int(row)),) for row in rows)


def _of_masks(seen: Seen, rows: np.ndarray) -> str:
    return f"{len(rows):,} of {len(seen.source):,} masks"


def _many(count: int, word: str) -> str:
    return f"1 {word}" if count == 1 else f"{count:,} {word}es"


def _corners(box: np.ndarray) -> str:
    return " ".join(f"{number:.1f}" for number in box.tolist())
