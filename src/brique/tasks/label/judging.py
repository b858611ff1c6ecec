"""The judgement of a net that answers several questions: one pass, beside simple methods."""

import time
from typing import Any

import torch
from torch import Tensor, nn

from brique.data import Data
from brique.schema import Schema
from brique.tasks import baselines, resampling
from brique.tasks.classify.answer import probabilities
from brique.tasks.classify.calibration import temperature
from brique.tasks.classify.reading import places_of
from brique.tasks.judged import Judged, finite
from brique.tasks.label.answer import by_target, kinds
from brique.tasks.label.reading import Reading, read
from brique.tasks.label.scores import each, log_loss, said, scores


def judge(
    net: nn.Module, data: Data, *, schema: Schema | None = None, compare: bool = True
) -> Judged:
    """Return what a net reaches on `data.test`, beside what needs no net.

    net: inputs -> scores (N, K), those of the targets side by side. It reads the test part once, in
        eval mode, without slopes and in float32, on its own device.
    schema: whose targets the scores are of, if not those of the data; classes are compared by name.
    compare: whether to fit simple methods on `data.train`, up to a minute; else the net stands
        beside the commonest classes alone.
    Returns Judged; its arrays are ids (N,), truth (N, T) and probabilities (N, K).
    Raises DataError when the test part is empty, or has what the schema does not know.
    """
    begun = time.perf_counter()
    schema = data.schema if schema is None else schema
    reading = read(net, data.test, schema)
    answers = said(reading, schema)
    right = (answers == reading.truth).double()
    found = scores(answers, reading.truth, schema)
    values: dict[str, Any] = {
        "task": "label",
        "examples": len(reading.ids),
        "targets": list(schema.targets),
        "classes": {n: list(k.names) for n, k in zip(schema.targets, kinds(schema), strict=True)},
        "test": found | {"log_loss": log_loss(reading, schema)},
        "interval": {
            "accuracy": _interval(right.mean(dim=1), data.test.groups),
            "exact": _interval((right == 1).all(dim=1).double(), data.test.groups),
        },
        "each": each(reading, schema),
        "calibration": {"temperature": temperature(net)},
    }
    judged = time.perf_counter()
    values |= _beside(reading, data, schema, right, fit=compare)
    done = time.perf_counter()
    chances = [probabilities(some) for some in by_target(reading.scores, schema)]
    arrays = {
        "ids": reading.ids,
        "truth": reading.truth,
        "probabilities": torch.cat(chances, dim=1),
    }
    seconds = {"judging": round(judged - begun, 3), "baselines": round(done - judged, 3)}
    return Judged(finite(values), arrays, seconds)


def _interval(share: Tensor, together: Tensor | None) -> list[float]:
    """Return the 95% interval of the mean of shares (N,), by drawing examples, or groups, again."""
    return list(
        resampling.interval(lambda often: often @ share / often.sum(dim=1), share, together)
    )


def _beside(
    reading: Reading, data: Data, schema: Schema, right: Tensor, *, fit: bool
) -> dict[str, Any]:
    """Return the baselines, and how the net stands beside the best of them."""
    asked = baselines.fitted(data, data.test) if fit else baselines.constant(data, data.test)
    known = [places_of(data.schema[name].names, schema[name].names) for name in schema.targets]
    at = [list(data.schema.targets).index(name) for name in schema.targets]
    entries: dict[str, Any] = {}
    found: dict[str, Tensor] = {}
    for name, one in asked.items():
        entries[name] = one.entry
        if one.answers is not None:
            columns = [place[one.answers[:, a]] for place, a in zip(known, at, strict=True)]
            found[name] = torch.stack(columns, dim=1)
            entries[name] = scores(found[name], reading.truth, schema) | one.entry
    best = max(found, key=lambda name: entries[name]["accuracy"])
    other = (found[best] == reading.truth).double()
    lost, missed = 1 - right.mean(dim=1), 1 - other.mean(dim=1)
    compared = resampling.beside(best, lost, missed, data.test.groups)
    return {"baseline": entries, "comparison": compared}
