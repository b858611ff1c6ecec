"""The closed table of tasks, and the result of any task in one sentence."""

from collections.abc import Mapping
from typing import Any

from brique.evaluation.sentences import full_sentence
from brique.tasks.classify.task import TASK as CLASSIFY
from brique.tasks.detect.task import TASK as DETECT
from brique.tasks.forecast.task import TASK as FORECAST
from brique.tasks.generate.task import TASK as GENERATE
from brique.tasks.label.task import TASK as LABEL
from brique.tasks.reconstruct.task import TASK as RECONSTRUCT
from brique.tasks.record import Task
from brique.tasks.regress.task import TASK as REGRESS
from brique.tasks.segment.task import TASK as SEGMENT
from brique.tasks.tag.task import ENTITIES, TAG
from brique.tasks.translate.task import TASK as TRANSLATE

TASKS: dict[str, Task] = {
    task.name: task
    for task in (
        CLASSIFY, LABEL, REGRESS, FORECAST, TAG, ENTITIES, TRANSLATE, SEGMENT, DETECT,
        RECONSTRUCT, GENERATE,
    )
}  # fmt: skip


def sentence(result: Mapping[str, Any]) -> str:
    """Return the result of any task in one sentence.

    result: the values that `evaluate` returned. Data errors that make it untrustworthy come first.
    """
    return full_sentence(result, TASKS[result["task"]].sentence)
