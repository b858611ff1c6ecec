"""What the checksums of records, log and files cost, as a share of the time of saving.

    python benchmarks/saving.py        writes benchmarks/saving.md

A run saves after each turn. Counted are the checksum that run.json carries, the running one of the
log, and the list of files in run.json; those of checkpoints and model were there before. Times are
of the clock, of one process; the shortest of several runs, as other work disturbs both.
"""

import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.optim import SGD

from brique import data, files
from brique.game import Game, Player
from brique.run import Launch, Run, launched, outcome

HERE = Path(__file__).parent
TURNS, AGAIN = 10, 9
SIZES = {"60 thousand": 244, "1 million": 1000, "10 million": 3162}
"""Numbers of a net, and the sides of its only layer."""
ANSWERED = (10_000, 100_000)  # test examples, each with ten probabilities


@dataclass(frozen=True)
class Args:
    """Settings of the run."""

    seed: int = 0


class Clock:
    """Seconds that calls take."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def on(self, work: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function that counts what it takes."""

        def counted(*args: Any, **named: Any) -> Any:  # noqa: ANN401
            begun = time.perf_counter()
            try:
                return work(*args, **named)
            finally:
                self.seconds += time.perf_counter() - begun

        return counted


class Sum:
    """A checksum whose calls are counted."""

    def __init__(self, known: Any, clock: Clock) -> None:  # noqa: ANN401
        self.update, self.hexdigest = clock.on(known.update), clock.on(known.hexdigest)


def saved(out: Path, side: int, answered: int) -> tuple[float, float, float, float]:
    """Return seconds: of all checkpoints, of checksums in them, of the end, of checksums in it."""
    whole, sums = Clock(), Clock()
    patched: list[tuple[Any, str]] = [(files, "seal"), (outcome, "_file_entries")]
    before = [getattr(module, name) for module, name in patched]
    for (module, name), work in zip(patched, before, strict=True):
        setattr(module, name, sums.on(work))
    try:
        with launched(Launch(out=out, quiet=True)):
            run = Run.start(__file__, Args())
            net = run.place(nn.Linear(side, side, bias=False))
            loss = partial(lambda net, _: net(torch.ones(1, side)).pow(2).mean(), net)
            game = Game(Player("p", net, loss, partial(SGD, lr=1e-9)))
            run.log(start=0.0)
            storage = run._storage  # pyright: ignore
            log = storage.log
            log._digest = Sum(log._digest, sums)  # pyright: ignore
            storage.save = whole.on(storage.save)
            for turn in run.play(game, data.nothing(TURNS), save_every=1):
                run.log(turn, **{f"number_{one}": float(one) for one in range(8)})
            turns = whole.seconds, sums.seconds
            whole.seconds = sums.seconds = 0.0
            whole.on(run.save_arrays)("predictions", scores=torch.rand(answered, 10))
            whole.on(run.finish)(net=net, task="none")
    finally:
        for (module, name), work in zip(patched, before, strict=True):
            setattr(module, name, work)
    return *turns, whole.seconds, sums.seconds


def main() -> None:
    """Measure and write the table."""
    torch.set_num_threads(1)
    rows: list[str] = []
    for (name, side), answered in product(SIZES.items(), ANSWERED):
        with tempfile.TemporaryDirectory() as folder:
            outs = [Path(folder) / str(number) for number in range(AGAIN)]
            found = [saved(out, side, answered) for out in outs]
        best = [min(one[k] for one in found) for k in range(4)]
        times, shares = (best[0], best[2]), (best[1] / best[0], best[3] / best[2])
        rows.append(
            f"| {name} | {answered:,} | {1000 * times[0] / TURNS:.1f} ms | {shares[0]:.2%} |"
            f" {1000 * times[1]:.1f} ms | {shares[1]:.1%} |"
        )
        print(rows[-1], flush=True)
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, cwd=HERE
    ).stdout.strip()
    (HERE / "saving.md").write_text(
        "# Saving\n\nWhat the checksums of run.json, of the log and of the files that run.json"
        " lists cost, by `python benchmarks/saving.py`: a net of so many numbers, 8 numbers logged"
        " a turn, ten probabilities kept of each test example; these are part of the end."
        f" Commit {commit}, torch {torch.__version__}.\n\n"
        "| net | test examples | a checkpoint | its checksums | the end | its checksums |\n"
        "|---|---|---|---|---|---|\n" + "\n".join(rows) + "\n"
    )


if __name__ == "__main__":
    main()
