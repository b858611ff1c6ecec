"""Reconstruction of pictures: loss, predictions, metrics, evaluation and analysis."""

from brique.tasks.reconstruct.analysis import class_accuracy as class_accuracy
from brique.tasks.reconstruct.analysis import labeled_rows as labeled_rows
from brique.tasks.reconstruct.analysis import principal_components as principal_components
from brique.tasks.reconstruct.analysis import reconstruct as reconstruct
from brique.tasks.reconstruct.evaluate import evaluate as evaluate
from brique.tasks.reconstruct.loss import loss as loss
from brique.tasks.reconstruct.outputs import calibrate as calibrate
from brique.tasks.reconstruct.outputs import validate as validate
from brique.tasks.reconstruct.predict import Answer as Answer
from brique.tasks.reconstruct.predict import predict as predict
from brique.tasks.reconstruct.summary import sentence as sentence
