"""The record of the task: which of K classes a thing belongs to."""

import math

from torch import nn

from brique.data import Data
from brique.evaluation.baselines.names import NAMES
from brique.evaluation.notes import noted
from brique.evaluation.result import Judged, Score
from brique.schema import Category, Picture, Schema
from brique.tasks.classify.evaluate import judge
from brique.tasks.classify.page import sections, verdict
from brique.tasks.classify.plan import plan
from brique.tasks.classify.predict import answered
from brique.tasks.classify.summary import sentence
from brique.tasks.record import Task


def _training(schema: Schema) -> str | None:
    """Return the training file: one for a picture, one for inputs of any other kind."""
    match [schema[name] for name in schema.targets], [schema[name] for name in schema.inputs]:
        case [Category()], [Picture()]:
            return "classify"
        case [Category()], _:
            return "classify_fields"
        case _:
            return None


def _evaluate(net: nn.Module, data: Data, schema: Schema, *, compare: bool = True) -> Judged:
    return judge(net, data, names=schema[schema.target].names, compare=compare, others=True)


TASK = Task(
    name="classify",
    main=Score("accuracy", "accuracy", "share of examples named rightly"),
    training=_training,
    plan=plan,
    evaluate=_evaluate,
    predict=answered,
    complete=noted,
    sentence=sentence,
    sections=sections,
    baselines=NAMES,
    ends={"log_loss": (0.0, math.inf)},
    verdict=verdict,
    has_own_answer=True,
)
