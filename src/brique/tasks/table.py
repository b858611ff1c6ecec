"""The closed table of tasks, as the verbs know them: how each is judged, told and answered."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from torch import nn

from brique.data import Batch, Data
from brique.data.prepared import stand_ins
from brique.schema import Mask, Schema, Tags
from brique.tasks import (
    classify,
    detect,
    forecast,
    generate,
    label,
    reconstruct,
    regress,
    segment,
    tag,
    translation,
)  # fmt: skip
from brique.tasks.classify.calibration import LEAST
from brique.tasks.judged import Judged, Score

_FEW = 5  # classes that a sentence names


class Answer(Protocol):
    """What a net says of one input."""

    def to_json(self) -> dict[str, object]:
        """Return {"answer": ..., and "probabilities" | "interval" | "boxes" | "mask" | "tags"}."""
        ...

    def cells(self) -> dict[str, object]:
        """Return the answer as a row of a table, by the names of its columns."""
        ...

    def said(self) -> tuple[str, str]:
        """Return the answer in words, and how sure it is; either may be empty."""
        ...


class Judges(Protocol):
    """What a net reaches on the test part of data, beside what needs no net."""

    def __call__(
        self, net: nn.Module, data: Data, schema: Schema, *, compare: bool = True
    ) -> Judged:
        """Judge; compare: whether simple methods are fitted on train, or always the same stands."""
        ...


@dataclass(frozen=True, kw_only=True)
class Known:
    """A task.

    main: the score that is named first.
    judge: what a net reaches on the test part of data, beside what needs no net; the schema is that
        of the net's model, by whose names classes are compared.
    sentence: a judgement in one sentence. answers: what a net says of each example of a batch.
    told: an answer with what of its input the net did not see, such as words that it does not know:
        from the answer, the input as it was given, and the schema.
    """

    main: Score
    judge: Judges
    sentence: Callable[[Mapping[str, Any]], str]
    answers: Callable[[nn.Module, Batch, Schema], list[Any]]
    told: Callable[[Any, object, Schema], Any] = lambda answer, given, schema: answer


def _noted(answer: Any, given: object, schema: Schema) -> Any:  # noqa: ANN401 - of three tasks
    """Return an answer with a note on what of the input is missing, or never came in training."""
    note = str(stand_ins(schema, given))
    return replace(answer, note=note) if note else answer


def _detected(net: nn.Module, data: Data, schema: Schema, *, compare: bool = True) -> Judged:
    tags = schema[schema.targets[1]]
    assert isinstance(tags, Tags)
    return detect.judge(net, data, names=tags.names, compare=compare)


def _segmented(net: nn.Module, data: Data, schema: Schema, *, compare: bool = True) -> Judged:
    kind = schema[schema.target]
    assert isinstance(kind, Mask)
    return segment.judge(net, data, names=kind.names, compare=compare)


def _classified(net: nn.Module, data: Data, schema: Schema, *, compare: bool = True) -> Judged:
    names = schema[schema.target].names
    return classify.judge(net, data, names=names, compare=compare, others=True)


def _labelled(net: nn.Module, data: Data, schema: Schema, *, compare: bool = True) -> Judged:
    return label.judge(net, data, schema=schema, compare=compare)


def _tagged(net: nn.Module, data: Data, schema: Schema, *, compare: bool = True) -> Judged:
    return tag.judge(net, data, names=schema[schema.target].names, compare=compare)


def _translated(net: nn.Module, data: Data, schema: Schema, *, compare: bool = True) -> Judged:
    return translation.judge(net, data, schema=schema, compare=compare)


def _plainly(judge: Callable[..., Judged]) -> "Judges":
    """Return a judge that needs no names of the model's schema."""

    def judged(net: nn.Module, data: Data, schema: Schema, *, compare: bool = True) -> Judged:
        return judge(net, data, compare=compare)

    return judged


