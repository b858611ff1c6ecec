"""What is to be said of an answer whose input lacked something."""

from dataclasses import replace
from typing import Any

from brique.data.rows.prepare import substitutions
from brique.schema import Schema


def with_input_note(answer: Any, value: object, schema: Schema) -> Any:  # noqa: ANN401 - of several tasks
    """Return an answer with a note on what of the input is missing, or never came in training.

    answer: a dataclass with a field `note`. given: the input as it came. schema: of the model.
    """
    note = str(substitutions(schema, value))
    return replace(answer, note=note) if note else answer
