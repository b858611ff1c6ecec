"""How much one column alone tells of a target, beyond the commonest class or the mean.

What is fitted is fitted on one half of the rows and scored on the other, both ways.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln

from brique import keys

LARGE = 0.95  # share of the mistakes of the commonest class that a leak avoids
CLOSE = 0.99  # share of the variance of numbers that a leak explains
_COPY = 1 - 2e-7  # share of the variance that a copy in another unit explains
_CHANCE = np.log(1e4)  # so many times less likely than 1 in 1 must chance be, a column
_STEPS = 20.0  # nats that a table of ranges must be less likely than chance
_ROWS = 50_000  # rows looked at
_SPANS = 20  # of an index, in which the mean of numbers is compared


@dataclass(frozen=True)
class Leak:
    """What one column tells of a target.

    told: share of rows with the right class, or of the variance of numbers, on rows held out.
    base: the same for always answering the commonest class; 0 for numbers.
    gain: share of what `base` leaves that the column tells.
    how: "copy": one value for each class, or the same number in another unit; "missing": missing
        where the target is one class, or above or below a bound; "ranges": each value has a range
        of the target to itself; "tells": by a rule fitted on other rows.
    is_sure: whether chance does not explain it.
    """

    told: float
    base: float
    gain: float
    how: str
    is_sure: bool


def of_class(values: np.ndarray, labels: np.ndarray, *, is_category: bool) -> Leak | None:
    """Return what a column tells of classes, or None where there is nothing to tell.

    values: (N,), float64, NaN where missing, which counts as a value. labels: (N,), NaN likewise.
    """
    rows = _sampled(np.flatnonzero(~np.isnan(labels)))
    labels = np.unique(labels[rows], return_inverse=True)[1]
    values = values[rows]
    counts = np.bincount(labels)
    known, places = np.unique(np.nan_to_num(values, nan=-np.inf), return_inverse=True)
    if len(counts) < 2 or len(known) < 2:
        return None
    base = float(counts.max()) / len(labels)
    pairs = np.unique(places * len(counts) + labels)
    if len(pairs) == len(known) == len(counts):
        is_sure = _arrangements(counts) - _orders(len(counts)) > _CHANCE
        return Leak(1.0, base, 1.0, "copy", bool(is_sure))
    found = _missing_class(np.isnan(values), labels, counts)
    if found is not None:
        return found
    told, better, worse = _held_out(places, labels, is_category=is_category, known=len(known))
    gain = (told - base) / (1 - base)
    return Leak(told, base, gain, "tells", _sign(better, worse) > _CHANCE)


def of_number(values: np.ndarray, goal: np.ndarray, *, is_category: bool) -> Leak | None:
    """Return what a column tells of numbers, or None where there is nothing to tell."""
    rows = _sampled(np.flatnonzero(~np.isnan(goal)))
    values, goal = values[rows], goal[rows]
    lacks = np.isnan(values)
    if lacks.any() and _stepped(lacks.astype(np.float64), goal, is_ordered=False) > _STEPS:
        return Leak(1.0, 0.0, 1.0, "missing", is_sure=True)
    if lacks.mean() > 0.1:
        return None
    one, two = values[~lacks], goal[~lacks]
    straight = 0.0
    if not is_category:
        straight = min((_line(one, two, half) for half in _halves(len(one))), default=0.0)
    if straight >= _COPY:
        return Leak(straight, 0.0, straight, "copy", is_sure=True)
    if _stepped(one, two, is_ordered=not is_category) > _STEPS:
        return Leak(1.0, 0.0, 1.0, "ranges", is_sure=True)
    if is_category:
        return None
    ranks = [np.unique(each, return_inverse=True)[1] for each in (one, two)]
    few = min(int(each.max(initial=0)) for each in ranks) < _SPANS
    ranked = 0.0 if few else _squared(*(each.astype(np.float64) for each in ranks))
    told = max(straight, ranked)
    return Leak(told, 0.0, told, "tells", is_sure=True)


def of_order(values: np.ndarray, goal: np.ndarray) -> float:
    """Return the share of the variance of numbers that their place along a column explains."""
    rows = np.flatnonzero(~np.isnan(goal) & ~np.isnan(values))
    values, goal = values[rows], goal[rows]
    shares: list[float] = []
    for half in _halves(len(rows)):
        edges = np.quantile(values[half], np.linspace(0, 1, _SPANS + 1)[1:-1])
        spans = np.searchsorted(edges, values)
        sums = np.bincount(spans[half], goal[half], _SPANS)
        counts = np.bincount(spans[half], minlength=_SPANS)
        means = np.where(counts > 0, sums / np.maximum(counts, 1), goal[half].mean())
        shares.append(_explained(goal[~half], means[spans[~half]]))
    return min(shares, default=0.0)


def _sampled(rows: np.ndarray) -> np.ndarray:
    return rows[:: max(1, -(-len(rows) // _ROWS))]


def _halves(n: int) -> list[np.ndarray]:
    """Return a fixed half of n rows and the other one, each (n,), bool."""
    import torch

    order = torch.randperm(n, generator=keys.generator(keys.word("leaks"))).numpy()
    half = order % 2 == 0
    return [half, ~half] if n > 1 else []


def _arrangements(counts: np.ndarray) -> float:
    """Return the logarithm of the number of ways in which values of such counts can lie."""
    return float(gammaln(counts.sum() + 1) - gammaln(counts + 1).sum())


def _orders(count: int) -> float:
    return float(gammaln(count + 1))


def _sign(better: int, worse: int) -> float:
    """Return minus the logarithm of the chance of so many better rows of those that differ."""
    from scipy.stats import binom

    return -float(binom.logsf(better - 1, better + worse, 0.5)) if better else 0.0


def _missing_class(lacks: np.ndarray, labels: np.ndarray, counts: np.ndarray) -> Leak | None:
    """Return the leak of a column that is missing where the class is one, or only there known."""
    if not lacks.any() or lacks.all():
        return None
    for side in (lacks, ~lacks):
        inside = np.bincount(labels[side], minlength=len(counts))
        own = int(inside.argmax())
        wrong = int(side.sum() - inside[own] + counts[own] - inside[own])
        rare = int(min(counts[own], len(labels) - counts[own]))
        if wrong <= (1 - LARGE) * rare:
            nats = _arrangements(np.array([rare, len(labels) - rare])) - _orders(len(counts))
            told, base = 1 - wrong / len(labels), 1 - rare / len(labels)
            return Leak(told, base, 1 - wrong / rare, "missing", nats > _CHANCE)
    return None


def _held_out(
    places: np.ndarray, labels: np.ndarray, *, is_category: bool, known: int
) -> tuple[float, int, int]:
    """Return the share of right classes of rows held out, and in how many it is better or worse.

    A column of few values answers for each its commonest class; one of many has a few borders.
    """
    from sklearn.tree import DecisionTreeClassifier

    classes = int(labels.max()) + 1
    is_table = is_category or known <= 2 * classes
    right = better = worse = 0
    for half in _halves(len(labels)):
        usual = int(np.bincount(labels[half]).argmax())
        if is_table:
            table = np.zeros((known, classes), np.int64)
            np.add.at(table, (places[half], labels[half]), 1)
            answers = np.where(table.any(1), table.argmax(1), usual)[places[~half]]
        else:
            tree = DecisionTreeClassifier(max_leaf_nodes=2 * classes, random_state=0)
            tree.fit(places[half, None], labels[half])
            answers = tree.predict(places[~half, None])
        hit, plain = answers == labels[~half], usual == labels[~half]
        right += int(hit.sum())
        better, worse = better + int((hit & ~plain).sum()), worse + int((plain & ~hit).sum())
    return right / len(labels), better, worse


def _stepped(values: np.ndarray, goal: np.ndarray, *, is_ordered: bool) -> float:
    """Return how unlikely it is that values have ranges of the goal to themselves, in nats.

    0 where they have not. is_ordered: whether the ranges must rise or fall with the values.
    """
    known, places, sizes = np.unique(values, return_inverse=True, return_counts=True)
    if len(known) < 2 or len(known) == len(values):
        return 0.0
    low, high = np.full(len(known), np.inf), np.full(len(known), -np.inf)
    np.minimum.at(low, places, goal)
    np.maximum.at(high, places, goal)
    order = np.argsort(low, kind="stable")
    if is_ordered and not (np.diff(order) == 1).all() and not (np.diff(order) == -1).all():
        return 0.0
    if (high[order][:-1] >= low[order][1:]).any():
        return 0.0
    return _arrangements(sizes) - (np.log(2) if is_ordered else _orders(len(known)))


def _line(values: np.ndarray, goal: np.ndarray, half: np.ndarray) -> float:
    """Return the share of the variance that a line fitted on one half explains in the other."""
    one, two = values[half], goal[half]
    spread = float(((one - one.mean()) ** 2).sum())
    if not spread:
        return 0.0
    slope = float(((one - one.mean()) * (two - two.mean())).sum()) / spread
    return _explained(goal[~half], two.mean() + slope * (values[~half] - one.mean()))


def _explained(goal: np.ndarray, answers: np.ndarray) -> float:
    spread = float(((goal - goal.mean()) ** 2).sum())
    return max(0.0, 1 - float(((goal - answers) ** 2).sum()) / spread) if spread else 0.0


def _squared(one: np.ndarray, two: np.ndarray) -> float:
    """Return the square of a correlation.

    Source: Spearman 1904, "The proof and measurement of association between two things", of ranks.
    """
    one, two = one - one.mean(), two - two.mean()
    scale = float((one @ one) * (two @ two))
    return float(one @ two) ** 2 / scale if scale else 0.0
