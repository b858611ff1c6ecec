"""The training loss of a translator."""

from torch import Tensor
from torch.nn import functional

from brique.data import Batch
from brique.inference import ragged_of
from brique.schema import Schema
from brique.tasks.translate.decoding import teacher_forcing


def loss(scores: Tensor, batch: Batch, schema: Schema, smoothing: float = 0.0) -> Tensor:
    """Return the mean cross-entropy per token, in nats.

    scores: (M + N, V), of the M tokens of N translations, and the end of each.
    smoothing: label smoothing.
    """
    _, words, is_counted = teacher_forcing(ragged_of(batch, schema.target))
    return functional.cross_entropy(scores, words[is_counted], label_smoothing=smoothing)
