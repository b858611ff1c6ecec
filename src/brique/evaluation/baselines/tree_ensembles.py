"""Trees on the columns of tables: boosted ones and forests, no weaker than scikit-learn's own.

There are as many trees as there are by default, or more, unless that takes over a minute.
"""

import math
from typing import TYPE_CHECKING, Any

import torch

from brique.evaluation.baselines.matrix import Matrix
from brique.evaluation.baselines.methods import FittedMethod, MethodData, UnfitError

if TYPE_CHECKING:
    import numpy as np

DEFAULT_TREES = 100  # trees, scikit-learn's defaults
_NO_EARLY_STOPPING: Any = False  # sklearn's stubs want a text
_MAX_CLASSES = 255  # classes of a column that boosted trees tell apart
_MAX_TARGETS = 40  # of as many models
_MAX_SECONDS = 60.0  # seconds that trees take, at most
_NUM_CORES = 2  # that a forest grows on at once
_MIN_TREES = 10  # boosted trees that are worth it
_MIN_FOREST_TREES = 30  # trees of a forest below which it is fitted on fewer examples
_SECONDS_PER_COLUMN, _SECONDS_PER_CELL = (
    25e-6,
    1e-8,
)  # seconds for each column of a boosted tree, and each number in it
_SECONDS_PER_SPLIT = (
    2.5e-7  # seconds for each number that a tree of a forest looks at, at one depth
)
_SMALL_DATA = 2000  # examples up to which small trees are tried too
_SETTINGS = (
    {"learning_rate": 0.05, "max_leaf_nodes": 8},
    {"learning_rate": 0.1, "max_leaf_nodes": 31},
)


def boosting_classifier(data: MethodData) -> FittedMethod:
    """Gradient boosting of trees on classes: what is hardest to beat on tables."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    train = data.train
    _check_columns(train)
    classes = len(set(data.target.tolist()))
    trees = _num_boosted_trees(train, 1 if classes == 2 else classes, limit=200)

    def fit(settings: dict[str, float]) -> Any:  # noqa: ANN401 - a model of scikit-learn
        model = HistGradientBoostingClassifier(
            categorical_features=_categorical_mask(train), max_iter=trees, random_state=0,
            early_stopping=_NO_EARLY_STOPPING,
        ).set_params(**settings)  # fmt: skip
        return model.fit(_columns(train), data.target)

    model = _best_on_valid(
        [fit(settings) for settings in _candidate_settings(train)], data, is_class=True
    )
    return FittedMethod(
        lambda matrix: model.predict(_columns(matrix)), {"trees": trees}, _reduction_note(trees)
    )


def boosting_regressor(data: MethodData) -> FittedMethod:
    """Gradient boosting of trees on numbers; several targets by as many models."""
    import numpy as np
    from sklearn.ensemble import HistGradientBoostingRegressor

    train = data.train
    _check_columns(train)
    if data.target.shape[1] > _MAX_TARGETS:
        raise UnfitError(f"there are {data.target.shape[1]} targets, more than {_MAX_TARGETS}")
    trees = _num_boosted_trees(train, data.target.shape[1], limit=300)

    def fit(settings: dict[str, float]) -> Any:  # noqa: ANN401 - models of scikit-learn as one
        models = [
            HistGradientBoostingRegressor(
                categorical_features=_categorical_mask(train), max_iter=trees, random_state=0,
                early_stopping=_NO_EARLY_STOPPING,
            ).set_params(**settings).fit(_columns(train), column)
            for column in data.target.T
        ]  # fmt: skip
        return _MultiOutput(models)

    model = _best_on_valid(
        [fit(settings) for settings in _candidate_settings(train)], data, is_class=False
    )
    return FittedMethod(
        lambda matrix: np.asarray(model.predict(_columns(matrix))),
        {"trees": trees},
        _reduction_note(trees),
    )


def forest_classifier(data: MethodData) -> FittedMethod:
    """Forest of random trees on classes."""
    from sklearn.ensemble import RandomForestClassifier

    _check_columns(data.train)
    trees = _num_forest_trees(data.train, is_class=True)
    model: Any = RandomForestClassifier(trees, random_state=0, n_jobs=torch.get_num_threads())
    model.fit(_columns(data.train), data.target)
    return FittedMethod(
        lambda matrix: model.predict(_columns(matrix)), {"trees": trees}, _reduction_note(trees)
    )


def forest_regressor(data: MethodData) -> FittedMethod:
    """Forest of random trees on numbers, of several targets one."""
    from sklearn.ensemble import RandomForestRegressor

    _check_columns(data.train)
    trees = _num_forest_trees(data.train, is_class=False)
    model: Any = RandomForestRegressor(trees, random_state=0, n_jobs=torch.get_num_threads())
    target = data.target[:, 0] if data.target.shape[1] == 1 else data.target
    model.fit(_columns(data.train), target)
    return FittedMethod(
        lambda matrix: model.predict(_columns(matrix)), {"trees": trees}, _reduction_note(trees)
    )


def max_forest_examples(train: Matrix, *, is_class: bool, limit: int) -> int:
    """Return how many examples a forest of 30 trees is fitted on within its time, at most."""
    count = limit
    while (
        count > 1000
        and _MIN_FOREST_TREES * _seconds_per_tree(count, train, is_class=is_class)
        > _MAX_SECONDS * _NUM_CORES
    ):
        count = int(0.9 * count)
    return count


class _MultiOutput:
    """Models of several targets as one."""

    def __init__(self, models: list[Any]) -> None:
        self._models = models

    def predict(self, columns: "np.ndarray") -> "np.ndarray":
        """Return numbers (N, T)."""
        import numpy as np

        return np.stack([model.predict(columns) for model in self._models], axis=1)


def _candidate_settings(train: Matrix) -> tuple[dict[str, float], ...]:
    """Return the settings of boosting that are tried: scikit-learn's, and small trees for few."""
    return _SETTINGS if len(train) <= _SMALL_DATA else _SETTINGS[1:]


