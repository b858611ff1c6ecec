"""A sequence-to-sequence net: an encoder, a decoder, and attention between them."""

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
    """Texts and the beginnings of their translations -> scores of each next token.

    A bidirectional GRU encodes the source, another GRU the translation so far; its states attend
    to the encoder's states by a product. The hidden layer before the output is half as wide as a
    state and does not feed back, so that training covers all tokens of a text at once.
    vocabulary_sizes: tokens of the source and of the target (V). width: D, of an embedding and of
        a state. dropout: dropout rate of the features.
    Source: Luong, Pham, Manning 2015, arXiv:1508.04025, section 3.1 ("general"); the initial
        state and the hidden size as in Bahdanau, Cho, Bengio 2014, arXiv:1409.0473, appendix A.
    """

    def __init__(self, vocabulary_sizes: tuple[int, int], *, width: int, dropout: float) -> None:
        super().__init__()
        self.source: nn.Embedding = nn.Embedding(vocabulary_sizes[0], width)
        self.target: nn.Embedding = nn.Embedding(vocabulary_sizes[1], width)
        self.encoder: nn.GRU = nn.GRU(width, width, batch_first=True, bidirectional=True)
        self.initial_state: nn.Linear = nn.Linear(2 * width, width)
        self.key: nn.Linear = nn.Linear(2 * width, width, bias=False)
        self.decoder: nn.GRU = nn.GRU(width, width, batch_first=True)
        self.hidden: nn.Sequential = nn.Sequential(
            nn.Linear(4 * width, width // 2), nn.Tanh(), nn.Dropout(dropout)
        )
        self.output: nn.Linear = nn.Linear(width // 2, vocabulary_sizes[1])
        self.dropout: nn.Dropout = nn.Dropout(dropout)
        for embedding in (self.source, self.target):
            nn.init.normal_(embedding.weight, std=0.3)

    def encode(self, text: Ragged) -> list[Tensor]:
        """Return initial state (N, D), encoder states (N, S, 2 D), keys (N, S, D), mask (N, S).

        text: N texts; an empty one is encoded as one unknown token.
        """
        lengths = text.lengths.clamp(min=1)
        tokens = text.padded(UNKNOWN_ID, max(1, text.longest))
        embedded = self.dropout(self.source(tokens))
        packed = pack_padded_sequence(
            embedded, lengths.cpu(), batch_first=True, enforce_sorted=False
        )
        outputs, last = self.encoder(packed)
        positions = torch.arange(tokens.shape[1], device=tokens.device)
        states = pad_packed_sequence(outputs, batch_first=True, total_length=tokens.shape[1])[0]
        state = self.initial_state(last.transpose(0, 1).flatten(1)).tanh()
        return [state, states, self.key(states), positions < lengths.unsqueeze(1)]

    def decode(
        self, tokens: Tensor, state: Tensor, *encoded: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return, for tokens (N, T): hidden (N, T, D / 2), last state (N, D), attention (N, T, S).

        state, encoded: the results of `encode`.
        """
        states, keys, is_token = encoded
        embedded = self.dropout(self.target(tokens))
        outputs, last = self.decoder(embedded, state.unsqueeze(0))  # (N, T, D)
        energy = outputs @ keys.mT / math.sqrt(keys.shape[2])  # (N, T, S)
        attention = energy.masked_fill(~is_token.unsqueeze(1), -torch.inf).softmax(dim=2)
        return (
            self.hidden(torch.cat([embedded, attention @ states, outputs], dim=2)),
            last[0],
            attention,
        )

    def decode_step(self, token: Tensor, state: Tensor, *encoded: Tensor) -> tuple[Tensor, Tensor]:
        """Return the log-likelihoods of the next token (N, V), and the new state, for a search.

        token: (N,). The unknown and the start token have likelihood 0.
        """
        hidden, state, _ = self.decode(token.unsqueeze(1), state, *encoded)
        scores = self.output(hidden[:, 0])
        scores[:, [UNKNOWN_ID, START_ID]] = -torch.inf
        return scores.log_softmax(dim=1), state

    def forward(self, text: Ragged, translation: Ragged | None = None) -> Tensor:
        """Return the scores of each token of the translations and of their ends (M + N, V).

        text: N texts. translation: their translations, of M tokens in all; empty by default.
        The scores are in order of the texts.
        """
        state, *encoded = self.encode(text)
        prefix = torch.full((len(text), 1), START_ID, device=state.device)
        mask = prefix.bool()
        if translation is not None:
            prefix = torch.cat([prefix, translation.padded(END_ID)], dim=1)
            mask = torch.cat([mask, translation.mask], dim=1)
        return self.output(self.decode(prefix, state, *encoded)[0][mask])


@builder
def translator(schema: dict[str, Any], *, width: int = 256, dropout: float = 0.2) -> Translator:
    """Return a net: texts, and their translations so far -> scores of the next tokens.

    schema: of the data, as JSON: one text as input, and one as target.
    width: size of an embedding and of a state.
    dropout: dropout rate of the features.
    Raises DataError for other inputs or targets.
    """
    parsed_schema = Schema.from_json(schema)
    fields = [parsed_schema[name] for name in (*parsed_schema.inputs, *parsed_schema.targets)]
    if len(fields) != 2 or not all(isinstance(text_field, Text) for text_field in fields):
        description = ", ".join(
            f"{name} ({field.kind})" for name, field in parsed_schema.fields.items()
        )
        raise DataError(
            f"translator: expected a text as input and one as target, got {description}; leave the"
            " rest out"
        )
    return Translator(
        (fields[0].num_embeddings, fields[1].num_embeddings), width=width, dropout=dropout
    )
