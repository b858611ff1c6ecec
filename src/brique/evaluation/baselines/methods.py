"""The methods: each is fitted on a matrix and answers another; settings are chosen on valid."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from brique.evaluation.baselines.matrix import Matrix

if TYPE_CHECKING:
    import numpy as np

_LINEAR, _TREES = 40_000, 100_000  # examples that are fitted on, at most
_TARGETS = 40  # of as many models
_CELLS = 30_000_000  # numbers that trees are fitted on, at most


class Unfit(Exception):
    """A method cannot be fitted; the text says why."""


@dataclass(frozen=True)
class Learnt:
    """A fitted method: what answers (N,) or (N, K), its settings, and what it has less of."""

    predict: Callable[[Matrix], "np.ndarray"]
    settings: dict[str, float]
    reduced: str = ""


@dataclass(frozen=True)
class Lesson:
    """What a method is fitted on, and what its settings are chosen with.

    train, valid: inputs. truth, known: what is to be answered there: classes (N,), int64, or
        numbers (N, K), float32.
    """

    train: Matrix
    truth: "np.ndarray"
    valid: Matrix
    known: "np.ndarray"


Method = Callable[[Lesson], Learnt]


def each(method: Method) -> Method:
    """Return a method that is fitted for each column of classes (N, T) alone.

    A column of which train shows one class only is always answered with that.
    """

    def fitted(lesson: Lesson) -> Learnt:
        import numpy as np

        if lesson.truth.shape[1] > _TARGETS:
            raise Unfit(f"there are {lesson.truth.shape[1]} targets, more than {_TARGETS}")
        learnt: list[Learnt | int] = []
        for truth, known in zip(lesson.truth.T, lesson.known.T, strict=True):
            is_one = bool((truth == truth[0]).all())
            alone = replace(lesson, truth=truth, known=known)
            learnt.append(int(truth[0]) if is_one else method(alone))

        def predict(given: Matrix) -> "np.ndarray":
            said = [
                np.full(len(given), one) if isinstance(one, int) else one.predict(given)
                for one in learnt
            ]
            return np.stack(said, axis=1)

        made = [one for one in learnt if isinstance(one, Learnt)]
        return Learnt(predict, made[0].settings, made[0].reduced) if made else Learnt(predict, {})

    return fitted


def most(name: str, train: Matrix) -> int:
    """Return how many examples a method is fitted on, at most."""
    if name in ("boosting", "forest"):
        wide = train.numbers.shape[1] + train.classes.shape[1]
        return min(_TREES, max(1000, _CELLS // max(1, wide)))
    return _LINEAR


def logistic(lesson: Lesson) -> Learnt:
    """Logistic regression on numbers, on classes as marks, and on how often words come (TF-IDF)."""
    from sklearn.linear_model import LogisticRegression

    return _chosen(
        lesson, (0.1, 1.0, 10.0),
        lambda c: LogisticRegression(C=c, max_iter=300),
        lambda said, truth: float((said == truth).mean()),
    )  # fmt: skip


def linear(lesson: Lesson) -> Learnt:
    """Linear regression with a penalty (ridge), on what logistic regression reads."""
    from sklearn.linear_model import Ridge

    return _chosen(
        lesson, (0.1, 10.0, 1000.0),
        lambda c: Ridge(alpha=c),
        lambda said, asked: -float(((said.reshape(asked.shape) - asked) ** 2).mean()),
    )  # fmt: skip


def bayes(lesson: Lesson) -> Learnt:
    """Naive Bayes on which words, and which pairs, a text has."""
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.naive_bayes import ComplementNB

    if not lesson.train.texts:
        raise Unfit("there is no text")
    counters = [
        CountVectorizer(ngram_range=(1, 2), binary=True, token_pattern=r"\S+")
        for _ in lesson.train.texts
    ]

    def read(given: Matrix, *, fit: bool = False) -> Any:  # noqa: ANN401 - a sparse matrix
        from scipy.sparse import hstack

        pairs = zip(counters, given.texts, strict=True)
        return hstack([c.fit_transform(t) if fit else c.transform(t) for c, t in pairs]).tocsr()

    model = ComplementNB().fit(read(lesson.train, fit=True), lesson.truth)
    return Learnt(lambda given: model.predict(read(given)), {})


def _chosen(
    lesson: Lesson,
    tried: tuple[float, ...],
    make: Callable[[float], Any],
    score: Callable[[Any, "np.ndarray"], float],
) -> Learnt:
    """Fit with each penalty, and keep what does best on valid."""
    read = _Design(lesson.train)
    inputs = read(lesson.train)
    if not len(lesson.valid):
        only = make(1.0).fit(inputs, lesson.truth)
        return Learnt(lambda given: only.predict(read(given)), {"penalty": 1.0})
    checked = read(lesson.valid)
    models = {c: make(c).fit(inputs, lesson.truth) for c in tried}
    best = max(models, key=lambda c: score(models[c].predict(checked), lesson.known))
    return Learnt(lambda given: models[best].predict(read(given)), {"penalty": best})


class _Design:
    """Numbers of spread 1 with marks for those missing, classes as marks, words as TF-IDF."""

    def __init__(self, train: Matrix) -> None:
        import numpy as np
        from sklearn.feature_extraction.text import TfidfVectorizer

        with np.errstate(all="ignore"):
            filled = np.where(np.isnan(train.numbers), 0, train.numbers)
            count = np.maximum(1, (~np.isnan(train.numbers)).sum(0))
            self._mean = filled.sum(0) / count
            left = np.where(np.isnan(train.numbers), 0, train.numbers - self._mean)
            self._spread = np.sqrt((left**2).sum(0) / count)
        self._spread[self._spread == 0] = 1
        self._words = [
            TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"\S+").fit(texts)
            for texts in train.texts
        ]

    def __call__(self, given: Matrix) -> Any:  # noqa: ANN401 - an array, or a sparse matrix
        """Return a row for each example."""
        import numpy as np
        from scipy.sparse import csr_matrix, hstack

        lost = np.isnan(given.numbers)
        numbers = np.where(lost, 0, (given.numbers - self._mean) / self._spread).clip(-10, 10)
        dense = np.concatenate([numbers, lost], axis=1).astype(np.float64)
        if not given.sizes and not self._words:
            return dense
        rows = np.arange(len(given))
        marks = [
            csr_matrix((np.ones(len(rows)), (rows, column)), shape=(len(rows), size))
            for column, size in zip(given.classes.T, given.sizes, strict=True)
        ]
        words = [one.transform(texts) for one, texts in zip(self._words, given.texts, strict=True)]
        return hstack([csr_matrix(dense), *marks, *words]).tocsr()
