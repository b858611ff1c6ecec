"""Audit of masks and boxes: missing and rare classes, odd boxes."""

from collections.abc import Iterable, Iterator

import numpy as np
import torch
from torch import Tensor

from brique.data.audit.examples import Examples
from brique.data.core.ragged import Ragged
from brique.data.finding import Finding, Severity
from brique.data.raw.source import PARTS
from brique.schema import IGNORE_INDEX, Boxes, Mask, Picture, Tags
from brique.schema.regions import box_areas

_RARE_SHARE = 0.001  # of the pixels; rarer classes are hardly learned
_IGNORED_WARNING_SHARE = 0.3  # ignored pixels, as a share, for a warning
_IGNORED_NOTE_SHARE = 0.01  # ignored pixels, as a share, for a note
_MIN_SIDE, _TINY_SHARE, _HUGE_SHARE = 4.0, 0.001, 0.95  # pixels of a side, shares of a picture
_DUPLICATE_IOU = 0.9  # IoU of duplicate boxes
_EMPTY_WARNING_SHARE = 0.5  # pictures without boxes, as a share, for a warning
_MAX_PAIRS = 4_000_000  # of boxes compared at once


def findings(examples: Examples) -> Iterable[Finding]:
    """Return problems in masks and boxes."""
    for name, kind in examples.kinds.items():
        value = examples.fields[name]
        if isinstance(kind, Mask) and isinstance(value, Tensor):
            yield from _masks(examples, kind, _pixel_counts(value))
        elif isinstance(kind, Boxes) and isinstance(value, Ragged):
            yield from _boxes(examples, kind, value, _box_classes(examples, value))


def _pixel_counts(masks: Tensor) -> np.ndarray:
    """Return the number of pixels of each class index in masks (N, H, W): (N, 256)."""
    rows = masks.flatten(1).numpy()
    return np.stack([np.bincount(row, minlength=256) for row in rows])


def _masks(examples: Examples, kind: Mask, counts: np.ndarray) -> Iterator[Finding]:
    part_counts = np.stack([counts[examples.part == index].sum(0) for index in range(3)])
    pixels = part_counts[:, : len(kind.names)]
    yield from _missing(kind.names, pixels, "pixel")
    shares = pixels[0] / max(1, pixels[0].sum())
    rare = [index for index in np.argsort(shares) if 0 < shares[index] < _RARE_SHARE]
    if rare:
        yield Finding(
            "rare class",
            "warning",
            "train",
            tuple((kind.names[index], f"{shares[index]:.4%}") for index in rare),
            len(rare),
            f"{_pluralize(len(rare), 'class')} of {len(kind.names)} with less than"
            f" {_RARE_SHARE:.1%} of the training pixels each: hardly learned, and pixel accuracy"
            " hides it.",
            "Evaluate by mean IoU; weight the classes, or merge rare ones (--rename).",
        )
    yield from _ignored(examples, counts)
    classes = (counts[:, : len(kind.names)] > 0).sum(1)
    single_class = np.flatnonzero(classes == 1)
    message = _count_masks(examples, single_class) + " contain a single class."
    remedy = "Check whether all pixels are of that class."
    yield from _finding_if_any("one class", "note", _named(examples, single_class), message, remedy)


def _ignored(examples: Examples, counts: np.ndarray) -> Iterator[Finding]:
    """Yield the share of ignored pixels, and masks of ignored pixels alone."""
    ignored = counts[:, IGNORE_INDEX] / counts.sum(1)
    for index, part in enumerate(PARTS):
        part_ignored = ignored[examples.part == index]
        share = float(part_ignored.mean()) if len(part_ignored) else 0.0
        if share >= _IGNORED_NOTE_SHARE:
            yield Finding(
                "ignored pixels",
                "warning" if share >= _IGNORED_WARNING_SHARE else "note",
                part,
                (),
                round(share * len(part_ignored) * counts[0].sum()),
                f"{share:.1%} of the pixels in {part} are ignored in training and evaluation.",
                "Nothing, if this is intended; otherwise assign them a class.",
            )
    empty = np.flatnonzero(ignored == 1)
    message = _count_masks(examples, empty) + " contain only ignored pixels."
    remedy = "Remove or annotate them."
    yield from _finding_if_any("empty mask", "warning", _named(examples, empty), message, remedy)


