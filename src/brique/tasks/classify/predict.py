"""Predictions of a classifier."""

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor, nn

from brique.data import Batch
from brique.evaluation.categories import check_scores, probabilities
from brique.inference import net_inputs
from brique.schema import Schema


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A predicted class by name, and the probability of each class."""

    answer: str
    probabilities: dict[str, float]
    note: str | None = None

    def to_json(self) -> dict[str, object]:
        """Return {"answer": name, "probabilities": {name: probability}}."""
        return {"answer": self.answer, "probabilities": self.probabilities}

    def cells(self) -> dict[str, object]:
        """Return the predicted class, its probability, and that of each class."""
        columns = {f"p({name})": probability for name, probability in self.probabilities.items()}
        return {"answer": self.answer, "probability": self.probabilities[self.answer], **columns}

    def summary(self) -> tuple[str, str]:
        """Return the predicted class and its probability."""
        return self.answer, f"{self.probabilities[self.answer]:.1%}"


def predictions(scores: Tensor, names: Sequence[str]) -> list[Answer]:
    """Return the prediction of each row of scores; of equal scores the first class wins.

    scores: (N, K), on any device.
    names: the K classes, in the order of the scores.
    Raises ShapeError when scores and names disagree on K.
    """
    check_scores("predictions", scores, len(names))
    rows = probabilities(scores)
    return [
        Answer(
            answer=names[int(row.argmax())],
            probabilities=dict(zip(names, row.tolist(), strict=True)),
        )
        for row in rows
    ]


def predict(net: nn.Module, batch: Batch, schema: Schema) -> list[Answer]:
    """Return the prediction of each example. Raises ShapeError as `predictions` does."""
    return predictions(net(net_inputs(batch, schema, net)).float(), schema[schema.target].names)
