"""The judgement of a classifier: one pass over the test part, beside what needs no net."""

import time
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from brique.data import Data
from brique.evaluation import baselines as simple
from brique.evaluation import bootstrap
from brique.evaluation.calibration import (
    temperature,
)
from brique.evaluation.categories import probabilities
from brique.evaluation.classes import (
    places_of,
    share_interval,
)
from brique.evaluation.result import Judged, finite
from brique.tasks.classify import baselines
from brique.tasks.classify.comparison import beside
from brique.tasks.classify.inputs import can_be_numbers
from brique.tasks.classify.metrics import values_of
from brique.tasks.classify.reading import Reading, read


def judge(
    net: nn.Module,
    data: Data,
    *,
    names: Sequence[str] | None = None,
    compare: bool = True,
    others: bool = False,
) -> Judged:
    """Return what a net reaches on `data.test`, beside what needs no net.

    net: inputs (N, ...) -> scores (N, K). It reads the test part once, in eval mode, without slopes
        and in float32, on its own device.
    names: the K classes, if they are not those of the data; classes are compared by name.
    compare: whether to fit simple methods on `data.train`, up to a minute; else the net stands
        beside the majority class alone.
    others: whether examples of classes that `names` lacks count as wrong, in place of an error;
        "strange" in the values then counts them by class.
    Returns Judged. Raises DataError when the test part is empty or has a class that `names` lacks;
    ShapeError when the scores are not (N, K).
    """
    begun = time.perf_counter()
    known = data.schema[data.schema.target].names
    names = list(known if names is None else names)
    more = [name for name in known if name not in names] if others else []
    is_asked = compare and can_be_numbers(data.schema)
    reading = read(net, data.test, names, inputs=is_asked, more=more)
    names += more
    values = values_of(reading, names, temperature(net), data.test.groups)
    values["calibration"]["answers"] = len(data.valid)
    if more:
        values["strange"] = {name: values["classes"][name]["count"] for name in more}
    judged = time.perf_counter()
    values |= _beside(reading, data, names, fit=compare)
    done = time.perf_counter()
    seconds = {"judging": round(judged - begun, 3), "baselines": round(done - judged, 3)}
    return Judged(finite(values), _arrays(reading), seconds)


def _beside(reading: Reading, data: Data, names: Sequence[str], *, fit: bool) -> dict[str, Any]:
    """Return the baselines, and how the net stands beside the best of them."""
    known = places_of(data.schema[data.schema.target].names, names)
    label, groups, inputs_at = reading.label, data.test.groups, reading.inputs_at
    right = reading.scores.argmax(dim=1) == label
    majority = baselines.majority(data.train)
    usual = label == known[majority]
    share = int(usual.sum()) / len(label)
    entries: dict[str, Any] = {
        "majority": {"accuracy": share, "answer": names[int(known[majority])]}
    }
    if groups is not None:
        entries["majority"]["interval"] = share_interval(usual, groups)
    best, rival, at = "majority", usual, torch.arange(len(label))
    if fit:
        for name, said in _fitted(data, reading).items():
            entries[name] = said.entry
            if said.answers is not None:
                found = known[said.answers] == label[inputs_at]
                score = int(found.sum()) / len(found)
                low_high = share_interval(found, None if groups is None else groups[inputs_at])
                entries[name] = {"accuracy": score, "interval": low_high, **said.entry}
                if score > entries[best]["accuracy"]:
                    best, rival, at = name, found, inputs_at
    everywhere = torch.arange(len(label))
    compared = _compared(best, right, rival, groups, at)
    plain = _compared("majority", right, usual, groups, everywhere)
    return {"baseline": entries, "comparison": compared | {"p_majority": plain["p"]}}


def _compared(
    name: str, right: Tensor, rival: Tensor, groups: Tensor | None, at: Tensor
) -> dict[str, Any]:
    """Return a net beside a baseline on the same examples, or the groups that these are of."""
    if groups is None:
        return beside(right[at], name, rival)
    return bootstrap.beside(name, (~right[at]).double(), (~rival).double(), groups[at])


def _fitted(data: Data, reading: Reading) -> dict[str, simple.Said | baselines.Said]:
    """Return what each method says of the examples at `reading.inputs_at`."""
    if can_be_numbers(data.schema):
        return dict(baselines.fitted(data, reading.inputs))
    said = simple.fitted(data, data.test)
    return {name: one for name, one in said.items() if name != "majority"}


def _arrays(reading: Reading) -> dict[str, Tensor]:
    arrays = {
        "ids": reading.ids,
        "label": reading.label,
        "probabilities": probabilities(reading.scores),
    }
    if len(reading.hidden):
        arrays |= {"hidden_ids": reading.ids[reading.hidden_at], "hidden": reading.hidden}
    return arrays
