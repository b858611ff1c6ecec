"""One pass of a net over a part, and the temperature that fits it."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from brique.bricks import Temperature
from brique.data import Split
from brique.errors import DataError
from brique.evaluation.calibration import LEAST, fitted
from brique.evaluation.classes import places_of
from brique.inference import LARGEST_BATCH, at_rest, inputs
from brique.schema import Category, Schema
from brique.tasks.label.predict import by_target


@dataclass(frozen=True)
class Reading:
    """What a net said of a part, on the processor, in the part's order.

    ids: (N,), int64. truth: (N, T), int64, the class of each target, numbered as the scores.
    scores: (N, K), float32, those of the targets side by side.
    """

    ids: Tensor
    truth: Tensor
    scores: Tensor


def read(net: nn.Module, split: Split, schema: Schema) -> Reading:
    """Return what a net says of a part: one pass, in eval mode and float32, without slopes.

    net: inputs -> scores (N, K). schema: whose targets the scores are of; the part's classes are
        found among theirs by name.
    Raises DataError when the part is empty, or lacks a target, or has a class that is not known.
    """
    if not len(split):
        raise DataError("label: the split is empty; pass one with at least one example.")
    parts: list[tuple[Tensor, ...]] = []
    with at_rest(net) as device:
        for batch in split.batches(min(LARGEST_BATCH, 256)).on(device):
            scores = net(inputs(batch, split.schema, net)).float().cpu()
            parts.append((batch.ids.cpu(), scores))
    ids, scores = map(torch.cat, zip(*parts, strict=True))
    by_target(scores, schema)  # raises
    return Reading(ids, truths(split, schema), scores)


def truths(split: Split, schema: Schema) -> Tensor:
    """Return the class of each target of all examples, numbered as in the schema: (N, T), int64.

    Raises DataError where the part lacks a target, or has a class that the schema does not know.
    """
    found: list[Tensor] = []
    for name in schema.targets:
        kind, known = split.schema.fields.get(name), schema[name]
        if not isinstance(kind, Category):
            raise DataError(
                f"label: the net answers for '{name}', which is no class in these data; open them"
                f" with the targets {', '.join(schema.targets[:8])}"
            )
        found.append(places_of(kind.names, known.names)[torch.as_tensor(split[name])])
    return torch.stack(found, dim=1)


def calibrate(net: nn.Module, valid: Split) -> None:
    """Set a net's temperature, one for all targets, to the one that fits a validation part best.

    net: inputs -> scores (N, K) by way of one `brique.bricks.Temperature`; without, nothing is set.
    valid: examples that no weight was fitted on; with fewer than 20 the temperature stays.
    """
    bricks = [part for part in net.modules() if isinstance(part, Temperature)]
    if len(bricks) != 1 or len(valid) < LEAST:
        return
    reading = read(net, valid, valid.schema)
    plain = reading.scores.double() * float(bricks[0].value)
    each = zip(by_target(plain, valid.schema), reading.truth.unbind(1), strict=True)
    with torch.no_grad():
        bricks[0].value.fill_(fitted([(scores, label, 1) for scores, label in each]))
