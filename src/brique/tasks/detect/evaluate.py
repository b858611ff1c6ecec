"""The judgement of a net that answers with boxes: one pass over test, beside simple methods."""

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from brique.data import Data, Ragged
from brique.errors import DataError, nearest
from brique.evaluation import bootstrap
from brique.evaluation.result import Judged, finite
from brique.schema import Boxes, Tags
from brique.tasks.detect import baselines
from brique.tasks.detect.found import Found
from brique.tasks.detect.metrics import (  # fmt: skip
    LEVELS,
    Marks,
    by_class,
    by_picture,
    drawn_again,
    intervals,
    marks,
    scores,
)
from brique.tasks.detect.predict import least_of
from brique.tasks.detect.reading import Truth, read

SHOWN, BOXES = 12, 20  # pictures whose boxes are kept for the report, half the worst; boxes of each
POINTS = 100  # of a curve


def judge(
    net: nn.Module, data: Data, *, names: Sequence[str] | None = None, compare: bool = True
) -> Judged:
    """Return what a net reaches on `data.test`, beside what needs no net.

    net: pictures -> rows (N, P, 7 + K), as `brique.nets.detector` says. It reads the test part
        once, in eval mode, without slopes and in float32, on its own device.
    names: the K classes of the scores; those of the data are found among them by name. By default
        those of the data.
    compare: whether simple methods look at `data.train`; else the net stands beside the mean box.
    Returns Judged; its arrays are ids (N,), ap50 (N,), that of each picture alone, shown (S,), the
        ids of the worst and the best, worst first, and said (M, 7), boxes there: place in shown,
        x0, y0, x1, y1 in pixels, score and class.
    Raises DataError when the test part is empty or has no box, its targets are no boxes, or `names`
        lacks a class; ShapeError when the net returns something else.
    """
    begun = time.perf_counter()
    own = _names(data)
    if not _boxes(data):
        raise DataError(
            f"detect: none of the {len(data.test):,} test pictures has a box, so nothing can be"
            " said of how many are found; annotate some."
        )
    names = own if names is None else tuple(names)
    reading = read(net, data.test, len(names))
    ids, said, truths = reading.ids, reading.said, _renamed(reading.truths, own, names)
    found = marks(truths, said, len(names))
    each = by_picture(truths, said, len(names))
    least = least_of(net)
    values: dict[str, Any] = {
        "task": "detect", "examples": len(ids), "boxes": sum(len(one.classes) for one in truths),
        "names": list(names), "test": scores(found), "interval": intervals(found, data.test.groups),
        "classes": _classes(found, names), "curves": _curves(found, names),
        "answered": _answered(found, least),
    }  # fmt: skip
    judged = time.perf_counter()
    small = reading.small if compare else None
    values |= _beside(found, truths, data, names, small)
    done = time.perf_counter()
    shown = _shown(each, torch.tensor([len(one.classes) > 0 for one in truths]))
    arrays = {"ids": ids, "ap50": each.float(), "shown": ids[shown], "said": _kept(said, shown)}
    seconds = {"judging": round(judged - begun, 3), "baselines": round(done - judged, 3)}
    return Judged(finite(values), arrays, seconds)


def _names(data: Data) -> tuple[str, ...]:
    kinds = [data.schema[name] for name in data.schema.targets]
    if len(kinds) != 2 or not isinstance(kinds[0], Boxes) or not isinstance(kinds[1], Tags):
        raise DataError(
            "detect: expected boxes and their classes as targets, got"
            f" {', '.join(kind.kind for kind in kinds) or 'none'}; take other data."
        )
    if not len(data.test):
        raise DataError("detect: the test part is empty; pass data with at least one picture.")
    return kinds[1].names


def _boxes(data: Data) -> int:
    boxes = data.test[data.schema.targets[0]]
    assert isinstance(boxes, Ragged)
    return len(boxes.values)


def _renamed(truths: list[Truth], own: Sequence[str], names: Sequence[str]) -> list[Truth]:
    """Return the boxes with the numbers that their classes have in `names`."""
    table: list[int] = []
    for name in own:
        if name not in names:
            raise DataError(
                f"detect: the data have the class '{name}', which the net does not know"
                f"{nearest(name, names) or '; rename or remove it.'}"
            )
        table.append(list(names).index(name))
    places = torch.tensor(table)
    return [replace(one, classes=places[one.classes]) for one in truths]


