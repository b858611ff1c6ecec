"""The task "reconstruct": pictures compressed to latents and reconstructed."""

import math

from torch import nn

from brique.data import Data
from brique.evaluation.result import Metric, Result
from brique.schema import Schema
from brique.tasks.reconstruct.baselines import NAMES
from brique.tasks.reconstruct.evaluate import evaluate
from brique.tasks.reconstruct.page import sections
from brique.tasks.reconstruct.plan import plan
from brique.tasks.reconstruct.predict import predict
from brique.tasks.reconstruct.summary import sentence
from brique.tasks.record import Task


def _evaluate(net: nn.Module, data: Data, schema: Schema, *, compare: bool = True) -> Result:
    return evaluate(net, data, compare=compare)


TASK = Task(
    name="reconstruct",
    main_metric=Metric("r2", "R²", "share of the variance of the pictures explained"),
    training_file=lambda schema: "reconstruct",
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
    },
    bounds={"r2": (-math.inf, 1.0), "rmse": (0.0, math.inf)},
    needs_target=False,
)