TASKS: dict[str, Known] = {
    "classify": Known(
        main=Score("accuracy", "accuracy", "share of examples named rightly"),
        judge=_classified,
        sentence=classify.sentence,
        answers=classify.answered,
        told=_noted,
    ),
    "label": Known(
        main=Score("accuracy", "accuracy", "share of answers that are right, over all targets"),
        judge=_labelled,
        sentence=label.sentence,
        answers=label.answered,
        told=_noted,
    ),
    "generate": Known(
        main=Score("mixed", "mixing", "twice the share whose nearest picture is of the other kind"),
        judge=_plainly(generate.judge),
        sentence=generate.sentence,
        answers=generate.answered,
    ),
    "reconstruct": Known(
        main=Score("r2", "R²", "share of what pictures differ by that is rebuilt"),
        judge=_plainly(reconstruct.judge),
        sentence=reconstruct.sentence,
        answers=reconstruct.answered,
    ),
    "regress": Known(
        main=Score("r2", "R²", "share of the variance explained"),
        judge=_plainly(regress.judge),
        sentence=regress.sentence,
        answers=regress.answered,
        told=_noted,
    ),
    "forecast": Known(
        main=Score("skill", "skill", "less squared error than the values before"),
        judge=_plainly(forecast.judge),
        sentence=forecast.sentence,
        answers=forecast.answered,
    ),
    "tag": Known(
        main=Score("accuracy", "accuracy", "share of words tagged rightly"),
        judge=_tagged,
        sentence=tag.sentence,
        answers=tag.answered,
        told=tag.worded,
    ),
    "entities": Known(
        main=Score("f1", "entity F1", "of entities, found whole and with their type"),
        judge=_tagged,
        sentence=tag.sentence_of_entities,
        answers=tag.answered,
        told=tag.worded,
    ),
    "translate": Known(
        main=Score("bleu", "BLEU", "what is in common with what was meant", is_share=False),
        judge=_translated,
        sentence=translation.sentence,
        answers=translation.answered,
    ),
    "segment": Known(
        main=Score("mean_iou", "mean IoU", "common part of the areas meant and said, by class"),
        judge=_segmented,
        sentence=segment.sentence,
        answers=segment.answered,
        told=segment.placed,
    ),
    "detect": Known(
        main=Score("ap50", "AP50", "average precision at an overlap of 0.5"),
        judge=_detected,
        sentence=detect.sentence,
        answers=detect.answered,
        told=detect.placed,
    ),
}


def sentence(judged: Mapping[str, Any]) -> str:
    """Return a judgement in one sentence, whatever the task; judged: what `judge` returned.

    What makes it worthless, as the audit of the data found it, comes first.
    """
    return f"{distrust(judged)}{_sentence(judged)}"


def distrust(judged: Mapping[str, Any]) -> str:
    """Return what stands before any result on data that falsify it; nothing before others."""
    errors = judged.get("distrusted") or []
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return f"Result not trustworthy: {errors[0].rstrip('.')}{more}. " if errors else ""


def _sentence(judged: Mapping[str, Any]) -> str:
    found = TASKS[judged["task"]].sentence(judged)
    before: list[str] = []
    if seen := judged.get("seen"):
        before.append(f"{seen:,} of them have the inputs of ones that the net has learned from")
    if strange := {name: n for name, n in (judged.get("strange") or {}).items() if n}:
        names = ", ".join(f"'{name}'" for name in list(strange)[:_FEW])
        more = f" and {len(strange) - _FEW} more" if len(strange) > _FEW else ""
        before.append(
            f"{sum(strange.values()):,} are of classes that the net does not know ({names}{more})"
            " and count as wrong"
        )
    known = judged.get("calibration") or {}
    if known.get("temperature") == 1 and known.get("answers", LEAST) < LEAST:
        found += f"; how sure it may be was not fitted, for want of {LEAST} answers on valid"
    if not before:
        return found
    return f"Of {judged['examples']:,} examples {'; '.join(before)}. {found}"
