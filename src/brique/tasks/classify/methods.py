"""Four simple methods of scikit-learn; each chooses its settings on valid, in fixed order."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    import numpy as np

_NEAR = 64  # principal parts that methods of distances read: more say less and cost more
_TRIED = 2_000  # examples that a support vector machine chooses its settings with
_PRODUCTS = 150e6  # of two examples that it may then take: some 10 s
_PAIRS = 100  # classes at most that are told apart two by two
_SCORES = 2e6  # examples times classes that logistic regression may take: some 5 s
_GROWN = 10_000  # examples at most that trees grow on: some 10 s
_LEAVES = 5e7  # numbers that all trees together may hold
_AT_ONCE = 1_000


class Unfit(Exception):
    """A method cannot be fitted; the text says why."""


@dataclass(frozen=True)
class Examples:
    """Some examples, as the methods read them.

    raw: numbers (N, F), float32.
    parts: the same in P principal parts (N, P), those that vary most first.
    label: (N,), int64 in [0, classes); (0,) where it is to be found out.
    """

    raw: "np.ndarray"
    parts: "np.ndarray"
    label: "np.ndarray"
    classes: int

    def __len__(self) -> int:
        return len(self.raw)

    def first(self, count: int) -> "Examples":
        """Return the first examples."""
        return Examples(self.raw[:count], self.parts[:count], self.label[:count], self.classes)

    @property
    def near(self) -> "np.ndarray":
        """What methods of distances read, (N, 64) at most."""
        return self.parts[:, :_NEAR]


@dataclass(frozen=True)
class Fitted:
    """A fitted method: what answers, on how many examples it was fitted, and its settings."""

    predict: Callable[[Examples], "np.ndarray"]
    examples: int
    settings: dict[str, float]
    kept: float = 1.0  # share of them that it needs to answer


def logistic(train: Examples, valid: Examples) -> Fitted:
    """Fit logistic regression."""
    from sklearn.linear_model import LogisticRegression

    train = train.first(max(_TRIED, int(_SCORES / train.classes)))
    scale = _spread(train.parts)

    def fit(penalty: float) -> Fitted:
        solver: Any = LogisticRegression(C=penalty, max_iter=200, tol=1e-3, random_state=0)
        solver.fit(train.parts / scale, train.label)
        return Fitted(lambda some: solver.predict(some.parts / scale), len(train), {"C": penalty})

    return _best([fit(penalty) for penalty in (0.1, 0.01, 1.0)], valid)


def svm(train: Examples, valid: Examples) -> Fitted:
    """Fit a support vector machine with radial basis functions.

    Settings are chosen with 2,000 examples; the share of them that are support vectors then tells
    for how many there is time.
    """
    from sklearn.svm import SVC

    if train.classes > _PAIRS:
        raise Unfit(f"with more than {_PAIRS} classes their pairs are too many")
    unit = 1 / (train.near.shape[1] * _spread(train.near) ** 2)

    def fit(some: Examples, C: float, gamma: float) -> Fitted:  # noqa: N803 - scikit-learn's
        machine: Any = SVC(cache_size=500, random_state=0).set_params(C=C, gamma=gamma)
        machine.fit(some.near, some.label)
        kept = len(machine.support_) / len(some)
        settings = {"C": C, "gamma": gamma}
        return Fitted(lambda asked: machine.predict(asked.near), len(some), settings, kept)

    grid = [(3.0, unit), (3.0, 2 * unit), (10.0, unit), (3.0, unit / 2)]
    few = train.first(_TRIED)
    best = _best([fit(few, *setting) for setting in grid], valid)
    more = train.first(max(_TRIED, int(math.sqrt(_PRODUCTS / best.kept))))
    return best if len(more) == len(few) else fit(more, **best.settings)


def neighbors(train: Examples, valid: Examples) -> Fitted:
    """Fit k nearest neighbors, the nearer ones with more say."""
    import numpy as np
    from sklearn.neighbors import NearestNeighbors

    counts = [k for k in (3, 5, 1, 9, 15) if k <= len(train)] or [1]
    tree: Any = NearestNeighbors(n_neighbors=max(counts), algorithm="brute").fit(train.near)

    def vote(asked: Examples, k: int) -> "np.ndarray":
        said: list[np.ndarray] = [np.empty(0, np.int64)]
        for start in range(0, len(asked), _AT_ONCE):
            away, who = tree.kneighbors(asked.near[start : start + _AT_ONCE])
            say = 1 / np.maximum(away[:, :k], 1e-6)
            place = np.arange(len(away))[:, None] * train.classes + train.label[who[:, :k]]
            votes = np.bincount(place.ravel(), say.ravel(), len(away) * train.classes)
            said.append(votes.reshape(len(away), -1).argmax(axis=1))
        return np.concatenate(said)

    def fit(k: int) -> Fitted:
        return Fitted(lambda asked: vote(asked, k), len(train), {"k": k})

    return _best([fit(k) for k in counts], valid)


def forest(train: Examples, valid: Examples) -> Fitted:
    """Fit a random forest of 100 trees, or of as many as fit into memory."""
    from sklearn.ensemble import RandomForestClassifier

    train = train.first(min(_GROWN, max(_TRIED, int(_LEAVES / (200 * train.classes)))))
    trees = min(100, max(20, int(_LEAVES / (2 * len(train) * train.classes))))
    wood: Any = RandomForestClassifier(trees, random_state=0, n_jobs=torch.get_num_threads())
    wood.fit(train.raw, train.label)
    return Fitted(lambda asked: wood.predict(asked.raw), len(train), {"trees": trees})


Method = Callable[[Examples, Examples], Fitted]
METHODS: dict[str, Method] = {
    "logistic": logistic,
    "svm": svm,
    "neighbors": neighbors,
    "forest": forest,
}


def _best(fitted: Sequence[Fitted], valid: Examples) -> Fitted:
    """Return what is right most often on valid; of equal ones, or with no valid, the first."""
    if not len(valid):
        return fitted[0]
    return max(fitted, key=lambda one: int((one.predict(valid) == valid.label).sum()))


def _spread(values: "np.ndarray") -> float:
    """Return the standard deviation of all columns together, 1 where nothing varies."""
    return math.sqrt(float(values.var(axis=0).mean())) or 1.0
