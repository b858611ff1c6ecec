"""The record of the task: what a text is in another language."""

from torch import nn

from brique.data import Data
from brique.evaluation.result import Judged, Score
from brique.schema import Schema, Text
from brique.tasks.record import Task
from brique.tasks.translation.baselines import NAMES
from brique.tasks.translation.evaluate import judge
from brique.tasks.translation.page import sections
from brique.tasks.translation.plan import plan
from brique.tasks.translation.predict import answered
from brique.tasks.translation.summary import sentence


def _training(schema: Schema) -> str | None:
    match [schema[name] for name in schema.targets], [schema[name] for name in schema.inputs]:
        case [Text()], [Text()]:
            return "translation"
        case _:
            return None


def _evaluate(net: nn.Module, data: Data, schema: Schema, *, compare: bool = True) -> Judged:
    return judge(net, data, schema=schema, compare=compare)


TASK = Task(
    name="translate",
    main=Score("bleu", "BLEU", "what is in common with what was meant", is_share=False),
    training=_training,
    plan=plan,
    evaluate=_evaluate,
    predict=answered,
    sentence=sentence,
    sections=sections,
    baselines=NAMES,
    ends={"bleu": (0.0, 100.0)},
)
