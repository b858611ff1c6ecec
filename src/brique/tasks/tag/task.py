"""The records of the two tasks on words: a tag for each, and the entities that tags in BIO mark."""

import math
from dataclasses import replace

from torch import nn

from brique.data import Data
from brique.evaluation.result import Judged, Score
from brique.schema import Schema, Tags, Text
from brique.tasks.record import Task
from brique.tasks.tag.baselines import NAMES
from brique.tasks.tag.evaluate import judge
from brique.tasks.tag.page import sections
from brique.tasks.tag.plan import plan
from brique.tasks.tag.predict import answered, worded
from brique.tasks.tag.summary import sentence, sentence_of_entities


def _training(schema: Schema) -> str | None:
    match [schema[name] for name in schema.targets], [schema[name] for name in schema.inputs]:
        case [Tags()], [Text()]:
            return "tag"
        case _:
            return None


def _evaluate(net: nn.Module, data: Data, schema: Schema, *, compare: bool = True) -> Judged:
    return judge(net, data, names=schema[schema.target].names, compare=compare)


_SCORES = {
    one.name: one
    for one in (
        Score("accuracy", "words", "share of words tagged rightly"),
        Score("precision", "precision", "share of the entities said that are meant"),
        Score("recall", "recall", "share of the entities meant that are found"),
        Score("unknown_accuracy", "new words", "share of words new to it tagged rightly"),
        Score("macro_f1", "F1", "mean over the targets"),
        Score("faultless", "faultless", "share of sentences without a mistake"),
        Score("log_loss", "log loss", "in nats; 0 is perfect", is_share=False),
    )
}
TAG = Task(
    name="tag",
    main=Score("accuracy", "accuracy", "share of words tagged rightly"),
    training=_training,
    plan=plan,
    evaluate=_evaluate,
    predict=answered,
    complete=worded,
    sentence=sentence,
    sections=sections,
    baselines=NAMES,
    scores=_SCORES,
    ends={"log_loss": (0.0, math.inf)},
)
ENTITIES = replace(
    TAG,
    name="entities",
    main=Score("f1", "entity F1", "of entities, found whole and with their type"),
    training=lambda schema: None,  # the data of both are the same: `evaluate` tells them apart
    sentence=sentence_of_entities,
)
