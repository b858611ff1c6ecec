"""Everything random is a function of a key, such as (seed, epoch, sample) or (seed, turn, draw).

A key is mixed into a 63-bit number that seeds a generator of its own, so that no draw depends on
those before it: resuming is O(1), and the number of workers changes nothing.
"""

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

_MASK = (1 << 64) - 1


def mix(*parts: int) -> int:
    """Return a 63-bit number that depends on every part and on their order.

    parts: integers of any size; their lowest 64 bits count.
    Source: Steele, Lea, Flood 2014, "Fast splittable pseudorandom number generators".

    >>> mix(0, 1) != mix(1, 0)
    True
    """
    state = 0x9E3779B97F4A7C15
    for part in parts:
        state = (state + 0x9E3779B97F4A7C15) ^ (part & _MASK)
        state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & _MASK
        state ^= state >> 31
    return state >> 1


def word(text: str) -> int:
    """Return a 63-bit number for a text, the same in every process and version of Python."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little") >> 1


def generator(key: int, device: "torch.device | str" = "cpu") -> "torch.Generator":
    """Return a new torch generator on `device` seeded by `key`."""
    import torch

    return torch.Generator(device).manual_seed(key)
