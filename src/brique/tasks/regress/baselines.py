"""Regression baselines, and a comparison of the net with the best of them."""

from typing import Any

from torch import Tensor

from brique.data import Data
from brique.evaluation import bootstrap
from brique.evaluation.baselines import constant, fit_predict
from brique.evaluation.baselines.names import NAMES as NAMES
from brique.tasks.regress.metrics import compute_metrics, std_of
from brique.tasks.regress.outputs import Outputs


def compare_with_baselines(outputs: Outputs, data: Data, *, fit: bool) -> dict[str, Any]:
    """Return the metrics of the baselines, and a comparison with the best of them."""
    baselines = fit_predict(data, data.test) if fit else constant(data, data.test)
    entries: dict[str, Any] = {}
    predictions: dict[str, Tensor] = {}
    for name, baseline in baselines.items():
        entries[name] = baseline.entry
        if baseline.predictions is not None:
            entries[name] = compute_metrics(baseline.predictions, outputs.target) | baseline.entry
            predictions[name] = baseline.predictions
    best = max(predictions, key=lambda name: entries[name]["r2"])
    std = std_of(outputs.target)

    def squared_loss(answers: Tensor) -> Tensor:
        return ((answers.double() - outputs.target) / std).square().mean(dim=1)

    net_loss, baseline_loss = squared_loss(outputs.predictions), squared_loss(predictions[best])
    comparison = bootstrap.compare(best, net_loss, baseline_loss, data.test.groups)
    return {"baseline": entries, "comparison": comparison}
