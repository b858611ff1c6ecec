"""The task "regress": one or more numbers for each input."""

import math

from torch import nn

from brique.data import Data
from brique.evaluation.input_notes import with_input_note
from brique.evaluation.result import Metric, Result
from brique.schema import Number, Schema
from brique.tasks.record import Task
from brique.tasks.regress.baselines import NAMES
from brique.tasks.regress.evaluate import evaluate
from brique.tasks.regress.page import sections
from brique.tasks.regress.plan import plan
from brique.tasks.regress.predict import predict
from brique.tasks.regress.summary import sentence


def _training_file(schema: Schema) -> str | None:
    targets = [schema[name] for name in schema.targets]
    is_numeric = bool(targets) and all(isinstance(kind, Number) for kind in targets)
    return "regress" if is_numeric and schema.inputs != ("past",) else None


def _evaluate(net: nn.Module, data: Data, schema: Schema, *, compare: bool = True) -> Result:
    return evaluate(net, data, compare=compare)


TASK = Task(
    name="regress",
    main_metric=Metric("r2", "R²", "share of the variance explained"),
    training_file=_training_file,
    plan=plan,
    evaluate=_evaluate,
    predict=predict,
    postprocess=with_input_note,
    sentence=sentence,
    sections=sections,
    baseline_names=NAMES,
    metrics={
        "rmse": Metric(
            "rmse", "root mean square error", "weights large errors more", is_share=False
        ),
        "mae": Metric("mae", "mean absolute error", "weights all errors alike", is_share=False),
    },
    bounds={"r2": (-math.inf, 1.0), "rmse": (0.0, math.inf), "mae": (0.0, math.inf)},
)
