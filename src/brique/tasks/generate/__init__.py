"""Image generation: loss, evaluation with baselines, and recognition by a classifier."""

from brique.evaluation.classifier import gap as gap
from brique.evaluation.classifier import recognized as recognized
from brique.evaluation.classifier import reference_classifier as reference_classifier
from brique.tasks.generate.evaluate import evaluate as evaluate
from brique.tasks.generate.latents import fit_mixture as fit_mixture
from brique.tasks.generate.latents import validate as validate
from brique.tasks.generate.loss import loss as loss
from brique.tasks.generate.predict import predict as predict
from brique.tasks.generate.summary import sentence as sentence
