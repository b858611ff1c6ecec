"""The task record of classification."""

import math

from torch import nn

from brique.data import Data
from brique.evaluation.baselines.names import NAMES
from brique.evaluation.input_notes import with_input_note
from brique.evaluation.result import Metric, Result
from brique.schema import Category, Picture, Schema
from brique.tasks.classify.evaluate import evaluate
from brique.tasks.classify.page import sections, verdict
from brique.tasks.classify.plan import plan
from brique.tasks.classify.predict import predict
from brique.tasks.classify.summary import sentence
from brique.tasks.record import Task


def _training_file(schema: Schema) -> str | None:
    """Return the training file: one for a picture, one for inputs of any other kind."""
    match [schema[name] for name in schema.targets], [schema[name] for name in schema.inputs]:
        case [Category()], [Picture()]:
            return "classify"
        case [Category()], _:
            return "classify_fields"
        case _:
            return None


def _evaluate(net: nn.Module, data: Data, schema: Schema, *, compare: bool = True) -> Result:
    return evaluate(
        net, data, names=schema[schema.target].names, compare=compare, allow_unknown_classes=True
    )


TASK = Task(
    name="classify",
    main_metric=Metric("accuracy", "accuracy", "share of correct predictions"),
    training_file=_training_file,
    plan=plan,
    evaluate=_evaluate,
    predict=predict,
    postprocess=with_input_note,
    sentence=sentence,
    sections=sections,
    baseline_names=NAMES,
    bounds={"log_loss": (0.0, math.inf)},
    verdict=verdict,
    has_baseline_section=True,
)
