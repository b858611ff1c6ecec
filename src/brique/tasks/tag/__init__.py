"""Sequence tagging: loss, predictions, metrics and evaluation."""

from brique.tasks.tag.evaluate import evaluate as evaluate
from brique.tasks.tag.loss import loss as loss
from brique.tasks.tag.outputs import Validation as Validation
from brique.tasks.tag.outputs import check_lengths as check_lengths
from brique.tasks.tag.outputs import validate as validate
from brique.tasks.tag.predict import Answer as Answer
from brique.tasks.tag.predict import postprocess as postprocess
from brique.tasks.tag.predict import predict as predict
from brique.tasks.tag.summary import entities_sentence as entities_sentence
from brique.tasks.tag.summary import sentence as sentence
