"""Everything random is a function of a key, such as (seed, epoch, sample) or (seed, turn, draw).

A key is mixed into a 63-bit number that seeds a generator of its own, so that no draw depends on
earlier draws: resuming is O(1), and the number of workers changes nothing.
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


def text_key(text: str) -> int:
    """Return a 63-bit number for a text, the same in every process and version of Python."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little") >> 1


def generator(key: int, device: "torch.device | str" = "cpu") -> "torch.Generator":
    """Return a new torch generator on `device` seeded by `key`."""
    import torch

    return torch.Generator(device).manual_seed(key)


def uniform(key: int, ids: "torch.Tensor", columns: int) -> "torch.Tensor":
    """Return numbers in [0, 1), (N, columns), float32, on the device of `ids`.

    ids: (N,), int64. Row i depends on `key`, ids[i] and its columns alone: not on the other rows,
        the device, or how many there are.
    Source: Steele, Lea, Flood 2014, "Fast splittable pseudorandom number generators", as a counter.
    """
    import torch

    counter = torch.arange(1, columns + 1, device=ids.device) * _signed(0x9E3779B97F4A7C15)
    state = _finalize(_finalize(ids + _signed(key))[:, None] + counter)
    return ((state >> 40) & 0xFFFFFF).to(torch.float32) / 0x1000000  # 24 bits: exact


def _finalize(state: "torch.Tensor") -> "torch.Tensor":
    """Return the finalizer of `mix` of each number; int64 wraps, and right shifts are masked."""
    state = (state ^ ((state >> 30) & ((1 << 34) - 1))) * _signed(0xBF58476D1CE4E5B9)
    state = (state ^ ((state >> 27) & ((1 << 37) - 1))) * _signed(0x94D049BB133111EB)
    return state ^ ((state >> 31) & ((1 << 33) - 1))


def _signed(number: int) -> int:
    """Return the int64 with the lowest 64 bits of a number."""
    number &= _MASK
    return number - (1 << 64) if number >> 63 else number
