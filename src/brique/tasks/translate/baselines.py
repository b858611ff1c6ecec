"""Translation without a net: the source text, and a dictionary of co-occurring words."""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from brique.data import Data
from brique.inference import even_indices
from brique.schema.texts import WORD_PATTERN
from brique.tasks.translate.outputs import original_texts

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

NAMES = {
    "copy": "source text",
    "most_common": "most frequent translation",
    "dictionary": "word-by-word dictionary",
}
"""Titles in sentences and tables."""

_MAX_PAIRS = 40_000  # text pairs that the dictionary is fitted on, at most
_MIN_PAIRS = 2  # text pairs in which two words must co-occur


def most_common(data: Data, count: int) -> list[str]:
    """Return the most frequent translation in train, `count` times; ties go to the first."""
    data = data.training_data or data
    translations = original_texts(data, data.train, data.schema.target)
    return [Counter(translations).most_common(1)[0][0]] * count


def word_by_word(data: Data, source: Sequence[str]) -> list[str]:
    """Return word-by-word translations of texts.

    Each word becomes the target word with the highest Dice coefficient in train; unknown words are
    copied.
    Source: Dice 1945, "Measures of the amount of ecologic association between species".
    """
    data = data.training_data or data
    schema = data.schema
    pairs = data.train.select(data.train.ids[even_indices(len(data.train), _MAX_PAIRS)])
    tokenized = [
        [WORD_PATTERN.findall(text) for text in original_texts(data, pairs, name)]
        for name in (schema.inputs[0], schema.target)
    ]
    vocabularies = [sorted({word for words in texts for word in words}) for texts in tokenized]
    occurrences = [
        _occurrences(texts, words) for texts, words in zip(tokenized, vocabularies, strict=True)
    ]
    pair_counts = (occurrences[0].T @ occurrences[1]).tocoo()
    word_counts = [np.asarray(matrix.sum(0)).ravel() for matrix in occurrences]
    dice = (
        2 * pair_counts.data / (word_counts[0][pair_counts.row] + word_counts[1][pair_counts.col])
    )
    frequent = (pair_counts.data >= _MIN_PAIRS).nonzero()[0]
    order = frequent[np.lexsort((-pair_counts.col[frequent], dice[frequent]))]
    best = dict(zip(pair_counts.row[order].tolist(), pair_counts.col[order].tolist(), strict=True))
    translation_of = {
        vocabularies[0][source_id]: vocabularies[1][target_id]
        for source_id, target_id in best.items()
    }  # the last pair has the highest coefficient
    return [
        " ".join(translation_of.get(word, word) for word in WORD_PATTERN.findall(text))
        for text in source
    ]


def _occurrences(texts: Sequence[Sequence[str]], words: Sequence[str]) -> "csr_matrix":
    """Return which text has which word: a sparse matrix (texts, words) of 0 and 1."""
    from scipy.sparse import csr_matrix

    ids = {word: number for number, word in enumerate(words)}
    rows = [[ids[word] for word in set(text)] for text in texts]
    offsets = np.cumsum([0, *map(len, rows)])
    indices = np.array([index for row in rows for index in row], np.int64)
    return csr_matrix((np.ones(len(indices)), indices, offsets), (len(texts), len(words)))