def _best_on_valid(models: list[Any], data: MethodData, *, is_class: bool) -> Any:  # noqa: ANN401
    """Return the model that does best on valid; of equal ones, or without valid, the first."""
    if len(models) == 1 or not len(data.valid):
        return models[0]
    columns, target = _columns(data.valid), data.valid_target

    def error(model: Any) -> float:  # noqa: ANN401
        predictions = model.predict(columns)
        return float(
            (predictions != target).mean() if is_class else ((predictions - target) ** 2).mean()
        )

    return min(models, key=error)


def _num_boosted_trees(train: Matrix, num_models: int, limit: int) -> int:
    """Return how many trees each of some models has, so that a minute of one core is enough.

    Many classes make as many models; fewer examples would not help, as each column costs by itself.
    Raises Unfit where there would be next to none.
    """
    num_columns = _num_columns(train)
    seconds = (
        num_models * num_columns * (_SECONDS_PER_COLUMN + _SECONDS_PER_CELL * len(train))
    )  # of a tree in each model
    trees = min(limit, int(_MAX_SECONDS / seconds))
    if trees < _MIN_TREES:
        raise UnfitError(
            f"trees for {num_models} answers from {num_columns} columns take more than a minute"
        )
    return trees


def _num_forest_trees(train: Matrix, *, is_class: bool) -> int:
    seconds = _seconds_per_tree(len(train), train, is_class=is_class)
    return max(_MIN_TREES, min(DEFAULT_TREES, int(_MAX_SECONDS * _NUM_CORES / seconds)))


def _seconds_per_tree(count: int, train: Matrix, *, is_class: bool) -> float:
    """Return what a tree of a forest takes: classes look at the root of the columns alone."""
    num_columns = math.sqrt(_num_columns(train)) if is_class else _num_columns(train)
    return _SECONDS_PER_SPLIT * count * math.log2(max(2, count)) * num_columns


def _reduction_note(trees: int) -> str:
    """Say that there are fewer trees than usual."""
    return (
        ""
        if trees >= DEFAULT_TREES
        else f"{trees} trees, as {DEFAULT_TREES} would take over a minute"
    )


def _num_columns(train: Matrix) -> int:
    return train.numbers.shape[1] + train.classes.shape[1]


def _check_columns(train: Matrix) -> None:
    if _num_columns(train) == 0:
        raise UnfitError("there are texts alone")


def _columns(matrix: Matrix) -> "np.ndarray":
    import numpy as np

    return np.concatenate([matrix.numbers, matrix.classes.clip(0, _MAX_CLASSES - 1)], axis=1)


def _categorical_mask(train: Matrix) -> Any:  # noqa: ANN401 - sklearn's stubs want a text
    """Return which columns are classes, as a list of truths."""
    return [False] * train.numbers.shape[1] + [True] * train.classes.shape[1]
