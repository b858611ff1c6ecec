"""Ragged behaves as a list of tensors does."""

import pytest
import torch

from brique.data import Ragged
from brique.errors import DataError, ShapeError


def sequences(width=None):
    generator = torch.Generator().manual_seed(0)
    lengths = [3, 0, 5, 1, 0, 9, 2]
    shape = () if width is None else (width,)
    return [torch.randn(n, *shape, generator=generator) for n in lengths]


def same(ragged, listed):
    assert len(ragged) == len(listed)
    assert all(torch.equal(a, b) for a, b in zip(ragged, listed, strict=True))


@pytest.mark.parametrize("width", [None, 4])
def test_ragged_is_its_sequences(width):
    listed = sequences(width)
    ragged = Ragged.of(listed)
    same(ragged, listed)
    assert ragged.lengths.tolist() == [len(s) for s in listed]
    assert torch.equal(ragged[-2], listed[-2])
    same(ragged[1:4], listed[1:4])
    same(ragged[4:2], [])
    same(ragged[::2], listed[::2])
    same(ragged.cut(0, 7).cut(2, 6), listed[2:6])
    same(ragged.to("cpu"), listed)


def test_slices_are_views():
    ragged = Ragged.of(sequences())
    ragged[2:4].values.fill_(7)
    assert (ragged[2] == 7).all()


@pytest.mark.parametrize("index", [[], [0], [1, 4], [6, 5, 5, 0, 1, 2]])
def test_select_takes_in_any_order(index):
    listed = sequences(2)
    chosen = Ragged.of(listed).select(torch.tensor(index, dtype=torch.int64))
    same(chosen, [listed[i] for i in index])


def test_select_from_a_slice():
    listed = sequences()
    same(Ragged.of(listed)[2:].select(torch.tensor([3, 0])), [listed[5], listed[2]])


@pytest.mark.parametrize("width", [None, 4])
def test_padded_and_mask(width):
    listed = sequences(width)
    ragged = Ragged.of(listed)
    padded, mask = ragged.padded(-1.5), ragged.mask
    assert padded.shape[:2] == mask.shape == (7, 9)
    for row, inside, sequence in zip(padded, mask, listed, strict=True):
        assert torch.equal(row[: len(sequence)], sequence)
        assert (row[len(sequence) :] == -1.5).all()
        assert torch.equal(inside, torch.arange(9) < len(sequence))
    assert torch.equal(ragged.padded(0, length=2)[2], listed[2][:2])
    assert ragged.padded(0, length=12).shape[1] == 12


def test_padding_is_rounded_up_when_asked():
    ragged = Ragged.of(sequences()).rounded(8)
    assert ragged.longest == 16
    assert ragged.padded(0).shape == ragged.mask.shape == (7, 16)
    assert ragged.cut(0, 3).padded(0).shape == (3, 8)


def test_only_empty_sequences():
    ragged = Ragged.of([torch.empty(0, 3), torch.empty(0, 3)])
    assert ragged.padded(0).shape == (2, 0, 3)
    assert ragged.padded(0, length=4).shape == (2, 4, 3)
    assert ragged.mask.shape == (2, 0)
    assert len(ragged.select(torch.tensor([1]))) == 1


def test_whole_numbers_keep_their_type():
    assert Ragged.of([torch.tensor([1, 2]), torch.tensor([3])]).padded(0).dtype == torch.int64


def test_trees_travel_with_their_sequences():
    values = [torch.arange(3.0), torch.arange(1.0), torch.arange(5.0)]
    parents = [torch.tensor([2, 2, -1]), torch.tensor([-1]), torch.tensor([2, 2, 4, 4, -1])]
    trees = Ragged.of(values, parents)
    assert trees.parent.tolist() == [2, 2, -1, -1, 2, 2, 4, 4, -1]
    assert trees.select(torch.tensor([2, 0])).parent.tolist() == [2, 2, 4, 4, -1, 2, 2, -1]
    assert trees[1:].parent.tolist() == [-1, 2, 2, 4, 4, -1]


@pytest.mark.parametrize("parent", [[1, 0, -1], [0, 2, -1], [3, 2, -1], [-2, 2, -1], [2, 2, 1]])
def test_parents_must_stand_after_their_children(parent):
    text = r"ragged: tree 1: node \d has parent -?\d; a parent must stand after its children"
    with pytest.raises(DataError, match=text):
        Ragged.of([torch.zeros(1), torch.zeros(3)], [torch.tensor([-1]), torch.tensor(parent)])


def test_bad_pieces_are_named():
    with pytest.raises(ShapeError, match="expected one sequence or more, got none"):
        Ragged.of([])
    with pytest.raises(ShapeError, match=r"alike but for their lengths, got shapes \(2, 3\), \(2,"):
        Ragged.of([torch.zeros(2, 3), torch.zeros(2, 4)])
    with pytest.raises(ShapeError, match="alike but for their lengths"):
        Ragged.of([torch.tensor(1)])
    with pytest.raises(ShapeError, match="offsets must be int64"):
        Ragged(torch.zeros(3), torch.tensor([0.0, 3.0])).check()
    with pytest.raises(ShapeError, match="offsets must rise from 0 to 3, the number of values"):
        Ragged(torch.zeros(3), torch.tensor([0, 2])).check()
    with pytest.raises(ShapeError, match=r"got \(0, 2, 1, 3\)"):
        Ragged(torch.zeros(3), torch.tensor([0, 2, 1, 3])).check()
    with pytest.raises(DataError, match=r"parent must be int64 \(3,\), one per value"):
        Ragged.of([torch.zeros(3)], [torch.zeros(2)])
    with pytest.raises(IndexError, match="ragged: no sequence 7 among 7"):
        Ragged.of(sequences())[7]
