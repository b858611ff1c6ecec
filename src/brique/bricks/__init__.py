"""Layers and blocks that nets are made of."""

from brique.bricks.gradient_check import gradient_error as gradient_error
from brique.bricks.residual_block import ResidualBlock as ResidualBlock
from brique.bricks.standardize import Standardize as Standardize
from brique.bricks.temperature import Temperature as Temperature
from brique.nets.denormalize import Denormalize as Denormalize
from brique.nets.error_quantiles import ErrorQuantiles as ErrorQuantiles
from brique.nets.latent_mixture import LatentMixture as LatentMixture
from brique.nets.prediction_interval import PredictionInterval as PredictionInterval
from brique.nets.score_threshold import ScoreThreshold as ScoreThreshold
