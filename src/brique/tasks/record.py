"""The record of a task: all that the verbs know of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from torch import nn

from brique.data import Batch, Data
from brique.evaluation.result import Metric, Result
from brique.model import Answer
from brique.page.facts import Facts
from brique.page.markup import Gap, Section
from brique.page.thumbnails import Gallery
from brique.planning import Request
from brique.schema import Schema


class Evaluator(Protocol):
    """What a net reaches on the test part of data, beside what needs no net."""

    def __call__(
        self, net: nn.Module, data: Data, schema: Schema, *, compare: bool = True
    ) -> Result:
        """Evaluate; compare: whether baselines are fitted on train, or the constant one stands."""
        ...


ResultValues = Mapping[str, Any]
"""The values that a task's `evaluate` returned."""


def _identity(answer: Any, value: object, schema: Schema) -> Any:  # noqa: ANN401 - of any task
    return answer


@dataclass(frozen=True, kw_only=True)
class Task:
    """A task.

    name: in run.json and model.json. main: the score that is named first.
    training_file: the training file for data of a schema, of this task's folder; None: it does not fit.
    plan: a function of the data and of what was asked to the settings of the training file.
    evaluate: what a net reaches on the test part of data, beside what needs no net; the schema is
        that of the net's model, by whose names classes are compared.
    predict: what a net says of each example of a batch.
    postprocess: an answer with what of its input the net did not see, such as words that it does not
        know: from the answer, the input as it was given, and the schema.
    sentence: a result in one sentence. sections: what the report shows of the answers.
    baseline_names: what the simple methods are called. scores: those beside the main one, by name.
    bounds: between which a score lies that is no share.
    verdict: of the report: outcome, and what it says of the best baseline; None: the usual one.
    needs_target: whether the data must say what is to be answered.
    has_baseline_section: whether `sections` begin with the net beside the baselines.
    """

    name: str
    main_metric: Metric
    training_file: Callable[[Schema], str | None]
    plan: Callable[[Data, Request], dict[str, Any]]
    evaluate: Evaluator
    predict: Callable[[nn.Module, Batch, Schema], Sequence[Answer]]
    postprocess: Callable[[Any, object, Schema], Any] = _identity
    sentence: Callable[[ResultValues], str]
    sections: Callable[[Facts, Gallery], list[Section | Gap]]
    baseline_names: Mapping[str, str]
    metrics: Mapping[str, Metric] = field(default_factory=dict[str, Metric])
    bounds: Mapping[str, tuple[float, float]] = field(
        default_factory=dict[str, tuple[float, float]]
    )
    verdict: Callable[[ResultValues], tuple[str, str] | None] | None = None
    needs_target: bool = True
    has_baseline_section: bool = False
