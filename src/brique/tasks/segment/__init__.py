"""Semantic segmentation: loss, predicted masks, metrics, evaluation."""

from brique.tasks.segment.evaluate import evaluate as evaluate
from brique.tasks.segment.loss import loss as loss
from brique.tasks.segment.loss import weights as weights
from brique.tasks.segment.metrics import Validation as Validation
from brique.tasks.segment.metrics import validate as validate
from brique.tasks.segment.predict import Answer as Answer
from brique.tasks.segment.predict import postprocess as postprocess
from brique.tasks.segment.predict import predict as predict
from brique.tasks.segment.predict import predictions as predictions
from brique.tasks.segment.summary import sentence as sentence
