"""The record of the task: how a series goes on."""

import math

from torch import nn

from brique.data import Data
from brique.evaluation.result import Judged, Score
from brique.schema import Number, Schema
from brique.tasks.forecast.baselines import NAMES
from brique.tasks.forecast.evaluate import judge
from brique.tasks.forecast.page import sections
from brique.tasks.forecast.plan import plan
from brique.tasks.forecast.predict import answered
from brique.tasks.forecast.summary import sentence
from brique.tasks.record import Task


def _training(schema: Schema) -> str | None:
    targets = [schema[name] for name in schema.targets]
    fits = schema.inputs == ("past",) and len(schema["past"].shape) == 2
    return "forecast" if fits and len(targets) == 1 and isinstance(targets[0], Number) else None


def _evaluate(net: nn.Module, data: Data, schema: Schema, *, compare: bool = True) -> Judged:
    return judge(net, data, compare=compare)


TASK = Task(
    name="forecast",
    main=Score("skill", "skill", "less squared error than the values before"),
    training=_training,
    plan=plan,
    evaluate=_evaluate,
    predict=answered,
    sentence=sentence,
    sections=sections,
    baselines=NAMES,
    scores={
        "rmse": Score("rmse", "root mean square error", "large misses count more", is_share=False),
        "mae": Score("mae", "mean absolute error", "all misses count alike", is_share=False),
    },
    ends={"skill": (-math.inf, 1.0), "rmse": (0.0, math.inf), "mae": (0.0, math.inf)},
)
