"""The record of the task: where things are in a picture."""

from torch import nn

from brique.data import Data
from brique.evaluation.result import Judged, Score
from brique.schema import Boxes, Schema, Tags
from brique.tasks.detect.baselines import NAMES
from brique.tasks.detect.evaluate import judge
from brique.tasks.detect.page import sections
from brique.tasks.detect.plan import plan
from brique.tasks.detect.predict import answered, placed
from brique.tasks.detect.summary import sentence
from brique.tasks.record import Task


def _training(schema: Schema) -> str | None:
    match [schema[name] for name in schema.targets]:
        case [Boxes(), Tags()]:
            return "detect"
        case _:
            return None


def _evaluate(net: nn.Module, data: Data, schema: Schema, *, compare: bool = True) -> Judged:
    tags = schema[schema.targets[1]]
    assert isinstance(tags, Tags)
    return judge(net, data, names=tags.names, compare=compare)


TASK = Task(
    name="detect",
    main=Score("ap50", "AP50", "average precision at an overlap of 0.5"),
    training=_training,
    plan=plan,
    evaluate=_evaluate,
    predict=answered,
    complete=placed,
    sentence=sentence,
    sections=sections,
    baselines=NAMES,
    scores={"ap": Score("ap", "AP", "mean over overlaps of 0.5 to 0.95")},
)
