"""Predictions of a tagger."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from brique.data import Batch, Ragged
from brique.errors import ShapeError
from brique.schema import Schema, Tags, Text

_MAX_WORDS = 12  # words shown with their tags in one line


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The predicted tag of each word of a text, with its probability.

    words, tags, probabilities: one for each word of the text. Words unknown to the net are U+FFFD
        until `postprocess` restores them.
    """

    words: tuple[str, ...]
    tags: tuple[str, ...]
    probabilities: tuple[float, ...]

    def to_json(self) -> dict[str, object]:
        """Return {"answer": "DET NOUN", "tags": [["the", "DET"], ...], "probabilities": [...]}."""
        pairs = [list(pair) for pair in zip(self.words, self.tags, strict=True)]
        return {
            "answer": " ".join(self.tags),
            "tags": pairs,
            "probabilities": list(self.probabilities),
        }

    def cells(self) -> dict[str, object]:
        """Return words and tags, each joined by blanks."""
        return {"words": " ".join(self.words), "answer": " ".join(self.tags)}

    def summary(self) -> tuple[str, str]:
        """Return the first words with their tags, and the lowest probability of all."""
        pairs = [f"{word}/{tag}" for word, tag in zip(self.words, self.tags, strict=True)]
        more = " ..." if len(pairs) > _MAX_WORDS else ""
        lowest_text = f"{min(self.probabilities):.1%} or more" if self.probabilities else ""
        return " ".join(pairs[:_MAX_WORDS]) + more, lowest_text


def predict(net: nn.Module, batch: Batch, schema: Schema) -> list[Answer]:
    """Return an Answer for each text of a batch.

    net: texts -> scores (M, K). schema: of the net: a text as input, tags as target.
    Raises ShapeError for outputs of another shape.
    """
    kind, tags = schema[schema.inputs[0]], schema[schema.target]
    assert isinstance(kind, Text)
    assert isinstance(tags, Tags)
    text = text_of(batch, schema)
    scores = net(text).float()
    check_shape("answers", scores, schema, len(text.values))
    probabilities, predictions = scores.softmax(dim=1).max(dim=1)
    results: list[Answer] = []
    for word_ids, tag_ids, word_probabilities in zip(
        text, Ragged(predictions, text.offsets), Ragged(probabilities, text.offsets), strict=True
    ):
        words = tuple(kind.restore(word_id[None]) for word_id in word_ids.cpu())
        rounded = tuple(round(word_id, 6) for word_id in word_probabilities.tolist())
        results.append(
            Answer(words=words, tags=tuple(tags.restore(tag_ids.cpu())), probabilities=rounded)
        )
    return results


def postprocess(answer: Answer, value: object, schema: Schema) -> Answer:
    """Return an answer with the words of its input, including words unknown to the net.

    value: a text, a list of its words, or {input name: one of these}.
    """
    name = schema.inputs[0]
    source = value[name] if isinstance(value, Mapping) else value
    kind = schema[name]
    assert isinstance(kind, Text)
    return replace(answer, words=tuple(kind.tokenize(source)))


def text_of(batch: Batch, schema: Schema) -> Ragged:
    """Return the texts of a batch."""
    values = batch[schema.inputs[0]]
    assert isinstance(values, Ragged)
    return values


def tags_of(batch: Batch, schema: Schema) -> Ragged:
    """Return the tags of a batch."""
    values = batch[schema.target]
    assert isinstance(values, Ragged)
    return values


def check_shape(where: str, scores: Tensor, schema: Schema, words: int) -> None:
    """Raise ShapeError unless there is a score for each word and class."""
    expected = (words, len(schema[schema.target].names))
    if tuple(scores.shape) != expected or not torch.is_floating_point(scores):
        raise ShapeError(
            f"tag: {where}: the net returned {tuple(scores.shape)}, expected scores {expected},"
            " a row for each word; let it return that shape."
        )
