"""Notes on predictions with missing or unknown input."""

from dataclasses import replace
from typing import Any

from brique.data.rows.prepare import substitutions
from brique.schema import Schema


def with_input_note(answer: Any, value: object, schema: Schema) -> Any:  # noqa: ANN401 - of several tasks
    """Return a prediction with a note on input that is missing or unknown from training.

    answer: a dataclass with a field `note`. value: the original input. schema: of the model.
    """
    note = str(substitutions(schema, value))
    return replace(answer, note=note) if note else answer
