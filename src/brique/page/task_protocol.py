"""What a page must be handed to show the result of a task: it knows none by itself."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from brique.evaluation.result import Metric
from brique.page.facts import Facts
from brique.page.markup import Gap, Section
from brique.page.thumbnails import Gallery

ResultValues = Mapping[str, Any]


class PageTask(Protocol):
    """A task, as `brique.tasks.record.Task` has it."""

    @property
    def name(self) -> str:
        """The task, as run.json names it."""
        ...

    @property
    def main_metric(self) -> Metric:
        """The score that is named first."""
        ...

    @property
    def metrics(self) -> Mapping[str, Metric]:
        """Scores beside the main one, by name."""
        ...

    @property
    def baseline_names(self) -> Mapping[str, str]:
        """What the simple methods are called."""
        ...

    @property
    def sentence(self) -> Callable[[ResultValues], str]:
        """A result in one sentence."""
        ...

    @property
    def sections(self) -> Callable[[Facts, Gallery], list[Section | Gap]]:
        """What the page shows of the answers."""
        ...

    @property
    def verdict(self) -> Callable[[ResultValues], tuple[str, str] | None] | None:
        """The outcome, and what it says of the best baseline; None: the usual verdict."""
        ...

    @property
    def has_baseline_section(self) -> bool:
        """Whether `sections` begin with the net beside the baselines."""
        ...
