"""The loss of a classifier."""

from brique.evaluation.categories import loss as loss
from brique.evaluation.categories import weights as weights
