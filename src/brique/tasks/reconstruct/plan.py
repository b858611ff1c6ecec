"""The plan of a training that rebuilds pictures."""

from brique.planning.codes import plan_codes as plan

__all__ = ["plan"]
