"""The methods: each is fitted on one matrix and predicts another; valid chooses settings."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from brique.evaluation.baselines.matrix import Matrix

if TYPE_CHECKING:
    import numpy as np

_MAX_LINEAR_EXAMPLES, _MAX_TREE_EXAMPLES = 40_000, 100_000  # examples for fitting, at most
_MAX_TARGETS = 40  # each needs a model
_MAX_CELLS = 30_000_000  # values that trees are fitted on, at most


class UnfitError(Exception):
    """A method cannot be fitted; the message is the reason."""


@dataclass(frozen=True)
class FittedMethod:
    """A fitted method: predictions (N,) or (N, K), settings, and a note if it was reduced."""

    predict: Callable[[Matrix], "np.ndarray"]
    settings: dict[str, float]
    reduced: str = ""


@dataclass(frozen=True)
class MethodData:
    """The data for fitting a method (train) and choosing its settings (valid).

    train, valid: inputs. target, valid_target: classes (N,), int64, or numbers (N, K), float32.
    """

    train: Matrix
    target: "np.ndarray"
    valid: Matrix
    valid_target: "np.ndarray"


Method = Callable[[MethodData], FittedMethod]


def per_target(method: Method) -> Method:
    """Return a method that fits each column of classes (N, T) separately.

    A column with a single class in train is predicted as constant.
    """

    def fit(data: MethodData) -> FittedMethod:
        import numpy as np

        if data.target.shape[1] > _MAX_TARGETS:
            raise UnfitError(f"there are {data.target.shape[1]} targets, more than {_MAX_TARGETS}")
        models: list[FittedMethod | int] = []
        for target, valid_target in zip(data.target.T, data.valid_target.T, strict=True):
            is_constant = bool((target == target[0]).all())
            single = replace(data, target=target, valid_target=valid_target)
            models.append(int(target[0]) if is_constant else method(single))

        def predict(matrix: Matrix) -> "np.ndarray":
            predictions = [
                np.full(len(matrix), model) if isinstance(model, int) else model.predict(matrix)
                for model in models
            ]
            return np.stack(predictions, axis=1)

        fitted_models = [model for model in models if isinstance(model, FittedMethod)]
        return (
            FittedMethod(predict, fitted_models[0].settings, fitted_models[0].reduced)
            if fitted_models
            else FittedMethod(predict, {})
        )

    return fit


def max_examples(name: str, train: Matrix) -> int:
    """Return the maximum number of examples for fitting a method."""
    if name in ("boosting", "forest"):
        num_columns = train.numbers.shape[1] + train.classes.shape[1]
        return min(_MAX_TREE_EXAMPLES, max(1000, _MAX_CELLS // max(1, num_columns)))
    return _MAX_LINEAR_EXAMPLES


def logistic(data: MethodData) -> FittedMethod:
    """Logistic regression on numbers, one-hot classes, and words by TF-IDF."""
    from sklearn.linear_model import LogisticRegression

    return _select_penalty(
        data, (0.1, 1.0, 10.0),
        lambda c: LogisticRegression(C=c, max_iter=300),
        lambda predictions, target: float((predictions == target).mean()),
    )  # fmt: skip


def linear(data: MethodData) -> FittedMethod:
    """Ridge regression on the features of logistic regression."""
    from sklearn.linear_model import Ridge

    return _select_penalty(
        data, (0.1, 10.0, 1000.0),
        lambda c: Ridge(alpha=c),
        lambda predictions, target: -float(
            ((predictions.reshape(target.shape) - target) ** 2).mean()
        ),
    )  # fmt: skip


def bayes(data: MethodData) -> FittedMethod:
    """Naive Bayes on the words and word pairs of texts."""
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.naive_bayes import ComplementNB

    if not data.train.texts:
        raise UnfitError("there is no text")
    vectorizers = [
        CountVectorizer(ngram_range=(1, 2), binary=True, token_pattern=r"\S+")
        for _ in data.train.texts
    ]

    def transform(matrix: Matrix, *, fit: bool = False) -> Any:  # noqa: ANN401 - a sparse matrix
        from scipy.sparse import hstack

        pairs = zip(vectorizers, matrix.texts, strict=True)
        return hstack([c.fit_transform(t) if fit else c.transform(t) for c, t in pairs]).tocsr()

    model = ComplementNB().fit(transform(data.train, fit=True), data.target)
    return FittedMethod(lambda matrix: model.predict(transform(matrix)), {})


def _select_penalty(
    data: MethodData,
    penalties: tuple[float, ...],
    make: Callable[[float], Any],
    score: Callable[[Any, "np.ndarray"], float],
) -> FittedMethod:
    """Return the method fitted with the penalty that is best on valid."""
    design = _Design(data.train)
    inputs = design(data.train)
    if not len(data.valid):
        model = make(1.0).fit(inputs, data.target)
        return FittedMethod(lambda matrix: model.predict(design(matrix)), {"penalty": 1.0})
    valid_inputs = design(data.valid)
    models = {c: make(c).fit(inputs, data.target) for c in penalties}
    best = max(models, key=lambda c: score(models[c].predict(valid_inputs), data.valid_target))
    return FittedMethod(lambda matrix: models[best].predict(design(matrix)), {"penalty": best})


class _Design:
    """Standardized numbers with missing indicators, one-hot classes, and TF-IDF of words."""

    def __init__(self, train: Matrix) -> None:
        import numpy as np
        from sklearn.feature_extraction.text import TfidfVectorizer

        with np.errstate(all="ignore"):
            filled = np.where(np.isnan(train.numbers), 0, train.numbers)
            count = np.maximum(1, (~np.isnan(train.numbers)).sum(0))
            self._mean = filled.sum(0) / count
            centered = np.where(np.isnan(train.numbers), 0, train.numbers - self._mean)
            self._std = np.sqrt((centered**2).sum(0) / count)
        self._std[self._std == 0] = 1
        self._words = [
            TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"\S+").fit(texts)
            for texts in train.texts
        ]

    def __call__(self, matrix: Matrix) -> Any:  # noqa: ANN401 - an array, or a sparse matrix
        """Return a row for each example."""
        import numpy as np
        from scipy.sparse import csr_matrix, hstack

        is_missing = np.isnan(matrix.numbers)
        numbers = np.where(is_missing, 0, (matrix.numbers - self._mean) / self._std).clip(-10, 10)
        dense = np.concatenate([numbers, is_missing], axis=1).astype(np.float64)
        if not matrix.sizes and not self._words:
            return dense
        rows = np.arange(len(matrix))
        one_hot = [
            csr_matrix((np.ones(len(rows)), (rows, column)), shape=(len(rows), size))
            for column, size in zip(matrix.classes.T, matrix.sizes, strict=True)
        ]
        words = [
            vectorizer.transform(texts)
            for vectorizer, texts in zip(self._words, matrix.texts, strict=True)
        ]
        return hstack([csr_matrix(dense), *one_hot, *words]).tocsr()
