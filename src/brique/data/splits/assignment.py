"""Assignment of examples to train, valid and test: a fixed split on their content."""

import numpy as np
import torch
from torch import Tensor

from brique.data.finding import Finding
from brique.data.raw.column import Labels
from brique.data.raw.digests import all_digests
from brique.data.raw.source import PARTS, Source
from brique.data.splits.by_time import assign_by_time
from brique.data.splits.chance import distinct_digests, equal_by_chance
from brique.data.splits.components import connected_components
from brique.data.splits.near_pairs import near_pairs
from brique.data.splits.stratified import GroupedExamples, assign_stratified
from brique.errors import DataError
from brique.schema import Category

TEST_SHARE, VALID_SHARE = 0.2, 0.1  # of all examples; of the rest
_MAX_NEAR_SHARE = 0.5  # largest share of a chain of near-duplicates that stays together
_MIN_NEAR_GROUP = 20  # smaller chains always stay together
NO_PART = 3  # in place of a part
_HOLDOUT_SALT = 1 << 20  # salts from here on are for `hold_out`


def assign_parts(source: Source) -> Tensor:
    """Return the part of each example (N,), uint8: the source's own, or a fixed split.

    Raises DataError if groups or times do not allow one.
    """
    part = (
        torch.zeros(len(source), dtype=torch.uint8) if source.part is None else source.part.clone()
    )
    has_part = [bool((part == number).any()) for number in range(3)]
    row_ids = (part == 0).nonzero().flatten().numpy()
    test, valid = (0.0 if has_part[2] else TEST_SHARE), (0.0 if has_part[1] else VALID_SHARE)
    if source.part is not None and source.groups is not None:
        _report_crossing_groups(source, source.part.numpy(), source.groups)
    if source.is_final or (not test and not valid):
        return part
    parts = _assign_rows(source, row_ids, test, valid)
    part[torch.from_numpy(row_ids)] = torch.from_numpy(parts)
    if source.part is not None and source.times is None:
        messages = [f"{PARTS[p]} is {(parts == p).sum():,}" for p in (1, 2) if not has_part[p]]
        source.notes.append(
            f"{source.name}: {' and '.join(messages)} of its {len(row_ids):,} training examples,"
            " held out by a fixed draw."
        )
    return part


def fold_numbers(source: Source, count: int) -> np.ndarray:
    """Return the fold whose test part holds each example (N,), int64, from 0.

    Folds have nearly one size and are stratified by class; equal examples and groups stay together.
    The test part of the source is in no fold: -1.
    Raises DataError if there are fewer examples than folds, or a class or group cannot be split.
    """
    if source.times is not None:
        raise DataError(
            f"{source.name}: folds and a split by time cannot both be used, as a net would learn"
            " from the future of its test part; leave out --folds, or --time"
        )
    own_parts = np.zeros(len(source), np.uint8) if source.part is None else source.part.numpy()
    rows = np.flatnonzero(own_parts != PARTS.index("test"))
    grouped = _group_examples(source, rows, salt=0)
    if not 2 <= count <= len(grouped.draws):
        raise DataError(
            f"{source.name}: folds must be 2 to {len(grouped.draws):,}, as many as there are"
            f" {'groups' if source.groups is not None else 'different examples'}, got {count};"
            " choose another number"
        )
    pairs = np.unique(np.stack([grouped.strata, grouped.units], 1), axis=0)
    classes, units = np.unique(pairs[:, 0], return_counts=True)
    if len(classes) > 1 and int(units.min()) < 2:
        row = int(rows[np.flatnonzero(grouped.strata == classes[units.argmin()])[0]])
        raise DataError(
            f"{source.name}: folds need each class in two places at least, but all of class"
            f" '{_class_of(source, row)}' is one {_unit_word(source)}, and would be missing where"
            " it is for test; add examples, leave the class out, or choose another --group"
        )
    numbers = np.full(len(source), -1, np.int64)
    numbers[rows] = assign_stratified(grouped, (1 / count,) * count)
    return numbers


def in_second_half(source: Source, rows: np.ndarray) -> np.ndarray:
    """Return which of the examples at `rows` are in the second of two halves (M,), bool.

    Halves are stratified by class; equal examples and groups stay together.
    """
    return assign_stratified(_group_examples(source, rows, salt=0), (0.5, 0.5)).astype(bool)


def hold_out(source: Source, rows: np.ndarray, share: float, draw: int) -> np.ndarray:
    """Return 0 for about a share of the examples at `rows`, 1 for the others (M,), int64.

    draw: the number of the random split, made as in `assign_parts`.
    """
    parts = _assign_random(source, rows, share, 0.0, salt=_HOLDOUT_SALT + draw)
    return (parts != PARTS.index("test")).astype(np.int64)


