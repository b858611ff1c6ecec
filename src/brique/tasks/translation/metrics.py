"""Scores of translations, from counts of each text that can be drawn again: BLEU, and a plain F."""

from collections import Counter
from collections.abc import Callable, Sequence
from importlib.util import find_spec

import torch
from torch import Tensor

from brique.schema.texts import WORDS

ORDERS = 4  # pieces in a row that are counted, at most


def counts(said: Sequence[str], meant: Sequence[str]) -> Tensor:
    """Return what each text has in common with what was meant: (N, 3, 4), float64.

    Of one to four words in a row: how many are in both, how many were said, how many were meant.
    Words are those of sacrebleu (13a) where it is installed, else words and marks.
    """
    cut = _cutter()
    found = torch.zeros(len(said), 3, ORDERS, dtype=torch.float64)
    for row, (one, other) in enumerate(zip(said, meant, strict=True)):
        a, b = cut(one), cut(other)
        for order in range(1, ORDERS + 1):
            first, second = _runs(a, order), _runs(b, order)
            both = sum((first & second).values())
            numbers = (both, max(0, len(a) - order + 1), max(0, len(b) - order + 1))
            found[row, :, order - 1] = torch.tensor(numbers, dtype=torch.float64)
    return found


def bleu(total: Tensor) -> Tensor:
    """Return BLEU in [0, 100] from sums of counts (..., 3, 4): (...).

    Source: Papineni et al. 2002, "BLEU: a method for automatic evaluation of machine translation";
        where nothing of an order is in common, Lin, Och 2004 as in sacrebleu ("exp").
    """
    both, said, meant = total[..., 0, :], total[..., 1, :], total[..., 2, :]
    missing = ((both == 0) & (said > 0)).to(total.dtype).cumsum(dim=-1)
    smooth = torch.where(both > 0, both, 0.5**missing)
    share = torch.where(said > 0, smooth / said.clamp(min=1), 0.0)
    mean = share.clamp(min=1e-300).log().mean(dim=-1).exp()
    short = torch.exp((1 - meant[..., 0] / said[..., 0].clamp(min=1e-9)).clamp(max=0.0))
    return torch.where((both[..., 0] > 0) & (share > 0).all(dim=-1), 100 * short * mean, 0.0)


def overlap(each: Tensor) -> Tensor:
    """Return the F score of each text (N,), in [0, 1]: the mean over orders that it has."""
    both, said, meant = each[:, 0], each[:, 1], each[:, 2]
    there = (said + meant) > 0
    score = torch.where(there, 2 * both / (said + meant).clamp(min=1), 0.0)
    return score.sum(dim=1) / there.sum(dim=1).clamp(min=1)


def cut_by() -> str:
    """Return what cuts texts into the words that are counted: "13a", or "words"."""
    return "words" if find_spec("sacrebleu") is None else "13a"


def _cutter() -> Callable[[str], list[str]]:
    if cut_by() == "words":
        return WORDS.findall
    from sacrebleu.tokenizers.tokenizer_13a import Tokenizer13a

    cut = Tokenizer13a()
    return lambda text: cut(text.rstrip()).split()


def _runs(words: Sequence[str], order: int) -> Counter[tuple[str, ...]]:
    return Counter(tuple(words[at : at + order]) for at in range(len(words) - order + 1))
