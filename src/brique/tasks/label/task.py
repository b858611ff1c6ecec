"""The record of the task: several questions of classes about one thing."""

import math

from torch import nn

from brique.data import Data
from brique.evaluation.notes import noted
from brique.evaluation.result import Judged, Score
from brique.schema import Category, Schema
from brique.tasks.label.baselines import NAMES
from brique.tasks.label.evaluate import judge
from brique.tasks.label.page import sections
from brique.tasks.label.plan import plan
from brique.tasks.label.predict import answered
from brique.tasks.label.summary import sentence
from brique.tasks.record import Task


def _training(schema: Schema) -> str | None:
    targets = [schema[name] for name in schema.targets]
    fits = len(targets) > 1 and all(isinstance(one, Category) for one in targets)
    return "label" if fits else None


def _evaluate(net: nn.Module, data: Data, schema: Schema, *, compare: bool = True) -> Judged:
    return judge(net, data, schema=schema, compare=compare)


TASK = Task(
    name="label",
    main=Score("accuracy", "accuracy", "share of answers that are right, over all targets"),
    training=_training,
    plan=plan,
    evaluate=_evaluate,
    predict=answered,
    complete=noted,
    sentence=sentence,
    sections=sections,
    baselines=NAMES,
    scores={
        "exact": Score("exact", "all right", "share of examples with every answer right"),
        "macro_f1": Score("macro_f1", "F1", "mean over the targets"),
        "log_loss": Score("log_loss", "log loss", "in nats; 0 is perfect", is_share=False),
    },
    ends={"log_loss": (0.0, math.inf)},
)
