"""The task record of classification with several targets."""

import math

from torch import nn

from brique.data import Data
from brique.evaluation.input_notes import with_input_note
from brique.evaluation.result import Metric, Result
from brique.schema import Category, Schema
from brique.tasks.label.baselines import NAMES
from brique.tasks.label.evaluate import evaluate
from brique.tasks.label.page import sections
from brique.tasks.label.plan import plan
from brique.tasks.label.predict import predict
from brique.tasks.label.summary import sentence
from brique.tasks.record import Task


def _training_file(schema: Schema) -> str | None:
    targets = [schema[name] for name in schema.targets]
    is_supported = len(targets) > 1 and all(isinstance(target, Category) for target in targets)
    return "label" if is_supported else None


def _evaluate(net: nn.Module, data: Data, schema: Schema, *, compare: bool = True) -> Result:
    return evaluate(net, data, schema=schema, compare=compare)


TASK = Task(
    name="label",
    main_metric=Metric("accuracy", "accuracy", "share of correct predictions over all targets"),
    training_file=_training_file,
    plan=plan,
    evaluate=_evaluate,
    predict=predict,
    postprocess=with_input_note,
    sentence=sentence,
    sections=sections,
    baseline_names=NAMES,
    metrics={
        "exact": Metric("exact", "exact match", "share of examples with all targets correct"),
        "macro_f1": Metric("macro_f1", "F1", "mean over the targets"),
        "log_loss": Metric("log_loss", "log loss", "in nats; 0 is perfect", is_share=False),
    },
    bounds={"log_loss": (0.0, math.inf)},
)
