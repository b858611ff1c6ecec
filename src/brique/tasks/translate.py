"""Translation: data of text pairs, teacher forcing, beam search and BLEU."""

from collections.abc import Callable, Sequence
from importlib.util import find_spec

import torch
from torch import Tensor

from brique import data
from brique.data import Batch, Data, Ragged
from brique.errors import DataError
from brique.schema import Text
from brique.schema.texts import END, START

Step = Callable[..., tuple[Tensor, Tensor]]


def opened(name: str, source: str, target: str) -> Data:
    """Return pairs of texts, a field for each language, cut into subwords.

    name: of the data, or their path. source, target: two languages.
    Raises DataError for other data, and without the packages of subwords and BLEU.
    """
    unit = None if name.startswith("world:") else "subwords"  # worlds have words of their own
    pairs = data.open(name, target=target, unit=unit, needs={source: Text, target: Text})
    if unit is not None:  # the metric of worlds needs no package
        _check_installed()
    return pairs


def shifted(text: Ragged) -> tuple[Tensor, Tensor, Tensor]:
    """Return previous words, words and mask of a target text, for teacher forcing.

    text: N texts. Returns previous words (N, T + 1), from START on; words (N, T + 1), to END;
    mask (N, T + 1), bool, which words count.
    """
    words, start = text.padded(END), text.values.new_full((len(text), 1), START)
    mask = torch.cat([text.mask.new_ones(len(text), 1), text.mask], dim=1)
    return torch.cat([start, words], 1), torch.cat([words, torch.full_like(start, END)], 1), mask


def beam_search(
    step: Step, state: Tensor, *encoded: Tensor, width: int = 5, longest: int = 60
) -> list[Tensor]:
    """Return the most likely texts that a beam search finds.

    step: previous words (M,), states (M, ...), encoded (M, ...) each -> log-probabilities of the
        next words (M, V), next states; each text has `width` rows.
    state: initial states (N, ...). encoded: (N, ...) each, the source texts.
    longest: words at most.
    Returns N tensors (T,), int64, without START and END: of the texts found, that with the highest
    mean log-probability a word, END included.
    """
    n, device = len(state), state.device
    state, *rest = [one.repeat_interleave(width, dim=0) for one in (state, *encoded)]
    first = width * torch.arange(n, device=device).unsqueeze(1)  # (N, 1): first row of each text
    words = torch.full((n * width, 1), START, device=device)
    total = state.new_full((n, width), -torch.inf)
    total[:, 0] = 0.0  # all hypotheses are equal at first
    ended = torch.zeros(n * width, dtype=torch.bool, device=device)
    for _ in range(longest):
        scores, state = step(words[:, -1], state, *rest)
        scores = scores.masked_fill(ended.unsqueeze(1), -torch.inf)
        scores[:, END] = scores[:, END].masked_fill(ended, 0.0)
        total, best = (total.view(-1, 1) + scores).view(n, -1).topk(width)
        rows = (first + best // scores.shape[1]).flatten()
        words = torch.cat([words[rows], (best % scores.shape[1]).view(-1, 1)], dim=1)
        state, ended = state[rows], ended[rows] | (words[:, -1] == END)
        if bool(ended.all()):
            break
    lengths = (words != END).sum(dim=1).view(n, width)  # START counts for END
    found = words[first[:, 0] + (total / lengths).argmax(dim=1), 1:]
    return [text[text != END] for text in found]


def bleu(translations: Sequence[str], references: Sequence[str]) -> float:
    """Return the case-sensitive BLEU of translations, in [0, 100].

    translations, references: as many texts, not tokenized.
    Raises DataError without the package sacrebleu.
    Source: Post 2018, arXiv:1804.08771: sacrebleu with its default tokenizer (13a).
    """
    _check_installed()
    from sacrebleu import corpus_bleu

    return float(corpus_bleu(list(translations), [list(references)]).score)


def texts(batch: Batch, field: str) -> Ragged:
    """Return a field of a batch that is known to be texts."""
    values = batch[field]
    assert isinstance(values, Ragged)
    return values


def _check_installed() -> None:
    if find_spec("sacrebleu") is None:
        raise DataError(
            "translate: the score of translations needs the package sacrebleu, which is not "
            "installed; install 'brique[text]'"
        )
