"""Translation: loss, predictions, metrics and evaluation."""

from brique.tasks.translate.evaluate import evaluate as evaluate
from brique.tasks.translate.loss import loss as loss
from brique.tasks.translate.outputs import Validation as Validation
from brique.tasks.translate.outputs import validate as validate
from brique.tasks.translate.predict import Answer as Answer
from brique.tasks.translate.predict import predict as predict
from brique.tasks.translate.summary import sentence as sentence
