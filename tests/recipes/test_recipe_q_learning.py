"""The environment of `q_learning`, against the same rules written out step by step."""

import random

import pytest
import torch
from torch import nn

from brique.recipes.reinforcement.q_learning import (
    GRID,
    Experience,
    GridWorld,
    ReplayBuffer,
    draw,
    td_target,
)

FREE = [state for state, kind in enumerate(GRID) if kind == "."]


@pytest.fixture
def environment() -> GridWorld:
    return GridWorld(torch.device("cpu"))


def optimal() -> list[list[float]]:
    """Return the value of each action, by a hundred sweeps over the grid in plain Python."""
    q = [[0.0] * 4 for _ in GRID]
    for _ in range(100):
        for state in FREE:
            for action, offset in enumerate((1, 8, -1, -8)):
                after = state if GRID[state + offset] == "#" else state + offset
                reward = {"o": -1.0, "*": 1.0}.get(GRID[after])
                q[state][action] = 0.9 * max(q[after]) if reward is None else reward
    return q


def table(values: list[list[float]]) -> nn.Embedding:
    return nn.Embedding(len(GRID), 4, _weight=torch.tensor(values))


def test_value_iteration_finds_what_sweeps_in_python_find(environment: GridWorld):
    found = environment.metrics(table(optimal()))
    assert found["max_error"] < 1e-6
    assert found["optimal"] == 1


def test_a_wrong_value_counts_in_both_metrics(environment: GridWorld):
    values = optimal()
    values[FREE[0]] = [0.0, 0.0, 0.0, 2.0]  # up, into the wall
    found = environment.metrics(table(values))
    assert found["max_error"].item() == pytest.approx(2 - optimal()[FREE[0]][3])
    assert found["optimal"].item() == pytest.approx(1 - 1 / len(FREE))


def test_a_table_with_learning_rate_one_ends_in_the_optimal_values_exactly(environment: GridWorld):
    random.seed(0)
    net = table([[0.0] * 4 for _ in GRID])
    stream = Experience(environment, net, ReplayBuffer(1, 1), epsilon=0.8, turns=1)
    with torch.no_grad():
        for _ in range(6000):
            batch = next(stream)
            target = td_target(batch.reward, net.weight[batch.next_state])
            net.weight[batch.state, batch.action] = target
    assert environment.metrics(net)["max_error"] == 0


def test_experience_follows_the_grid_and_can_be_restored(environment: GridWorld):
    net = table(optimal())
    stream = Experience(environment, net, ReplayBuffer(50, 50), epsilon=0.8, turns=1)
    random.seed(1)
    for _ in range(300):
        batch = next(stream)
        assert all(GRID[state] == "." for state in batch.state.tolist())
        assert not any(GRID[state] == "#" for state in batch.next_state.tolist())
    kept, seed = stream.state(), random.getstate()
    first = [next(stream).state.tolist() for _ in range(20)]
    other = Experience(environment, net, ReplayBuffer(50, 50), epsilon=0.8, turns=1)
    other.restore(kept)
    random.setstate(seed)
    assert [next(other).state.tolist() for _ in range(20)] == first


def test_epsilon_zero_takes_the_shortest_path_to_the_goal(environment: GridWorld):
    stream = Experience(environment, table(optimal()), ReplayBuffer(1, 1), epsilon=0.0, turns=1)
    path = [next(stream) for _ in range(20)]
    rewards = [batch.reward.item() for batch in path]
    assert rewards.index(1) == 8, "nine steps from the upper left"
    assert -1 not in rewards


def test_a_replay_buffer_forgets_the_oldest():
    buffer = ReplayBuffer(size=3, batch_size=50)
    for number in range(5):
        buffer.add(number)
    assert buffer.transitions == [2, 3, 4]
    assert set(buffer.sample()) == {2, 3, 4}


def test_a_policy_is_drawn_with_the_values_of_its_states():
    one, two = draw("q", torch.zeros(len(GRID), 4)), draw("q", torch.tensor(optimal()))
    assert one.shape == two.shape == (3, 230, 260)
    assert not torch.equal(one, two)
