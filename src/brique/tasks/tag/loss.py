"""What a net that tags words is trained by."""

from torch import Tensor
from torch.nn import functional

from brique.data import Batch
from brique.schema import Schema
from brique.tasks.tag.predict import check_shape, tags_of


def loss(scores: Tensor, batch: Batch, schema: Schema) -> Tensor:
    """Return the mean cross-entropy of words, in nats.

    scores: (M, K), of all words of a batch, one text behind the other.
    Raises ShapeError where the batch has not M tags.
    """
    target = tags_of(batch, schema).values
    check_shape("loss", scores, schema, len(target))
    return functional.cross_entropy(scores, target)
