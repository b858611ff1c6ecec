"""Four baselines of scikit-learn; each selects its hyperparameters on valid, in fixed order."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    import numpy as np

_DISTANCE_COMPONENTS = 64  # principal components for methods based on distances
_TUNING_EXAMPLES = 2_000  # examples for the hyperparameter search of the SVM
_MAX_PRODUCTS = 150e6  # kernel products of its final fit: some 10 s
_MAX_SVM_CLASSES = 100  # it is fitted for each pair of classes
_MAX_LOGISTIC_SCORES = 2e6  # examples times classes of logistic regression: some 5 s
_MAX_FOREST_EXAMPLES = 10_000  # training examples of the forest: some 10 s
_MAX_LEAVES = 5e7  # values in the leaves of all trees
_BATCH_SIZE = 1_000


class UnfitError(Exception):
    """A method cannot be fitted; the message is the reason."""


@dataclass(frozen=True)
class Examples:
    """Examples as the methods read them.

    features: (N, F), float32.
    components: their principal components (N, P), largest variance first.
    label: (N,), int64 in [0, classes); (0,) for examples to predict.
    """

    features: "np.ndarray"
    components: "np.ndarray"
    label: "np.ndarray"
    classes: int

    def __len__(self) -> int:
        return len(self.features)

    def first(self, count: int) -> "Examples":
        """Return the first examples."""
        return Examples(
            self.features[:count], self.components[:count], self.label[:count], self.classes
        )

    @property
    def distance_features(self) -> "np.ndarray":
        """The features for methods based on distances, (N, 64) at most."""
        return self.components[:, :_DISTANCE_COMPONENTS]


@dataclass(frozen=True)
class FittedModel:
    """A fitted method: its predictor, its number of training examples, and its settings."""

    predict: Callable[[Examples], "np.ndarray"]
    examples: int
    settings: dict[str, float]
    support_share: float = 1.0  # share of support vectors


def logistic(train: Examples, valid: Examples) -> FittedModel:
    """Fit logistic regression."""
    from sklearn.linear_model import LogisticRegression

    train = train.first(max(_TUNING_EXAMPLES, int(_MAX_LOGISTIC_SCORES / train.classes)))
    scale = _std(train.components)

    def fit(penalty: float) -> FittedModel:
        model: Any = LogisticRegression(C=penalty, max_iter=200, tol=1e-3, random_state=0)
        model.fit(train.components / scale, train.label)
        return FittedModel(
            lambda examples: model.predict(examples.components / scale), len(train), {"C": penalty}
        )

    return _select_best([fit(penalty) for penalty in (0.1, 0.01, 1.0)], valid)


def svm(train: Examples, valid: Examples) -> FittedModel:
    """Fit a support vector machine with an RBF kernel.

    Hyperparameters are selected with 2,000 examples; the share of support vectors among them then
    sets how many examples the final fit can afford.
    """
    from sklearn.svm import SVC

    if train.classes > _MAX_SVM_CLASSES:
        raise UnfitError(f"more than {_MAX_SVM_CLASSES} classes have too many pairs")
    base_gamma = 1 / (train.distance_features.shape[1] * _std(train.distance_features) ** 2)

    def fit(examples: Examples, C: float, gamma: float) -> FittedModel:  # noqa: N803 - scikit-learn's
        model: Any = SVC(cache_size=500, random_state=0).set_params(C=C, gamma=gamma)
        model.fit(examples.distance_features, examples.label)
        support_share = len(model.support_) / len(examples)
        settings = {"C": C, "gamma": gamma}
        return FittedModel(
            lambda test: model.predict(test.distance_features),
            len(examples),
            settings,
            support_share,
        )

    grid = [(3.0, base_gamma), (3.0, 2 * base_gamma), (10.0, base_gamma), (3.0, base_gamma / 2)]
    subset = train.first(_TUNING_EXAMPLES)
    best = _select_best([fit(subset, *setting) for setting in grid], valid)
    larger = train.first(max(_TUNING_EXAMPLES, int(math.sqrt(_MAX_PRODUCTS / best.support_share))))
    return best if len(larger) == len(subset) else fit(larger, **best.settings)


def neighbors(train: Examples, valid: Examples) -> FittedModel:
    """Fit k nearest neighbors, weighted by inverse distance."""
    import numpy as np
    from sklearn.neighbors import NearestNeighbors

    k_values = [k for k in (3, 5, 1, 9, 15) if k <= len(train)] or [1]
    index: Any = NearestNeighbors(n_neighbors=max(k_values), algorithm="brute").fit(
        train.distance_features
    )

    def vote(test: Examples, k: int) -> "np.ndarray":
        predictions: list[np.ndarray] = [np.empty(0, np.int64)]
        for start in range(0, len(test), _BATCH_SIZE):
            distances, nearest = index.kneighbors(
                test.distance_features[start : start + _BATCH_SIZE]
            )
            weights = 1 / np.maximum(distances[:, :k], 1e-6)
            vote_index = (
                np.arange(len(distances))[:, None] * train.classes + train.label[nearest[:, :k]]
            )
            votes = np.bincount(vote_index.ravel(), weights.ravel(), len(distances) * train.classes)
            predictions.append(votes.reshape(len(distances), -1).argmax(axis=1))
        return np.concatenate(predictions)

    def fit(k: int) -> FittedModel:
        return FittedModel(lambda test: vote(test, k), len(train), {"k": k})

    return _select_best([fit(k) for k in k_values], valid)


def forest(train: Examples, valid: Examples) -> FittedModel:
    """Fit a random forest of 100 trees, or as many as fit into memory."""
    from sklearn.ensemble import RandomForestClassifier

    train = train.first(
        min(_MAX_FOREST_EXAMPLES, max(_TUNING_EXAMPLES, int(_MAX_LEAVES / (200 * train.classes))))
    )
    trees = min(100, max(20, int(_MAX_LEAVES / (2 * len(train) * train.classes))))
    model: Any = RandomForestClassifier(trees, random_state=0, n_jobs=torch.get_num_threads())
    model.fit(train.features, train.label)
    return FittedModel(lambda test: model.predict(test.features), len(train), {"trees": trees})


Method = Callable[[Examples, Examples], FittedModel]
METHODS: dict[str, Method] = {
    "logistic": logistic,
    "svm": svm,
    "neighbors": neighbors,
    "forest": forest,
}


def _select_best(models: Sequence[FittedModel], valid: Examples) -> FittedModel:
    """Return the most accurate model on valid; of equal ones, or without valid, the first."""
    if not len(valid):
        return models[0]
    return max(models, key=lambda model: int((model.predict(valid) == valid.label).sum()))


def _std(values: "np.ndarray") -> float:
    """Return the pooled standard deviation of all columns, 1 if they are constant."""
    return math.sqrt(float(values.var(axis=0).mean())) or 1.0
