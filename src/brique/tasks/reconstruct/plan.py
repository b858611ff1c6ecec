"""The plan of a training that rebuilds pictures."""

from brique.planning.codes import plan_autoencoder as plan

__all__ = ["plan"]
