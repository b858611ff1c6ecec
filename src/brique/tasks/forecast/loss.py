"""The training loss of a forecaster."""

from torch import Tensor

from brique.data import Batch
from brique.schema import Schema
from brique.tasks.forecast.predict import check_shape, target_std, with_target_axis


def loss(predictions: Tensor, batch: Batch, schema: Schema) -> Tensor:
    """Return the mean squared error, in standard deviations of the targets.

    predictions: (N, A) or (N, A, K), in the units of the targets.
    Raises ShapeError when the predictions and the batch's targets differ in shape.
    """
    target = batch[schema.target]
    assert isinstance(target, Tensor)
    check_shape("loss", predictions, tuple(target.shape))
    error = with_target_axis(predictions) - with_target_axis(target)
    return (error / target_std(schema).to(predictions)).square().mean()
