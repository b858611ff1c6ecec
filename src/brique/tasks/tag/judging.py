"""The judgement of a net that tags words: one pass over test, beside what needs no net."""

import time
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from brique.data import Data
from brique.tasks import resampling
from brique.tasks.classify.reading import places_of
from brique.tasks.classify.scores import by_class, confusion, overall, recall_intervals
from brique.tasks.judged import Judged, finite
from brique.tasks.tag import baselines
from brique.tasks.tag.reading import Reading, check, read


def judge(
    net: nn.Module, data: Data, *, names: Sequence[str] | None = None, compare: bool = True
) -> Judged:
    """Return what a net reaches on `data.test`, beside what needs no net.

    net: texts -> scores (M, K) of their M words. It reads the test part once, in eval mode, without
        slopes and in float32, on its own device.
    names: the K classes, if they are not those of the data; classes are compared by name.
    compare: whether to fit a linear model too, in up to a minute; else the net stands beside the
        commonest tag of each word alone.
    Intervals are found by drawing texts, not words, again: words of one text hang together.
    Returns Judged; its arrays are ids (N,), offsets (N + 1,), truth, said, sure, unknown (M,).
    Raises DataError when the test part is empty, or has a class that `names` lacks.
    """
    begun = time.perf_counter()
    check(data)
    known = data.schema[data.schema.target].names
    names = list(known if names is None else names)
    reading = read(net, data.test, names)
    values = _values(reading, names, data.test.groups)
    judged = time.perf_counter()
    values |= _beside(reading, data, places_of(known, names), fit=compare)
    done = time.perf_counter()
    arrays = {
        "ids": reading.ids, "offsets": reading.offsets, "truth": reading.truth,
        "said": reading.said, "sure": reading.sure, "unknown": reading.is_unknown,
    }  # fmt: skip
    seconds = {"judging": round(judged - begun, 3), "baselines": round(done - judged, 3)}
    return Judged(finite(values), arrays, seconds)


def _values(reading: Reading, names: Sequence[str], together: Tensor | None) -> dict[str, Any]:
    """Return the scores of a net by itself."""
    counts = confusion(reading.truth, reading.said, len(names))
    hung = reading.owner if together is None else together[reading.owner]
    recalls = recall_intervals(reading.truth, reading.said, len(names), hung)
    classes = by_class(counts, names, recalls)
    wrong = resampling.sums((reading.said != reading.truth).double(), reading.owner)
    whole = reading.offsets.diff() > 0
    scores, ends = _scores(reading.said, reading, together)
    return {
        "task": "tag",
        "examples": len(reading.ids),
        "words": len(reading.truth),
        "names": list(names),
        "test": {
            **scores,
            "macro_f1": overall(classes)["macro_f1"],
            "faultless": float((wrong == 0)[whole[: len(wrong)]].double().mean()),
            "log_loss": float(reading.lost.double().mean()),
        },
        "interval": ends,
        "unknown": int(reading.is_unknown.sum()),
        "classes": classes,
        "confusion": counts.tolist(),
    }


def _scores(
    said: Tensor, reading: Reading, together: Tensor | None
) -> tuple[dict[str, float], dict[str, list[float]]]:
    """Return the share of words, and of unknown words, tagged rightly, with its intervals.

    together: groups of the texts (N,), if they hang together.
    """
    right = (said == reading.truth).double()
    scores: dict[str, float] = {}
    ends: dict[str, list[float]] = {}
    for name, counts in (
        ("accuracy", torch.ones_like(right)),
        ("unknown_accuracy", reading.is_unknown.double()),
    ):
        if not bool(counts.any()):
            continue
        hits = resampling.sums(right * counts, reading.owner)
        total = resampling.sums(counts, reading.owner)

        def share(often: Tensor, hits: Tensor = hits, total: Tensor = total) -> Tensor:
            return (often @ hits) / (often @ total)

        scores[name] = float(hits.sum() / total.sum())
        hang = None if together is None else together[: len(hits)]  # the last may have no words
        ends[name] = list(resampling.interval(share, hits, hang))
    return scores, ends


def _beside(reading: Reading, data: Data, places: Tensor, *, fit: bool) -> dict[str, Any]:
    """Return the baselines, and how the net stands beside the best of them, by text."""
    said = {name: places[tags] for name, tags in baselines.usual(data, data.test).items()}
    if fit:
        said["window"] = places[baselines.window(data, data.test)]
    entries: dict[str, Any] = {}
    for name, tags in said.items():
        scores, ends = _scores(tags, reading, data.test.groups)
        entries[name] = {**scores, "interval": ends["accuracy"]}
    best = max(said, key=lambda name: entries[name]["accuracy"])

    def lost(tags: Tensor) -> Tensor:
        return resampling.sums((tags != reading.truth).double(), reading.owner)

    ours, theirs, together = lost(reading.said), lost(said[best]), data.test.groups
    hang = None if together is None else together[: len(ours)]
    compared = resampling.beside(best, ours, theirs, hang)
    return {"baseline": entries, "comparison": compared}
