"""Classification with several targets, such as multi-label classification.

Loss, predictions, metrics, calibration, evaluation.
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
