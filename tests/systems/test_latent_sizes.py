"""Five autoencoders, one after the other in one run: how many numbers do the data need?"""

from dataclasses import dataclass
from functools import partial

import torch
from curves import curve
from torch import Tensor, nn
from torch.nn import functional

from brique import data
from brique.data import Batch
from brique.game import Game, Player, cosine
from brique.run import Run
from resuming import assert_equal, stopped


@dataclass(frozen=True, kw_only=True)
class Args:
    sizes: tuple[int, ...] = (1, 2, 3, 4, 6)
    turns: int = 200
    batch_size: int = 64
    lr: float = 1e-2
    seed: int = 0


def latent_points(n: int) -> Tensor:
    """Return points (n, 10) that 3 numbers each decide."""
    generator = torch.Generator().manual_seed(0)
    return torch.randn(n, 3, generator=generator) @ torch.randn(3, 10, generator=generator)


def main(args: Args) -> dict[str, float]:
    run = Run.start(__file__, args)
    points = data.arrays(point=latent_points(2000))
    valid = points.valid["point"].to(run.device)
    nets: dict[str, nn.Module] = {}

    def reconstruction_loss(net: nn.Module, batch: Batch) -> Tensor:
        return functional.mse_loss(net(batch.point), batch.point)

    adam = partial(torch.optim.Adam, lr=args.lr)
    for size in args.sizes:
        name = f"latent{size}"
        net = nets[name] = run.place(nn.Sequential(nn.Linear(10, size), nn.Linear(size, 10)))
        game = Game(
            Player("autoencoder", net, partial(reconstruction_loss, net), adam, schedule=cosine)
        )
        stream = points.train.batches(args.batch_size, turns=args.turns, seed=args.seed)
        for turn in run.play(game, stream, name=name):
            if turn.evaluate:
                run.memory[name] = functional.mse_loss(net(valid), valid).item()

    errors = {f"error{size}": run.memory[f"latent{size}"] for size in args.sizes}
    return run.finish(task="none", **nets, **errors)


def test_each_learns_and_three_latent_dimensions_suffice(uninterrupted):
    for size in Args().sizes:
        losses = curve(uninterrupted, f"latent{size}/autoencoder")
        assert losses[0] / losses[-1] > {1: 1.3, 2: 3.0}.get(size, 50), (size, losses)
    errors = [uninterrupted.numbers[f"error{size}"] for size in Args().sizes]
    assert errors[0] > 2 * errors[1] > 20 * errors[2], errors
    assert len(uninterrupted.model) == 5


def test_it_stops_and_resumes_exactly(uninterrupted, tmp_path, monkeypatch):
    # turn 199 is the last of a stage: what comes after it falls into the next
    stops = [0, 199, 50, 199, 120, 121, 199, 10, 199, 150]
    resumed = stopped(main, Args(), tmp_path / "pieces", stops, monkeypatch)
    assert_equal(uninterrupted, resumed)
