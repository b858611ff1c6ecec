"""The methods: each is fitted on a matrix and answers another; settings are chosen on valid."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from brique.tasks.baselines.matrix import Matrix

if TYPE_CHECKING:
    import numpy as np

_NEVER: Any = False  # sklearn's stubs want a text
_MOST = 255  # classes of a column that trees tell apart
_LINEAR, _TREES = 40_000, 100_000  # examples that are fitted on, at most
_TARGETS = 40  # of as many models
_CELLS = 30_000_000  # numbers that trees are fitted on, at most
_MINUTE = 60.0  # seconds that trees take, at most
_FEWEST = 10  # trees that are worth it
_COLUMN, _CELL = 25e-6, 1e-8  # seconds for each column of a tree, and each number in it


class Unfit(Exception):
    """A method cannot be fitted; the text says why."""


@dataclass(frozen=True)
class Learnt:
    """A fitted method: what answers (N,) or (N, K), and its settings."""

    predict: Callable[[Matrix], "np.ndarray"]
    settings: dict[str, float]


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

        settings = [one.settings for one in learnt if isinstance(one, Learnt)]
        return Learnt(predict, settings[0] if settings else {})

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


def boosting(lesson: Lesson) -> Learnt:
    """Gradient boosting of trees on classes: what is hardest to beat on tables."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    train = lesson.train
    _check_columns(train)
    classes = len(set(lesson.truth.tolist()))
    trees = _trees(train, 1 if classes == 2 else classes, most=200)
    model = HistGradientBoostingClassifier(
        categorical_features=_marks(train), max_iter=trees, random_state=0, early_stopping=_NEVER,
        learning_rate=0.1 if len(train) > 2000 else 0.05,
        max_leaf_nodes=31 if len(train) > 2000 else 8,
    )  # fmt: skip
    model.fit(_columns(train), lesson.truth)
    return Learnt(lambda given: model.predict(_columns(given)), {"trees": trees})


def boosted(lesson: Lesson) -> Learnt:
    """Gradient boosting of trees on numbers; several targets by as many models."""
    import numpy as np
    from sklearn.ensemble import HistGradientBoostingRegressor

    train = lesson.train
    _check_columns(train)
    if lesson.truth.shape[1] > _TARGETS:
        raise Unfit(f"there are {lesson.truth.shape[1]} targets, more than {_TARGETS}")
    trees = _trees(train, lesson.truth.shape[1], most=300)
    models = [
        HistGradientBoostingRegressor(
            categorical_features=_marks(train), max_iter=trees, random_state=0,
            early_stopping=_NEVER,
            max_leaf_nodes=31 if len(train) > 2000 else 8,
        ).fit(_columns(train), column)
        for column in lesson.truth.T
    ]  # fmt: skip

    def predict(given: Matrix) -> "np.ndarray":
        return np.stack([model.predict(_columns(given)) for model in models], axis=1)

    return Learnt(predict, {"trees": trees})


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


def _trees(train: Matrix, models: int, most: int) -> int:
    """Return how many trees each of some models has, so that a minute of one core is enough.

    Many classes make as many models; fewer examples would not help, as each column costs by itself.
    Raises Unfit where there would be next to none.
    """
    columns = train.numbers.shape[1] + train.classes.shape[1]
    seconds = models * columns * (_COLUMN + _CELL * len(train))  # of a tree in each model
    trees = min(most, int(_MINUTE / seconds))
    if trees < _FEWEST:
        raise Unfit(f"trees for {models} answers from {columns} columns take more than a minute")
    return trees


def _check_columns(train: Matrix) -> None:
    if train.numbers.shape[1] + train.classes.shape[1] == 0:
        raise Unfit("there are texts alone")


def _columns(given: Matrix) -> "np.ndarray":
    import numpy as np

    return np.concatenate([given.numbers, given.classes.clip(0, _MOST - 1)], axis=1)


def _marks(train: Matrix) -> Any:  # noqa: ANN401 - sklearn's stubs want a text
    """Return which columns are classes, as a list of truths."""
    return [False] * train.numbers.shape[1] + [True] * train.classes.shape[1]
