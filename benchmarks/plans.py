"""The default plan of `brique train --minutes 2` beside eight plans that were fixed beforehand.

    python benchmarks/plans.py            all sets that are there
    python benchmarks/plans.py digits     one of them

The eight are SGD along a cosine with 0.05 and 0.2, and AdamW with 1e-3 and 3e-3, each at the
default plan's width and at twice that, with as many turns as the plan's own reckoning gives them in
the two minutes. All else is the default plan's: the net's shape, augmentation, average, the choice
of the best look at valid. One seed, and three of the plans at the default's width where test is so
small that seeds differ by points; one thread; turns are fixed beforehand, so that two may run side
by side. Each result is kept in .bench/plans. Writes benchmarks/plans.md.
"""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import torch

from brique import data
from brique.data import Data
from brique.errors import DataError
from brique.planning import Request
from brique.tasks import classify
from brique.tasks.classify import plan as planning
from brique.tasks.classify import train as module

HERE = Path(__file__).parent
KEPT = HERE.parent / ".bench" / "plans"
MINUTES = 2.0
SEEDS = {"chihuahua-muffin": (0, 1, 2)}  # 176 test pictures: two points from seed to seed
SETS = ("digits", "orl-faces", "chihuahua-muffin", "mnist", "cifar-10")
STEPS = {
    "sgd 0.05": {"optimizer": "sgd", "lr": 0.05, "weight_decay": 5e-4},
    "sgd 0.2": {"optimizer": "sgd", "lr": 0.2, "weight_decay": 5e-4},
    "adamw 1e-3": {"optimizer": "adamw", "lr": 1e-3, "weight_decay": 0.05},
    "adamw 3e-3": {"optimizer": "adamw", "lr": 3e-3, "weight_decay": 0.05},
}


def plans(opened: Data, name: str) -> dict[str, dict[str, Any]]:
    """Return the settings of the default plan and of the eight, by title."""
    request = Request(source=name, minutes=MINUTES)
    default = planning.plan_pictures(opened, request)
    found = {"default": default}
    for title, step in STEPS.items():
        for factor in (1, 2):
            settings = default | step | {"width": factor * default["width"]}
            found[f"{title}, width x {factor}"] = planning.fit_to_time(settings, opened, request)
    return found


def play(settings: dict[str, Any], opened: Data) -> dict[str, float]:
    """Train as the training file does, and return the accuracy on test and what it took."""
    torch.set_num_threads(1)
    torch.manual_seed(settings["seed"])
    args = module.Args(**settings)
    net = module.build(args, opened.schema)
    game = module.build_game(args, net, opened)
    best, kept = -float("inf"), net.state_dict()
    begun = time.perf_counter()
    for turn in game.play(module.build_stream(args, opened)):
        if turn.evaluate:
            average = game.averaged(net)
            seen = classify.validate(average, opened.valid)
            if -seen.loss > best:
                best, kept = -seen.loss, average.state_dict()
    net.load_state_dict(kept)
    return {
        "accuracy": classify.accuracy(net, opened.test),
        "turns": settings["turns"],
        "seconds": round(time.perf_counter() - begun, 1),
    }


def result(name: str, title: str, settings: dict[str, Any], opened: Data) -> dict[str, float]:
    """Return what a plan reaches on a set, kept if the settings are those of an earlier time."""
    path = KEPT / f"{name}-{title}.json".replace(" ", "_").replace(",", "")
    if path.is_file():
        before = json.loads(path.read_text())
        if before["settings"] == settings:
            return before["result"]
    print(name, title, settings["turns"], "turns", flush=True)
    found = play(settings, opened)
    KEPT.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"settings": settings, "result": found}, indent=1))
    return found


def mean(name: str, title: str, settings: dict[str, Any], opened: Data) -> float:
    """Return the mean accuracy over seeds: several of the plans at the default's width."""
    seeds = SEEDS.get(name, (0,)) if "x 2" not in title else (0,)
    found = [
        result(name, title if not seed else f"{title} {seed}", settings | {"seed": seed}, opened)
        for seed in seeds
    ]
    return sum(one["accuracy"] for one in found) / len(found)


def main() -> None:
    """Play all plans on all sets that are there and write the table."""
    rows: list[str] = []
    for name in sys.argv[1:] or SETS:
        try:
            opened = data.open(name)
        except DataError as error:
            print(f"{name}: left out ({error})")
            continue
        shares = {t: 100 * mean(name, t, s, opened) for t, s in plans(opened, name).items()}
        best = max((t for t in shares if t != "default"), key=shares.__getitem__)
        cells = [f"{share:.2f}" for share in shares.values()]
        gap = f"{shares['default'] - shares[best]:+.2f}"
        rows.append(f"| {name} | {' | '.join(cells)} | {best} | {gap} |")
    titles = ["default", *(f"{step}, width x {f}" for step in STEPS for f in (1, 2))]
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=HERE, capture_output=True, text=True
    ).stdout.strip()
    text = [
        "# The default plan beside eight others",
        "",
        "Accuracy on test in percent after as many turns as the plan reckons for two minutes, seed",
        "0 (chihuahua-muffin, whose 176 test pictures differ by two points from seed to seed: the",
        "mean of seeds 0, 1, 2, but for the plans of width x 2), by `python benchmarks/plans.py`.",
        f"Commit {commit}, torch {torch.__version__}, one thread, no GPU.",
        "",
        f"| data | {' | '.join(titles)} | best of the eight | default minus best |",
        "|---" * (len(titles) + 3) + "|",
        *rows,
    ]
    if len(sys.argv) == 1:
        (HERE / "plans.md").write_text("\n".join(text) + "\n")
    print("\n".join(rows))


if __name__ == "__main__":
    main()
