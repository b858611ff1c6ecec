"""Which label each node of a tree has: how often a whole tree's is right, and how a tree looks."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from brique.data import Ragged, Split
from brique.draw import tree as branches
from brique.schema import Tree
from brique.tasks.rest import at_rest

LOW, HIGH = 5, 4  # places in the palette


def sides(nets: Sequence[nn.Module], split: Split) -> list[float]:
    """Return each net's share of whole trees whose label lies on the side that the net says.

    nets: trees -> scores of every node (total, K). All are asked in one pass through the split.
    split: with the fields `tree` and `labels`, one of K for each node, the root's last. The lower
        half of the labels is one side, the upper half the other; trees in the middle do not count.
    """
    hits: list[Tensor] = []
    with at_rest(nn.ModuleList(nets)) as device:
        for batch in split.batches(200).on(device):
            roots = batch.tree.offsets[1:] - 1
            scores = torch.stack([net(batch.tree)[roots] for net in nets])  # (nets, N, K)
            count = scores.shape[2]
            off = 2 * batch.labels.values[roots] - (count - 1)  # 0 in the middle
            low, high = scores[..., : count // 2], scores[..., -(count // 2) :]
            is_high = high.logsumexp(2) > low.logsumexp(2)
            hits.append((is_high == (off > 0))[:, off != 0])
    return torch.cat(hits, dim=1).double().mean(dim=1).tolist()


def drawn(net: nn.Module, split: Split, names: Sequence[str] = ()) -> Tensor:
    """Return a split's first tree as a picture (3, H, W): what `net` says of every node.

    names: of the numbers at the nodes, where the schema does not know them.
    Nodes of the lower half of the labels are red, those of the upper half blue.
    """
    batch, kind = next(split.batches(1)), split.schema["tree"]
    assert isinstance(batch.tree, Ragged)
    assert batch.tree.parent is not None
    with at_rest(net) as device:
        scores = net(batch.tree.to(device))
    top = scores.shape[1] - 1
    labels = [2 * label - top for label in scores.argmax(dim=1).tolist()]
    colors = [LOW if label < 0 else HIGH if label > 0 else None for label in labels]
    if isinstance(kind, Tree):
        names = [*[""] * (kind.size - len(kind.vocabulary)), *kind.vocabulary]
    parents, numbers = batch.tree.parent.tolist(), batch.tree.values.tolist()
    words = [names[int(number)] for number in numbers]
    for leaf in {*range(len(parents))} - {*parents}:
        words[leaf] = words[leaf] or "?"
    return branches(parents, words, colors).pixels()
