"""A net for any inputs: tables, texts, sounds, pictures, and mixtures of them."""

from collections import OrderedDict
from typing import Any

from torch import nn

from brique.bricks import Temperature
from brique.nets.builder import builder
from brique.nets.denormalize import Denormalize
from brique.nets.encoders import MultiInput, tabular
from brique.schema import Category, Schema


@builder
def fields(
    schema: dict[str, Any], *, width: int = 128, depth: int = 2, dropout: float = 0.1
) -> nn.Sequential:
    """Return a net: `body`, a batch -> features (N, D), and `head`, features -> outputs (N, K).

    schema: of the data, as JSON: inputs of any kinds but masks, boxes and trees; as targets one
        or more categories (K scores of all their classes, side by side) or one or more numbers (K
        numbers in their own units).
    width, depth: features and layers of the encoder of table columns.
    dropout: dropout rate of the features.
    The net takes a batch, or a mapping of the fields by name.
    Raises DataError for inputs or targets of other kinds.
    """
    parsed_schema = Schema.from_json(schema)
    input_fields = {name: parsed_schema[name] for name in parsed_schema.inputs}
    body = MultiInput(input_fields, width=width, depth=depth, dropout=dropout)
    targets = [parsed_schema[name] for name in parsed_schema.targets]
    if targets and all(isinstance(field, Category) for field in targets):
        sizes = [len(field.names) for field in targets if isinstance(field, Category)]
        output_layer, output_size = Temperature(), sum(sizes)
    else:
        mean, std = tabular.mean_and_std(targets)
        output_layer, output_size = Denormalize(mean, std), len(mean)
    head = nn.Sequential(nn.Dropout(dropout), nn.Linear(body.width, output_size), output_layer)
    return nn.Sequential(OrderedDict[str, nn.Module](body=body, head=head))
