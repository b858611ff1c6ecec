"""The records of the two tasks on words: a tag for each, and the entities that tags in BIO mark."""

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
        Metric("accuracy", "words", "share of words tagged rightly"),
        Metric("precision", "precision", "share of the entities said that are meant"),
        Metric("recall", "recall", "share of the entities meant that are found"),
        Metric("unknown_accuracy", "new words", "share of words new to it tagged rightly"),
        Metric("macro_f1", "F1", "mean over the targets"),
        Metric("exact_sentences", "exact sentences", "share of sentences without an error"),
        Metric("log_loss", "log loss", "in nats; 0 is perfect", is_share=False),
    )
}
TAG = Task(
    name="tag",
    main_metric=Metric("accuracy", "accuracy", "share of words tagged rightly"),
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
    main_metric=Metric("f1", "entity F1", "of entities, found whole and with their type"),
    training_file=lambda schema: None,  # the data of both are the same: `evaluate` tells them apart
    sentence=entities_sentence,
)
