"""The task record: all that the verbs know about a task."""

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
    """Evaluates a net on the test part of data, and compares it with baselines."""

    def __call__(
        self, net: nn.Module, data: Data, schema: Schema, *, compare: bool = True
    ) -> Result:
        """Return the result; compare: whether to fit baselines, or only the constant one."""
        ...


ResultValues = Mapping[str, Any]
"""The `Result.values` of a task."""


def _identity(answer: Any, value: object, schema: Schema) -> Any:  # noqa: ANN401 - of any task
    return answer


@dataclass(frozen=True, kw_only=True)
class Task:
    """A task.

    name: in run.json and model.json. main_metric: the metric named first.
    training_file: name of the task's training file for a schema; None if the task does not fit.
    plan: (data, request) -> settings of the training file.
    evaluate: the result of a net on the test part, compared with baselines; the schema is that of
        the net's model, whose class names are matched with those of the data.
    predict: the prediction of each example of a batch.
    postprocess: (prediction, original input, schema) -> prediction, with a note on input that the
        net ignores, such as unknown words, or in pixels of the original picture.
    sentence: a result in one sentence. sections: of the report.
    baseline_names: names of the baselines in sentences. metrics: others than the main one, by name.
    bounds: of the metrics that are not shares.
    verdict: the report's outcome and comparison with the best baseline; None: the default one.
    needs_target: whether the data must have a target.
    has_baseline_section: whether `sections` begin with the comparison with baselines.
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
