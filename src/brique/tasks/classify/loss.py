"""What a classifier is trained by."""

from brique.evaluation.categories import loss as loss
from brique.evaluation.categories import weights as weights
