"""Outputs of a tagger on a split, collected in one pass."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from brique.data import Data, Ragged, Split
from brique.errors import DataError
from brique.evaluation.classification import map_classes
from brique.inference import eval_mode
from brique.schema import Tags, Text
from brique.tasks.tag.entities import count_entities, entity_types
from brique.tasks.tag.predict import tags_of, text_of

_BATCH_SIZE = 100  # texts


@dataclass(frozen=True)
class Validation:
    """Metrics on a split: word accuracy, and the mean loss in nats.

    f1: of the entities that tags in BIO form mark; None for other tags.
    """

    accuracy: float
    loss: float
    f1: float | None = None

    @property
    def score(self) -> float:
        """The score that selects weights: F1 if there are entities, then accuracy."""
        return self.accuracy if self.f1 is None else self.f1 + 1e-6 * self.accuracy

    @property
    def score_name(self) -> str:
        """The name in the log of the metric that selects weights."""
        return "valid_accuracy" if self.f1 is None else "valid_f1"

    @property
    def metrics(self) -> dict[str, float]:
        """The metrics by their names in the log."""
        found = {"valid_accuracy": self.accuracy, "valid_loss": self.loss}
        return found if self.f1 is None else {"valid_f1": self.f1, **found}


@dataclass(frozen=True)
class Outputs:
    """Outputs of a net for the N texts of a split with M words in total, on the CPU.

    ids: (N,), int64. offsets: (N + 1,), int64, the start of each text, and the end.
    target, predictions: (M,), int64, class indices of the net.
    confidence: (M,), float32, probability of the prediction. losses: (M,), in nats.
    is_unknown: (M,), bool, whether the word is missing from the training part.
    """

    ids: Tensor
    offsets: Tensor
    target: Tensor
    predictions: Tensor
    confidence: Tensor
    losses: Tensor
    is_unknown: Tensor

    @property
    def text_of_word(self) -> Tensor:
        """The index of each word's text (M,), int64."""
        return torch.repeat_interleave(torch.arange(len(self.ids)), self.offsets.diff())


def check_lengths(data: Data) -> None:
    """Raise DataError unless each text has as many tags as words."""
    for split in (data.train, data.valid, data.test):
        text, tags = split[split.schema.inputs[0]], split[split.schema.target]
        assert isinstance(text, Ragged)
        assert isinstance(tags, Ragged)
        mismatched = (text.lengths != tags.lengths).nonzero().flatten().tolist()
        if mismatched:
            row = mismatched[0]
            raise DataError(
                f"{data.name}: {split.name(int(split.ids[row]))} has {int(text.lengths[row])} words"
                f" and {int(tags.lengths[row])} tags; give each word its tag, the words as a list"
            )


def collect_outputs(net: nn.Module, split: Split, names: Sequence[str] | None = None) -> Outputs:
    """Return the outputs of a net on a split: one pass, in eval mode and float32, no gradient.

    net: texts -> scores (M, K). names: the K classes, if they are not those of the split.
    Raises DataError when the split has no word, or a class that `names` lacks.
    """
    schema = split.schema
    kind, tags = schema[schema.inputs[0]], schema[schema.target]
    assert isinstance(kind, Text)
    assert isinstance(tags, Tags)
    words = split[schema.inputs[0]]
    assert isinstance(words, Ragged)
    if not len(words.values):
        raise DataError("tag: the split holds no word; pass one with at least one.")
    class_ids = map_classes(tags.names, tags.names if names is None else names)
    parts: list[tuple[Tensor, ...]] = []
    with eval_mode(net) as device:
        for batch in split.batches(_BATCH_SIZE).on(device):
            scores = net(text_of(batch, schema)).float().cpu()
            target = class_ids[tags_of(batch, schema).values.cpu()]
            confidence, predictions = scores.softmax(dim=1).max(dim=1)
            losses = functional.cross_entropy(scores, target, reduction="none")
            parts.append((target, predictions, confidence, losses))
    target, predictions, confidence, losses = map(torch.cat, zip(*parts, strict=True))
    is_unknown = kind.is_unknown(words.values)
    return Outputs(split.ids, words.offsets, target, predictions, confidence, losses, is_unknown)


def validate(net: nn.Module, split: Split) -> Validation:
    """Return the metrics of a net on a split, in one pass; NaN on an empty split."""
    names = split.schema[split.schema.target].names
    has_entities = entity_types(names) is not None
    if not len(split):
        return Validation(math.nan, math.nan, math.nan if has_entities else None)
    outputs = collect_outputs(net, split)
    is_correct = outputs.predictions == outputs.target
    f1 = None
    if has_entities:
        f1 = count_entities(
            outputs.target, outputs.predictions, outputs.offsets.diff(), names
        ).metrics()["f1"]
    return Validation(float(is_correct.double().mean()), float(outputs.losses.double().mean()), f1)
