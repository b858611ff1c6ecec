"""A loss moves its own player's parameters only, and the caller finds everything as it was."""

import copy
from functools import partial

import pytest
import torch
from torch import nn
from torch.nn import functional

from brique.errors import PlayError
from brique.game import Game, Player

SGD = partial(torch.optim.SGD, lr=0.1)


def snapshot(net):
    return {
        "parameters": [p.detach().clone() for p in net.parameters()],
        "grads": [None if p.grad is None else p.grad.clone() for p in net.parameters()],
        "requires": [p.requires_grad for p in net.parameters()],
        "buffers": [b.clone() for b in net.buffers()],
        "modes": [m.training for m in net.modules()],
    }


def assert_same(a, b, *keys):
    for key in keys:
        for own, other in zip(a[key], b[key], strict=True):
            if isinstance(own, torch.Tensor):
                assert torch.equal(own, other), key
            else:
                assert own == other, key


def gan_nets():
    forger = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 3))
    critic = nn.Sequential(
        nn.Linear(3, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, 1)
    )
    return forger, critic


@pytest.mark.parametrize("order", ["alternate", "simultaneous"])
def test_no_foreign_parameter_gradient_or_buffer_moves(order):
    forger, critic = gan_nets()
    seen = []

    def fooled(x):
        before = snapshot(forger)
        loss = (
            functional.softplus(-critic(x)).mean()
            + functional.softplus(critic(forger(x[:, [0, 1, 2, 0]]))).mean()
        )
        seen.append(("critic", before))
        return loss

    def caught(x):
        seen.append(("forger", snapshot(critic)))
        return functional.softplus(-critic(forger(x[:, [0, 1, 2, 0]]))).mean()

    players = (
        Player("critic", critic, fooled, SGD),
        Player("forger", forger, caught, SGD, every=1000),
    )
    game = Game(*players, order=order)
    before_forger = snapshot(forger)
    batches = [torch.randn(16, 3) for _ in range(5)]
    for _ in game.play(batches):
        assert_same(
            before_forger, snapshot(forger), "parameters", "grads", "requires", "buffers", "modes"
        )
    before_critic = snapshot(critic)
    alone = Game(
        Player("critic", critic, fooled, SGD, every=1000), Player("forger", forger, caught, SGD)
    )
    for _ in alone.play(batches):
        assert_same(
            before_critic, snapshot(critic), "parameters", "grads", "requires", "buffers", "modes"
        )


def test_everything_is_restored_when_a_loss_raises():
    forger, critic = gan_nets()
    critic.eval()
    critic[1].train()

    def broken(x):
        critic(forger(x[:, [0, 1, 2, 0]]))
        raise KeyError("mine")

    critic.train()
    game = Game(
        Player("forger", forger, broken, SGD),
        Player("critic", critic, lambda x: critic(x).mean(), SGD),
    )
    forger.eval()
    critic[0].eval()
    before = snapshot(forger), snapshot(critic)
    with pytest.raises(KeyError, match="mine"):
        next(game.play([torch.randn(8, 3)]))
    assert_same(before[0], snapshot(forger), "parameters", "requires", "modes")
    assert_same(before[1], snapshot(critic), "parameters", "grads", "requires", "buffers", "modes")


def test_modes_are_the_owners_inside_and_the_callers_outside():
    forger, critic = gan_nets()
    forger[1].eval()  # kept so: it was in eval mode when the game was made
    inside = []

    def caught(x):
        inside.append(
            ([m.training for m in forger.modules()], [m.training for m in critic.modules()])
        )
        return critic(forger(x[:, [0, 1, 2, 0]])).mean()

    game = Game(
        Player("forger", forger, caught, SGD),
        Player("critic", critic, lambda x: critic(x).mean(), SGD),
    )
    forger.eval()
    critic.eval()
    for _ in game.play([torch.randn(8, 3)] * 2):
        assert not any(m.training for m in forger.modules())
        assert not any(m.training for m in critic.modules())
    assert inside[0][0] == [True, True, False, True, True]
    assert inside[0][1] == [False] * 6


