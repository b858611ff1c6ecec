"""Metrics of translations from n-gram counts of each text: BLEU, and an F score."""

from collections import Counter
from collections.abc import Callable, Sequence
from importlib.util import find_spec

import torch
from torch import Tensor

from brique.schema.texts import WORD_PATTERN

MAX_ORDER = 4  # longest n-grams, in words


def count_ngrams(predictions: Sequence[str], target: Sequence[str]) -> Tensor:
    """Return the n-gram counts of each text: (N, 3, 4), float64.

    For n from 1 to 4: the number of n-grams in common, predicted, and in the target.
    Words are tokenized by sacrebleu (13a) if it is installed, else into words and punctuation.
    """
    tokenize = _tokenizer()
    totals = torch.zeros(len(predictions), 3, MAX_ORDER, dtype=torch.float64)
    for row, (prediction, reference) in enumerate(zip(predictions, target, strict=True)):
        predicted_words, target_words = tokenize(prediction), tokenize(reference)
        for order in range(1, MAX_ORDER + 1):
            predicted_ngrams, target_ngrams = (
                _ngrams(predicted_words, order),
                _ngrams(target_words, order),
            )
            num_common = sum((predicted_ngrams & target_ngrams).values())
            numbers = (
                num_common,
                max(0, len(predicted_words) - order + 1),
                max(0, len(target_words) - order + 1),
            )
            totals[row, :, order - 1] = torch.tensor(numbers, dtype=torch.float64)
    return totals


def bleu(total: Tensor) -> Tensor:
    """Return BLEU in [0, 100] from sums of counts (..., 3, 4): (...).

    Source: Papineni et al. 2002, "BLEU: a method for automatic evaluation of machine translation";
        smoothing of orders without matches: Lin, Och 2004, as in sacrebleu ("exp").
    """
    num_common, num_predicted, num_target = total[..., 0, :], total[..., 1, :], total[..., 2, :]
    num_missing = ((num_common == 0) & (num_predicted > 0)).to(total.dtype).cumsum(dim=-1)
    smoothed = torch.where(num_common > 0, num_common, 0.5**num_missing)
    precisions = torch.where(num_predicted > 0, smoothed / num_predicted.clamp(min=1), 0.0)
    mean = precisions.clamp(min=1e-300).log().mean(dim=-1).exp()
    brevity_penalty = torch.exp(
        (1 - num_target[..., 0] / num_predicted[..., 0].clamp(min=1e-9)).clamp(max=0.0)
    )
    return torch.where(
        (num_common[..., 0] > 0) & (precisions > 0).all(dim=-1), 100 * brevity_penalty * mean, 0.0
    )


def ngram_f(ngrams: Tensor) -> Tensor:
    """Return the F score of each text (N,), in [0, 1]: the mean over its n-gram orders."""
    num_common, num_predicted, num_target = ngrams[:, 0], ngrams[:, 1], ngrams[:, 2]
    has_order = (num_predicted + num_target) > 0
    score = torch.where(has_order, 2 * num_common / (num_predicted + num_target).clamp(min=1), 0.0)
    return score.sum(dim=1) / has_order.sum(dim=1).clamp(min=1)


def tokenizer_name() -> str:
    """Return the name of the tokenizer: "13a" or "words"."""
    return "words" if find_spec("sacrebleu") is None else "13a"


def _tokenizer() -> Callable[[str], list[str]]:
    if tokenizer_name() == "words":
        return WORD_PATTERN.findall
    from sacrebleu.tokenizers.tokenizer_13a import Tokenizer13a

    tokenizer = Tokenizer13a()
    return lambda text: tokenizer(text.rstrip()).split()


def _ngrams(words: Sequence[str], order: int) -> Counter[tuple[str, ...]]:
    return Counter(tuple(words[start : start + order]) for start in range(len(words) - order + 1))
