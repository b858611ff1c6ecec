"""Orders of examples in an epoch, a function of (seed, epoch) alone."""

import torch
from torch import Tensor

from brique import keys

_ORDER = keys.text_key("order")
_BUCKETS = keys.text_key("buckets")
_BALANCED = keys.text_key("balanced order")
_POOL_BATCHES = 50  # batches that are sorted by length together


def permutation(count: int, seed: int, epoch: int) -> Tensor:
    """Return a random permutation of 0 to count - 1: (count,), int64."""
    return torch.randperm(count, generator=keys.generator(keys.mix(seed, _ORDER, epoch)))


def bucket_by_length(
    indices: Tensor, lengths: Tensor, batch_size: int, seed: int, epoch: int
) -> Tensor:
    """Return indices with similar lengths in one batch: pools of 50 batches are sorted.

    indices: (M * batch_size,). lengths: (N,), by index. The order of batches is random.
    """
    pools = [
        pool[torch.argsort(lengths[pool], stable=True)]
        for pool in indices.split(_POOL_BATCHES * batch_size)
    ]
    generator = keys.generator(keys.mix(seed, _BUCKETS, epoch))
    batches = torch.cat(pools).view(-1, batch_size)
    return batches[torch.randperm(len(batches), generator=generator)].flatten()


def balanced_sample(labels: Tensor, seed: int, epoch: int) -> tuple[Tensor, Tensor]:
    """Return N indices in which all classes are equally frequent.

    labels: (N,), int64, classes. With K classes present, each run of K indices that begins at a
        multiple of K holds each class once.
    Returns indices (N,), int64, and repeats (N,), int64: how often each occurred before. All
    examples of a class occur before one is repeated.
    """
    classes, sizes = labels.unique(return_counts=True)
    members = torch.argsort(labels, stable=True).split(sizes.tolist())
    generator = keys.generator(keys.mix(seed, _BALANCED, epoch))
    rounds = -(-len(labels) // len(classes))
    class_order = torch.rand(rounds, len(classes), generator=generator).argsort(
        1
    )  # class of each index
    indices, repeats = torch.empty(2, rounds, len(classes), dtype=torch.int64)
    for number, class_members in enumerate(members):
        cycles = -(-rounds // len(class_members))
        order = torch.rand(cycles, len(class_members), generator=generator).argsort(1)
        indices[class_order == number] = class_members[order].flatten()[:rounds]
        repeats[class_order == number] = torch.arange(rounds) // len(class_members)
    return indices.flatten()[: len(labels)], repeats.flatten()[: len(labels)]
