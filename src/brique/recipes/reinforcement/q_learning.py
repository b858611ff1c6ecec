"""Tabular Q-learning, then a small deep Q-network (DQN), solve a grid world.

Paper    Watkins, Dayan 1992, "Q-learning"; Mnih et al. 2015, Nature 518, algorithm 1.
Departs  a deterministic environment, so that the table can have a learning rate of one; a constant
         epsilon, a Q-network of two layers, Adam.
Run      brique run q_learning
Reached  see benchmarks/recipes.md
"""

import copy
import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional

from brique import cli
from brique.data import Batch
from brique.draw import Panel
from brique.game import Game, Player, cosine
from brique.run import Run
from brique.schema import Schema

# max_error: largest difference from the optimal action values; optimal: share of states in which
# the greedy action is optimal
EXPECT = {"generated": {"q_table/max_error": (0, 0), "q_network/optimal": (1, 1)}}
QUICK = {"turns": 800}
LEARNS = {"q_network/max_error": "falls"}

GRID = "######## #......# #.##.#.# #.#...o# #...#..# #.o.#.*# ########".replace(" ", "")
REWARDS, ACTIONS, GAMMA = {"o": -1, "*": 1}, (1, 8, -1, -8), 0.9  # right, down, left, up


@dataclass(frozen=True, kw_only=True)
class Args:
    """Settings of the run; every field is a flag."""

    turns: int = 6000
    """Turns (training steps) of each agent: one environment step and one update."""
    batch_size: int = 64
    """Transitions per batch from the Q-network's replay buffer; the table uses the latest one."""
    replay_size: int = 2000
    """Capacity of the Q-network's replay buffer, in transitions."""
    update_every: int = 64
    """Turns between updates of the target network."""
    epsilon: float = 0.8
    """Probability of a random action (epsilon-greedy)."""
    lr: float = 3e-3
    """Initial learning rate of the Q-network's Adam, decayed to zero along a cosine."""
    seed: int = 0
    """Random seed."""


def build(args: Args, schema: Schema | None = None) -> dict[str, nn.Module]:
    """Two Q functions: states (N,), int64 -> action values (N, 4)."""
    return {
        "q_table": nn.Embedding(len(GRID), 4, _weight=torch.zeros(len(GRID), 4)),
        "q_network": nn.Sequential(nn.Embedding(len(GRID), 64), nn.ReLU(), nn.Linear(64, 4)),
    }


def main(args: Args) -> dict[str, float]:
    """Learn action values with a table, then with a Q-network; compare with value iteration."""
    run = Run.start(__file__, args)
    environment, nets = GridWorld(run.device), run.place(build(args))
    target_nets = run.place(copy.deepcopy(nets))

    def td_loss(name: str, batch: Batch) -> Tensor:  # half the mean squared TD error
        q = nets[name](batch.state).gather(1, batch.action.unsqueeze(1)).squeeze(1)  # (N,)
        target = td_target(batch.reward, target_nets[name](batch.next_state))
        return functional.mse_loss(q, target) / 2

    sgd, adam = partial(torch.optim.SGD, lr=1.0), partial(torch.optim.Adam, lr=args.lr)
    replay_buffer = ReplayBuffer(args.replay_size, args.batch_size)
    agents = {
        "q_table": (ReplayBuffer(size=1, batch_size=1), sgd, None, 1),
        "q_network": (replay_buffer, adam, cosine, args.update_every),
    }
    for name, (buffer, optimizer, schedule, update_every) in agents.items():
        net, target_net = nets[name], target_nets[name]
        agent = Player(name, net, partial(td_loss, name), optimizer, schedule=schedule)
        stream = Experience(environment, net, buffer, epsilon=args.epsilon, turns=args.turns)
        for turn in run.play(Game(agent, reads=[target_net]), stream, name=name):
            if turn.index % update_every == 0:
                target_net.load_state_dict(net.state_dict())
            if turn.evaluate:
                run.log(turn, **environment.metrics(net))

    policies = {"value iteration": environment.optimal_q()}
    policies |= {name: net(environment.states) for name, net in nets.items()}
    drawings = [draw(name, q.cpu()) for name, q in policies.items()]
    run.picture("policies", torch.cat(drawings, dim=2))
    return run.finish(answers="q_network", task="none", **nets)


def td_target(reward: Tensor, next_q: Tensor) -> Tensor:
    """Return r + gamma max Q(s', a') for transitions (N,), or r at the end of an episode."""
    return reward + GAMMA * (reward == 0) * next_q.amax(dim=1)


