"""The training loss of a tagger."""

from torch import Tensor
from torch.nn import functional

from brique.data import Batch
from brique.schema import Schema
from brique.tasks.tag.predict import check_shape, tags_of


def loss(scores: Tensor, batch: Batch, schema: Schema) -> Tensor:
    """Return the mean cross-entropy per word, in nats.

    scores: (M, K), of all words of a batch, its texts concatenated.
    Raises ShapeError unless the batch has M tags.
    """
    target = tags_of(batch, schema).values
    check_shape("loss", scores, schema, len(target))
    return functional.cross_entropy(scores, target)
