"""What is to be said of an answer whose input lacked something."""

from dataclasses import replace
from typing import Any

from brique.data.prepared import stand_ins
from brique.schema import Schema


def noted(answer: Any, given: object, schema: Schema) -> Any:  # noqa: ANN401 - of several tasks
    """Return an answer with a note on what of the input is missing, or never came in training.

    answer: a dataclass with a field `note`. given: the input as it came. schema: of the model.
    """
    note = str(stand_ins(schema, given))
    return replace(answer, note=note) if note else answer
