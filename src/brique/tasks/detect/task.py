"""The task record of object detection."""

from torch import nn

from brique.data import Data
from brique.evaluation.result import Metric, Result
from brique.schema import Boxes, Schema, Tags
from brique.tasks.detect.baselines import NAMES
from brique.tasks.detect.evaluate import evaluate
from brique.tasks.detect.page import sections
from brique.tasks.detect.plan import plan
from brique.tasks.detect.predict import postprocess, predict
from brique.tasks.detect.summary import sentence
from brique.tasks.record import Task


def _training_file(schema: Schema) -> str | None:
    match [schema[name] for name in schema.targets]:
        case [Boxes(), Tags()]:
            return "detect"
        case _:
            return None


def _evaluate(net: nn.Module, data: Data, schema: Schema, *, compare: bool = True) -> Result:
    tags = schema[schema.targets[1]]
    assert isinstance(tags, Tags)
    return evaluate(net, data, names=tags.names, compare=compare)


TASK = Task(
    name="detect",
    main_metric=Metric("ap50", "AP50", "average precision at IoU 0.5"),
    training_file=_training_file,
    plan=plan,
    evaluate=_evaluate,
    predict=predict,
    postprocess=postprocess,
    sentence=sentence,
    sections=sections,
    baseline_names=NAMES,
    metrics={"ap": Metric("ap", "AP", "averaged over IoU 0.5 to 0.95")},
)
