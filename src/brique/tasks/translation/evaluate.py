"""The judgement of a net that translates: one pass over test, beside what needs no net."""

import time
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from brique.data import Data
from brique.evaluation import bootstrap
from brique.evaluation.result import Judged, finite
from brique.schema import Schema
from brique.tasks.translation import baselines
from brique.tasks.translation.metrics import bleu, counts, cut_by, overlap
from brique.tasks.translation.reading import Reading, read

SHOWN = 40  # translations that are kept as texts: the worst, and some between


def judge(
    net: nn.Module, data: Data, *, schema: Schema | None = None, compare: bool = True
) -> Judged:
    """Return what a net reaches on `data.test`, beside what needs no net.

    net: a translator, as `brique.nets.translator` makes it. It reads the test part once, in eval
        mode, without slopes and in float32, on its own device; a search keeps 4 beginnings.
    schema: of the net, by whose pieces it speaks, if it is not that of the data.
    compare: whether to make a dictionary from `data.train` too, in less than a minute; else the net
        stands beside the text as it is.
    BLEU is of all texts together; its interval, and whether it is above that of the best baseline
    by more than chance, are found by drawing texts again.
    Returns Judged; its arrays are ids (N,) and overlap (N,), the plain F of one to four words in a
    row of each text; "shown" in its values has the text, what was said and what was meant of some,
    by id.
    Raises DataError when the test part is empty.
    """
    begun = time.perf_counter()
    reading = read(net, data, schema)
    each = counts(reading.said, reading.meant)
    values: dict[str, Any] = {
        "task": "translate",
        "examples": len(reading.ids),
        "languages": [data.schema.inputs[0], data.schema.target],
        "test": _scores(reading.said, reading.meant, each),
        "interval": {"bleu": _interval(each, data.test.groups)},
        "words": cut_by(),
        "shown": _shown(reading, overlap(each)),
    }
    judged = time.perf_counter()
    values |= _beside(reading, data, each, fit=compare)
    done = time.perf_counter()
    arrays = {"ids": reading.ids, "overlap": overlap(each).float()}
    seconds = {"judging": round(judged - begun, 3), "baselines": round(done - judged, 3)}
    return Judged(finite(values), arrays, seconds)


def _scores(said: Sequence[str], meant: Sequence[str], each: Tensor) -> dict[str, float]:
    exact = sum(map(str.__eq__, said, meant)) / len(meant)
    mean = float(overlap(each).mean())
    return {"bleu": float(bleu(each.sum(dim=0))), "overlap": mean, "exact": exact}


def _drawn_again(each: Tensor, often: Tensor) -> Tensor:
    """Return BLEU of texts that are drawn so often: (R, N) -> (R,)."""
    return bleu((often @ each.flatten(1)).unflatten(1, each.shape[1:]))


def _interval(each: Tensor, together: Tensor | None) -> list[float]:
    return list(bootstrap.interval(lambda often: _drawn_again(each, often), each, together))


def _shown(reading: Reading, score: Tensor) -> list[dict[str, Any]]:
    """Return some translations, the worst first, then evenly chosen ones up to the best."""
    order = score.argsort(stable=True)
    half = min(len(order), SHOWN // 2)
    rest = order[half:]
    some = rest[torch.linspace(0, len(rest) - 1, min(len(rest), SHOWN - half)).long()]
    return [
        {
            "id": int(reading.ids[row]), "source": reading.source[row], "said": reading.said[row],
            "meant": reading.meant[row], "overlap": round(float(score[row]), 4),
        }
        for row in [*order[:half].tolist(), *some.tolist()]
    ]  # fmt: skip


def _beside(reading: Reading, data: Data, each: Tensor, *, fit: bool) -> dict[str, Any]:
    """Return the baselines, and how the net stands beside the best, by drawing texts again."""
    said = {"copy": reading.source}
    if fit:
        said["commonest"] = baselines.commonest(data, len(reading.source))
        said["dictionary"] = baselines.dictionary(data, reading.source)
    found = {name: counts(one, reading.meant) for name, one in said.items()}
    entries = {
        name: {
            **_scores(said[name], reading.meant, one),
            "interval": _interval(one, data.test.groups),
        }
        for name, one in found.items()
    }
    best = max(entries, key=lambda name: entries[name]["bleu"])
    compared = bootstrap.beside_score(
        best,
        lambda often: _drawn_again(each, often) - _drawn_again(found[best], often),
        each,
        data.test.groups,
    )
    return {"baseline": entries, "comparison": compared}
