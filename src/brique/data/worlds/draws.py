"""Random numbers of generated worlds: a function of (seed, world, part, example)."""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor
from torch.nn import functional

from brique import keys
from brique.data.core.batch import Values
from brique.data.core.ragged import Ragged
from brique.data.raw.source import PARTS, Source
from brique.errors import DataError, did_you_mean
from brique.schema import Field
from brique.schema.texts import FIRST_ID

_BLOCK = 128  # examples per block, whose pixels fit into a CPU cache
_PART_OF_CELL = (
    0,
    0,
    2,
    0,
    1,
    0,
    0,
    2,
    0,
    0,
)  # owners of ten neighboring cells: index in PARTS


class Draws:
    """Random numbers for examples of one part of a world.

    part: "train", "valid" or "test". ids: (n,), int64, indices of the examples in their part.
    Each draw has a name; its values depend on seed, world, part, example and that name alone.
    """

    def __init__(self, world: str, seed: int, part: str, ids: Tensor) -> None:
        self.part = part
        self.ids = ids
        self._key = keys.mix(keys.text_key(f"world {world}"), seed, PARTS.index(part))

    def __len__(self) -> int:
        return len(self.ids)

    def uniform(self, name: str, *shape: int) -> Tensor:
        """Return numbers in [0, 1), (n, *shape), float32."""
        columns = torch.Size(shape).numel()
        key = keys.mix(self._key, keys.text_key(name))
        return keys.uniform(key, self.ids, columns).view(len(self), *shape)

    def between(self, name: str, low: float, high: float, *shape: int) -> Tensor:
        """Return numbers in [low, high), (n, *shape), float32."""
        return low + (high - low) * self.uniform(name, *shape)

    def integers(self, name: str, count: int, *shape: int) -> Tensor:
        """Return whole numbers from 0 to count - 1, (n, *shape), int64."""
        return (self.uniform(name, *shape) * count).long().clamp_(max=count - 1)

    def normal(self, name: str, *shape: int) -> Tensor:
        """Return numbers of a normal distribution, (n, *shape), float32."""
        first = self.uniform(f"{name}, length", *shape)
        second = self.uniform(f"{name}, angle", *shape)
        return (-2 * torch.log1p(-first)).sqrt() * torch.cos(2 * torch.pi * second)

    def part_integers(self, name: str, cells: int) -> Tensor:
        """Return whole numbers from 0 to 10 * cells - 1, (n,), that no other part has.

        Of ten neighbors train owns seven, valid one and test two.
        """
        part_cells = torch.tensor(
            [
                cell
                for cell, part_number in enumerate(_PART_OF_CELL)
                if part_number == PARTS.index(self.part)
            ]
        )
        index = self.integers(name, cells * len(part_cells))
        return index // len(part_cells) * len(_PART_OF_CELL) + part_cells[index % len(part_cells)]

    def part_uniform(self, name: str, cells: int) -> Tensor:
        """Return numbers in [0, 1), (n,), float32: [0, 1) cut into 10 * cells, owned as above."""
        offset = self.uniform(f"{name}, within").clamp(1e-3, 0.999)  # rounding moves none out
        return (self.part_integers(name, cells) + offset) / (cells * len(_PART_OF_CELL))


ExampleFunction = Callable[[Draws], Mapping[str, Values]]


def generate(
    world: str,
    make_examples: ExampleFunction,
    kinds: dict[str, Field],
    *,
    n: int,
    seed: int,
    targets: Sequence[str],
) -> Source:
    """Return a world's examples: n to train, a tenth as many for valid, a fifth for test.

    make_examples: draws a block of examples. kinds: of the fields that are kept.
    The first examples of a part are the same whatever n. Raises DataError if n is below 1.
    """
    if n < 1:
        raise DataError(f"{world}: n must be 1 or more, got {n}; pass how many training examples")
    sizes = (n, -(-n // 10), -(-n // 5))
    blocks: dict[str, list[Values]] = {name: [] for name in kinds}
    for part, size in zip(PARTS, sizes, strict=True):
        for ids in torch.arange(size).split(_BLOCK):
            values = make_examples(Draws(world, seed, part, ids))
            for name in kinds:
                blocks[name].append(values[name])
    fields = {name: _concatenate(values) for name, values in blocks.items()}
    part = torch.repeat_interleave(torch.arange(3, dtype=torch.uint8), torch.tensor(sizes))
    names = [f"{part} {i}" for part, size in zip(PARTS, sizes, strict=True) for i in range(size)]
    note = (
        f"{world}: generated with seed {seed}, {sizes[0]:,} examples to train, {sizes[1]:,} for "
        f"valid, {sizes[2]:,} for test."
    )
    return Source(
        f"world:{world}", fields, kinds, tuple(targets), part, is_final=True, notes=[note],
        names=names,
    )  # fmt: skip


def select_fields(
    world: str,
    kinds: dict[str, Field],
    fields: Mapping[str, Sequence[str]],
    target: str | None,
) -> tuple[dict[str, Field], tuple[str, ...]]:
    """Return the kinds of the fields that a target needs, and the targets.

    fields: by target, its inputs, then after "->" all targets; with None as target all fields are
        kept and none is to be predicted.
    Raises DataError if there is no such target.
    """
    if target is None:
        return kinds, ()
    if target not in fields:
        raise DataError(
            f"{world}: no target '{target}' among {', '.join(fields)}; choose one, or None for all"
            f" fields{did_you_mean(target, fields)}"
        )
    entry = list(fields[target])
    arrow = entry.index("->")
    inputs, targets = entry[:arrow], entry[arrow + 1 :]
    return {name: kinds[name] for name in (*inputs, *targets)}, tuple(targets)


def encode_texts(texts: Sequence[Sequence[str]], vocabulary: Sequence[str]) -> Ragged:
    """Return texts, lists of words, as token ids of `brique.schema.Text`."""
    number_of = {word: number for number, word in enumerate(vocabulary, FIRST_ID)}
    lengths = torch.tensor([0, *(len(text) for text in texts)])
    values = torch.tensor([number_of[word] for text in texts for word in text], dtype=torch.int64)
    return Ragged(values, lengths.cumsum(0))


def _concatenate(values: Sequence[Values]) -> Values:
    ragged = [value for value in values if isinstance(value, Ragged)]
    if not ragged:
        return torch.cat([value for value in values if isinstance(value, Tensor)])
    offsets = functional.pad(torch.cat([one.lengths for one in ragged]).cumsum(0), (1, 0))
    return Ragged(torch.cat([one.values for one in ragged]), offsets)
