"""What translates without a net: the text as it is, and a dictionary found by counting."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from brique.data import Data
from brique.inference import evenly
from brique.schema.texts import WORDS
from brique.tasks.translation.reading import written

NAMES = {
    "copy": "the text as it is",
    "commonest": "always the commonest translation",
    "dictionary": "a dictionary, word by word",
}
"""What the methods are called in a sentence."""

_PAIRS = 40_000  # of texts, that a dictionary is made of
_LEAST = 2  # pairs in which two words must come together


def commonest(data: Data, count: int) -> list[str]:
    """Return the commonest translation of train, again and again; of equal ones the first."""
    data = data.learned or data
    said = written(data, data.train, data.schema.target)
    return [Counter(said).most_common(1)[0][0]] * count


def dictionary(data: Data, source: Sequence[str]) -> list[str]:
    """Return texts put into the target's language word by word.

    source: texts. Each of their words becomes that with which it comes together most nearly always
    in train, by the coefficient of Dice; one that was never met stays.
    Source: Dice 1945, "Measures of the amount of ecologic association between species".
    """
    from scipy.sparse import csr_matrix

    data = data.learned or data
    schema = data.schema
    some = data.train.select(data.train.ids[evenly(len(data.train), _PAIRS)])
    sides = [
        [WORDS.findall(text) for text in written(data, some, name)]
        for name in (schema.inputs[0], schema.target)
    ]
    known = [sorted({word for words in texts for word in words}) for texts in sides]
    marks: list[csr_matrix] = []
    for texts, words in zip(sides, known, strict=True):
        place = {word: number for number, word in enumerate(words)}
        rows = [[place[word] for word in set(text)] for text in texts]
        ends = np.cumsum([0, *map(len, rows)])
        flat = np.array([one for row in rows for one in row], np.int64)
        marks.append(csr_matrix((np.ones(len(flat)), flat, ends), (len(texts), len(words))))
    together = (marks[0].T @ marks[1]).tocoo()
    times = [np.asarray(one.sum(0)).ravel() for one in marks]
    dice = 2 * together.data / (times[0][together.row] + times[1][together.col])
    often = (together.data >= _LEAST).nonzero()[0]
    order = often[np.lexsort((-together.col[often], dice[often]))]
    best = dict(zip(together.row[order].tolist(), together.col[order].tolist(), strict=True))
    said = {known[0][a]: known[1][b] for a, b in best.items()}  # the last, which is the highest
    return [" ".join(said.get(word, word) for word in WORDS.findall(text)) for text in source]