def _classes(found: list[Marks], names: Sequence[str]) -> dict[str, Any]:
    once = torch.ones(1, len(found[0].true), dtype=torch.float64)
    ap50 = by_class(found, [0], once)[0].tolist()
    ap = by_class(found, range(len(LEVELS)), once)[0].tolist()
    return {
        name: {"ap50": ap50[k], "ap": ap[k], "boxes": int(found[k].true.sum()),
               "pictures": int((found[k].true > 0).sum())}
        for k, name in enumerate(names)
    }  # fmt: skip


def _curves(found: list[Marks], names: Sequence[str]) -> dict[str, list[list[float]]]:
    """Return [recall, precision, score] at up to 100 boxes that each class finds, at 0.5."""
    curves: dict[str, list[list[float]]] = {}
    for name, one in zip(names, found, strict=True):
        total, hits = int(one.true.sum()), one.hit[0].nonzero().flatten()
        if not total or not len(hits):
            continue
        right = one.hit[0].double().cumsum(0)
        share = right / torch.arange(1, len(right) + 1)
        at = hits[torch.linspace(0, len(hits) - 1, min(POINTS, len(hits))).round().long()]
        rows = torch.stack([right[at] / total, share[at], one.score[at].double()], dim=1)
        curves[name] = [[round(number, 4) for number in row] for row in rows.tolist()]
    return curves


def _answered(found: list[Marks], least: float) -> dict[str, Any]:
    """Return how many of the boxes that `predict` shows are true, and how many it finds."""
    shown = [(one.score >= least) for one in found]
    right = sum(int(one.hit[0][some].sum()) for one, some in zip(found, shown, strict=True))
    said, true = sum(int(some.sum()) for some in shown), sum(int(one.true.sum()) for one in found)
    return {
        "least": least, "said": said, "right": right,
        "precision": right / said if said else None, "recall": right / true if true else None,
    }  # fmt: skip


def _beside(
    found: list[Marks], truths: list[Truth], data: Data, names: Sequence[str], small: Tensor | None
) -> dict[str, Any]:
    """Return the baselines, and how the net stands beside the best, by drawing pictures again.

    small: the pictures at a few pixels; None: nothing is fitted.
    """
    made = baselines.constant(data, len(truths)) if small is None else baselines.fitted(data, small)
    own = _renamed([Truth(torch.empty(0, 4), torch.arange(len(_names(data))))], _names(data), names)
    table = own[0].classes
    entries: dict[str, Any] = {}
    others: dict[str, list[Marks]] = {}
    for name, one in made.items():
        said = [replace(a, classes=table[a.classes]) for a in one.answers]
        others[name] = marks(truths, said, len(names))
        entries[name] = scores(others[name]) | one.entry
    best = max(entries, key=lambda name: entries[name]["ap50"])
    net, rival = drawn_again(found), drawn_again(others[best])
    compared = bootstrap.beside_score(
        best, lambda often: net(often) - rival(often), torch.ones(len(truths)), data.test.groups
    )
    return {"baseline": entries, "comparison": compared}


def _shown(each: Tensor, is_full: Tensor) -> Tensor:
    """Return the places of the worst and the best pictures, worst first.

    A picture without boxes, in which nothing was said, is among the best for want of others only.
    """
    order = torch.argsort(each, stable=True)
    half = min(SHOWN // 2, (len(order) + 1) // 2)
    rest = order[half:]
    rest = torch.cat([rest[~is_full[rest]], rest[is_full[rest]]])
    return torch.cat([order[:half], rest[-half:]])


def _kept(said: list[Found], shown: Tensor) -> Tensor:
    """Return the surest boxes of some pictures: (M, 7)."""
    rows = [torch.empty(0, 7)]
    for number, place in enumerate(shown.tolist()):
        one = said[place]
        numbers = torch.full((len(one.scores), 1), float(number))
        more = torch.stack([one.scores, one.classes.float()], dim=1)
        rows.append(torch.cat([numbers, one.boxes, more], dim=1)[:BOXES])
    return torch.cat(rows)
