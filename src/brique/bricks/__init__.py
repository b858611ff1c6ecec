"""Layers and blocks that nets are made of."""

from brique.bricks.differences import slope_error as slope_error
from brique.bricks.residual import Residual as Residual
from brique.bricks.standardize import Standardize as Standardize
from brique.bricks.temperature import Temperature as Temperature
