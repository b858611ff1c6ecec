"""The record of the task: how much of something there is."""

import math

from torch import nn

from brique.data import Data
from brique.evaluation.notes import noted
from brique.evaluation.result import Judged, Score
from brique.schema import Number, Schema
from brique.tasks.record import Task
from brique.tasks.regress.baselines import NAMES
from brique.tasks.regress.evaluate import judge
from brique.tasks.regress.page import sections
from brique.tasks.regress.plan import plan
from brique.tasks.regress.predict import answered
from brique.tasks.regress.summary import sentence


def _training(schema: Schema) -> str | None:
    targets = [schema[name] for name in schema.targets]
    fits = bool(targets) and all(isinstance(one, Number) for one in targets)
    return "regress" if fits and schema.inputs != ("past",) else None


def _evaluate(net: nn.Module, data: Data, schema: Schema, *, compare: bool = True) -> Judged:
    return judge(net, data, compare=compare)


TASK = Task(
    name="regress",
    main=Score("r2", "R²", "share of the variance explained"),
    training=_training,
    plan=plan,
    evaluate=_evaluate,
    predict=answered,
    complete=noted,
    sentence=sentence,
    sections=sections,
    baselines=NAMES,
    scores={
        "rmse": Score("rmse", "root mean square error", "large misses count more", is_share=False),
        "mae": Score("mae", "mean absolute error", "all misses count alike", is_share=False),
    },
    ends={"r2": (-math.inf, 1.0), "rmse": (0.0, math.inf), "mae": (0.0, math.inf)},
)
