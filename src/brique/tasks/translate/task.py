"""The task "translate": a text in another language."""

from torch import nn

from brique.data import Data
from brique.evaluation.result import Metric, Result
from brique.schema import Schema, Text
from brique.tasks.record import Task
from brique.tasks.translate.baselines import NAMES
from brique.tasks.translate.evaluate import evaluate
from brique.tasks.translate.page import sections
from brique.tasks.translate.plan import plan
from brique.tasks.translate.predict import predict
from brique.tasks.translate.summary import sentence


def _training_file(schema: Schema) -> str | None:
    match [schema[name] for name in schema.targets], [schema[name] for name in schema.inputs]:
        case [Text()], [Text()]:
            return "translate"
        case _:
            return None


def _evaluate(net: nn.Module, data: Data, schema: Schema, *, compare: bool = True) -> Result:
    return evaluate(net, data, schema=schema, compare=compare)


TASK = Task(
    name="translate",
    main_metric=Metric("bleu", "BLEU", "n-gram overlap with the reference", is_share=False),
    training_file=_training_file,
    plan=plan,
    evaluate=_evaluate,
    predict=predict,
    sentence=sentence,
    sections=sections,
    baseline_names=NAMES,
    bounds={"bleu": (0.0, 100.0)},
)
