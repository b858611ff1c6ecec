"""The numbers that a run logged."""

import json

from resuming import Outcome


def curve(outcome: Outcome, name: str) -> list[float]:
    """Return what was logged under a name, in order."""
    lines = [json.loads(line) for line in outcome.log.splitlines()]
    return [line[name] for line in lines if name in line]
