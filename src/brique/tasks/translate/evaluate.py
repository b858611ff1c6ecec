"""Evaluation of a translator on test, with baselines."""

import time
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from brique.data import Data
from brique.evaluation import bootstrap
from brique.evaluation.result import Result, finite
from brique.schema import Schema
from brique.tasks.translate import baselines
from brique.tasks.translate.metrics import bleu, count_ngrams, ngram_f, tokenizer_name
from brique.tasks.translate.outputs import Outputs, collect_outputs

NUM_SHOWN = 40  # translations kept as texts: the worst, and a sample of the others


def evaluate(
    net: nn.Module, data: Data, *, schema: Schema | None = None, compare: bool = True
) -> Result:
    """Return the metrics of a net on `data.test`, with baselines.

    net: a translator, as from `brique.nets.translator`. It runs once over test, in eval mode,
        without gradients and in float32, on its own device; beam width 4.
    schema: of the net, for its tokens, if it is not that of the data.
    compare: whether to fit baselines on `data.train`, in less than a minute; else only the source.
    BLEU is computed over the corpus; its confidence interval and the comparison with the best
    baseline resample texts.
    Returns Result; its arrays are ids (N,) and overlap (N,), the n-gram F score of each text (1 to
    4 words). "shown_examples" in its values has source, prediction and target of some, by id.
    Raises DataError when the test part is empty.
    """
    started = time.perf_counter()
    outputs = collect_outputs(net, data, schema)
    ngram_counts_by_text = count_ngrams(outputs.predictions, outputs.target)
    values: dict[str, Any] = {
        "task": "translate",
        "examples": len(outputs.ids),
        "languages": [data.schema.inputs[0], data.schema.target],
        "test": _compute_metrics(outputs.predictions, outputs.target, ngram_counts_by_text),
        "interval": {"bleu": _bleu_interval(ngram_counts_by_text, data.test.groups)},
        "tokenizer": tokenizer_name(),
        "shown_examples": _examples(outputs, ngram_f(ngram_counts_by_text)),
    }
    evaluated = time.perf_counter()
    values |= _compare_with_baselines(outputs, data, ngram_counts_by_text, fit=compare)
    finished = time.perf_counter()
    arrays = {"ids": outputs.ids, "overlap": ngram_f(ngram_counts_by_text).float()}
    seconds = {
        "evaluation": round(evaluated - started, 3),
        "baselines": round(finished - evaluated, 3),
    }
    return Result(finite(values), arrays, seconds)


def _compute_metrics(
    predictions: Sequence[str], target: Sequence[str], ngrams: Tensor
) -> dict[str, float]:
    exact = sum(map(str.__eq__, predictions, target)) / len(target)
    mean_overlap = float(ngram_f(ngrams).mean())
    return {"bleu": float(bleu(ngrams.sum(dim=0))), "overlap": mean_overlap, "exact": exact}


def _resampled_bleu(ngrams: Tensor, weights: Tensor) -> Tensor:
    """Return corpus BLEU for bootstrap weights of the texts: (R, N) -> (R,)."""
    return bleu((weights @ ngrams.flatten(1)).unflatten(1, ngrams.shape[1:]))


def _bleu_interval(ngrams: Tensor, groups: Tensor | None) -> list[float]:
    return list(
        bootstrap.interval(lambda weights: _resampled_bleu(ngrams, weights), ngrams, groups)
    )


def _examples(outputs: Outputs, score: Tensor) -> list[dict[str, Any]]:
    """Return some translations: the worst, then evenly spaced ones up to the best."""
    order = score.argsort(stable=True)
    num_worst = min(len(order), NUM_SHOWN // 2)
    others = order[num_worst:]
    evenly_chosen = others[
        torch.linspace(0, len(others) - 1, min(len(others), NUM_SHOWN - num_worst)).long()
    ]
    return [
        {
            "id": int(outputs.ids[row]), "source": outputs.source[row],
            "prediction": outputs.predictions[row], "target": outputs.target[row],
            "overlap": round(float(score[row]), 4),
        }
        for row in [*order[:num_worst].tolist(), *evenly_chosen.tolist()]
    ]  # fmt: skip


def _compare_with_baselines(
    outputs: Outputs, data: Data, net_ngrams: Tensor, *, fit: bool
) -> dict[str, Any]:
    """Return the metrics of the baselines, and a comparison with the best of them."""
    translations = {"copy": outputs.source}
    if fit:
        translations["most_common"] = baselines.most_common(data, len(outputs.source))
        translations["dictionary"] = baselines.word_by_word(data, outputs.source)
    ngrams = {
        name: count_ngrams(ngrams_of_one, outputs.target)
        for name, ngrams_of_one in translations.items()
    }
    entries = {
        name: {
            **_compute_metrics(translations[name], outputs.target, ngrams_of_one),
            "interval": _bleu_interval(ngrams_of_one, data.test.groups),
        }
        for name, ngrams_of_one in ngrams.items()
    }
    best = max(entries, key=lambda name: entries[name]["bleu"])
    comparison = bootstrap.compare_scores(
        best,
        lambda weights: (
            _resampled_bleu(net_ngrams, weights) - _resampled_bleu(ngrams[best], weights)
        ),
        net_ngrams,
        data.test.groups,
    )
    return {"baseline": entries, "comparison": comparison}
