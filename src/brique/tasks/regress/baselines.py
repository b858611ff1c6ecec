"""Numbers without a net: simple methods, and how the net compares with the best of them."""

from typing import Any

from torch import Tensor

from brique.data import Data
from brique.evaluation import bootstrap
from brique.evaluation.baselines import constant, fitted
from brique.evaluation.baselines.names import NAMES as NAMES
from brique.tasks.regress.metrics import scores, spread_of
from brique.tasks.regress.reading import Reading


def beside(reading: Reading, data: Data, *, fit: bool) -> dict[str, Any]:
    """Return the baselines, and how the net stands beside the best of them."""
    said = fitted(data, data.test) if fit else constant(data, data.test)
    entries: dict[str, Any] = {}
    found: dict[str, Tensor] = {}
    for name, one in said.items():
        entries[name] = one.entry
        if one.answers is not None:
            entries[name] = scores(one.answers, reading.truth) | one.entry
            found[name] = one.answers
    best = max(found, key=lambda name: entries[name]["r2"])
    spread = spread_of(reading.truth)

    def lost(answers: Tensor) -> Tensor:
        return ((answers.double() - reading.truth) / spread).square().mean(dim=1)

    ours, theirs = lost(reading.said), lost(found[best])
    compared = bootstrap.beside(best, ours, theirs, data.test.groups)
    return {"baseline": entries, "comparison": compared}
