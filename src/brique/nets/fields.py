"""A net for any inputs: tables, texts, sounds, pictures, and all of them mixed."""

from collections import OrderedDict
from typing import Any

from torch import nn

from brique.bricks import Restore, Temperature
from brique.nets.builder import builder
from brique.nets.readers import Joint, columns
from brique.schema import Category, Schema


@builder
def fields(
    schema: dict[str, Any], *, width: int = 128, depth: int = 2, dropout: float = 0.1
) -> nn.Sequential:
    """Return a net of two parts: `body`, a batch -> features (N, D), and `head`, -> answers (N, K).

    schema: of the data, as JSON: inputs of any kinds but masks, boxes and trees; as targets one
        or more categories (K scores of all their classes, side by side) or one or more numbers (K
        numbers in their own units).
    width: features of what reads the columns of a table. depth: its layers.
    dropout: share of the features that are not seen in training.
    The net takes a batch, or what gives the fields by name.
    Raises DataError for inputs or targets of other kinds.
    """
    read = Schema.from_json(schema)
    kinds = {name: read[name] for name in read.inputs}
    body = Joint(kinds, width=width, depth=depth, dropout=dropout)
    targets = [read[name] for name in read.targets]
    if targets and all(isinstance(kind, Category) for kind in targets):
        sizes = [len(kind.names) for kind in targets if isinstance(kind, Category)]
        last, count = Temperature(), sum(sizes)
    else:
        mean, spread = columns.moments(targets)
        last, count = Restore(mean, spread), len(mean)
    head = nn.Sequential(nn.Dropout(dropout), nn.Linear(body.width, count), last)
    return nn.Sequential(OrderedDict[str, nn.Module](body=body, head=head))
