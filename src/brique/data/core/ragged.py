"""Ragged: a field of varying length (words of a text, boxes of a picture, nodes of a tree)."""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from brique.errors import DataError, ShapeError


class Ragged:
    """N sequences, concatenated.

    values: (total, ...), all entries.
    offsets: (N + 1,), int64: sequence i is values[offsets[i]:offsets[i + 1]]; it may be empty.
    parent: (total,), int64, for trees: index of the parent in its own tree, -1 at a root; children
        come before parents.
    multiple: the length of `padded` and `mask` is rounded up to a multiple of it.

    >>> words = Ragged.of([torch.tensor([3, 1]), torch.tensor([5])])
    >>> words.padded(0)
    tensor([[3, 1],
            [5, 0]])
    """

    __slots__ = ("_longest", "multiple", "offsets", "parent", "values")

    def __init__(
        self, values: Tensor, offsets: Tensor, parent: Tensor | None = None, *, multiple: int = 1
    ) -> None:
        self.values: Tensor = values
        self.offsets: Tensor = offsets
        self.parent: Tensor | None = parent
        self.multiple: int = multiple
        self._longest: int | None = None

    @classmethod
    def of(cls, sequences: Sequence[Tensor], parents: Sequence[Tensor] | None = None) -> "Ragged":
        """Return sequences as a Ragged, checked.

        sequences: N tensors (T_i, ...), which differ only in length.
        parents: N int64 tensors (T_i,), for trees.
        Raises ShapeError if they differ in more than length; DataError if parents are wrong.
        """
        if not sequences:
            raise ShapeError("ragged: expected one sequence or more, got none; pass a list of them")
        shapes = {tuple(sequence.shape[1:]) if sequence.ndim else None for sequence in sequences}
        if len(shapes) > 1 or None in shapes:
            raise ShapeError(
                "ragged: sequences must be alike but for their lengths, got shapes "
                f"{', '.join(str(tuple(s.shape)) for s in sequences[:4])}; make them (T, ...)"
            )
        lengths = torch.tensor([len(sequence) for sequence in sequences])
        parent = torch.cat(list(parents)).long() if parents is not None else None
        ragged = cls(torch.cat(list(sequences)), _offsets(lengths), parent)
        ragged.check()
        return ragged

    def check(self) -> None:
        """Raise ShapeError unless offsets fit the values, DataError unless parents make trees."""
        offsets = self.offsets
        if offsets.dtype != torch.int64 or offsets.ndim != 1 or not len(offsets):
            raise ShapeError(
                f"ragged: offsets must be int64 (N + 1,), got {offsets.dtype} "
                f"{tuple(offsets.shape)}; pass where each sequence starts, and the end"
            )
        has_decrease = bool((offsets.diff() < 0).any())
        if int(offsets[0]) != 0 or int(offsets[-1]) != len(self.values) or has_decrease:
            raise ShapeError(
                f"ragged: offsets must rise from 0 to {len(self.values)}, the number of values, "
                f"got {_first_values(offsets)}; pass where each sequence starts, and the end"
            )
        if self.parent is not None:
            self._check_parents(self.parent)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, key: int | slice) -> "Tensor | Ragged":
        if isinstance(key, slice):
            start, stop, step = key.indices(len(self))
            if step == 1:
                return self.cut(start, max(start, stop))
            return self.select(torch.arange(start, stop, step, device=self.offsets.device))
        if not -len(self) <= key < len(self):
            raise IndexError(f"ragged: no sequence {key} among {len(self)}")
        start, stop = self.offsets[key % len(self)], self.offsets[key % len(self) + 1]
        return self.values[start:stop]

    def __iter__(self) -> Iterator[Tensor]:
        for start, stop in zip(self.offsets.tolist(), self.offsets.tolist()[1:], strict=False):
            yield self.values[start:stop]

    def __repr__(self) -> str:
        shape = ", ".join(str(size) for size in self.values.shape[1:])
        return f"Ragged({len(self)} x (T{', ' + shape if shape else ''}), {self.values.dtype})"

    @property
    def lengths(self) -> Tensor:
        """Length of each sequence (N,), int64."""
        return self.offsets.diff()

    @property
    def longest(self) -> int:
        """Length of the longest sequence, rounded up to `multiple`."""
        if self._longest is None:
            longest = int(self.lengths.max()) if len(self) else 0
            self._longest = -(-longest // self.multiple) * self.multiple
        return self._longest

    @property
    def mask(self) -> Tensor:
        """True where `padded` holds a value: (N, T), bool."""
        positions = torch.arange(self.longest, device=self.offsets.device)
        return positions < self.lengths.unsqueeze(1)

    def padded(self, fill: float, length: int | None = None) -> Tensor:
        """Return (N, T, ...): each sequence, then `fill` up to T.

        length: T; by default the longest, rounded up to `multiple`; longer sequences are cut.
        """
        length = self.longest if length is None else length
        positions = torch.arange(length, device=self.offsets.device)  # (T,)
        inside = positions < self.lengths.unsqueeze(1)  # (N, T)
        if not len(self.values):
            return self.values.new_full((len(self), length, *self.values.shape[1:]), fill)
        indices = (self.offsets[:-1].unsqueeze(1) + positions).clamp_(max=len(self.values) - 1)
        rows = self.values.index_select(0, indices.flatten()).unflatten(0, indices.shape)
        outside = ~inside.view(*inside.shape, *[1] * (rows.ndim - 2))
        return rows.masked_fill(outside, fill)

    def cut(self, start: int, stop: int) -> "Ragged":
        """Return sequences start to stop, as a view."""
        first, last = (int(n) for n in self.offsets[[start, stop]].tolist())
        parent = None if self.parent is None else self.parent[first:last]
        offsets = self.offsets[start : stop + 1] - first
        return Ragged(self.values[first:last], offsets, parent, multiple=self.multiple)

    def select(self, index: Tensor) -> "Ragged":
        """Return the sequences at `index` (M,), int64, in that order."""
        lengths = self.lengths.index_select(0, index)
        offsets = _offsets(lengths)
        starts = self.offsets.index_select(0, index) - offsets[:-1]
        total = int(offsets[-1])
        indices = torch.arange(total, device=starts.device)
        indices += torch.repeat_interleave(starts, lengths, output_size=total)
        parent = None if self.parent is None else self.parent.index_select(0, indices)
        return Ragged(self.values.index_select(0, indices), offsets, parent, multiple=self.multiple)

    def rounded(self, multiple: int) -> "Ragged":
        """Return the same sequences, padded to a multiple of `multiple` from now on."""
        return Ragged(self.values, self.offsets, self.parent, multiple=multiple)

    def to(self, device: torch.device | str) -> "Ragged":
        """Return the same sequences on `device`."""
        parent = None if self.parent is None else self.parent.to(device)
        values, offsets = self.values.to(device), self.offsets.to(device)
        moved = Ragged(values, offsets, parent, multiple=self.multiple)
        moved._longest = self._longest
        return moved

    def _check_parents(self, parent: Tensor) -> None:
        if parent.dtype != torch.int64 or parent.shape != (len(self.values),):
            raise DataError(
                f"ragged: parent must be int64 ({len(self.values)},), one per value, got "
                f"{parent.dtype} {tuple(parent.shape)}; pass -1 at each root"
            )
        lengths = self.lengths
        tree = torch.repeat_interleave(torch.arange(len(self), device=lengths.device), lengths)
        position = torch.arange(len(parent), device=lengths.device) - self.offsets[tree]
        is_valid = (parent == -1) | ((parent > position) & (parent < lengths[tree]))
        if not bool(is_valid.all()):
            index = int((~is_valid).nonzero()[0])
            raise DataError(
                f"ragged: tree {int(tree[index])}: node {int(position[index])} has parent "
                f"{int(parent[index])}; a parent must stand after its children in its own tree, "
                "-1 marks a root"
            )


def _offsets(lengths: Tensor) -> Tensor:
    offsets = lengths.new_zeros(len(lengths) + 1)
    torch.cumsum(lengths, 0, out=offsets[1:])
    return offsets


def _first_values(values: Tensor) -> str:
    text = ", ".join(str(n) for n in values[:6].tolist())
    return f"({text}, ...)" if len(values) > 6 else f"({text})"