def test_reads_are_frozen_and_in_eval_mode_but_for_what_a_player_owns():
    body = nn.Sequential(nn.Linear(3, 8), nn.BatchNorm1d(8))
    net = nn.Sequential(body, nn.Sequential(nn.Linear(8, 2), nn.Dropout(0.5)))
    inside = []

    def loss(x):
        inside.append(
            ([m.training for m in net.modules()], [p.requires_grad for p in net.parameters()])
        )
        return net(x).pow(2).mean()

    game = Game(Player("head", net[1], loss, SGD), reads=[net])
    before = snapshot(body)
    for _ in game.play([torch.randn(8, 3)] * 3):
        assert all(m.training for m in net.modules())
        assert all(p.requires_grad for p in net.parameters())
    assert_same(before, snapshot(body), "parameters", "grads", "buffers")
    assert inside[0] == (
        [False, False, False, False, True, True, True],
        [False] * 4 + [True, True],
    )


def test_a_head_given_as_a_list_of_parameters_keeps_its_mode():
    net = nn.Sequential(nn.Linear(3, 8), nn.BatchNorm1d(8), nn.Linear(8, 2))
    modes = []

    def loss(x):
        modes.append([m.training for m in net])
        return net(x).pow(2).mean()

    game = Game(Player("head", list(net[2].parameters()), loss, SGD), reads=[net])
    next(game.play([torch.randn(8, 3)]))
    assert modes == [[False, False, True]]


def test_what_is_frozen_when_the_game_is_made_belongs_to_nobody():
    net = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 1))
    net[0].requires_grad_(False)
    before = net[0].weight.clone()
    for _ in Game(Player("p", net, lambda x: net(x).pow(2).mean(), SGD)).play(
        [torch.randn(8, 3)] * 3
    ):
        pass
    assert torch.equal(net[0].weight, before)
    assert net[0].weight.grad is None


def test_three_players_share_an_encoder():
    torch.manual_seed(3)
    encoder, decoder, critic = (
        nn.Linear(4, 2),
        nn.Linear(2, 4),
        nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1)),
    )

    def rebuilt(x):
        return (decoder(encoder(x)) - x).pow(2).mean()

    def fooled(x):
        real = torch.randn(len(x), 2)
        return (
            functional.softplus(-critic(real)).mean()
            + functional.softplus(critic(encoder(x))).mean()
        )

    def caught(x):
        return functional.softplus(-critic(encoder(x))).mean()

    game = Game(
        Player("autoencoder", [encoder, decoder], rebuilt, SGD),
        Player("critic", critic, fooled, SGD),
        Player("deceiver", encoder, caught, SGD, shares=("autoencoder",)),
    )
    x = torch.randn(64, 4)
    first = rebuilt(x).item()
    before = encoder.weight.detach().clone()
    for _ in game.play([x], turns=100):
        pass
    assert rebuilt(x).item() < 0.8 * first
    assert not torch.equal(before, encoder.weight)


def test_simultaneous_players_with_a_shared_owner_both_move():
    shared = nn.Parameter(torch.zeros(1))
    game = Game(
        Player("up", [shared], lambda _: -shared.sum(), SGD),
        Player("more", [shared], lambda _: -2 * shared.sum(), SGD, shares=("up",)),
        order="simultaneous",
    )
    next(game.play([None]))
    assert shared.item() == pytest.approx(0.3)


@pytest.mark.parametrize(
    ("order", "low", "high"), [("alternate", 0, 1.5), ("simultaneous", 3.5, 4)]
)
def test_the_bilinear_game(order, low, high):
    x, y = nn.Parameter(torch.tensor(1.0)), nn.Parameter(torch.tensor(1.0))
    game = Game(
        Player("x", [x], lambda _: x * y, SGD), Player("y", [y], lambda _: -x * y, SGD), order=order
    )
    for _ in game.play([None], turns=200):
        radius = (x**2 + y**2).sqrt().item()
    assert low <= radius <= high


