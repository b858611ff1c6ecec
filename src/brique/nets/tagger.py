"""A net that classifies each word of a text."""

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

    A bidirectional GRU reads embeddings of the words and of their letters.
    text_field: of the texts. classes: K. embedding_size: of a word. hidden: units per direction.
    layers: of the GRU. dropout: dropout rate of the features.
    word_dropout: share of rare words that are replaced by their endings in training.
    Source: Plank, Søgaard, Goldberg 2016, arXiv:1604.05529 (words and letters, both directions).
    """

    def __init__(
        self,
        text_field: Text,
        classes: int,
        *,
        embedding_size: int,
        hidden: int,
        layers: int,
        dropout: float,
        word_dropout: float,
    ) -> None:
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
    embedding_size: of a word. hidden: units per direction. layers: of the GRU.
    dropout: dropout rate of the features.
    word_dropout: share of rare words that are replaced by their endings in training, so that the
        net learns to classify unknown words by theirs.
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
        fields[0],
        len(fields[1].names),
        embedding_size=embedding_size,
        hidden=hidden,
        layers=layers,
        dropout=dropout,
        word_dropout=word_dropout,
    )
