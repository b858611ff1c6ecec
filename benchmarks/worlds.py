"""Whether worlds ask for a net that looks: a linear probe reads no factor, a small CNN reads each.

    python benchmarks/worlds.py              # three processes, some three minutes
    python benchmarks/worlds.py --pictures   # only draws docs/pictures/worlds-*.png

For each of three seeds, the factors of scenes and faces are read from the pixels of test by
multinomial logistic regression (strength of decay and size of the pictures, 64 or 16 pixels a side,
chosen on valid for each factor) and by one convolutional net for all factors of a world. The joints
of figures are told by ridge regression, chosen likewise, and by a net. Writes benchmarks/worlds.md;
exit code 1 if the probe reads a factor above 80%, the net one below 95%, or joints are told worse
than within 2 pixels, or not twice as well as by regression.
"""

import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from io import BytesIO
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional

from brique import files
from brique.data import Batch, Data, Split, worlds
from brique.game import Game, Player, cosine

HERE = Path(__file__).parent
PICTURES = HERE.parent / "docs" / "pictures"
SEEDS = (0, 1, 2)
SCENES, FACES, FIGURES = 10_000, 5_000, 4_000  # training examples
EPOCHS = {"scenes": 6, "faces": 8, "figures": 4}
FACTORS = {
    "scenes": ("shape", "color", "size", "place", "count"),
    "faces": ("mood", "glasses", "hair"),
}
MOST_LINEAR, LEAST_NET, MOST_PIXELS = 0.8, 0.95, 2.0
DECAYS, SIDES = (1e-3, 1e-1), (64, 16)  # of the linear probe


def block(inputs: int, outputs: int, stride: int = 1, size: int = 3) -> list[nn.Module]:
    """Return convolution, batch normalisation and ReLU."""
    convolution = nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False)
    return [convolution, nn.BatchNorm2d(outputs), nn.ReLU()]


