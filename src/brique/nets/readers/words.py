"""Texts: each piece by itself and by its letters, then all of them in order."""

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from brique.data import Ragged
from brique.schema import Text
from brique.schema.texts import END_ID, FIRST_ID, UNKNOWN_ID

LETTERS = 16  # of a piece that are read: the first half, and the last
PAIRS, BAG = 1 << 15, 64  # rows of an embedding for pairs of pieces; numbers in each row
LETTER, FILTERS = 24, 64  # numbers of a letter; features of three letters in a row


class Words(nn.Module):
    """Pieces (M,) -> numbers (M, size): a row of an embedding, and what the letters say.

    In training a row is at times left away, so that the letters learn to stand for it. Where the
    kind knows endings, the piece is taken for its ending instead, letters and all, as a word that
    was never met will be; the rarer a piece, the more often.
    kind: of the texts. size: of the embedding. lost: share of the rows that are left away; of rare
        pieces, where there are endings.
    """

    spelled: Tensor
    stand_in: Tensor
    chance: Tensor

    def __init__(self, kind: Text, size: int, lost: float = 0.1) -> None:
        super().__init__()
        self.own: nn.Embedding = nn.Embedding(kind.num_embeddings, size)
        nn.init.normal_(self.own.weight, std=0.3)
        self.lost = lost
        self.letters: _Letters | None = None
        self.has_endings: bool = bool(kind.signatures)
        if self.has_endings:
            self.register_buffer("stand_in", _stand_ins(kind), persistent=False)
            self.register_buffer("chance", lost * _rarity(kind), persistent=False)
        if kind.unit == "words":
            table, count = _spelled(kind)
            self.register_buffer("spelled", table, persistent=False)
            self.letters = _Letters(count, size)

    def forward(self, pieces: Tensor) -> Tensor:
        """Return numbers (M, size)."""
        if self.letters is None:
            return self.own(pieces)
        if self.training and self.has_endings:
            is_lost = torch.rand(pieces.shape, device=pieces.device) < self.chance[pieces]
            pieces = torch.where(is_lost, self.stand_in[pieces], pieces)
        kinds, place = pieces.unique(return_inverse=True)
        found = self.letters(self.spelled[kinds])
        if self.training and not self.has_endings:
            is_lost = torch.rand(pieces.shape, device=pieces.device) < self.lost
            pieces = pieces.masked_fill(is_lost, UNKNOWN_ID)
        return self.own(pieces) + found[place]


class _Letters(nn.Module):
    """Letters of pieces (K, 16) -> numbers (K, size), by what three in a row say at most."""

    def __init__(self, count: int, size: int) -> None:
        super().__init__()
        self.own: nn.Embedding = nn.Embedding(count, LETTER, padding_idx=0)
        self.three: nn.Conv1d = nn.Conv1d(LETTER, FILTERS, 3, padding=1)
        self.last: nn.Linear = nn.Linear(FILTERS, size)

    def forward(self, letters: Tensor) -> Tensor:
        """Return numbers (K, size)."""
        return self.last(self.three(self.own(letters).transpose(1, 2)).relu().amax(dim=2))


class Recurrent(nn.Module):
    """Texts -> features of each piece (N, T, 2 H), from what stands before it and after it."""

    def __init__(
        self, kind: Text, size: int, hidden: int, *, dropout: float, layers: int = 1,
        lost: float = 0.1,
    ) -> None:  # fmt: skip
        super().__init__()
        self.words: Words = Words(kind, size, lost)
        self.drop: nn.Dropout = nn.Dropout(dropout)
        self.gru: nn.GRU = nn.GRU(
            size, hidden, layers, batch_first=True, bidirectional=True,
            dropout=dropout if layers > 1 else 0.0,
        )  # fmt: skip

    def forward(self, text: Ragged) -> Tensor:
        """Return features (N, T, 2 H), 0 behind the end of a text; an empty one has length 1."""
        told = self.drop(self.words(text.values))
        held = Ragged(told, text.offsets).padded(0.0, max(1, int(text.lengths.max())))
        lengths = text.lengths.clamp(min=1).cpu()
        packed = pack_padded_sequence(held, lengths, batch_first=True, enforce_sorted=False)
        return pad_packed_sequence(self.gru(packed)[0], batch_first=True)[0]


