"""A request for a training."""

from dataclasses import asdict, dataclass, field
from typing import Any

from brique.options import Options


@dataclass(frozen=True, kw_only=True)
class Request:
    """A training as requested by the user; the plan chooses what is None.

    source, options: the data.
    minutes, epochs: time budget, or passes through the training examples.
    start, freeze: weights or a run to start from, and whether to train only a new head.
    task: one that does not follow from the data, such as "reconstruct".
    command: as the user typed it.
    """

    source: str
    options: Options = field(default_factory=Options)
    seed: int = 0
    minutes: float = 10.0
    epochs: int | None = None
    start: str | None = None
    freeze: bool = False
    balance: str = "none"
    task: str | None = None
    device: str | None = None
    exact: bool = False
    quick: bool = False
    command: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the request as JSON values."""
        return asdict(self) | {"options": self.options.given()}
