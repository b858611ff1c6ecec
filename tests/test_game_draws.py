"""Draws depend on (seed, turn, player, draw) alone; shared values are made once."""

import copy
from functools import partial

import pytest
import torch
from torch import nn

from brique.data import Batch
from brique.errors import PlayError
from brique.game import Game, Player, gradient
from brique.game.play import Play

SGD = partial(torch.optim.SGD, lr=0.1)


def drawing(seen, n=4):
    net = nn.Linear(1, 1)

    def loss(x):
        seen.append(torch.cat([game.noise(n), game.noise(n, kind="uniform")]))
        return net(x).mean()

    game = Game(Player("p", net, loss, SGD))
    return game


def test_noise_is_a_function_of_seed_turn_and_draw():
    lines = []
    for seed, disturb in ((0, False), (0, True), (1, False)):
        seen = []
        for _ in drawing(seen).play([torch.ones(4, 1)] * 3, seed=seed):
            if disturb:
                torch.randn(7)
        lines.append(torch.stack(seen))
    assert torch.equal(lines[0], lines[1])
    assert not torch.equal(lines[0], lines[2])
    assert len(lines[0].flatten().unique()) == lines[0].numel()
    assert 0 <= lines[0][:, 4:].min() <= lines[0][:, 4:].max() < 1


def test_noise_has_the_moments_it_should():
    seen = []
    next(drawing(seen, 100_000).play([torch.ones(4, 1)]))
    normal, uniform = seen[0][:100_000], seen[0][100_000:]
    assert normal.mean().abs() < 0.01
    assert abs(normal.std() - 1) < 0.01
    assert abs(uniform.mean() - 0.5) < 0.01


def test_players_draw_differently_and_the_body_is_keyed_by_the_turn():
    seen = {"a": [], "b": [], "body": []}
    nets = {name: nn.Linear(1, 1) for name in "ab"}

    def loss(name):
        def compute(x):
            seen[name].append(game.noise(3))
            return nets[name](x).mean()

        return compute

    game = Game(*(Player(name, nets[name], loss(name), SGD) for name in "ab"))
    for _ in game.play([torch.ones(3, 1)] * 2):
        seen["body"].append(game.noise(3))
    draws = torch.stack([d for line in seen.values() for d in line])
    assert len(draws.unique(dim=0)) == 6


def test_noise_outside_a_game_is_an_error():
    game = drawing([])
    message = (
        r"noise: no game is playing; draw inside a loss or the loop, or pass run\.noise a name\."
    )
    with pytest.raises(PlayError, match=message):
        game.noise(3)


def test_an_unknown_kind_of_noise_is_an_error():
    net = nn.Linear(1, 1)
    game = Game(Player("p", net, lambda x: net(x).mean() + game.noise(1, kind="pink").mean(), SGD))
    with pytest.raises(PlayError, match="noise: kind must be 'normal' or 'uniform', but is 'pink'"):
        next(game.play([torch.ones(1, 1)]))


def test_dropout_in_a_run_does_not_depend_on_what_else_is_drawn():
    lines = []
    for disturb in (False, True):
        torch.manual_seed(0)
        net = nn.Sequential(nn.Linear(4, 8), nn.Dropout(0.5), nn.Linear(8, 1))
        game = Game(Player("p", net, lambda x, net=net: net(x).pow(2).mean(), SGD))
        play = Play(game.state, [torch.ones(4, 4)] * 5, turns=None, seed=0, stage="", reseeds=True)
        losses = []
        for turn in play:
            losses.append(turn.losses["p"].item())
            if disturb:
                torch.randn(turn.index + 1)
        lines.append((losses, torch.rand(1).item()))
    assert lines[0] == lines[1]
    assert len(set(lines[0][0])) == 5


def test_a_bare_game_leaves_the_default_generator_alone():
    net = nn.Linear(1, 1)
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    for _ in Game(Player("p", net, lambda x: net(x).mean(), SGD)).play([torch.ones(1, 1)] * 3):
        pass
    assert torch.equal(torch.rand(3), expected)


def test_closures_rewind_the_draws_and_keep_the_first_loss():
    net = nn.Linear(2, 1)
    draws = []

    def loss(x):
        draws.append((game.noise(len(x), 1), torch.rand(1)))
        return (net(x) - draws[-1][0]).pow(2).mean()

    game = Game(Player("p", net, loss, partial(torch.optim.LBFGS, max_iter=5)))
    x = torch.randn(6, 2)
    turn = next(game.play([x]))
    assert len(draws) > 2
    assert all(torch.equal(a, draws[0][0]) and torch.equal(b, draws[0][1]) for a, b in draws)
    assert turn.losses["p"] > (net(x) - draws[0][0]).pow(2).mean()


def shared_game(order="alternate", **extra):
    torch.manual_seed(0)
    forger, critic = (
        nn.Sequential(nn.Linear(2, 4), nn.BatchNorm1d(4), nn.Linear(4, 2)),
        nn.Linear(2, 1),
    )
    makes = []

    def forge(n):
        makes.append(torch.is_grad_enabled())
        return forger(game.noise(n, 2))

    def fooled(x):
        forged = game.once(forge, len(x))
        assert not forged.requires_grad
        return critic(forged).mean() - critic(x).mean()

    def caught(x):
        forged = game.once(forge, len(x))
        assert forged.requires_grad
        return -critic(forged).mean()

    players = [
        Player("critic", critic, fooled, SGD),
        Player("forger", forger, caught, SGD, **extra),
    ]
    game = Game(*players, order=order)
    return game, forger, critic, makes


