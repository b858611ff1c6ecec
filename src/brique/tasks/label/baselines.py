"""Classes without a net: simple methods, and how the net compares with the best of them."""

from typing import Any

import torch
from torch import Tensor

from brique.data import Data
from brique.evaluation import bootstrap
from brique.evaluation.baselines import constant, fitted
from brique.evaluation.baselines.names import NAMES as NAMES
from brique.evaluation.classes import places_of
from brique.schema import Schema
from brique.tasks.label.metrics import scores
from brique.tasks.label.reading import Reading


def beside(
    reading: Reading, data: Data, schema: Schema, right: Tensor, *, fit: bool
) -> dict[str, Any]:
    """Return the baselines, and how the net stands beside the best of them."""
    asked = fitted(data, data.test) if fit else constant(data, data.test)
    known = [places_of(data.schema[name].names, schema[name].names) for name in schema.targets]
    at = [list(data.schema.targets).index(name) for name in schema.targets]
    entries: dict[str, Any] = {}
    found: dict[str, Tensor] = {}
    for name, one in asked.items():
        entries[name] = one.entry
        if one.answers is not None:
            columns = [place[one.answers[:, a]] for place, a in zip(known, at, strict=True)]
            found[name] = torch.stack(columns, dim=1)
            entries[name] = scores(found[name], reading.truth, schema) | one.entry
    best = max(found, key=lambda name: entries[name]["accuracy"])
    other = (found[best] == reading.truth).double()
    lost, missed = 1 - right.mean(dim=1), 1 - other.mean(dim=1)
    compared = bootstrap.beside(best, lost, missed, data.test.groups)
    return {"baseline": entries, "comparison": compared}
