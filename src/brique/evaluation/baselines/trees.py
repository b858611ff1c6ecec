"""Trees on the columns of tables: boosted ones and forests, no weaker than scikit-learn's own.

There are as many trees as there are by default, or more, unless that takes over a minute.
"""

import math
from typing import TYPE_CHECKING, Any

import torch

from brique.evaluation.baselines.matrix import Matrix
from brique.evaluation.baselines.methods import Learnt, Lesson, Unfit

if TYPE_CHECKING:
    import numpy as np

USUAL = 100  # trees, scikit-learn's defaults
_NEVER: Any = False  # sklearn's stubs want a text
_MOST = 255  # classes of a column that boosted trees tell apart
_TARGETS = 40  # of as many models
_MINUTE = 60.0  # seconds that trees take, at most
_CORES = 2  # that a forest grows on at once
_FEWEST = 10  # boosted trees that are worth it
_GROVE = 30  # trees of a forest below which it is fitted on fewer examples
_COLUMN, _CELL = 25e-6, 1e-8  # seconds for each column of a boosted tree, and each number in it
_SPLIT = 2.5e-7  # seconds for each number that a tree of a forest looks at, at one depth
_SMALL = 2000  # examples up to which small trees are tried too
_FORMS = (
    {"learning_rate": 0.05, "max_leaf_nodes": 8},
    {"learning_rate": 0.1, "max_leaf_nodes": 31},
)


def boosting(lesson: Lesson) -> Learnt:
    """Gradient boosting of trees on classes: what is hardest to beat on tables."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    train = lesson.train
    _check_columns(train)
    classes = len(set(lesson.truth.tolist()))
    trees = _boosted_trees(train, 1 if classes == 2 else classes, most=200)

    def fit(form: dict[str, float]) -> Any:  # noqa: ANN401 - a model of scikit-learn
        model = HistGradientBoostingClassifier(
            categorical_features=_marks(train), max_iter=trees, random_state=0,
            early_stopping=_NEVER,
        ).set_params(**form)  # fmt: skip
        return model.fit(_columns(train), lesson.truth)

    model = _best([fit(form) for form in _forms(train)], lesson, is_class=True)
    return Learnt(lambda given: model.predict(_columns(given)), {"trees": trees}, _few(trees))


def boosted(lesson: Lesson) -> Learnt:
    """Gradient boosting of trees on numbers; several targets by as many models."""
    import numpy as np
    from sklearn.ensemble import HistGradientBoostingRegressor

    train = lesson.train
    _check_columns(train)
    if lesson.truth.shape[1] > _TARGETS:
        raise Unfit(f"there are {lesson.truth.shape[1]} targets, more than {_TARGETS}")
    trees = _boosted_trees(train, lesson.truth.shape[1], most=300)

    def fit(form: dict[str, float]) -> Any:  # noqa: ANN401 - models of scikit-learn as one
        models = [
            HistGradientBoostingRegressor(
                categorical_features=_marks(train), max_iter=trees, random_state=0,
                early_stopping=_NEVER,
            ).set_params(**form).fit(_columns(train), column)
            for column in lesson.truth.T
        ]  # fmt: skip
        return _Several(models)

    model = _best([fit(form) for form in _forms(train)], lesson, is_class=False)
    return Learnt(
        lambda given: np.asarray(model.predict(_columns(given))), {"trees": trees}, _few(trees)
    )


def forest(lesson: Lesson) -> Learnt:
    """Forest of random trees on classes."""
    from sklearn.ensemble import RandomForestClassifier

    _check_columns(lesson.train)
    trees = _forest_trees(lesson.train, is_class=True)
    wood: Any = RandomForestClassifier(trees, random_state=0, n_jobs=torch.get_num_threads())
    wood.fit(_columns(lesson.train), lesson.truth)
    return Learnt(lambda given: wood.predict(_columns(given)), {"trees": trees}, _few(trees))


def forested(lesson: Lesson) -> Learnt:
    """Forest of random trees on numbers, of several targets one."""
    from sklearn.ensemble import RandomForestRegressor

    _check_columns(lesson.train)
    trees = _forest_trees(lesson.train, is_class=False)
    wood: Any = RandomForestRegressor(trees, random_state=0, n_jobs=torch.get_num_threads())
    truth = lesson.truth[:, 0] if lesson.truth.shape[1] == 1 else lesson.truth
    wood.fit(_columns(lesson.train), truth)
    return Learnt(lambda given: wood.predict(_columns(given)), {"trees": trees}, _few(trees))


def most_of_forest(train: Matrix, *, is_class: bool, most: int) -> int:
    """Return how many examples a forest of 30 trees is fitted on within its time, at most."""
    count = most
    while count > 1000 and _GROVE * _seconds(count, train, is_class=is_class) > _MINUTE * _CORES:
        count = int(0.9 * count)
    return count


class _Several:
    """Models of several targets as one."""

    def __init__(self, models: list[Any]) -> None:
        self._models = models

    def predict(self, columns: "np.ndarray") -> "np.ndarray":
        """Return numbers (N, T)."""
        import numpy as np

        return np.stack([model.predict(columns) for model in self._models], axis=1)


def _forms(train: Matrix) -> tuple[dict[str, float], ...]:
    """Return the settings of boosting that are tried: scikit-learn's, and small trees for few."""
    return _FORMS if len(train) <= _SMALL else _FORMS[1:]


