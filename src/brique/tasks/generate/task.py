"""The record of the task: pictures like those of the training part."""

from torch import nn

from brique.data import Data
from brique.evaluation.result import Judged, Score
from brique.schema import Schema
from brique.tasks.generate.baselines import NAMES
from brique.tasks.generate.evaluate import judge
from brique.tasks.generate.page import sections
from brique.tasks.generate.plan import plan
from brique.tasks.generate.predict import answered
from brique.tasks.generate.summary import sentence
from brique.tasks.record import Task


def _evaluate(net: nn.Module, data: Data, schema: Schema, *, compare: bool = True) -> Judged:
    return judge(net, data, compare=compare)


TASK = Task(
    name="generate",
    main=Score("mixed", "mixing", "twice the share whose nearest picture is of the other kind"),
    training=lambda schema: "generate",
    plan=plan,
    evaluate=_evaluate,
    predict=answered,
    sentence=sentence,
    sections=sections,
    baselines=NAMES,
    scores={
        "real": Score("real", "real near made", "real pictures whose nearest is a made one"),
        "made": Score("made", "made near real", "made pictures whose nearest is a real one"),
        "copied": Score("copied", "copied", "nearer to train than 99% of test is; 1% by chance"),
    },
    needs_target=False,
)
