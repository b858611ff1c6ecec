"""Object detection: loss, predicted boxes, average precision, evaluation."""

from brique.tasks.detect.detections import Detections as Detections
from brique.tasks.detect.detections import decode as decode
from brique.tasks.detect.evaluate import evaluate as evaluate
from brique.tasks.detect.loss import loss as loss
from brique.tasks.detect.metrics import Validation as Validation
from brique.tasks.detect.metrics import validate as validate
from brique.tasks.detect.outputs import batch_targets as batch_targets
from brique.tasks.detect.predict import Answer as Answer
from brique.tasks.detect.predict import calibrate as calibrate
from brique.tasks.detect.predict import postprocess as postprocess
from brique.tasks.detect.predict import predict as predict
from brique.tasks.detect.predict import predictions as predictions
from brique.tasks.detect.summary import sentence as sentence
