"""The plan for training a generator."""

from typing import Any

from brique.data import Data
from brique.planning import Request
from brique.planning.autoencoder import plan_autoencoder


def plan(data: Data, request: Request) -> dict[str, Any]:
    """Return the settings for training: those of an autoencoder with half the latent dimensions.

    In more dimensions the mixture fits worse and its samples degrade.
    """
    settings = plan_autoencoder(data, request)
    return settings | {"latent": max(8, settings["latent"] // 2)}
