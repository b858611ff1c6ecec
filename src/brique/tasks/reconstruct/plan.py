"""The plan of a training that rebuilds pictures."""

from brique.planning.autoencoder import plan_autoencoder as plan

__all__ = ["plan"]
