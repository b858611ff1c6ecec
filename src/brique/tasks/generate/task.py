"""The task "generate": new pictures like the training pictures."""

from torch import nn

from brique.data import Data
from brique.evaluation.result import Metric, Result
from brique.schema import Schema
from brique.tasks.generate.baselines import NAMES
from brique.tasks.generate.evaluate import evaluate
from brique.tasks.generate.page import sections
from brique.tasks.generate.plan import plan
from brique.tasks.generate.predict import predict
from brique.tasks.generate.summary import sentence
from brique.tasks.record import Task


def _evaluate(net: nn.Module, data: Data, schema: Schema, *, compare: bool = True) -> Result:
    return evaluate(net, data, compare=compare)


TASK = Task(
    name="generate",
    main_metric=Metric(
        "mixing", "mixing", "twice the smaller share of nearest neighbors of the other kind"
    ),
    training_file=lambda schema: "generate",
    plan=plan,
    evaluate=_evaluate,
    predict=predict,
    sentence=sentence,
    sections=sections,
    baseline_names=NAMES,
    metrics={
        "real": Metric(
            "real", "real near generated", "real pictures whose nearest neighbor is generated"
        ),
        "generated": Metric(
            "generated",
            "generated near real",
            "generated pictures whose nearest neighbor is real",
        ),
        "copied": Metric("copied", "copied", "nearer to train than 99% of test; 1% by chance"),
    },
    needs_target=False,
)
