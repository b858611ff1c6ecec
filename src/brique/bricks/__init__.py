"""Layers and blocks that nets are made of."""

from brique.bricks.band import PredictionInterval as PredictionInterval
from brique.bricks.differences import gradient_error as gradient_error
from brique.bricks.least import ScoreThreshold as ScoreThreshold
from brique.bricks.mixture import LatentMixture as LatentMixture
from brique.bricks.residual import ResidualBlock as ResidualBlock
from brique.bricks.restore import Denormalize as Denormalize
from brique.bricks.standardize import Standardize as Standardize
from brique.bricks.temperature import Temperature as Temperature
from brique.bricks.usual import ErrorQuantiles as ErrorQuantiles
