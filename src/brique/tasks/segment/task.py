"""The record of the task: which class each pixel of a picture is of."""

from torch import nn

from brique.data import Data
from brique.evaluation.result import Judged, Score
from brique.schema import Mask, Schema
from brique.tasks.record import Task
from brique.tasks.segment.baselines import NAMES
from brique.tasks.segment.evaluate import judge
from brique.tasks.segment.page import sections
from brique.tasks.segment.plan import plan
from brique.tasks.segment.predict import answered, placed
from brique.tasks.segment.summary import sentence


def _training(schema: Schema) -> str | None:
    match [schema[name] for name in schema.targets]:
        case [Mask()]:
            return "segment"
        case _:
            return None


def _evaluate(net: nn.Module, data: Data, schema: Schema, *, compare: bool = True) -> Judged:
    kind = schema[schema.target]
    assert isinstance(kind, Mask)
    return judge(net, data, names=kind.names, compare=compare)


TASK = Task(
    name="segment",
    main=Score("mean_iou", "mean IoU", "common part of the areas meant and said, by class"),
    training=_training,
    plan=plan,
    evaluate=_evaluate,
    predict=answered,
    complete=placed,
    sentence=sentence,
    sections=sections,
    baselines=NAMES,
    scores={
        "pixel_accuracy": Score("pixel_accuracy", "pixels", "share of all pixels named rightly"),
        "mean_accuracy": Score(
            "mean_accuracy", "recall", "share of its pixels found, mean over the classes"
        ),
    },
)