def fold_part(source: Source, numbers: np.ndarray, number: int) -> Tensor:
    """Return the part of each example (N,), uint8, with one fold as test.

    numbers: (N,), of `fold_numbers`. A tenth of the other folds is for valid; examples in no fold
    get NO_PART.
    """
    part = np.full(len(source), NO_PART, np.uint8)
    part[numbers == number] = PARTS.index("test")
    others = np.flatnonzero((numbers >= 0) & (numbers != number))
    part[others] = _assign_random(source, others, 0.0, VALID_SHARE, salt=number + 1)
    return torch.from_numpy(part)


def _assign_rows(source: Source, rows: np.ndarray, test: float, valid: float) -> np.ndarray:
    """Return the part of each example at `rows`, uint8, by groups, times or content."""
    if source.times is None:
        return _assign_random(source, rows, test, valid, salt=0)
    if source.groups is not None:
        raise DataError(
            f"{source.name}: --group and --time cannot both decide the split; choose one of them"
        )
    return assign_by_time(source, source.times[rows], rows, test, valid)


def _assign_random(
    source: Source, rows: np.ndarray, test: float, valid: float, *, salt: int
) -> np.ndarray:
    """Return the part of each example at `rows` (M,), uint8, by a fixed split.

    salt: the number of the split.
    """
    if source.groups is None:
        group_digests = _near_group_digests(source, rows)
        return _assign_by_digest(_salted(group_digests, salt), _strata(source, rows), test, valid)
    grouped = _group_examples(source, rows, salt=salt)
    if len(grouped.draws) < 2:
        raise DataError(
            f"{source.name}: all {len(rows):,} examples are in one group, or equal to one in it, so"
            " that none can be held out; choose another --group"
        )
    shares = ((1 - test) * (1 - valid), (1 - test) * valid, test)
    parts = assign_stratified(grouped, shares, home=0).astype(np.uint8)
    if test and not (parts == PARTS.index("test")).any():
        raise DataError(
            f"{source.name}: no group can be held out for test without a class losing all of its"
            " training examples; choose another --target, or a --group that is not the target"
        )
    return parts


def _report_crossing_groups(source: Source, part: np.ndarray, groups: np.ndarray) -> None:
    """Add a finding if the parts of the source split groups."""
    numbers, first, group_index = np.unique(groups, return_index=True, return_inverse=True)
    has_examples = np.zeros((len(numbers), 3), bool)
    has_examples[group_index, part] = True
    crossing = np.flatnonzero(has_examples[:, 2] & has_examples[:, :2].any(1))
    if len(crossing) and not any(finding.kind == "group leak" for finding in source.findings):
        message = "1 group has" if len(crossing) == 1 else f"{len(crossing):,} groups have"
        source.findings.append(
            Finding(
                "group leak",
                "error",
                "test",
                tuple((source.example_name(row),) for row in first[crossing].tolist()),
                len(crossing),
                f"{message} examples both in test and in train or valid: a net can recognize the"
                " group, and the test result is too high.",
                "Remove the parts from the data, so that brique splits it by group, or move each"
                " group to one side.",
            )
        )


def _group_examples(source: Source, rows: np.ndarray, *, salt: int) -> GroupedExamples:
    """Return the examples at `rows` as units, with classes and random numbers."""
    group_digests = _near_group_digests(source, rows)
    if source.groups is not None:
        _, digest_numbers = np.unique(group_digests, return_inverse=True)
        _, first = np.unique(digest_numbers, return_index=True)
        pairs = np.stack([np.arange(len(rows)), first[digest_numbers]], 1)
        groups = connected_components(len(rows), pairs[pairs[:, 0] != pairs[:, 1]].tolist(),
                           source.groups[rows])  # fmt: skip
    else:
        groups = group_digests
    _, units = np.unique(groups, return_inverse=True)
    draws = np.full(int(units.max(initial=-1)) + 1, np.iinfo(np.uint64).max, np.uint64)
    np.minimum.at(draws, units, group_digests)
    _, strata = np.unique(_strata(source, rows), return_inverse=True)
    return GroupedExamples(units, strata, _salted(draws, salt, least_of_several=True))


