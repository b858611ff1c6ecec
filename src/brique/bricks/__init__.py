"""Layers and blocks that three or more nets use."""

from brique.bricks.gradient_check import gradient_error as gradient_error
from brique.bricks.residual_block import ResidualBlock as ResidualBlock
from brique.bricks.standardize import Standardize as Standardize
from brique.bricks.temperature import Temperature as Temperature
