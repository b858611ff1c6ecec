"""An encoder of texts: token and character embeddings, then a bidirectional GRU."""

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from brique.data import Ragged
from brique.schema import Text
from brique.schema.texts import END_ID, FIRST_ID, UNKNOWN_ID

CHARACTERS = 16  # of a token that are read: half from its start, half from its end
BIGRAM_ROWS, BIGRAM_SIZE = 1 << 15, 64  # of the embedding of token pairs
CHARACTER_SIZE, FILTERS = 24, 64  # embedding size of a character; filters over three


class TokenEmbedding(nn.Module):
    """Tokens (M,) -> vectors (M, embedding_size): a row of an embedding plus a character CNN.

    In training some rows are dropped, so that the characters learn to replace them. Where the
    field has endings, the token is replaced by its ending instead, characters included, as an
    unknown word will be; the rarer a token, the more often.
    field: of the texts. token_dropout: share of the rows that are dropped; with endings, of rare
        tokens.
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
        """Return vectors (M, embedding_size)."""
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
    """Characters of tokens (K, 16) -> vectors (K, size): filters over three, max pooling."""

    def __init__(self, count: int, size: int) -> None:
        super().__init__()
        self.embedding: nn.Embedding = nn.Embedding(count, CHARACTER_SIZE, padding_idx=0)
        self.conv: nn.Conv1d = nn.Conv1d(CHARACTER_SIZE, FILTERS, 3, padding=1)
        self.projection: nn.Linear = nn.Linear(FILTERS, size)

    def forward(self, characters: Tensor) -> Tensor:
        """Return vectors (K, size)."""
        return self.projection(
            self.conv(self.embedding(characters).transpose(1, 2)).relu().amax(dim=2)
        )


class BidirectionalGRU(nn.Module):
    """Texts -> features of each token (N, T, 2 H), from both directions."""

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
        """Return features (N, T, 2 H), 0 after the end of a text; an empty one has length 1."""
        embedded = self.dropout(self.embedding(text.values))
        padded = Ragged(embedded, text.offsets).padded(0.0, max(1, int(text.lengths.max())))
        lengths = text.lengths.clamp(min=1).cpu()
        packed = pack_padded_sequence(padded, lengths, batch_first=True, enforce_sorted=False)
        return pad_packed_sequence(self.gru(packed)[0], batch_first=True)[0]


class BigramBag(nn.Module):
    """Texts -> features (N, size): a bag of embeddings of tokens and of bigrams.

    field: of the texts. size: of the embeddings. Bigrams share 32,768 rows by their hash.
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
        next_tokens[text.offsets[1:][lengths > 0] - 1] = END_ID  # after the last token of a text
        bigram = (text.values * 1_000_003 + next_tokens * 8_191) % BIGRAM_ROWS
        total = self.tokens(text.values, starts) + self.bigrams(bigram, starts)
        return total / (2 * lengths.clamp(min=1).unsqueeze(1)).sqrt()


class TextEncoder(nn.Module):
    """Texts -> features (N, 4 H + B): max and mean over the tokens, and a bag of bigrams.

    field: of the texts. hidden: H, units per direction. dropout: dropout rate.
    max_tokens: tokens of a text that are read, from its start.
    Source: Cho et al. 2014, arXiv:1406.1078 (GRU); Schuster, Paliwal 1997 (bidirectional).
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
        """Return features (N, 4 H + B)."""
        text = _truncate(text, self.max_tokens)
        features = self.recurrent(text)  # (N, T, 2 H)
        lengths = text.lengths.clamp(min=1)
        mask = torch.arange(features.shape[1], device=features.device) < lengths.unsqueeze(1)
        largest = features.masked_fill(~mask.unsqueeze(2), -2.0).amax(dim=1)  # units lie in [-1, 1]
        return torch.cat(
            [largest, features.sum(dim=1) / lengths.unsqueeze(1), self.bag(text)], dim=1
        )


def _truncate(text: Ragged, max_tokens: int) -> Ragged:
    """Return texts of at most `max_tokens` tokens, from their starts."""
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
    """Return the characters of each token (V, 16), int64, 0 for none, and their number.

    Characters of only one token share one index. The characters of an ending are those of its
    signature.
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
    """Return the id that each token would have if it were unknown (V,), int64."""
    substitutes = torch.arange(field.num_embeddings)
    numbers = [field.fallback_id(token) for token in field.vocabulary]
    substitutes[FIRST_ID : FIRST_ID + len(numbers)] = torch.tensor(numbers, dtype=torch.int64)
    return substitutes


def _rarity(field: Text) -> Tensor:
    """Return 0 for common tokens and endings, near 1 for rare ones (V,), by vocabulary rank.

    Source: Kiperwasser, Goldberg 2016, arXiv:1603.04351, section 4.4, which uses the counts.
    """
    count = len(field.vocabulary)
    rank = torch.arange(count, dtype=torch.float32)
    rarity = torch.zeros(field.num_embeddings)
    rarity[FIRST_ID : FIRST_ID + count] = rank / (rank + max(1, count / 10))
    return rarity