def test_a_shared_value_is_made_once_a_turn_and_moves_its_owner():
    game, forger, _critic, makes = shared_game()
    before = forger[0].weight.detach().clone()
    for _ in game.play([torch.randn(4, 2)] * 3):
        pass
    assert makes == [True] * 3
    assert forger[1].num_batches_tracked == 3  # what the maker did to its owner's buffers stays
    assert not torch.equal(before, forger[0].weight)


def test_a_shared_value_is_made_for_each_piece():
    game, _, _, makes = shared_game()
    game.state.micro = 2
    next(game.play([torch.randn(4, 2)]))
    assert len(makes) == 4


def test_shared_values_equal_those_made_twice():
    grads = []
    for shares in (True, False):
        torch.manual_seed(0)
        forger, critic = nn.Linear(2, 2), nn.Linear(2, 1)
        make = lambda z, forger=forger: forger(z)  # noqa: E731
        once = (lambda f, *a: game.once(f, *a)) if shares else (lambda f, *a: f(*a))
        game = Game(
            Player("critic", critic, lambda z: critic(once(make, z)).sigmoid().mean(), SGD),
            Player("forger", forger, lambda z: -critic(once(make, z)).sigmoid().mean(), SGD),
        )
        for _ in game.play([torch.ones(4, 2)] * 3):
            pass
        grads.append([p.clone() for p in (*forger.parameters(), *critic.parameters())])
    for own, other in zip(*grads, strict=True):
        assert torch.equal(own, other)


def test_a_value_of_two_owners_is_made_again_for_the_second_and_moves_each_alone():
    torch.manual_seed(0)
    a, b = nn.Linear(2, 2), nn.Linear(2, 2)
    makes = []

    def both(x):
        makes.append(1)
        return a(b(x))

    game = Game(
        Player("a", a, lambda x: game.once(both, x).pow(2).mean(), SGD),
        Player("b", b, lambda x: game.once(both, x).pow(2).mean(), SGD),
    )
    expected = copy.deepcopy(a), copy.deepcopy(b)
    next(game.play([torch.ones(3, 2)]))
    for net in expected:
        optimizer = SGD(net.parameters())
        optimizer.zero_grad()
        expected[0](expected[1](torch.ones(3, 2))).pow(2).mean().backward()
        optimizer.step()
    assert len(makes) == 2
    for own, other in zip((a, b), expected, strict=True):
        assert torch.equal(own.weight, other.weight)


def test_foreign_gradients_survive_a_shared_graph():
    torch.manual_seed(0)
    a, b = nn.Linear(2, 2), nn.Linear(2, 2)
    game = Game(
        Player("a", a, lambda x: game.once(lambda y: a(b(y)), x).pow(2).mean(), SGD),
        Player("b", b, lambda x: b(x).pow(2).mean(), SGD, every=2),
    )
    kept = torch.full((2, 2), 7.0)
    b.weight.grad = kept
    next(game.play([torch.ones(3, 2)], turns=2))
    assert b.weight.grad is kept
    assert torch.equal(kept, torch.full((2, 2), 7.0))


def test_gradient_is_differentiable():
    weight = torch.tensor(3.0, requires_grad=True)
    x = torch.tensor([1.0, 2.0])
    found = gradient(lambda x: weight * x**2, x)
    assert torch.equal(found, 2 * 3.0 * x)
    (second,) = torch.autograd.grad(found.sum(), weight)
    assert second == 6.0
    assert not x.requires_grad


def test_gradient_of_a_value_with_a_graph_reaches_through():
    weight = torch.tensor(2.0, requires_grad=True)
    found = gradient(lambda y: y**2, weight * torch.ones(1))
    found.sum().backward()
    assert weight.grad == 2.0


def test_gradient_of_a_constant_is_an_error():
    message = "gradient: the function's result does not depend on its inputs; return a value computed from its argument"
    with pytest.raises(PlayError, match=message):
        gradient(lambda x: torch.ones(2), torch.ones(2))


def test_gradient_penalty_in_a_game():
    critic = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1))

    def penalty(x):
        return (gradient(critic, x).norm(dim=1) - 1).pow(2).mean()

    game = Game(Player("critic", critic, penalty, partial(torch.optim.Adam, lr=0.05), idle="allow"))
    x = torch.randn(32, 2)
    losses = [turn.losses["critic"].item() for turn in game.play([x], turns=100)]
    assert losses[-1] < 0.1 * losses[0]


def test_a_batch_of_a_stream_of_ones_own_knows_the_time():
    net, seen = nn.Linear(1, 1), []

    def loss(batch):
        seen.append((batch.turn.item(), batch.progress.item()))
        return net(batch.x).mean()

    batches = [Batch({"x": torch.ones(2, 1)})] * 2
    for _ in Game(Player("p", net, loss, SGD)).play(batches, turns=4):
        pass
    assert seen == [(0, 0), (1, 0.25), (2, 0.5), (3, 0.75)]