class Bag(nn.Module):
    """Texts -> features (N, size): the mean of rows of an embedding for pieces, and for pairs.

    kind: of the texts. size: of the rows. Pairs of neighbors share 32,768 rows by their hash.
    Source: Joulin et al. 2016, arXiv:1607.01759.
    """

    def __init__(self, kind: Text, size: int) -> None:
        super().__init__()
        self.pieces: nn.EmbeddingBag = nn.EmbeddingBag(kind.num_embeddings, size, mode="sum")
        self.pairs: nn.EmbeddingBag = nn.EmbeddingBag(PAIRS, size, mode="sum")
        for rows in (self.pieces, self.pairs):
            nn.init.normal_(rows.weight, std=0.1)

    def forward(self, text: Ragged) -> Tensor:
        """Return features (N, size)."""
        starts, lengths = text.offsets[:-1], text.lengths
        ahead = text.values.roll(-1)
        ahead[text.offsets[1:][lengths > 0] - 1] = END_ID  # behind the last one of a text
        pair = (text.values * 1_000_003 + ahead * 8_191) % PAIRS
        found = self.pieces(text.values, starts) + self.pairs(pair, starts)
        return found / (2 * lengths.clamp(min=1).unsqueeze(1)).sqrt()


class Sentences(nn.Module):
    """Texts -> features (N, 4 H + B): largest and mean of those of their pieces; and a bag of them.

    kind: of the texts. size: of the embedding. hidden: H, of each of the two directions.
    dropout: share of what is not seen. longest: pieces of a text that are read, from its start.
    Source: Cho et al. 2014, arXiv:1406.1078 (units); Schuster, Paliwal 1997 (both directions).
    """

    def __init__(
        self, kind: Text, *, size: int = 128, hidden: int = 96, dropout: float = 0.3,
        longest: int = 400,
    ) -> None:  # fmt: skip
        super().__init__()
        self.read: Recurrent = Recurrent(kind, size, hidden, dropout=dropout)
        self.bag: Bag = Bag(kind, BAG)
        self.longest = longest
        self.width: int = 4 * hidden + BAG

    def forward(self, text: Ragged) -> Tensor:
        """Return features (N, 4 H)."""
        text = _cut(text, self.longest)
        found = self.read(text)  # (N, T, 2 H)
        lengths = text.lengths.clamp(min=1)
        mask = torch.arange(found.shape[1], device=found.device) < lengths.unsqueeze(1)
        highest = found.masked_fill(~mask.unsqueeze(2), -2.0).amax(dim=1)  # units lie in [-1, 1]
        return torch.cat([highest, found.sum(dim=1) / lengths.unsqueeze(1), self.bag(text)], dim=1)


def _cut(text: Ragged, longest: int) -> Ragged:
    """Return the beginnings of texts."""
    lengths = text.lengths
    if not len(lengths) or int(lengths.max()) <= longest:
        return text
    kept = lengths.clamp(max=longest)
    place = torch.arange(len(text.values), device=lengths.device)
    place = place - torch.repeat_interleave(text.offsets[:-1], lengths)
    inside = place < longest
    return Ragged(text.values[inside], torch.cat([kept.new_zeros(1), kept.cumsum(0)]))


def _spelled(kind: Text) -> tuple[Tensor, int]:
    """Return the letters of each piece (V, 16), int64, 0 for none, and how many letters there are.

    A letter that only one piece has says nothing, and is taken for any other. The letters of an
    ending are those of its signature.
    """
    seen = dict[str, int]()
    pieces = (*kind.vocabulary, *kind.signatures)
    for piece in pieces:
        for letter in sorted(set(piece)):  # in an order that is the same in every process
            seen[letter] = seen.get(letter, 0) + 1
    known = {one: 2 + place for place, one in enumerate(o for o, n in seen.items() if n > 1)}
    table = torch.zeros(kind.num_embeddings, LETTERS, dtype=torch.int64)
    half = LETTERS // 2
    for row, piece in enumerate(pieces, FIRST_ID):
        kept = piece if len(piece) <= LETTERS else piece[:half] + piece[-half:]
        numbers = [known.get(letter, 1) for letter in kept]
        table[row, : len(numbers)] = torch.tensor(numbers)
    return table, 2 + len(known)


def _stand_ins(kind: Text) -> Tensor:
    """Return the number that each piece would have if it were unknown (V,), int64."""
    found = torch.arange(kind.num_embeddings)
    known = [kind.fallback_id(piece) for piece in kind.vocabulary]
    found[FIRST_ID : FIRST_ID + len(known)] = torch.tensor(known, dtype=torch.int64)
    return found


def _rarity(kind: Text) -> Tensor:
    """Return 0 for common pieces and endings, near 1 for rare ones (V,), by the place in the list.

    Source: Kiperwasser, Goldberg 2016, arXiv:1603.04351, section 4.4, where the counts tell.
    """
    count = len(kind.vocabulary)
    place = torch.arange(count, dtype=torch.float32)
    found = torch.zeros(kind.num_embeddings)
    found[FIRST_ID : FIRST_ID + count] = place / (place + max(1, count / 10))
    return found
