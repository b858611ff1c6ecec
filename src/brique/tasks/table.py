"""The closed table of tasks, and a result of any of them in one sentence."""

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
    """Return a result in one sentence, whatever the task; judged: what `evaluate` returned.

    What makes it worthless, as the audit of the data found it, comes first.
    """
    return full_sentence(result, TASKS[result["task"]].sentence)
