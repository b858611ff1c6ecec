"""What a page must be handed to show the result of a task: it knows none by itself."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from brique.evaluation.result import Score
from brique.page.facts import Facts
from brique.page.markup import Gap, Section
from brique.page.thumbnails import Gallery

Values = Mapping[str, Any]


class Subject(Protocol):
    """A task, as `brique.tasks.record.Task` has it."""

    @property
    def name(self) -> str:
        """The task, as run.json names it."""
        ...

    @property
    def main(self) -> Score:
        """The score that is named first."""
        ...

    @property
    def scores(self) -> Mapping[str, Score]:
        """Scores beside the main one, by name."""
        ...

    @property
    def baselines(self) -> Mapping[str, str]:
        """What the simple methods are called."""
        ...

    @property
    def sentence(self) -> Callable[[Values], str]:
        """A result in one sentence."""
        ...

    @property
    def sections(self) -> Callable[[Facts, Gallery], list[Section | Gap]]:
        """What the page shows of the answers."""
        ...

    @property
    def verdict(self) -> Callable[[Values], tuple[str, str] | None] | None:
        """The outcome, and what it says of the best baseline; None: the usual verdict."""
        ...

    @property
    def has_own_answer(self) -> bool:
        """Whether `sections` begin with the net beside the baselines."""
        ...
