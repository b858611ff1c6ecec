"""Originals: what is known of picture files as they are, before they are fitted to one size."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from brique.data import likeness
from brique.schema.pictures import Look


@dataclass
class Originals:
    """What is known of the picture files of a source, in order.

    looks: mode, size and what else is odd.
    thumbs: (N, 1152), uint8, by which nearly equal pictures are found.
    """

    looks: list[Look] = field(default_factory=list[Look])
    thumbs: np.ndarray = field(default_factory=lambda: np.empty((0, 0), np.uint8))
    _pairs: np.ndarray | None = None

    def near_pairs(self) -> np.ndarray:
        """Return the pairs of pictures that are nearly the same (P, 2), int64; sought once."""
        if self._pairs is None:
            sides = [min(look.height, look.width) for look in self.looks]
            self._pairs = likeness.near_pairs(self.thumbs, side=int(np.median(sides)))
        return self._pairs


def connected(n: int, pairs: Iterable[tuple[int, int]], groups: np.ndarray) -> np.ndarray:
    """Return for each of n things (N,) a number of its group: those that pairs or groups connect.

    groups: (N,), a number for each; equal numbers are connected already.
    """
    above = np.arange(n)
    first: dict[int, int] = {}

    def root(thing: int) -> int:
        while above[thing] != thing:
            above[thing] = thing = int(above[above[thing]])
        return thing

    for thing, group in enumerate(groups.tolist()):
        above[thing] = first.setdefault(group, thing)
    for one, two in pairs:
        low, high = sorted((root(one), root(two)))
        above[high] = low
    return np.array([root(thing) for thing in range(n)], np.int64)
