"""Baselines for each target, and the comparison of the net with the best of them."""

from typing import Any

import torch
from torch import Tensor

from brique.data import Data
from brique.evaluation import bootstrap
from brique.evaluation.baselines import constant, fit_predict
from brique.evaluation.baselines.names import NAMES as NAMES
from brique.evaluation.classification import map_classes
from brique.schema import Schema
from brique.tasks.label.metrics import compute_metrics
from brique.tasks.label.outputs import Outputs


def compare_with_baselines(
    outputs: Outputs, data: Data, schema: Schema, net_correct: Tensor, *, fit: bool
) -> dict[str, Any]:
    """Return the baselines, and the comparison of the net with the best of them."""
    baselines = fit_predict(data, data.test) if fit else constant(data, data.test)
    index_maps = [
        map_classes(data.schema[name].names, schema[name].names) for name in schema.targets
    ]
    target_columns = [list(data.schema.targets).index(name) for name in schema.targets]
    entries: dict[str, Any] = {}
    predictions: dict[str, Tensor] = {}
    for name, baseline in baselines.items():
        entries[name] = baseline.entry
        if baseline.predictions is not None:
            columns = [
                class_index[baseline.predictions[:, column]]
                for class_index, column in zip(index_maps, target_columns, strict=True)
            ]
            predictions[name] = torch.stack(columns, dim=1)
            entries[name] = (
                compute_metrics(predictions[name], outputs.target, schema) | baseline.entry
            )
    best = max(predictions, key=lambda name: entries[name]["accuracy"])
    baseline_correct = (predictions[best] == outputs.target).double()
    net_error, baseline_error = 1 - net_correct.mean(dim=1), 1 - baseline_correct.mean(dim=1)
    comparison = bootstrap.compare(best, net_error, baseline_error, data.test.groups)
    return {"baseline": entries, "comparison": comparison}
