"""One pass of a net that tags words over a part."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from brique.data import Data, Ragged, Split
from brique.errors import DataError
from brique.evaluation.classes import places_of
from brique.inference import at_rest
from brique.schema import Tags, Text
from brique.tasks.tag.entities import count, types_of
from brique.tasks.tag.predict import tags_of, text_of

_AT_ONCE = 100  # texts


@dataclass(frozen=True)
class Look:
    """What a net does on a part: the share of words tagged rightly, and the mean loss in nats.

    f1: of the entities that tags in BIO form mark; None of other tags.
    """

    accuracy: float
    loss: float
    f1: float | None = None

    @property
    def best(self) -> float:
        """What weights are chosen by: F1, where there are entities, then the words."""
        return self.accuracy if self.f1 is None else self.f1 + 1e-6 * self.accuracy

    @property
    def judged_by(self) -> str:
        """The name in a log of what weights are chosen by."""
        return "valid_accuracy" if self.f1 is None else "valid_f1"

    @property
    def numbers(self) -> dict[str, float]:
        """The same by the names that a log has."""
        found = {"valid_accuracy": self.accuracy, "valid_loss": self.loss}
        return found if self.f1 is None else {"valid_f1": self.f1, **found}


@dataclass(frozen=True)
class Reading:
    """What a net said of the N texts of a part, which have M words, on the processor.

    ids: (N,), int64. offsets: (N + 1,), int64, where each text begins, and the end.
    truth, said: (M,), int64, classes as the net numbers them.
    sure: (M,), float32, probability of what was said. lost: (M,), nats.
    is_unknown: (M,), bool, words that the training part does not have.
    """

    ids: Tensor
    offsets: Tensor
    truth: Tensor
    said: Tensor
    sure: Tensor
    lost: Tensor
    is_unknown: Tensor

    @property
    def owner(self) -> Tensor:
        """The place of each word's text (M,), int64."""
        return torch.repeat_interleave(torch.arange(len(self.ids)), self.offsets.diff())


def check(data: Data) -> None:
    """Raise DataError unless each text has as many tags as words."""
    for split in (data.train, data.valid, data.test):
        text, tags = split[split.schema.inputs[0]], split[split.schema.target]
        assert isinstance(text, Ragged)
        assert isinstance(tags, Ragged)
        differ = (text.lengths != tags.lengths).nonzero().flatten().tolist()
        if differ:
            row = differ[0]
            raise DataError(
                f"{data.name}: {split.name(int(split.ids[row]))} has {int(text.lengths[row])} words"
                f" and {int(tags.lengths[row])} tags; give each word its tag, the words as a list"
            )


def read(net: nn.Module, split: Split, names: Sequence[str] | None = None) -> Reading:
    """Return what a net says of a part: one pass, in eval mode and float32, without slopes.

    net: texts -> scores (M, K). names: the K classes, if they are not those of the part.
    Raises DataError when the part has no word, or a class that `names` lacks.
    """
    schema = split.schema
    kind, tags = schema[schema.inputs[0]], schema[schema.target]
    assert isinstance(kind, Text)
    assert isinstance(tags, Tags)
    words = split[schema.inputs[0]]
    assert isinstance(words, Ragged)
    if not len(words.values):
        raise DataError("tag: the split holds no word; pass one with at least one.")
    places = places_of(tags.names, tags.names if names is None else names)
    parts: list[tuple[Tensor, ...]] = []
    with at_rest(net) as device:
        for batch in split.batches(_AT_ONCE).on(device):
            scores = net(text_of(batch, schema)).float().cpu()
            truth = places[tags_of(batch, schema).values.cpu()]
            sure, said = scores.softmax(dim=1).max(dim=1)
            lost = functional.cross_entropy(scores, truth, reduction="none")
            parts.append((truth, said, sure, lost))
    truth, said, sure, lost = map(torch.cat, zip(*parts, strict=True))
    is_unknown = kind.is_unknown(words.values)
    return Reading(split.ids, words.offsets, truth, said, sure, lost, is_unknown)


def look(net: nn.Module, split: Split) -> Look:
    """Return how well a net does on a part, in one pass; of an empty part, NaN."""
    names = split.schema[split.schema.target].names
    are_entities = types_of(names) is not None
    if not len(split):
        return Look(math.nan, math.nan, math.nan if are_entities else None)
    reading = read(net, split)
    right = reading.said == reading.truth
    f1 = None
    if are_entities:
        f1 = count(reading.truth, reading.said, reading.offsets.diff(), names).scores()["f1"]
    return Look(float(right.double().mean()), float(reading.lost.double().mean()), f1)