def _missing(names: tuple[str, ...], counts: np.ndarray, word: str) -> Iterator[Finding]:
    """Yield classes that are missing in a part. counts: (3, K)."""
    for index, part in enumerate(PARTS):
        part_counts, others = counts[index], counts.sum(0) - counts[index]
        missing = np.flatnonzero((part_counts == 0) & ((others > 0) | (index == 0)))
        if not counts[index].any() or not len(missing):
            continue
        is_serious = index == 0 and bool(others[missing].any())
        consequence = "never learned" if index == 0 else "not evaluated"
        yield Finding(
            "missing class",
            "error" if is_serious else "warning",
            part,
            tuple((names[class_index],) for class_index in missing),
            len(missing),
            f"{part} has no {word} of {_pluralize(len(missing), 'class')} of {len(names)}:"
            f" {consequence}.",
            "Add examples, merge the class with another (--rename), or split the data again.",
        )


def _box_classes(examples: Examples, boxes: Ragged) -> tuple[tuple[str, ...], np.ndarray] | None:
    """Return class names and indices of the boxes: the tags field of the same lengths."""
    for name, kind in examples.kinds.items():
        value = examples.fields[name]
        if not isinstance(kind, Tags) or not isinstance(value, Ragged):
            continue
        if torch.equal(value.offsets, boxes.offsets):
            return kind.names, value.values.numpy()
    return None


def _boxes(
    examples: Examples,
    kind: Boxes,
    boxes: Ragged,
    classes: tuple[tuple[str, ...], np.ndarray] | None,
) -> Iterator[Finding]:
    row = np.repeat(np.arange(len(boxes)), boxes.lengths.numpy())
    corners = boxes.values.double()
    if classes is not None:
        names, numbers = classes
        counts = np.zeros((3, len(names)), np.int64)
        np.add.at(counts, (examples.part[row], numbers), 1)
        yield from _missing(names, counts, "box")
    content_boxes = _content_boxes(examples, kind, len(boxes))[row]
    sizes = (corners[:, 2:] - corners[:, :2]).numpy()
    share = box_areas(corners).numpy() / box_areas(content_boxes).numpy()
    bounds, box_corners = content_boxes.numpy(), corners.numpy()
    at_edge = (box_corners[:, :2] <= bounds[:, :2] + 0.5) | (
        box_corners[:, 2:] >= bounds[:, 2:] - 0.5
    )
    tiny = (sizes.min(1, initial=np.inf) < _MIN_SIDE) | (share < _TINY_SHARE)
    for is_chosen, finding_kind, reason, remedy in (
        (tiny, "tiny box", f"have a side below {_MIN_SIDE:g} pixels, or cover less"
         f" than {_TINY_SHARE:.1%} of the picture: they can hardly be detected at this size",
         "Choose a larger size, or leave such boxes out."),
        (share > _HUGE_SHARE, "huge box", f"cover more than {_HUGE_SHARE:.0%} of their picture",
         "Check whether they mark an object."),
        (at_edge.any(1), "box at the edge", "touch the edge of their picture, so the"
         " object may be truncated", "Nothing."),
    ):  # fmt: skip
        indices = np.flatnonzero(is_chosen)
        items = tuple((examples.name(int(row[i])), _format_box(box_corners[i])) for i in indices)
        message = f"{len(indices):,} of {len(box_corners):,} boxes {reason}."
        severity = "warning" if finding_kind == "tiny box" else "note"
        yield from _finding_if_any(finding_kind, severity, items, message, remedy)
    yield from _duplicate_boxes(examples, boxes, None if classes is None else classes[1])
    yield from _without_boxes(examples, boxes)


def _content_boxes(examples: Examples, kind: Boxes, n: int) -> Tensor:
    """Return the box of each picture in its frame (N, 4), without letterbox padding."""
    height, width = kind.shape
    boxes = torch.tensor([[0.0, 0.0, width, height]], dtype=torch.float64).repeat(n, 1)
    picture = next((field for field in examples.kinds.values() if isinstance(field, Picture)), None)
    infos = [] if examples.source.image_metadata is None else examples.source.image_metadata.infos
    if picture is None or not picture.letterbox or len(infos) != n:
        return boxes
    transforms = [(*picture.resize_transform((info.height, info.width)), info) for info in infos]
    corners = [
        (dx, dy, dx + scale * info.width, dy + scale * info.height)
        for scale, dx, dy, info in transforms
    ]
    return torch.tensor(corners, dtype=torch.float64)


