"""The tasks "tag" (a class for each word) and "entities" (marked by tags in BIO form)."""

import math
from dataclasses import replace

from torch import nn

from brique.data import Data
from brique.evaluation.result import Metric, Result
from brique.schema import Schema, Tags, Text
from brique.tasks.record import Task
from brique.tasks.tag.baselines import NAMES
from brique.tasks.tag.evaluate import evaluate
from brique.tasks.tag.page import sections
from brique.tasks.tag.plan import plan
from brique.tasks.tag.predict import postprocess, predict
from brique.tasks.tag.summary import entities_sentence, sentence


def _training_file(schema: Schema) -> str | None:
    match [schema[name] for name in schema.targets], [schema[name] for name in schema.inputs]:
        case [Tags()], [Text()]:
            return "tag"
        case _:
            return None


def _evaluate(net: nn.Module, data: Data, schema: Schema, *, compare: bool = True) -> Result:
    return evaluate(net, data, names=schema[schema.target].names, compare=compare)


_METRICS = {
    metric.name: metric
    for metric in (
        Metric("accuracy", "word accuracy", "share of words tagged correctly"),
        Metric("precision", "precision", "share of the predicted entities that are correct"),
        Metric("recall", "recall", "share of the target entities that are found"),
        Metric("unknown_accuracy", "unknown words", "accuracy on words not in train"),
        Metric("macro_f1", "macro F1", "mean over the tags"),
        Metric("exact_sentences", "exact sentences", "share of sentences without an error"),
        Metric("log_loss", "log loss", "in nats; 0 is perfect", is_share=False),
    )
}
TAG = Task(
    name="tag",
    main_metric=Metric("accuracy", "accuracy", "share of words tagged correctly"),
    training_file=_training_file,
    plan=plan,
    evaluate=_evaluate,
    predict=predict,
    postprocess=postprocess,
    sentence=sentence,
    sections=sections,
    baseline_names=NAMES,
    metrics=_METRICS,
    bounds={"log_loss": (0.0, math.inf)},
)
ENTITIES = replace(
    TAG,
    name="entities",
    main_metric=Metric("f1", "entity F1", "entities with exact boundaries and type"),
    training_file=lambda schema: None,  # `evaluate` tells them apart by the tags
    sentence=entities_sentence,
)
