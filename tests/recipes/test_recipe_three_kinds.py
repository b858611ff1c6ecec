"""The world of `three_kinds`, against the same rules written out step by step."""

import random

import pytest
import torch
from torch import nn

from brique.recipes.foundations import three_kinds
from brique.recipes.foundations.three_kinds import MAP, Walk

FREE = [cell for cell, kind in enumerate(MAP) if kind == "."]


def truth() -> list[list[float]]:
    """Return what each move is worth, by a hundred sweeps over the map in plain Python."""
    known = [[0.0] * 4 for _ in MAP]
    for _ in range(100):
        for cell in FREE:
            for number, move in enumerate((1, 8, -1, -8)):
                after = cell if MAP[cell + move] == "#" else cell + move
                ends = {"o": -1.0, "*": 1.0}.get(MAP[after])
                known[cell][number] = 0.9 * max(known[after]) if ends is None else ends
    return known


def table(values: list[list[float]]) -> nn.Module:
    return nn.Embedding(len(MAP), 4, _weight=torch.tensor(values))


def test_value_iteration_finds_what_a_sweep_by_hand_finds():
    net = table(truth())
    compared = Walk(net, turns=1, memory=1, device=torch.device("cpu")).compared(net)
    assert compared["error"] < 1e-6
    assert compared["right"] == 1


def test_a_wrong_table_is_found_out():
    values = truth()
    values[FREE[0]] = [0.0, 0.0, 0.0, 2.0]  # up, into the wall
    net = table(values)
    compared = Walk(net, turns=1, memory=1, device=torch.device("cpu")).compared(net)
    assert compared["error"].item() == pytest.approx(2 - truth()[FREE[0]][3])
    assert compared["right"].item() == pytest.approx(1 - 1 / len(FREE))


def test_whole_steps_of_the_table_end_in_its_values_exactly():
    random.seed(0)
    net = table([[0.0] * 4 for _ in MAP])
    walk = Walk(net, turns=1, memory=1, device=torch.device("cpu"))
    with torch.no_grad():
        for _ in range(6000):
            step = next(walk)
            net.weight[step.cell, step.move] = three_kinds.worth(
                step.reward, net.weight[step.after]
            )
    assert walk.compared(net)["error"] == 0


def test_a_walk_obeys_the_map_and_is_put_back():
    net = table(truth())
    walk = Walk(net, turns=1, memory=50, device=torch.device("cpu"))
    random.seed(1)
    for _ in range(300):
        batch = next(walk)
        assert all(MAP[cell] == "." for cell in batch.cell.tolist())
        assert not any(MAP[cell] == "#" for cell in batch.after.tolist())
    kept, seed = walk.state(), random.getstate()
    first = [next(walk)["cell"].tolist() for _ in range(20)]
    other = Walk(net, turns=1, memory=50, device=torch.device("cpu"))
    other.restore(kept)
    random.setstate(seed)
    assert [next(other)["cell"].tolist() for _ in range(20)] == first
