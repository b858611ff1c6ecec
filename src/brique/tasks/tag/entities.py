"""Entities: what runs of tags in BIO form mark, and how many of them are found.

A tag says where in an entity a word stands, and of which type that is: B-PER, I-PER, O. The rules
are those of conlleval (Tjong Kim Sang, De Meulder 2003, arXiv:cs/0306050) and of seqeval, for
IOB1, IOB2 and BIOES; the letters of BILOU and BMES stand for those of BIOES.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from brique.evaluation import bootstrap

_TAG = re.compile(r"([BIESLUM])(?:[-_](.+))?", re.IGNORECASE)
_LETTERS = {"L": "E", "U": "S", "M": "I"}  # of other schemes
_STARTS = {("E", "E"), ("E", "I"), ("S", "E"), ("S", "I"), ("O", "E"), ("O", "I")}
_ENDS = {(a, b) for a in "BI" for b in "BSO"}
_OUTSIDE = ("O", "")


@dataclass(frozen=True)
class Found:
    """How many entities each of N texts has, by type.

    true, said, hit: (N, T), float64: that are meant, that are said, and those that are both.
    """

    true: Tensor
    said: Tensor
    hit: Tensor

    def f1(self, often: Tensor) -> Tensor:
        """Return the F1 over all types (R,), of texts that are drawn so often (R, N)."""
        hit, both = (often @ one.sum(dim=1) for one in (self.hit, self.true + self.said))
        return 2 * hit / both.clamp(min=1e-12)

    def scores(self) -> dict[str, float]:
        """Return "f1", "precision" and "recall" of all entities; what is a share of none is 0."""
        true, said, hit = (float(one.sum()) for one in (self.true, self.said, self.hit))
        return {
            "f1": 2 * hit / (true + said) if true + said else 0.0,
            "precision": hit / said if said else 0.0,
            "recall": hit / true if true else 0.0,
        }

    def interval(self, together: Tensor | None) -> list[float]:
        """Return the 95% interval of the F1, by drawing texts, or groups of them, again."""
        return list(bootstrap.interval(self.f1, self.true, together))


def types_of(names: Sequence[str]) -> tuple[str, ...] | None:
    """Return the types of entities that tags mark, sorted; None where they are not in BIO form.

    Each tag but "O" must begin with a letter of a scheme and "-", and one at least with B, I or S.

    >>> types_of(["O", "B-PER", "I-PER"]), types_of(["DET", "NOUN"]), types_of(["B", "I", "O"])
    (('PER',), None, ('',))
    """
    rest = [name for name in names if name.upper() != "O"]
    read = [_TAG.fullmatch(name) for name in rest]
    if not rest or not all(read) or not any(one[1].upper() in "BIS" for one in read if one):
        return None
    if any(one[2] is None for one in read if one) and len(rest) == len(names):
        return None  # letters alone, and none is outside
    return tuple(sorted({one[2] or "" for one in read if one}))


def count(truth: Tensor, said: Tensor, lengths: Tensor, names: Sequence[str]) -> Found:
    """Return how many entities are meant, said, and found.

    truth, said: tags (M,), int64, of N texts one behind the other. lengths: words of each (N,).
    names: of the tags, in BIO form.
    """
    types = types_of(names)
    assert types is not None
    sides = [_entities(tags, lengths, names, types) for tags in (truth, said)]
    both = torch.tensor(sorted({*map(tuple, sides[0].tolist())} & {*map(tuple, sides[1].tolist())}))
    counts = [_by_text(one, len(lengths), len(types)) for one in (*sides, both.view(-1, 4))]
    return Found(*counts)


def _by_text(entities: Tensor, texts: int, types: int) -> Tensor:
    """Return how many entities (E, 4) each text has of each type: (N, T), float64."""
    at = entities[:, 0] * types + entities[:, 3]
    return torch.bincount(at.long(), minlength=texts * types).view(texts, types).double()


def _entities(tags: Tensor, lengths: Tensor, names: Sequence[str], types: Sequence[str]) -> Tensor:
    """Return text, first place, place behind the last, and type of each entity: (E, 4), int64."""
    read = [_read(name) for name in names] + [_OUTSIDE]
    outside = len(names)
    starts = torch.tensor([[_begins(a, b) for b in read] for a in read])
    ends = torch.tensor([[_ends(a, b) for b in read] for a in read])
    owner = torch.repeat_interleave(torch.arange(len(lengths)), lengths)
    padded = torch.full((len(tags) + len(lengths) + 1,), outside)  # an O before and behind each
    padded[torch.arange(len(tags)) + owner + 1] = tags
    before, now = padded[:-1], torch.cat([padded[1:], padded[:1]])[:-1]
    first = starts[before, now].nonzero().flatten()
    behind = ends[before, now].nonzero().flatten()
    closed = lengths.cumsum(0) + torch.arange(len(lengths))  # places of the O behind each text
    text = torch.searchsorted(closed, first, right=True)
    kind = torch.tensor([types.index(one[1]) if one[1] in types else 0 for one in read])
    return torch.stack([text, first, behind, kind[now[first]]], dim=1)


def _read(name: str) -> tuple[str, str]:
    """Return letter and type of a tag."""
    found = _TAG.fullmatch(name)
    if found is None:
        return _OUTSIDE
    letter = found[1].upper()
    return _LETTERS.get(letter, letter), found[2] or ""


def _begins(before: tuple[str, str], now: tuple[str, str]) -> bool:
    """Tell whether an entity begins with a tag, by the one before."""
    if now == _OUTSIDE:
        return False
    pair = (before[0], now[0])
    return now[0] in "BS" or pair in _STARTS or before[1] != now[1]


def _ends(before: tuple[str, str], now: tuple[str, str]) -> bool:
    """Tell whether an entity ended before a tag."""
    if before == _OUTSIDE:
        return False
    return before[0] in "ES" or (before[0], now[0]) in _ENDS or before[1] != now[1]
