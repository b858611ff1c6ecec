"""Decoding of translations: teacher forcing and beam search."""

from collections.abc import Callable

import torch
from torch import Tensor

from brique.data import Ragged
from brique.schema.texts import END_ID, START_ID

DecodeStep = Callable[..., tuple[Tensor, Tensor]]


def teacher_forcing(texts: Ragged) -> tuple[Tensor, Tensor, Tensor]:
    """Return previous words, words and mask of a target text, for teacher forcing.

    texts: N texts. Returns previous words (N, T + 1), from START on; words (N, T + 1), to END;
    mask (N, T + 1), bool, which words count.
    """
    words, start = texts.padded(END_ID), texts.values.new_full((len(texts), 1), START_ID)
    mask = torch.cat([texts.mask.new_ones(len(texts), 1), texts.mask], dim=1)
    return torch.cat([start, words], 1), torch.cat([words, torch.full_like(start, END_ID)], 1), mask


def beam_search(
    step: DecodeStep, state: Tensor, *encoded: Tensor, width: int = 5, max_length: int = 60
) -> list[Tensor]:
    """Return the most likely texts that a beam search finds.

    step: previous words (M,), states (M, ...), encoded (M, ...) each -> log-probabilities of the
        next words (M, V), next states; each text has `width` rows.
    state: initial states (N, ...). encoded: (N, ...) each, the source texts.
    max_length: words at most.
    Returns N tensors (T,), int64, without START and END: of the texts found, that with the highest
    mean log-probability a word, END included.
    """
    num_texts, device = len(state), state.device
    state, *encoded_rows = [tensor.repeat_interleave(width, dim=0) for tensor in (state, *encoded)]
    first_rows = width * torch.arange(num_texts, device=device).unsqueeze(1)  # (N, 1), of each text
    words = torch.full((num_texts * width, 1), START_ID, device=device)
    totals = state.new_full((num_texts, width), -torch.inf)
    totals[:, 0] = 0.0  # all hypotheses are equal at first
    is_ended = torch.zeros(num_texts * width, dtype=torch.bool, device=device)
    for _ in range(max_length):
        scores, state = step(words[:, -1], state, *encoded_rows)
        scores = scores.masked_fill(is_ended.unsqueeze(1), -torch.inf)
        scores[:, END_ID] = scores[:, END_ID].masked_fill(is_ended, 0.0)
        totals, best = (totals.view(-1, 1) + scores).view(num_texts, -1).topk(width)
        rows = (first_rows + best // scores.shape[1]).flatten()
        words = torch.cat([words[rows], (best % scores.shape[1]).view(-1, 1)], dim=1)
        state, is_ended = state[rows], is_ended[rows] | (words[:, -1] == END_ID)
        if bool(is_ended.all()):
            break
    lengths = (words != END_ID).sum(dim=1).view(num_texts, width)  # START counts for END
    best_words = words[first_rows[:, 0] + (totals / lengths).argmax(dim=1), 1:]
    return [text[text != END_ID] for text in best_words]
