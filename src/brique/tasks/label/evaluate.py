"""Evaluation of a net with several class targets, compared with baselines."""

import time
from typing import Any

import torch
from torch import Tensor, nn

from brique.data import Data
from brique.evaluation import bootstrap
from brique.evaluation.calibration import temperature
from brique.evaluation.categories import probabilities
from brique.evaluation.result import Result, finite
from brique.schema import Schema
from brique.tasks.label.baselines import compare_with_baselines
from brique.tasks.label.metrics import (
    compute_metrics,
    log_loss,
    metrics_by_target,
    predicted_classes,
)
from brique.tasks.label.outputs import collect_outputs
from brique.tasks.label.predict import split_by_target, target_fields


def evaluate(
    net: nn.Module, data: Data, *, schema: Schema | None = None, compare: bool = True
) -> Result:
    """Return the result of a net on `data.test`, compared with baselines.

    net: inputs -> scores (N, K), concatenated over the targets. It reads the test part once, in
        eval mode, without gradients and in float32, on its own device.
    schema: with the targets of the scores, if not that of the data; classes are matched by name.
    compare: whether to fit baselines on `data.train`, up to a minute; else only the most frequent
        classes are compared.
    The arrays are ids (N,), target (N, T) and probabilities (N, K).
    Raises DataError when the test part is empty, or has targets or classes that the schema lacks.
    """
    started = time.perf_counter()
    schema = data.schema if schema is None else schema
    outputs = collect_outputs(net, data.test, schema)
    predicted = predicted_classes(outputs, schema)
    correct = (predicted == outputs.target).double()
    metrics = compute_metrics(predicted, outputs.target, schema)
    values: dict[str, Any] = {
        "task": "label",
        "examples": len(outputs.ids),
        "targets": list(schema.targets),
        "classes": {
            n: list(k.names) for n, k in zip(schema.targets, target_fields(schema), strict=True)
        },
        "test": metrics | {"log_loss": log_loss(outputs, schema)},
        "interval": {
            "accuracy": _interval(correct.mean(dim=1), data.test.groups),
            "exact": _interval((correct == 1).all(dim=1).double(), data.test.groups),
        },
        "by_target": metrics_by_target(outputs, schema),
        "calibration": {"temperature": temperature(net)},
    }
    evaluated = time.perf_counter()
    values |= compare_with_baselines(outputs, data, schema, correct, fit=compare)
    finished = time.perf_counter()
    target_probabilities = [
        probabilities(target_scores) for target_scores in split_by_target(outputs.scores, schema)
    ]
    arrays = {
        "ids": outputs.ids,
        "target": outputs.target,
        "probabilities": torch.cat(target_probabilities, dim=1),
    }
    seconds = {
        "evaluation": round(evaluated - started, 3),
        "baselines": round(finished - evaluated, 3),
    }
    return Result(finite(values), arrays, seconds)


def _interval(share: Tensor, groups: Tensor | None) -> list[float]:
    """Return the 95% bootstrap interval of the mean of shares (N,), over examples or groups."""
    return list(
        bootstrap.interval(lambda weights: weights @ share / weights.sum(dim=1), share, groups)
    )
