"""The task record of semantic segmentation."""

from torch import nn

from brique.data import Data
from brique.evaluation.result import Metric, Result
from brique.schema import Mask, Schema
from brique.tasks.record import Task
from brique.tasks.segment.baselines import NAMES
from brique.tasks.segment.evaluate import evaluate
from brique.tasks.segment.page import sections
from brique.tasks.segment.plan import plan
from brique.tasks.segment.predict import postprocess, predict
from brique.tasks.segment.summary import sentence


def _training_file(schema: Schema) -> str | None:
    match [schema[name] for name in schema.targets]:
        case [Mask()]:
            return "segment"
        case _:
            return None


def _evaluate(net: nn.Module, data: Data, schema: Schema, *, compare: bool = True) -> Result:
    mask_field = schema[schema.target]
    assert isinstance(mask_field, Mask)
    return evaluate(net, data, names=mask_field.names, compare=compare)


TASK = Task(
    name="segment",
    main_metric=Metric("mean_iou", "mean IoU", "intersection over union, mean over the classes"),
    training_file=_training_file,
    plan=plan,
    evaluate=_evaluate,
    predict=predict,
    postprocess=postprocess,
    sentence=sentence,
    sections=sections,
    baseline_names=NAMES,
    metrics={
        "pixel_accuracy": Metric("pixel_accuracy", "pixels", "share of correct pixels"),
        "mean_accuracy": Metric("mean_accuracy", "recall", "mean recall over the classes"),
    },
)
