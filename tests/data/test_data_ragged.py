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


# Nets of one layer: what is padded to the batch's length or to the bucket's learns the same

LENGTHS = [3, 0, 5, 1, 0, 9, 2]
WIDTH = 4


def exact(shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(3), dtype=torch.float64)


def real(width=WIDTH):
    return Ragged.of([exact((n, width)) for n in LENGTHS])


def whole(top=11):
    drawn = torch.Generator().manual_seed(4)
    return Ragged.of([torch.randint(0, top, (n,), generator=drawn) for n in LENGTHS])


def trees():
    parents = [[*range(1, n), -1] if n % 2 else [n - 1] * (n - 1) + [-1] for n in LENGTHS]
    listed = [
        torch.tensor(parent[:n], dtype=torch.int64)
        for parent, n in zip(parents, LENGTHS, strict=True)
    ]
    return Ragged.of([exact((n, WIDTH)) for n in LENGTHS], listed)


def mean_of(rows, mask):
    """Mean over the places of a mask; of none, 0."""
    return (rows * mask[..., None]).sum(1) / mask.sum(1, keepdim=True).clamp(min=1)


def bag(net, text):
    return mean_of(net(text.padded(0)), text.mask)


def recurrent(net, text):
    """Outputs at the last word: what stands after it has not been read."""
    if not text.longest:
        return torch.zeros(len(text), WIDTH, dtype=torch.float64)
    outputs, _ = net(text.padded(0.0))
    last = (text.lengths - 1).clamp(min=0)
    state = outputs[torch.arange(len(text)), last]
    return state * (text.lengths > 0)[:, None]


def packed(net, text):
    some = text.select((text.lengths > 0).nonzero().flatten())
    sequences = torch.nn.utils.rnn.pack_padded_sequence(
        some.padded(0.0), some.lengths, batch_first=True, enforce_sorted=False
    )
    return net(sequences)[1][0]


def convolved(net, signal):
    heard = net(signal.padded(0.0).transpose(1, 2)).transpose(1, 2).tanh()
    return mean_of(heard, signal.mask)


def attending(net, text):
    """One head; texts without a word attend to nothing and give 0."""
    query, key, value = net(text.padded(0.0)).chunk(3, dim=-1)
    scores = query @ key.transpose(1, 2)
    inside = text.mask[:, None, :]
    weights = scores.masked_fill(~inside, -1e30).softmax(-1) * inside
    return mean_of(weights @ value, text.mask)


def tree_sum(net, tree):
    """Each node adds up its children; here one step: values go to parents by way of padding."""
    rows, mask = net(tree.padded(0.0)).tanh(), tree.mask
    parent = Ragged(tree.parent, tree.offsets, multiple=tree.multiple).padded(-1)
    up = torch.where(parent < 0, torch.arange(parent.shape[1]), parent)  # a root keeps its own
    summed = torch.zeros_like(rows).scatter_add(
        1, up[..., None].expand_as(rows), rows * mask[..., None]
    )
    return mean_of(summed.tanh(), mask)


def deep_set(net, boxes):
    heights = net(boxes.padded(7.0)).relu().masked_fill(~boxes.mask[..., None], 0)
    return heights.amax(1) + heights.sum(1)


def double(layer):
    torch.manual_seed(0)
    return layer().double()


NETS = {
    "text, bag": (lambda: torch.nn.Embedding(11, WIDTH), whole, bag),
    "text, recurrent": (lambda: torch.nn.GRU(WIDTH, WIDTH, batch_first=True), real, recurrent),
    "text, packed": (lambda: torch.nn.GRU(WIDTH, WIDTH, batch_first=True), real, packed),
    "text, attention": (lambda: torch.nn.Linear(WIDTH, 3 * WIDTH), real, attending),
    "signal, convolution": (lambda: torch.nn.Conv1d(WIDTH, 6, 3, padding=1), real, convolved),
    "tree, sum": (lambda: torch.nn.Linear(WIDTH, WIDTH), trees, tree_sum),
    "boxes, deep set": (lambda: torch.nn.Linear(WIDTH, 5), real, deep_set),
}


def slopes(make, values, net_of, ragged):
    net = double(make)
    out = net_of(net, ragged)
    (out * exact(out.shape)).sum().backward()
    return out, [parameter.grad for parameter in net.parameters()]


@pytest.mark.parametrize("name", NETS)
def test_longer_padding_changes_no_gradient(name):
    make, values, net_of = NETS[name]
    own = values()
    out, expected = slopes(make, values, net_of, own)
    assert all(bool(grad.abs().sum() > 0) for grad in expected)
    for ragged in (own.rounded(8), own.rounded(32), own.rounded(8).cut(0, 7), own.to("cpu")):
        again, found = slopes(make, values, net_of, ragged)
        assert float((again - out).detach().abs().max()) < 1e-10
        for grad, other in zip(expected, found, strict=True):
            assert float((grad - other).abs().max()) < 1e-10


@pytest.mark.parametrize("name", NETS)
def test_a_batch_in_two_pieces_has_the_same_gradient(name):
    make, values, net_of = NETS[name]
    own = values().rounded(8)
    net = double(make)
    whole_out = net_of(net, own)
    if len(whole_out) != len(own):
        return  # packed: texts without words are not there
    weights = exact(whole_out.shape)
    (whole_out * weights).sum().backward()
    expected = [parameter.grad.clone() for parameter in net.parameters()]
    net.zero_grad()
    for start, stop in ((0, 2), (2, 5), (5, 7)):
        (net_of(net, own.cut(start, stop)) * weights[start:stop]).sum().backward()
    for grad, parameter in zip(expected, net.parameters(), strict=True):
        assert float((grad - parameter.grad).abs().max()) < 1e-10


def test_moves_between_devices_keep_everything():
    places = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
    for place in places:
        moved = trees().rounded(8).to(place)
        assert moved.values.device.type == moved.offsets.device.type == place
        assert moved.parent.device.type == moved.mask.device.type == place
        assert moved.padded(0).device.type == place
        same(moved.to("cpu"), list(trees()))
        same(moved[1:4].to("cpu"), list(trees()[1:4]))
        same(moved.select(torch.tensor([3, 0], device=place)).to("cpu"), list(trees()[::3])[1::-1])
    known = trees().rounded(8)
    assert known.longest == 16
    shapes = known.to("meta")
    assert (shapes.longest, shapes.multiple, len(shapes)) == (16, 8, 7)
    assert shapes.mask.shape == (7, 16)
    assert shapes.padded(0.0).shape == (7, 16, WIDTH)
    assert shapes.parent.device.type == "meta"