def _duplicate_boxes(
    examples: Examples, boxes: Ragged, numbers: np.ndarray | None
) -> Iterator[Finding]:
    """Yield boxes of one class that nearly coincide."""
    label = torch.zeros(len(boxes.values), dtype=torch.int64)
    label = label if numbers is None else torch.from_numpy(numbers)
    labels = Ragged(label, boxes.offsets)
    items: list[tuple[str, ...]] = []
    rows = torch.argsort(boxes.lengths, descending=True, stable=True)
    rows = rows[boxes.lengths[rows] > 1]
    while len(rows):
        longest = int(boxes.lengths[rows[0]])
        chunk, rows = rows.split_with_sizes(_split_sizes(len(rows), _MAX_PAIRS // longest**2))
        corners = boxes.select(chunk).padded(0).double()  # (n, T, 4)
        classes = labels.select(chunk).padded(-1)
        is_same_class = (classes[:, :, None] == classes[:, None]) & (classes[:, :, None] >= 0)
        is_duplicate = (_pairwise_iou(corners) > _DUPLICATE_IOU) & is_same_class
        for i, first, _ in is_duplicate.triu(1).nonzero().tolist():
            items.append((examples.name(int(chunk[i])), _format_box(corners[i, first].numpy())))
    if items:
        yield Finding(
            "duplicate box",
            "warning",
            None,
            tuple(items),
            len(items),
            f"{len(items):,} pairs of boxes of one class overlap with an IoU above"
            f" {_DUPLICATE_IOU:g}: an object is annotated twice, and one correct detection leaves"
            " a false negative.",
            "Keep one of each.",
        )


def _split_sizes(n: int, limit: int) -> list[int]:
    first = min(n, max(1, limit))
    return [first, n - first]


def _pairwise_iou(boxes: Tensor) -> Tensor:
    """Return the pairwise IoU of boxes (n, T, 4): (n, T, T)."""
    low = torch.maximum(boxes[:, :, None, :2], boxes[:, None, :, :2])
    high = torch.minimum(boxes[:, :, None, 2:], boxes[:, None, :, 2:])
    intersection = (high - low).clamp(min=0).prod(3)
    area = box_areas(boxes.flatten(0, 1)).unflatten(0, boxes.shape[:2])
    return intersection / (area[:, :, None] + area[:, None] - intersection).clamp(min=1e-9)


def _without_boxes(examples: Examples, boxes: Ragged) -> Iterator[Finding]:
    is_empty = (boxes.lengths == 0).numpy()
    for index, part in enumerate(PARTS):
        rows = np.flatnonzero(is_empty & (examples.part == index))
        total = int((examples.part == index).sum())
        if len(rows):
            yield Finding(
                "no boxes",
                "warning" if len(rows) > _EMPTY_WARNING_SHARE * total else "note",
                part,
                _named(examples, rows),
                len(rows),
                f"{len(rows):,} of {total:,} pictures in {part} have no boxes and count as"
                " background.",
                "Nothing, if they show no objects; otherwise annotate them.",
            )


def _finding_if_any(
    kind: str, severity: Severity, items: tuple[tuple[str, ...], ...], reason: str, remedy: str
) -> Iterator[Finding]:
    """Yield a finding, if there are items."""
    if items:
        yield Finding(kind, severity, None, items, len(items), reason, remedy)


def _named(examples: Examples, rows: np.ndarray) -> tuple[tuple[str, ...], ...]:
    return tuple((examples.name(int(row)),) for row in rows)


def _count_masks(examples: Examples, rows: np.ndarray) -> str:
    return f"{len(rows):,} of {len(examples.source):,} masks"


def _pluralize(count: int, word: str) -> str:
    return f"1 {word}" if count == 1 else f"{count:,} {word}es"


def _format_box(box: np.ndarray) -> str:
    return " ".join(f"{number:.1f}" for number in box.tolist())
