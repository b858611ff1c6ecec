"""A net that says of each word of a text which class it is of."""

from typing import Any

import torch
from torch import Tensor, nn

from brique.data import Ragged
from brique.errors import DataError
from brique.nets.builder import builder
from brique.nets.encoders.text import BidirectionalGRU
from brique.schema import Schema, Tags, Text


class Tagger(nn.Module):
    """Texts of M words in all -> scores of the classes of each word (M, K).

    Words are read by themselves and by their letters, then both ways in order.
    kind: of the texts. classes: K. size: numbers of a word. hidden: units of each direction.
    layers: of units. dropout: share of what is not seen in training.
    lost: share of rare words that are taken for their endings in training.
    Source: Plank, Søgaard, Goldberg 2016, arXiv:1604.05529 (words and letters, read both ways).
    """

    def __init__(
        self, text_field: Text, classes: int, *, embedding_size: int, hidden: int, layers: int, dropout: float,
        word_dropout: float,
    ) -> None:  # fmt: skip
        super().__init__()
        self.body: BidirectionalGRU = BidirectionalGRU(
            text_field,
            embedding_size,
            hidden,
            dropout=dropout,
            layers=layers,
            token_dropout=word_dropout,
        )
        self.head: nn.Sequential = nn.Sequential(
            nn.Dropout(dropout), nn.Linear(2 * hidden, classes)
        )

    def forward(self, text: Ragged) -> Tensor:
        """Return scores (M, K): of the words of the first text, then of the second, and so on."""
        features = self.body(text)  # (N, T, 2 H)
        positions = torch.arange(features.shape[1], device=features.device)
        return self.head(features[positions < text.lengths.unsqueeze(1)])


@builder
def tagger(
    schema: dict[str, Any],
    *,
    embedding_size: int = 128,
    hidden: int = 128,
    layers: int = 1,
    dropout: float = 0.3,
    word_dropout: float = 0.3,
) -> Tagger:
    """Return a net: texts of M words in all -> scores of the classes of each word (M, K).

    schema: of the data, as JSON: one text as input, and tags as target.
    embedding_size: numbers of a word. hidden: units of each of the two directions. layers: of units.
    dropout: share of what is not seen in training. lost: of rare words that are taken for their
        endings in training, so that unknown words can be told by theirs.
    Raises DataError for other inputs or targets.
    """
    parsed_schema = Schema.from_json(schema)
    fields = [parsed_schema[name] for name in (*parsed_schema.inputs, *parsed_schema.targets)]
    if len(fields) != 2 or not isinstance(fields[0], Text) or not isinstance(fields[1], Tags):
        received = ", ".join(kind.kind for kind in fields)
        raise DataError(
            f"tagger: expected a text as input and tags as target, got {received}; pass them"
        )
    return Tagger(
        fields[0], len(fields[1].names), embedding_size=embedding_size, hidden=hidden, layers=layers, dropout=dropout,
        word_dropout=word_dropout,
    )  # fmt: skip
