"""Texts: each piece by itself and by its letters, then all of them in order."""

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from brique.data import Ragged
from brique.schema import Text
from brique.schema.texts import END_ID, FIRST_ID, UNKNOWN_ID

CHARACTERS = 16  # of a piece that are read: the first half, and the last
BIGRAM_ROWS, BIGRAM_SIZE = (
    1 << 15,
    64,
)  # rows of an embedding for pairs of pieces; numbers in each row
CHARACTER_SIZE, FILTERS = 24, 64  # numbers of a letter; features of three letters in a row


class TokenEmbedding(nn.Module):
    """Pieces (M,) -> numbers (M, size): a row of an embedding, and what the letters say.

    In training a row is at times left away, so that the letters learn to stand for it. Where the
    kind knows endings, the piece is taken for its ending instead, letters and all, as a word that
    was never met will be; the rarer a piece, the more often.
    kind: of the texts. size: of the embedding. lost: share of the rows that are left away; of rare
        pieces, where there are endings.
    """

    token_characters: Tensor
    substitutes: Tensor
    dropout_rates: Tensor

    def __init__(self, field: Text, embedding_size: int, token_dropout: float = 0.1) -> None:
        super().__init__()
        self.embedding: nn.Embedding = nn.Embedding(field.num_embeddings, embedding_size)
        nn.init.normal_(self.embedding.weight, std=0.3)
        self.token_dropout = token_dropout
        self.character_cnn: _CharacterCNN | None = None
        self.has_endings: bool = bool(field.signatures)
        if self.has_endings:
            self.register_buffer("substitutes", _substitutes(field), persistent=False)
            self.register_buffer("dropout_rates", token_dropout * _rarity(field), persistent=False)
        if field.unit == "words":
            table, count = _character_table(field)
            self.register_buffer("token_characters", table, persistent=False)
            self.character_cnn = _CharacterCNN(count, embedding_size)

    def forward(self, tokens: Tensor) -> Tensor:
        """Return numbers (M, size)."""
        if self.character_cnn is None:
            return self.embedding(tokens)
        if self.training and self.has_endings:
            is_dropped = torch.rand(tokens.shape, device=tokens.device) < self.dropout_rates[tokens]
            tokens = torch.where(is_dropped, self.substitutes[tokens], tokens)
        distinct, inverse = tokens.unique(return_inverse=True)
        character_vectors = self.character_cnn(self.token_characters[distinct])
        if self.training and not self.has_endings:
            is_dropped = torch.rand(tokens.shape, device=tokens.device) < self.token_dropout
            tokens = tokens.masked_fill(is_dropped, UNKNOWN_ID)
        return self.embedding(tokens) + character_vectors[inverse]


class _CharacterCNN(nn.Module):
    """Letters of pieces (K, 16) -> numbers (K, size), by what three in a row say at most."""

    def __init__(self, count: int, size: int) -> None:
        super().__init__()
        self.embedding: nn.Embedding = nn.Embedding(count, CHARACTER_SIZE, padding_idx=0)
        self.conv: nn.Conv1d = nn.Conv1d(CHARACTER_SIZE, FILTERS, 3, padding=1)
        self.projection: nn.Linear = nn.Linear(FILTERS, size)

    def forward(self, characters: Tensor) -> Tensor:
        """Return numbers (K, size)."""
        return self.projection(
            self.conv(self.embedding(characters).transpose(1, 2)).relu().amax(dim=2)
        )


class BidirectionalGRU(nn.Module):
    """Texts -> features of each piece (N, T, 2 H), from what stands before it and after it."""

    def __init__(
        self, field: Text, embedding_size: int, hidden: int, *, dropout: float, layers: int = 1,
        token_dropout: float = 0.1,
    ) -> None:  # fmt: skip
        super().__init__()
        self.embedding: TokenEmbedding = TokenEmbedding(field, embedding_size, token_dropout)
        self.dropout: nn.Dropout = nn.Dropout(dropout)
        self.gru: nn.GRU = nn.GRU(
            embedding_size, hidden, layers, batch_first=True, bidirectional=True,
            dropout=dropout if layers > 1 else 0.0,
        )  # fmt: skip

    def forward(self, text: Ragged) -> Tensor:
        """Return features (N, T, 2 H), 0 behind the end of a text; an empty one has length 1."""
        embedded = self.dropout(self.embedding(text.values))
        padded = Ragged(embedded, text.offsets).padded(0.0, max(1, int(text.lengths.max())))
        lengths = text.lengths.clamp(min=1).cpu()
        packed = pack_padded_sequence(padded, lengths, batch_first=True, enforce_sorted=False)
        return pad_packed_sequence(self.gru(packed)[0], batch_first=True)[0]


