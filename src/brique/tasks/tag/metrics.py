"""Metrics of tags and entities, with confidence intervals."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from brique.evaluation import bootstrap
from brique.evaluation.classification import by_class, confusion, macro_scores, recall_intervals
from brique.tasks.tag.entities import EntityCounts, count_entities, entity_types
from brique.tasks.tag.outputs import Outputs


def result_values(outputs: Outputs, names: Sequence[str], groups: Tensor | None) -> dict[str, Any]:
    """Return the metrics of a net, without baselines."""
    counts = confusion(outputs.target, outputs.predictions, len(names))
    word_groups = outputs.text_of_word if groups is None else groups[outputs.text_of_word]
    recalls = recall_intervals(outputs.target, outputs.predictions, len(names), word_groups)
    classes = by_class(counts, names, recalls)
    wrong_by_text = bootstrap.group_sums(
        (outputs.predictions != outputs.target).double(), outputs.text_of_word
    )
    has_words = outputs.offsets.diff() > 0
    metrics, intervals = compute_metrics(outputs.predictions, outputs, names, groups)
    return {
        "task": "tag" if entity_types(names) is None else "entities",
        "examples": len(outputs.ids),
        "words": len(outputs.target),
        "names": list(names),
        "test": {
            **metrics,
            "macro_f1": macro_scores(classes)["macro_f1"],
            "exact_sentences": float(
                (wrong_by_text == 0)[has_words[: len(wrong_by_text)]].double().mean()
            ),
            "log_loss": float(outputs.losses.double().mean()),
        },
        "interval": intervals,
        "unknown": int(outputs.is_unknown.sum()),
        "classes": classes,
        "confusion": counts.tolist(),
        **_entity_values(outputs, names),
    }


def _entity_values(outputs: Outputs, names: Sequence[str]) -> dict[str, Any]:
    """Return the metrics of each entity type, if tags mark entities."""
    types = entity_types(names)
    if types is None:
        return {}
    counts = count_entities(outputs.target, outputs.predictions, outputs.offsets.diff(), names)
    metrics_by_type = {
        kind: {**_of_type(counts, index).metrics(), "count": int(counts.num_target[:, index].sum())}
        for index, kind in enumerate(types)
    }
    return {"entities": {"count": int(counts.num_target.sum()), "types": metrics_by_type}}


def _of_type(counts: EntityCounts, index: int) -> EntityCounts:
    return EntityCounts(
        *(
            values[:, index : index + 1]
            for values in (counts.num_target, counts.num_predicted, counts.num_correct)
        )
    )


def compute_metrics(
    predictions: Tensor, outputs: Outputs, names: Sequence[str], groups: Tensor | None
) -> tuple[dict[str, float], dict[str, list[float]]]:
    """Return entity F1 if tags mark entities, and word accuracies, with confidence intervals.

    groups: (N,), of the texts, if they are not independent.
    """
    is_correct = (predictions == outputs.target).double()
    metrics: dict[str, float] = {}
    intervals: dict[str, list[float]] = {}
    if entity_types(names) is not None:
        entity_counts = count_entities(outputs.target, predictions, outputs.offsets.diff(), names)
        metrics, intervals = entity_counts.metrics(), {"f1": entity_counts.interval(groups)}
    for name, is_counted in (
        ("accuracy", torch.ones_like(is_correct)),
        ("unknown_accuracy", outputs.is_unknown.double()),
    ):
        if not bool(is_counted.any()):
            continue
        correct_by_text = bootstrap.group_sums(is_correct * is_counted, outputs.text_of_word)
        words_by_text = bootstrap.group_sums(is_counted, outputs.text_of_word)

        def accuracy(
            weights: Tensor, correct: Tensor = correct_by_text, total_words: Tensor = words_by_text
        ) -> Tensor:
            return (weights @ correct) / (weights @ total_words)

        metrics[name] = float(correct_by_text.sum() / words_by_text.sum())
        text_groups = (
            None if groups is None else groups[: len(correct_by_text)]
        )  # the last may have no words
        intervals[name] = list(bootstrap.interval(accuracy, correct_by_text, text_groups))
    return metrics, intervals
