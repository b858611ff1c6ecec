"""Layers and blocks that nets are made of."""

from brique.bricks.band import Band as Band
from brique.bricks.differences import slope_error as slope_error
from brique.bricks.least import Least as Least
from brique.bricks.mixture import Mixture as Mixture
from brique.bricks.residual import Residual as Residual
from brique.bricks.restore import Restore as Restore
from brique.bricks.standardize import Standardize as Standardize
from brique.bricks.temperature import Temperature as Temperature
from brique.bricks.usual import Usual as Usual
