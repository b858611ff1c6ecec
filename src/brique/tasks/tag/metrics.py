"""How well words are tagged, and entities found, with intervals."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from brique.evaluation import bootstrap
from brique.evaluation.classes import by_class, confusion, overall, recall_intervals
from brique.tasks.tag.entities import Found, count, types_of
from brique.tasks.tag.reading import Reading


def values_of(reading: Reading, names: Sequence[str], together: Tensor | None) -> dict[str, Any]:
    """Return the scores of a net by itself."""
    counts = confusion(reading.truth, reading.said, len(names))
    hung = reading.owner if together is None else together[reading.owner]
    recalls = recall_intervals(reading.truth, reading.said, len(names), hung)
    classes = by_class(counts, names, recalls)
    wrong = bootstrap.sums((reading.said != reading.truth).double(), reading.owner)
    whole = reading.offsets.diff() > 0
    found, ends = scores(reading.said, reading, names, together)
    return {
        "task": "tag" if types_of(names) is None else "entities",
        "examples": len(reading.ids),
        "words": len(reading.truth),
        "names": list(names),
        "test": {
            **found,
            "macro_f1": overall(classes)["macro_f1"],
            "faultless": float((wrong == 0)[whole[: len(wrong)]].double().mean()),
            "log_loss": float(reading.lost.double().mean()),
        },
        "interval": ends,
        "unknown": int(reading.is_unknown.sum()),
        "classes": classes,
        "confusion": counts.tolist(),
        **_entities(reading, names),
    }


def _entities(reading: Reading, names: Sequence[str]) -> dict[str, Any]:
    """Return how well each type of entity is found, where tags mark some."""
    types = types_of(names)
    if types is None:
        return {}
    found = count(reading.truth, reading.said, reading.offsets.diff(), names)
    each = {
        kind: {**_one(found, at).scores(), "count": int(found.true[:, at].sum())}
        for at, kind in enumerate(types)
    }
    return {"entities": {"count": int(found.true.sum()), "types": each}}


def _one(found: Found, at: int) -> Found:
    return Found(*(side[:, at : at + 1] for side in (found.true, found.said, found.hit)))


def scores(
    said: Tensor, reading: Reading, names: Sequence[str], together: Tensor | None
) -> tuple[dict[str, float], dict[str, list[float]]]:
    """Return F1 of entities if tags mark some, and shares of words tagged rightly, with intervals.

    together: groups of the texts (N,), if they hang together.
    """
    right = (said == reading.truth).double()
    scores: dict[str, float] = {}
    ends: dict[str, list[float]] = {}
    if types_of(names) is not None:
        found = count(reading.truth, said, reading.offsets.diff(), names)
        scores, ends = found.scores(), {"f1": found.interval(together)}
    for name, counts in (
        ("accuracy", torch.ones_like(right)),
        ("unknown_accuracy", reading.is_unknown.double()),
    ):
        if not bool(counts.any()):
            continue
        hits = bootstrap.sums(right * counts, reading.owner)
        total = bootstrap.sums(counts, reading.owner)

        def share(often: Tensor, hits: Tensor = hits, total: Tensor = total) -> Tensor:
            return (often @ hits) / (often @ total)

        scores[name] = float(hits.sum() / total.sum())
        hang = None if together is None else together[: len(hits)]  # the last may have no words
        ends[name] = list(bootstrap.interval(share, hits, hang))
    return scores, ends