class GridWorld:
    """The environment: a grid with walls, a goal of reward 1 and two pits of reward -1."""

    def __init__(self, device: torch.device) -> None:
        self.states = torch.arange(len(GRID), device=device)
        self.free_states = [state for state, cell in enumerate(GRID) if cell == "."]
        with device:
            state, action = torch.cartesian_prod(self.states, torch.arange(4)).unbind(1)
            next_cell = (state + torch.tensor(ACTIONS)[action]) % len(GRID)
            is_wall = torch.tensor([cell == "#" for cell in GRID])
            next_state = torch.where(is_wall[next_cell], state, next_cell)
            reward = torch.tensor([REWARDS.get(cell, 0.0) for cell in GRID])[next_state]
        self.transitions = {  # all there are, four from each state
            "state": state, "action": action, "next_state": next_state, "reward": reward,
        }  # fmt: skip

    def optimal_q(self) -> Tensor:
        """Return the optimal action values (states, 4), by value iteration."""
        reward, next_state = self.transitions["reward"], self.transitions["next_state"]
        previous, q = None, reward.view(-1, 4)
        while previous is None or not torch.equal(previous, q):
            previous, q = q, td_target(reward, q[next_state]).view(-1, 4)
        return q

    def metrics(self, net: nn.Module) -> dict[str, Tensor]:
        """Return a net's largest error and the share of optimal greedy actions, on free states."""
        q, optimal_q = net(self.states)[self.free_states], self.optimal_q()[self.free_states]
        chosen = optimal_q.gather(1, q.argmax(dim=1, keepdim=True))[:, 0]
        optimal = (chosen == optimal_q.amax(dim=1)).float().mean()
        return {"max_error": (q - optimal_q).abs().max(), "optimal": optimal}


class ReplayBuffer:
    """The latest transitions, by index."""

    def __init__(self, size: int, batch_size: int) -> None:
        self.size, self.batch_size = size, batch_size
        self.transitions = list[int]()

    def add(self, transition: int) -> None:
        """Append a transition; drop the oldest when full."""
        self.transitions = [*self.transitions, transition][-self.size :]

    def sample(self) -> list[int]:
        """Return a minibatch, drawn with replacement."""
        return random.choices(self.transitions, k=self.batch_size)


class Experience(Iterator[Batch]):
    """A stream of batches: each turn takes an epsilon-greedy step and samples a minibatch."""

    def __init__(
        self, environment: GridWorld, net: nn.Module, buffer: ReplayBuffer,
        *, epsilon: float, turns: int,
    ) -> None:  # fmt: skip
        self.batch_size, self.turns = buffer.batch_size, turns
        self._environment, self._net, self._buffer = environment, net, buffer
        self._epsilon, self._state = epsilon, environment.free_states[0]

    def __next__(self) -> Batch:
        transitions = self._environment.transitions
        greedy = int(self._net(self._environment.states[self._state]).argmax())
        action = random.randrange(4) if random.random() < self._epsilon else greedy
        transition = 4 * self._state + action
        self._buffer.add(transition)
        state, starts = int(transitions["next_state"][transition]), self._environment.free_states
        self._state = state if GRID[state] == "." else random.choice(starts)  # a new episode
        indices = self._buffer.sample()
        return Batch({name: values[indices] for name, values in transitions.items()})

    def state(self) -> list[int]:
        """Return the state to pass to `restore`."""
        return [self._state, *self._buffer.transitions]

    def restore(self, state: list[int]) -> None:
        """Continue from a state."""
        self._state, *self._buffer.transitions = state


def draw(title: str, q: Tensor) -> Tensor:
    """Return a drawing (3, H, W) of the grid: state values in gray, greedy actions as arrows."""
    height = len(GRID) // 8
    is_free = torch.tensor([cell == "." for cell in GRID])
    values = (q.amax(dim=1) * is_free).view(height, 8).flip(0)  # rows from below
    cells = values.repeat_interleave(24, dim=0).repeat_interleave(24, dim=1)
    panel = Panel(title, x=(0, 8), y=(0, height), size=(230, 260)).heatmap(cells)
    for state, cell in enumerate(GRID):
        text = ">v<^"[int(q[state].argmax())] if cell == "." else cell
        panel.text(state % 8 + 0.5, height - state // 8 - 0.5, text)
    return panel.pixels()


if __name__ == "__main__":
    cli.main_with(Args, main)
