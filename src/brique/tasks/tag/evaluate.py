"""The judgement of a net that tags words: one pass over test, beside what needs no net."""

import time
from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn

from brique.data import Data
from brique.evaluation import bootstrap
from brique.evaluation.classes import places_of
from brique.evaluation.result import Judged, finite
from brique.tasks.tag import baselines
from brique.tasks.tag.entities import count, types_of
from brique.tasks.tag.metrics import scores, values_of
from brique.tasks.tag.reading import Reading, check, read


def judge(
    net: nn.Module, data: Data, *, names: Sequence[str] | None = None, compare: bool = True
) -> Judged:
    """Return what a net reaches on `data.test`, beside what needs no net.

    net: texts -> scores (M, K) of their M words. It reads the test part once, in eval mode, without
        slopes and in float32, on its own device.
    names: the K classes, if they are not those of the data; classes are compared by name.
    compare: whether to count the commonest tag of each word in `data.train`, and to fit a linear
        model, in up to a minute; else the net stands beside the commonest tag alone.
    Tags in BIO form are judged by the entities that they mark, "f1" by the rules of conlleval; the
    task in the values is then "entities", else "tag".
    Intervals are found by drawing texts, not words, again: words of one text hang together.
    Returns Judged; its arrays are ids (N,), offsets (N + 1,), truth, said, sure, unknown (M,).
    Raises DataError when the test part is empty, or has a class that `names` lacks.
    """
    begun = time.perf_counter()
    check(data)
    known = data.schema[data.schema.target].names
    names = list(known if names is None else names)
    reading = read(net, data.test, names)
    values = values_of(reading, names, data.test.groups)
    judged = time.perf_counter()
    values |= _beside(reading, data, places_of(known, names), names, fit=compare)
    done = time.perf_counter()
    arrays = {
        "ids": reading.ids, "offsets": reading.offsets, "truth": reading.truth,
        "said": reading.said, "sure": reading.sure, "unknown": reading.is_unknown,
    }  # fmt: skip
    seconds = {"judging": round(judged - begun, 3), "baselines": round(done - judged, 3)}
    return Judged(finite(values), arrays, seconds)


def _beside(
    reading: Reading, data: Data, places: Tensor, names: Sequence[str], *, fit: bool
) -> dict[str, Any]:
    """Return the baselines, and how the net stands beside the best of them, by text."""
    said = {"majority": places[baselines.commonest(data)].expand(len(reading.truth))}
    if fit:
        said |= {name: places[tags] for name, tags in baselines.usual(data, data.test).items()}
        said["window"] = places[baselines.window(data, data.test)]
    main = "accuracy" if types_of(names) is None else "f1"
    entries: dict[str, Any] = {}
    for name, tags in said.items():
        found, ends = scores(tags, reading, names, data.test.groups)
        entries[name] = {**found, "interval": ends[main]}
    entries["majority"]["answer"] = names[int(said["majority"][0])]
    best = max(said, key=lambda name: (entries[name][main], entries[name]["accuracy"]))
    compared = _compared(reading, said[best], best, names, data.test.groups)
    return {"baseline": entries, "comparison": compared}


def _compared(
    reading: Reading, other: Tensor, best: str, names: Sequence[str], together: Tensor | None
) -> dict[str, Any]:
    """Return how a net stands beside the best baseline, by the score that is named first."""
    if types_of(names) is not None:
        lengths = reading.offsets.diff()
        ours, theirs = (count(reading.truth, s, lengths, names) for s in (reading.said, other))
        return bootstrap.beside_score(
            best, lambda often: ours.f1(often) - theirs.f1(often), ours.true, together
        )

    def lost(tags: Tensor) -> Tensor:
        return bootstrap.sums((tags != reading.truth).double(), reading.owner)

    ours, theirs = lost(reading.said), lost(other)
    hang = None if together is None else together[: len(ours)]
    return bootstrap.beside(best, ours, theirs, hang)
