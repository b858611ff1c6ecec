"""Predictions of a translator, by beam search."""

from dataclasses import dataclass
from typing import Protocol, cast

import torch
from torch import Tensor, nn

from brique.data import Batch, Ragged
from brique.errors import ModelError
from brique.inference import ragged_of
from brique.schema import Schema, Text
from brique.tasks.translate.decoding import beam_search

BEAM_WIDTH = 4


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The translation of one text."""

    answer: str

    def to_json(self) -> dict[str, object]:
        """Return {"answer": text}."""
        return {"answer": self.answer}

    def cells(self) -> dict[str, object]:
        """Return the text."""
        return {"answer": self.answer}

    def summary(self) -> tuple[str, str]:
        """Return the text, without a confidence."""
        return self.answer, ""


class TranslationModel(Protocol):
    """The interface of a net for beam search."""

    def encode(self, text: Ragged) -> list[Tensor]:
        """Return the initial state and the encoded texts, a row for each text."""
        ...

    def decode_step(self, word: Tensor, state: Tensor, *encoded: Tensor) -> tuple[Tensor, Tensor]:
        """Return the log-probabilities of the next token, and the new state."""
        ...


def beam_translate(net: nn.Module, text: Ragged) -> list[Tensor]:
    """Return the most likely translations by beam search: N tensors (T,), int64.

    net: in eval mode. Raises ModelError for a net without `encode` and `decode_step`.
    """
    if not (hasattr(net, "encode") and hasattr(net, "decode_step")):
        raise ModelError(
            f"predict: a {type(net).__name__} has no methods `encode` and `decode_step` for beam"
            " search; use a model from 'brique train', or call model.net."
        )
    model = cast("TranslationModel", cast("object", net))
    max_length = 2 * max(1, text.longest) + 10
    with torch.no_grad():
        state, *encoded = model.encode(text)
        return beam_search(
            model.decode_step, state, *encoded, width=BEAM_WIDTH, max_length=max_length
        )


def predict(net: nn.Module, batch: Batch, schema: Schema) -> list[Answer]:
    """Return an Answer for each text of a batch. Raises ModelError as `beam_translate` does."""
    kind = schema[schema.target]
    assert isinstance(kind, Text)
    translations = beam_translate(net, ragged_of(batch, schema.inputs[0]))
    return [Answer(answer=kind.restore(words.cpu())) for words in translations]