def test_a_kept_graph_does_not_see_a_foreign_buffer_change():
    forger, critic = gan_nets()
    kept = []

    def caught(x):
        scores = critic(forger(x[:, [0, 1, 2, 0]]))
        kept.append(critic[1].running_mean)
        return scores.mean()

    game = Game(
        Player("forger", forger, caught, SGD),
        Player("critic", critic, lambda x: critic(x).pow(2).mean(), SGD),
    )
    for _ in game.play([torch.randn(8, 3)] * 2):
        pass
    assert kept[0] is not kept[1]
    assert kept[0] is not critic[1].running_mean
    assert kept[0]._version == kept[1]._version


def test_every_counts_turns():
    net = nn.Linear(1, 1)
    other = nn.Linear(1, 1)
    game = Game(
        Player("often", net, lambda x: net(x).pow(2).mean(), SGD),
        Player("seldom", other, lambda x: other(x).pow(2).mean(), SGD, every=5),
    )
    due = [tuple(turn.losses) for turn in game.play([torch.ones(2, 1)], turns=10)]
    assert [i for i, names in enumerate(due) if "seldom" in names] == [4, 9]


def test_a_leaf_that_nobody_owns_is_named():
    net, lost = nn.Linear(2, 2), nn.Linear(2, 1)
    game = Game(Player("p", net, lambda x: lost(net(x)).mean(), SGD))
    message = r"player 'p': its loss reaches lost\.(weight|bias) of shape \(1.*\), which no player owns; give it to a player, or name its net in Game\(reads=\.\.\.\)\."
    with pytest.raises(PlayError, match=message):
        next(game.play([torch.ones(3, 2)]))


def test_a_leaf_without_a_name_is_told_by_its_shape():
    net = nn.Linear(2, 2)
    box = [torch.zeros(2, requires_grad=True)]
    game = Game(Player("p", net, lambda x: (net(x) + box[0]).mean(), SGD))
    with pytest.raises(
        PlayError, match=r"reaches a trainable tensor of shape \(2,\), which no player owns"
    ):
        next(game.play([torch.ones(3, 2)]))


def test_a_foreign_parameter_through_a_value_from_outside_is_named():
    net, other = nn.Linear(2, 2), nn.Linear(2, 2)
    outside = other(torch.ones(1, 2))
    game = Game(
        Player("p", net, lambda x: (net(x) + outside).mean(), SGD),
        Player("q", other, lambda x: other(x).mean(), SGD),
    )
    message = "player 'p': its loss reaches (weight|bias) of player 'q' through a value that was computed outside the loss; compute it inside, or share it with game.once."
    with pytest.raises(PlayError, match=message):
        next(game.play([torch.ones(3, 2)]))


def test_idle_parameter_is_named():
    net = nn.ModuleDict({"body": nn.Linear(2, 2), "head": nn.Linear(2, 1)})
    message = (
        r"player 'critic': its loss ignores 2 of 4 parameters \(head\.weight, head\.bias\); "
        r"freeze or use them, or pass idle='allow'\."
    )
    loss = lambda x: net["body"](x).mean()  # noqa: E731
    with pytest.raises(PlayError, match=message):
        next(Game(Player("critic", net, loss, SGD)).play([torch.ones(3, 2)]))
    next(Game(Player("critic", net, loss, SGD, idle="allow")).play([torch.ones(3, 2)]))


def test_owned_twice_is_named():
    net = nn.Linear(2, 2)
    players = [Player(name, net, lambda x: net(x).mean(), SGD) for name in ("a", "b")]
    message = r"players 'a' and 'b': both own weight, bias; say shares=\('a',\) in 'b' if both shall move them\."
    with pytest.raises(PlayError, match=message):
        Game(*players)


def test_the_nets_of_a_game_can_be_copied_while_it_plays():
    net = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    for _ in Game(Player("p", net, lambda x: net(x).pow(2).mean(), SGD)).play(
        [torch.randn(4, 2)] * 2
    ):
        assert copy.deepcopy(net).training
