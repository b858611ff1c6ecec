"""What a net that translates is trained by, and what it says of one text."""

from dataclasses import dataclass
from typing import Protocol, cast

import torch
from torch import Tensor, nn

from brique.data import Batch, Ragged
from brique.errors import ModelError
from brique.schema import Schema, Text
from brique.tasks.translate import beam_search, texts

BEGINNINGS = 4  # that a search keeps


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a net says of one text: the same in the other language."""

    answer: str

    def to_json(self) -> dict[str, object]:
        """Return {"answer": text}."""
        return {"answer": self.answer}

    def cells(self) -> dict[str, object]:
        """Return the text."""
        return {"answer": self.answer}

    def said(self) -> tuple[str, str]:
        """Return the text, and nothing on how sure it is."""
        return self.answer, ""


class Speaker(Protocol):
    """What a search asks a net for."""

    def read(self, text: Ragged) -> list[Tensor]:
        """Return the first state, and what was read, a row for each text."""
        ...

    def likely(self, word: Tensor, state: Tensor, *read: Tensor) -> tuple[Tensor, Tensor]:
        """Return the log-likelihoods of the next piece, and the new state."""
        ...


def spoken(net: nn.Module, text: Ragged) -> list[Tensor]:
    """Return the likeliest translations that a search finds: N tensors (T,), int64.

    net: at rest. Raises ModelError for a net that cannot be asked piece by piece.
    """
    if not (hasattr(net, "read") and hasattr(net, "likely")):
        raise ModelError(
            f"predict: a {type(net).__name__} does not say piece by piece what is likely; use a"
            " model that 'brique train' made, or call model.net."
        )
    speaker = cast("Speaker", cast("object", net))
    longest = 2 * max(1, text.longest) + 10
    with torch.no_grad():
        state, *read = speaker.read(text)
        return beam_search(speaker.likely, state, *read, width=BEGINNINGS, longest=longest)


def answered(net: nn.Module, batch: Batch, schema: Schema) -> list[Answer]:
    """Return an Answer for each text of a batch. Raises ModelError as `spoken` does."""
    kind = schema[schema.target]
    assert isinstance(kind, Text)
    said = spoken(net, texts(batch, schema.inputs[0]))
    return [Answer(answer=kind.restore(words.cpu())) for words in said]
