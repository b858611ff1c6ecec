"""Layers and blocks that nets are made of."""

from brique.bricks.standardize import Standardize as Standardize
