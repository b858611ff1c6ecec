"""A net that says of each word of a text which class it is of."""

from typing import Any

import torch
from torch import Tensor, nn

from brique.data import Ragged
from brique.errors import DataError
from brique.nets.builder import builder
from brique.nets.readers.words import Recurrent
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
        self, kind: Text, classes: int, *, size: int, hidden: int, layers: int, dropout: float,
        lost: float,
    ) -> None:  # fmt: skip
        super().__init__()
        self.body: Recurrent = Recurrent(
            kind, size, hidden, dropout=dropout, layers=layers, lost=lost
        )
        self.head: nn.Sequential = nn.Sequential(
            nn.Dropout(dropout), nn.Linear(2 * hidden, classes)
        )

    def forward(self, text: Ragged) -> Tensor:
        """Return scores (M, K): of the words of the first text, then of the second, and so on."""
        found = self.body(text)  # (N, T, 2 H)
        places = torch.arange(found.shape[1], device=found.device)
        return self.head(found[places < text.lengths.unsqueeze(1)])


@builder
def tagger(
    schema: dict[str, Any],
    *,
    size: int = 128,
    hidden: int = 128,
    layers: int = 1,
    dropout: float = 0.3,
    lost: float = 0.3,
) -> Tagger:
    """Return a net: texts of M words in all -> scores of the classes of each word (M, K).

    schema: of the data, as JSON: one text as input, and tags as target.
    size: numbers of a word. hidden: units of each of the two directions. layers: of units.
    dropout: share of what is not seen in training. lost: of rare words that are taken for their
        endings in training, so that unknown words can be told by theirs.
    Raises DataError for other inputs or targets.
    """
    read = Schema.from_json(schema)
    kinds = [read[name] for name in (*read.inputs, *read.targets)]
    if len(kinds) != 2 or not isinstance(kinds[0], Text) or not isinstance(kinds[1], Tags):
        came = ", ".join(kind.kind for kind in kinds)
        raise DataError(
            f"tagger: expected a text as input and tags as target, got {came}; pass them"
        )
    return Tagger(
        kinds[0], len(kinds[1].names), size=size, hidden=hidden, layers=layers, dropout=dropout,
        lost=lost,
    )  # fmt: skip
