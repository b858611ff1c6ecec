"""The plan of a training that makes pictures."""

from typing import Any

from brique.data import Data
from brique.planning import Request
from brique.planning.autoencoder import plan_autoencoder


def plan(data: Data, request: Request) -> dict[str, Any]:
    """Return the settings of a training that makes pictures: as those of a training that rebuilds.

    Codes are half as long: of longer ones a mixture knows less, and draws what shows nothing.
    """
    settings = plan_autoencoder(data, request)
    return settings | {"latent": max(8, settings["latent"] // 2)}
