"""A net that says in other words what a text says: an encoder, a decoder, and attention between."""

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from brique.data import Ragged
from brique.errors import DataError
from brique.nets.builder import builder
from brique.schema import Schema, Text
from brique.schema.texts import END_ID, START_ID, UNKNOWN_ID


class Translator(nn.Module):
    """Texts, and what was said of their translations -> scores of each next piece.

    Units read the source both ways, others what was said so far; these look for what comes next
    among all states of the first, by a product. What is told of a piece, half as wide as a state,
    has no part in what the units do next, so that all pieces of a text are learnt at once.
    sizes: numbers of pieces of the source and of the target (V). width: D, numbers of a piece and
        of a state. dropout: share of the features that are not seen in training.
    Source: Luong, Pham, Manning 2015, arXiv:1508.04025, section 3.1 ("general"); the first state
        and the width of what is told as in Bahdanau, Cho, Bengio 2014, arXiv:1409.0473, appendix A.
    """

    def __init__(self, sizes: tuple[int, int], *, width: int, dropout: float) -> None:
        super().__init__()
        self.source: nn.Embedding = nn.Embedding(sizes[0], width)
        self.target: nn.Embedding = nn.Embedding(sizes[1], width)
        self.reader: nn.GRU = nn.GRU(width, width, batch_first=True, bidirectional=True)
        self.begin: nn.Linear = nn.Linear(2 * width, width)
        self.key: nn.Linear = nn.Linear(2 * width, width, bias=False)
        self.speaker: nn.GRU = nn.GRU(width, width, batch_first=True)
        self.tell: nn.Sequential = nn.Sequential(
            nn.Linear(4 * width, width // 2), nn.Tanh(), nn.Dropout(dropout)
        )
        self.say: nn.Linear = nn.Linear(width // 2, sizes[1])
        self.drop: nn.Dropout = nn.Dropout(dropout)
        for table in (self.source, self.target):
            nn.init.normal_(table.weight, std=0.3)

    def read(self, text: Ragged) -> list[Tensor]:
        """Return the first state (N, D); states to look at (N, S, 2 D), their keys, which count.

        text: N of them; an empty one is read as one unknown piece.
        """
        lengths = text.lengths.clamp(min=1)
        words = text.padded(UNKNOWN_ID, max(1, text.longest))
        told = self.drop(self.source(words))
        packed = pack_padded_sequence(told, lengths.cpu(), batch_first=True, enforce_sorted=False)
        found, last = self.reader(packed)
        places = torch.arange(words.shape[1], device=words.device)
        states = pad_packed_sequence(found, batch_first=True, total_length=words.shape[1])[0]
        first = self.begin(last.transpose(0, 1).flatten(1)).tanh()
        return [first, states, self.key(states), places < lengths.unsqueeze(1)]

    def speak(self, words: Tensor, state: Tensor, *read: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return, after pieces (N, T): what is told (N, T, D / 2), the last state, where it looked.

        state, read: of `read`. Where it looked are shares of the source's pieces (N, T, S).
        """
        states, keys, is_there = read
        said = self.drop(self.target(words))
        found, last = self.speaker(said, state.unsqueeze(0))  # (N, T, D)
        match = found @ keys.mT / math.sqrt(keys.shape[2])  # (N, T, S)
        share = match.masked_fill(~is_there.unsqueeze(1), -torch.inf).softmax(dim=2)
        return self.tell(torch.cat([said, share @ states, found], dim=2)), last[0], share

    def likely(self, word: Tensor, state: Tensor, *read: Tensor) -> tuple[Tensor, Tensor]:
        """Return the log-likelihoods of the next piece (N, V), and the new state, for a search.

        word: (N,). What stands for no piece is never said.
        """
        told, state, _ = self.speak(word.unsqueeze(1), state, *read)
        scores = self.say(told[:, 0])
        scores[:, [UNKNOWN_ID, START_ID]] = -torch.inf
        return scores.log_softmax(dim=1), state

    def forward(self, text: Ragged, said: Ragged | None = None) -> Tensor:
        """Return the scores of each piece of a translation and of its end (M + N, V).

        text: N of them. said: their translations, of M pieces in all; by default nothing was said.
        The scores of one text stand behind those of the one before it.
        """
        state, *read = self.read(text)
        before = torch.full((len(text), 1), START_ID, device=state.device)
        counts = before.bool()
        if said is not None:
            before = torch.cat([before, said.padded(END_ID)], dim=1)
            counts = torch.cat([counts, said.mask], dim=1)
        return self.say(self.speak(before, state, *read)[0][counts])


@builder
def translator(schema: dict[str, Any], *, width: int = 256, dropout: float = 0.2) -> Translator:
    """Return a net: texts, and their translations so far -> scores of the next pieces.

    schema: of the data, as JSON: one text as input, and one as target.
    width: numbers of a piece and of a state.
    dropout: share of the features that are not seen in training.
    Raises DataError for other inputs or targets.
    """
    read = Schema.from_json(schema)
    kinds = [read[name] for name in (*read.inputs, *read.targets)]
    if len(kinds) != 2 or not all(isinstance(kind, Text) for kind in kinds):
        held = ", ".join(f"{name} ({field.kind})" for name, field in read.fields.items())
        raise DataError(
            f"translator: expected a text as input and one as target, got {held}; leave the rest"
            " out"
        )
    return Translator((kinds[0].size, kinds[1].size), width=width, dropout=dropout)
