"""A simple text classifier, with cross-validated predictions, to find suspect labels."""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from brique.data.near_duplicates.minhash import mix64
from brique.data.raw.column import Texts
from brique.schema.texts import Unit

_FOLDS = 5
_MAX_TEXTS = 20_000  # texts used
_MAX_FEATURES = 20_000
_MAX_CHARACTERS = 3000  # used of a text
_MAX_ITERATIONS = 40  # of the solver, which need not converge


@dataclass(frozen=True)
class HeldOutPredictions:
    """Cross-validated predictions.

    rows: (M,), examples used, ascending.
    probabilities: (M, K), float32, by a classifier fitted on other examples.
    """

    rows: np.ndarray
    probabilities: np.ndarray


def cross_validate(
    column: Texts, labels: np.ndarray, digests: np.ndarray, unit: Unit
) -> HeldOutPredictions:
    """Return cross-validated class probabilities of a logistic regression on TF-IDF features.

    labels: (N,), int64.
    digests: (N,), equal for equal texts; they choose the fold, and 20,000 texts of more.
    unit: for characters, the features are n-grams of up to three characters.
    Source: Jones 1972, "A statistical interpretation of term specificity and its application in
    retrieval", for the weights.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer

    hashes = mix64(digests)  # the digests themselves decided the test part
    rows = np.sort(np.argsort(hashes, kind="stable")[:_MAX_TEXTS])
    labels, folds = labels[rows], hashes[rows] % np.uint64(_FOLDS)
    texts = [column.text(row)[:_MAX_CHARACTERS] for row in rows.tolist()]
    is_by_character = unit == "characters"
    vectorizer = TfidfVectorizer(
        analyzer="char_wb" if is_by_character else "word",
        ngram_range=(1, 3) if is_by_character else (1, 1),
        token_pattern=r"(?u)\b\w\w+\b" if is_by_character else r"\w+|[^\w\s]",  # the first: unused
        sublinear_tf=True,
        max_features=_MAX_FEATURES,
    )
    features = vectorizer.fit_transform(texts)
    probabilities = np.zeros((len(rows), int(labels.max()) + 1), np.float32)
    for fold in range(_FOLDS):
        is_held_out = folds == fold
        classes = np.unique(labels[~is_held_out])
        if is_held_out.any() and len(classes) > 1:
            probabilities[np.ix_(is_held_out, classes)] = _predict_fold(
                features, labels, is_held_out
            )
    return HeldOutPredictions(rows, probabilities)


def _predict_fold(features: Any, labels: np.ndarray, is_held_out: np.ndarray) -> np.ndarray:  # noqa: ANN401 - words: a sparse array
    """Return probabilities of the held-out examples, fitted on the others."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=4.0, max_iter=_MAX_ITERATIONS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(features[~is_held_out], labels[~is_held_out])
    return model.predict_proba(features[is_held_out])
