"""Three kinds of learning by one engine: from answers, from things alone, from rewards.

Paper    Watkins, Dayan 1992, "Q-learning"; Mnih et al. 2015, Nature 518, algorithm 1.
Departs  a world without chance, in which the table may take whole steps; small nets.
Run      brique run three_kinds
Reached  see benchmarks/recipes.md
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional

from brique import cli, data
from brique.data import Batch
from brique.game import Game, Player, cosine
from brique.run import Run
from brique.schema import Category, Picture, Schema
from brique.tasks import accuracy

# lost: share of the pictures' variance; error: largest of any move's worth; right: share of cells
EXPECT = {"digits": {"accuracy": (0.95, 1), "lost": (0, 0.3), "q_table/error": (0, 0),
                     "q_network/right": (1, 1)}}  # fmt: skip
QUICK = {"turns": 800}
LEARNS = {"autoencoder/autoencoder": "falls", "q_network/error": "falls"}

MAP = "######## #......# #.##.#.# #.#...o# #...#..# #.o.#.*# ########".replace(" ", "")
REWARDS, MOVES, DISCOUNT = {"o": -1, "*": 1}, (1, 8, -1, -8), 0.9  # right, down, left, up


@dataclass(frozen=True, kw_only=True)
class Args:
    """Settings of the run; every field is a flag."""

    data: str = "digits"
    """Built-in name or path: pictures with classes."""
    turns: int = 6000
    """Turns of each learner: 64 pictures, or one step through the world."""
    seed: int = 0
    """Seed of everything random."""


def build(args: Args, schema: Schema) -> dict[str, nn.Module]:
    """Pictures (N, C, H, W) -> class scores, -> pictures; cells (N,) -> worth of moves (N, 4)."""
    shape, classes = torch.Size(schema["image"].shape), len(schema["label"].names)
    return {
        "classifier": nn.Sequential(
            nn.Flatten(), nn.Linear(shape.numel(), 128), nn.ReLU(), nn.Linear(128, classes)),
        "autoencoder": nn.Sequential(
            nn.Flatten(), nn.Linear(shape.numel(), 128), nn.ReLU(), nn.Linear(128, 8),
            nn.Linear(8, 128), nn.ReLU(), nn.Linear(128, shape.numel()), nn.Unflatten(1, shape)),
        "q_table": nn.Embedding(len(MAP), 4, _weight=torch.zeros(len(MAP), 4)),
        "q_network": nn.Sequential(nn.Embedding(len(MAP), 64), nn.ReLU(), nn.Linear(64, 4)),
    }  # fmt: skip


def main(args: Args) -> dict[str, float]:
    """Learn from labels, then from pictures alone, then from rewards: by a table, then by a net."""
    run = Run.start(__file__, args)
    digits = data.open(args.data, needs={"image": Picture, "label": Category})
    nets, before = (run.place(build(args, digits.schema)) for _ in range(2))

    def mistakes(batch: Batch) -> Tensor:
        return functional.cross_entropy(nets["classifier"](batch.image), batch.label)

    def missed(batch: Batch) -> Tensor:
        return functional.mse_loss(nets["autoencoder"](batch.image), batch.image)

    def surprise(name: str, batch: Batch) -> Tensor:  # Q-learning
        said = nets[name](batch.cell).gather(1, batch.move.unsqueeze(1)).squeeze(1)
        return functional.mse_loss(said, worth(batch.reward, before[name](batch.after))) / 2

    adam, sgd = partial(torch.optim.Adam, lr=3e-3), partial(torch.optim.SGD, lr=1.0)
    for name, loss in ("classifier", mistakes), ("autoencoder", missed):
        game = Game(Player(name, nets[name], loss, adam, schedule=cosine))
        stream = digits.train.batches(64, turns=args.turns, seed=args.seed)
        for turn in run.play(game, stream, name=name):
            if turn.looks and name == "classifier":
                run.log(turn, accuracy=accuracy(nets[name], digits.valid))

    agents = ("q_table", sgd, 1, None), ("q_network", adam, 2000, cosine)
    for name, optimizer, memory, fade in agents:
        walk = Walk(nets[name], args.turns, memory, run.device)
        agent = Player(name, nets[name], partial(surprise, name), optimizer, schedule=fade)
        for turn in run.play(Game(agent, reads=[before[name]]), walk, name=name):
            if turn.index % walk.batch_size == 0:
                before[name].load_state_dict(nets[name].state_dict())
            if turn.looks:
                run.log(turn, **walk.compared(nets[name]))

    (test,) = digits.test.batches(len(digits.test)).on(run.device)
    rebuilt = nets["autoencoder"](test.image)
    run.picture("rebuilt", torch.cat([test.image[:8], rebuilt[:8]]))
    lost = (rebuilt - test.image).square().mean() / test.image.var(dim=0, correction=0).mean()
    right = (nets["classifier"](test.image).argmax(dim=1) == test.label).float().mean()
    return run.finish(answers="classifier", task="classify", **nets, accuracy=right, lost=lost)


def worth(reward: Tensor, promised: Tensor) -> Tensor:
    """Return what steps (N,) are worth, if the moves after them are worth `promised` (N, 4)."""
    return reward + DISCOUNT * (reward == 0) * promised.amax(dim=1)  # a pit or the goal ends it


class Walk(Iterator[Batch]):
    """A stream: each turn a step, four in five of them drawn, and a batch of those remembered."""

    def __init__(self, net: nn.Module, turns: int, memory: int, device: torch.device) -> None:
        self.turns, self._net, self._memory, self.batch_size = turns, net, memory, min(64, memory)
        with device:  # the world: every step that there is, four from each cell
            cell, move = torch.cartesian_prod(torch.arange(len(MAP)), torch.arange(4)).unbind(1)
            there = (cell + torch.tensor(MOVES)[move]) % len(MAP)
            is_wall = torch.tensor([kind == "#" for kind in MAP])
            after = torch.where(is_wall[there], cell, there)
            reward = torch.tensor([REWARDS.get(kind, 0.0) for kind in MAP])[after]
        self._world = {"cell": cell, "move": move, "after": after, "reward": reward}
        self._free = [cell for cell, kind in enumerate(MAP) if kind == "."]
        self._seen, self._cell = list[int](), self._free[0]

    def __next__(self) -> Batch:
        best = int(self._net(self._world["cell"][4 * self._cell]).argmax())
        taken = 4 * self._cell + (random.randrange(4) if random.random() < 0.8 else best)
        self._seen = [*self._seen, taken][-self._memory :]
        after = int(self._world["after"][taken])
        self._cell = after if MAP[after] == "." else random.choice(self._free)
        chosen = random.choices(self._seen, k=self.batch_size)
        return Batch({name: values[chosen] for name, values in self._world.items()})

    def state(self) -> list[int]:
        """Return what `restore` takes."""
        return [self._cell, *self._seen]

    def restore(self, state: list[int]) -> None:
        """Continue from a state."""
        self._cell, *self._seen = state

    def compared(self, net: nn.Module) -> dict[str, Tensor]:
        """Return the largest error of a net, and the share of cells where its best move is best."""
        reward, best, before = self._world["reward"], self._world["reward"].view(-1, 4), None
        while before is None or not torch.equal(before, best):  # value iteration
            before, best = best, worth(reward, best[self._world["after"]]).view(-1, 4)
        said, best = net(self._world["cell"][::4])[self._free], best[self._free]
        right = best.gather(1, said.argmax(dim=1, keepdim=True))[:, 0] == best.amax(dim=1)
        return {"error": (said - best).abs().max(), "right": right.float().mean()}


if __name__ == "__main__":
    cli.main_with(Args, main)