def _salted(draws: np.ndarray, salt: int, *, least_of_several: bool = False) -> np.ndarray:
    """Return uint64 numbers mixed one to one; unchanged if salt is 0.

    least_of_several: mix them in any case, since the minimum of many is small.
    Source: Steele, Lea, Flood 2014, "Fast splittable pseudorandom number generators".
    """
    if not salt and not least_of_several:
        return draws
    state = draws + np.uint64((0x9E3779B97F4A7C15 * (salt + 1)) & 0xFFFFFFFFFFFFFFFF)
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return state ^ (state >> np.uint64(31))


def _assign_by_digest(
    digests: np.ndarray, strata: np.ndarray, test: float, valid: float
) -> np.ndarray:
    """Return the part of each example (N,), uint8, by its content alone.

    Within a stratum, examples are sorted by digest; the first fill test, the next valid. Equal
    examples are one group, in the stratum of its first; groups of several come last, so that they
    usually go to train, and always to one part.
    """
    _, first, group, sizes = np.unique(
        digests, return_index=True, return_inverse=True, return_counts=True
    )
    stratum = strata[first]
    order = np.lexsort((np.arange(len(first)), sizes, stratum))  # of groups
    ends = np.cumsum(sizes[order])
    totals = np.bincount(stratum[order], weights=sizes[order]).astype(np.int64)
    starts = np.concatenate([[0], np.cumsum(totals)[:-1]])
    stratum_sizes, ends_in_stratum = totals[stratum[order]], ends - starts[stratum[order]]
    test_counts = _rounded_share(stratum_sizes, test, min_count=3)
    valid_counts = _rounded_share(stratum_sizes - test_counts, valid, min_count=2)
    parts = np.where(
        ends_in_stratum <= test_counts,
        2,
        np.where(ends_in_stratum <= test_counts + valid_counts, 1, 0),
    ).astype(np.uint8)
    of_group = np.empty(len(first), np.uint8)
    of_group[order] = parts
    return of_group[group]


def _near_group_digests(source: Source, rows: np.ndarray) -> np.ndarray:
    """Return a number for each example at `rows`, uint64, shared by equal and near-duplicate ones.

    It is their lowest digest. If most examples are near-duplicates, as texts from one template,
    only equal ones share a number.
    """
    digests = all_digests(source, rows) if source.digests is None else source.digests[rows]
    if len(np.unique(digests)) < len(digests) and equal_by_chance(source):
        return distinct_digests(source, digests)
    index_of = {row: index for index, row in enumerate(rows.tolist())}
    pairs = near_pairs(source).tolist()  # rows of the source
    index_pairs = [(index_of[a], index_of[b]) for a, b in pairs if a in index_of and b in index_of]
    if not index_pairs:
        return digests
    _, digest_numbers = np.unique(digests, return_inverse=True)
    groups = connected_components(len(digests), index_pairs, digest_numbers)
    largest = int(np.bincount(groups).max())
    if (
        largest > max(_MIN_NEAR_GROUP, _MAX_NEAR_SHARE * len(rows))
        and largest > np.bincount(digest_numbers).max()
    ):
        note = (
            f"{source.name}: {largest:,} of {len(rows):,} examples are nearly the same as another"
            " one, too many to stay together: test has near-duplicates of training examples."
        )
        source.notes += [] if note in source.notes else [note]
        return digests
    min_digests = np.full(len(digests), np.iinfo(np.uint64).max, np.uint64)
    np.minimum.at(min_digests, groups, digests)
    return min_digests[groups]


def _rounded_share(counts: np.ndarray, share: float, *, min_count: int) -> np.ndarray:
    """Return round(share * n), but at least 1 if n reaches `min_count`."""
    if not share:
        return np.zeros_like(counts)
    return np.maximum(
        np.rint(counts * share).astype(np.int64), (counts >= min_count).astype(np.int64)
    )


def _strata(source: Source, rows: np.ndarray) -> np.ndarray:
    """Return the class of each example at `rows`, or 0 without classes."""
    for name in source.targets:
        labels = source.fields[name]
        if isinstance(labels, Labels):
            _, class_numbers = np.unique(
                [labels.text(row) for row in rows.tolist()], return_inverse=True
            )
            return class_numbers.astype(np.int64)
        if isinstance(source.kinds.get(name), Category):
            assert isinstance(labels, Tensor)
            return labels.numpy()[rows]
    return np.zeros(len(rows), np.int64)


def _class_of(source: Source, row: int) -> str:
    """Return the name of an example's class."""
    for name in source.targets:
        labels, kind = source.fields[name], source.kinds.get(name)
        if isinstance(labels, Labels):
            return labels.text(row)
        if isinstance(kind, Category) and isinstance(labels, Tensor):
            return kind.restore(labels[row])
    return ""


def _unit_word(source: Source) -> str:
    return "example" if source.groups is None else "group"
