"""Attention over sequences of unlike lengths, padded and masked: whose key is the largest?"""

from dataclasses import dataclass
from functools import partial

import torch
from curves import curve
from torch import Tensor, nn
from torch.nn import functional

from brique import data
from brique.data import Batch, Ragged, Split
from brique.game import Game, Player
from brique.run import Run
from resuming import assert_equal, stopped

VALUES = 5


@dataclass(frozen=True, kw_only=True)
class Args:
    turns: int = 300
    batch_size: int = 64
    width: int = 32
    lr: float = 1e-2
    seed: int = 0


def sequences(n: int) -> data.Data:
    """Return lists of 3 to 20 pairs (key in [-1, 1], value as 0s and a 1), and the answers."""
    generator = torch.Generator().manual_seed(0)
    pairs, labels = [], []
    for length in torch.randint(3, 21, (n,), generator=generator).tolist():
        keys = 2 * torch.rand(length, 1, generator=generator) - 1
        values = torch.randint(VALUES, (length,), generator=generator)
        pairs.append(torch.cat([keys, functional.one_hot(values, VALUES)], dim=1))
        labels.append(int(values[keys.argmax()]))
    classes = [f"value {k}" for k in range(VALUES)]
    return data.arrays(pairs=Ragged.of(pairs), label=labels, classes=classes)


class Attention(nn.Module):
    """One learned query over a sequence: pairs (N sequences) -> scores (N, 5)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.query = nn.Parameter(torch.randn(width))
        self.key, self.value = nn.Linear(1 + VALUES, width), nn.Linear(1 + VALUES, width)
        self.output = nn.Linear(width, VALUES)

    def forward(self, pairs: Ragged) -> Tensor:
        padded = pairs.padded(0)  # (N, T, 6)
        energy = self.key(padded) @ self.query  # (N, T)
        attention = energy.masked_fill(~pairs.mask, -torch.inf).softmax(dim=1)
        return self.output((attention.unsqueeze(1) @ self.value(padded)).squeeze(1))


def accuracy(net: nn.Module, split: Split) -> float:
    """Return the accuracy over sequences."""
    stream = split.batches(500).on(net.query.device)
    is_correct = [net(batch.pairs).argmax(dim=1) == batch.label for batch in stream]
    return torch.cat(is_correct).double().mean().item()


def main(args: Args) -> dict[str, float]:
    run = Run.start(__file__, args)
    dataset = sequences(3000)
    net = run.place(Attention(args.width))

    def loss(batch: Batch) -> Tensor:
        return functional.cross_entropy(net(batch.pairs), batch.label)

    game = Game(Player("classifier", net, loss, partial(torch.optim.Adam, lr=args.lr)))
    stream = dataset.train.batches(args.batch_size, turns=args.turns, seed=args.seed, bucket=True)

    for turn in run.play(game, stream):
        if turn.evaluate:
            run.log(turn, valid_accuracy=accuracy(net, dataset.valid))

    return run.finish(net=net, test_accuracy=accuracy(net, dataset.test))


def test_attention_finds_the_largest_key(uninterrupted):
    losses = curve(uninterrupted, "classifier")
    assert losses[0] / losses[-1] > 8, losses
    assert uninterrupted.numbers["test_accuracy"] > 0.85, "chance is 0.2"


def test_padding_changes_no_answer():
    pairs, net = sequences(20).train["pairs"], Attention(8)
    alone = torch.cat([net(pairs[k : k + 1]) for k in range(len(pairs))])
    torch.testing.assert_close(net(pairs.rounded(8)), alone)


def test_it_stops_and_resumes_exactly(uninterrupted, tmp_path, monkeypatch):
    resumed = stopped(main, Args(), tmp_path / "pieces", [0, 33, 120, 250, 299], monkeypatch)
    assert_equal(uninterrupted, resumed)
