"""A cheap reader of texts: what it says of the class of each, having seen four fifths of others."""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from brique.data.column import Texts
from brique.data.shingles import mixed
from brique.schema.texts import Unit

_FOLDS = 5
_MOST = 20_000  # texts that are read
_FEATURES = 20_000
_LETTERS = 3000  # of a text that are read
_STEPS = 40  # of the solver; it need not end


@dataclass(frozen=True)
class Reading:
    """What a cheap reader says.

    rows: (M,), places of the examples read, rising.
    probabilities: (M, K), float32, of each class, by a reader who has not seen the example.
    """

    rows: np.ndarray
    probabilities: np.ndarray


def read(column: Texts, labels: np.ndarray, digests: np.ndarray, unit: Unit) -> Reading:
    """Return what a logistic regression on weighted words says of the class of each text.

    labels: (N,), int64. digests: (N,), equal for equal texts, which come into one fold; by them
    20,000 are chosen of more. unit: for characters, runs of up to three of them are the words.
    Source: Jones 1972, "A statistical interpretation of term specificity and its application in
    retrieval", for the weights.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer

    drawn = mixed(digests)  # by the digests themselves the test part was drawn
    rows = np.sort(np.argsort(drawn, kind="stable")[:_MOST])
    labels, folds = labels[rows], drawn[rows] % np.uint64(_FOLDS)
    texts = [column.said(row)[:_LETTERS] for row in rows.tolist()]
    is_fine = unit == "characters"
    maker = TfidfVectorizer(
        analyzer="char_wb" if is_fine else "word",
        ngram_range=(1, 3) if is_fine else (1, 1),
        token_pattern=r"(?u)\b\w\w+\b" if is_fine else r"\w+|[^\w\s]",  # the first: unused
        sublinear_tf=True,
        max_features=_FEATURES,
    )
    words = maker.fit_transform(texts)
    said = np.zeros((len(rows), int(labels.max()) + 1), np.float32)
    for fold in range(_FOLDS):
        inside = folds == fold
        known = np.unique(labels[~inside])
        if inside.any() and len(known) > 1:
            said[np.ix_(inside, known)] = _answers(words, labels, inside)
    return Reading(rows, said)


def _answers(words: Any, labels: np.ndarray, inside: np.ndarray) -> np.ndarray:  # noqa: ANN401 - words: a sparse array
    """Return probabilities of the examples inside, fitted on those that are not."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=4.0, max_iter=_STEPS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(words[~inside], labels[~inside])
    return model.predict_proba(words[inside])
