"""The plan for training an autoencoder for reconstruction."""

from brique.planning.autoencoder import plan_autoencoder as plan

__all__ = ["plan"]
