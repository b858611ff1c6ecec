"""Connected components of pairs and groups."""

from collections.abc import Iterable

import numpy as np


def connected_components(
    n: int, pairs: Iterable[tuple[int, int]], groups: np.ndarray
) -> np.ndarray:
    """Return the component of each of n items (N,), int64.

    groups: (N,), a number for each item; items of one number are connected.
    """
    parent = np.arange(n)
    first: dict[int, int] = {}

    def root(item: int) -> int:
        while parent[item] != item:
            parent[item] = item = int(parent[parent[item]])
        return item

    for item, group in enumerate(groups.tolist()):
        parent[item] = first.setdefault(group, item)
    for first_item, second_item in pairs:
        low, high = sorted((root(first_item), root(second_item)))
        parent[high] = low
    return np.array([root(item) for item in range(n)], np.int64)
