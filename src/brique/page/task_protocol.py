"""The interface that the report needs from a task."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from brique.evaluation.result import Metric
from brique.page.facts import Facts
from brique.page.markup import Gap, Section
from brique.page.thumbnails import Gallery

ResultValues = Mapping[str, Any]


class PageTask(Protocol):
    """A task, implemented by `brique.tasks.record.Task`."""

    @property
    def name(self) -> str:
        """Name of the task in run.json."""
        ...

    @property
    def main_metric(self) -> Metric:
        """The main metric."""
        ...

    @property
    def metrics(self) -> Mapping[str, Metric]:
        """Other metrics by name."""
        ...

    @property
    def baseline_names(self) -> Mapping[str, str]:
        """Titles of the baselines."""
        ...

    @property
    def sentence(self) -> Callable[[ResultValues], str]:
        """Function from a result to one sentence."""
        ...

    @property
    def sections(self) -> Callable[[Facts, Gallery], list[Section | Gap]]:
        """Function that returns the sections of the task."""
        ...

    @property
    def verdict(self) -> Callable[[ResultValues], tuple[str, str] | None] | None:
        """Outcome and sentence on the best baseline; None for the default verdict."""
        ...

    @property
    def has_baseline_section(self) -> bool:
        """Whether `sections` starts with the comparison with the baselines."""
        ...
