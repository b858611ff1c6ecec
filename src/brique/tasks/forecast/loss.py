"""What a net that forecasts a series is trained by."""

from torch import Tensor

from brique.data import Batch
from brique.schema import Schema
from brique.tasks.forecast.predict import check_shape, spread_of, steps_of


def loss(said: Tensor, batch: Batch, schema: Schema) -> Tensor:
    """Return the mean squared error, in spreads of the targets.

    said: (N, A) or (N, A, K), in their units. Raises ShapeError where the batch's futures differ.
    """
    truth = batch[schema.target]
    assert isinstance(truth, Tensor)
    check_shape("loss", said, tuple(truth.shape))
    off = steps_of(said) - steps_of(truth)
    return (off / spread_of(schema).to(said)).square().mean()
