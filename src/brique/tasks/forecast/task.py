"""The task "forecast": the next values of a time series."""

import math

from torch import nn

from brique.data import Data
from brique.evaluation.result import Metric, Result
from brique.schema import Number, Schema
from brique.tasks.forecast.baselines import NAMES
from brique.tasks.forecast.evaluate import evaluate
from brique.tasks.forecast.page import sections
from brique.tasks.forecast.plan import plan
from brique.tasks.forecast.predict import predict
from brique.tasks.forecast.summary import sentence
from brique.tasks.record import Task


def _training_file(schema: Schema) -> str | None:
    targets = [schema[name] for name in schema.targets]
    is_forecast = schema.inputs == ("past",) and len(schema["past"].shape) == 2
    return (
        "forecast" if is_forecast and len(targets) == 1 and isinstance(targets[0], Number) else None
    )


def _evaluate(net: nn.Module, data: Data, schema: Schema, *, compare: bool = True) -> Result:
    return evaluate(net, data, compare=compare)


TASK = Task(
    name="forecast",
    main_metric=Metric(
        "skill",
        "skill",
        "reduction of the squared error relative to the naive forecast (the values one horizon"
        " before)",
    ),
    training_file=_training_file,
    plan=plan,
    evaluate=_evaluate,
    predict=predict,
    sentence=sentence,
    sections=sections,
    baseline_names=NAMES,
    metrics={
        "rmse": Metric(
            "rmse", "root mean square error", "weights large errors more", is_share=False
        ),
        "mae": Metric("mae", "mean absolute error", "weights all errors alike", is_share=False),
    },
    bounds={"skill": (-math.inf, 1.0), "rmse": (0.0, math.inf), "mae": (0.0, math.inf)},
)
