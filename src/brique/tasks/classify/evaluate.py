"""Evaluation of a classifier: one pass over the test part, compared with baselines."""

import time
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from brique.data import Data
from brique.evaluation import baselines as simple
from brique.evaluation import bootstrap
from brique.evaluation.calibration import temperature
from brique.evaluation.categories import probabilities
from brique.evaluation.classification import map_classes, share_interval
from brique.evaluation.result import Result, finite
from brique.tasks.classify import baselines
from brique.tasks.classify.comparison import compare_with_baseline
from brique.tasks.classify.metrics import result_values
from brique.tasks.classify.outputs import Outputs, collect_outputs
from brique.tasks.classify.vectors import has_vector_inputs


def evaluate(
    net: nn.Module,
    data: Data,
    *,
    names: Sequence[str] | None = None,
    compare: bool = True,
    allow_unknown_classes: bool = False,
) -> Result:
    """Return the result of a net on `data.test`, compared with baselines.

    net: inputs (N, ...) -> scores (N, K). It reads the test part once, in eval mode, without
        gradients and in float32, on its own device.
    names: the K classes, if they are not those of the data; classes are matched by name.
    compare: whether to fit baselines on `data.train`, up to a minute; else only the majority
        class is compared.
    allow_unknown_classes: whether examples of classes that `names` lacks count as wrong, in place
        of an error; "unknown_classes" in the values then counts them by class.
    Raises DataError when the test part is empty or has a class that `names` lacks; ShapeError when
    the scores are not (N, K).
    """
    started = time.perf_counter()
    data_names = data.schema[data.schema.target].names
    names = list(data_names if names is None else names)
    unknown_names = (
        [name for name in data_names if name not in names] if allow_unknown_classes else []
    )
    needs_inputs = compare and has_vector_inputs(data.schema)
    outputs = collect_outputs(
        net, data.test, names, keep_inputs=needs_inputs, unknown_names=unknown_names
    )
    names += unknown_names
    values = result_values(outputs, names, temperature(net), data.test.groups)
    values["calibration"]["valid_examples"] = len(data.valid)
    if unknown_names:
        values["unknown_classes"] = {
            name: values["classes"][name]["count"] for name in unknown_names
        }
    evaluated = time.perf_counter()
    values |= _compare_with_baselines(outputs, data, names, fit=compare)
    finished = time.perf_counter()
    seconds = {
        "evaluation": round(evaluated - started, 3),
        "baselines": round(finished - evaluated, 3),
    }
    return Result(finite(values), _arrays(outputs), seconds)


def _compare_with_baselines(
    outputs: Outputs, data: Data, names: Sequence[str], *, fit: bool
) -> dict[str, Any]:
    """Return the baselines, and the comparison of the net with the best of them."""
    class_index = map_classes(data.schema[data.schema.target].names, names)
    label, groups, input_rows = outputs.label, data.test.groups, outputs.input_rows
    net_correct = outputs.scores.argmax(dim=1) == label
    majority_class = baselines.majority_class(data.train)
    majority_correct = label == class_index[majority_class]
    majority_accuracy = int(majority_correct.sum()) / len(label)
    entries: dict[str, Any] = {
        "majority": {
            "accuracy": majority_accuracy,
            "answer": names[int(class_index[majority_class])],
        }
    }
    if groups is not None:
        entries["majority"]["interval"] = share_interval(majority_correct, groups)
    best, best_correct, best_rows = "majority", majority_correct, torch.arange(len(label))
    if fit:
        for name, baseline in _baseline_predictions(data, outputs).items():
            entries[name] = baseline.entry
            if baseline.predictions is not None:
                correct = class_index[baseline.predictions] == label[input_rows]
                accuracy = int(correct.sum()) / len(correct)
                interval = share_interval(correct, None if groups is None else groups[input_rows])
                entries[name] = {"accuracy": accuracy, "interval": interval, **baseline.entry}
                if accuracy > entries[best]["accuracy"]:
                    best, best_correct, best_rows = name, correct, input_rows
    all_rows = torch.arange(len(label))
    comparison = _comparison(best, net_correct, best_correct, groups, best_rows)
    majority_comparison = _comparison("majority", net_correct, majority_correct, groups, all_rows)
    return {
        "baseline": entries,
        "comparison": comparison | {"p_majority": majority_comparison["p"]},
    }


def _comparison(
    name: str, net_correct: Tensor, baseline_correct: Tensor, groups: Tensor | None, rows: Tensor
) -> dict[str, Any]:
    """Return the comparison of a net with a baseline on the same examples, or their groups."""
    if groups is None:
        return compare_with_baseline(net_correct[rows], name, baseline_correct)
    return bootstrap.compare(
        name, (~net_correct[rows]).double(), (~baseline_correct).double(), groups[rows]
    )


def _baseline_predictions(
    data: Data, outputs: Outputs
) -> dict[str, simple.BaselinePredictions | baselines.BaselinePredictions]:
    """Return the predictions of each method for the examples of `outputs.input_rows`."""
    if has_vector_inputs(data.schema):
        return dict(baselines.fit_predict(data, outputs.inputs))
    predictions = simple.fit_predict(data, data.test)
    return {name: prediction for name, prediction in predictions.items() if name != "majority"}


def _arrays(outputs: Outputs) -> dict[str, Tensor]:
    arrays = {
        "ids": outputs.ids,
        "label": outputs.label,
        "probabilities": probabilities(outputs.scores),
    }
    if len(outputs.hidden):
        arrays |= {"hidden_ids": outputs.ids[outputs.hidden_rows], "hidden": outputs.hidden}
    return arrays
