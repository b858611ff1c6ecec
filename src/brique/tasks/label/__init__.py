"""Several questions of classes about one thing: the labels that it bears, or what it is in each.

Loss, answers, scores, calibration and the judgement.
"""

from brique.tasks.label.evaluate import evaluate as evaluate
from brique.tasks.label.loss import loss as loss
from brique.tasks.label.loss import weights as weights
from brique.tasks.label.metrics import Validation as Validation
from brique.tasks.label.metrics import validate as validate
from brique.tasks.label.outputs import calibrate as calibrate
from brique.tasks.label.predict import Answer as Answer
from brique.tasks.label.predict import predict as predict
from brique.tasks.label.predict import predictions as predictions
from brique.tasks.label.summary import sentence as sentence
