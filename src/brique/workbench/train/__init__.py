"""From data to a judged model: makes the plan, then runs the training file of the task."""

import shlex
from pathlib import Path
from typing import Any

from brique import catalog, data
from brique.data import Data
from brique.errors import DataError, UsageError
from brique.run import Launch, launched
from brique.schema import Category

_EXAMPLES = 16_000  # that a plan shows the net in all, if it may repeat each 5 to 40 times


def train(
    source: str | Path,
    *,
    seed: int = 0,
    epochs: int | None = None,
    out: str | Path | None = None,
    device: str | None = None,
    exact: bool = False,
    quick: bool = False,
) -> Path:
    """Train a net on a data set, judge it on the test part, and return the run's folder.

    source: built-in name, name of a folder under BRIQUE_DATA, or path.
    seed: of everything random.
    epochs: how often each training example is seen; by default it follows from their number.
    out: folder of the run; by default a new one in runs/.
    device: "cpu", "cuda", "mps"; by default the fastest there is.
    exact: bit for bit the same each time, also where that is slower.
    quick: some seconds of training, to see that all works.
    Raises DataError on data that cannot be used, UsageError on settings that cannot.
    """
    if epochs is not None and epochs < 1:
        raise UsageError(f"train: epochs must be 1 or more, not {epochs}.")
    opened = data.open(source)
    task = task_of(opened)
    module = catalog.load_train(task)
    settings = plan(opened, str(source), seed=seed, epochs=epochs)
    if quick:
        settings |= module.QUICK
    launch = Launch(
        out=Path(out) if out is not None else None,
        name=opened.name,
        quick=quick,
        device=device,
        exact=exact,
        command=_command(source, seed=seed, epochs=epochs, out=out, device=device, exact=exact)
        + (" --quick" if quick else ""),
    )
    with launched(launch) as run:
        module.main(module.Args(**settings))
    assert run.folder is not None
    return run.folder


def task_of(opened: Data) -> str:
    """Return what a net is to learn from a data set. Raises DataError where that is not built."""
    target = opened.schema[opened.schema.target]
    if not isinstance(target, Category):
        raise DataError(
            f"train: {opened.name} asks for a {target.kind} ('{opened.schema.target}'), and brique"
            " can so far train for a category; choose a target that holds classes."
        )
    names = list(target.names)
    if len(names) < 2:
        raise DataError(
            f"train: {opened.name} has one class only ('{names[0]}'); a net needs at least two to"
            " tell apart."
        )
    return "classify"


def plan(opened: Data, source: str, *, seed: int, epochs: int | None) -> dict[str, Any]:
    """Return the settings of a training: a function of the data and of what was asked for."""
    count = len(opened.train)
    batch_size = min(count, 32 if count < 10_000 else 128)
    epochs = epochs or min(40, max(5, _EXAMPLES // count))
    _, height, width = opened.schema["image"].shape
    return {
        "data": source,
        "size": height if height == width else None,
        "turns": epochs * (count // batch_size),
        "batch_size": batch_size,
        "seed": seed,
    }


def _command(source: str | Path, **flags: object) -> str:
    """Return the command line that does the same."""
    words = ["brique", "train", str(source)]
    for name, value in flags.items():
        if value is True:
            words.append(f"--{name}")
        elif value not in (None, False):
            words += [f"--{name}", str(value)]
    return shlex.join(words)