class Reader(nn.Module):
    """Pictures (N, 3, 64, 64) -> scores of all factors, end to end (N, K)."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.look = nn.Sequential(
            *block(3, 16, 2, 5), *block(16, 24), *block(24, 32, 2), *block(32, 48),
            *block(48, 64, 2), *block(64, 64),
        )  # fmt: skip
        self.where = nn.Sequential(
            nn.Conv2d(64, 8, 1), nn.ReLU(), nn.Flatten(), nn.Linear(512, 32), nn.ReLU()
        )
        self.tell = nn.Linear(64 * 2 + 32, classes)

    def forward(self, image: Tensor) -> Tensor:
        """Return scores."""
        seen = self.look(image - 0.5)
        parts = (seen.amax((2, 3)), seen.mean((2, 3)), self.where(seen))
        return self.tell(torch.cat(parts, 1))


class Pointer(nn.Module):
    """Pictures (N, 3, 64, 64) -> x and y of joints (N, J, 2), in pixels: means of heat maps."""

    def __init__(self, joints: int) -> None:
        super().__init__()
        self.look = nn.Sequential(
            *block(3, 16, 2, 5), *block(16, 32, 2), *block(32, 48), *block(48, 48), *block(48, 48),
            *block(48, 48), nn.Conv2d(48, joints, 1),
        )  # fmt: skip

    def forward(self, image: Tensor) -> Tensor:
        """Return x and y."""
        heat = self.look(image - 0.5)
        share = heat.flatten(2).softmax(2).view_as(heat)
        middle = (torch.arange(heat.shape[-1]) + 0.5) * (64 / heat.shape[-1])
        return torch.stack([share.sum(2) @ middle, share.sum(3) @ middle], 2)


def trained(net: nn.Module, loss: Callable[[Batch], Tensor], data: Data, epochs: int) -> None:
    """Train a net by AdamW along a cosine."""
    stream = data.train.batches(64, epochs=epochs, seed=0)
    adam = partial(torch.optim.AdamW, lr=4e-3, weight_decay=1e-2)
    game = Game(Player("net", net, loss, adam, schedule=cosine, clip=5.0))
    for _ in game.play(stream, seed=0):
        pass


def answers(net: nn.Module, split: Split) -> Tensor:
    """Return what a net says of all examples."""
    net.eval()
    with torch.no_grad():
        some = [net(batch.image) for batch in split.batches(256)]
    return torch.cat(some)


def labels(split: Split, factors: Sequence[str]) -> Tensor:
    """Return the classes of all factors, (N, F), int64."""
    return torch.stack([split[name] for name in factors], 1)


def right(scores: Tensor, classes: Sequence[int], truth: Tensor) -> list[float]:
    """Return the share of right answers by factor."""
    parts = scores.split(list(classes), 1)
    return [
        float((part.argmax(1) == truth[:, place]).double().mean())
        for place, part in enumerate(parts)
    ]


def costs(scores: Tensor, classes: Sequence[int], truth: Tensor) -> Tensor:
    """Return the sum of the log losses of all factors."""
    parts = scores.split(list(classes), 1)
    return sum(
        (functional.cross_entropy(part, truth[:, place]) for place, part in enumerate(parts)),
        torch.zeros(()),
    )


def pixels(split: Split, side: int) -> Tensor:
    """Return pictures of so many pixels a side as rows, uint8."""
    image = split["image"]
    if side < image.shape[-1]:
        some = [
            functional.adaptive_avg_pool2d(part.float(), side).round().byte()
            for part in image.split(1000)
        ]
        image = torch.cat(some)
    return image.flatten(1)


def linear(data: Data, factors: Sequence[str], classes: Sequence[int]) -> list[float]:
    """Return what logistic regression reads of test, by factor, its settings chosen on valid."""
    truth = {part: labels(getattr(data, part), factors) for part in ("train", "valid", "test")}
    best = [(-1.0, 0.0)] * len(factors)
    for side in SIDES:
        rows = {part: pixels(getattr(data, part), side) for part in truth}
        some = rows["train"][:2000].float()
        mean, spread = some.mean(0), some.std(0) + 1.0
        for decay in DECAYS:
            weight = torch.zeros(rows["train"].shape[1], sum(classes), requires_grad=True)
            bias = torch.zeros(sum(classes), requires_grad=True)

            def scores(some: Tensor) -> Tensor:
                return (some.float() - mean) / spread @ weight + bias  # noqa: B023

            turns = 8 * (len(data.train) // 256)
            adam = torch.optim.Adam([weight, bias], lr=2e-3 if side == 64 else 1e-2)
            falls = torch.optim.lr_scheduler.CosineAnnealingLR(adam, turns)
            draw = torch.Generator().manual_seed(0)
            for _ in range(turns):
                some = torch.randint(len(data.train), (256,), generator=draw)
                loss = costs(scores(rows["train"][some]), classes, truth["train"][some])
                loss = loss + decay / 2 * weight.square().sum()
                adam.zero_grad()
                loss.backward()
                adam.step()
                falls.step()
            with torch.no_grad():
                valid = right(scores(rows["valid"]), classes, truth["valid"])
                test = right(scores(rows["test"]), classes, truth["test"])
            best = [max(one) for one in zip(best, zip(valid, test, strict=True), strict=True)]
    return [test for _, test in best]


def looked(data: Data, factors: Sequence[str], classes: Sequence[int]) -> list[float]:
    """Return what a small convolutional net reads of test, by factor."""
    torch.manual_seed(0)
    net = Reader(sum(classes))

    def mistakes(batch: Batch) -> Tensor:
        truth = torch.stack([batch[name] for name in factors], 1)
        return costs(net(batch.image), classes, truth)

    trained(net, mistakes, data, EPOCHS[data.name.removeprefix("world:")])
    return right(answers(net, data.test), classes, labels(data.test, factors))


def distance(told: Tensor, truth: Tensor) -> float:
    """Return the mean distance of joints (N, J, 2), in pixels."""
    return float((told - truth).norm(dim=2).mean())


def ridge(data: Data) -> float:
    """Return how far off ridge regression tells joints of test, in pixels."""
    best = (float("inf"), 0.0)
    for side in (32, 16):
        parts = {part: pixels(getattr(data, part), side).double() / 255
                 for part in ("train", "valid", "test")}  # fmt: skip
        rows = {p: torch.cat([x, torch.ones(len(x), 1)], 1) for p, x in parts.items()}
        goal = data.train["joints"].double().flatten(1)
        square, cross = rows["train"].T @ rows["train"], rows["train"].T @ goal
        for decay in (1.0, 30.0, 1000.0):
            weight = torch.linalg.solve(square + decay * torch.eye(len(square)).double(), cross)
            valid, test = (
                distance((rows[p] @ weight).unflatten(1, (-1, 2)), getattr(data, p)["joints"])
                for p in ("valid", "test")
            )
            best = min(best, (valid, test))
    return best[1]


def pointed(data: Data) -> float:
    """Return how far off a small convolutional net tells joints of test, in pixels."""
    torch.manual_seed(0)
    net = Pointer(len(worlds.JOINTS))

    def off(batch: Batch) -> Tensor:
        return functional.smooth_l1_loss(net(batch.image), batch.joints)

    trained(net, off, data, EPOCHS["figures"])
    return distance(answers(net, data.test), data.test["joints"])


def measured(seed: int) -> tuple[dict[str, list[float]], float]:
    """Return by "world: factor" what probe and net reach for a seed, and seconds of a core."""
    torch.set_num_threads(1)
    start = time.process_time()
    found: dict[str, list[float]] = {}
    for name, n in (("scenes", SCENES), ("faces", FACES)):
        data = worlds.WORLDS[name](n, target=None, seed=seed)
        factors = FACTORS[name]
        classes = [len(data.schema[factor].names) for factor in factors]
        both = linear(data, factors, classes), looked(data, factors, classes)
        for factor, *values in zip(factors, *both, strict=True):
            found[f"{name}: {factor}"] = values
        print(seed, name, *both, file=sys.stderr)
    figures = worlds.figures(FIGURES, seed=seed)
    found["figures: joints"] = [ridge(figures), pointed(figures)]
    print(seed, "figures", found["figures: joints"], file=sys.stderr)
    return found, time.process_time() - start


def collected() -> tuple[dict[str, list[list[float]]], dict[str, float]]:
    """Return what `measured` returns for all seeds, one process each; and seconds of a core."""
    start = time.process_time()
    worlds.scenes(10_000, target=None)
    seconds = {"13,000 scenes with all fields": time.process_time() - start}
    with ProcessPoolExecutor(len(SEEDS), mp_context=get_context("spawn")) as processes:
        each = list(processes.map(measured, SEEDS))
    seconds["all measurements"] = sum(spent for _, spent in each)
    return {name: [found[name] for found, _ in each] for name in each[0][0]}, seconds


def is_good(name: str, values: Sequence[Sequence[float]]) -> bool:
    """Return whether every seed shows what it must."""
    if name == "figures: joints":
        return all(net < MOST_PIXELS and probe > 2 * net for probe, net in values)
    return all(probe <= MOST_LINEAR and net >= LEAST_NET for probe, net in values)


def page(found: dict[str, list[list[float]]], seconds: dict[str, float]) -> str:
    """Return worlds.md."""
    git = ["git", "rev-parse", "--short", "HEAD"]
    commit = subprocess.run(git, cwd=HERE, capture_output=True, text=True).stdout.strip()
    sizes = [sum(p.numel() for p in net.parameters())
             for net in (Reader(19), Reader(7), Pointer(11))]  # fmt: skip
    rows: list[str] = []
    for name, values in found.items():
        form = "{:.2f} px" if name == "figures: joints" else "{:.1%}"
        both = zip(*values, strict=True)
        cells = " | ".join(", ".join(form.format(value) for value in each) for each in both)
        rows.append(f"| {name} | {cells} | {'yes' if is_good(name, values) else 'no'} |")
    text = [
        "# Worlds: what a linear probe reads, and what a small net reads",
        "",
        f"By `python benchmarks/worlds.py`, seeds {', '.join(map(str, SEEDS))} of the worlds, one"
        " thread each. Right answers on test, whose backgrounds never",
        f"come in train. The probe must read no factor above {MOST_LINEAR:.0%}, the net each"
        f" above {LEAST_NET:.0%}; joints must be told within {MOST_PIXELS:.0f} pixels on",
        "average, twice as well as by ridge regression.",
        "",
        f"Commit {commit}, torch {torch.__version__}, Python {platform.python_version()}, "
        f"{platform.machine()}, {os.cpu_count()} cores, no GPU.",
        "",
        "| factor | linear probe | small net | as it must be |",
        "|---|---|---|---|",
        *rows,
        "",
        f"Training examples: {SCENES:,} scenes, {FACES:,} faces, {FIGURES:,} figures. Parameters of"
        f" the nets: {sizes[0]:,}, {sizes[1]:,}, {sizes[2]:,}; passes: "
        f"{', '.join(map(str, EPOCHS.values()))}.",
        f"The probe is the best on valid of decay {DECAYS} and {SIDES} pixels a side.",
        "",
        "Seconds of one core: " + "; ".join(f"{k}: {v:.0f}" for k, v in seconds.items()) + ".",
    ]
    return "\n".join(text) + "\n"


# The pictures of docs/worlds.md


def sheet(pictures: Tensor, columns: int) -> Tensor:
    """Return pictures (N, C, H, W) side by side, (rows * H, columns * W, 3), uint8."""
    n, width = len(pictures), pictures.shape[-1]
    pictures = pictures.expand(-1, 3, -1, -1).unflatten(0, (n // columns, columns))
    return pictures.permute(0, 3, 1, 4, 2).reshape(-1, columns * width, 3)


def drawn(name: str, *rows: Tensor, colors: int = 160) -> None:
    """Write a contact sheet of few colors, train above test, to docs/pictures."""
    image = Image.fromarray(torch.cat(rows).numpy().astype(np.uint8))
    held = BytesIO()
    image.quantize(colors, dither=Image.Dither.NONE).save(held, "PNG", optimize=True)
    files.write(PICTURES / f"worlds-{name}.png", held.getvalue())
    print(name, len(held.getvalue()), "bytes", file=sys.stderr)


def plotted(kind: str) -> Tensor:
    """Return a picture of the training points of a kind, white, and of test, dark below."""
    data = worlds.points(kind, 1500, noise=0.06)
    halves: list[Tensor] = []
    for split in (data.train, data.test):
        canvas = torch.full((3, 96, 96), 255, dtype=torch.uint8)
        at = (split["x"] * 28 + 48).round().long().clamp(0, 95)
        colors = torch.tensor([[200, 60, 40], [40, 90, 190], [40, 150, 70]], dtype=torch.uint8)
        canvas[:, 95 - at[:, 1], at[:, 0]] = colors[split["label"]].T
        halves.append(canvas)
    return torch.cat(halves, 1)[None]


def pictures() -> None:
    """Draw the contact sheets."""
    scenes = worlds.scenes(16, target=None)
    truth = scenes.train["mask"][:8, None] * 60
    rows = [sheet(scenes.train["image"][:8], 8), sheet(truth, 8)]
    rows += [sheet(scenes.train["depth"][:8], 8)]
    drawn("scenes", *rows, sheet(worlds.scenes(40).test["image"][:8], 8))
    for name, made in (("figures", worlds.figures), ("faces", worlds.faces)):
        data = made(40)
        drawn(name, sheet(data.train["image"][:16], 8), sheet(data.test["image"][:8], 8))
    stereo = worlds.stereo(40, target=None)
    apart = (stereo.train["disparity"][:6, None] * 25).byte()
    seen = [stereo.train["left"][:6], stereo.train["right"][:6], apart]
    drawn("stereo", *(sheet(some, 6) for some in [*seen, stereo.test["left"][:6]]), colors=40)
    frames = (worlds.throws(8).train["frames"][:3] * 255).byte()
    drawn("throws", *(sheet(some, 16) for some in frames))
    kinds = ("moons", "circles", "spirals", "xor", "blobs", "checkerboard")
    drawn("points", sheet(torch.cat([plotted(kind) for kind in kinds]), 6))


def main() -> int:
    """Measure, write the page and the pictures; 1 if something is not as it must be."""
    torch.set_num_threads(1)
    pictures()
    if "--pictures" in sys.argv:
        return 0
    found, seconds = collected()
    text = page(found, seconds)
    files.write(HERE / "worlds.md", text)
    print(text)
    return int(not all(is_good(name, values) for name, values in found.items()))


if __name__ == "__main__":
    sys.exit(main())
