"""A batch cut into pieces gives the gradients of the whole; memory that runs out cuts it."""

from functools import partial

import pytest
import torch
from torch import nn
from torch.nn import functional

from brique.errors import PlayError
from brique.game import Game, Player

SGD = partial(torch.optim.SGD, lr=0.1)


def two_players(dtype, micro):
    torch.manual_seed(0)
    forger = nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 3)).to(dtype)
    critic = nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 1)).to(dtype)

    def fooled(x):
        forged = forger(game.noise(2 * len(x), 3, dtype=dtype))
        return functional.softplus(-critic(x)).mean() + functional.softplus(critic(forged)).mean()

    def caught(x):
        scores = critic(forger(game.noise(len(x), 3, kind="uniform", dtype=dtype)))
        return functional.softplus(-scores).sum(), torch.tensor(len(x))

    game = Game(
        Player("critic", critic, fooled, SGD), Player("forger", forger, caught, SGD), micro=micro
    )
    return game, forger, critic


@pytest.mark.parametrize(("dtype", "within"), [(torch.float64, 1e-12), (torch.float32, 1e-5)])
@pytest.mark.parametrize("micro", [1, 3, 4, 9])
def test_pieces_give_the_gradients_of_the_whole_batch(dtype, within, micro):
    x = torch.randn(10, 3, dtype=dtype)  # an uneven last piece
    gradients, losses = [], []
    for size in (None, micro):
        game, forger, critic = two_players(dtype, size)
        turn = next(game.play([x], seed=5))
        gradients.append([p.grad.clone() for net in (critic, forger) for p in net.parameters()])
        losses.append(turn.losses)
    for whole, pieces in zip(*gradients, strict=True):
        assert (whole - pieces).abs().max() <= within * whole.abs().max()
    for name, value in losses[0].items():
        assert value.item() == pytest.approx(losses[1][name].item(), rel=within)


def test_one_player_in_pieces():
    x = torch.randn(7, 3, dtype=torch.float64)
    gradients = []
    for micro in (None, 2):
        torch.manual_seed(0)
        net = nn.Linear(3, 1).double()
        next(Game(Player("p", net, lambda x: net(x).pow(2).mean(), SGD), micro=micro).play([x]))
        gradients.append(net.weight.grad)
    torch.testing.assert_close(gradients[0], gradients[1], rtol=1e-12, atol=0)


def test_what_cannot_be_cut_is_an_error_in_the_first_turn():
    net = nn.Linear(3, 1)
    game = Game(Player("p", net, lambda b: net(b[0]).mean(), SGD), micro=2)
    message = r"Game: micro=2 cannot cut a batch of type list; give batches of brique\.data or tensors, or leave micro out\."
    with pytest.raises(PlayError, match=message):
        next(game.play([[torch.ones(4, 3)]]))


def test_noise_that_cannot_be_cut_along_is_an_error():
    net = nn.Linear(3, 1)
    game = Game(Player("p", net, lambda b: net(b).mean() * game.noise(7).mean(), SGD), micro=2)
    message = r"noise: 7 rows do not fit a micro-batch of 2 samples; ask for a multiple of len\(batch\) rows, or play without micro\."
    with pytest.raises(PlayError, match=message):
        next(game.play([torch.ones(4, 3)]))


def hungry(net, limit, noise, tries):
    """Return a loss that runs out of memory with more than `limit` samples."""

    def loss(x):
        tries.append(
            (len(x), net[1].running_mean.clone() if isinstance(net[1], nn.BatchNorm1d) else None)
        )
        value = (net(x) * noise(len(x), 1)).pow(2).mean()
        if len(x) > limit:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")
        return value

    return loss


def test_running_out_of_memory_halves_the_pieces_and_nothing_else():
    x = torch.randn(16, 3, dtype=torch.float64)
    gradients = []
    for limit in (100, 5):
        torch.manual_seed(0)
        net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1)).double()
        tries = []
        game = Game(
            Player(
                "p",
                net,
                hungry(net, limit, lambda *a: game.noise(*a, dtype=torch.float64), tries),
                SGD,
            )
        )
        next(game.play([x], seed=1))
        gradients.append(net[0].weight.grad)
        sizes = [n for n, _ in tries]
    assert sizes == [16, 8, 4, 4, 4, 4]
    assert game.micro == 4
    torch.testing.assert_close(gradients[0], gradients[1], rtol=1e-12, atol=1e-15)


def test_running_out_of_memory_puts_buffers_back():
    net = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 1))
    tries = []
    game = Game(Player("p", net, hungry(net, 8, lambda *_: 1.0, tries), SGD))
    next(game.play([torch.randn(16, 3)]))
    assert [n for n, _ in tries] == [16, 8, 8]
    assert torch.equal(tries[0][1], tries[1][1])
    assert net[1].num_batches_tracked == 2


def test_running_out_of_memory_with_one_sample_is_told():
    net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
    game = Game(Player("p", net, hungry(net, 0, lambda *_: 1.0, []), SGD))
    message = r"player 'p', turn 0: out of memory with one sample \(CUDA out of memory\. Tried to allocate 2 GiB\); take a smaller net or smaller samples\."
    with pytest.raises(PlayError, match=message):
        next(game.play([torch.randn(4, 3)]))


def test_other_runtime_errors_pass():
    net = nn.Linear(3, 1)
    game = Game(Player("p", net, lambda b: net(b[:, :2]).mean(), SGD))
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        next(game.play([torch.ones(4, 3)]))
