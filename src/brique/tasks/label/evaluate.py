"""The judgement of a net that answers several questions: one pass, beside simple methods."""

import time
from typing import Any

import torch
from torch import Tensor, nn

from brique.data import Data
from brique.evaluation import bootstrap
from brique.evaluation.calibration import temperature
from brique.evaluation.categories import probabilities
from brique.evaluation.result import Judged, finite
from brique.schema import Schema
from brique.tasks.label.baselines import beside
from brique.tasks.label.metrics import each, log_loss, said, scores
from brique.tasks.label.predict import by_target, kinds
from brique.tasks.label.reading import read


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
    values |= beside(reading, data, schema, right, fit=compare)
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
    return list(bootstrap.interval(lambda often: often @ share / often.sum(dim=1), share, together))
