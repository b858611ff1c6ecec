"""What a person asked of a training, beside its data."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What the user said beside the data; None: the plan chooses.

    options: those of `brique.data.open`, as `brique.data.options` reads them.
    task: what the data do not say, such as "reconstruct".
    """

    source: str
    seed: int = 0
    minutes: float = 10.0
    epochs: int | None = None
    options: tuple[str, ...] = ()
    start: str | None = None
    freeze: bool = False
    balance: str = "none"
    task: str | None = None
