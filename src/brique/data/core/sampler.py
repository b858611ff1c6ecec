"""Orders of an epoch: each a function of (seed, epoch) alone."""

import torch
from torch import Tensor

from brique import keys

_ORDER = keys.text_key("order")
_BUCKETS = keys.text_key("buckets")
_BALANCED = keys.text_key("balanced order")
_POOL_BATCHES = 50  # batches whose samples are sorted by length together


def permutation(count: int, seed: int, epoch: int) -> Tensor:
    """Return the places 0 to count - 1 in a drawn order: (count,), int64."""
    return torch.randperm(count, generator=keys.generator(keys.mix(seed, _ORDER, epoch)))


def bucket_by_length(
    indices: Tensor, lengths: Tensor, batch_size: int, seed: int, epoch: int
) -> Tensor:
    """Return places such that like lengths come in one batch: pools of 50 batches are sorted.

    indices: (M * batch_size,). lengths: (N,), of each place. The order of the batches is drawn.
    """
    pools = [
        pool[torch.argsort(lengths[pool], stable=True)]
        for pool in indices.split(_POOL_BATCHES * batch_size)
    ]
    generator = keys.generator(keys.mix(seed, _BUCKETS, epoch))
    batches = torch.cat(pools).view(-1, batch_size)
    return batches[torch.randperm(len(batches), generator=generator)].flatten()


def balanced_sample(labels: Tensor, seed: int, epoch: int) -> tuple[Tensor, Tensor]:
    """Return as many places as there are, in which each class comes equally often.

    labels: (N,), int64, class of each place; of K classes that are there, each run of K places that
        begins at a multiple of K holds every one once.
    Returns places (N,), int64, and copies (N,), int64: how often each has come before. All examples
    of a class come before one comes again.
    """
    classes, sizes = labels.unique(return_counts=True)
    members = torch.argsort(labels, stable=True).split(sizes.tolist())
    generator = keys.generator(keys.mix(seed, _BALANCED, epoch))
    rounds = -(-len(labels) // len(classes))
    class_order = torch.rand(rounds, len(classes), generator=generator).argsort(
        1
    )  # a class at each place
    indices, repeats = torch.empty(2, rounds, len(classes), dtype=torch.int64)
    for number, class_members in enumerate(members):
        cycles = -(-rounds // len(class_members))
        order = torch.rand(cycles, len(class_members), generator=generator).argsort(1)
        indices[class_order == number] = class_members[order].flatten()[:rounds]
        repeats[class_order == number] = torch.arange(rounds) // len(class_members)
    return indices.flatten()[: len(labels)], repeats.flatten()[: len(labels)]
