"""Time series forecasting: loss, forecasts with intervals, metrics and evaluation."""

from brique.tasks.forecast.evaluate import evaluate as evaluate
from brique.tasks.forecast.intervals import calibrate as calibrate
from brique.tasks.forecast.loss import loss as loss
from brique.tasks.forecast.outputs import Validation as Validation
from brique.tasks.forecast.outputs import validate as validate
from brique.tasks.forecast.predict import Answer as Answer
from brique.tasks.forecast.predict import predict as predict
from brique.tasks.forecast.summary import sentence as sentence
