"""Regression: loss, predictions with intervals, metrics and evaluation."""

from brique.tasks.regress.evaluate import evaluate as evaluate
from brique.tasks.regress.intervals import calibrate as calibrate
from brique.tasks.regress.loss import loss as loss
from brique.tasks.regress.loss import target_std as target_std
from brique.tasks.regress.loss import targets as targets
from brique.tasks.regress.metrics import Validation as Validation
from brique.tasks.regress.metrics import validate as validate
from brique.tasks.regress.predict import Answer as Answer
from brique.tasks.regress.predict import predict as predict
from brique.tasks.regress.predict import predictions as predictions
from brique.tasks.regress.summary import sentence as sentence