def _best(models: list[Any], lesson: Lesson, *, is_class: bool) -> Any:  # noqa: ANN401
    """Return the model that does best on valid; of equal ones, or without valid, the first."""
    if len(models) == 1 or not len(lesson.valid):
        return models[0]
    columns, known = _columns(lesson.valid), lesson.known

    def lost(model: Any) -> float:  # noqa: ANN401
        said = model.predict(columns)
        return float((said != known).mean() if is_class else ((said - known) ** 2).mean())

    return min(models, key=lost)


def _boosted_trees(train: Matrix, models: int, most: int) -> int:
    """Return how many trees each of some models has, so that a minute of one core is enough.

    Many classes make as many models; fewer examples would not help, as each column costs by itself.
    Raises Unfit where there would be next to none.
    """
    columns = _wide(train)
    seconds = models * columns * (_COLUMN + _CELL * len(train))  # of a tree in each model
    trees = min(most, int(_MINUTE / seconds))
    if trees < _FEWEST:
        raise Unfit(f"trees for {models} answers from {columns} columns take more than a minute")
    return trees


def _forest_trees(train: Matrix, *, is_class: bool) -> int:
    seconds = _seconds(len(train), train, is_class=is_class)
    return max(_FEWEST, min(USUAL, int(_MINUTE * _CORES / seconds)))


def _seconds(count: int, train: Matrix, *, is_class: bool) -> float:
    """Return what a tree of a forest takes: classes look at the root of the columns alone."""
    columns = math.sqrt(_wide(train)) if is_class else _wide(train)
    return _SPLIT * count * math.log2(max(2, count)) * columns


def _few(trees: int) -> str:
    """Say that there are fewer trees than usual."""
    return "" if trees >= USUAL else f"{trees} trees, as {USUAL} would take over a minute"


def _wide(train: Matrix) -> int:
    return train.numbers.shape[1] + train.classes.shape[1]


def _check_columns(train: Matrix) -> None:
    if _wide(train) == 0:
        raise Unfit("there are texts alone")


def _columns(given: Matrix) -> "np.ndarray":
    import numpy as np

    return np.concatenate([given.numbers, given.classes.clip(0, _MOST - 1)], axis=1)


def _marks(train: Matrix) -> Any:  # noqa: ANN401 - sklearn's stubs want a text
    """Return which columns are classes, as a list of truths."""
    return [False] * train.numbers.shape[1] + [True] * train.classes.shape[1]