class BigramBag(nn.Module):
    """Texts -> features (N, size): the mean of rows of an embedding for pieces, and for pairs.

    kind: of the texts. size: of the rows. Pairs of neighbors share 32,768 rows by their hash.
    Source: Joulin et al. 2016, arXiv:1607.01759.
    """

    def __init__(self, field: Text, size: int) -> None:
        super().__init__()
        self.tokens: nn.EmbeddingBag = nn.EmbeddingBag(field.num_embeddings, size, mode="sum")
        self.bigrams: nn.EmbeddingBag = nn.EmbeddingBag(BIGRAM_ROWS, size, mode="sum")
        for table in (self.tokens, self.bigrams):
            nn.init.normal_(table.weight, std=0.1)

    def forward(self, text: Ragged) -> Tensor:
        """Return features (N, size)."""
        starts, lengths = text.offsets[:-1], text.lengths
        next_tokens = text.values.roll(-1)
        next_tokens[text.offsets[1:][lengths > 0] - 1] = END_ID  # behind the last one of a text
        bigram = (text.values * 1_000_003 + next_tokens * 8_191) % BIGRAM_ROWS
        total = self.tokens(text.values, starts) + self.bigrams(bigram, starts)
        return total / (2 * lengths.clamp(min=1).unsqueeze(1)).sqrt()


class TextEncoder(nn.Module):
    """Texts -> features (N, 4 H + B): largest and mean of those of their pieces; and a bag of them.

    kind: of the texts. size: of the embedding. hidden: H, of each of the two directions.
    dropout: share of what is not seen. longest: pieces of a text that are read, from its start.
    Source: Cho et al. 2014, arXiv:1406.1078 (units); Schuster, Paliwal 1997 (both directions).
    """

    def __init__(
        self, field: Text, *, embedding_size: int = 128, hidden: int = 96, dropout: float = 0.3,
        max_tokens: int = 400,
    ) -> None:  # fmt: skip
        super().__init__()
        self.recurrent: BidirectionalGRU = BidirectionalGRU(
            field, embedding_size, hidden, dropout=dropout
        )
        self.bag: BigramBag = BigramBag(field, BIGRAM_SIZE)
        self.max_tokens = max_tokens
        self.width: int = 4 * hidden + BIGRAM_SIZE

    def forward(self, text: Ragged) -> Tensor:
        """Return features (N, 4 H)."""
        text = _truncate(text, self.max_tokens)
        features = self.recurrent(text)  # (N, T, 2 H)
        lengths = text.lengths.clamp(min=1)
        mask = torch.arange(features.shape[1], device=features.device) < lengths.unsqueeze(1)
        largest = features.masked_fill(~mask.unsqueeze(2), -2.0).amax(dim=1)  # units lie in [-1, 1]
        return torch.cat(
            [largest, features.sum(dim=1) / lengths.unsqueeze(1), self.bag(text)], dim=1
        )


def _truncate(text: Ragged, max_tokens: int) -> Ragged:
    """Return the beginnings of texts."""
    lengths = text.lengths
    if not len(lengths) or int(lengths.max()) <= max_tokens:
        return text
    new_lengths = lengths.clamp(max=max_tokens)
    position = torch.arange(len(text.values), device=lengths.device)
    position = position - torch.repeat_interleave(text.offsets[:-1], lengths)
    is_kept = position < max_tokens
    return Ragged(
        text.values[is_kept], torch.cat([new_lengths.new_zeros(1), new_lengths.cumsum(0)])
    )


def _character_table(field: Text) -> tuple[Tensor, int]:
    """Return the letters of each piece (V, 16), int64, 0 for none, and how many letters there are.

    A letter that only one piece has says nothing, and is taken for any other. The letters of an
    ending are those of its signature.
    """
    counts = dict[str, int]()
    tokens = (*field.vocabulary, *field.signatures)
    for token in tokens:
        for character in sorted(set(token)):  # in an order that is the same in every process
            counts[character] = counts.get(character, 0) + 1
    indices = {
        known_character: 2 + index
        for index, known_character in enumerate(
            candidate for candidate, n in counts.items() if n > 1
        )
    }
    table = torch.zeros(field.num_embeddings, CHARACTERS, dtype=torch.int64)
    half = CHARACTERS // 2
    for row, token in enumerate(tokens, FIRST_ID):
        text = token if len(token) <= CHARACTERS else token[:half] + token[-half:]
        numbers = [indices.get(character, 1) for character in text]
        table[row, : len(numbers)] = torch.tensor(numbers)
    return table, 2 + len(indices)


def _substitutes(field: Text) -> Tensor:
    """Return the number that each piece would have if it were unknown (V,), int64."""
    substitutes = torch.arange(field.num_embeddings)
    numbers = [field.fallback_id(token) for token in field.vocabulary]
    substitutes[FIRST_ID : FIRST_ID + len(numbers)] = torch.tensor(numbers, dtype=torch.int64)
    return substitutes


def _rarity(field: Text) -> Tensor:
    """Return 0 for common pieces and endings, near 1 for rare ones (V,), by the place in the list.

    Source: Kiperwasser, Goldberg 2016, arXiv:1603.04351, section 4.4, where the counts tell.
    """
    count = len(field.vocabulary)
    rank = torch.arange(count, dtype=torch.float32)
    rarity = torch.zeros(field.num_embeddings)
    rarity[FIRST_ID : FIRST_ID + count] = rank / (rank + max(1, count / 10))
    return rarity
