"""Outputs of a translator on a split, and the original texts."""

import math
from dataclasses import dataclass

from torch import Tensor, nn

from brique.data import Data, Ragged, Split
from brique.data.raw.column import Texts
from brique.errors import DataError
from brique.inference import eval_mode, ragged_of
from brique.schema import Schema, Text
from brique.tasks.translate.loss import loss
from brique.tasks.translate.predict import predict

_BATCH_SIZE = 50  # texts


@dataclass(frozen=True)
class Validation:
    """Metrics on a split: the mean loss per token, in nats."""

    loss: float


@dataclass(frozen=True)
class Outputs:
    """Translations of the N texts of a split.

    ids: (N,), int64. source, predictions, target: N texts.
    """

    ids: Tensor
    source: list[str]
    predictions: list[str]
    target: list[str]


def validate(net: nn.Module, split: Split) -> Validation:
    """Return the mean loss of a net per token of a split, in one pass; NaN if it is empty."""
    if not len(split):
        return Validation(math.nan)
    schema, total_loss, count = split.schema, 0.0, 0
    with eval_mode(net) as device:
        for batch in split.batches(_BATCH_SIZE).on(device):
            scores = net(ragged_of(batch, schema.inputs[0]), ragged_of(batch, schema.target))
            total_loss += float(loss(scores, batch, schema)) * len(scores)
            count += len(scores)
    return Validation(total_loss / count)


def collect_outputs(net: nn.Module, data: Data, schema: Schema | None = None) -> Outputs:
    """Return the translations of the test part beside their targets: one pass.

    schema: of the net, if it is not that of the data.
    Texts with unit "words" are compared as words joined by blanks; others in their original form.
    Raises DataError when the test part is empty.
    """
    split = data.test
    if not len(split):
        raise DataError("translate: the split is empty; pass one with at least one text.")
    predictions: list[str] = []
    with eval_mode(net) as device:
        for batch in split.batches(_BATCH_SIZE).on(device):
            predictions += [
                prediction.answer for prediction in predict(net, batch, schema or split.schema)
            ]
    source, target = (
        original_texts(data, split, name) for name in (split.schema.inputs[0], split.schema.target)
    )
    return Outputs(split.ids, source, predictions, target)


def original_texts(data: Data, split: Split, name: str) -> list[str]:
    """Return the original texts of a field; with unit "words", words joined by blanks."""
    kind, values = split.schema[name], split[name]
    assert isinstance(kind, Text)
    assert isinstance(values, Ragged)
    column = None if data.source is None else data.source.fields[name]
    if not isinstance(column, Texts):
        return [kind.restore(words) for words in values]
    if kind.unit == "words":
        return [" ".join(kind.tokenize(column.texts[row])) for row in split.ids.tolist()]
    return [column.text(row) for row in split.ids.tolist()]
