"""Classification into K classes: loss, predictions, metrics, calibration, evaluation."""

from brique.evaluation.classification import Validation as Validation
from brique.evaluation.classification import accuracy as accuracy
from brique.evaluation.classification import validate as validate
from brique.evaluation.classification import wilson_interval as wilson_interval
from brique.tasks.classify.calibration import calibrate as calibrate
from brique.tasks.classify.evaluate import evaluate as evaluate
from brique.tasks.classify.loss import loss as loss
from brique.tasks.classify.loss import weights as weights
from brique.tasks.classify.predict import Answer as Answer
from brique.tasks.classify.predict import predict as predict
from brique.tasks.classify.predict import predictions as predictions
from brique.tasks.classify.summary import sentence as sentence
