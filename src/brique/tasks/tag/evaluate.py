"""The evaluation of a net that tags words: one pass over test, beside what needs no net."""

import time
from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn

from brique.data import Data
from brique.evaluation import bootstrap
from brique.evaluation.classification import map_classes
from brique.evaluation.result import Result, finite
from brique.tasks.tag import baselines
from brique.tasks.tag.entities import count_entities, entity_types
from brique.tasks.tag.metrics import compute_metrics, result_values
from brique.tasks.tag.outputs import Outputs, check_lengths, collect_outputs


def evaluate(
    net: nn.Module, data: Data, *, names: Sequence[str] | None = None, compare: bool = True
) -> Result:
    """Return the metrics of a net on `data.test`, with baselines.

    net: texts -> scores (M, K) of their M words. It runs once over test, in eval mode, without
        gradients and in float32, on its own device.
    names: the K classes, if they are not those of the data; classes are matched by name.
    compare: whether to fit baselines on `data.train`, for up to a minute; else only the most
        frequent tag.
    Tags in BIO form are evaluated by entity: "f1" follows the rules of conlleval, and the task in
    the values is "entities", else "tag".
    Confidence intervals resample texts, because words of one text are not independent.
    Returns Result; its arrays are ids (N,), offsets (N + 1,), and target, predictions, confidence,
    is_unknown (M,).
    Raises DataError when the test part is empty, or has a class that `names` lacks.
    """
    started = time.perf_counter()
    check_lengths(data)
    data_names = data.schema[data.schema.target].names
    names = list(data_names if names is None else names)
    outputs = collect_outputs(net, data.test, names)
    values = result_values(outputs, names, data.test.groups)
    evaluated = time.perf_counter()
    values |= _compare_with_baselines(
        outputs, data, map_classes(data_names, names), names, fit=compare
    )
    finished = time.perf_counter()
    arrays = {
        "ids": outputs.ids, "offsets": outputs.offsets, "target": outputs.target,
        "predictions": outputs.predictions, "confidence": outputs.confidence,
        "is_unknown": outputs.is_unknown,
    }  # fmt: skip
    seconds = {
        "evaluation": round(evaluated - started, 3),
        "baselines": round(finished - evaluated, 3),
    }
    return Result(finite(values), arrays, seconds)


def _compare_with_baselines(
    outputs: Outputs, data: Data, class_ids: Tensor, names: Sequence[str], *, fit: bool
) -> dict[str, Any]:
    """Return the metrics of the baselines, and a comparison with the best of them by text."""
    baseline_tags = {"majority": class_ids[baselines.most_common(data)].expand(len(outputs.target))}
    if fit:
        baseline_tags |= {
            name: class_ids[tags]
            for name, tags in baselines.most_frequent_tags(data, data.test).items()
        }
        baseline_tags["window"] = class_ids[baselines.window_model(data, data.test)]
    main_metric = "accuracy" if entity_types(names) is None else "f1"
    entries: dict[str, Any] = {}
    for name, tags in baseline_tags.items():
        metrics, intervals = compute_metrics(tags, outputs, names, data.test.groups)
        entries[name] = {**metrics, "interval": intervals[main_metric]}
    entries["majority"]["answer"] = names[int(baseline_tags["majority"][0])]
    best = max(
        baseline_tags, key=lambda name: (entries[name][main_metric], entries[name]["accuracy"])
    )
    comparison = _comparison(outputs, baseline_tags[best], best, names, data.test.groups)
    return {"baseline": entries, "comparison": comparison}


def _comparison(
    outputs: Outputs, baseline_tags: Tensor, best: str, names: Sequence[str], groups: Tensor | None
) -> dict[str, Any]:
    """Return the comparison of a net with the best baseline, by F1 or by accuracy."""
    if entity_types(names) is not None:
        lengths = outputs.offsets.diff()
        net_counts, baseline_counts = (
            count_entities(outputs.target, s, lengths, names)
            for s in (outputs.predictions, baseline_tags)
        )
        return bootstrap.compare_scores(
            best,
            lambda weights: net_counts.f1(weights) - baseline_counts.f1(weights),
            net_counts.num_target,
            groups,
        )

    def wrong_by_text(tags: Tensor) -> Tensor:
        return bootstrap.group_sums((tags != outputs.target).double(), outputs.text_of_word)

    net_counts, baseline_counts = wrong_by_text(outputs.predictions), wrong_by_text(baseline_tags)
    text_groups = None if groups is None else groups[: len(net_counts)]
    return bootstrap.compare(best, net_counts, baseline_counts, text_groups)
