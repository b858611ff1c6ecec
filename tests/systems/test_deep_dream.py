"""Deep dream: pixels as the model of a player, optimized for a class score."""

from dataclasses import dataclass
from functools import partial

import torch
from curves import curve
from torch import Tensor, nn
from torch.nn import functional

from brique import data
from brique.data import Batch
from brique.data.core.batch import Nothing
from brique.game import Game, Player
from brique.run import Run
from resuming import assert_equal, stopped


@dataclass(frozen=True, kw_only=True)
class Args:
    turns: int = 120
    dreams: int = 160
    smooth: float = 2.0
    lr: float = 5e-3
    seed: int = 0


def bars(n: int) -> tuple[Tensor, Tensor]:
    """Return pictures (n, 1, 8, 8) of a bar in noise, and its direction (n,): 0 across, 1 down."""
    generator = torch.Generator().manual_seed(0)
    label = torch.randint(2, (n,), generator=generator)
    across = functional.one_hot(torch.randint(8, (n,), generator=generator), 8).view(n, 1, 8, 1)
    bar = torch.where(label.view(n, 1, 1, 1) == 0, across, across.mT).expand(n, 1, 8, 8)
    return (0.6 * bar + 0.4 * torch.rand(n, 1, 8, 8, generator=generator)), label


def main(args: Args) -> dict[str, float]:
    run = Run.start(__file__, args)
    image, label = bars(1000)
    dataset = data.arrays(image=image, label=label, classes=["across", "down"])
    net = run.place(
        nn.Sequential(
            nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(), nn.AdaptiveMaxPool2d(1),
            nn.Flatten(), nn.Linear(16, 2),
        )
    )  # fmt: skip

    def classifier_loss(batch: Batch) -> Tensor:
        return functional.cross_entropy(net(batch.image), batch.label)

    classification = Game(
        Player("classifier", net, classifier_loss, partial(torch.optim.Adam, lr=args.lr))
    )
    stream = dataset.train.batches(64, turns=args.turns, seed=args.seed)
    for _ in run.play(classification, stream, name="read"):
        pass

    canvas = run.place(nn.ParameterList([0.1 * run.noise(1, 1, 8, 8, name="canvas")]))

    def dream_loss(_: Nothing) -> Tensor:  # bars across, without specks
        pixels = canvas[0].sigmoid()
        total_variation = pixels.diff(dim=2).square().mean() + pixels.diff(dim=3).square().mean()
        return args.smooth * total_variation - net(pixels)[0].log_softmax(0)[0]

    dreaming = Game(
        Player("canvas", canvas, dream_loss, partial(torch.optim.Adam, lr=0.05)), reads=[net]
    )
    for turn in run.play(dreaming, data.nothing(args.dreams), name="dream"):
        if turn.evaluate:
            pixels = run.picture(f"dream-{turn.index:06d}", canvas[0].sigmoid())
            run.log(turn, share=net(pixels).softmax(dim=1)[0, 0])

    return run.finish(net=net, canvas=canvas[0].sigmoid())


def test_the_dream_is_predicted_as_its_class(uninterrupted):
    losses, shares = curve(uninterrupted, "dream/canvas"), curve(uninterrupted, "dream/share")
    assert losses[0] / losses[-1] > 8, losses
    assert shares[-1] > 0.9, shares
    assert len(list((uninterrupted.folder / "pictures").glob("dream-*.png"))) == 20


def test_it_stops_and_resumes_exactly(uninterrupted, tmp_path, monkeypatch):
    stops = [10, 119, 140, 140, 159]  # the first two fall into the reading
    resumed = stopped(main, Args(), tmp_path / "pieces", stops, monkeypatch)
    assert_equal(uninterrupted, resumed)
    for picture in (uninterrupted.folder / "pictures").iterdir():
        assert picture.read_bytes() == (resumed.folder / "pictures" / picture.name).read_bytes()
