"""What a net is trained by, and what it says of one input."""

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor, nn

from brique.data import Batch
from brique.evaluation.categories import check_scores, probabilities
from brique.inference import net_inputs
from brique.schema import Schema


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a net says of one input: a class by name, and how likely each class is."""

    answer: str
    probabilities: dict[str, float]
    note: str | None = None

    def to_json(self) -> dict[str, object]:
        """Return {"answer": name, "probabilities": {name: share}}."""
        return {"answer": self.answer, "probabilities": self.probabilities}

    def cells(self) -> dict[str, object]:
        """Return the class, its probability, and that of each class."""
        columns = {f"p({name})": probability for name, probability in self.probabilities.items()}
        return {"answer": self.answer, "probability": self.probabilities[self.answer], **columns}

    def summary(self) -> tuple[str, str]:
        """Return the class, and how likely it is."""
        return self.answer, f"{self.probabilities[self.answer]:.1%}"


def predictions(scores: Tensor, names: Sequence[str]) -> list[Answer]:
    """Return an Answer for each row of scores; of equal scores the first class wins.

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
    """Return an Answer for each example of a batch. Raises ShapeError as `answers` does."""
    return predictions(net(net_inputs(batch, schema, net)).float(), schema[schema.target].names)
