"""Tree ensembles on tables: gradient boosting and random forests of scikit-learn.

They have at least as many trees as scikit-learn's defaults, unless that takes over a minute.
"""

import math
from typing import TYPE_CHECKING, Any

import torch

from brique.evaluation.baselines.matrix import Matrix
from brique.evaluation.baselines.methods import FittedMethod, MethodData, UnfitError

if TYPE_CHECKING:
    import numpy as np

DEFAULT_TREES = 100  # as in scikit-learn
_NO_EARLY_STOPPING: Any = False  # sklearn's stubs want a text
_MAX_CLASSES = 255  # classes of a column in gradient boosting, at most
_MAX_TARGETS = 40  # each needs a model
_MAX_SECONDS = 60.0  # time limit of a method
_NUM_CORES = 2  # of the assumed machine
_MIN_TREES = 10  # below this, boosting is skipped
_MIN_FOREST_TREES = 30  # below this, a forest is fitted on fewer examples
_SECONDS_PER_COLUMN, _SECONDS_PER_CELL = 25e-6, 1e-8  # of a boosted tree
_SECONDS_PER_SPLIT = 2.5e-7  # of a forest, for each value at each depth of a tree
_SMALL_DATA = 2000  # examples, up to which small trees are tried too
_SETTINGS = (
    {"learning_rate": 0.05, "max_leaf_nodes": 8},
    {"learning_rate": 0.1, "max_leaf_nodes": 31},
)


def boosting_classifier(data: MethodData) -> FittedMethod:
    """Gradient boosting of trees for classes; often the strongest baseline on tables."""
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
    """Gradient boosting of trees for numbers; one model per target."""
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
    """Random forest for classes."""
    from sklearn.ensemble import RandomForestClassifier

    _check_columns(data.train)
    trees = _num_forest_trees(data.train, is_class=True)
    model: Any = RandomForestClassifier(trees, random_state=0, n_jobs=torch.get_num_threads())
    model.fit(_columns(data.train), data.target)
    return FittedMethod(
        lambda matrix: model.predict(_columns(matrix)), {"trees": trees}, _reduction_note(trees)
    )


def forest_regressor(data: MethodData) -> FittedMethod:
    """Random forest for numbers; one forest for all targets."""
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
    """Return the number of examples on which a forest of 30 trees fits in the time limit."""
    count = limit
    while (
        count > 1000
        and _MIN_FOREST_TREES * _seconds_per_tree(count, train, is_class=is_class)
        > _MAX_SECONDS * _NUM_CORES
    ):
        count = int(0.9 * count)
    return count


class _MultiOutput:
    """One model from a model per target."""

    def __init__(self, models: list[Any]) -> None:
        self._models = models

    def predict(self, columns: "np.ndarray") -> "np.ndarray":
        """Return numbers (N, T)."""
        import numpy as np

        return np.stack([model.predict(columns) for model in self._models], axis=1)


def _candidate_settings(train: Matrix) -> tuple[dict[str, float], ...]:
    """Return the settings of boosting to try; on small data small trees too."""
    return _SETTINGS if len(train) <= _SMALL_DATA else _SETTINGS[1:]


def _best_on_valid(models: list[Any], data: MethodData, *, is_class: bool) -> Any:  # noqa: ANN401
    """Return the model that is best on valid; for ties, or without valid, the first."""
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
    """Return the number of trees of each model that fits in a minute on one core.

    There is one model per class. Fewer examples would not help: the cost per column dominates.
    Raises UnfitError if there would be fewer than 10 trees.
    """
    num_columns = _num_columns(train)
    column_seconds = _SECONDS_PER_COLUMN + _SECONDS_PER_CELL * len(train)
    seconds = num_models * num_columns * column_seconds  # of a tree in each model
    trees = min(limit, int(_MAX_SECONDS / seconds))
    if trees < _MIN_TREES:
        raise UnfitError(
            f"trees for {num_models} outputs from {num_columns} columns take more than a minute"
        )
    return trees


def _num_forest_trees(train: Matrix, *, is_class: bool) -> int:
    seconds = _seconds_per_tree(len(train), train, is_class=is_class)
    return max(_MIN_TREES, min(DEFAULT_TREES, int(_MAX_SECONDS * _NUM_CORES / seconds)))


def _seconds_per_tree(count: int, train: Matrix, *, is_class: bool) -> float:
    """Return the seconds per tree of a forest; for classes, a split tries sqrt(columns)."""
    num_columns = math.sqrt(_num_columns(train)) if is_class else _num_columns(train)
    return _SECONDS_PER_SPLIT * count * math.log2(max(2, count)) * num_columns


def _reduction_note(trees: int) -> str:
    """Return a note if there are fewer trees than the default, else ""."""
    return (
        ""
        if trees >= DEFAULT_TREES
        else f"{trees} trees, as {DEFAULT_TREES} would take over a minute"
    )


def _num_columns(train: Matrix) -> int:
    return train.numbers.shape[1] + train.classes.shape[1]


def _check_columns(train: Matrix) -> None:
    if _num_columns(train) == 0:
        raise UnfitError("all inputs are texts")


def _columns(matrix: Matrix) -> "np.ndarray":
    import numpy as np

    return np.concatenate([matrix.numbers, matrix.classes.clip(0, _MAX_CLASSES - 1)], axis=1)


def _categorical_mask(train: Matrix) -> Any:  # noqa: ANN401 - sklearn's stubs want a text
    """Return a list of bools: which columns are classes."""
    return [False] * train.numbers.shape[1] + [True] * train.classes.shape[1]
