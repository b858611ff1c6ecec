"""One pass of a net over a split, and its calibration."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from brique.bricks import Temperature
from brique.data import Split
from brique.errors import DataError
from brique.evaluation.calibration import MIN_EXAMPLES, fit_temperature
from brique.evaluation.classification import map_classes
from brique.inference import MAX_BATCH_SIZE, eval_mode, net_inputs
from brique.schema import Category, Schema
from brique.tasks.label.predict import split_by_target


@dataclass(frozen=True)
class Outputs:
    """The outputs of a net on a split, on the CPU, in the order of the split.

    ids: (N,), int64. target: (N, T), int64, the class of each target, indexed as the scores.
    scores: (N, K), float32, concatenated over the targets.
    """

    ids: Tensor
    target: Tensor
    scores: Tensor


def collect_outputs(net: nn.Module, split: Split, schema: Schema) -> Outputs:
    """Return the outputs of a net on a split: one pass, in eval mode and float32, no gradient.

    net: inputs -> scores (N, K). schema: with the targets of the scores; classes of the split are
        matched by name.
    Raises DataError when the split is empty, lacks a target, or has an unknown class.
    """
    if not len(split):
        raise DataError("label: the split is empty; pass one with at least one example.")
    chunks: list[tuple[Tensor, ...]] = []
    with eval_mode(net) as device:
        for batch in split.batches(min(MAX_BATCH_SIZE, 256)).on(device):
            scores = net(net_inputs(batch, split.schema, net)).float().cpu()
            chunks.append((batch.ids.cpu(), scores))
    ids, scores = map(torch.cat, zip(*chunks, strict=True))
    split_by_target(scores, schema)  # raises
    return Outputs(ids, split_targets(split, schema), scores)


def split_targets(split: Split, schema: Schema) -> Tensor:
    """Return the class of each target of all examples, indexed as in the schema: (N, T), int64.

    Raises DataError when the split lacks a target, or has a class that the schema lacks.
    """
    columns: list[Tensor] = []
    for name in schema.targets:
        data_field, schema_field = split.schema.fields.get(name), schema[name]
        if not isinstance(data_field, Category):
            raise DataError(
                f"label: the net predicts '{name}', which is not a category in these data; open"
                f" them with the targets {', '.join(schema.targets[:8])}."
            )
        columns.append(
            map_classes(data_field.names, schema_field.names)[torch.as_tensor(split[name])]
        )
    return torch.stack(columns, dim=1)


def calibrate(net: nn.Module, valid: Split) -> None:
    """Fit the temperature of a net, one for all targets, on held-out examples, and set it.

    net: inputs -> scores (N, K), with one `brique.bricks.Temperature`; without, nothing is set.
    valid: held-out examples; with fewer than 20 the temperature stays.
    """
    layers = [module for module in net.modules() if isinstance(module, Temperature)]
    if len(layers) != 1 or len(valid) < MIN_EXAMPLES:
        return
    outputs = collect_outputs(net, valid, valid.schema)
    uncalibrated = outputs.scores.double() * float(layers[0].value)
    pairs = zip(split_by_target(uncalibrated, valid.schema), outputs.target.unbind(1), strict=True)
    with torch.no_grad():
        layers[0].value.fill_(fit_temperature([(scores, label, 1) for scores, label in pairs]))
