"""How well one column alone predicts a target, compared with the majority class or the mean.

All is fitted on one half of the rows and scored on the other, both ways.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln

from brique import keys

MIN_CLASS_GAIN = 0.95  # of the majority-class errors, which a leak avoids
MIN_R2 = 0.99  # of a leak
_COPY_R2 = 1 - 2e-7  # of a copy in another unit
_MIN_LOG_ODDS = np.log(1e4)  # against chance
_MIN_RANGE_NATS = 20.0  # evidence of ranges against chance
_MAX_ROWS = 50_000  # rows used
_NUM_BINS = 20  # of a row number, each with its mean target


@dataclass(frozen=True)
class Leak:
    """How well one column predicts a target.

    score: accuracy, or R2 for numbers, on held-out rows.
    baseline: accuracy of the majority class; 0 for numbers.
    gain: share of the baseline error that the column explains.
    kind: "copy": one value for each class, or the same number in another unit; "missing": missing
        where the target is one class, or beyond a threshold; "ranges": each value has its own range
        of the target; "predicts": by a rule fitted on other rows.
    is_significant: whether it is more than chance.
    """

    score: float
    baseline: float
    gain: float
    kind: str
    is_significant: bool


def class_leak(values: np.ndarray, labels: np.ndarray, *, is_category: bool) -> Leak | None:
    """Return how well a column predicts classes, or None without two values and two classes.

    values: (N,), float64, NaN where missing, which counts as a value. labels: (N,), NaN likewise.
    """
    rows = _subsample(np.flatnonzero(~np.isnan(labels)))
    labels = np.unique(labels[rows], return_inverse=True)[1]
    values = values[rows]
    counts = np.bincount(labels)
    distinct, inverse = np.unique(np.nan_to_num(values, nan=-np.inf), return_inverse=True)
    if len(counts) < 2 or len(distinct) < 2:
        return None
    baseline = float(counts.max()) / len(labels)
    pairs = np.unique(inverse * len(counts) + labels)
    if len(pairs) == len(distinct) == len(counts):
        is_significant = _log_multinomial(counts) - _log_factorial(len(counts)) > _MIN_LOG_ODDS
        return Leak(1.0, baseline, 1.0, "copy", bool(is_significant))
    missing_leak = _missing_leak(np.isnan(values), labels, counts)
    if missing_leak is not None:
        return missing_leak
    score, better, worse = _cross_validate(
        inverse, labels, is_category=is_category, num_values=len(distinct)
    )
    gain = (score - baseline) / (1 - baseline)
    return Leak(score, baseline, gain, "predicts", _sign_test(better, worse) > _MIN_LOG_ODDS)


def number_leak(values: np.ndarray, target: np.ndarray, *, is_category: bool) -> Leak | None:
    """Return how well a column predicts numbers, or None where too many values are missing."""
    rows = _subsample(np.flatnonzero(~np.isnan(target)))
    values, target = values[rows], target[rows]
    is_missing = np.isnan(values)
    if (
        is_missing.any()
        and _range_evidence(is_missing.astype(np.float64), target, is_ordered=False)
        > _MIN_RANGE_NATS
    ):
        return Leak(1.0, 0.0, 1.0, "missing", is_significant=True)
    if is_missing.mean() > 0.1:
        return None
    x, y = values[~is_missing], target[~is_missing]
    line_score = 0.0
    if not is_category:
        line_score = min((_linear_r2(x, y, half) for half in _halves(len(x))), default=0.0)
    if line_score >= _COPY_R2:
        return Leak(line_score, 0.0, line_score, "copy", is_significant=True)
    if _range_evidence(x, y, is_ordered=not is_category) > _MIN_RANGE_NATS:
        return Leak(1.0, 0.0, 1.0, "ranges", is_significant=True)
    if is_category:
        return None
    ranks = [np.unique(array, return_inverse=True)[1] for array in (x, y)]
    is_coarse = min(int(array.max(initial=0)) for array in ranks) < _NUM_BINS
    rank_score = (
        0.0 if is_coarse else _squared_correlation(*(array.astype(np.float64) for array in ranks))
    )
    score = max(line_score, rank_score)
    return Leak(score, 0.0, score, "predicts", is_significant=True)


def explained_by_order(values: np.ndarray, target: np.ndarray) -> float:
    """Return the share of the variance of numbers that their order along a column explains."""
    rows = np.flatnonzero(~np.isnan(target) & ~np.isnan(values))
    values, target = values[rows], target[rows]
    shares: list[float] = []
    for half in _halves(len(rows)):
        edges = np.quantile(values[half], np.linspace(0, 1, _NUM_BINS + 1)[1:-1])
        bins = np.searchsorted(edges, values)
        sums = np.bincount(bins[half], target[half], _NUM_BINS)
        counts = np.bincount(bins[half], minlength=_NUM_BINS)
        means = np.where(counts > 0, sums / np.maximum(counts, 1), target[half].mean())
        shares.append(_r2(target[~half], means[bins[~half]]))
    return min(shares, default=0.0)


def _subsample(rows: np.ndarray) -> np.ndarray:
    return rows[:: max(1, -(-len(rows) // _MAX_ROWS))]


def _halves(n: int) -> list[np.ndarray]:
    """Return a fixed half of n rows and the other one, each (n,), bool."""
    import torch

    permutation = torch.randperm(n, generator=keys.generator(keys.text_key("leaks"))).numpy()
    half = permutation % 2 == 0
    return [half, ~half] if n > 1 else []


def _log_multinomial(counts: np.ndarray) -> float:
    """Return the logarithm of the multinomial coefficient of counts."""
    return float(gammaln(counts.sum() + 1) - gammaln(counts + 1).sum())


def _log_factorial(count: int) -> float:
    return float(gammaln(count + 1))


def _sign_test(better: int, worse: int) -> float:
    """Return the negative log p-value of a one-sided sign test."""
    from scipy.stats import binom

    return -float(binom.logsf(better - 1, better + worse, 0.5)) if better else 0.0


def _missing_leak(is_missing: np.ndarray, labels: np.ndarray, counts: np.ndarray) -> Leak | None:
    """Return the leak of a column that is missing, or present, only where the class is one."""
    if not is_missing.any() or is_missing.all():
        return None
    for side in (is_missing, ~is_missing):
        class_counts = np.bincount(labels[side], minlength=len(counts))
        majority = int(class_counts.argmax())
        wrong = int(side.sum() - class_counts[majority] + counts[majority] - class_counts[majority])
        minority_count = int(min(counts[majority], len(labels) - counts[majority]))
        if wrong <= (1 - MIN_CLASS_GAIN) * minority_count:
            nats = _log_multinomial(
                np.array([minority_count, len(labels) - minority_count])
            ) - _log_factorial(len(counts))
            score, baseline = 1 - wrong / len(labels), 1 - minority_count / len(labels)
            return Leak(
                score, baseline, 1 - wrong / minority_count, "missing", nats > _MIN_LOG_ODDS
            )
    return None


def _cross_validate(
    value_index: np.ndarray, labels: np.ndarray, *, is_category: bool, num_values: int
) -> tuple[float, int, int]:
    """Return the held-out accuracy, and the rows better and worse than the majority class.

    A column of few values predicts the majority class of each; others use a small tree.
    """
    from sklearn.tree import DecisionTreeClassifier

    num_classes = int(labels.max()) + 1
    is_table = is_category or num_values <= 2 * num_classes
    correct = better = worse = 0
    for half in _halves(len(labels)):
        most_common = int(np.bincount(labels[half]).argmax())
        if is_table:
            counts = np.zeros((num_values, num_classes), np.int64)
            np.add.at(counts, (value_index[half], labels[half]), 1)
            predictions = np.where(counts.any(1), counts.argmax(1), most_common)[value_index[~half]]
        else:
            tree = DecisionTreeClassifier(max_leaf_nodes=2 * num_classes, random_state=0)
            tree.fit(value_index[half, None], labels[half])
            predictions = tree.predict(value_index[~half, None])
        is_correct, is_baseline_correct = predictions == labels[~half], most_common == labels[~half]
        correct += int(is_correct.sum())
        better, worse = (
            better + int((is_correct & ~is_baseline_correct).sum()),
            worse + int((is_baseline_correct & ~is_correct).sum()),
        )
    return correct / len(labels), better, worse


def _range_evidence(values: np.ndarray, target: np.ndarray, *, is_ordered: bool) -> float:
    """Return the evidence against chance that each value has its own range of the target, in nats.

    0 where ranges overlap. is_ordered: whether the ranges must rise or fall with the values.
    """
    distinct, inverse, sizes = np.unique(values, return_inverse=True, return_counts=True)
    if len(distinct) < 2 or len(distinct) == len(values):
        return 0.0
    low, high = np.full(len(distinct), np.inf), np.full(len(distinct), -np.inf)
    np.minimum.at(low, inverse, target)
    np.maximum.at(high, inverse, target)
    order = np.argsort(low, kind="stable")
    if is_ordered and not (np.diff(order) == 1).all() and not (np.diff(order) == -1).all():
        return 0.0
    if (high[order][:-1] >= low[order][1:]).any():
        return 0.0
    return _log_multinomial(sizes) - (np.log(2) if is_ordered else _log_factorial(len(distinct)))


def _linear_r2(values: np.ndarray, target: np.ndarray, half: np.ndarray) -> float:
    """Return the R2 on one half of a line fitted on the other."""
    x, y = values[half], target[half]
    total_squares = float(((x - x.mean()) ** 2).sum())
    if not total_squares:
        return 0.0
    coefficient = float(((x - x.mean()) * (y - y.mean())).sum()) / total_squares
    return _r2(target[~half], y.mean() + coefficient * (values[~half] - x.mean()))


def _r2(target: np.ndarray, predictions: np.ndarray) -> float:
    total_squares = float(((target - target.mean()) ** 2).sum())
    return (
        max(0.0, 1 - float(((target - predictions) ** 2).sum()) / total_squares)
        if total_squares
        else 0.0
    )


def _squared_correlation(x: np.ndarray, y: np.ndarray) -> float:
    """Return the squared correlation, Spearman's if x and y are ranks.

    Source: Spearman 1904, "The proof and measurement of association between two things".
    """
    x, y = x - x.mean(), y - y.mean()
    scale = float((x @ x) * (y @ y))
    return float(x @ y) ** 2 / scale if scale else 0.0
